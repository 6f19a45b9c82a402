import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { DeltaTable, gt } from '../../src/index.js';
import { hashSplit, type Run, Tracker } from '../../src/ml/index.js';
import { memoryStorage } from '../../src/storage/memory-store.js';
import { temporaryFolder } from '../support/temporary-folder.js';

const schema = { id: 'long not null', mass: 'double' } as const;
const LAKE = 'memory://lake';
const folder = temporaryFolder();

async function lake() {
  const storage = memoryStorage();
  const table = await DeltaTable.create(`${LAKE}/penguins`, { schema, storage });
  for (let commit = 0; commit < 3; commit++) {
    await table.append(Array.from({ length: 50 }, (_, at) => ({ id: commit * 50 + at, mass: at })));
  }
  const tracker = await Tracker.open(LAKE, { storage });
  return { storage, table, tracker };
}

describe('a tracker', () => {
  it.each([
    ['a/lake', 'a/lake'],
    ['./a b#/', 'a b#'],
  ])('at the path %s stays where that led when it was opened', async (path, meant) => {
    expect((await Tracker.open(path)).url).toBe(pathToFileURL(meant).href);
  });
});

describe('a run', () => {
  it('is refused where an event has details that are no JSON', async () => {
    const { tracker, storage } = await lake();
    const id = await tracker.withRun({ experiment: 'e' }, (run) => Promise.resolve(run.id));
    const events = await DeltaTable.open(`${LAKE}/varve-tracking/events`, { storage });
    const [event = {}] = await events.scan({ limit: 1 }).toArray();
    for (const details of ['{', 'null', null]) {
      await events.append([{ ...event, event_id: 'another', kind: 'input', details }]);
      await expect(tracker.run(id)).rejects.toMatchObject({
        code: 'CORRUPT_DATA',
        field: 'details',
      });
    }
  });

  it('is recorded with what it logged, and FINISHED', async () => {
    const { tracker } = await lake();
    const id = await tracker.withRun({ experiment: 'e', name: 'first' }, async (run) => {
      await run.logParams({ depth: 3, lr: 0.1 });
      await run.logParams({ depth: 4 });
      for (let step = 0; step < 3; step++) await run.logMetrics({ loss: 1 / (step + 1) }, { step });
      await run.setTags({ team: 'birds' });
      await run.logArtifact('notes.txt', new TextEncoder().encode('hello'));
      return run.id;
    });
    const run = await tracker.run(id);
    expect(run).toMatchObject({ experiment: 'e', name: 'first', status: 'FINISHED' });
    expect(run.params).toEqual(
      new Map([
        ['depth', '4'],
        ['lr', '0.1'],
      ]),
    );
    expect(run.metrics.get('loss')).toBe(1 / 3);
    expect(run.metricHistory.get('loss')?.map(({ step }) => step)).toEqual([0, 1, 2]);
    expect(run.tags.get('team')).toBe('birds');
    expect(run.artifacts).toEqual(['notes.txt']);
    expect(new TextDecoder().decode(await tracker.artifact(id, 'notes.txt'))).toBe('hello');
    expect(run.source?.gitCommit).toMatch(/^[0-9a-f]{40}$/u);
    expect(run.endedAt?.getTime()).toBeGreaterThanOrEqual(run.startedAt.getTime());
  });

  it('is FAILED with the error, which goes on to the caller', async () => {
    const { tracker } = await lake();
    let id = '';
    const failing = tracker.withRun({ experiment: 'e' }, (run) => {
      id = run.id;
      throw new TypeError('no convergence');
    });
    await expect(failing).rejects.toThrow('no convergence');
    expect(await tracker.run(id)).toMatchObject({
      status: 'FAILED',
      error: 'TypeError: no convergence',
    });
  });

  it('that is left without finish ends FAILED when it is disposed of, and takes nothing more', async () => {
    const { tracker } = await lake();
    const run: Run = await tracker.startRun({ experiment: 'e' });
    await run[Symbol.asyncDispose]();
    expect((await tracker.run(run.id)).status).toBe('FAILED');
    await expect(run.logMetrics({ a: 1 })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  });

  it('is durable when it is flushed, and RUNNING until it ends', async () => {
    const { tracker } = await lake();
    const run = await tracker.startRun({ experiment: 'e' });
    await run.logMetrics({ a: 1 });
    await expect(tracker.run(run.id)).rejects.toMatchObject({ code: 'NOT_FOUND', kind: 'run' });
    await run.flush();
    expect(await tracker.run(run.id)).toMatchObject({ status: 'RUNNING' });
    await run.finish();
    await run.finish();
    expect(await tracker.run(run.id)).toMatchObject({ status: 'FINISHED' });
  });

  it('keeps a folder of artifacts, and refuses to leave it', async () => {
    const { tracker } = await lake();
    writeFileSync(join(folder, 'weights.bin'), 'w');
    const run = await tracker.startRun({ experiment: 'e' });
    await run.logArtifact('model', folder);
    await run.finish();
    expect((await tracker.run(run.id)).artifacts).toEqual(['model/weights.bin']);
    const other = await tracker.startRun({ experiment: 'e' });
    for (const path of ['../x', '/x', 'a//b', 'a/../../b', '']) {
      await expect(other.logArtifact(path, new Uint8Array())).rejects.toMatchObject({
        code: 'INVALID_ARGUMENT',
        option: 'path',
      });
    }
    await expect(other.logArtifact('x', join(folder, 'nope'))).rejects.toMatchObject({
      code: 'NOT_FOUND',
      kind: 'artifact',
    });
  });

  it('keeps a folder of artifacts however it is named, and what its links lead to', async () => {
    const { tracker } = await lake();
    const model = join(folder, 'model');
    mkdirSync(join(model, 'deep'), { recursive: true });
    writeFileSync(join(model, 'abc'), '1');
    writeFileSync(join(model, 'deep', 'xyz'), '2');
    symlinkSync(join(model, 'abc'), join(model, 'link'));
    const run = await tracker.startRun({ experiment: 'e' });
    // A path with a `.` in front of it, as `.` itself, is longer than those of its files begin.
    await run.logArtifact('model', `./${relative('.', model)}/`);
    await run.finish();
    const { artifacts } = await tracker.run(run.id);
    expect(artifacts).toEqual(['model/abc', 'model/deep/xyz', 'model/link']);
    expect(new TextDecoder().decode(await tracker.artifact(run.id, 'model/link'))).toBe('1');
    symlinkSync(model, join(model, 'deep', 'up'));
    const other = await tracker.startRun({ experiment: 'e' });
    await expect(other.logArtifact('model', model)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      option: 'content',
    });
    symlinkSync(join(folder, 'nope'), join(model, 'deep', 'gone'));
    await expect(other.logArtifact('gone', join(model, 'deep', 'gone'))).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
  });

  it('logs beside others, of several trackers, into one experiment', async () => {
    const { tracker, storage } = await lake();
    const trackers = await Promise.all(
      Array.from({ length: 4 }, async () => await Tracker.open(LAKE, { storage })),
    );
    await Promise.all(
      trackers.map(
        async (one, at) =>
          await one.withRun({ experiment: 'shared' }, async (run) => {
            await run.logMetrics({ at });
            await run.flush();
            await run.logMetrics({ at: at + 10 }, { step: 1 });
          }),
      ),
    );
    const runs = await tracker.search({ experiment: 'shared' });
    expect(
      runs.map(({ metrics }) => metrics.get('at')).toSorted((a, b) => Number(a) - Number(b)),
    ).toEqual([10, 11, 12, 13]);
    expect(await tracker.experiments()).toMatchObject([{ name: 'shared', runs: 4 }]);
  });
});

describe('an input', () => {
  it('is pinned, and recorded with the start of the run in one commit', async () => {
    const { tracker, table, storage } = await lake();
    const run = await tracker.startRun({ experiment: 'e' });
    const input = await run.use(table, { name: 'train', version: 2, where: gt('mass', 9) });
    const events = await DeltaTable.open(`${LAKE}/varve-tracking/events`, { storage });
    expect((await events.snapshot()).version).toBe(1);
    expect(await table.pins.get(`${run.id}-train`)).toMatchObject({ version: 2 });
    expect(await input.scan().count()).toBe(80);
    const [record] = (await tracker.run(run.id)).inputs;
    const { tableId, url } = await table.snapshot();
    expect(record).toMatchObject({ name: 'train', tableId, url, version: 2, digest: input.digest });
    expect(record?.pin).toBe(`${run.id}-train`);
  });

  it('comes back row for row, in order and with its digest, after the table has changed', async () => {
    const { tracker, table } = await lake();
    const parts = hashSplit({ key: ['id'], parts: { train: 0.7, test: 0.3 } });
    const { id, rows, digest } = await tracker.withRun({ experiment: 'e' }, async (run) => {
      const select = ['mass', 'id'] as const;
      const where = gt('mass', 3);
      const train = await run.use(table, {
        name: 'train',
        version: 2,
        select,
        where,
        split: parts.train,
      });
      return { id: run.id, rows: await train.scan().toArray(), digest: train.digest };
    });
    await table.overwrite([{ id: 1000 }]);
    const { inputs } = await tracker.reproduce(id);
    const again = inputs.get('train');
    expect(again?.digest).toBe(digest);
    expect(await again?.scan().toArray()).toEqual(rows);
    expect(rows.length).toBeGreaterThan(40);
    expect(Object.keys(rows[0] ?? {})).toEqual(['mass', 'id']);
  });

  it('has another digest for any other rows or columns', async () => {
    const { tracker, table } = await lake();
    const parts = hashSplit({ key: ['id'], parts: { a: 0.5, b: 0.5 } });
    const run = await tracker.startRun({ experiment: 'e' });
    const uses = [
      {},
      { version: 1 },
      { version: 2 },
      { where: gt('mass', 1) },
      { where: gt('mass', 2) },
      { select: ['id'] },
      { select: ['mass', 'id'] },
      { split: parts.a },
      { split: parts.b },
    ] as const;
    const digests: string[] = [];
    for (const [at, use] of uses.entries()) {
      digests.push((await run.use(table, { name: `i${at}`, ...use })).digest);
    }
    expect(new Set(digests).size).toBe(uses.length);
    const same = await run.use(table, { name: 'again' });
    expect(same.digest).toBe(digests[0]);
  });

  it('that is gone is DATA_GONE with the files, the version or the table', async () => {
    const { tracker, table, storage } = await lake();
    const run = await tracker.startRun({ experiment: 'e' });
    await run.use(table, { name: 'train', version: 2 });
    await run.finish();
    const store = storage.open(new URL(`${LAKE}/penguins`));
    const [file] = (await table.snapshot({ version: 2 })).files();
    await store.delete(file?.path ?? '');
    await expect(tracker.reproduce(run.id)).rejects.toMatchObject({
      code: 'DATA_GONE',
      missing: [file?.path],
      version: 2,
    });
    for await (const { key } of store.list('_delta_log/')) await store.delete(key);
    await expect(tracker.reproduce(run.id)).rejects.toMatchObject({ code: 'DATA_GONE' });
    await expect(tracker.reproduce('nope')).rejects.toMatchObject({ kind: 'run' });
  });

  it('that cannot be selected is refused before anything is pinned', async () => {
    const { tracker, table } = await lake();
    const run = await tracker.startRun({ experiment: 'e' });
    const wrong = [
      { name: 'a', select: ['nope'] },
      { name: 'b', where: gt('nope', 1) },
      { name: 'no/slash' },
      { name: 'c', version: 99 },
    ];
    for (const use of wrong) await expect(run.use(table, use as never)).rejects.toBeDefined();
    expect(await table.pins.list()).toEqual([]);
  });

  it('leads from a table back to its runs', async () => {
    const { tracker, table } = await lake();
    await tracker.withRun({ experiment: 'e', name: 'one' }, async (run) => {
      await run.use(table, { name: 'train', version: 1 });
      await run.use(table, { name: 'test', version: 3 });
    });
    const using = async (options?: { version: number }) => {
      const found: [string, number][] = [];
      for await (const { input, version } of tracker.runsUsing(table, options)) {
        found.push([input, version]);
      }
      return found;
    };
    expect(await using()).toEqual([
      ['train', 1],
      ['test', 3],
    ]);
    expect(await using({ version: 3 })).toEqual([['test', 3]]);
    expect(await using({ version: 2 })).toEqual([]);
  });
});

describe('search', () => {
  async function searched() {
    const { tracker } = await lake();
    for (const [at, auc] of [0.5, 0.9, Number.NaN].entries()) {
      await tracker.withRun({ experiment: 'e', name: `run ${at}` }, async (run) => {
        await run.logParams({ depth: at, 'odd name': 'x' });
        await run.logMetrics({ auc });
        await run.setTags({ team: at === 0 ? 'birds' : 'fish' });
      });
    }
    return tracker;
  }

  it.each([
    ['', 3],
    ['metrics.auc > 0.6', 1],
    ['metrics.auc >= 0.5 and params.depth = "0"', 1],
    ["tags.team like 'b%'", 1],
    ["tags.team ILIKE 'F_SH'", 2],
    ["params.depth in ('0', '2')", 2],
    ['params.depth >= 1', 2],
    ["params.`odd name` = 'x'", 3],
    ["status = 'FINISHED' and run_name != 'run 1'", 2],
    ["attributes.status = 'RUNNING'", 0],
    ['metrics.nope > 0', 0],
  ])('%j finds %i', async (filter, count) => {
    const tracker = await searched();
    expect(await tracker.search({ filter })).toHaveLength(count);
  });

  it.each([
    'metrics.auc',
    'metrics.auc >',
    'nope = 1',
    'metrics.auc > 1 or 2',
    "tags.a = 'x",
    'metrics.auc ~ 1',
    'and',
  ])('refuses %j and names the character', async (filter) => {
    const tracker = await Tracker.open(LAKE, { storage: memoryStorage() });
    await expect(tracker.search({ filter })).rejects.toThrow(/at character \d+/u);
  });

  it('gives the newest first, and at most so many', async () => {
    const tracker = await searched();
    const [newest, ...more] = await tracker.search({ limit: 1 });
    expect(newest?.name).toBe('run 2');
    expect(more).toEqual([]);
  });
});
