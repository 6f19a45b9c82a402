/**
 * A variant's metadata: the names of all fields of all its objects, which values refer to by number.
 * Parquet's "Variant Binary Encoding", metadata.
 */
import { type Fail, textOf, uintAt } from './layout.js';

const VERSION = 1;

/** Reads the names when they are asked for, each once. */
export class VariantDictionary {
  readonly bytes: Uint8Array;
  readonly size: number;
  readonly #offsetBytes: number;
  readonly #fail: Fail;
  readonly #names: (string | undefined)[] = [];
  #ids: ReadonlyMap<string, number> | undefined;

  /** @param fail - throws the error for bytes that are no metadata */
  constructor(bytes: Uint8Array, fail: Fail) {
    const header = bytes[0] ?? 0;
    if ((header & 15) !== VERSION) fail(`variant metadata of version ${header & 15}`);
    const width = (header >> 6) + 1;
    const size = bytes.length > width ? uintAt(bytes, 1, width) : Number.POSITIVE_INFINITY;
    if (1 + width * (size + 2) > bytes.length) fail('variant metadata that is cut off');
    this.bytes = bytes;
    this.size = size;
    this.#offsetBytes = width;
    this.#fail = fail;
  }

  /** Whether it was made of these bytes. */
  isOf(bytes: Uint8Array): boolean {
    const { length } = bytes;
    if (length !== this.bytes.length) return false;
    for (let at = 0; at < length; at++) if (bytes[at] !== this.bytes[at]) return false;
    return true;
  }

  name(id: number): string {
    const known = this.#names[id];
    if (known !== undefined) return known;
    const name = textOf(this.nameBytes(id), this.#fail);
    this.#names[id] = name;
    return name;
  }

  nameBytes(id: number): Uint8Array {
    if (id >= this.size) this.#fail(`a field of number ${id}, of ${this.size} that have names`);
    const width = this.#offsetBytes;
    const at = 1 + width * (id + 1);
    const first = 1 + width * (this.size + 2);
    const start = first + uintAt(this.bytes, at, width);
    const end = first + uintAt(this.bytes, at + width, width);
    if (start > end || end > this.bytes.length) this.#fail('a field name outside the metadata');
    return this.bytes.subarray(start, end);
  }

  /** The number of a name; fails when there is none. */
  idOf(name: string): number {
    this.#ids ??= this.#numbered();
    return this.#ids.get(name) ?? this.#fail(`a field ${JSON.stringify(name)} without a number`);
  }

  #numbered(): ReadonlyMap<string, number> {
    const ids = new Map<string, number>();
    for (let id = 0; id < this.size; id++) ids.set(this.name(id), id);
    return ids;
  }
}
