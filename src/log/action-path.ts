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
  const outside: ActionPlace = { kind: 'absolute', url: path };
  const root = splitAbsolute(tableUrl);
  if (root === undefined) return outside;
  const { scheme, authority } = qualified(absolute, root);
  if (scheme !== root.scheme || authority !== root.authority) return outside;
  const segments = decodedSegments(absolute.path, path, logKey);
  const rootSegments = decodedSegments(root.path, tableUrl, logKey);
  const isInside =
    segments.length > rootSegments.length &&
    rootSegments.every((segment, index) => segments[index] === segment);
  if (!isInside) return outside;
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
    const path = key.split('/').map(encodeSegment).join('/');
    // A colon in the first segment would read as the end of a scheme.
    return path.replace(FIRST_SEGMENT, (first) => first.replaceAll(':', '%3A'));
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
 * segments go, but for the dot before a first segment like `a:b`. Nothing is decoded and no case is
 * folded: `%5b` and `%5B` are two files.
 * @param tableUrl - lends its scheme and host to an absolute path that has none
 */
export function reconcileKey(path: string, tableUrl: string): string {
  const absolute = splitAbsolute(path);
  if (absolute === undefined) {
    const key = withoutDots(path).join('/');
    // RFC 2396, 5: without its dot this would be absolute, and another file.
    return SCHEME.test(key) ? `./${key}` : key;
  }
  const { scheme, authority } = qualified(absolute, splitAbsolute(tableUrl));
  return `${scheme}${authority && `//${authority}`}/${withoutDots(absolute.path).join('/')}`;
}

interface Host {
  /** In lower case, with its colon; '' without one. */
  readonly scheme: string;
  /** '' without one. */
  readonly authority: string;
}

interface AbsolutePath extends Host {
  /** Still encoded, with its leading slash. */
  readonly path: string;
}

const SCHEME = /^[a-z][a-z0-9+.-]*:/i;
const SLASHES_AND_AUTHORITY = /^\/\/[^/?#]*/;
const FIRST_SEGMENT = /^[^/]*/;
/** The control characters of ASCII: of all that Unicode has, not the ones beyond it. */
const CONTROL = /[^\P{Cc}\u0080-\u009f]/u;
const LONE_SURROGATE = /\p{Surrogate}/u;
/** Characters that `encodeURIComponent` escapes and a path may hold as they are. */
const ALLOWED = /%(?:3A|40|26|3D|2B|24|2C|3B)/g;

/** Undefined for a relative path. A drive letter reads as a scheme, so it is absolute too. */
function splitAbsolute(path: string): AbsolutePath | undefined {
  const scheme = SCHEME.exec(path)?.[0] ?? '';
  if (scheme === '' && !path.startsWith('/')) return undefined;
  const behind = path.slice(scheme.length);
  const host = SLASHES_AND_AUTHORITY.exec(behind)?.[0] ?? '';
  return {
    scheme: scheme.toLowerCase(),
    authority: host.slice('//'.length),
    path: behind.slice(host.length),
  };
}

/** A path without a scheme is one of the table's scheme, and of its host unless it names another. */
function qualified(absolute: AbsolutePath, root: Host | undefined): Host {
  if (absolute.scheme !== '' || root === undefined) return absolute;
  return { scheme: root.scheme, authority: absolute.authority || root.authority };
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
  if (CONTROL.test(decoded)) throw damaged('holds a control character', shown, logKey);
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
