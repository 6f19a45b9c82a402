/** Damage to Thrift that stays Thrift: one field of one struct changed, dropped or taken from a brother. */
import {
  type ThriftField,
  ThriftStruct,
  type ThriftValue,
} from '../../src/storage/parquet/thrift.js';
import { decodeThrift } from '../../src/storage/parquet/thrift-decode.js';
import { encodeThrift } from '../../src/storage/parquet/thrift-encode.js';
import type { Chance } from './chance.js';

const INTS = [0, -1, 1, 2, 3, 5, 8, 100, 65_536, 2_147_483_647, -2_147_483_648];
const LONGS = [0n, -1n, 1n, 4n, 1n << 31n, 1n << 40n, (1n << 63n) - 1n, -(1n << 63n)];

/** One change in the struct at the beginning of `bytes`; what follows the struct is left out. */
export function damageThrift(bytes: Uint8Array, chance: Chance): Uint8Array {
  const { value } = decodeThrift(bytes, 'fuzz');
  const edit = { left: chance.below(fieldsIn(value)), chance };
  return encodeThrift(changedStruct(value, edit));
}

interface Edit {
  /** Fields to pass over before the one that is changed. */
  left: number;
  readonly chance: Chance;
}

function fieldsIn(value: ThriftValue): number {
  if (value instanceof ThriftStruct) {
    return value.fields.reduce((sum, field) => sum + 1 + fieldsIn(field.value), 0);
  }
  if (typeof value === 'object' && 'kind' in value && value.kind === 'list') {
    return value.values.reduce<number>((sum, item) => sum + fieldsIn(item), 0);
  }
  return 0;
}

function changedStruct(struct: ThriftStruct, edit: Edit): ThriftStruct {
  const fields: ThriftField[] = [];
  for (const field of struct.fields) {
    const isIt = edit.left-- === 0;
    if (!isIt) fields.push({ ...field, value: descend(field.value, edit) });
    else if (!edit.chance.oneIn(6)) fields.push({ ...field, value: changed(field.value, edit) });
  }
  return new ThriftStruct(fields);
}

function descend(value: ThriftValue, edit: Edit): ThriftValue {
  if (edit.left < 0) return value;
  if (value instanceof ThriftStruct) return changedStruct(value, edit);
  if (typeof value === 'object' && 'kind' in value && value.kind === 'list') {
    return { ...value, values: value.values.map((item) => descend(item, edit)) };
  }
  return value;
}

function changed(value: ThriftValue, { chance }: Edit): ThriftValue {
  if (typeof value === 'boolean') return !value;
  if (typeof value === 'number') return chance.oneIn(2) ? chance.pick(INTS) : value + 1;
  if (typeof value === 'bigint') return chance.oneIn(2) ? chance.pick(LONGS) : value + 1n;
  if (value instanceof Uint8Array) return changedBytes(value, chance);
  if (value.kind === 'struct') {
    return new ThriftStruct(value.fields.slice(chance.below(value.fields.length + 1)));
  }
  if (value.kind === 'map') return value;
  const { values } = value;
  const at = chance.below(values.length + 1);
  const brother = values[chance.below(values.length)];
  if (brother === undefined) return value;
  const isLonger = chance.oneIn(2);
  return {
    ...value,
    values: [
      ...values.slice(0, at),
      ...(isLonger ? [brother] : []),
      ...values.slice(at + (isLonger ? 0 : 1)),
    ],
  };
}

function changedBytes(value: Uint8Array, chance: Chance): Uint8Array {
  const bytes = value.slice();
  const at = chance.below(bytes.length);
  if (chance.oneIn(3) || bytes.length === 0) return bytes.slice(0, at);
  bytes[at] = (bytes[at] ?? 0) ^ (1 << chance.below(8));
  return bytes;
}
