/** Which files an overwrite takes out, and which of their rows it must keep. */
import type { RecordBatch } from 'apache-arrow';
import type { Snapshot } from '../log/table-snapshot.js';
import { recordCount } from './count.js';
import { type DataFile, dataFiles } from './data-files.js';
import type { BoundPredicate } from './expression/bound.js';
import { selectRows } from './expression/evaluate.js';
import { mayMatch, mustMatch } from './expression/prune.js';
import { FactsReader } from './file-facts.js';
import { type FileReading, fileReading, openFile, readRowGroup, wantedRows } from './read-file.js';
import { takeRows } from './row/take.js';
import { columnsOf } from './scan-columns.js';

/** A file of which some rows go and some stay. */
export interface PartlyReplaced {
  readonly file: DataFile;
  readonly matched: number;
}

export interface Replacement {
  /** Files that go as they are. */
  readonly whole: readonly DataFile[];
  /** Files that are written anew without the rows that go. */
  readonly partly: readonly PartlyReplaced[];
  /** Rows that go. */
  readonly rows: number;
}

/**
 * Decides for every file that may hold a row the condition is true for whether all, some or none of its rows go. Only
 * where partition values and statistics cannot tell are the condition's columns read.
 */
export async function planReplacement(
  snapshot: Snapshot,
  where: BoundPredicate | undefined,
  signal: AbortSignal | undefined,
): Promise<Replacement> {
  const whole: DataFile[] = [];
  const partly: PartlyReplaced[] = [];
  let rows = 0;
  const reader = where && new FactsReader(snapshot, where);
  for (const file of dataFiles(snapshot)) {
    const facts = reader?.of(file.entry);
    if (where !== undefined && facts !== undefined) {
      if (!mayMatch(where, facts)) continue;
      if (!mustMatch(where, facts)) {
        const { matched, total } = await countMatches(snapshot, file, where, signal);
        rows += matched;
        if (matched === total) whole.push(file);
        else if (matched > 0) partly.push({ file, matched });
        continue;
      }
    }
    rows += await recordCount(snapshot, file, signal);
    whole.push(file);
  }
  return { whole, partly, rows };
}

async function countMatches(
  snapshot: Snapshot,
  file: DataFile,
  where: BoundPredicate,
  signal: AbortSignal | undefined,
): Promise<{ readonly matched: number; readonly total: number }> {
  const schema = { type: 'struct', fields: columnsOf(snapshot.schema, where) } as const;
  let matched = 0;
  let total = 0;
  for await (const batch of fileBatches(fileReading(snapshot, schema), file, signal)) {
    matched += selectRows(where, batch).length;
    total += batch.numRows;
  }
  return { matched, total };
}

/** The rows that stay, of every file that is written anew. */
export async function* survivingBatches(
  snapshot: Snapshot,
  replacement: Replacement,
  where: BoundPredicate,
  signal: AbortSignal | undefined,
): AsyncGenerator<RecordBatch, void, undefined> {
  const reading = fileReading(snapshot, snapshot.schema);
  for (const { file } of replacement.partly) {
    for await (const batch of fileBatches(reading, file, signal)) {
      const kept = allBut(selectRows(where, batch), batch.numRows);
      if (kept.length > 0) yield takeRows(batch, kept);
    }
  }
}

async function* fileBatches(
  reading: FileReading,
  file: DataFile,
  signal: AbortSignal | undefined,
): AsyncGenerator<RecordBatch, void, undefined> {
  const never = signal ?? new AbortController().signal;
  const opened = await openFile(reading, { file }, never);
  for (let group = 0; group < opened.footer.rowGroups.length; group++) {
    const rows = wantedRows(opened, group);
    const batch = await readRowGroup(opened, group, never);
    yield rows === undefined ? batch : takeRows(batch, rows);
  }
}

/** The rows of 0..rows that are not among `gone`, which ascends. */
function allBut(gone: Uint32Array, rows: number): Uint32Array {
  const kept = new Uint32Array(rows - gone.length);
  let at = 0;
  let next = 0;
  for (let row = 0; row < rows; row++) {
    if (gone[next] === row) next++;
    else kept[at++] = row;
  }
  return kept;
}
