import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import { DeltaTable } from '../../src/index.js';
import { readRows } from '../golden/table-rows.js';
import { type Digest, peer } from '../support/oracles.js';

const ENGINES = ['delta-rs', 'spark'] as const;
/** The engines that are to read what we read. */
export type Readers = readonly (typeof ENGINES)[number][];

/** Expects delta-rs and Spark to read the rows that we read, from the files that we list. */
export async function expectAgreement(
  path: string,
  folder: string,
  engines: Readers = ENGINES,
): Promise<void> {
  const ours = await readRows(path);
  const snapshot = await (await DeltaTable.open(path)).snapshot();
  const files = snapshot.files().map((file) => resolve(path, file.path));
  for (const engine of engines) {
    const read = await peer(engine).ask<Digest>('read', { path, out: join(folder, 'theirs') });
    expect({ engine, rows: read.rows, sha256: read.sha256 }).toEqual({ engine, ...ours });
    const listed = await peer(engine).ask<{ files: string[] }>('files', { path });
    const theirs = listed.files.map((file) => (file.startsWith('file:') ? fromUri(file) : file));
    expect({ engine, files: theirs.toSorted() }).toEqual({ engine, files: files.toSorted() });
  }
}

/** Which versions of a table are compared. */
interface Range {
  readonly from: number;
  readonly to: number;
  readonly engines?: Readers;
}

/**
 * Expects the engines to read the rows that we read, in every version of the range. The columns, the same in all of
 * them, are texts and longs. Spark is asked for all versions by one statement, because each takes it seconds.
 */
export async function expectSameVersions(
  path: string,
  folder: string,
  { from, to, engines = ENGINES }: Range,
): Promise<void> {
  const out = join(folder, 'theirs');
  const table = await DeltaTable.open(path);
  const columns = (await table.snapshot()).schema.fields.map(({ name }) => name);
  const versions = Array.from({ length: to - from + 1 }, (_, at) => from + at);
  const ours: string[] = [];
  for (const version of versions) {
    const snapshot = await table.snapshot({ version });
    for (const row of await snapshot.scan().toArray()) {
      const values = columns.map((name) => textOf(row[name]));
      ours.push(JSON.stringify([String(version), ...values]));
    }
    if (!engines.includes('delta-rs')) continue;
    const { rows, sha256 } = await peer('delta-rs').ask<Digest>('read', { path, version, out });
    const read = await readRows(path, { at: { version } });
    expect({ version, rows, sha256 }).toEqual({ version, ...read });
  }
  const names = columns.join(', ');
  const selects = versions.map(
    (version) => `select ${version} as version, ${names} from {path} version as of ${version}`,
  );
  await peer('spark').ask('sql', { path, out, statement: selects.join(' union all ') });
  const inSpark = readFileSync(out, 'utf8').trimEnd().split('\n').slice(1);
  expect(ours.toSorted()).toEqual(inSpark.toSorted());
}

const textOf = (value: unknown): unknown => (typeof value === 'bigint' ? String(value) : value);

/** Spark's URIs have one slash after the scheme. */
const fromUri = (uri: string): string => fileURLToPath(uri.replace(/^file:\/+/u, 'file:///'));
