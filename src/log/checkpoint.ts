/**
 * Opens a checkpoint of any kind: classic, in parts, or of the v2 spec, whose adds and removes may be in sidecars.
 * PROTOCOL.md "Checkpoints", "V2 Spec", "Checkpoint Naming Scheme".
 */
import { CorruptDataError, NotFoundError } from '../errors.js';
import type { ObjectInfo } from '../storage/object-store.js';
import { storeSource } from '../storage/parquet/source.js';
import { resolveActionPath } from './action-path.js';
import type { Sidecar } from './actions.js';
import type { CheckpointContent } from './checkpoint-content.js';
import { readParts, readSidecars } from './checkpoint-reader.js';
import { SIDECARS } from './log-path.js';
import type { CheckpointCandidate } from './log-segment.js';
import { parseFiles } from './parse-files.js';
import { PathIndex } from './path-index.js';
import type { LogContext } from './table-snapshot.js';

/**
 * Reads a checkpoint.
 * @throws CorruptDataError when one of its files is damaged or breaks the rules of its spec; NotFoundError (kind
 * `object`) when one is gone
 * @throws UnsupportedFeatureError when pages are compressed in a way we cannot read
 */
export async function readCheckpoint(
  log: LogContext,
  candidate: CheckpointCandidate,
  signal: AbortSignal | undefined,
): Promise<CheckpointContent> {
  const index = new PathIndex(log.url);
  const top = await readTop(log, candidate, index, signal);
  checkSpec(candidate, top);
  const { sidecars } = top;
  if (sidecars.length === 0) return { ...top, index };
  const key = firstKey(candidate);
  const sources = sidecars.map((sidecar) =>
    storeSource(log.store, sidecarKey(sidecar, log.url, key), { sizeBytes: sidecar.sizeInBytes }),
  );
  const inSidecars = await readParts(sources, index, 'files', signal);
  return { ...top, parts: [...top.parts, ...inSidecars.parts], blocks: inSidecars.blocks, index };
}

/**
 * The keys of the sidecars that a checkpoint names; its files are not read.
 * @throws as {@link readCheckpoint}
 */
export async function sidecarKeys(
  log: LogContext,
  candidate: CheckpointCandidate,
  signal: AbortSignal | undefined,
): Promise<readonly string[]> {
  const [file] = candidate.files;
  const sidecars =
    file?.key.endsWith('.json') === true
      ? (await readJson(log, file, signal)).sidecars
      : await readSidecars(
          candidate.files.map((info) => storeSource(log.store, info.key, info)),
          signal,
        );
  return sidecars.map((sidecar) => sidecarKey(sidecar, log.url, firstKey(candidate)));
}

type Top = Omit<CheckpointContent, 'index'>;

async function readTop(
  log: LogContext,
  candidate: CheckpointCandidate,
  index: PathIndex,
  signal: AbortSignal | undefined,
): Promise<Top> {
  const [file] = candidate.files;
  if (file?.key.endsWith('.json') === true) return await readJson(log, file, signal);
  const sources = candidate.files.map((info) => storeSource(log.store, info.key, info));
  return { ...(await readParts(sources, index, 'all', signal)), files: [] };
}

async function readJson(
  { store }: LogContext,
  { key, etag }: ObjectInfo,
  signal: AbortSignal | undefined,
): Promise<Top> {
  const object = await store.get(key, { ifMatch: etag, signal });
  if (object === undefined) {
    const message = `the checkpoint ${key} was listed and is gone`;
    throw new NotFoundError({ message, kind: 'object', thing: key });
  }
  const { actions, files } = parseFiles(object.bytes, key, 0);
  return {
    parts: [],
    blocks: [],
    files,
    protocol: actions.find((action) => action.kind === 'protocol')?.protocol,
    metadata: actions.find((action) => action.kind === 'metaData')?.metaData,
    transactions: actions.flatMap((action) => (action.kind === 'txn' ? [action.txn] : [])),
    domains: actions.flatMap((action) =>
      action.kind === 'domainMetadata' ? [action.domainMetadata] : [],
    ),
    checkpointMetadata: actions.flatMap((action) =>
      action.kind === 'checkpointMetadata' ? [action.checkpointMetadata] : [],
    ),
    sidecars: actions.flatMap((action) => (action.kind === 'sidecar' ? [action.sidecar] : [])),
  };
}

/** A checkpoint that breaks these rules was not written by anybody who knew what belongs in it. */
function checkSpec(candidate: CheckpointCandidate, top: Top): void {
  const { checkpointMetadata, sidecars } = top;
  const [own] = checkpointMetadata;
  const isV2 = own !== undefined || sidecars.length > 0 || candidate.kind === 'v2';
  if (!isV2) return;
  if (candidate.kind === 'multi-part') throw corrupt(candidate, 'has parts and is of the v2 spec');
  if (own === undefined || checkpointMetadata.length > 1) {
    const count = checkpointMetadata.length;
    throw corrupt(candidate, `has ${count} checkpointMetadata actions instead of one`);
  }
  if (own.version !== candidate.version) {
    throw corrupt(candidate, `says in its checkpointMetadata that it is of version ${own.version}`);
  }
  if (sidecars.length > 0 && (top.blocks.length > 0 || top.files.length > 0)) {
    throw corrupt(candidate, 'has files of its own beside those in sidecars');
  }
}

/** The key of a sidecar: nothing outside the folder of sidecars is read. */
function sidecarKey({ path }: Sidecar, tableUrl: string, checkpointKey: string): string {
  const folder = SIDECARS.slice(0, -1);
  const place = resolveActionPath(path, `${tableUrl}/${folder}`, checkpointKey);
  if (place.kind === 'key') return `${SIDECARS}${place.key}`;
  throw new CorruptDataError({
    message: `a sidecar of the checkpoint lies outside ${folder} path=${JSON.stringify(path)}`,
    key: checkpointKey,
    field: 'sidecar.path',
  });
}

function corrupt(candidate: CheckpointCandidate, what: string): CorruptDataError {
  return new CorruptDataError({
    message: `the checkpoint ${what}; delete it or write a new one`,
    key: firstKey(candidate),
    field: 'checkpointMetadata',
  });
}

function firstKey(candidate: CheckpointCandidate): string {
  return candidate.files[0]?.key ?? '';
}
