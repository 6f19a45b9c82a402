/**
 * What the commits behind a checkpoint did to its files: rows that ended, and what came instead, as columns where a
 * commit was large and as objects where it was small; each with the version it came and went at.
 */
import type { ActionBlock } from './action-block.js';
import { reconcileKey } from './action-path.js';
import type { Action, AddFile, DeletionVectorDescriptor, RemoveFile } from './actions.js';
import type { TextColumn } from './arrow-column.js';
import type { FileColumns } from './file-list.js';
import { PathIndex, type RowPlace } from './path-index.js';
import type { RowSet } from './row-set.js';

/** One block of a checkpoint: columns, the paths as bytes, and which rows are adds. */
export interface BaseBlock {
  readonly columns: FileColumns;
  readonly paths: TextColumn;
  readonly rows: RowSet;
}

/** The last action on a file, and the versions at which it is the last: from `since`, before `until`. */
export interface Entry {
  readonly key: string;
  readonly add: AddFile | undefined;
  readonly remove: RemoveFile | undefined;
  readonly since: number;
  until: number;
}

/** What one large commit did; of each row that ended, the version at which. */
export interface TailBlock {
  readonly block: ActionBlock;
  readonly since: number;
  readonly ended: Map<number, number>;
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

/** How much a change adds to the count and the bytes of the active files. */
export interface Tally {
  count: number;
  sizeBytes: number;
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
export class History implements Origin {
  readonly base: readonly BaseBlock[];
  readonly index: PathIndex;
  readonly tableUrl: string;
  /** What small commits did, in the order of the log. */
  entries: Entry[] = [];
  /** What large commits did, in the order of the log. */
  readonly tail: TailBlock[] = [];
  /** The newest version that is in here. */
  head: number;
  /** Rows of the base that ended, by block, with the version at which. */
  readonly ended: readonly Map<number, number>[];
  readonly #tailIndex: PathIndex;
  readonly #latest = new Map<string, Entry>();
  /** The version that first said something of a key, for entries and for what a later row replaced. */
  readonly #firstSince = new Map<string, number>();
  #dead = 0;

  constructor(origin: Origin, head: number) {
    this.base = origin.base;
    this.index = origin.index;
    this.tableUrl = origin.tableUrl;
    this.head = head;
    this.ended = this.base.map(() => new Map<number, number>());
    this.#tailIndex = new PathIndex(origin.tableUrl);
  }

  /** A history that ends at `version`, for a commit that does not follow the newest one here. */
  upTo(version: number): History {
    const copy = new History(this, version);
    for (const { block, since, ended } of this.tail) {
      if (since > version) continue;
      copy.tail.push({ block, since, ended: endedBy(ended, version) });
      copy.#tailIndex.append(block, EMPTY, (row, earlier) =>
        copy.#isSameVector(block, row, earlier),
      );
    }
    for (const entry of this.entries) {
      if (entry.since > version || entry.until <= version) continue;
      const kept = { ...entry, until: Number.POSITIVE_INFINITY };
      copy.entries.push(kept);
      copy.#latest.set(entry.key, kept);
    }
    for (const [key, since] of endedBy(this.#firstSince, version)) copy.#firstSince.set(key, since);
    for (const [block, rows] of this.ended.entries()) {
      for (const [row, since] of endedBy(rows, version)) copy.ended[block]?.set(row, since);
    }
    return copy;
  }

  isBloated(): boolean {
    return this.#dead > MIN_DEAD_ENTRIES && this.#dead * 2 > this.entries.length;
  }

  /** Takes in what a large commit did, row by row: of one file the last counts. */
  append(block: ActionBlock, since: number, tally: Tally): void {
    this.tail.push({ block, since, ended: new Map() });
    const files = this.tail.length - 1;
    const isWatched = this.#latest.size > 0;
    this.#tailIndex.append(block, this.index, (row, earlier, isBase) => {
      const id = deletionVectorId(block.deletionVector(row));
      if (isBase) {
        this.#endBaseRow(earlier.block, earlier.row, { id, since, tally });
        return false;
      }
      this.#endTailRow(earlier.block, earlier.row, { id, since, tally });
      if (!this.#isSameVector(block, row, earlier)) return false;
      this.#firstSaid(this.#keyOf(block, row), this.tail[earlier.block]?.since ?? since);
      return true;
    });
    for (let row = 0; row < block.length; row++) {
      if (isWatched) this.#endEntry(this.#keyOf(block, row), since, tally);
      if (!block.rows.has(row) || this.tail[files]?.ended.has(row) === true) continue;
      tally.count++;
      tally.sizeBytes += block.size(row);
    }
  }

  apply(entry: Entry, tally: Tally): void {
    if (!this.#endEntry(entry.key, entry.since, tally)) this.#endRows(entry, tally);
    this.entries.push(entry);
    this.#latest.set(entry.key, entry);
    this.#firstSaid(entry.key, entry.since);
    if (entry.add === undefined) return;
    tally.count++;
    tally.sizeBytes += entry.add.size;
  }

  /** What the commits behind the checkpoint said of a file at any version up to this one. */
  saysOf(file: AddFile | RemoveFile, version: number): boolean {
    const first = this.#firstSince.get(entryKey(file, this.tableUrl));
    return (first !== undefined && first <= version) || this.#isInTail(file, version);
  }

  #isInTail(file: AddFile | RemoveFile, version: number): boolean {
    if (this.tail.length === 0) return false;
    const id = deletionVectorId(file.deletionVector);
    const places = this.#tailIndex.find(reconcileKey(file.path, this.tableUrl));
    return places.some(({ block, row }) => {
      const found = this.tail[block];
      if (found === undefined || found.since > version) return false;
      return deletionVectorId(found.block.deletionVector(row)) === id;
    });
  }

  #firstSaid(key: string, since: number): void {
    const known = this.#firstSince.get(key);
    // A row that is replaced only now may have said it before an entry did.
    if (known === undefined || since < known) this.#firstSince.set(key, since);
  }

  #isSameVector(block: ActionBlock, row: number, earlier: RowPlace): boolean {
    const found = this.tail[earlier.block]?.block.deletionVector(earlier.row);
    return deletionVectorId(found) === deletionVectorId(block.deletionVector(row));
  }

  #keyOf(block: ActionBlock, row: number): string {
    const path = block.path(row);
    return entryKey({ path, deletionVector: block.deletionVector(row) }, this.tableUrl);
  }

  #endEntry(key: string, since: number, tally: Tally): boolean {
    const before = this.#latest.get(key);
    if (before === undefined) return false;
    this.#latest.delete(key);
    before.until = since;
    this.#dead++;
    if (before.add !== undefined) {
      tally.count--;
      tally.sizeBytes -= before.add.size;
    }
    return true;
  }

  #endRows(entry: Entry, tally: Tally): void {
    const file = entry.add ?? entry.remove;
    if (file === undefined || this.base.length + this.tail.length === 0) return;
    const ending = { id: deletionVectorId(file.deletionVector), since: entry.since, tally };
    const key = reconcileKey(file.path, this.tableUrl);
    for (const { block, row } of this.index.find(key)) this.#endBaseRow(block, row, ending);
    if (this.tail.length === 0) return;
    for (const { block, row } of this.#tailIndex.find(key)) this.#endTailRow(block, row, ending);
  }

  #endBaseRow(block: number, row: number, { id, since, tally }: Ending): void {
    const found = this.base[block];
    const ended = this.ended[block];
    if (found === undefined || ended === undefined) return;
    if (!found.rows.has(row) || ended.has(row)) return;
    if (deletionVectorId(found.columns.deletionVector(row)) !== id) return;
    ended.set(row, since);
    tally.count--;
    tally.sizeBytes -= found.columns.size(row);
  }

  #endTailRow(at: number, row: number, { id, since, tally }: Ending): void {
    const found = this.tail[at];
    if (found === undefined || found.ended.has(row)) return;
    const { block } = found;
    if (deletionVectorId(block.deletionVector(row)) !== id) return;
    found.ended.set(row, since);
    // A row of the commit that is being taken in is counted afterwards, unless it ended.
    if (!block.rows.has(row) || (found.since === since && at === this.tail.length - 1)) return;
    tally.count--;
    tally.sizeBytes -= block.size(row);
  }
}

interface Ending {
  readonly id: string;
  readonly since: number;
  readonly tally: Tally;
}

const EMPTY = new PathIndex('file:///');

/** The primary key of an add or remove, as text; neither part can hold the separator. */
export function entryKey(
  file: Pick<AddFile | RemoveFile, 'path' | 'deletionVector'>,
  tableUrl: string,
): string {
  return `${deletionVectorId(file.deletionVector)}\n${reconcileKey(file.path, tableUrl)}`;
}

/** The adds and removes among actions, as entries. */
export function entriesOf(actions: readonly Action[], version: number, tableUrl: string): Entry[] {
  const entries: Entry[] = [];
  const until = Number.POSITIVE_INFINITY;
  for (const action of actions) {
    if (action.kind === 'add') {
      const { add } = action;
      entries.push({ key: entryKey(add, tableUrl), add, remove: undefined, since: version, until });
    } else if (action.kind === 'remove') {
      const { remove } = action;
      const key = entryKey(remove, tableUrl);
      entries.push({ key, add: undefined, remove, since: version, until });
    }
  }
  return entries;
}

function endedBy<K>(rows: ReadonlyMap<K, number>, version: number): Map<K, number> {
  return new Map([...rows].filter(([, since]) => since <= version));
}
