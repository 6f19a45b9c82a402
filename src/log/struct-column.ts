/** One row of a struct column, field by field: for actions that are few. */
import type { Data } from 'apache-arrow';
import { CorruptDataError } from '../errors.js';
import type { StringMap } from './actions.js';
import {
  child,
  FlagColumn,
  IntColumn,
  LongColumn,
  TextColumn,
  TextListColumn,
  TextMapColumn,
  Validity,
} from './arrow-column.js';
import type { StructType } from './schema/types.js';

/** A column that was conformed to `type`. Fields are found by name; a null field is undefined. */
export class StructColumn {
  readonly #data: Data;
  readonly #type: StructType;
  readonly #key: string;
  readonly #validity: Validity;
  readonly #columns = new Map<string, unknown>();

  constructor(data: Data, type: StructType, key: string) {
    this.#data = data;
    this.#type = type;
    this.#key = key;
    this.#validity = new Validity(data);
  }

  has(row: number): boolean {
    return this.#validity.has(row);
  }

  text(row: number, name: string): string | undefined {
    return this.#column(name, (data) => new TextColumn(data)).get(row);
  }

  int(row: number, name: string): number | undefined {
    return this.#column(name, (data) => new IntColumn(data)).get(row);
  }

  long(row: number, name: string): bigint | undefined {
    return this.#column(name, (data) => new LongColumn(data)).exact(row);
  }

  /** An int64 that is a count, a size or a time. @throws CorruptDataError beyond 2^53 */
  number(row: number, name: string): number | undefined {
    const value = this.#column(name, (data) => new LongColumn(data)).number(row);
    if (value === undefined || Number.isSafeInteger(value)) return value;
    throw this.#corrupt(row, name, 'is beyond any size or time');
  }

  flag(row: number, name: string): boolean | undefined {
    return this.#column(name, (data) => new FlagColumn(data)).get(row);
  }

  texts(row: number, name: string): readonly string[] | undefined {
    return this.#column(name, (data) => new TextListColumn(data)).get(row);
  }

  map(row: number, name: string): StringMap | undefined {
    return this.#column(name, (data) => new TextMapColumn(data)).get(row);
  }

  /** A struct inside this one; undefined where it is null. */
  struct(row: number, name: string): StructColumn | undefined {
    const inner = this.#column(name, (data, type) => new StructColumn(data, type, this.#key));
    return inner.has(row) ? inner : undefined;
  }

  /** What must be there. @throws CorruptDataError when it is null */
  required<V>(value: V | undefined, row: number, name: string): V {
    if (value !== undefined) return value;
    throw this.#corrupt(row, name, 'is null');
  }

  #corrupt(row: number, name: string, what: string): CorruptDataError {
    return new CorruptDataError({
      message: `a checkpoint's ${name} ${what}; use an older version or repair the checkpoint`,
      key: this.#key,
      position: row,
      field: name,
    });
  }

  #column<C>(name: string, make: (data: Data, type: StructType) => C): C {
    let column = this.#columns.get(name) as C | undefined;
    if (column === undefined) {
      const index = this.#type.fields.findIndex((field) => field.name === name);
      const type = this.#type.fields[index]?.type;
      column = make(child(this.#data, index), type as StructType);
      this.#columns.set(name, column);
    }
    return column;
  }
}
