import { existsSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { DeltaTable } from '../../src/index.js';
import { corpusFolder, type Digest, peer } from '../support/oracles.js';
import {
  type ExpectedError,
  expectRefusal,
  failure,
  type Outcome,
  type Probe,
  pass,
} from './outcome.js';
import { compareWithParquet } from './parquet-answer.js';
import { readRows } from './table-rows.js';

/** Tables that no reader may open, and what says so. */
const MUST_BE_REFUSED: Readonly<Record<string, ExpectedError>> = {
  'deltalog-invalid-protocol-version': { code: 'UNSUPPORTED_FEATURE' },
  'deltalog-state-reconstruction-from-checkpoint-missing-metadata': { code: 'CORRUPT_DATA' },
  'deltalog-state-reconstruction-without-protocol': { code: 'CORRUPT_DATA' },
  'no-delta-log-folder': { code: 'NOT_FOUND' },
};

/** A path and its other spelling are one file, so that a remove leaves none. delta-rs sees two there. */
const WITHOUT_FILES = new Set(['canonicalized-paths-normal-a', 'canonicalized-paths-special-a']);

/** Columns whose answer in the corpus is wrong. */
const WRONG_ANSWERS: Readonly<Record<string, readonly string[]>> = {
  'data-reader-partition-values': ['as_timestamp'],
};

/** The tables of Delta's own connectors. */
export function goldenProbes(scratch: string): Probe[] {
  const root = corpusFolder('golden');
  return readdirSync(root, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .flatMap(({ name }) => {
      const table = join(root, name, 'delta');
      const answer = join(root, name, 'expected');
      const id = `golden/${name}`;
      if (name === 'hive') {
        return readdirSync(table).map((inner) =>
          askPeer(`${id}/${inner}`, join(table, inner), scratch),
        );
      }
      const refusal = MUST_BE_REFUSED[name];
      if (refusal !== undefined) {
        return [{ id, run: () => expectRefusal(() => readRows(table), refusal) }];
      }
      if (WITHOUT_FILES.has(name)) return [{ id, run: () => expectNoFiles(table) }];
      if (!existsSync(answer)) return [askPeer(id, table, scratch)];
      return [
        {
          id,
          run: () => compareWithParquet({ table, answer, wrong: WRONG_ANSWERS[name], scratch }),
        },
      ];
    });
}

async function expectNoFiles(table: string): Promise<Outcome> {
  const snapshot = await (await DeltaTable.open(table)).snapshot();
  if (snapshot.version !== 1 || snapshot.numFiles !== 0) {
    return failure(`version ${snapshot.version} with ${snapshot.numFiles} files`);
  }
  const { rows } = await readRows(table);
  return rows === 0 ? pass : failure(`${rows} rows of no file`);
}

/** What no peer reads is damaged, or has a schema of no columns and files that are not there. */
async function expectEitherRefusal(table: string): Promise<Outcome> {
  const damaged = await expectRefusal(() => readRows(table), { code: 'CORRUPT_DATA' });
  if (damaged.status === 'pass') return damaged;
  return await expectRefusal(() => readRows(table), { code: 'DATA_GONE' });
}

/** Agrees with delta-rs on the files and, where their bytes are there, on the rows; else both must refuse. */
function askPeer(id: string, table: string, scratch: string): Probe {
  return {
    id,
    run: async () => {
      const deltars = peer('delta-rs');
      const listed = await deltars.tryAsk('files', { path: table });
      if (!listed.ok) return await expectEitherRefusal(table);
      const snapshot = await (await DeltaTable.open(table)).snapshot();
      const ours = snapshot.files().map((file) => resolve(table, file.path));
      const theirs = listed['files'] as string[];
      if (ours.toSorted().join('\n') !== theirs.toSorted().join('\n')) {
        return failure(`files ${ours.join()}, expected ${theirs.join()}`);
      }
      const read = await deltars.tryAsk('read', { path: table, out: join(scratch, 'peer.jsonl') });
      if (!read.ok) return await expectRefusal(() => readRows(table), { code: 'DATA_GONE' });
      const { sha256 } = await readRows(table);
      const expected = (read as unknown as Digest).sha256;
      return sha256 === expected ? pass : failure(`sha256 ${sha256}, expected ${expected}`);
    },
  };
}
