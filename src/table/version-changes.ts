/** The changed rows of one version, read when they are asked for. */
import type { Data, RecordBatch } from 'apache-arrow';
import { CorruptDataError, InternalError } from '../errors.js';
import { commitKey } from '../log/log-path.js';
import { arrowSchema } from '../log/schema/arrow-type.js';
import { batchOf } from '../log/schema/conform.js';
import type { StructField, StructType } from '../log/schema/types.js';
import type { LogContext } from '../log/table-snapshot.js';
import type { CommitChanges } from './changes-log.js';
import { CHANGE_TYPE_FIELD, type ChangesPart, changesParts, changesScans } from './changes-scan.js';
import { CHANGE_COLUMNS } from './changes-schema.js';
import type { Change, ChangeType, VersionChanges } from './changes-types.js';
import type { CallOptions } from './options.js';
import { rowDecoder } from './row/row-decoder.js';
import { constantColumn, scalarReader } from './row/scalar-column.js';
import { scanBatches } from './scan-batches.js';
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

const ADDED_FIELDS: readonly StructField[] = [
  CHANGE_TYPE_FIELD,
  { ...CHANGE_TYPE_FIELD, name: CHANGE_COLUMNS[1], type: 'long' },
  { ...CHANGE_TYPE_FIELD, name: CHANGE_COLUMNS[2], type: 'timestamp' },
];
const BROUGHT: readonly ChangeType[] = ['insert', 'update_postimage'];

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
    const { signal } = this.#options;
    const done = { rows: 0, bytes: 0 };
    for (const part of changesParts(this.#commit)) {
      for await (const plan of changesScans(this.#log, this.#commit, part, signal)) {
        for await (const batch of scanBatches(plan, { signal, onProgress: this.#add(done) })) {
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

  /** A batch of rows with the columns of the feed. */
  #described({ type, side }: ChangesPart, batch: RecordBatch): RecordBatch {
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
        message: `a change data file has a row whose ${CHANGE_TYPE_FIELD.name} is ${JSON.stringify(said)}`,
        key: commitKey(this.#commit.version),
        field: CHANGE_TYPE_FIELD.name,
      });
    }
  }
}

/** The change type of each row of a batch of the feed. */
function changeTypes(batch: RecordBatch): (row: number) => ChangeType {
  const types = batch.data.children.at(-ADDED_FIELDS.length);
  if (types === undefined) throw new InternalError({ message: 'the batch has no change type' });
  const typeAt = scalarReader(types, 'string');
  return (row) => typeAt(row) as ChangeType;
}
