/**
 * The active files and tombstones of a run of versions: a checkpoint's columns that never change, and behind them what
 * JSON commits did, each with the version it came and went at. Snapshots of neighbouring versions share all of it.
 */
import { reconcileKey } from './action-path.js';
import type { Action, AddFile, DeletionVectorDescriptor, RemoveFile } from './actions.js';
import type { TextColumn } from './arrow-column.js';
import {
  ActionColumns,
  type FileBlock,
  type FileColumns,
  FileEntry,
  type FileList,
} from './file-list.js';
import { PathIndex, type RowPlace } from './path-index.js';
import { RowSet } from './row-set.js';

/** One block of a checkpoint: columns, the paths as bytes, and which rows are adds. */
export interface BaseBlock {
  readonly columns: FileColumns;
  readonly paths: TextColumn;
  readonly rows: RowSet;
}

/** The last action on a file, and the versions at which it is the last: from `since`, before `until`. */
interface Entry {
  readonly key: string;
  readonly add: AddFile | undefined;
  readonly remove: RemoveFile | undefined;
  readonly since: number;
  until: number;
}

/** How many entries that no newest snapshot sees are kept before the tail is copied without them. */
const MIN_DEAD_ENTRIES = 1024;

/**
 * PROTOCOL.md "Deletion Vectors", "Derived Fields": what tells two states of one data file apart.
 * @returns '' for a file without a deletion vector
 */
export function deletionVectorId(descriptor: DeletionVectorDescriptor | undefined): string {
  if (descriptor === undefined) return '';
  const { storageType, pathOrInlineDv, offset } = descriptor;
  return `${storageType}${pathOrInlineDv}${offset === undefined ? '' : `@${offset}`}`;
}

/** The primary key of an add or remove, as text; neither part can hold the separator. */
function fileKey(file: AddFile | RemoveFile, tableUrl: string): string {
  return `${deletionVectorId(file.deletionVector)}\n${reconcileKey(file.path, tableUrl)}`;
}

/** What a history begins with. */
interface Origin {
  readonly base: readonly BaseBlock[];
  readonly index: PathIndex;
  readonly tableUrl: string;
}

/**
 * What the versions of one history share. Only ever grows, and only at its newest version: a view of an older one
 * does not change, whatever is added behind it.
 */
class History implements Origin {
  readonly base: readonly BaseBlock[];
  readonly index: PathIndex;
  readonly tableUrl: string;
  /** In the order of the log. */
  entries: Entry[] = [];
  /** The newest version that is in here. */
  head: number;
  dead = 0;
  readonly latest = new Map<string, Entry>();
  /** Rows of the base that ended, by block, with the version at which. */
  readonly ended: Map<number, number>[];

  constructor(origin: Origin, head: number) {
    this.base = origin.base;
    this.index = origin.index;
    this.tableUrl = origin.tableUrl;
    this.head = head;
    this.ended = this.base.map(() => new Map<number, number>());
  }

  /** A history that ends at `version`, for a commit that does not follow the newest one here. */
  upTo(version: number): History {
    const copy = new History(this, version);
    for (const entry of this.entries) {
      if (entry.since > version || entry.until <= version) continue;
      const kept = { ...entry, until: Number.POSITIVE_INFINITY };
      copy.entries.push(kept);
      copy.latest.set(entry.key, kept);
    }
    for (const [block, rows] of this.ended.entries()) {
      for (const [row, since] of rows) if (since <= version) copy.ended[block]?.set(row, since);
    }
    return copy;
  }

  isBloated(): boolean {
    return this.dead > MIN_DEAD_ENTRIES && this.dead * 2 > this.entries.length;
  }
}

/** How much a change adds to the count and the bytes of the active files. */
interface Tally {
  count: number;
  sizeBytes: number;
}

/** The files of one version. */
export class FileState implements FileList {
  readonly count: number;
  readonly sizeBytes: number;
  readonly #history: History;
  readonly #version: number;
  #blocks: readonly FileBlock[] | undefined;

  private constructor(history: History, version: number, tally: Tally) {
    this.#history = history;
    this.#version = version;
    this.count = tally.count;
    this.sizeBytes = tally.sizeBytes;
  }

  /**
   * The files of a checkpoint at `version`; without blocks, of a table before its first commit (-1).
   * @param index - holds the paths of these blocks, in that order
   */
  static start(blocks: readonly BaseBlock[], index: PathIndex, version: number): FileState {
    const base = withoutRepeats(blocks, index);
    const tally = { count: 0, sizeBytes: 0 };
    for (const { columns, rows } of base) {
      tally.count += rows.count;
      for (let row = 0; row < rows.length; row++) {
        if (rows.has(row)) tally.sizeBytes += columns.size(row);
      }
    }
    return new FileState(
      new History({ base, index, tableUrl: index.tableUrl }, version),
      version,
      tally,
    );
  }

  /** Rows of the checkpoint this state began with. */
  get base(): readonly BaseBlock[] {
    return this.#history.base;
  }

  /** The files after the commit `version` with these actions; this state stays as it is. */
  after(version: number, actions: readonly Action[]): FileState {
    // All keys first: an action that cannot be keyed must not leave half a commit behind.
    const keyed = keyedFiles(actions, version, this.#history.tableUrl);
    if (keyed.length === 0 && this.#history.head === this.#version) {
      this.#history.head = version;
      return new FileState(this.#history, version, this);
    }
    const { head } = this.#history;
    const history =
      head === this.#version && !this.#history.isBloated()
        ? this.#history
        : this.#history.upTo(this.#version);
    const tally = { count: this.count, sizeBytes: this.sizeBytes };
    for (const entry of keyed) applyEntry(history, entry, tally);
    history.head = version;
    return new FileState(history, version, tally);
  }

  blocks(): readonly FileBlock[] {
    this.#blocks ??= this.#makeBlocks();
    return this.#blocks;
  }

  *files(): IterableIterator<FileEntry> {
    for (const { columns, live } of this.blocks()) {
      for (const row of live) yield new FileEntry(columns, row);
    }
  }

  async *adds(signal?: AbortSignal): AsyncIterableIterator<AddFile> {
    for (const { columns, live } of this.blocks()) {
      if (live.count === 0) continue;
      const complete = await columns.complete(signal);
      for (const row of live) yield complete.add(row);
    }
  }

  /** How many actions on files are held in memory behind the checkpoint, those of no effect any more included. */
  get heldEntries(): number {
    return this.#history.entries.length;
  }

  /** Tombstones that commits behind the checkpoint left, in the order of the log. */
  *tombstones(): IterableIterator<RemoveFile> {
    for (const entry of this.#history.entries) {
      if (entry.remove !== undefined && this.#sees(entry)) yield entry.remove;
    }
  }

  /** Whether a commit behind the checkpoint said anything of the file that a checkpoint's tombstone names. */
  overrides(tombstone: RemoveFile): boolean {
    const entry = this.#history.latest.get(fileKey(tombstone, this.#history.tableUrl));
    if (entry === undefined) return false;
    if (this.#sees(entry)) return true;
    return this.#history.entries.some(
      ({ key, since }) => key === entry.key && since <= this.#version,
    );
  }

  #sees(entry: Entry): boolean {
    return entry.since <= this.#version && this.#version < entry.until;
  }

  #makeBlocks(): FileBlock[] {
    const blocks: FileBlock[] = [];
    for (const [index, { columns, rows }] of this.#history.base.entries()) {
      const ended = [...(this.#history.ended[index] ?? [])]
        .filter(([, since]) => since <= this.#version)
        .map(([row]) => row);
      blocks.push({ columns, live: rows.without(ended) });
    }
    const adds: AddFile[] = [];
    for (const entry of this.#history.entries) {
      if (entry.add !== undefined && this.#sees(entry)) adds.push(entry.add);
    }
    if (adds.length > 0) {
      blocks.push({ columns: new ActionColumns(adds), live: RowSet.all(adds.length) });
    }
    return blocks;
  }
}

function keyedFiles(actions: readonly Action[], version: number, tableUrl: string): Entry[] {
  const entries: Entry[] = [];
  const until = Number.POSITIVE_INFINITY;
  for (const action of actions) {
    if (action.kind === 'add') {
      const { add } = action;
      entries.push({ key: fileKey(add, tableUrl), add, remove: undefined, since: version, until });
    } else if (action.kind === 'remove') {
      const { remove } = action;
      entries.push({
        key: fileKey(remove, tableUrl),
        add: undefined,
        remove,
        since: version,
        until,
      });
    }
  }
  return entries;
}

function applyEntry(history: History, entry: Entry, tally: Tally): void {
  const before = history.latest.get(entry.key);
  if (before !== undefined) {
    before.until = entry.since;
    history.dead++;
    if (before.add !== undefined) {
      tally.count--;
      tally.sizeBytes -= before.add.size;
    }
  } else {
    endBaseRows(history, entry, tally);
  }
  history.entries.push(entry);
  history.latest.set(entry.key, entry);
  if (entry.add !== undefined) {
    tally.count++;
    tally.sizeBytes += entry.add.size;
  }
}

function endBaseRows(history: History, entry: Entry, tally: Tally): void {
  const file = entry.add ?? entry.remove;
  if (file === undefined || history.base.length === 0) return;
  const id = deletionVectorId(file.deletionVector);
  for (const { block, row } of history.index.find(reconcileKey(file.path, history.tableUrl))) {
    const found = history.base[block];
    const ended = history.ended[block];
    if (found === undefined || ended === undefined) continue;
    if (!found.rows.has(row) || ended.has(row)) continue;
    if (deletionVectorId(found.columns.deletionVector(row)) !== id) continue;
    ended.set(row, entry.since);
    tally.count--;
    tally.sizeBytes -= found.columns.size(row);
  }
}

/** A checkpoint that names one (path, deletion vector) twice, as racing writers of its parts can, holds it once. */
function withoutRepeats(blocks: readonly BaseBlock[], index: PathIndex): readonly BaseBlock[] {
  const spare = new Map<number, Set<number>>();
  for (const [earlier, later] of index.repeated()) {
    if (idAt(blocks, earlier) !== idAt(blocks, later)) continue;
    const rows = spare.get(earlier.block) ?? new Set<number>();
    spare.set(earlier.block, rows.add(earlier.row));
  }
  if (spare.size === 0) return blocks;
  return blocks.map(({ columns, paths, rows }, at) => ({
    columns,
    paths,
    rows: rows.without(spare.get(at) ?? []),
  }));
}

function idAt(blocks: readonly BaseBlock[], place: RowPlace): string {
  return deletionVectorId(blocks[place.block]?.columns.deletionVector(place.row));
}
