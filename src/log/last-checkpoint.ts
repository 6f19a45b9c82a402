/**
 * `_last_checkpoint`: a hint at a recent checkpoint, never more. It may be missing, stale, torn or
 * wrong, so whatever it says is looked up in the listing. PROTOCOL.md "Last Checkpoint File".
 */
import { isVarveError } from '../errors.js';
import type { CallContext, ObjectInfo, ObjectStore } from '../storage/object-store.js';
import { isJsonObject, type Json, parseJson } from './json.js';
import { LAST_CHECKPOINT_KEY } from './log-path.js';

/** What the hint says of a checkpoint. */
export interface LastCheckpointHint {
  readonly version: number;
  /** Actions in the checkpoint. */
  readonly size?: number | undefined;
  readonly sizeInBytes?: number | undefined;
  readonly numOfAddFiles?: number | undefined;
  /** How many files a multi-part checkpoint has. */
  readonly parts?: number | undefined;
  /** The file name of a v2 checkpoint. */
  readonly v2Path?: string | undefined;
}

/**
 * Bytes that a hint may have; Spark may put the checkpoint's schema and the non-file actions into
 * it.
 */
export const MAX_HINT_BYTES: number = 16 * 1024 * 1024;

/**
 * Reads the hint; undefined when there is none or it is not to be trusted.
 * @throws StorageUnavailableError, AccessDeniedError of the store
 */
export async function readLastCheckpoint(
  store: ObjectStore,
  context: CallContext = {},
): Promise<LastCheckpointHint | undefined> {
  const range = { start: 0, end: MAX_HINT_BYTES };
  const object = await store.get(LAST_CHECKPOINT_KEY, { range, signal: context.signal });
  if (object === undefined || object.info.sizeBytes > MAX_HINT_BYTES) return undefined;
  return parseLastCheckpoint(object.bytes);
}

/** The hint in these bytes; undefined for anything that is not exactly one, with each name once. */
export function parseLastCheckpoint(bytes: Uint8Array): LastCheckpointHint | undefined {
  let json: Json;
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    json = parseJson(text, { key: LAST_CHECKPOINT_KEY }, { uniqueNames: true });
  } catch (error) {
    if (error instanceof TypeError || isVarveError(error, 'CORRUPT_DATA', 'LIMIT')) {
      return undefined;
    }
    throw error;
  }
  if (!isJsonObject(json)) return undefined;
  const version = count(json['version']);
  if (version === undefined) return undefined;
  const v2 = json['v2Checkpoint'];
  const v2Path = isJsonObject(v2) ? v2['path'] : undefined;
  return {
    version,
    size: count(json['size']),
    sizeInBytes: count(json['sizeInBytes']),
    numOfAddFiles: count(json['numOfAddFiles']),
    parts: count(json['parts']),
    v2Path: typeof v2Path === 'string' ? v2Path : undefined,
  };
}

/** What Varve knows of a checkpoint it has written. */
export interface WrittenCheckpoint {
  readonly version: number;
  /** Actions in the checkpoint. */
  readonly size: number;
  /** Of all its files. */
  readonly sizeInBytes: number;
  readonly numOfAddFiles: number;
  /** The file that names the others, of a checkpoint of the v2 spec. */
  readonly v2?:
    | {
        /** Its name in the log. */
        readonly path: string;
        readonly sizeInBytes: number;
        readonly modificationTime: number;
      }
    | undefined;
}

/**
 * Points the hint at a checkpoint, unless it points at that or a newer one already. Two writers may
 * race and the older one win; readers lose only a little time by it.
 * @returns the hint's own object; undefined when it was left as it is
 * @throws StorageUnavailableError, AccessDeniedError of the store
 */
export async function writeLastCheckpoint(
  store: ObjectStore,
  written: WrittenCheckpoint,
  context: CallContext = {},
): Promise<ObjectInfo | undefined> {
  const current = await readLastCheckpoint(store, context);
  if (current !== undefined && current.version >= written.version) return undefined;
  const bytes = encodeLastCheckpoint(written);
  return await store.put(LAST_CHECKPOINT_KEY, bytes, { signal: context.signal });
}

/**
 * One line, without a newline as Spark writes it; without a checksum, which readers take as
 * unchecked.
 */
export function encodeLastCheckpoint(written: WrittenCheckpoint): Uint8Array {
  const { version, size, sizeInBytes, numOfAddFiles, v2 } = written;
  const text = JSON.stringify({ version, size, sizeInBytes, numOfAddFiles, v2Checkpoint: v2 });
  return new TextEncoder().encode(text);
}

function count(value: Json | undefined): number | undefined {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : undefined;
}
