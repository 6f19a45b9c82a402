/** Random schemas with rows that fit them, as they are read. */
import fc from 'fast-check';
import {
  formatDate,
  formatDecimal,
  formatTimestampNtz,
} from '../../../src/log/schema/scalar-text.js';
import type { DataType, StructField, StructType } from '../../../src/log/schema/types.js';
import { timestamp } from '../../../src/table/row/timestamp.js';

/** A type and values of it; `keys` when its values may be the keys of a map, which must differ as text too. */
interface Typed {
  readonly type: DataType;
  readonly values: fc.Arbitrary<unknown>;
}

const int64 = fc.oneof(
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  fc.bigInt({ min: -(2n ** 54n), max: 2n ** 54n }),
  fc.bigInt({ min: -5n, max: 5n }),
);
const dateMicros = fc.bigInt({ min: -8_640_000_000_000_000_000n, max: 8_640_000_000_000_000_000n });
const integer = (bits: number): fc.Arbitrary<number> =>
  fc.integer({ min: -(2 ** (bits - 1)), max: 2 ** (bits - 1) - 1 });

const primitives: readonly Typed[] = [
  { type: 'string', values: fc.string({ unit: 'binary', maxLength: 80 }) },
  { type: 'long', values: int64 },
  { type: 'integer', values: integer(32) },
  { type: 'short', values: integer(16) },
  { type: 'byte', values: integer(8) },
  { type: 'float', values: fc.float() },
  { type: 'double', values: fc.double() },
  { type: 'boolean', values: fc.boolean() },
  { type: 'binary', values: fc.uint8Array() },
  { type: 'date', values: fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }).map(formatDate) },
  { type: 'timestamp', values: dateMicros.map(timestamp) },
  { type: 'timestamp_ntz', values: int64.map(formatTimestampNtz) },
];

const decimal: fc.Arbitrary<Typed> = fc
  .tuple(fc.integer({ min: 1, max: 38 }), fc.nat(38))
  .map(([precision, limit]) => {
    const scale = Math.min(precision, limit);
    const most = 10n ** BigInt(precision) - 1n;
    return {
      type: `decimal(${precision},${scale})`,
      values: fc.bigInt({ min: -most, max: most }).map((value) => formatDecimal(value, scale)),
    };
  });

const primitive = fc.oneof(fc.constantFrom(...primitives), decimal);
const keyType = fc.constantFrom(...primitives.filter(({ type }) => type !== 'timestamp'));

function array(element: Typed, nulls: boolean): Typed {
  const values = nulls ? fc.option(element.values) : element.values;
  return {
    type: { type: 'array', elementType: element.type, containsNull: nulls },
    values: fc.array(values, { maxLength: 5 }),
  };
}

function map(key: Typed, value: Typed, nulls: boolean): Typed {
  const entry = fc.tuple(key.values, nulls ? fc.option(value.values) : value.values);
  const entries = fc.uniqueArray(entry, { maxLength: 4, selector: ([name]) => textOf(name) });
  const type = {
    type: 'map',
    keyType: key.type,
    valueType: value.type,
    valueContainsNull: nulls,
  } as const;
  return { type, values: entries.map((pairs) => new Map(pairs)) };
}

/** -0 and 0 are one key of a Map, as 0 and 0. */
function textOf(key: unknown): string {
  return String(key);
}

const fieldName = fc.oneof(
  fc.string({ minLength: 1, maxLength: 6 }),
  fc.constantFrom('__proto__', 'constructor', 'a.b', '1', 'toString'),
);

function struct(fields: readonly (readonly [string, Typed, boolean])[]): Typed {
  const type: StructType = {
    type: 'struct',
    fields: fields.map(([name, { type: inner }, nullable]): StructField => {
      return { name, type: inner, nullable, metadata: {} };
    }),
  };
  const values = fields.map(([, { values: inner }, nullable]) =>
    nullable ? fc.option(inner) : inner,
  );
  const names = fields.map(([name]) => name);
  return {
    type,
    values: fc.tuple(...values).map((items) => {
      return Object.fromEntries(names.map((name, at) => [name, items[at]]));
    }),
  };
}

const fields = (type: fc.Arbitrary<Typed>): fc.Arbitrary<[string, Typed, boolean][]> =>
  fc.uniqueArray(fc.tuple(fieldName, type, fc.boolean()), {
    minLength: 1,
    maxLength: 4,
    selector: ([name]) => name,
  });

const { anyType } = fc.letrec<{ anyType: Typed }>((tie) => ({
  anyType: fc.oneof(
    { maxDepth: 3, depthSize: 'small' },
    primitive,
    fc.tuple(tie('anyType'), fc.boolean()).map(([element, nulls]) => array(element, nulls)),
    fc
      .tuple(keyType, tie('anyType'), fc.boolean())
      .map(([key, value, nulls]) => map(key, value, nulls)),
    fields(tie('anyType')).map(struct),
  ),
}));

/** A schema of up to four columns, and rows of it. */
export const schemaAndRows: fc.Arbitrary<{ schema: StructType; rows: object[] }> = fields(
  anyType,
).chain((columns) => {
  const { type, values } = struct(columns);
  return fc.record({
    schema: fc.constant(type as StructType),
    rows: fc.array(values as fc.Arbitrary<object>, { maxLength: 40 }),
  });
});
