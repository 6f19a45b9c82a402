/** Writes the checkpoint of a snapshot: one classic Parquet file. PROTOCOL.md "Checkpoints", "V1 Spec". */
import { InternalError, StorageUnavailableError } from '../errors.js';
import type { Body } from '../storage/object-store.js';
import { ParquetFileEncoder } from '../storage/parquet/encode.js';
import type { RemoveFile } from './actions.js';
import { BUILT_ROWS, CheckpointBatches, unknownAddFields } from './checkpoint-batches.js';
import { writeLastCheckpoint } from './last-checkpoint.js';
import { checkpointKey } from './log-path.js';
import { type CheckpointPlan, planCheckpoint } from './plan-checkpoint.js';
import type { LogContext, Snapshot } from './table-snapshot.js';

/** What became of a checkpoint. `exists`: another writer was first; that one is as good. */
export type CheckpointOutcome =
  | {
      readonly outcome: 'written';
      readonly version: number;
      readonly sizeBytes: number;
      /** When the hint was pointed at it, by the store's clock; undefined when it points at a newer one. */
      readonly storeMs: number | undefined;
    }
  | { readonly outcome: 'exists'; readonly version: number };

/**
 * Writes the checkpoint of a snapshot if there is none, and points `_last_checkpoint` at it. Never replaces a file.
 * Every field of every active file is kept, those too that the protocol does not know; of the rows of an older
 * checkpoint nothing is made an object.
 *
 * The caller has made sure that the table may be written (`checkWritable`).
 * @throws UnsupportedFeatureError when the table wants its statistics in a form that we do not write
 * @throws whatever the store throws; the table is as good as before
 */
export async function writeCheckpoint(
  log: LogContext,
  snapshot: Snapshot,
  options: { readonly signal?: AbortSignal | undefined } = {},
): Promise<CheckpointOutcome> {
  const { signal } = options;
  const { version } = snapshot;
  const plan = planCheckpoint(
    {
      version,
      protocol: snapshot.protocol,
      metadata: snapshot.metadata,
      transactions: snapshot.transactions.values(),
      domains: snapshot.domains.values(),
    },
    log.clock.now(),
  );
  const key = checkpointKey(version);
  const file = await encodeCheckpoint(snapshot, plan, key, signal);
  if ((await putCheckpoint(log, key, file, signal)) === 'exists') {
    return { outcome: 'exists', version };
  }
  const { sizeBytes } = file;
  const hint = await writeLastCheckpoint(
    log.store,
    { version, size: file.rows, sizeInBytes: sizeBytes, numOfAddFiles: snapshot.files.count },
    { signal },
  );
  return { outcome: 'written', version, sizeBytes, storeMs: hint?.modifiedMs };
}

interface CheckpointFile {
  readonly body: Body;
  readonly sizeBytes: number;
  readonly rows: number;
}

async function encodeCheckpoint(
  snapshot: Snapshot,
  plan: CheckpointPlan,
  key: string,
  signal: AbortSignal | undefined,
): Promise<CheckpointFile> {
  const blocks = snapshot.files.blocks();
  const batches = new CheckpointBatches(await unknownAddFields(blocks, signal));
  const { schema } = batches;
  const encoder = new ParquetFileEncoder({
    schema,
    codec: plan.codec,
    key,
    statistics: false,
    signal,
  });
  await encoder.write(batches.few(plan.few));
  let adds = 0;
  for (const block of blocks) {
    for await (const batch of batches.adds(block, signal)) {
      adds += batch.numRows;
      await encoder.write(batch);
    }
  }
  if (adds !== snapshot.files.count) {
    throw new InternalError({ message: `${adds} of ${snapshot.files.count} files were written` });
  }
  for await (const removes of keptTombstones(snapshot, plan, signal)) {
    await encoder.write(batches.removes(removes));
  }
  const { body, sizeBytes, numRows } = await encoder.finish();
  return { body, sizeBytes, rows: numRows };
}

async function* keptTombstones(
  snapshot: Snapshot,
  plan: CheckpointPlan,
  signal: AbortSignal | undefined,
): AsyncGenerator<readonly RemoveFile[]> {
  let removes: RemoveFile[] = [];
  for await (const remove of snapshot.tombstones(signal)) {
    if (!plan.keepsTombstone(remove)) continue;
    removes.push(remove);
    if (removes.length < BUILT_ROWS) continue;
    yield removes;
    removes = [];
  }
  if (removes.length > 0) yield removes;
}

async function putCheckpoint(
  log: LogContext,
  key: string,
  file: CheckpointFile,
  signal: AbortSignal | undefined,
): Promise<'created' | 'exists'> {
  const outcome = await log.store.putIfAbsent(key, file.body, { signal });
  if (outcome !== 'unknown') return outcome;
  // Whoever's it is, a checkpoint that is there is whole: it appears at once or not at all.
  if ((await log.store.head(key, { signal })) !== undefined) return 'exists';
  throw new StorageUnavailableError({
    message: `the store did not say whether the checkpoint ${key} was written; it is not needed, try again later`,
    key,
    operation: 'putIfAbsent',
  });
}
