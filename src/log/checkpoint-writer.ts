/** Writes the checkpoint of a snapshot: one classic file, or one of the v2 spec with sidecars. PROTOCOL.md "Checkpoints". */
import type { Field, RecordBatch } from 'apache-arrow';
import { type Entropy, systemEntropy } from '../clock.js';
import { InternalError } from '../errors.js';
import type { ObjectInfo } from '../storage/object-store.js';
import { type EncodedFile, ParquetFileEncoder } from '../storage/parquet/encode.js';
import type { RemoveFile } from './actions.js';
import { BUILT_ROWS, CheckpointBatches, unknownAddFields } from './checkpoint-batches.js';
import { putCheckpointFile } from './checkpoint-put.js';
import { CHECKPOINT, SIDECAR_FILE, V2_TOP } from './checkpoint-schema.js';
import { type WrittenCheckpoint, writeLastCheckpoint } from './last-checkpoint.js';
import { checkpointKey, LOG, versionDigits } from './log-path.js';
import { readListing } from './log-segment.js';
import { type CheckpointPlan, type FewRow, planCheckpoint } from './plan-checkpoint.js';
import { ACTIONS_PER_SIDECAR, SidecarWriter } from './sidecar-writer.js';
import type { LogContext, Snapshot } from './table-snapshot.js';

/** What became of a checkpoint. `exists`: another writer was first; that one is as good. */
export type CheckpointOutcome =
  | {
      readonly outcome: 'written';
      readonly version: number;
      /** Of all its files. */
      readonly sizeBytes: number;
      /** When the hint was pointed at it, by the store's clock; undefined when it points at a newer one. */
      readonly storeMs: number | undefined;
    }
  | { readonly outcome: 'exists'; readonly version: number };

export interface WriteCheckpointOptions {
  /** Names the files of a v2 checkpoint; the machine's own when undefined. */
  readonly entropy?: Entropy | undefined;
  /** {@link ACTIONS_PER_SIDECAR} when undefined. */
  readonly actionsPerSidecar?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Writes the checkpoint of a snapshot if there is none, of the kind that the table asks for, and points
 * `_last_checkpoint` at it. Never replaces a file. Every field of every active file is kept, those too that the protocol
 * does not know; of the rows of an older checkpoint nothing is made an object, but where statistics are parsed.
 *
 * The caller has made sure that the table may be written (`checkWritable`).
 * @throws InvalidArgumentError for a property that is not understood
 * @throws CorruptDataError for a partition value that is none of its column's type, where it is to be parsed
 * @throws whatever the store throws; the table is as good as before, and sidecars that were written go with the log
 */
export async function writeCheckpoint(
  log: LogContext,
  snapshot: Snapshot,
  options: WriteCheckpointOptions = {},
): Promise<CheckpointOutcome> {
  const { signal } = options;
  const { version } = snapshot;
  // What is left out is lost to everybody, so it must have expired by the store's clock too: this machine's may be ahead.
  const nowMs = Math.min(log.clock.now(), snapshot.storeMs);
  const plan = planCheckpoint(
    {
      version,
      protocol: snapshot.protocol,
      metadata: snapshot.metadata,
      schema: snapshot.schema,
      transactions: snapshot.transactionsAt(nowMs).values(),
      domains: [...snapshot.domains.values()],
    },
    nowMs,
  );
  if (await hasCheckpoint(log, version, signal)) return { outcome: 'exists', version };
  const work = { log, snapshot, plan, signal };
  const written = plan.kind === 'v2' ? await writeV2(work, options) : await writeClassic(work);
  if (written === undefined) return { outcome: 'exists', version };
  const hint = await writeLastCheckpoint(log.store, written, { signal });
  const { sizeInBytes: sizeBytes } = written;
  return { outcome: 'written', version, sizeBytes, storeMs: hint?.modifiedMs };
}

/** One checkpoint to write. */
interface Work {
  readonly log: LogContext;
  readonly snapshot: Snapshot;
  readonly plan: CheckpointPlan;
  readonly signal: AbortSignal | undefined;
}

/** Saves the work where somebody did it; the store decides in the end. */
async function hasCheckpoint(
  { store }: LogContext,
  version: number,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const found: ObjectInfo[] = [];
  const prefix = `${LOG}${versionDigits(version)}.checkpoint.`;
  for await (const info of store.list(prefix, { signal })) found.push(info);
  return readListing(found).checkpoints.length > 0;
}

async function writeClassic(work: Work): Promise<WrittenCheckpoint | undefined> {
  const { log, snapshot, plan, signal } = work;
  const key = checkpointKey(plan.version);
  const unknown = await unknownAddFields(snapshot.files.blocks(), signal);
  const batches = new CheckpointBatches(CHECKPOINT, plan.layout, unknown);
  const encoder = encoderOf(work, batches, key);
  await encoder.write(batches.few(plan.few));
  for await (const batch of fileBatches(work, batches)) await encoder.write(batch);
  const { body, sizeBytes, numRows } = await encoder.finish();
  if ((await putCheckpointFile(log.store, key, body, signal)) === 'exists') return undefined;
  return {
    version: plan.version,
    size: numRows,
    sizeInBytes: sizeBytes,
    numOfAddFiles: snapshot.files.count,
  };
}

/** First the sidecars, then the file that names them: until that is there, nobody knows of them. */
async function writeV2(
  work: Work,
  { entropy = systemEntropy, actionsPerSidecar = ACTIONS_PER_SIDECAR }: WriteCheckpointOptions,
): Promise<WrittenCheckpoint> {
  const { log, snapshot, plan, signal } = work;
  const unknown = await unknownAddFields(snapshot.files.blocks(), signal);
  const inSidecars = new CheckpointBatches(SIDECAR_FILE, plan.layout, unknown);
  const writer = new SidecarWriter(log, {
    schema: inSidecars.schema,
    codec: plan.codec,
    entropy,
    actionsPerSidecar,
    signal,
  });
  let rows = 0;
  for await (const batch of fileBatches(work, inSidecars)) {
    rows += batch.numRows;
    await writer.write(batch);
  }
  const sidecars = await writer.finish();
  const key = `${LOG}${versionDigits(plan.version)}.checkpoint.${entropy.uuid()}.parquet`;
  const few = [...plan.few, ...sidecars.map((value) => ({ column: 'sidecar', value }) as const)];
  const top = await encodeTop(work, key, few, unknown);
  await putCheckpointFile(log.store, key, top.body, signal);
  const info = await log.store.head(key, { signal });
  return {
    version: plan.version,
    size: rows + top.numRows,
    sizeInBytes: sidecars.reduce((sum, { sizeInBytes }) => sum + sizeInBytes, top.sizeBytes),
    numOfAddFiles: snapshot.files.count,
    v2: {
      path: key.slice(LOG.length),
      sizeInBytes: top.sizeBytes,
      modificationTime: info?.modifiedMs ?? log.clock.now(),
    },
  };
}

async function encodeTop(
  work: Work,
  key: string,
  few: readonly FewRow[],
  unknown: readonly Field[],
): Promise<EncodedFile> {
  const batches = new CheckpointBatches(V2_TOP, work.plan.layout, unknown);
  const encoder = encoderOf(work, batches, key);
  await encoder.write(batches.few(few));
  return await encoder.finish();
}

function encoderOf(work: Work, batches: CheckpointBatches, key: string): ParquetFileEncoder {
  const { plan, signal } = work;
  const { schema } = batches;
  return new ParquetFileEncoder({
    schema,
    codec: plan.codec,
    key,
    statistics: false,
    rowGroupRows: BUILT_ROWS,
    signal,
  });
}

/** Every active file, and the tombstones that still protect one. */
async function* fileBatches(
  { snapshot, plan, signal }: Work,
  batches: CheckpointBatches,
): AsyncGenerator<RecordBatch> {
  let adds = 0;
  for (const block of snapshot.files.blocks()) {
    for await (const batch of batches.adds(block, signal)) {
      adds += batch.numRows;
      yield batch;
    }
  }
  if (adds !== snapshot.files.count) {
    throw new InternalError({ message: `${adds} of ${snapshot.files.count} files were written` });
  }
  for await (const removes of keptTombstones(snapshot, plan, signal)) {
    yield batches.removes(removes);
  }
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
