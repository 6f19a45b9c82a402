/** The files that a scan reads, as numbers; an object is made for a file when its turn comes. */
import type { RowBitmap } from '../log/deletion-vector/row-bitmap.js';
import type { FileEntry } from '../log/file-list.js';
import type { Snapshot } from '../log/table-snapshot.js';
import { compareKeys } from '../storage/key.js';
import { type DataFile, fileOf, orderedNumbers } from './data-files.js';
import type { BoundPredicate } from './expression/bound.js';
import { forManyFiles, mayMatch, mustMatch } from './expression/prune.js';
import { FactsReader } from './file-facts.js';
import { NumberedFiles } from './file-order.js';

/** From this share of a version's files on, they are ordered by the order of all, which is kept. */
const ORDERED_WITH_ALL = 1 / 16;

/** A file that is read, and whether the condition holds for every row of it, so that it need not be asked. */
export interface PlannedFile {
  readonly file: DataFile;
  readonly allMatch: boolean;
  /** Exactly these rows of the file are read, instead of those that its deletion vector leaves. */
  readonly only?: RowBitmap | undefined;
}

/**
 * The files of a version in which the condition can be true, in canonical order. Iterating it throws
 * UnsupportedFeatureError at a file outside the table's root.
 */
export class PlannedFiles implements Iterable<PlannedFile> {
  readonly count: number;
  readonly sizeBytes: number;
  readonly #snapshot: Snapshot;
  readonly #where: BoundPredicate | undefined;
  readonly #facts: FactsReader | undefined;
  readonly #numbered: NumberedFiles;
  /** Undefined when they are all. */
  readonly #kept: Uint32Array | undefined;
  #ordered: Uint32Array | undefined;

  constructor(snapshot: Snapshot, where: BoundPredicate | undefined) {
    const { files } = snapshot;
    this.#snapshot = snapshot;
    this.#where = where;
    this.#numbered = new NumberedFiles(files);
    this.#facts = where && new FactsReader(snapshot, where);
    const kept =
      where === undefined || this.#facts === undefined
        ? { count: files.count, sizeBytes: files.sizeBytes, numbers: undefined }
        : this.#keep(where, this.#facts);
    this.count = kept.count;
    this.sizeBytes = kept.sizeBytes;
    this.#kept = kept.numbers;
  }

  *[Symbol.iterator](): Generator<PlannedFile, void, undefined> {
    for (const number of this.#order()) {
      const entry = this.#numbered.entry(number);
      const file = fileOf(entry, this.#snapshot.log);
      yield { file, allMatch: this.allMatch(entry) };
    }
  }

  /** Each file as a row of its columns, in no order. */
  *entries(): Generator<FileEntry, void, undefined> {
    if (this.#kept === undefined) return yield* this.#snapshot.files.files();
    for (const number of this.#kept) yield this.#numbered.entry(number);
  }

  /** Whether the condition is true for every row of a file. */
  allMatch(entry: FileEntry): boolean {
    if (this.#where === undefined || this.#facts === undefined) return true;
    return mustMatch(this.#where, this.#facts.of(entry));
  }

  #keep(where: BoundPredicate, reader: FactsReader): Kept {
    const { blocks, starts } = this.#numbered;
    const quick = forManyFiles(where);
    const numbers = new Uint32Array(this.#snapshot.files.count);
    let count = 0;
    let sizeBytes = 0;
    for (const [index, { columns, live }] of blocks.entries()) {
      if (live.count === 0) continue;
      const facts = reader.block(columns);
      const start = starts[index] ?? 0;
      for (let row = 0; row < columns.length; row++) {
        if (!live.has(row)) continue;
        facts.row = row;
        if (!mayMatch(quick, facts)) continue;
        numbers[count++] = start + row;
        sizeBytes += columns.size(row);
      }
    }
    return { count, sizeBytes, numbers: numbers.slice(0, count) };
  }

  #order(): Uint32Array {
    this.#ordered ??= this.#makeOrder();
    return this.#ordered;
  }

  #makeOrder(): Uint32Array {
    const { files } = this.#snapshot;
    const kept = this.#kept;
    if (kept === undefined) return orderedNumbers(this.#snapshot);
    if (kept.length > files.count * ORDERED_WITH_ALL) {
      const order = orderedNumbers(this.#snapshot);
      const isKept = new Uint8Array(this.#numbered.length);
      for (const number of kept) isKept[number] = 1;
      return order.filter((number) => isKept[number] === 1);
    }
    const keys = Array.from(kept, (number) => {
      const entry = this.#numbered.entry(number);
      return { number, key: fileOf(entry, this.#snapshot.log).key };
    });
    keys.sort((a, b) => compareKeys(a.key, b.key));
    return Uint32Array.from(keys, ({ number }) => number);
  }
}

interface Kept {
  readonly count: number;
  readonly sizeBytes: number;
  readonly numbers: Uint32Array;
}
