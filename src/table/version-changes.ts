/** The changed rows of one version, read when they are asked for. */
import type { Data, RecordBatch } from 'apache-arrow';
import { CorruptDataError, InternalError, isVarveError } from '../errors.js';
import { bareSnapshot } from '../log/bare-snapshot.js';
import { readDeletionVector } from '../log/deletion-vector/read-deletion-vector.js';
import type { RowBitmap } from '../log/deletion-vector/row-bitmap.js';
import { fileKey } from '../log/file-key.js';
import { inOrder } from '../log/in-order.js';
import { commitKey } from '../log/log-path.js';
import { arrowSchema } from '../log/schema/arrow-type.js';
import { batchOf } from '../log/schema/conform.js';
import type { StructField, StructType } from '../log/schema/types.js';
import type { LogContext } from '../log/table-snapshot.js';
import { compareKeys } from '../storage/key.js';
import type { CommitChanges } from './changes-log.js';
import type { ChangedFile, ChangedRows } from './changes-of.js';
import { CHANGE_COLUMNS } from './changes-schema.js';
import type { Change, ChangeType, VersionChanges } from './changes-types.js';
import type { DataFile } from './data-files.js';
import { dataGone } from './data-gone.js';
import { bindPredicate } from './expression/bind.js';
import { isIn, isNull, not, or } from './expression/builders.js';
import { addEntry } from './file-facts.js';
import type { CallOptions } from './options.js';
import { rowDecoder } from './row/row-decoder.js';
import { constantColumn, scalarReader } from './row/scalar-column.js';
import { scanBatches } from './scan-batches.js';
import type { PlannedFile, PlannedScan } from './scan-plan.js';
import type { TableHandle } from './table-state.js';

/** The changes of a commit as their reader meets them. */
export function versionChanges<R>(
  handle: TableHandle,
  commit: CommitChanges,
  options: CallOptions,
): VersionChanges<R> {
  const reader = new ChangeReader(handle.state.log, commit, options);
  const decode = rowDecoder(commit.target.schema, { asNumber: handle.asNumber });
  return {
    version: commit.version,
    timestamp: new Date(commit.timestampMs),
    batches: () => reader.batches(),
    async *rows(): AsyncGenerator<Change<R>, void, undefined> {
      for await (const batch of reader.batches()) {
        const typeOf = changeTypes(batch);
        let at = 0;
        for (const row of decode(batch)) yield { type: typeOf(at++), row: row as R };
      }
    },
  };
}

const [CHANGE_TYPE, COMMIT_VERSION, COMMIT_TIMESTAMP] = CHANGE_COLUMNS;
const TYPE_FIELD: StructField = field(CHANGE_TYPE, 'string');
const ADDED_FIELDS: readonly StructField[] = [
  TYPE_FIELD,
  field(COMMIT_VERSION, 'long'),
  field(COMMIT_TIMESTAMP, 'timestamp'),
];
const TAKEN: readonly ChangeType[] = ['delete', 'update_preimage'];
const BROUGHT: readonly ChangeType[] = ['insert', 'update_postimage'];

function field(name: string, type: 'string' | 'long' | 'timestamp'): StructField {
  return { name, type, nullable: true, metadata: {} };
}

/** Files whose deletion vectors are in memory together, so that a commit over any number of files needs little. */
const FILES_A_GROUP = 256;
const VECTORS_AHEAD = 16;

interface LocatedFile {
  readonly file: DataFile;
  readonly rows: ChangedRows;
  readonly allMatch: boolean;
}

/** Files that are read together, and which of the changes in them. */
interface Part {
  readonly files: readonly ChangedFile[];
  readonly partitionColumns: readonly string[];
  /** What every row is; undefined when the files say it of each. */
  readonly type: ChangeType | undefined;
  readonly side: 'taken' | 'brought';
}

class ChangeReader {
  readonly #log: LogContext;
  readonly #commit: CommitChanges;
  readonly #options: CallOptions;

  constructor(log: LogContext, commit: CommitChanges, options: CallOptions) {
    this.#log = log;
    this.#commit = commit;
    this.#options = options;
  }

  async *batches(): AsyncGenerator<RecordBatch, void, undefined> {
    const done = { rows: 0, bytes: 0 };
    for (const part of partsOf(this.#commit)) {
      const plan = this.#plan(part);
      for (const files of inGroups(this.#located(part))) {
        const planned = { ...plan, files: await this.#marked(files) };
        const { signal } = this.#options;
        for await (const batch of scanBatches(planned, { signal, onProgress: this.#add(done) })) {
          yield this.#described(part, batch);
        }
      }
    }
  }

  /** Tells the caller of all rows so far, not of one scan's. */
  #add(done: { rows: number; bytes: number }): CallOptions['onProgress'] {
    const before = { ...done };
    return (progress) => {
      done.rows = before.rows + progress.rows;
      done.bytes = before.bytes + progress.bytes;
      this.#options.onProgress?.({ operation: 'changes', ...done });
    };
  }

  /** The scan of a part, but for its files. */
  #plan({ partitionColumns, type, side }: Part): PlannedScan {
    const { target, version, timestampMs } = this.#commit;
    const metadata = { ...target.metadata, partitionColumns };
    const { schema } = target;
    const read: StructType =
      type === undefined ? { ...schema, fields: [...schema.fields, TYPE_FIELD] } : schema;
    const isTaken = isIn(CHANGE_TYPE, TAKEN);
    // What is neither taken nor brought must be met, not passed over in silence.
    const where = side === 'taken' ? isTaken : or(not(isTaken), isNull(CHANGE_TYPE));
    return {
      snapshot: bareSnapshot(this.#log, { ...target, version, timestampMs, metadata }),
      output: read,
      reading: read,
      where: type === undefined ? bindPredicate(where, read) : undefined,
      rowFilter: undefined,
      limit: undefined,
      files: [],
    };
  }

  /** The files in canonical order. */
  #located({ files, partitionColumns, type }: Part): readonly LocatedFile[] {
    const located = files.map((changed) => ({
      file: this.#fileOf(changed, partitionColumns),
      rows: changed.rows,
      allMatch: type !== undefined,
    }));
    return located.sort((a, b) => compareKeys(a.file.key, b.file.key));
  }

  /** The files to scan: of those in which two deletion vectors differ, the rows that one of them marks. */
  async #marked(files: readonly LocatedFile[]): Promise<readonly PlannedFile[]> {
    const { signal } = this.#options;
    const planned: PlannedFile[] = [];
    const load = async (
      { file, rows, allMatch }: LocatedFile,
      stop: AbortSignal,
    ): Promise<PlannedFile> => ({
      file,
      allMatch,
      only: rows.kind === 'live' ? undefined : await this.#rowsBetween(rows, stop),
    });
    for await (const file of inOrder(files, VECTORS_AHEAD, signal, load)) {
      if (file.only?.cardinality !== 0) planned.push(file);
    }
    return planned;
  }

  async #rowsBetween(
    { by, notBy }: ChangedRows & { readonly kind: 'marked' },
    signal: AbortSignal,
  ): Promise<RowBitmap> {
    try {
      const marked = await readDeletionVector(this.#log, by, { signal });
      if (notBy === undefined) return marked;
      return marked.without(await readDeletionVector(this.#log, notBy, { signal }));
    } catch (error) {
      if (isVarveError(error, 'NOT_FOUND')) throw dataGone(this.#commit.version, [error.thing]);
      throw error;
    }
  }

  #fileOf(changed: ChangedFile, partitionColumns: readonly string[]): DataFile {
    const { path, sizeBytes, partitionValues, rows } = changed;
    if (sizeBytes === undefined || (partitionValues === undefined && partitionColumns.length > 0)) {
      throw new CorruptDataError({
        message:
          `a remove action does not say the size or the partition values of ${path}, ` +
          'so the rows that it takes away cannot be read',
        key: commitKey(this.#commit.version),
        field: sizeBytes === undefined ? 'size' : 'partitionValues',
      });
    }
    const entry = addEntry({
      path,
      partitionValues: partitionValues ?? new Map(),
      size: sizeBytes,
      modificationTime: this.#commit.timestampMs,
      dataChange: true,
      deletionVector: rows.kind === 'live' ? rows.deletionVector : undefined,
    });
    return { key: fileKey(path, this.#log), sizeBytes, entry };
  }

  /** A batch of rows with the columns of the feed. */
  #described({ type, side }: Part, batch: RecordBatch): RecordBatch {
    const { target, version, timestampMs } = this.#commit;
    const fields = target.schema.fields;
    const rows = batch.numRows;
    const types =
      type === undefined
        ? batch.data.children[fields.length]
        : constantColumn(type, 'string', rows);
    if (types === undefined) throw new InternalError({ message: 'the batch has no change type' });
    if (type === undefined && side === 'brought') this.#checkTypes(types);
    const children: Data[] = [
      ...batch.data.children.slice(0, fields.length),
      types,
      constantColumn(BigInt(version), 'long', rows),
      constantColumn(BigInt(timestampMs) * 1000n, 'timestamp', rows),
    ];
    const schema: StructType = { type: 'struct', fields: [...fields, ...ADDED_FIELDS] };
    return batchOf(arrowSchema(schema), children, rows);
  }

  #checkTypes(types: Data): void {
    const typeAt = scalarReader(types, 'string');
    for (let row = 0; row < types.length; row++) {
      const said = typeAt(row);
      if (BROUGHT.some((type) => type === said)) continue;
      throw new CorruptDataError({
        message: `a change data file has a row whose ${CHANGE_TYPE} is ${JSON.stringify(said)}`,
        key: commitKey(this.#commit.version),
        field: CHANGE_TYPE,
      });
    }
  }
}

function* inGroups<T>(items: readonly T[]): Generator<readonly T[], void, undefined> {
  for (let at = 0; at < items.length; at += FILES_A_GROUP)
    yield items.slice(at, at + FILES_A_GROUP);
}

function partsOf({ files, partitionColumns }: CommitChanges): readonly Part[] {
  const { taken, brought } = partitionColumns;
  if (files.kind === 'recorded') {
    const part = { files: files.files, partitionColumns: brought, type: undefined };
    return [
      { ...part, side: 'taken' },
      { ...part, side: 'brought' },
    ];
  }
  return [
    { files: files.deletes, partitionColumns: taken, type: 'delete', side: 'taken' },
    { files: files.inserts, partitionColumns: brought, type: 'insert', side: 'brought' },
  ];
}

/** The change type of each row of a batch of the feed. */
function changeTypes(batch: RecordBatch): (row: number) => ChangeType {
  const types = batch.data.children.at(-ADDED_FIELDS.length);
  if (types === undefined) throw new InternalError({ message: 'the batch has no change type' });
  const typeAt = scalarReader(types, 'string');
  return (row) => typeAt(row) as ChangeType;
}
