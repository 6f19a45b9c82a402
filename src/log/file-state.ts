/**
 * The active files and tombstones of a run of versions: a checkpoint's columns that never change, and behind them what
 * JSON commits did, each with the version it came and went at. Snapshots of neighbouring versions share all of it.
 */
import type { ActionBlock } from './action-block.js';
import type { Action, AddFile, RemoveFile } from './actions.js';
import {
  type BaseBlock,
  deletionVectorId,
  type Entry,
  entriesOf,
  History,
} from './file-history.js';
import { ActionColumns, type FileBlock, FileEntry, type FileList } from './file-list.js';
import type { PathIndex, RowPlace } from './path-index.js';
import { RowSet } from './row-set.js';

const NONE: ReadonlyMap<number, number> = new Map();

interface FileTally {
  readonly count: number;
  readonly sizeBytes: number;
}

/** The files of one version. */
export class FileState implements FileList {
  readonly count: number;
  readonly sizeBytes: number;
  readonly #history: History;
  readonly #version: number;
  #blocks: readonly FileBlock[] | undefined;

  private constructor(history: History, version: number, tally: FileTally) {
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

  /**
   * The files after the commit `version` with these actions; this state stays as it is.
   * @param blocks - the adds and removes of a large commit, which are then not among the actions
   */
  after(
    version: number,
    actions: readonly Action[],
    blocks: readonly ActionBlock[] = [],
  ): FileState {
    // All keys first: an action that cannot be keyed must not leave half a commit behind.
    const keyed = entriesOf(actions, version, this.#history.tableUrl);
    if (keyed.length + blocks.length === 0 && this.#history.head === this.#version) {
      this.#history.head = version;
      return new FileState(this.#history, version, this);
    }
    const { head } = this.#history;
    const history =
      head === this.#version && !this.#history.isBloated()
        ? this.#history
        : this.#history.upTo(this.#version);
    const tally = { count: this.count, sizeBytes: this.sizeBytes };
    for (const block of blocks) history.append(block, version, tally);
    for (const entry of keyed) history.apply(entry, tally);
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

  /** How many actions on files are held as objects behind the checkpoint, those of no effect any more included. */
  get heldEntries(): number {
    return this.#history.entries.length;
  }

  /** Tombstones that commits behind the checkpoint left: of large commits first, each in the order of the log. */
  *tombstones(): IterableIterator<RemoveFile> {
    for (const { block, since, ended } of this.#history.tail) {
      if (since > this.#version) break;
      for (let row = 0; row < block.length; row++) {
        if (!block.rows.has(row) && !this.#hasEnded(ended, row)) yield block.remove(row);
      }
    }
    for (const entry of this.#history.entries) {
      if (entry.remove !== undefined && this.#sees(entry)) yield entry.remove;
    }
  }

  /** Whether a commit behind the checkpoint said anything of the file that a checkpoint's tombstone names. */
  overrides(tombstone: RemoveFile): boolean {
    return this.#history.saysOf(tombstone, this.#version);
  }

  #hasEnded(ended: ReadonlyMap<number, number>, row: number): boolean {
    return (ended.get(row) ?? Number.POSITIVE_INFINITY) <= this.#version;
  }

  #sees(entry: Entry): boolean {
    return entry.since <= this.#version && this.#version < entry.until;
  }

  #without(rows: RowSet, ended: ReadonlyMap<number, number> | undefined): RowSet {
    return rows.without(
      [...(ended?.keys() ?? [])].filter((row) => this.#hasEnded(ended ?? NONE, row)),
    );
  }

  #makeBlocks(): FileBlock[] {
    const blocks: FileBlock[] = [];
    for (const [index, { columns, rows }] of this.#history.base.entries()) {
      blocks.push({ columns, live: this.#without(rows, this.#history.ended[index]) });
    }
    for (const { block, since, ended } of this.#history.tail) {
      if (since > this.#version) break;
      blocks.push({ columns: block, live: this.#without(block.rows, ended) });
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

/** A checkpoint that names one (path, deletion vector) twice, as racing writers of its parts can, holds it once. */
function withoutRepeats(blocks: readonly BaseBlock[], index: PathIndex): readonly BaseBlock[] {
  const spare = new Map<number, Set<number>>();
  for (const places of index.repeated()) {
    const last = new Map<string, RowPlace>();
    for (const place of places) {
      const id = idAt(blocks, place);
      const earlier = last.get(id);
      last.set(id, place);
      if (earlier === undefined) continue;
      const rows = spare.get(earlier.block) ?? new Set<number>();
      spare.set(earlier.block, rows.add(earlier.row));
    }
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
