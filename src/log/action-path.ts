/**
 * The `path` of an action: a URI reference, encoded once. It is decoded only to find the object,
 * and compared as it is spelled. PROTOCOL.md "Add File and Remove File"; RFC 2396.
 *
 * Paths come from whoever could write to the log, so every one is decoded once, split, and must
 * stay under the table's root: the one resolver for every path of the log.
 */
import { CorruptDataError, InvalidArgumentError } from '../errors.js';
import { LOG } from './log-path.js';

/** Where an action's path leads. */
export type ActionPlace =
  | { readonly kind: 'key' /** The store's key, decoded. */; readonly key: string }
  | { readonly kind: 'absolute' /** The path as it was read. */; readonly url: string };

/**
 * Resolves a path against the table's root. A relative path, and an absolute one that lies under
 * `tableUrl`, has a `key`; any other stays `absolute`, which the caller refuses.
 * @param tableUrl - the canonical URL of the table's root
 * @param logKey - where the path was read, for the error
 * @throws CorruptDataError for a path that leads out of the root by `..`, is empty, is not well
 *   encoded, or holds a control character or half a surrogate pair
 */
export function resolveActionPath(
  path: string,
  tableUrl: string,
  logKey: string = LOG,
): ActionPlace {
  const absolute = splitAbsolute(path);
  if (absolute === undefined) return { kind: 'key', key: dataKey(path, logKey) };
  const root = splitAbsolute(tableUrl);
  if (root === undefined) return { kind: 'absolute', url: path };
  const sameHost =
    (absolute.scheme === undefined || absolute.scheme === root.scheme) &&
    (absolute.authority === root.authority ||
      (absolute.scheme === undefined && absolute.authority === ''));
  if (!sameHost) return { kind: 'absolute', url: path };
  const segments = decodedSegments(absolute.path, path, logKey);
  const rootSegments = decodedSegments(root.path, tableUrl, logKey);
  const isInside =
    segments.length > rootSegments.length &&
    rootSegments.every((segment, index) => segments[index] === segment);
  if (!isInside) return { kind: 'absolute', url: path };
  return { kind: 'key', key: segments.slice(rootSegments.length).join('/') };
}

/**
 * The store's key of a relative path.
 * @throws CorruptDataError as {@link resolveActionPath}, and for an absolute path
 */
export function dataKey(path: string, logKey: string = LOG): string {
  if (splitAbsolute(path) !== undefined) throw damaged('is absolute', path, logKey);
  const segments = decodedSegments(path, path, logKey);
  if (segments.length === 0) throw damaged('is empty', path, logKey);
  return segments.join('/');
}

/**
 * The path of an action for a key, in plain ASCII: whatever RFC 2396 does not allow in a path, and
 * every byte beyond ASCII, is percent-encoded. Spark and delta-rs decode it to the key; delta-rs
 * spells a path so whenever it writes it again.
 * @throws InvalidArgumentError for a key with half a surrogate pair
 */
export function encodeActionPath(key: string): string {
  try {
    const [first = '', ...rest] = key.split('/');
    // A colon in the first segment would read as the end of a scheme.
    return [encodeSegment(first).replaceAll(':', '%3A'), ...rest.map(encodeSegment)].join('/');
  } catch (cause) {
    throw new InvalidArgumentError({
      message: 'a file name is not valid unicode',
      option: 'key',
      cause,
    });
  }
}

/**
 * The spelling by which files are told apart during replay, as Spark does it: an absolute path
 * takes the scheme and host of the table (`/x`, `file:/x` and `file:///x` are one), empty and dot
 * segments go. Nothing is decoded and no case is folded: `%5b` and `%5B` are two files.
 * @param tableUrl - lends its scheme and host to an absolute path that has none
 */
export function reconcileKey(path: string, tableUrl: string = 'file:///'): string {
  if (!NEEDS_RECONCILING.test(path)) return path;
  const absolute = splitAbsolute(path);
  if (absolute === undefined) return withoutDots(path).join('/');
  const host = absolute.scheme === undefined ? splitAbsolute(tableUrl) : absolute;
  const authority = absolute.authority || (host?.authority ?? '');
  const scheme = host?.scheme === undefined ? '' : `${host.scheme}:`;
  return `${scheme}${authority && `//${authority}`}/${withoutDots(absolute.path).join('/')}`;
}

interface AbsolutePath {
  readonly scheme: string | undefined;
  readonly authority: string;
  /** Still encoded, with its leading slash. */
  readonly path: string;
}

const ABSOLUTE = /^(?:([a-z][a-z0-9+.-]*):)?(?:\/\/([^/?#]*))?(.*)$/is;
const LONE_SURROGATE = /\p{Surrogate}/u;
const NEEDS_RECONCILING = /^[/.]|\/[./]|\/$|^[a-z][a-z0-9+.-]*:/i;
/** Characters that `encodeURIComponent` escapes and a path may hold as they are. */
const ALLOWED = /%(?:3A|40|26|3D|2B|24|2C|3B)/g;

/** Undefined for a relative path. A drive letter reads as a scheme, so it is absolute too. */
function splitAbsolute(path: string): AbsolutePath | undefined {
  const [, scheme, authority, rest = ''] = ABSOLUTE.exec(path) ?? [];
  if (scheme === undefined && authority === undefined && !rest.startsWith('/')) return undefined;
  return { scheme: scheme?.toLowerCase(), authority: authority ?? '', path: rest };
}

function encodeSegment(segment: string): string {
  return encodeURIComponent(segment).replace(ALLOWED, decodeURIComponent);
}

/** Segments of an encoded path, decoded once and free of dots; `shown` is for the error. */
function decodedSegments(path: string, shown: string, logKey: string): readonly string[] {
  let decoded: string;
  try {
    decoded = decodeURIComponent(path);
  } catch {
    throw damaged('is not well encoded', shown, logKey);
  }
  if (hasControl(decoded)) throw damaged('holds a control character', shown, logKey);
  if (LONE_SURROGATE.test(decoded)) throw damaged('holds half a surrogate pair', shown, logKey);
  if (decoded.includes('\\') && decoded.split(/[\\/]/).includes('..')) {
    throw damaged('leads out of the table', shown, logKey);
  }
  const segments: string[] = [];
  for (const segment of decoded.split('/')) {
    if (segment === '' || segment === '.') continue;
    if (segment !== '..') segments.push(segment);
    else if (segments.pop() === undefined) throw damaged('leads out of the table', shown, logKey);
  }
  return segments;
}

function hasControl(text: string): boolean {
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code < 0x20 || code === 0x7f) return true;
  }
  return false;
}

/** A path may be as long as a line of the log; an error's message should not be. */
const SHOWN_CHARACTERS = 200;

function withoutDots(path: string): readonly string[] {
  const segments: string[] = [];
  for (const segment of path.split('/')) {
    if (segment === '' || segment === '.') continue;
    if (segment === '..' && segments.length > 0 && segments.at(-1) !== '..') segments.pop();
    else segments.push(segment);
  }
  return segments;
}

function damaged(what: string, path: string, key: string): CorruptDataError {
  const shown = path.length > SHOWN_CHARACTERS ? `${path.slice(0, SHOWN_CHARACTERS)}…` : path;
  const message = `a file path in the log ${what} path=${JSON.stringify(shown)}`;
  return new CorruptDataError({ message, key, field: 'path' });
}
