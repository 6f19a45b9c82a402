/** The rows of a planned scan as Arrow batches, in order, read a little ahead of their consumer. */

import type { RecordBatch } from 'apache-arrow';
import { InvalidArgumentError } from '../errors.js';
import { inOrder } from '../log/in-order.js';
import { rangesOf } from '../storage/parquet/row-ranges.js';
import { RowGroupReader, type RowGroupUnit } from './late-read.js';
import type { CallOptions } from './options.js';
import type { PlannedFile } from './planned-files.js';
import { rowGroupFilter } from './prune-file.js';
import { fileReading, type OpenedFile, openFile, storedBytes, wantedRows } from './read-file.js';
import { selectColumns, takeRows } from './row/take.js';
import type { ScanMeter } from './scan-meter.js';
import type { PlannedScan } from './scan-plan.js';

/** Files whose footers are read ahead. */
const FILES_AHEAD = 4;
/** Row groups decoded ahead: what bounds the memory of a scan whose consumer is slow. */
const ROW_GROUPS_AHEAD = 2;
/** The same, of no more than {@link FEW_COLUMNS} columns: they take little memory, and two leave threads idle. */
const SMALL_ROW_GROUPS_AHEAD = 3;
const FEW_COLUMNS = 4;

/** Batches with the output columns and only matching rows; none is empty. Leaving the loop stops all I/O. */
export async function* scanBatches(
  plan: PlannedScan,
  options: CallOptions,
  meter?: ScanMeter,
): AsyncGenerator<RecordBatch, void, undefined> {
  const { signal } = options;
  const names = plan.output.fields.map(({ name }) => name);
  let left = plan.limit ?? Number.POSITIVE_INFINITY;
  let rows = 0;
  if (left === 0) return;
  let bytes = 0;
  const reader = new RowGroupReader(plan, meter);
  const read = async (
    unit: RowGroupUnit,
    stop: AbortSignal,
  ): Promise<{ readonly batch: RecordBatch | undefined; readonly bytesOfGroup: number }> => {
    const batch = await reader.read(unit, stop);
    if (meter !== undefined) {
      if (batch === undefined) meter.counts.rowGroupsSkipped++;
      else meter.counts.rowGroupsRead++;
    }
    const bytesOfGroup = storedBytes(unit.opened, unit.rowGroup);
    return { batch: batch && chosen(plan, batch), bytesOfGroup };
  };
  const ahead = inOrder(units(plan, signal, meter), groupsAhead(plan), signal, read);
  for await (const { batch, bytesOfGroup } of ahead) {
    bytes += bytesOfGroup;
    if (batch === undefined || batch.numRows === 0) continue;
    const cut = batch.numRows > left ? batch.slice(0, left) : batch;
    left -= cut.numRows;
    rows += cut.numRows;
    if (meter !== undefined) meter.counts.rows = rows;
    yield names.length === cut.schema.fields.length ? cut : selectColumns(cut, names);
    options.onProgress?.({ operation: 'scan', rows, bytes });
    if (left === 0) return;
  }
}

function groupsAhead({ reading }: PlannedScan): number {
  return reading.fields.length <= FEW_COLUMNS ? SMALL_ROW_GROUPS_AHEAD : ROW_GROUPS_AHEAD;
}

async function* units(
  plan: PlannedScan,
  signal: AbortSignal | undefined,
  meter: ScanMeter | undefined,
): AsyncGenerator<RowGroupUnit, void, undefined> {
  const reading = fileReading(plan.snapshot, plan.reading, meter?.log);
  // Rows that are sure to be given: beyond the limit nothing is begun.
  let sure = 0;
  const open = async (
    planned: PlannedFile,
    stop: AbortSignal,
  ): Promise<{ readonly opened: OpenedFile; readonly allMatch: boolean }> => ({
    opened: await openFile(reading, planned, stop),
    allMatch: planned.allMatch,
  });
  for await (const { opened, allMatch } of inOrder(plan.files, FILES_AHEAD, signal, open)) {
    if (meter !== undefined) meter.counts.filesRead++;
    const { where } = plan;
    const mayHold = where === undefined || allMatch ? () => true : rowGroupFilter(where, opened);
    for (let rowGroup = 0; rowGroup < opened.footer.rowGroups.length; rowGroup++) {
      if (!mayHold(rowGroup)) {
        if (meter !== undefined) meter.counts.rowGroupsSkipped++;
        continue;
      }
      const rows = wantedRows(opened, rowGroup);
      if (rows?.length === 0) continue;
      yield { opened, rowGroup, allMatch, rows: rows && rangesOf(rows) };
      const isSure = (where === undefined || allMatch) && plan.rowFilter === undefined;
      if (isSure) sure += rows?.length ?? opened.footer.rowGroups[rowGroup]?.numRows ?? 0;
      if (sure >= (plan.limit ?? Number.POSITIVE_INFINITY)) return;
    }
  }
}

function chosen({ rowFilter }: PlannedScan, batch: RecordBatch): RecordBatch {
  if (rowFilter === undefined || batch.numRows === 0) return batch;
  const rows = rowFilter.keep(batch);
  checkKept(rows, batch.numRows);
  return rows.length === batch.numRows ? batch : takeRows(batch, rows);
}

/** Taken as they are, other indexes would give rows that are not there, or some twice. */
function checkKept(rows: unknown, numRows: number): void {
  let last = -1;
  let isRight = rows instanceof Uint32Array;
  if (rows instanceof Uint32Array) {
    for (const row of rows) {
      isRight &&= row > last;
      last = row;
    }
  }
  if (isRight && last < numRows) return;
  throw new InvalidArgumentError({
    message: 'scan: what keep of rowFilter gave are no rows of the batch',
    option: 'rowFilter',
    expected: 'a Uint32Array of indexes of its rows, ascending',
  });
}
