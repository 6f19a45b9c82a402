import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import { DeltaTable } from '../../src/index.js';
import { readRows } from '../golden/table-rows.js';
import { type Digest, peer } from '../support/oracles.js';

const ENGINES = ['delta-rs', 'spark'] as const;

/** Expects delta-rs and Spark to read the rows that we read, from the files that we list. */
export async function expectAgreement(path: string, folder: string): Promise<void> {
  const ours = await readRows(path);
  const snapshot = await (await DeltaTable.open(path)).snapshot();
  const files = snapshot.files().map((file) => resolve(path, file.path));
  for (const engine of ENGINES) {
    const read = await peer(engine).ask<Digest>('read', { path, out: join(folder, 'theirs') });
    expect({ engine, rows: read.rows, sha256: read.sha256 }).toEqual({ engine, ...ours });
    const listed = await peer(engine).ask<{ files: string[] }>('files', { path });
    const theirs = listed.files.map((file) => (file.startsWith('file:') ? fromUri(file) : file));
    expect({ engine, files: theirs.toSorted() }).toEqual({ engine, files: files.toSorted() });
  }
}

/** Spark's URIs have one slash after the scheme. */
const fromUri = (uri: string): string => fileURLToPath(uri.replace(/^file:\/+/u, 'file:///'));
