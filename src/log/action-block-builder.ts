/** Gathers adds and removes, one after the other, into the columns of a block. */
import { Utf8 } from 'apache-arrow';
import { ActionBlock, type RareFields } from './action-block.js';
import type { AddFile, RemoveFile, StringMap } from './actions.js';
import { RowSet } from './row-set.js';
import { makeColumn } from './schema/arrow-data.js';

/** Bytes of text in one block: what Arrow's offsets can tell apart, with room for the longest line. */
export const MAX_BLOCK_TEXT: number = 1024 * 1024 * 1024;

const encoder = new TextEncoder();

/** A column of texts that grows. */
class TextBuilder {
  bytes: Uint8Array;
  /** Bytes that are used. */
  length = 0;
  #offsets = new Int32Array(1024);
  #present = new Uint8Array(128);
  #rows = 0;
  #nulls = 0;

  /** @param expected - bytes that may come; what is never written to takes no memory */
  constructor(expected: number) {
    this.bytes = new Uint8Array(Math.min(expected, MAX_BLOCK_TEXT));
  }

  /** Room for so many bytes behind `length`; written there and counted by {@link end}. */
  room(bytes: number): void {
    const needed = this.length + bytes;
    if (needed <= this.bytes.length) return;
    const larger = new Uint8Array(Math.max(needed, this.bytes.length * 2));
    larger.set(this.bytes.subarray(0, this.length));
    this.bytes = larger;
  }

  /** Ends a row whose text goes up to `length`; undefined for null. */
  end(length: number | undefined): void {
    if (this.#rows + 2 > this.#offsets.length) {
      this.#offsets = grown(this.#offsets, Int32Array);
      this.#present = grown(this.#present, Uint8Array);
    }
    const row = this.#rows++;
    if (length === undefined) this.#nulls++;
    else {
      this.length = length;
      this.#present[row >> 3] = (this.#present[row >> 3] ?? 0) | (1 << (row & 7));
    }
    this.#offsets[row + 1] = this.length;
  }

  push(text: string | undefined): void {
    if (text === undefined) return this.end(undefined);
    this.room(text.length * 3);
    const { written } = encoder.encodeInto(text, this.bytes.subarray(this.length));
    this.end(this.length + written);
  }

  copy(bytes: Uint8Array, start: number, end: number): void {
    this.room(end - start);
    this.bytes.set(bytes.subarray(start, end), this.length);
    this.end(this.length + end - start);
  }

  finish(): ReturnType<typeof makeColumn> {
    return makeColumn(new Utf8(), this.#rows, {
      values: this.bytes.subarray(0, this.length),
      valueOffsets: this.#offsets.slice(0, this.#rows + 1),
      ...(this.#nulls === 0
        ? {}
        : { validity: { bytes: this.#present, offset: 0 }, nullCount: this.#nulls }),
    });
  }
}

export class ActionBlockBuilder {
  readonly paths: TextBuilder;
  readonly stats: TextBuilder;
  #sizes = new Float64Array(1024);
  #times = new Float64Array(1024);
  #mapCodes = new Uint32Array(1024);
  /** 1 for an add, 2 for a change of data. */
  #flags = new Uint8Array(1024);
  readonly #maps: (StringMap | undefined)[] = [];
  readonly #codes = new Map<string, number>();
  readonly #rare = new Map<number, RareFields>();
  #rows = 0;

  /** @param expected - bytes of the lines that are going to be gathered */
  constructor(expected: number) {
    this.paths = new TextBuilder(Math.ceil(expected / 2));
    this.stats = new TextBuilder(expected);
  }

  get rows(): number {
    return this.#rows;
  }

  /** Whether the next line belongs into a block of its own. */
  get isFull(): boolean {
    return Math.max(this.paths.length, this.stats.length) > MAX_BLOCK_TEXT;
  }

  add(add: AddFile): void {
    this.paths.push(add.path);
    this.stats.push(add.stats);
    const { size, modificationTime: time, dataChange } = add;
    this.row({ size, time, isAdd: true, dataChange, code: this.codeOf(add.partitionValues) });
    this.#keepRare(add);
  }

  remove(remove: RemoveFile): void {
    const { size = Number.NaN, deletionTimestamp: time = Number.NaN, dataChange } = remove;
    this.paths.push(remove.path);
    this.stats.push(remove.stats);
    this.row({ size, time, isAdd: false, dataChange, code: this.codeOf(remove.partitionValues) });
    this.#keepRare(remove);
  }

  /** Ends a row whose path and statistics were given already. */
  row(row: {
    readonly size: number;
    readonly time: number;
    readonly isAdd: boolean;
    readonly dataChange: boolean;
    readonly code: number;
  }): void {
    const at = this.#rows++;
    if (at === this.#flags.length) {
      this.#sizes = grown(this.#sizes, Float64Array);
      this.#times = grown(this.#times, Float64Array);
      this.#mapCodes = grown(this.#mapCodes, Uint32Array);
      this.#flags = grown(this.#flags, Uint8Array);
    }
    this.#sizes[at] = row.size;
    this.#times[at] = row.time;
    this.#mapCodes[at] = row.code;
    this.#flags[at] = (row.isAdd ? 1 : 0) | (row.dataChange ? 2 : 0);
  }

  /** The number of these partition values; equal ones have the same. */
  codeOf(map: StringMap | undefined): number {
    const key = map === undefined ? '' : JSON.stringify([...map]);
    const known = this.#codes.get(key);
    if (known !== undefined) return known;
    const code = this.#maps.push(map) - 1;
    this.#codes.set(key, code);
    return code;
  }

  finish(): ActionBlock {
    const rows = this.#rows;
    const flags = this.#flags;
    return new ActionBlock({
      paths: this.paths.finish(),
      stats: this.stats.finish(),
      adds: RowSet.where(rows, (row) => ((flags[row] ?? 0) & 1) !== 0),
      dataChange: RowSet.where(rows, (row) => ((flags[row] ?? 0) & 2) !== 0),
      sizes: this.#sizes.slice(0, rows),
      times: this.#times.slice(0, rows),
      mapCodes: this.#mapCodes.slice(0, rows),
      maps: this.#maps,
      rare: this.#rare,
    });
  }

  #keepRare(file: AddFile | RemoveFile): void {
    const { deletionVector, tags, baseRowId, defaultRowCommitVersion } = file;
    const clusteringProvider = 'clusteringProvider' in file ? file.clusteringProvider : undefined;
    const extended = 'extendedFileMetadata' in file ? file.extendedFileMetadata : undefined;
    const fields = {
      deletionVector,
      tags,
      baseRowId,
      defaultRowCommitVersion,
      clusteringProvider,
      extendedFileMetadata: extended,
    };
    if (Object.values(fields).every((value) => value === undefined)) return;
    this.#rare.set(this.#rows - 1, fields);
  }
}

type Growing = Int32Array | Uint32Array | Uint8Array | Float64Array;

function grown<A extends Growing>(array: A, make: new (length: number) => A): A {
  const larger = new make(array.length * 2);
  larger.set(array);
  return larger;
}
