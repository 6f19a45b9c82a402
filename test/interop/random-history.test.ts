/**
 * Tables that other engines make by random sequences of operations: each version's rows are theirs, and so are the
 * changes of every range of versions. A seed that fails is asked for again with
 * `RANDOM_HISTORY_SEED=7 npm run test:interop -- test/interop/random-history.test.ts`.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { DeltaTable, isVarveError } from '../../src/index.js';
import { readChanges } from '../golden/table-changes.js';
import { readRows } from '../golden/table-rows.js';
import { type Digest, describeWithOracles, type Peer, peer } from '../support/oracles.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { DeltaRsHistory, type DeltaRsStep } from './delta-rs-history.js';
import { SparkHistory } from './spark-history.js';

const asked = process.env['RANDOM_HISTORY_SEED']?.split(',').map(Number);
/** Between them: mapping, deletion vectors, row ids, widening, restores, purges, partitions and a feed across them. */
const SPARK_SEEDS = asked ?? [9, 18, 19];
const SPARK_STEPS = 12;
const DELTA_RS_SEEDS = asked ?? [1, 2, 3, 4];
const DELTA_RS_STEPS = 16;
const SEED_TIMEOUT_MS = 600_000;

describeWithOracles('random histories by spark', ['spark'], () => {
  const folder = temporaryFolder();
  const spark = peer('spark');

  it.each(SPARK_SEEDS)('seed %i', { timeout: SEED_TIMEOUT_MS }, async (seed) => {
    const path = join(folder, `spark-${seed}`);
    const history = new SparkHistory(seed);
    await spark.ask('sql', { path, statement: history.table.create });
    const check = new Check(spark, path, folder);
    check.log.push(history.table.create);
    if (history.table.hasFeed) check.feedFrom = 0;
    let refused = 0;
    for (let step = 0; step < SPARK_STEPS; step++) {
      const version = await newestVersion(path);
      const { statement, changesSchema = false } = history.next(version);
      if (changesSchema) await check.changes(version);
      const answer = await spark.tryAsk('sql', { path, statement });
      check.log.push(`${version}: ${answer.ok ? '' : 'REFUSED '}${statement}`);
      if (!answer.ok) refused++;
      const after = await newestVersion(path);
      for (let made = version + 1; made <= after; made++) await check.rows(made);
      if (changesSchema) check.feedFrom = (await hasFeed(path)) ? after : undefined;
    }
    const last = await newestVersion(path);
    await check.changes(last);
    for (let version = 0; version <= last; version++) await check.again(version);
    expect(refused, check.log.join('\n')).toBeLessThan(SPARK_STEPS / 2);
    await spark.ask('sql', { path, statement: 'vacuum {path} retain 0 hours' });
    await check.rows(await newestVersion(path));
    for (let version = 0; version < last; version++) await check.goneOrSame(version);
  });
});

describeWithOracles('random histories by delta-rs', ['delta-rs'], () => {
  const folder = temporaryFolder();
  const deltars = peer('delta-rs');

  it.each(DELTA_RS_SEEDS)('seed %i', { timeout: SEED_TIMEOUT_MS }, async (seed) => {
    const path = join(folder, `delta-rs-${seed}`);
    const history = new DeltaRsHistory(seed);
    const check = new Check(deltars, path, folder);
    const run = async ({ op, args, rows }: DeltaRsStep): Promise<boolean> => {
      const arrow = join(folder, 'rows.arrow');
      if (rows !== undefined) writeFileSync(arrow, rows);
      const given = { path, ...args, ...(rows === undefined ? {} : { arrow }) };
      const answer = await deltars.tryAsk(op, given);
      check.log.push(`${answer.ok ? '' : 'REFUSED '}${op} ${JSON.stringify(args)}`);
      return answer.ok;
    };
    expect(await run(history.first)).toBe(true);
    check.feedFrom = 0;
    let refused = 0;
    for (let step = 0; step < DELTA_RS_STEPS; step++) {
      const version = await newestVersion(path);
      if (!(await run(history.next(version)))) refused++;
      const after = await newestVersion(path);
      for (let made = version + 1; made <= after; made++) await check.rows(made);
    }
    const last = await newestVersion(path);
    await check.changes(last);
    for (let version = 0; version <= last; version++) await check.again(version);
    expect(refused, check.log.join('\n')).toBeLessThan(DELTA_RS_STEPS / 2);
  });
});

async function newestVersion(path: string): Promise<number> {
  return (await (await DeltaTable.open(path)).snapshot()).version;
}

async function schemaAt(path: string, version: number): Promise<string> {
  return JSON.stringify((await (await DeltaTable.open(path)).snapshot({ version })).schema);
}

async function hasFeed(path: string): Promise<boolean> {
  const { properties } = await (await DeltaTable.open(path)).snapshot();
  return properties.get('delta.enableChangeDataFeed') === 'true';
}

/** One table, what was done to it, and what the other engine says of it. */
class Check {
  /** The statements, for whoever must find out. */
  readonly log: string[] = [];
  /** The first version from which on the feed can be asked for; undefined while it is off. */
  feedFrom: number | undefined;
  readonly #engine: Peer;
  readonly #path: string;
  readonly #out: string;
  readonly #digests = new Map<number, Digest>();

  constructor(engine: Peer, path: string, folder: string) {
    this.#engine = engine;
    this.#path = path;
    this.#out = join(folder, 'theirs.jsonl');
  }

  /** Expects the rows of the newest version to be the other engine's. */
  async rows(version: number): Promise<void> {
    const read = { path: this.#path, version, out: this.#out };
    const { rows, sha256 } = await this.#engine.ask<Digest>('read', read);
    this.#digests.set(version, { rows, sha256 });
    await this.again(version);
  }

  /** Expects a version to be what it was when it was made. */
  async again(version: number): Promise<void> {
    const theirs = this.#digests.get(version);
    if (theirs === undefined) return;
    const ours = await this.#told(readRows(this.#path, { at: { version } }));
    expect({ version, ...ours }, this.log.join('\n')).toEqual({ version, ...theirs });
  }

  /** After a vacuum: the rows of a version, or that its files are gone. */
  async goneOrSame(version: number): Promise<void> {
    try {
      await readRows(this.#path, { at: { version } });
    } catch (error) {
      if (isVarveError(error, 'DATA_GONE')) return;
      throw error;
    }
    await this.again(version);
  }

  /** Expects the changes of ranges that begin, or end, at every version to be the other engine's. */
  async changes(last: number): Promise<void> {
    const from = this.feedFrom;
    if (from === undefined) return;
    const range = { path: this.#path, start: from, out: this.#out };
    await this.#engine.ask<Digest>('changes', range);
    const theirs = changeLines(this.#out);
    const out = `${this.#out}.ours`;
    const versions = Array.from({ length: last - from + 1 }, (_, at) => from + at);
    const schemas = await Promise.all(versions.map((at) => schemaAt(this.#path, at)));
    // The other engine told the columns of the last version; a range that ends before they came has fewer.
    const ends = versions.filter((_, at) => schemas[at] === schemas.at(-1));
    const ranges = [
      ...versions.map((start) => [start, last] as const),
      ...ends.map((end) => [from, end] as const),
    ];
    for (const [start, end] of ranges) {
      await this.#told(readChanges(this.#path, { from: start, to: end }, out));
      const expected = theirs.filter(({ version }) => version >= start && version <= end);
      const lines = (list: readonly ChangeLine[]): readonly string[] =>
        list.map(({ line }) => line);
      expect({ start, end, lines: lines(changeLines(out)) }, this.log.join('\n')).toEqual({
        start,
        end,
        lines: lines(expected),
      });
    }
  }

  async #told<T>(answer: Promise<T>): Promise<T> {
    try {
      return await answer;
    } catch (error) {
      throw new Error(`${String(error)}\n${this.log.join('\n')}`, { cause: error });
    }
  }
}

interface ChangeLine {
  readonly version: number;
  readonly line: string;
}

/** The rows of a canonical file of changes, sorted, and the version of each. */
function changeLines(path: string): readonly ChangeLine[] {
  const [, ...rows] = readFileSync(path, 'utf8').trimEnd().split('\n');
  return rows.map((line) => ({ version: Number((JSON.parse(line) as unknown[]).at(-1)), line }));
}
