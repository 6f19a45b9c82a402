/**
 * Patterns of `like`, matched against UTF-8 bytes without decoding them and without backtracking.
 */

/** Any one character, among the bytes of a segment. */
const ANY = 256;

export interface LikePattern {
  /** The text before the first wildcard. */
  readonly prefix: string;
  /**
   * What stands between the `%` signs: bytes, and {@link ANY} for `_`. The first and the last may
   * be empty.
   */
  readonly segments: readonly Int16Array[];
}

/** What a pattern without harder wildcards comes down to. */
export type SimplePattern =
  | { readonly kind: 'equals'; readonly text: string }
  | { readonly kind: 'prefix'; readonly text: string }
  | { readonly kind: 'like'; readonly pattern: LikePattern };

const encoder = new TextEncoder();

/** Compiles a pattern that `checkPattern` accepted. */
export function compilePattern(text: string): SimplePattern {
  const parts: number[][] = [[]];
  let prefix = '';
  let plain = true;
  for (let i = 0; i < text.length; i++) {
    const character = String.fromCodePoint(text.codePointAt(i) ?? 0);
    const segment = parts[parts.length - 1];
    if (character === '%') {
      plain = false;
      // Several % in a row are one.
      if (parts.length === 1 || segment?.length !== 0) parts.push([]);
      continue;
    }
    if (character === '_') {
      plain = false;
      segment?.push(ANY);
      continue;
    }
    const literal = character === '\\' ? (text[++i] ?? '') : character;
    segment?.push(...encoder.encode(literal));
    if (plain) prefix += literal;
    i += literal.length - 1;
  }
  if (plain) return { kind: 'equals', text: prefix };
  const [first = [], last = []] = parts;
  if (parts.length === 2 && last.length === 0 && !first.includes(ANY)) {
    return { kind: 'prefix', text: prefix };
  }
  return {
    kind: 'like',
    pattern: { prefix, segments: parts.map((part) => Int16Array.from(part)) },
  };
}

/**
 * Whether the text in `bytes` from `start` to `end` fits. Each segment is taken at its first place,
 * so every byte is looked at once for each position in a segment at most.
 */
export function matchesLike(
  pattern: LikePattern,
  bytes: Uint8Array,
  start: number,
  end: number,
): boolean {
  const { segments } = pattern;
  const first = segments[0] as Int16Array;
  let at = matchAt(first, bytes, start, end);
  if (segments.length === 1) return at === end;
  for (let i = 1; i < segments.length - 1 && at >= 0; i++) {
    at = findFrom(segments[i] as Int16Array, bytes, at, end);
  }
  if (at < 0) return false;
  return endsWithin(segments[segments.length - 1] as Int16Array, bytes, at, end);
}

/** The position behind `segment` when it fits at `at`, else -1. */
function matchAt(segment: Int16Array, bytes: Uint8Array, at: number, end: number): number {
  let position = at;
  for (const wanted of segment) {
    if (position >= end) return -1;
    if (wanted !== ANY) {
      if (bytes[position++] !== wanted) return -1;
      continue;
    }
    position++;
    while (position < end && isContinuation(bytes[position])) position++;
  }
  return position;
}

function findFrom(segment: Int16Array, bytes: Uint8Array, from: number, end: number): number {
  for (let at = from; at < end; at++) {
    if (isContinuation(bytes[at])) continue;
    const behind = matchAt(segment, bytes, at, end);
    if (behind >= 0) return behind;
  }
  return -1;
}

function endsWithin(segment: Int16Array, bytes: Uint8Array, from: number, end: number): boolean {
  let position = end;
  for (let i = segment.length - 1; i >= 0; i--) {
    if (--position < from) return false;
    if (segment[i] !== ANY) {
      if (bytes[position] !== segment[i]) return false;
      continue;
    }
    while (position > from && isContinuation(bytes[position])) position--;
  }
  return true;
}

function isContinuation(byte: number | undefined): boolean {
  return ((byte ?? 0) & 0xc0) === 0x80;
}
