/** A schema from rows, by the JavaScript types of their values and never by the values. */
import { InvalidArgumentError, SchemaMismatchError } from '../../errors.js';
import type { DataType, PrimitiveName, StructField, StructType } from '../../log/schema/types.js';
import { describeValue, tagOf } from './describe-value.js';
import { checkDepth } from './literal-schema.js';
import { isRecord } from './object-fields.js';

type Kind = PrimitiveName | 'array' | 'map' | 'struct';

/** All that the values of one column, element, key or field have shown so far. */
interface Seen {
  kind: Kind | undefined;
  /** By field, or `element`, `key` and `value`; in the order they were met. */
  readonly parts: Map<string, Seen>;
}

/** Where a value stands. */
interface Place {
  readonly row: number;
  readonly column: string;
  readonly depth: number;
}

const SCALARS: ReadonlyMap<string, Kind> = new Map([
  ['number', 'double'],
  ['bigint', 'long'],
  ['string', 'string'],
  ['boolean', 'boolean'],
]);

/** By `Object.prototype.toString`, which is the same in every realm. */
const OBJECTS: ReadonlyMap<string, Kind> = new Map([
  ['[object Date]', 'timestamp'],
  ['[object Uint8Array]', 'binary'],
  ['[object Map]', 'map'],
  ['[object Array]', 'array'],
]);

const TYPED_ARRAYS: ReadonlyMap<string, PrimitiveName> = new Map([
  ['[object Float32Array]', 'float'],
  ['[object Float64Array]', 'double'],
  ['[object Int8Array]', 'byte'],
  ['[object Int16Array]', 'short'],
  ['[object Int32Array]', 'integer'],
  ['[object BigInt64Array]', 'long'],
]);

/**
 * The schema of rows: number is double, bigint long, Date timestamp, string, boolean, Uint8Array binary, an array,
 * Map or object nested, a typed array an array of its type. Everything is nullable. Columns are in the order in which
 * they first occur, in all the rows given: the caller bounds how many.
 *
 * @throws SchemaMismatchError when values of one column are of two types, with the row and column; or when a column
 * is nothing but null, an empty array or Map, or an empty object, so that its type cannot be told
 * @throws InvalidArgumentError when there are no rows
 */
export function inferSchema(rows: Iterable<object>): StructType {
  const root: Seen = { kind: undefined, parts: new Map() };
  let row = 0;
  for (const value of rows) {
    if (!isRecord(value)) {
      throw new SchemaMismatchError({
        message: `row ${row} is no object with columns`,
        row,
        expected: 'an object whose properties are the columns',
        actual: describeValue(value),
      });
    }
    see(root, value, { row, column: '', depth: 0 });
    row += 1;
  }
  if (row === 0) {
    throw new InvalidArgumentError({
      message: 'there are no rows to tell the columns from; give a schema',
      option: 'rows',
      expected: 'at least one row, or schema',
    });
  }
  return structOf(root, '');
}

function see(seen: Seen, value: unknown, place: Place): void {
  if (value === null || value === undefined) return;
  checkDepth(place.depth, `column ${place.column}`);
  const tag = typeof value === 'object' ? tagOf(value) : '';
  const element = TYPED_ARRAYS.get(tag);
  const kind = element === undefined ? kindOf(value, tag) : 'array';
  if (kind === undefined) throw mismatch(place, value, 'a value that a column can hold');
  setKind(seen, kind, value, place);
  if (element !== undefined) {
    setKind(part(seen, 'element'), element, value, inside(place, 'element'));
    return;
  }
  if (kind === 'array') {
    for (const item of value as readonly unknown[]) {
      see(part(seen, 'element'), item, inside(place, 'element'));
    }
  } else if (kind === 'map') {
    for (const [key, item] of value as Map<unknown, unknown>) {
      see(part(seen, 'key'), key, inside(place, 'key'));
      see(part(seen, 'value'), item, inside(place, 'value'));
    }
  } else if (kind === 'struct') {
    for (const [name, item] of Object.entries(value)) {
      see(part(seen, name), item, inside(place, name));
    }
  }
}

function kindOf(value: unknown, tag: string): Kind | undefined {
  const scalar = SCALARS.get(typeof value) ?? OBJECTS.get(tag);
  if (scalar !== undefined) return scalar;
  return isRecord(value) ? 'struct' : undefined;
}

function setKind(seen: Seen, kind: Kind, value: unknown, place: Place): void {
  if (seen.kind !== undefined && seen.kind !== kind) {
    throw mismatch(place, value, `${seen.kind}, as in the rows before`);
  }
  seen.kind = kind;
}

function part(seen: Seen, name: string): Seen {
  const known = seen.parts.get(name);
  if (known !== undefined) return known;
  const made: Seen = { kind: undefined, parts: new Map() };
  seen.parts.set(name, made);
  return made;
}

function inside({ row, column, depth }: Place, name: string): Place {
  return { row, column: column === '' ? name : `${column}.${name}`, depth: depth + 1 };
}

function structOf(seen: Seen, column: string): StructType {
  const fields = Array.from(seen.parts, ([name, inner]): StructField => {
    const type = typeOf(inner, column === '' ? name : `${column}.${name}`);
    return { name, type, nullable: true, metadata: {} };
  });
  if (fields.length === 0) throw unknowable(column, 'has no fields');
  return { type: 'struct', fields };
}

function typeOf(seen: Seen | undefined, column: string): DataType {
  if (seen?.kind === undefined) throw unknowable(column, 'has no value but null');
  switch (seen.kind) {
    case 'struct':
      return structOf(seen, column);
    case 'array': {
      const elementType = typeOf(seen.parts.get('element'), `${column}.element`);
      return { type: 'array', elementType, containsNull: true };
    }
    case 'map': {
      const keyType = typeOf(seen.parts.get('key'), `${column}.key`);
      const valueType = typeOf(seen.parts.get('value'), `${column}.value`);
      return { type: 'map', keyType, valueType, valueContainsNull: true };
    }
    default:
      return seen.kind;
  }
}

function unknowable(column: string, problem: string): SchemaMismatchError {
  return new SchemaMismatchError({
    message:
      `the type of column ${JSON.stringify(column)} cannot be told from the rows: it ${problem}; ` +
      'give a schema, or leave the column out',
    column,
    expected: 'at least one value',
  });
}

function mismatch({ row, column }: Place, value: unknown, expected: string): SchemaMismatchError {
  return new SchemaMismatchError({
    message: `row ${row}: column ${JSON.stringify(column)} has values of two types; give a schema`,
    row,
    column,
    expected,
    actual: describeValue(value),
  });
}
