import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { At } from '../../src/index.js';
import { type Digest, peer } from '../support/oracles.js';
import type { Outcome } from './outcome.js';
import { compareFiles, readRows } from './table-rows.js';

/** A table, and the folder of plain Parquet files that hold its rows. */
export interface Answered {
  readonly table: string;
  readonly answer: string;
  readonly at?: At;
  /** Columns whose answer is wrong. */
  readonly wrong?: readonly string[] | undefined;
  /** For the two canonical files. */
  readonly scratch: string;
}

/** Reads the table with ours and the answer with delta-rs, and compares the rows. */
export async function compareWithParquet(probe: Answered): Promise<Outcome> {
  const { table, answer, at = {}, wrong = [], scratch } = probe;
  const ours = join(scratch, 'ours.jsonl');
  const theirs = join(scratch, 'theirs.jsonl');
  // Ours first: what we refuse needs no peer.
  await readRows(table, { at, out: ours });
  const files = readdirSync(answer)
    .filter((name) => !/^[._]/u.test(name))
    .map((name) => join(answer, name));
  await peer('delta-rs').ask<Digest>('parquet', { files, out: theirs });
  return compareFiles(ours, theirs, wrong);
}
