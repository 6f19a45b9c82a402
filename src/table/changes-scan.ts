/** How the files that hold the changes of a commit are scanned. */
import { CorruptDataError, isVarveError } from '../errors.js';
import { bareSnapshot } from '../log/bare-snapshot.js';
import { readDeletionVector } from '../log/deletion-vector/read-deletion-vector.js';
import type { RowBitmap } from '../log/deletion-vector/row-bitmap.js';
import { fileKey } from '../log/file-key.js';
import { inOrder } from '../log/in-order.js';
import { commitKey } from '../log/log-path.js';
import type { StructField, StructType } from '../log/schema/types.js';
import type { LogContext } from '../log/table-snapshot.js';
import { compareKeys } from '../storage/key.js';
import type { CommitChanges } from './changes-log.js';
import type { ChangedFile, ChangedRows } from './changes-of.js';
import { CHANGE_COLUMNS } from './changes-schema.js';
import type { ChangeType } from './changes-types.js';
import type { DataFile } from './data-files.js';
import { dataGone } from './data-gone.js';
import { bindPredicate } from './expression/bind.js';
import { isIn, isNull, not, or } from './expression/builders.js';
import { addEntry } from './file-facts.js';
import type { PlannedFile } from './planned-files.js';
import { selectedSchema } from './scan-columns.js';
import type { PlannedScan } from './scan-plan.js';

/** Files that are read together, and which of the changes in them. */
export interface ChangesPart {
  readonly files: readonly ChangedFile[];
  readonly partitionColumns: readonly string[];
  /** What every row is; undefined when the files say it of each. */
  readonly type: ChangeType | undefined;
  readonly side: 'taken' | 'brought';
}

/** The column of a change data file that says what became of a row. */
export const CHANGE_TYPE_FIELD: StructField = {
  name: CHANGE_COLUMNS[0],
  type: 'string',
  nullable: true,
  metadata: {},
};

/** First what a commit takes away, then what it brings. */
export function changesParts({ files, partitionColumns }: CommitChanges): readonly ChangesPart[] {
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

/**
 * The scans of a part, one after the other: files in canonical order, so many at a time that their deletion vectors
 * need little memory however many files a commit touches. Batches have the columns of the target's schema; where the
 * files say what became of each row, {@link CHANGE_TYPE_FIELD} behind them.
 *
 * @throws CorruptDataError when a `remove` does not say enough to read its file, or a deletion vector is damaged
 * @throws DataGoneError when a deletion vector is not there
 * @throws UnsupportedFeatureError when a column is of a type that is not known
 */
export async function* changesScans(
  log: LogContext,
  commit: CommitChanges,
  part: ChangesPart,
  signal: AbortSignal | undefined,
): AsyncGenerator<PlannedScan, void, undefined> {
  const plan = scanOf(log, commit, part);
  const located = part.files
    .map((changed) => ({ changed, file: fileOf(log, commit, part, changed) }))
    .sort((a, b) => compareKeys(a.file.key, b.file.key));
  const plans = async (
    { changed: { rows }, file }: LocatedFile,
    stop: AbortSignal,
  ): Promise<PlannedFile> => ({
    file,
    allMatch: part.type !== undefined,
    only: rows.kind === 'live' ? undefined : await rowsBetween(log, commit.version, rows, stop),
  });
  for (let at = 0; at < located.length; at += FILES_A_SCAN) {
    const files: PlannedFile[] = [];
    const group = located.slice(at, at + FILES_A_SCAN);
    for await (const file of inOrder(group, VECTORS_AHEAD, signal, plans)) {
      if (file.only?.cardinality !== 0) files.push(file);
    }
    yield { ...plan, files };
  }
}

const FILES_A_SCAN = 256;
const VECTORS_AHEAD = 16;
const TAKEN: readonly ChangeType[] = ['delete', 'update_preimage'];

interface LocatedFile {
  readonly changed: ChangedFile;
  readonly file: DataFile;
}

/** The scan of a part, but for its files. */
function scanOf(log: LogContext, commit: CommitChanges, part: ChangesPart): PlannedScan {
  const { target, version, timestampMs } = commit;
  const { partitionColumns, type, side } = part;
  const { fields } = selectedSchema(target.schema, undefined);
  const reading: StructType = {
    type: 'struct',
    fields: type === undefined ? [...fields, CHANGE_TYPE_FIELD] : fields,
  };
  const isTaken = isIn(CHANGE_TYPE_FIELD.name, TAKEN);
  // What is neither taken nor brought must be met, not passed over in silence.
  const where = side === 'taken' ? isTaken : or(not(isTaken), isNull(CHANGE_TYPE_FIELD.name));
  const metadata = { ...target.metadata, partitionColumns };
  return {
    snapshot: bareSnapshot(log, { ...target, version, timestampMs, metadata }),
    output: reading,
    reading,
    where: type === undefined ? bindPredicate(where, reading) : undefined,
    rowFilter: undefined,
    limit: undefined,
    files: [],
  };
}

function fileOf(
  log: LogContext,
  { version, timestampMs }: CommitChanges,
  { partitionColumns }: ChangesPart,
  { path, sizeBytes, partitionValues, rows }: ChangedFile,
): DataFile {
  if (sizeBytes === undefined || (partitionValues === undefined && partitionColumns.length > 0)) {
    throw new CorruptDataError({
      message:
        `a remove action does not say the size or the partition values of ${path}, ` +
        'so the rows that it takes away cannot be read',
      key: commitKey(version),
      field: sizeBytes === undefined ? 'size' : 'partitionValues',
    });
  }
  const entry = addEntry({
    path,
    partitionValues: partitionValues ?? new Map(),
    size: sizeBytes,
    modificationTime: timestampMs,
    dataChange: true,
    deletionVector: rows.kind === 'live' ? rows.deletionVector : undefined,
  });
  return { key: fileKey(path, log), sizeBytes, entry };
}

/** The rows that one deletion vector of a file marks and the other does not. */
async function rowsBetween(
  log: LogContext,
  version: number,
  { by, notBy }: ChangedRows & { readonly kind: 'marked' },
  signal: AbortSignal,
): Promise<RowBitmap> {
  try {
    const marked = await readDeletionVector(log, by, { signal });
    if (notBy === undefined) return marked;
    return marked.without(await readDeletionVector(log, notBy, { signal }));
  } catch (error) {
    if (isVarveError(error, 'NOT_FOUND')) throw dataGone(version, [error.thing]);
    throw error;
  }
}
