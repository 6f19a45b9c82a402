/**
 * Processes of two engines that write to one local table at the same time, and Spark in turns with them: its local log
 * store keeps its commits apart from those of its own process only.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Int64, Table, tableToIPC, Utf8, vectorFromArray } from 'apache-arrow';
import { expect, it } from 'vitest';
import { DeltaTable } from '../../src/index.js';
import { type Outcome, SCHEMA } from '../model/step.js';
import type { Site } from '../processes/place.js';
import { startWriter, type Writer } from '../processes/writer.js';
import { describeWithOracles, peer } from '../support/oracles.js';
import { PeerProcess } from '../support/peer-process.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { expectSameVersions } from './agreement.js';

/** Spark plans every version it reads, seconds each on a busy machine. */
const TIMEOUT_MS = 400_000;
const TURNS = 2;
const APPENDS = 3;
/** Tries of a commit of delta-rs, which gives up an append when others delete at the same time. */
const MAX_TRIES = 50;

/** The rows that must be there: every acknowledged one that its own writer has not taken away again. */
type Expected = Set<string>;

describeWithOracles('a fleet of several engines', ['delta-rs', 'spark'], () => {
  const folder = temporaryFolder();

  it(
    'loses nothing and doubles nothing, and all read every version alike',
    async () => {
      const path = join(folder, 'fleet');
      const site: Site = { url: pathToFileURL(path).href, store: { kind: 'local' } };
      await DeltaTable.create(path, {
        schema: SCHEMA,
        partitionBy: ['part'],
        properties: { 'delta.checkpointInterval': '7' },
      });
      const expected: Expected = new Set();
      let compared = 0;
      for (let turn = 0; turn < TURNS; turn++) {
        await Promise.all([
          ...['a', 'b'].map(async (name) => await append(site, `${name}${turn}`, expected)),
          replace(site, `r${turn}`, expected),
          ...['d', 'e'].map(
            async (name) => await deltaRs(path, `${name}${turn}`, folder, expected),
          ),
        ]);
        await inSpark(path, turn, expected);
        const table = await DeltaTable.open(path, { schema: SCHEMA });
        const rows = await table.scan().toArray();
        expect(rows.map(({ op }) => op ?? '').toSorted()).toEqual([...expected].toSorted());
        const { version } = await table.snapshot();
        await expectSameVersions(path, folder, { from: compared, to: version });
        compared = version + 1;
      }
    },
    TIMEOUT_MS,
  );
});

async function append(site: Site, name: string, expected: Expected): Promise<void> {
  const writer: Writer = { name, kind: 'append', part: name, count: APPENDS };
  for (const { op } of await committed(site, writer)) expected.add(op);
}

/** Each overwrites the one before it, in a part of their own. */
async function replace(site: Site, name: string, expected: Expected): Promise<void> {
  const writer: Writer = { name, kind: 'replace', part: name, count: APPENDS };
  const last = (await committed(site, writer)).at(-1);
  if (last !== undefined) expected.add(last.op);
}

async function committed(site: Site, writer: Writer): Promise<readonly Outcome[]> {
  const outcomes = await startWriter(site, writer).outcomes;
  expect(outcomes.map(({ result }) => result.kind)).toEqual(Array(writer.count).fill('ok'));
  return outcomes;
}

/** Appends rows, and deletes every other one of them again. */
async function deltaRs(
  path: string,
  name: string,
  folder: string,
  expected: Expected,
): Promise<void> {
  const process = new PeerProcess('delta-rs');
  try {
    for (let at = 0; at < APPENDS; at++) {
      const op = `${name}.${at}`;
      const arrow = join(folder, `${name}.arrow`);
      writeFileSync(arrow, tableToIPC(oneRow(op, name), 'file'));
      await insist(process, 'write', { path, arrow, mode: 'append' });
      if (at % 2 === 0) expected.add(op);
      else await insist(process, 'delete', { path, where: `part = '${name}' and op = '${op}'` });
    }
  } finally {
    await process.close();
  }
}

/** Asks until the engine has committed. What it refuses it has not done. */
async function insist(process: PeerProcess, op: string, args: object): Promise<void> {
  for (let tries = 1; ; tries++) {
    const answer = await process.tryAsk(op, args);
    if (answer.ok) return;
    if (tries === MAX_TRIES) throw new Error(`${op}: ${answer.error}: ${answer.message}`);
  }
}

function oneRow(op: string, part: string): Table {
  return new Table({
    op: vectorFromArray([op], new Utf8()),
    part: vectorFromArray([part], new Utf8()),
    slot: vectorFromArray([0n], new Int64()),
  });
}

/** One row more; that of the turn before goes. */
async function inSpark(path: string, turn: number, expected: Expected): Promise<void> {
  const spark = peer('spark');
  const run = async (statement: string): Promise<void> => {
    await spark.ask('sql', { path, statement });
  };
  await run(`insert into {path} values ('s.${turn}', 's', 0)`);
  expected.add(`s.${turn}`);
  if (turn === 0) return;
  await run(`delete from {path} where op = 's.${turn - 1}'`);
  expected.delete(`s.${turn - 1}`);
}
