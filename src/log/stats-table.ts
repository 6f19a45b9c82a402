/**
 * The statistics of many files as columns: read once for the columns somebody asks for, and kept as long as the files
 * they are of. PROTOCOL.md "Per-file Statistics".
 */
import { integerAt } from './bound-text.js';
import type { FileColumns } from './file-list.js';
import { countOf, parseFileStats, type ScalarStats, type WantedColumn } from './file-stats.js';
import { JsonMembers } from './json-members.js';
import { StructStats } from './parsed-stats.js';
import { type BoundPlace, jsonAt, makeBounds, type StatBounds } from './stat-bounds.js';

/** Columns whose statistics are kept, those asked for last: at a million files each takes 20 MB. */
export const KEPT_STATS_COLUMNS = 8;

/** A null count that is not known. */
const UNKNOWN = -1;

/** The statistics of one column, by row. */
export interface ColumnStats {
  readonly min: StatBounds;
  readonly max: StatBounds;
  /** Negative where it is not known. */
  readonly nullCounts: Int32Array;
}

interface Wanted extends ColumnStats {
  readonly column: WantedColumn;
}

const tables = new WeakMap<FileColumns, StatsTable>();

/** The statistics of these files; the same object each time. */
export function statsTable(files: FileColumns): StatsTable {
  const known = tables.get(files);
  if (known !== undefined) return known;
  const table = new StatsTable(files);
  tables.set(files, table);
  return table;
}

export class StatsTable {
  readonly #files: FileColumns;
  /** NaN where it is not known. */
  #numRecords: Float64Array | undefined;
  /** Rows whose bounds are wide; undefined when none are. */
  #wide: Uint8Array | undefined;
  readonly #columns = new Map<string, ColumnStats>();

  /** Use {@link statsTable}, which keeps what was read. */
  constructor(files: FileColumns) {
    this.#files = files;
  }

  /** Rows of each file, those that a deletion vector hides included; NaN where they are not known. */
  get numRecords(): Float64Array {
    return this.#numRecords ?? this.#read([]);
  }

  /** False where the bounds cover rows that a deletion vector hides. */
  hasTightBounds(row: number): boolean {
    return this.#wide?.[row] !== 1;
  }

  /** The statistics of these columns, in that order; reads those that are not at hand, all in one go. */
  columns(wanted: readonly WantedColumn[]): readonly ColumnStats[] {
    const missing = new Map<string, Wanted>();
    const found = wanted.map((column) => {
      const key = JSON.stringify([column.type, ...column.path]);
      const known = this.#columns.get(key) ?? missing.get(key) ?? this.#makeColumn(column);
      if (!this.#columns.has(key)) missing.set(key, { ...known, column });
      // Moves it behind the others: the first in the map was asked for longest ago.
      this.#columns.delete(key);
      this.#columns.set(key, known);
      return known;
    });
    if (missing.size > 0) this.#read([...missing.values()]);
    for (const key of this.#columns.keys()) {
      if (this.#columns.size <= KEPT_STATS_COLUMNS) break;
      this.#columns.delete(key);
    }
    return found;
  }

  #makeColumn({ type }: WantedColumn): ColumnStats {
    const { length } = this.#files;
    return {
      min: makeBounds(type, 'min', length),
      max: makeBounds(type, 'max', length),
      nullCounts: new Int32Array(length).fill(UNKNOWN),
    };
  }

  #read(wanted: readonly Wanted[]): Float64Array {
    const { length, statsStruct } = this.#files;
    const numRecords = new Float64Array(length).fill(Number.NaN);
    if (statsStruct === undefined) this.#readTexts(wanted, numRecords);
    else this.#readStruct(new StructStats(statsStruct), wanted, numRecords);
    this.#numRecords ??= numRecords;
    return numRecords;
  }

  #readTexts(wanted: readonly Wanted[], numRecords: Float64Array): void {
    const reader = new TextReader(wanted);
    const { length, statsTexts } = this.#files;
    for (let row = 0; row < length; row++) {
      if (statsTexts === undefined) {
        const text = this.#files.stats(row);
        if (text === undefined || !reader.scanText(text)) {
          this.#readParsed(row, text, wanted, numRecords);
          continue;
        }
      } else {
        if (!statsTexts.has(row)) continue;
        const { offsets, values } = statsTexts;
        if (!reader.scan(values, offsets[row] ?? 0, offsets[row + 1] ?? 0)) {
          this.#readParsed(row, statsTexts.get(row), wanted, numRecords);
          continue;
        }
      }
      numRecords[row] = reader.numRecords();
      if (reader.isWide()) this.#setWide(row);
      reader.columns(row);
    }
  }

  /** A text that takes a parser. */
  #readParsed(
    row: number,
    text: string | undefined,
    wanted: readonly Wanted[],
    numRecords: Float64Array,
  ): void {
    const stats = parseFileStats(
      text,
      wanted.map(({ column }) => column),
    );
    if (stats === undefined) return;
    numRecords[row] = stats.numRecords ?? Number.NaN;
    if (!stats.tightBounds) this.#setWide(row);
    for (const column of wanted) setColumn(row, column, stats);
  }

  #readStruct(stats: StructStats, wanted: readonly Wanted[], numRecords: Float64Array): void {
    const countAt = stats.numRecords();
    const isWide = stats.isWide();
    for (let row = 0; row < numRecords.length; row++) {
      numRecords[row] = countAt(row) ?? Number.NaN;
      if (isWide(row)) this.#setWide(row);
    }
    for (const { column, min, max, nullCounts } of wanted) {
      stats.fillBounds(column, 'min', min);
      stats.fillBounds(column, 'max', max);
      stats.fillNullCounts(column.path, nullCounts);
    }
  }

  #setWide(row: number): void {
    this.#wide ??= new Uint8Array(this.#files.length);
    this.#wide[row] = 1;
  }
}

function setColumn(
  row: number,
  { column, min, max, nullCounts }: Wanted,
  stats: ScalarStats,
): void {
  min.set(row, stats.min(column.path));
  max.set(row, stats.max(column.path));
  nullCounts[row] = smallCount(stats.nullCount(column.path));
}

const NUM_RECORDS = 0;
const TIGHT_BOUNDS = 1;
const FIRST_COLUMN = 2;
const MEMBERS = ['minValues', 'maxValues', 'nullCount'] as const;

type Place = { -readonly [K in keyof BoundPlace]: BoundPlace[K] };

/** Reads the wanted columns out of one text after the other. */
class TextReader {
  readonly #members: JsonMembers;
  readonly #wanted: readonly Wanted[];
  /** One object for all: it is looked at and not kept. */
  readonly #place: Place = { bytes: new Uint8Array(0), start: 0, end: 0, isPlainText: false };
  #scratch = new Uint8Array(1024);

  constructor(wanted: readonly Wanted[]) {
    this.#wanted = wanted;
    const columns = wanted.flatMap(({ column }) => MEMBERS.map((name) => [name, ...column.path]));
    this.#members = new JsonMembers([['numRecords'], ['tightBounds'], ...columns]);
  }

  scan(bytes: Uint8Array, start: number, end: number): boolean {
    this.#place.bytes = bytes;
    return this.#members.scan(bytes, start, end);
  }

  scanText(text: string): boolean {
    if (this.#scratch.length < text.length * 3) this.#scratch = new Uint8Array(text.length * 3);
    const { written } = new TextEncoder().encodeInto(text, this.#scratch);
    return this.scan(this.#scratch, 0, written);
  }

  numRecords(): number {
    return this.#count(NUM_RECORDS) ?? Number.NaN;
  }

  isWide(): boolean {
    const start = this.#members.starts[TIGHT_BOUNDS] ?? UNKNOWN;
    return start >= 0 && this.#place.bytes[start] === 'f'.charCodeAt(0);
  }

  columns(row: number): void {
    let member = FIRST_COLUMN;
    for (const { min, max, nullCounts } of this.#wanted) {
      this.#bound(member, row, min);
      this.#bound(member + 1, row, max);
      nullCounts[row] = smallCount(this.#count(member + 2));
      member += MEMBERS.length;
    }
  }

  #bound(member: number, row: number, bounds: StatBounds): void {
    if (this.#at(member)) bounds.read(row, this.#place);
  }

  #count(member: number): number | undefined {
    if (!this.#at(member)) return undefined;
    const { bytes, start, end } = this.#place;
    const count = integerAt(bytes, start, end);
    return count >= 0 ? count : countOf(jsonAt(this.#place));
  }

  /** Points at the value of a member; false when the text has none. */
  #at(member: number): boolean {
    const start = this.#members.starts[member] ?? UNKNOWN;
    if (start < 0) return false;
    this.#place.start = start;
    this.#place.end = this.#members.ends[member] ?? start;
    this.#place.isPlainText = this.#members.isPlainText[member] === 1;
    return true;
  }
}

function smallCount(count: number | undefined): number {
  return count === undefined || count > 0x7fff_ffff ? UNKNOWN : count;
}
