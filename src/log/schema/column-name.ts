/**
 * What a column may be called, and which column a name means. PROTOCOL.md "Schema Serialization
 * Format".
 */
import { SchemaMismatchError } from '../../errors.js';
import type { DataType, StructType } from './types.js';

/** What Spark refuses in a column's name unless the table maps columns to physical names. */
export const FORBIDDEN_CHARACTERS = ' ,;{}()\n\t=';

/** The form in which two names are the same column: the protocol compares them without case. */
export function columnKey(name: string): string {
  return name.toLowerCase();
}

/**
 * Refuses a schema that other engines could not write to: a name that is empty, has a character of
 * {@link FORBIDDEN_CHARACTERS} or half a surrogate pair, or differs from its neighbour's only by
 * case, at any depth. For new tables and new columns only; whatever exists is read.
 *
 * @throws SchemaMismatchError that names the column
 */
export function checkColumnNames(schema: StructType): void {
  checkDuplicateNames(schema);
  visitStructs(schema, '', (struct, column) => {
    for (const { name } of struct.fields) checkName(name, inside(column, name));
  });
}

/**
 * Refuses two fields of one struct whose names differ at most by case, at any depth.
 *
 * @throws SchemaMismatchError that names the second column
 */
export function checkDuplicateNames(schema: StructType): void {
  visitStructs(schema, '', (struct, parent) => {
    const seen = new Map<string, string>();
    for (const { name } of struct.fields) {
      const before = seen.get(columnKey(name));
      if (before !== undefined) {
        throw new SchemaMismatchError({
          message: 'two columns have the same name, for case does not count; rename one',
          column: inside(parent, name),
          actual: before,
        });
      }
      seen.set(columnKey(name), name);
    }
  });
}

/** Finds fields by name: the exact one, else those that are equal without case. */
export class NameIndex {
  readonly #exact: ReadonlyMap<string, readonly number[]>;
  readonly #folded: ReadonlyMap<string, readonly number[]>;

  constructor(names: readonly string[]) {
    this.#exact = grouped(names);
    this.#folded = grouped(names.map(columnKey));
  }

  /** The indexes of the fields that `name` may mean: none, one, or several when it is ambiguous. */
  find(name: string): readonly number[] {
    return this.#exact.get(name) ?? this.#folded.get(columnKey(name)) ?? [];
  }
}

function grouped(names: readonly string[]): ReadonlyMap<string, readonly number[]> {
  const groups = new Map<string, number[]>();
  for (const [index, name] of names.entries()) {
    const group = groups.get(name);
    if (group === undefined) groups.set(name, [index]);
    else group.push(index);
  }
  return groups;
}

function checkName(name: string, column: string): void {
  const problem = nameProblem(name);
  if (problem === undefined) return;
  throw new SchemaMismatchError({
    message:
      `a new column cannot have this name: ${problem}; rename it, or make the table with another ` +
      'engine and column mapping, which allows any name',
    column,
    actual: JSON.stringify(name),
  });
}

function nameProblem(name: string): string | undefined {
  if (name === '') return 'it is empty';
  for (const character of name) {
    if (FORBIDDEN_CHARACTERS.includes(character)) {
      return `${JSON.stringify(character)} is a character that other engines refuse`;
    }
    // Iteration gives a whole pair as one string of two units: one unit in this range stands alone.
    if (character.length === 1 && /[\ud800-\udfff]/.test(character)) {
      return 'it has half a surrogate pair, which UTF-8 cannot hold';
    }
  }
  return undefined;
}

function visitStructs(
  type: DataType,
  column: string,
  visit: (struct: StructType, column: string) => void,
): void {
  if (typeof type === 'string') return;
  switch (type.type) {
    case 'struct':
      visit(type, column);
      for (const field of type.fields) visitStructs(field.type, inside(column, field.name), visit);
      return;
    case 'array':
      return visitStructs(type.elementType, inside(column, 'element'), visit);
    case 'map':
      visitStructs(type.keyType, inside(column, 'key'), visit);
      return visitStructs(type.valueType, inside(column, 'value'), visit);
    case 'unknown':
      return;
  }
}

function inside(parent: string, name: string): string {
  return parent === '' ? name : `${parent}.${name}`;
}
