/**
 * The active files of a version as columns, not objects: a million of them are read from a checkpoint's own buffers,
 * and an object is made only for a file that somebody asks for.
 */
import type { Data } from 'apache-arrow';
import { InternalError } from '../errors.js';
import type { AddFile, DeletionVectorDescriptor, StringMap } from './actions.js';
import type { TextColumn } from './arrow-column.js';
import type { RowSet } from './row-set.js';
import { codesOf, type TextCodes } from './text-codes.js';

/** Files as columns, by row; rows that are not active are among them, {@link FileBlock.live} tells. */
export interface FileColumns {
  /** Rows, active or not. */
  readonly length: number;
  /** URI-encoded exactly as the log has it. */
  path(row: number): string;
  /** Bytes. */
  size(row: number): number;
  /** Milliseconds since 1970. */
  modificationTime(row: number): number;
  /** The text of one partition value by the column's physical name: null is null, undefined is not there. */
  partitionValue(row: number, physicalName: string): string | null | undefined;
  partitionValues(row: number): StringMap;
  /** The text of one partition value for every row. */
  partitionCodes(physicalName: string): TextCodes;
  /** The statistics' JSON text; undefined when the file has none. */
  stats(row: number): string | undefined;
  /** The paths as bytes, where they are in one column. */
  readonly paths: TextColumn | undefined;
  /** The statistics' texts as bytes, where they are in one column. */
  readonly statsTexts: TextColumn | undefined;
  /** The statistics as a struct, where that is what the checkpoint has. */
  readonly statsStruct: Data | undefined;
  deletionVector(row: number): DeletionVectorDescriptor | undefined;
  /** The same files with every field of `add` at hand; reads what was left out when the log was opened. */
  complete(signal?: AbortSignal): Promise<CompleteFileColumns>;
}

/** Columns that can give a whole `add`, nothing left out: what a re-add or a remove is copied from. */
export interface CompleteFileColumns extends FileColumns {
  /** `dataChange` is false when it comes from a checkpoint. */
  add(row: number): AddFile;
}

/** Some columns and which of their rows are active. */
export interface FileBlock {
  readonly columns: FileColumns;
  readonly live: RowSet;
}

/** The active files of one version. Immutable; iterating it again gives the same files in the same order. */
export interface FileList {
  /** How many files are active. */
  readonly count: number;
  /** The sum of their sizes in bytes. */
  readonly sizeBytes: number;
  /** All of them, in blocks; made on the first call and kept. */
  blocks(): readonly FileBlock[];
  /** One small handle for each active file. */
  files(): IterableIterator<FileEntry>;
  /** Every active file as a whole `add`; reads the leaves that were left out, block by block. */
  adds(signal?: AbortSignal): AsyncIterableIterator<AddFile>;
}

/** One active file: a row of its columns. */
export class FileEntry {
  readonly columns: FileColumns;
  readonly row: number;

  constructor(columns: FileColumns, row: number) {
    this.columns = columns;
    this.row = row;
  }

  get path(): string {
    return this.columns.path(this.row);
  }

  get size(): number {
    return this.columns.size(this.row);
  }

  get modificationTime(): number {
    return this.columns.modificationTime(this.row);
  }

  get partitionValues(): StringMap {
    return this.columns.partitionValues(this.row);
  }

  get stats(): string | undefined {
    return this.columns.stats(this.row);
  }

  get deletionVector(): DeletionVectorDescriptor | undefined {
    return this.columns.deletionVector(this.row);
  }

  partitionValue(physicalName: string): string | null | undefined {
    return this.columns.partitionValue(this.row, physicalName);
  }

  /** The whole action, as it is copied by a remove or a re-add. */
  async add(signal?: AbortSignal): Promise<AddFile> {
    return (await this.columns.complete(signal)).add(this.row);
  }
}

/** Files that are objects already: the adds of JSON commits. */
export class ActionColumns implements CompleteFileColumns {
  readonly paths: undefined;
  readonly statsTexts: undefined;
  readonly statsStruct: undefined;
  readonly #adds: readonly AddFile[];

  constructor(adds: readonly AddFile[]) {
    this.#adds = adds;
  }

  get length(): number {
    return this.#adds.length;
  }

  add(row: number): AddFile {
    const add = this.#adds[row];
    if (add === undefined) throw new InternalError({ message: `no file at row ${row}` });
    return add;
  }

  path(row: number): string {
    return this.add(row).path;
  }

  size(row: number): number {
    return this.add(row).size;
  }

  modificationTime(row: number): number {
    return this.add(row).modificationTime;
  }

  partitionValue(row: number, physicalName: string): string | null | undefined {
    return this.add(row).partitionValues.get(physicalName);
  }

  partitionValues(row: number): StringMap {
    return this.add(row).partitionValues;
  }

  partitionCodes(physicalName: string): TextCodes {
    return codesOf(this.length, (row) => this.partitionValue(row, physicalName));
  }

  stats(row: number): string | undefined {
    return this.add(row).stats;
  }

  deletionVector(row: number): DeletionVectorDescriptor | undefined {
    return this.add(row).deletionVector;
  }

  complete(): Promise<CompleteFileColumns> {
    return Promise.resolve(this);
  }
}
