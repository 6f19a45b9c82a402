import { describe, expect, it } from 'vitest';
import { DeltaTable } from '../../src/index.js';
import { hashSplit, Tracker } from '../../src/ml/index.js';
import { memoryStorage } from '../../src/storage/memory-store.js';

const LAKE = 'memory://lake';

async function given() {
  const storage = memoryStorage();
  const table = await DeltaTable.create(`${LAKE}/t`, {
    schema: { id: 'long', d: 'double' },
    storage,
  });
  const tracker = await Tracker.open(LAKE, { storage });
  const run = await tracker.startRun({ experiment: 'e' });
  return { table, tracker, run };
}
type Given = Awaited<ReturnType<typeof given>>;

const SPLIT = { part: 'a', key: ['id'], salt: 's', from: 0, to: 1 };
const bytes = new Uint8Array(1);

/** Calls that the types forbid, and what each is told of. */
const CALLS: readonly (readonly [string, string, (of: Given) => unknown])[] = [
  ['Tracker.open without options', 'options', () => Tracker.open(LAKE, null as never)],
  ['Tracker.open', 'sotrage', () => Tracker.open(LAKE, { sotrage: 1 } as never)],
  ['startRun without options', 'options', ({ tracker }) => tracker.startRun(undefined as never)],
  ['startRun', 'run', ({ tracker }) => tracker.startRun({ experiment: 'e', run: 1 } as never)],
  ['startRun', 'tags', ({ tracker }) => tracker.startRun({ experiment: 'e', tags: 5 as never })],
  ['startRun', 'name', ({ tracker }) => tracker.startRun({ experiment: 'e', name: 1n as never })],
  ['search without options', 'options', ({ tracker }) => tracker.search(null as never)],
  ['search', 'limit', ({ tracker }) => tracker.search({ limit: -1 })],
  ['search', 'filter', ({ tracker }) => tracker.search({ filter: 5 as never })],
  ['search', 'where', ({ tracker }) => tracker.search({ where: 'x' } as never)],
  ['artifact', 'path', ({ tracker, run }) => tracker.artifact(run.id, null as never)],
  ['logParams', 'params', ({ run }) => run.logParams(null as never)],
  ['logParams', 'a', ({ run }) => run.logParams({ a: undefined as never })],
  ['logParams', 'a', ({ run }) => run.logParams({ a: {} as never })],
  ['logMetrics', 'metrics', ({ run }) => run.logMetrics([] as never)],
  ['logMetrics', 'options', ({ run }) => run.logMetrics({ a: 1 }, null as never)],
  ['setTags', 'tags', ({ run }) => run.setTags(null as never)],
  ['setTags', 'a', ({ run }) => run.setTags({ a: 1n as never })],
  ['logArtifact', 'path', ({ run }) => run.logArtifact(5 as never, bytes)],
  ['logArtifact', 'content', ({ run }) => run.logArtifact('a', undefined as never)],
  ['use without options', 'options', ({ run, table }) => run.use(table, null as never)],
  ['use', 'name', ({ run, table }) => run.use(table, {} as never)],
  ['use', 'columns', ({ run, table }) => run.use(table, { name: 'a', columns: [] } as never)],
  ['use', 'where', ({ run, table }) => run.use(table, { name: 'a', where: 5 as never })],
  ['use', 'where', ({ run, table }) => run.use(table, { name: 'a', where: undefined as never })],
  ['use', 'table', ({ run }) => run.use(null as never, { name: 'a' })],
  ['runsUsing', 'table', ({ tracker }) => tracker.runsUsing({} as never).next()],
  ['runsUsing', 'table', ({ tracker }) => tracker.runsUsing(5 as never).next()],
  [
    'runsUsing',
    'version',
    ({ tracker, table }) => tracker.runsUsing(table, { version: '1' as never }).next(),
  ],
  ['use', 'context', ({ run, table }) => run.use(table, { name: 'a', context: 5 as never })],
  ['use', 'split', ({ run, table }) => run.use(table, { name: 'a', split: { ...SPLIT, to: NaN } })],
  [
    'use',
    'key',
    ({ run, table }) => run.use(table, { name: 'a', split: { ...SPLIT, key: ['d'] } }),
  ],
  [
    'use',
    'seed',
    ({ run, table }) => run.use(table, { name: 'a', split: { ...SPLIT, seed: 1 } as never }),
  ],
  ['use', 'options', ({ run, table }) => run.use(table, new Map([['name', 'a']]) as never)],
  ['withRun', 'body', ({ tracker }) => tracker.withRun({ experiment: 'e' }, null as never)],
  ['logParams', 'params', ({ run }) => run.logParams(new Map([['a', 1]]) as never)],
  ['logParams', 'params', ({ run }) => run.logParams(Promise.resolve({ a: 1 }) as never)],
  ['logMetrics', 'metrics', ({ run }) => run.logMetrics(new Map([['a', 1]]) as never)],
  ['finish', 'status', ({ run }) => run.finish('DONE' as never)],
  ['hashSplit without options', 'options', () => hashSplit(null as never)],
  ['hashSplit', 'key', () => hashSplit({ key: 'id' as never, parts: { a: 1 } })],
  ['hashSplit', 'parts', () => hashSplit({ key: ['id'], parts: null as never })],
  ['hashSplit', 'seed', () => hashSplit({ key: ['id'], parts: { a: 1 }, seed: 1 } as never)],
];

describe('what a tracker is given', () => {
  it.each(CALLS)('%s refuses a wrong %s', async (_, option, call) => {
    const of = await given();
    const called = (async () => await call(of))();
    await expect(called).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', option });
    await of.run.finish();
    const [recorded, ...others] = await of.tracker.search();
    expect(others).toEqual([]);
    expect(recorded).toMatchObject({ params: new Map(), tags: new Map(), inputs: [] });
  });

  it('ends a run FAILED whatever was thrown', async () => {
    const { tracker } = await given();
    const thrown: unknown = Object.create(null);
    const failing = tracker.withRun({ experiment: 'e' }, () => Promise.reject(thrown as Error));
    await expect(failing).rejects.toBe(thrown);
    const [run] = await tracker.search();
    expect(run).toMatchObject({ status: 'FAILED', error: 'an error without a text' });
  });
});
