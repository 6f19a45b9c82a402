/** The adds and removes of one large commit as columns, in the order of the log; never changed once it is made. */
import type { Data } from 'apache-arrow';
import { InternalError } from '../errors.js';
import type { AddFile, DeletionVectorDescriptor, RemoveFile, StringMap } from './actions.js';
import { TextColumn } from './arrow-column.js';
import type { CompleteFileColumns } from './file-list.js';
import type { RowSet } from './row-set.js';
import { codesOf, type TextCodes } from './text-codes.js';

/** What few actions have: kept by row, for those rows alone. */
export interface RareFields {
  readonly deletionVector?: DeletionVectorDescriptor | undefined;
  readonly tags?: StringMap | undefined;
  readonly baseRowId?: bigint | undefined;
  readonly defaultRowCommitVersion?: bigint | undefined;
  readonly clusteringProvider?: string | undefined;
  readonly extendedFileMetadata?: boolean | undefined;
}

/** What a block is made of; all of one length. */
export interface BlockParts {
  readonly paths: Data;
  readonly stats: Data;
  /** Rows that are adds; the others are removes. */
  readonly adds: RowSet;
  readonly dataChange: RowSet;
  /** Bytes; NaN where a remove does not say. */
  readonly sizes: Float64Array;
  /** Modification of an add, deletion of a remove; NaN where a remove does not say. */
  readonly times: Float64Array;
  /** Of each row, its place in `maps`. */
  readonly mapCodes: Uint32Array;
  /** Distinct partition values; undefined for removes without any. */
  readonly maps: readonly (StringMap | undefined)[];
  readonly rare: ReadonlyMap<number, RareFields>;
}

const NO_FIELDS: RareFields = {};
const NO_VALUES: StringMap = new Map();

export class ActionBlock implements CompleteFileColumns {
  readonly paths: TextColumn;
  readonly statsTexts: TextColumn;
  readonly statsStruct: undefined;
  /** Rows that are adds. */
  readonly rows: RowSet;
  readonly #parts: BlockParts;

  constructor(parts: BlockParts) {
    this.#parts = parts;
    this.paths = new TextColumn(parts.paths);
    this.statsTexts = new TextColumn(parts.stats);
    this.rows = parts.adds;
  }

  get length(): number {
    return this.rows.length;
  }

  path(row: number): string {
    return this.paths.get(row) ?? '';
  }

  size(row: number): number {
    return this.#parts.sizes[row] ?? 0;
  }

  modificationTime(row: number): number {
    return this.#parts.times[row] ?? 0;
  }

  partitionValue(row: number, physicalName: string): string | null | undefined {
    return this.partitionValues(row).get(physicalName);
  }

  partitionValues(row: number): StringMap {
    return this.#map(row) ?? NO_VALUES;
  }

  partitionCodes(physicalName: string): TextCodes {
    const { maps, mapCodes } = this.#parts;
    const { codes, texts } = codesOf(maps.length, (at) => maps[at]?.get(physicalName));
    return { codes: mapCodes.map((code) => codes[code] ?? 0), texts };
  }

  stats(row: number): string | undefined {
    return this.statsTexts.get(row);
  }

  deletionVector(row: number): DeletionVectorDescriptor | undefined {
    return this.#parts.rare.get(row)?.deletionVector;
  }

  add(row: number): AddFile {
    const { deletionVector, tags, ...rare } = this.#rare(row);
    if (!this.rows.has(row)) throw new InternalError({ message: `row ${row} is no add` });
    return {
      path: this.path(row),
      partitionValues: this.partitionValues(row),
      size: this.size(row),
      modificationTime: this.modificationTime(row),
      dataChange: this.#parts.dataChange.has(row),
      stats: this.stats(row),
      tags,
      deletionVector,
      baseRowId: rare.baseRowId,
      defaultRowCommitVersion: rare.defaultRowCommitVersion,
      clusteringProvider: rare.clusteringProvider,
    };
  }

  remove(row: number): RemoveFile {
    const rare = this.#rare(row);
    return {
      path: this.path(row),
      deletionTimestamp: known(this.#parts.times[row]),
      dataChange: this.#parts.dataChange.has(row),
      extendedFileMetadata: rare.extendedFileMetadata,
      partitionValues: this.#map(row),
      size: known(this.#parts.sizes[row]),
      stats: this.stats(row),
      tags: rare.tags,
      deletionVector: rare.deletionVector,
      baseRowId: rare.baseRowId,
      defaultRowCommitVersion: rare.defaultRowCommitVersion,
    };
  }

  complete(): Promise<CompleteFileColumns> {
    return Promise.resolve(this);
  }

  #rare(row: number): RareFields {
    return this.#parts.rare.get(row) ?? NO_FIELDS;
  }

  #map(row: number): StringMap | undefined {
    return this.#parts.maps[this.#parts.mapCodes[row] ?? 0];
  }
}

function known(value: number | undefined): number | undefined {
  return value === undefined || Number.isNaN(value) ? undefined : value;
}
