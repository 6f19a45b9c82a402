/** What the log says of files without opening them: partition values and statistics, as a condition asks for them. */
import type { AddFile } from '../log/actions.js';
import { ActionColumns, type FileColumns, FileEntry } from '../log/file-list.js';
import type { FileStats, WantedColumn } from '../log/file-stats.js';
import { type PartitionColumn, partitionColumn } from '../log/partition-column.js';
import { physicalName } from '../log/schema/column-mapping.js';
import type { Scalar } from '../log/schema/scalar.js';
import type { PrimitiveName } from '../log/schema/types.js';
import type { BoundValue } from '../log/stat-bounds.js';
import { type ColumnStats, type StatsTable, statsTable } from '../log/stats-table.js';
import type { Snapshot } from '../log/table-snapshot.js';
import type { BoundColumn, BoundPredicate } from './expression/bound.js';
import { type FileFacts, wantedStats } from './expression/prune.js';

/** Gives the facts of files of any block; what one call gives is good until the next. */
export class FactsReader {
  readonly #wanted: readonly WantedColumn[];
  readonly #partitions: readonly Partition[];
  readonly #blocks = new WeakMap<FileColumns, BlockFacts>();

  constructor(snapshot: Snapshot, where: BoundPredicate) {
    this.#partitions = partitionsOf(snapshot, where);
    const names = new Set(this.#partitions.map(({ column }) => column.name));
    const columns = where.columns.filter(({ name }) => !names.has(name));
    this.#wanted = wantedStats({ ...where, columns });
  }

  /** The facts of one block; set its `row`. */
  block(files: FileColumns): BlockFacts {
    const known = this.#blocks.get(files);
    if (known !== undefined) return known;
    const facts = new BlockFacts(files, this.#wanted, this.#partitions);
    this.#blocks.set(files, facts);
    return facts;
  }

  of({ columns, row }: FileEntry): FileFacts {
    const facts = this.block(columns);
    facts.row = row;
    return facts;
  }
}

/** A partition column that the condition looks at. */
interface Partition {
  readonly column: BoundColumn;
  readonly physicalName: string;
  readonly type: PrimitiveName;
}

function partitionsOf(snapshot: Snapshot, where: BoundPredicate): readonly Partition[] {
  const mode = snapshot.columnMapping;
  return where.columns.flatMap((column) => {
    if (!snapshot.partitionColumns.includes(column.name)) return [];
    const field = snapshot.schema.fields.find(({ name }) => name === column.name);
    if (field === undefined) return [];
    const type = field.type as PrimitiveName;
    return [{ column, physicalName: physicalName(field, mode), type }];
  });
}

/** A file's values of the partition columns that the condition looks at. */
export function partitionValues(
  snapshot: Snapshot,
  where: BoundPredicate,
  { columns, row }: FileEntry,
): ReadonlyMap<BoundColumn, Scalar> {
  return new Map(
    partitionsOf(snapshot, where).map(({ column, physicalName: name, type }) => [
      column,
      partitionColumn(columns, name, type).at(row),
    ]),
  );
}

/** The facts of the file in one row of a block after another. */
export class BlockFacts implements FileFacts, FileStats {
  row = 0;
  readonly #table: StatsTable;
  /** By the very path that the condition's column has. */
  readonly #stats: ReadonlyMap<readonly string[], ColumnStats>;
  readonly #partitions: ReadonlyMap<BoundColumn, PartitionColumn>;
  #lastPath: readonly string[] | undefined;
  #last: ColumnStats | undefined;

  constructor(
    files: FileColumns,
    wanted: readonly WantedColumn[],
    partitions: readonly Partition[],
  ) {
    this.#table = statsTable(files);
    const columns = wanted.length === 0 ? [] : this.#table.columns(wanted);
    this.#stats = new Map(columns.map((stats, at) => [wanted[at]?.path ?? [], stats]));
    this.#partitions = new Map(
      partitions.map(({ column, physicalName: name, type }) => [
        column,
        partitionColumn(files, name, type),
      ]),
    );
  }

  get stats(): FileStats {
    return this;
  }

  get numRecords(): number | undefined {
    const count = this.#table.numRecords[this.row] ?? Number.NaN;
    return Number.isNaN(count) ? undefined : count;
  }

  get tightBounds(): boolean {
    return this.#table.hasTightBounds(this.row);
  }

  partition(column: BoundColumn): Scalar | undefined {
    return this.#partitions.size === 0 ? undefined : this.#partitions.get(column)?.at(this.row);
  }

  min(path: readonly string[]): BoundValue | undefined {
    return this.#of(path)?.min.at(this.row);
  }

  max(path: readonly string[]): BoundValue | undefined {
    return this.#of(path)?.max.at(this.row);
  }

  nullCount(path: readonly string[]): number | undefined {
    const count = this.#of(path)?.nullCounts[this.row] ?? -1;
    return count < 0 ? undefined : count;
  }

  /** The column asked for last is mostly the one that is asked for. */
  #of(path: readonly string[]): ColumnStats | undefined {
    if (path !== this.#lastPath) {
      this.#lastPath = path;
      this.#last = this.#stats.get(path);
    }
    return this.#last;
  }
}

/** A file that a commit adds, as an entry of its own. */
export function addEntry(add: AddFile): FileEntry {
  return new FileEntry(new ActionColumns([add]), 0);
}
