/**
 * Structs, arrays and maps: fields by name, entries by place, with the nulls of parents kept apart.
 */
import { type DataType as ArrowType, type Data, type Field, Type } from 'apache-arrow';
import { InternalError } from '../../errors.js';
import { columnLike, nullColumn, onlyChild, retype } from './arrow-data.js';
import { arrowType } from './arrow-type.js';
import { checkSize } from './cast-bytes.js';
import {
  type CastPlace,
  type CastRules,
  elementPlace,
  fieldPlace,
  refuseNulls,
  typeMisfit,
} from './cast-place.js';
import { columnKey, NameIndex } from './column-name.js';
import { describeField } from './describe-type.js';
import type { ArrayType, DataType, MapType, StructField, StructType } from './types.js';

/** Casts what is inside; the dispatcher hands itself in. */
export type Cast = (data: Data, target: DataType, place: CastPlace) => Data;

/** A column of a struct. A field that the data lacks is null. */
export function castStruct(data: Data, target: StructType, place: CastPlace, cast: Cast): Data {
  if (data.typeId !== Type.Struct) throw typeMisfit(data, target, place);
  const names = (data.type.children as readonly Field[]).map(({ name }) => name);
  const columnOf = (name: string): string => `${place.column}.${name}`;
  const found = matchFields(target, names, place.rules, columnOf);
  const children = target.fields.map((field, at) => {
    const index = found[at];
    const child = index === undefined ? undefined : data.children[index];
    const inside = fieldPlace(data, place, field.name);
    return castField(child, field, { rows: data.length, place: inside, cast });
  });
  return retype(data, arrowType(target), children);
}

/** One field of a struct or column of a batch, checked for nulls where that is asked. */
export function castField(
  data: Data | undefined,
  field: StructField,
  { rows, place, cast }: { readonly rows: number; readonly place: CastPlace; readonly cast: Cast },
): Data {
  const { rules, column } = place;
  if (data === undefined) {
    if (rules.source === 'input' && !field.nullable) {
      throw rules.misfit({ column, expected: describeField(field), actual: 'no such column' });
    }
    return nullColumn(arrowType(field.type), rows);
  }
  const child = cast(data, field.type, place);
  if (rules.source === 'input' && !field.nullable) refuseNulls(child, field.type, place);
  return child;
}

/**
 * For each field of the schema, the index of the data's field of that name: the same name, else the
 * only one that is equal without case.
 */
export function matchFields(
  schema: StructType,
  names: readonly string[],
  rules: CastRules,
  columnOf: (name: string) => string,
): readonly (number | undefined)[] {
  const index = new NameIndex(names);
  const wanted = new Set(schema.fields.map(rules.fileName));
  const used = new Map<number, string>();
  if (rules.source === 'input') refuseDuplicates(names, rules, columnOf);
  const found = schema.fields.map((field) => {
    const name = rules.fileName(field);
    if (name === undefined) return undefined;
    // What another field names exactly is that field's.
    const matches = index
      .find(name)
      .filter((at) => names[at] === name || !wanted.has(names[at] ?? ''));
    const [match] = matches;
    if (match === undefined) return undefined;
    const other = used.get(match);
    if (matches.length > 1 || other !== undefined) {
      const actual = [
        ...matches.map((at) => names[at]),
        ...(other === undefined ? [] : [other]),
      ].join(', ');
      const expected = 'one column of this name';
      throw rules.misfit({ column: columnOf(field.name), expected, actual });
    }
    used.set(match, name);
    return match;
  });
  if (rules.source === 'input') refuseUnknown(names, used, rules, columnOf);
  return found;
}

function refuseDuplicates(
  names: readonly string[],
  rules: CastRules,
  columnOf: (name: string) => string,
): void {
  const seen = new Map<string, string>();
  for (const name of names) {
    const before = seen.get(columnKey(name));
    if (before !== undefined) {
      const expected = 'one column of this name, for case does not count';
      throw rules.misfit({ column: columnOf(name), expected, actual: `${before}, ${name}` });
    }
    seen.set(columnKey(name), name);
  }
}

function refuseUnknown(
  names: readonly string[],
  used: ReadonlyMap<number, string>,
  rules: CastRules,
  columnOf: (name: string) => string,
): void {
  for (const [index, name] of names.entries()) {
    if (used.has(index)) continue;
    const expected = 'a column of the table';
    throw rules.misfit({
      column: columnOf(name),
      expected,
      actual: 'the table has no such column',
    });
  }
}

/** A column of an array, from lists with any kind of offsets. */
export function castArray(data: Data, target: ArrayType, place: CastPlace, cast: Cast): Data {
  const lists = listsOf(data, place);
  if (lists === undefined) throw typeMisfit(data, target, place);
  const { offsets, child } = lists;
  const field = fieldOf('element', target.elementType, target.containsNull);
  const inside = elementPlace(data, offsets, place, 'element');
  const element = castField(child, field, { rows: child.length, place: inside, cast });
  return columnLike(data, arrowType(target), { valueOffsets: offsets, children: [element] });
}

/**
 * A column of a map; the parts of its entries are known by their place, for writers call them by
 * many names. From a file also a list of structs of two fields, which is what a map is when its
 * annotation is lost.
 */
export function castMap(data: Data, target: MapType, place: CastPlace, cast: Cast): Data {
  const isMap = data.typeId === Type.Map;
  const lists = isMap || place.rules.source === 'file' ? listsOf(data, place) : undefined;
  const entries = lists?.child;
  if (lists === undefined || entries?.typeId !== Type.Struct || entries.children.length !== 2) {
    throw typeMisfit(data, target, place);
  }
  const type = arrowType(target);
  const { offsets } = lists;
  const inside = { ...elementPlace(data, offsets, place, 'entries'), column: place.column };
  refuseNulls(entries, target, inside);
  const rows = entries.length;
  const keyField = fieldOf('key', target.keyType, false);
  const keyPlace = fieldPlace(entries, inside, 'key');
  const key = castField(entries.children[0], keyField, { rows, place: keyPlace, cast });
  refuseNulls(key, target.keyType, keyPlace);
  const valueField = fieldOf('value', target.valueType, target.valueContainsNull);
  const valuePlace = fieldPlace(entries, inside, 'value');
  const value = castField(entries.children[1], valueField, { rows, place: valuePlace, cast });
  const pair = retype(entries, entriesType(type), [key, value]);
  return columnLike(data, type, { valueOffsets: offsets, children: [pair] });
}

/** Lists as 32-bit offsets that begin at 0, over exactly the elements that they use. */
function listsOf(
  data: Data,
  place: CastPlace,
): { readonly offsets: Int32Array; readonly child: Data } | undefined {
  switch (data.typeId) {
    case Type.List:
    case Type.Map:
      return rebased(data, data.valueOffsets as Int32Array);
    case Type.LargeList: {
      const wide = data.valueOffsets as BigInt64Array;
      checkSize(Number(wide[data.length] ?? 0n), place);
      return rebased(data, Int32Array.from(wide.subarray(0, data.length + 1), Number));
    }
    case Type.FixedSizeList: {
      const size = data.stride;
      checkSize(data.length * size, place);
      const offsets = Int32Array.from({ length: data.length + 1 }, (_, row) => row * size);
      return rebased(data, offsets);
    }
    default:
      return undefined;
  }
}

function rebased(data: Data, offsets: Int32Array): { offsets: Int32Array; child: Data } {
  const child = onlyChild(data);
  const first = offsets[0] ?? 0;
  const end = offsets[data.length] ?? 0;
  if (first === 0 && end === child.length && offsets.length > data.length)
    return { offsets, child };
  const used = child.slice(first, end - first);
  const moved = new Int32Array(data.length + 1);
  for (let row = 0; row <= data.length; row++) moved[row] = (offsets[row] ?? 0) - first;
  return { offsets: moved, child: used };
}

function fieldOf(name: string, type: DataType, nullable: boolean): StructField {
  return { name, type, nullable, metadata: {} };
}

function entriesType(map: ArrowType): ArrowType {
  const [entries] = map.children;
  if (entries === undefined) throw new InternalError({ message: 'a map has no entries' });
  return entries.type as ArrowType;
}
