/**
 * Late materialisation: the condition's columns of a row group first, then of the other columns only the pages that
 * hold a matching row.
 */
import type { Data, RecordBatch } from 'apache-arrow';
import { InternalError } from '../errors.js';
import { arrowSchema } from '../log/schema/arrow-type.js';
import { batchOf } from '../log/schema/conform.js';
import type { StructType } from '../log/schema/types.js';
import {
  countRows,
  firstOf,
  type RowRange,
  rangesOf,
  rowsAt,
} from '../storage/parquet/row-ranges.js';
import type { BoundPredicate } from './expression/bound.js';
import { selectRows } from './expression/evaluate.js';
import { narrowed } from './page-ranges.js';
import { type FileReading, fileReading, type OpenedFile, readRowGroup } from './read-file.js';
import { takeRows } from './row/take.js';
import { columnsOf } from './scan-columns.js';
import type { ScanMeter } from './scan-meter.js';
import type { PlannedScan } from './scan-plan.js';

/** A row group to read, and what is known of its rows. */
export interface RowGroupUnit {
  readonly opened: OpenedFile;
  readonly rowGroup: number;
  /** Whether the condition holds for every row. */
  readonly allMatch: boolean;
  /** The rows that are there; undefined: every one. */
  readonly rows: readonly RowRange[] | undefined;
}

/**
 * Two rounds pay while no more than this share of the rows was kept so far: above it, what the second round leaves out
 * is worth less than the wait for the first.
 */
export const MAX_KEPT_SHARE = 0.5;

/** Reads the row groups of one scan; learns from each how selective the condition is. */
export class RowGroupReader {
  readonly #plan: PlannedScan;
  readonly #meter: ScanMeter | undefined;
  readonly #condition: FileReading | undefined;
  readonly #rest: FileReading | undefined;
  /** Rows of a row group beyond these are not wanted. */
  readonly #most: number;
  #seen = 0;
  #kept = 0;

  constructor(plan: PlannedScan, meter?: ScanMeter) {
    this.#plan = plan;
    this.#meter = meter;
    const { snapshot, where, rowFilter, limit } = plan;
    this.#most =
      rowFilter === undefined ? (limit ?? Number.POSITIVE_INFINITY) : Number.POSITIVE_INFINITY;
    if (where === undefined) return;
    const [asked, others] = divided(plan.reading, where);
    const rest = fileReading(snapshot, others);
    if (rest.stored.fields.length === 0) return;
    this.#condition = fileReading(snapshot, asked);
    this.#rest = rest;
  }

  /**
   * The rows of the row group for which the condition holds, with every column that the plan reads; undefined when its
   * indexes say that there are none.
   */
  async read(given: RowGroupUnit, stop: AbortSignal): Promise<RecordBatch | undefined> {
    const { where } = this.#plan;
    if (where === undefined || given.allMatch) return await this.#readWanted(given, stop);
    const unit = await narrowed(given, where, { signal: stop, meter: this.#meter });
    if (unit === undefined) return undefined;
    const isLate = this.#kept <= this.#seen * MAX_KEPT_SHARE;
    const [condition, rest] = [this.#condition, this.#rest];
    const batch =
      isLate && condition !== undefined && rest !== undefined
        ? await this.#readLate(unit, { where, condition, rest }, stop)
        : await this.#readAtOnce(unit, where, stop);
    this.#seen += rowsOf(unit);
    this.#kept += batch.numRows;
    return batch;
  }

  /** Without a condition. */
  async #readWanted(unit: RowGroupUnit, stop: AbortSignal): Promise<RecordBatch> {
    const { opened, rows } = unit;
    const isCut = this.#most < rowsOf(unit);
    const first = isCut ? firstOf(rows ?? [{ start: 0, end: this.#most }], this.#most) : rows;
    return await readRows(unit, opened.reading, first, stop);
  }

  async #readAtOnce(
    unit: RowGroupUnit,
    where: BoundPredicate,
    stop: AbortSignal,
  ): Promise<RecordBatch> {
    const { batch, places } = await readMatching(unit, unit.opened.reading, where, stop);
    return taken(batch, places);
  }

  async #readLate(
    unit: RowGroupUnit,
    { where, condition, rest }: LateReading,
    stop: AbortSignal,
  ): Promise<RecordBatch> {
    const matching = await readMatching(unit, condition, where, stop);
    const places = matching.places.subarray(0, this.#most);
    const asked = taken(matching.batch, places);
    if (places.length === 0) return asked;
    const ranges = rangesOf(places);
    const rows = unit.rows === undefined ? ranges : rowsAt(unit.rows, ranges);
    const others = await readRows(unit, rest, rows, stop);
    const { reading } = this.#plan;
    const columns = new Map<string, Data | undefined>();
    for (const { schema, data } of [asked, others]) {
      for (const [at, { name }] of schema.fields.entries()) columns.set(name, data.children[at]);
    }
    const children = reading.fields.map(({ name }) => {
      const column = columns.get(name);
      if (column === undefined) {
        throw new InternalError({ message: `column ${name} was read in neither round` });
      }
      return column;
    });
    return batchOf(arrowSchema(reading), children, places.length);
  }
}

interface LateReading {
  readonly where: BoundPredicate;
  readonly condition: FileReading;
  readonly rest: FileReading;
}

interface Matching {
  readonly batch: RecordBatch;
  /** Where the matching rows are in the batch. */
  readonly places: Uint32Array;
}

/** Reads some columns, the condition's among them, and finds the rows that are there and match. */
async function readMatching(
  unit: RowGroupUnit,
  reading: FileReading,
  where: BoundPredicate,
  stop: AbortSignal,
): Promise<Matching> {
  const batch = await readRows(unit, reading, unit.rows, stop);
  return { batch, places: selectRows(where, batch) };
}

/** These rows of a row group; all of them when undefined. */
async function readRows(
  { opened, rowGroup }: RowGroupUnit,
  reading: FileReading,
  rows: readonly RowRange[] | undefined,
  stop: AbortSignal,
): Promise<RecordBatch> {
  return await readRowGroup({ ...opened, reading }, rowGroup, stop, rows);
}

function divided({ fields }: StructType, where: BoundPredicate): [StructType, StructType] {
  const asked = new Set(columnsOf({ type: 'struct', fields }, where));
  const part = (isAsked: boolean): StructType => ({
    type: 'struct',
    fields: fields.filter((field) => asked.has(field) === isAsked),
  });
  return [part(true), part(false)];
}

/** How many rows are there. */
function rowsOf({ opened, rowGroup, rows }: RowGroupUnit): number {
  return rows === undefined ? (opened.footer.rowGroups[rowGroup]?.numRows ?? 0) : countRows(rows);
}

function taken(batch: RecordBatch, rows: Uint32Array): RecordBatch {
  return rows.length === batch.numRows ? batch : takeRows(batch, rows);
}
