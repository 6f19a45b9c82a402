/**
 * A commit as its few actions and, when it is large, its adds and removes in columns: no object is kept for a file.
 * Lines as almost every writer spells them are read from their bytes; any other line takes the decoder of actions.
 */

import type { ActionBlock } from './action-block.js';
import { ActionBlockBuilder } from './action-block-builder.js';
import { forEachLine, parseCommit } from './action-codec.js';
import type { Action } from './actions.js';
import { equalBytes } from './arrow-column.js';
import { integerAt } from './bound-text.js';
import { decodeLine } from './decode-action.js';
import { JsonMembers } from './json-members.js';

/** A commit of fewer bytes is kept as objects: making columns of a few files would cost more than it saves. */
export const LARGE_COMMIT_BYTES: number = 512 * 1024;

/** What a commit says. */
export interface ParsedCommit {
  /** All of its actions, or all but the adds and removes when those are in `files`. */
  readonly actions: readonly Action[];
  readonly files: readonly ActionBlock[];
}

/**
 * @param minBytes - from which on it is large
 * @throws CorruptDataError, LimitError as {@link parseCommit}
 */
export function parseFiles(
  bytes: Uint8Array,
  key: string,
  minBytes: number = LARGE_COMMIT_BYTES,
): ParsedCommit {
  if (bytes.length < minBytes) return { actions: parseCommit(bytes, key), files: [] };
  const actions: Action[] = [];
  const files: ActionBlock[] = [];
  let reader = new AddReader(bytes.length);
  const finish = (): void => {
    if (reader.builder.rows > 0) files.push(reader.builder.finish());
  };
  forEachLine(bytes, key, (start, end, line) => {
    if (reader.builder.isFull) {
      finish();
      reader = new AddReader(bytes.length - start);
    }
    if (reader.read(bytes, start, end)) return;
    const action = decodeLine(line());
    if (action.kind === 'add') reader.builder.add(action.add);
    else if (action.kind === 'remove') reader.builder.remove(action.remove);
    else actions.push(action);
  });
  finish();
  return { actions, files };
}

/** Where each member is in the scanner's answer. */
const PATH = 0;
const PARTITION_VALUES = 1;
const SIZE = 2;
const MODIFICATION_TIME = 3;
const DATA_CHANGE = 4;
const STATS = 5;
const FIRST_OTHER = 6;
const OF_ADD = ['path', 'partitionValues', 'size', 'modificationTime', 'dataChange', 'stats'];
/** A line with one of these is left to the decoder. */
const OTHERS = [
  ['add', 'deletionVector'],
  ['add', 'tags'],
  ['add', 'baseRowId'],
  ['add', 'defaultRowCommitVersion'],
  ['add', 'clusteringProvider'],
  ...['remove', 'cdc', 'metaData', 'protocol', 'txn', 'domainMetadata', 'commitInfo'].map(
    (name) => [name],
  ),
  ...['checkpointMetadata', 'sidecar'].map((name) => [name]),
];

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const SLASH = 0x2f;
const OPEN_OBJECT = 0x7b;
const TRUE = 0x74;
const FALSE = 0x66;
const NULL = 0x6e;
const BEGINNING = new TextEncoder().encode('{"add":{');

const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
const BEYOND_ASCII = 0x80;

/** Reads lines that hold an add and nothing unusual. */
class AddReader {
  readonly builder: ActionBlockBuilder;
  readonly #members = new JsonMembers([...OF_ADD.map((name) => ['add', name]), ...OTHERS]);
  readonly #codes = new Map<string, number>();
  #lastMap: Uint8Array = new Uint8Array(0);
  #lastCode = -1;

  constructor(expected: number) {
    this.builder = new ActionBlockBuilder(expected);
  }

  /** False when the line takes the decoder; nothing is gathered then. */
  read(bytes: Uint8Array, start: number, end: number): boolean {
    for (let at = 0; at < BEGINNING.length; at++) {
      if (bytes[start + at] !== BEGINNING[at]) return false;
    }
    const members = this.#members;
    if (!members.scan(bytes, start, end)) return false;
    const { starts, ends } = members;
    for (let other = FIRST_OTHER; other < starts.length; other++) {
      if ((starts[other] ?? -1) >= 0) return false;
    }
    const at = (member: number): number => starts[member] ?? -1;
    const size = integerAt(bytes, at(SIZE), ends[SIZE] ?? 0);
    const time = integerAt(bytes, at(MODIFICATION_TIME), ends[MODIFICATION_TIME] ?? 0);
    const change = bytes[at(DATA_CHANGE)];
    const isUsual =
      at(PATH) >= 0 &&
      members.isPlainText[PATH] === 1 &&
      at(SIZE) >= 0 &&
      size >= 0 &&
      at(MODIFICATION_TIME) >= 0 &&
      time >= 0 &&
      (change === TRUE || change === FALSE) &&
      bytes[at(PARTITION_VALUES)] === OPEN_OBJECT;
    if (!isUsual) return false;
    const code = this.#mapCode(bytes, at(PARTITION_VALUES), ends[PARTITION_VALUES] ?? 0);
    if (code < 0 || !this.#stats(bytes, at(STATS), ends[STATS] ?? 0)) return false;
    this.builder.paths.copy(bytes, at(PATH) + 1, (ends[PATH] ?? 0) - 1);
    this.builder.row({ size, time, isAdd: true, dataChange: change === TRUE, code });
    return true;
  }

  /** The number of partition values by their very text, which repeats from line to line; -1 where it is unusual. */
  #mapCode(bytes: Uint8Array, start: number, end: number): number {
    const text = bytes.subarray(start, end);
    if (this.#lastCode >= 0 && equalBytes(text, this.#lastMap)) return this.#lastCode;
    // Whether it is UTF-8 the decoder of actions tells.
    if (text.some((byte) => byte >= BEYOND_ASCII)) return -1;
    const key = decoder.decode(text);
    const known = this.#codes.get(key);
    const code = known ?? this.#newCode(key);
    if (code < 0) return code;
    this.#codes.set(key, code);
    this.#lastMap = text.slice();
    this.#lastCode = code;
    return code;
  }

  #newCode(key: string): number {
    const parsed = JSON.parse(key) as Readonly<Record<string, unknown>>;
    const map = new Map<string, string | null>();
    for (const name in parsed) {
      const value = parsed[name];
      if (typeof value !== 'string' && value !== null) return -1;
      map.set(name, value);
    }
    return this.builder.codeOf(map);
  }

  /** Takes the statistics' text out of its JSON string; false when an escape in it takes the decoder. */
  #stats(bytes: Uint8Array, start: number, end: number): boolean {
    const { stats } = this.builder;
    if (start < 0 || bytes[start] === NULL) {
      stats.end(undefined);
      return true;
    }
    if (bytes[start] !== QUOTE) return false;
    stats.room(end - start);
    const to = stats.bytes;
    let next = stats.length;
    for (let at = start + 1; at < end - 1; at++) {
      let byte = bytes[at] ?? 0;
      if (byte === BACKSLASH) {
        byte = bytes[++at] ?? 0;
        if (byte !== QUOTE && byte !== BACKSLASH && byte !== SLASH) return false;
      }
      if (byte >= BEYOND_ASCII) return false;
      to[next++] = byte;
    }
    stats.end(next);
    return true;
  }
}
