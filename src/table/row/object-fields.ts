/** Spreads the properties of an object over the builders of its fields: the row itself, and each struct in it. */
import type { Data } from 'apache-arrow';
import { SchemaMismatchError } from '../../errors.js';
import type { ColumnBuilder, RowCounter } from './column-builder.js';
import { describeValue, tagOf } from './describe-value.js';

/** Which builder takes which property, for objects with exactly these keys in this order. */
interface Plan {
  readonly keys: readonly string[];
  readonly builders: readonly ColumnBuilder[];
  /** The builders whose property such an object lacks. */
  readonly absent: readonly ColumnBuilder[];
}

/** Built-in objects that have no properties of their own: taken for a row, all of it would be null. */
const NOT_RECORDS: ReadonlySet<string> = new Set(
  ['Map', 'Set', 'WeakMap', 'WeakSet', 'Date', 'Promise', 'RegExp', 'String', 'Number', 'Boolean']
    .concat(['Function', 'AsyncFunction', 'ArrayBuffer', 'DataView', 'Generator', 'Error'])
    .map((name) => `[object ${name}]`),
);

/** Whether a value has fields: an object that is neither a list nor one of the built-in containers. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === Object.prototype || prototype === null) return true;
  return !ArrayBuffer.isView(value) && !NOT_RECORDS.has(tagOf(value));
}

export class ObjectFields {
  /** Objects so far. */
  length = 0;
  readonly builders: readonly ColumnBuilder[];
  private readonly byName: ReadonlyMap<string, ColumnBuilder>;
  private readonly prefix: string;
  private readonly rows: RowCounter;
  private plan: Plan;

  /** @param prefix - the dotted column of the struct and a dot; empty for the row itself */
  constructor(fields: ReadonlyMap<string, ColumnBuilder>, prefix: string, rows: RowCounter) {
    this.byName = fields;
    this.builders = [...fields.values()];
    this.prefix = prefix;
    this.rows = rows;
    this.plan = { keys: [...fields.keys()], builders: this.builders, absent: [] };
  }

  get sizeBytes(): number {
    let sum = 0;
    for (const builder of this.builders) sum += builder.sizeBytes;
    return sum;
  }

  /**
   * Appends each own enumerable property to its field's builder and null to the others; refuses one that is no field.
   * Rows mostly have the same keys in the same order as the row before, and comparing interned names one by one is
   * far cheaper than looking each of them up.
   */
  append(value: Readonly<Record<string, unknown>>): void {
    const { keys, builders, absent } = this.plan;
    const prototype: unknown = Object.getPrototypeOf(value);
    if (prototype !== Object.prototype && prototype !== null) return this.appendSlowly(value);
    let at = 0;
    for (const key in value) {
      if (key !== keys[at]) return this.appendSlowly(value);
      builders[at]?.append(value[key]);
      at += 1;
    }
    if (at !== keys.length) return this.appendSlowly(value);
    for (const builder of absent) builder.append(undefined);
    this.length += 1;
  }

  /** What lies under a null struct. */
  skip(): void {
    for (const builder of this.builders) builder.skip();
    this.length += 1;
  }

  /** Everything since the last call, a column for each field. */
  finish(): Data[] {
    this.length = 0;
    return this.builders.map((builder) => builder.finish());
  }

  /** Makes the plan of this object's keys and goes on with the fields that have no value of it yet. */
  private appendSlowly(value: Readonly<Record<string, unknown>>): void {
    const keys = Object.keys(value);
    const builders = keys.map((key) => this.byName.get(key) ?? this.refuseKey(key, value[key]));
    const given = new Set(builders);
    const absent = this.builders.filter((builder) => !given.has(builder));
    this.plan = { keys, builders, absent };
    keys.forEach((key, at) => {
      const builder = builders[at];
      if (builder !== undefined && builder.length === this.length) builder.append(value[key]);
    });
    for (const builder of absent) builder.append(undefined);
    this.length += 1;
  }

  private refuseKey(key: string, value: unknown): never {
    const folded = key.toLowerCase();
    const names = [...this.byName.keys()];
    const meant = names.find((name) => name.toLowerCase() === folded);
    const advice =
      meant === undefined ? '' : `, but ${JSON.stringify(meant)} is: names match letter for letter`;
    throw new SchemaMismatchError({
      message: `row ${this.rows.row}: ${JSON.stringify(this.prefix + key)} is no column${advice}; nothing was written`,
      row: this.rows.row,
      column: this.prefix + key,
      expected: names.join(', '),
      actual: describeValue(value),
    });
  }
}
