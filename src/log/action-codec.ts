/** Commits, bytes to actions and back. PROTOCOL.md "Delta Log Entries", "Actions". */
import { assert, CorruptDataError, LimitError } from '../errors.js';
import { joinBody } from '../storage/object-store.js';
import type { Action } from './actions.js';
import { type CommitLine, decodeLine } from './decode-action.js';
import { encodeAction } from './encode-action.js';

/**
 * Bytes of one line: far above any action (the largest hold a schema), far below a string's limit.
 */
export const MAX_LINE_BYTES: number = 128 * 1024 * 1024;
/** How much of a commit is text at one time; a commit itself may be longer than a string can be. */
const CHUNK_BYTES = 4 * 1024 * 1024;

/**
 * The actions of one commit, in order.
 * @param key - the object the bytes were read from, for the error
 * @throws CorruptDataError when a line is torn, is not UTF-8, is not JSON or has a field of another
 *   type than the protocol's (`position`: the byte offset of the line), or when there is no action
 * @throws LimitError for a line beyond {@link MAX_LINE_BYTES}
 */
export function parseCommit(bytes: Uint8Array, key: string): Action[] {
  const actions: Action[] = [];
  forEachAction(bytes, key, (action) => {
    actions.push(action);
  });
  return actions;
}

/**
 * Visits the actions of one commit in order, each decoded when it is its turn, so that a commit of
 * any length is read in little memory. A visit that answers `'stop'` ends it, and the rest is not
 * looked at.
 * @throws CorruptDataError, LimitError as {@link parseCommit}, after the lines before were visited
 */
export function forEachAction(
  bytes: Uint8Array,
  key: string,
  visit: (action: Action) => unknown,
): void {
  let isEmpty = true;
  for (let start = 0; start < bytes.length; ) {
    const end = chunkEnd(bytes, start, key);
    const chunk = new Chunk(bytes, start, end, key);
    while (chunk.next()) {
      isEmpty = false;
      if (visit(decodeLine(chunk)) === 'stop') return;
    }
    start = end;
  }
  if (isEmpty) throw emptyError(key);
}

/**
 * Visits the lines of one commit that are not blank, by the bytes from `start` to `end`; `line` gives the text.
 * @throws CorruptDataError, LimitError as {@link parseCommit}; for bytes that are no UTF-8 only from `line`
 */
export function forEachLine(
  bytes: Uint8Array,
  key: string,
  visit: (start: number, end: number, line: () => CommitLine) => void,
): void {
  let isEmpty = true;
  for (let start = 0; start < bytes.length; ) {
    const newline = bytes.indexOf(NEWLINE, start);
    const end = newline < 0 ? bytes.length : newline;
    const from = start;
    start = end + 1;
    checkLength(end - from, from, key);
    if (isBlankLine(bytes, from, end)) continue;
    isEmpty = false;
    visit(from, end, () => {
      const chunk = new Chunk(bytes, from, end, key);
      chunk.next();
      return chunk;
    });
  }
  if (isEmpty) throw emptyError(key);
}

/**
 * One commit: a line an action, fields in Spark's order, absent fields left out.
 * @throws InternalError when `commitInfo` is not the first action or an action is of unknown kind
 */
export function encodeCommit(actions: readonly Action[]): Uint8Array {
  const encoder = new TextEncoder();
  const parts: Uint8Array[] = [];
  let text = '';
  for (const [index, action] of actions.entries()) {
    assert(action.kind !== 'commitInfo' || index === 0, 'commitInfo is the first line of a commit');
    text += `${encodeAction(action)}\n`;
    if (text.length > CHUNK_BYTES) {
      parts.push(encoder.encode(text));
      text = '';
    }
  }
  parts.push(encoder.encode(text));
  return joinBody(parts);
}

const NEWLINE = 10;
const SPACE = 32;
const RETURN = 13;
const TAB = 9;

function emptyError(key: string): CorruptDataError {
  return new CorruptDataError({ message: 'a commit holds no action', key, position: 0 });
}

/**
 * The end of the lines that begin at `start` and are decoded together: behind a newline, or the
 * end.
 */
function chunkEnd(bytes: Uint8Array, start: number, key: string): number {
  if (bytes.length - start <= CHUNK_BYTES) return bytes.length;
  const last = bytes.lastIndexOf(NEWLINE, start + CHUNK_BYTES - 1);
  if (last >= start) return last + 1;
  const next = bytes.indexOf(NEWLINE, start + CHUNK_BYTES);
  const end = next < 0 ? bytes.length : next + 1;
  checkLength(end - start, start, key);
  return end;
}

function checkLength(bytes: number, position: number, key: string): void {
  if (bytes <= MAX_LINE_BYTES) return;
  throw new LimitError({
    message: `a line of the log is too long key=${key} position=${position}`,
    limit: 'MAX_LINE_BYTES',
    value: bytes,
    max: MAX_LINE_BYTES,
  });
}

/** Whole lines as text, one of them current. */
class Chunk implements CommitLine {
  readonly key: string;
  text = '';
  readonly #all: string;
  readonly #start: number;
  #lineStart = 0;
  #next = 0;

  constructor(bytes: Uint8Array, start: number, end: number, key: string) {
    this.key = key;
    this.#start = start;
    this.#all = decodeUtf8(bytes.subarray(start, end), start, key);
  }

  get position(): number {
    return this.#start + new TextEncoder().encode(this.#all.slice(0, this.#lineStart)).length;
  }

  /** Moves to the next line that is not blank; false when there is none. */
  next(): boolean {
    while (this.#next < this.#all.length) {
      const newline = this.#all.indexOf('\n', this.#next);
      const end = newline < 0 ? this.#all.length : newline;
      this.#lineStart = this.#next;
      this.#next = end + 1;
      this.text = this.#all.slice(this.#lineStart, end);
      if (!isBlank(this.text)) return true;
    }
    return false;
  }
}

function isBlankLine(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at++) {
    const byte = bytes[at];
    if (byte !== SPACE && byte !== RETURN && byte !== TAB) return false;
  }
  return true;
}

function isBlank(text: string): boolean {
  return text.length === 0 || (text.charCodeAt(0) <= 32 && text.trim() === '');
}

function decodeUtf8(bytes: Uint8Array, position: number, key: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    const message = 'a line of the log is not utf-8; position is near it';
    throw new CorruptDataError({ message, key, position, cause });
  }
}
