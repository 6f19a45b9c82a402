/** The adds of one row group of a checkpoint, on the very buffers it was decoded into. */
import type { Data } from 'apache-arrow';
import { CorruptDataError } from '../errors.js';
import type { AddFile, DeletionVectorDescriptor, StringMap } from './actions.js';
import { child, LongColumn, TextColumn, TextMapColumn } from './arrow-column.js';
import { deletionVectorAt } from './checkpoint-rows.js';
import { REST_OF_ADD, SCANNED_ADD } from './checkpoint-schema.js';
import type { BaseBlock } from './file-history.js';
import type { CompleteFileColumns, FileColumns } from './file-list.js';
import { parsedStats } from './parsed-stats.js';
import { RowSet } from './row-set.js';
import { StructColumn } from './struct-column.js';
import type { TextCodes } from './text-codes.js';

/** Where a row group's other leaves can be read again. */
export interface RowGroupHome {
  readonly key: string;
  /** Fields of `add` that the protocol does not know. */
  readonly unknownFields: readonly string[];
  /** The leaves of `add` that are not loaded, conformed to {@link REST_OF_ADD}; undefined when they are all null. */
  loadRest(signal: AbortSignal | undefined): Promise<Data | undefined>;
  /** The unknown fields as they were decoded, in a struct; undefined when they are all null. */
  loadUnknown(signal: AbortSignal | undefined): Promise<Data | undefined>;
}

/** What a row group was opened with. */
export interface LoadedAdds {
  /** Conformed to {@link SCANNED_ADD}; its statistics are all null where they are decoded later. */
  readonly add: Data;
  /** Decodes the statistics' texts where they are kept as they are stored. */
  readonly statsTexts?: (() => Data) | undefined;
  /** Gives the statistics as they are decoded, where the checkpoint has them only as a struct. */
  readonly statsStruct?: (() => Data | undefined) | undefined;
}

const NO_ENTRIES: StringMap = new Map();

/** @throws CorruptDataError from the constructor when an add has no path or no sensible size */
export class CheckpointColumns implements FileColumns, BaseBlock {
  readonly home: RowGroupHome;
  readonly paths: TextColumn;
  readonly rows: RowSet;
  readonly loaded: LoadedAdds;
  readonly #partitionValues: TextMapColumn;
  readonly #sizes: LongColumn;
  readonly #times: LongColumn;
  readonly #structTexts = new WeakMap<Data, (row: number) => string | undefined>();
  /** What was decoded late is let go when memory is short, and decoded again. */
  #statsData: WeakRef<Data> | undefined;
  #statsTexts: WeakRef<TextColumn> | undefined;
  readonly #vectors: StructColumn;

  constructor(home: RowGroupHome, loaded: LoadedAdds) {
    const { add } = loaded;
    this.home = home;
    this.loaded = loaded;
    this.rows = RowSet.valid(add);
    this.paths = new TextColumn(field(add, 'path'));
    this.#partitionValues = new TextMapColumn(field(add, 'partitionValues'));
    this.#sizes = new LongColumn(field(add, 'size'));
    this.#times = new LongColumn(field(add, 'modificationTime'));
    const vectors = SCANNED_ADD.fields.find(({ name }) => name === 'deletionVector')?.type;
    this.#vectors = new StructColumn(field(add, 'deletionVector'), vectors as never, home.key);
    this.#check();
  }

  get columns(): FileColumns {
    return this;
  }

  get length(): number {
    return this.rows.length;
  }

  get statsStruct(): Data | undefined {
    const { statsStruct } = this.loaded;
    return statsStruct && this.#kept(statsStruct);
  }

  /** The column of texts; all null where the checkpoint has a struct. */
  get statsData(): Data {
    const { add, statsTexts } = this.loaded;
    return (statsTexts && this.#kept(statsTexts)) ?? field(add, 'stats');
  }

  get statsTexts(): TextColumn {
    const known = this.#statsTexts?.deref();
    if (known !== undefined) return known;
    const texts = new TextColumn(this.statsData);
    this.#statsTexts = new WeakRef(texts);
    return texts;
  }

  path(row: number): string {
    return this.paths.get(row) ?? '';
  }

  size(row: number): number {
    return this.#sizes.number(row) ?? 0;
  }

  modificationTime(row: number): number {
    const time = this.#times.number(row);
    if (time !== undefined && Number.isSafeInteger(time)) return time;
    throw this.#corrupt(row, 'modificationTime');
  }

  partitionValue(row: number, physicalName: string): string | null | undefined {
    return this.#partitionValues.at(row, physicalName);
  }

  partitionCodes(physicalName: string): TextCodes {
    return this.#partitionValues.codes(physicalName);
  }

  partitionValues(row: number): StringMap {
    return this.#partitionValues.get(row) ?? NO_ENTRIES;
  }

  stats(row: number): string | undefined {
    const struct = this.statsStruct;
    if (struct === undefined) return this.statsTexts.get(row);
    const textOf = this.#structTexts.get(struct) ?? parsedStats(struct);
    this.#structTexts.set(struct, textOf);
    return textOf(row);
  }

  deletionVector(row: number): DeletionVectorDescriptor | undefined {
    return this.#vectors.has(row) ? deletionVectorAt(this.#vectors, row) : undefined;
  }

  async complete(signal?: AbortSignal): Promise<CompleteFileColumns> {
    return new CompleteCheckpointColumns(this.home, this.loaded, await this.home.loadRest(signal));
  }

  #kept(decode: () => Data | undefined): Data | undefined {
    const known = this.#statsData?.deref();
    if (known !== undefined) return known;
    const data = decode();
    this.#statsData = data && new WeakRef(data);
    return data;
  }

  #check(): void {
    for (let row = 0; row < this.length; row++) {
      if (!this.rows.has(row)) continue;
      if (!this.paths.has(row)) throw this.#corrupt(row, 'path');
      const size = this.#sizes.number(row) ?? -1;
      if (size < 0 || !Number.isSafeInteger(size)) throw this.#corrupt(row, 'size');
    }
  }

  #corrupt(row: number, name: string): CorruptDataError {
    return new CorruptDataError({
      message: `an add of the checkpoint has no sensible ${name}; use an older version or repair it`,
      key: this.home.key,
      position: row,
      field: `add.${name}`,
    });
  }
}

class CompleteCheckpointColumns extends CheckpointColumns implements CompleteFileColumns {
  readonly #rest: StructColumn | undefined;

  constructor(home: RowGroupHome, loaded: LoadedAdds, rest: Data | undefined) {
    super(home, loaded);
    this.#rest = rest && new StructColumn(rest, REST_OF_ADD, home.key);
  }

  add(row: number): AddFile {
    const rest = this.#rest;
    return {
      path: this.path(row),
      partitionValues: this.partitionValues(row),
      size: this.size(row),
      modificationTime: this.modificationTime(row),
      dataChange: false,
      stats: this.stats(row),
      tags: rest?.map(row, 'tags'),
      deletionVector: this.deletionVector(row),
      baseRowId: rest?.long(row, 'baseRowId'),
      defaultRowCommitVersion: rest?.long(row, 'defaultRowCommitVersion'),
      clusteringProvider: rest?.text(row, 'clusteringProvider'),
    };
  }

  override complete(): Promise<CompleteFileColumns> {
    return Promise.resolve(this);
  }
}

function field(add: Data, name: string): Data {
  return child(
    add,
    SCANNED_ADD.fields.findIndex((candidate) => candidate.name === name),
  );
}
