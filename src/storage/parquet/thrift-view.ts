/** Typed, checked access to the fields of a Thrift struct. */
import { CorruptDataError } from '../../errors.js';
import { ThriftStruct, type ThriftValue } from './thrift.js';

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** A struct of one object's metadata; every accessor throws CorruptDataError for a value of another type. */
export class ThriftView {
  readonly struct: ThriftStruct;
  readonly #key: string;

  constructor(struct: ThriftStruct, key: string) {
    this.struct = struct;
    this.#key = key;
  }

  has(id: number): boolean {
    return this.struct.field(id) !== undefined;
  }

  /** An i8, i16 or i32. */
  optionalInt(id: number, name: string): number | undefined {
    const value = this.struct.field(id)?.value;
    if (value === undefined || typeof value === 'number') return value;
    return this.fail(`${name} is not an integer`, name);
  }

  int(id: number, name: string): number {
    return this.#required(this.optionalInt(id, name), name);
  }

  /** An i64 that counts or addresses something: safe as a number and not negative. */
  optionalCount(id: number, name: string): number | undefined {
    const value = this.struct.field(id)?.value;
    if (value === undefined) return undefined;
    const count = typeof value === 'bigint' ? Number(value) : -1;
    if (!Number.isSafeInteger(count) || count < 0) this.fail(`${name} is not a count`, name);
    return count;
  }

  count(id: number, name: string): number {
    return this.#required(this.optionalCount(id, name), name);
  }

  optionalBool(id: number, name: string): boolean | undefined {
    const value = this.struct.field(id)?.value;
    if (value === undefined || typeof value === 'boolean') return value;
    return this.fail(`${name} is not a boolean`, name);
  }

  optionalBytes(id: number, name: string): Uint8Array | undefined {
    const value = this.struct.field(id)?.value;
    if (value === undefined || value instanceof Uint8Array) return value;
    return this.fail(`${name} is not binary`, name);
  }

  optionalText(id: number, name: string): string | undefined {
    const bytes = this.optionalBytes(id, name);
    return bytes === undefined ? undefined : this.#decode(bytes, name);
  }

  text(id: number, name: string): string {
    return this.#required(this.optionalText(id, name), name);
  }

  optionalStruct(id: number, name: string): ThriftView | undefined {
    const value = this.struct.field(id)?.value;
    return value === undefined ? undefined : this.#view(value, name);
  }

  /** A list of structs; empty when the field is absent. */
  structs(id: number, name: string): readonly ThriftView[] {
    return this.#list(id, name).map((item) => this.#view(item, name));
  }

  /** A list of texts; empty when the field is absent. */
  texts(id: number, name: string): readonly string[] {
    return this.#list(id, name).map((item) =>
      item instanceof Uint8Array ? this.#decode(item, name) : this.fail(`${name} is no text`, name),
    );
  }

  fail(problem: string, field: string, cause?: unknown): never {
    throw new CorruptDataError({
      message: `the Parquet footer of ${this.#key} is damaged: ${problem}; restore the file`,
      key: this.#key,
      field,
      cause,
    });
  }

  #list(id: number, name: string): readonly ThriftValue[] {
    const value = this.struct.field(id)?.value;
    if (value === undefined) return [];
    if (typeof value === 'object' && 'kind' in value && value.kind === 'list') return value.values;
    return this.fail(`${name} is not a list`, name);
  }

  #decode(bytes: Uint8Array, name: string): string {
    try {
      return utf8.decode(bytes);
    } catch (cause) {
      return this.fail(`${name} is not UTF-8`, name, cause);
    }
  }

  #view(value: ThriftValue, name: string): ThriftView {
    if (value instanceof ThriftStruct) return new ThriftView(value, this.#key);
    return this.fail(`${name} is not a struct`, name);
  }

  #required<T>(value: T | undefined, name: string): T {
    return value === undefined ? this.fail(`${name} is missing`, name) : value;
  }
}
