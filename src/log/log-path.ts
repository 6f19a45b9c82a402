/** Names in `_delta_log/`. PROTOCOL.md "File Types", "Checkpoint Naming Scheme". */
import { assert, LimitError } from '../errors.js';

/** The folder of the log, as a prefix of keys. */
export const LOG: string = '_delta_log/';
/** The key of the hint at the newest checkpoint. */
export const LAST_CHECKPOINT_KEY: string = `${LOG}_last_checkpoint`;
/** The folder of the sidecars of v2 checkpoints, as a prefix of keys. */
export const SIDECARS: string = `${LOG}_sidecars/`;

/** What a name in the log says. `other` is everything that reading a table does not look at. */
export type LogName =
  | { readonly kind: 'commit'; readonly version: number }
  | { readonly kind: 'checkpoint'; readonly version: number }
  | {
      readonly kind: 'checkpoint-part';
      readonly version: number;
      /** From 1 to `parts`. */
      readonly part: number;
      readonly parts: number;
    }
  | {
      readonly kind: 'checkpoint-v2';
      readonly version: number;
      readonly uuid: string;
      readonly format: 'json' | 'parquet';
    }
  | { readonly kind: 'compaction'; readonly from: number; readonly to: number }
  | { readonly kind: 'crc'; readonly version: number }
  | { readonly kind: 'other' };

/** The key of the commit that made `version`. */
export function commitKey(version: number): string {
  return `${LOG}${versionDigits(version)}.json`;
}

/** The key of the classic one-file checkpoint of `version`. */
export function checkpointKey(version: number): string {
  return `${LOG}${versionDigits(version)}.checkpoint.parquet`;
}

/** The key of one part of a multi-part checkpoint. */
export function checkpointPartKey(version: number, part: number, parts: number): string {
  const [number, count] = [part, parts].map((value) => String(value).padStart(PART_DIGITS, '0'));
  return `${LOG}${versionDigits(version)}.checkpoint.${number}.${count}.parquet`;
}

/** The key of the version checksum of `version`. */
export function crcKey(version: number): string {
  return `${LOG}${versionDigits(version)}.crc`;
}

/** A version as names in the log spell it: twenty digits. */
export function versionDigits(version: number): string {
  assert(Number.isSafeInteger(version) && version >= 0, 'a version is a safe integer from 0');
  return String(version).padStart(VERSION_DIGITS, '0');
}

/**
 * What the name of an object directly in the log says.
 * @param name - the key without {@link LOG}
 * @throws LimitError for a version above 2^53 - 1, which no writer reaches
 */
export function parseLogName(name: string): LogName {
  if (!NAME.test(name)) return OTHER;
  const version = parseVersion(name.slice(0, VERSION_DIGITS), name);
  const rest = name.slice(VERSION_DIGITS + '.'.length);
  if (rest === 'json') return { kind: 'commit', version };
  if (rest === 'crc') return { kind: 'crc', version };
  if (rest === 'checkpoint.parquet') return { kind: 'checkpoint', version };
  return parsePart(version, rest) ?? parseV2(version, rest) ?? parseCompaction(version, rest, name);
}

const OTHER: LogName = { kind: 'other' };
const VERSION_DIGITS = 20;
const PART_DIGITS = 10;
const NAME = /^\d{20}\../s;
const PART = /^checkpoint\.(\d{10})\.(\d{10})\.parquet$/;
const V2 = /^checkpoint\.([\da-fA-F]{8}(?:-[\da-fA-F]{4}){3}-[\da-fA-F]{12})\.(json|parquet)$/;
const COMPACTION = /^(\d{20})\.compacted\.json$/;

function parsePart(version: number, rest: string): LogName | undefined {
  const match = PART.exec(rest);
  if (match === null) return undefined;
  const part = Number(match[1]);
  const parts = Number(match[2]);
  return part >= 1 && part <= parts ? { kind: 'checkpoint-part', version, part, parts } : OTHER;
}

function parseV2(version: number, rest: string): LogName | undefined {
  const [, uuid, format] = V2.exec(rest) ?? [];
  if (uuid === undefined) return undefined;
  return { kind: 'checkpoint-v2', version, uuid, format: format === 'json' ? 'json' : 'parquet' };
}

function parseCompaction(from: number, rest: string, name: string): LogName {
  const [, digits] = COMPACTION.exec(rest) ?? [];
  if (digits === undefined) return OTHER;
  const to = parseVersion(digits, name);
  return to > from ? { kind: 'compaction', from, to } : OTHER;
}

function parseVersion(digits: string, name: string): number {
  const version = Number(digits);
  if (Number.isSafeInteger(version)) return version;
  throw new LimitError({
    message: `a version of the log is too large name=${name}`,
    limit: 'Number.MAX_SAFE_INTEGER',
    value: version,
    max: Number.MAX_SAFE_INTEGER,
  });
}
