import { beforeEach, describe, expect, it } from 'vitest';
import { DeltaTable, type StorageProvider } from '../../src/index.js';
import { Tracker } from '../../src/ml/index.js';
import {
  type Fault,
  faultStore,
  memoryStorage,
  type StoreOperation,
  seededEntropy,
} from '../../src/testing/index.js';
import { virtualClock } from '../faults/virtual-clock.js';

const LAKE = 'memory://lake';
/** Of a surrogate pair. */
const HALF = '\ud83d';
const SCHEMA = { id: 'long' } as const;

describe('a tracker whose store fails', () => {
  /** What becomes of a call of the store below `url`. */
  let faultOf: (operation: StoreOperation, url: string, key: string) => Fault | undefined;
  let storage: StorageProvider;
  let table: DeltaTable<typeof SCHEMA>;
  let tracker: Tracker;

  const well = (): void => {
    faultOf = () => undefined;
  };
  /** No commit of the tracker's gets through. */
  const failCommits = (): void => {
    faultOf = (operation, url) =>
      operation === 'putIfAbsent' && url.endsWith('/events') ? 'fail' : undefined;
  };
  /** Whether the tracker's commits got through nobody learns. */
  const loseReplies = (): void => {
    let isLost = false;
    faultOf = (operation, url, key) => {
      if (!url.endsWith('/events') || !key.startsWith('_delta_log/')) return undefined;
      if (operation !== 'putIfAbsent') return isLost ? 'fail' : undefined;
      isLost = true;
      return 'lost-reply';
    };
  };
  const pins = async (): Promise<readonly string[]> =>
    (await table.pins.list()).map(({ name }) => name);

  beforeEach(async () => {
    well();
    const memory = memoryStorage();
    storage = {
      schemes: memory.schemes,
      clock: virtualClock(),
      entropy: seededEntropy(1),
      open: (url) =>
        faultStore(memory.open(url), ({ operation, key }) => faultOf(operation, url.href, key)),
    };
    table = await DeltaTable.create(`${LAKE}/t`, { schema: SCHEMA, storage });
    await table.append([{ id: 1n }]);
    tracker = await Tracker.open(LAKE, { storage });
    await tracker.withRun({ experiment: 'e', name: 'before' }, async () => undefined);
  });

  it('ends a run with the call that is made again, and as it was told first', async () => {
    const run = await tracker.startRun({ experiment: 'e' });
    failCommits();
    await expect(run.finish()).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE' });
    await expect(run[Symbol.asyncDispose]()).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE' });
    well();
    await run[Symbol.asyncDispose]();
    expect((await tracker.run(run.id)).status).toBe('FINISHED');
  });

  it('has ended a run when each of two who end it is told so', async () => {
    const run = await tracker.startRun({ experiment: 'e' });
    const first = run.finish();
    await run.finish();
    expect((await tracker.run(run.id)).status).toBe('FINISHED');
    await first;
  });

  it('records no input that it said had failed, and leaves no pin for it', async () => {
    const run = await tracker.startRun({ experiment: 'e' });
    failCommits();
    await expect(run.use(table, { name: 'train' })).rejects.toMatchObject({
      code: 'STORAGE_UNAVAILABLE',
    });
    expect(await pins()).toEqual([]);
    well();
    await run.finish();
    expect(await tracker.run(run.id)).toMatchObject({ status: 'FINISHED', inputs: [] });
  });

  it.each(['fail', 'lost-reply'] as const)(
    'takes an input again whose pin met %s',
    async (fault) => {
      const run = await tracker.startRun({ experiment: 'e' });
      faultOf = (operation, _url, key) =>
        operation === 'putIfAbsent' && key.startsWith('_varve/pins/') ? fault : undefined;
      const again = async () => await run.use(table, { name: 'train' });
      await expect(again()).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE' });
      well();
      await again();
      const { inputs } = await tracker.run(run.id);
      expect(inputs).toMatchObject([{ name: 'train', version: 1 }]);
      expect(await pins()).toEqual([inputs[0]?.pin]);
      await expect(again()).rejects.toMatchObject({ code: 'ALREADY_EXISTS', kind: 'pin' });
    },
  );

  it('has one input of a name, kept by its pin, when the first try may have been recorded', async () => {
    const run = await tracker.startRun({ experiment: 'e' });
    await run.logMetrics({ loss: 1 });
    loseReplies();
    await expect(run.use(table, { name: 'train' })).rejects.toMatchObject({
      code: 'COMMIT_STATE_UNKNOWN',
    });
    well();
    const [recorded] = (await tracker.run(run.id)).inputs;
    expect(await pins()).toContain(recorded?.pin);
    await table.append([{ id: 2n }]);
    await run.use(table, { name: 'train' });
    const { inputs, metricHistory } = await tracker.run(run.id);
    expect(inputs).toMatchObject([{ name: 'train', version: 2, pin: `${run.id}.2-train` }]);
    expect(await pins()).toEqual([`${run.id}-train`, `${run.id}.2-train`]);
    expect(metricHistory.get('loss')).toHaveLength(1);
    expect((await tracker.reproduce(run.id)).inputs.get('train')?.version).toBe(2);
  });

  it('counts what is logged again after a full buffer could not be written once', async () => {
    const run = await tracker.startRun({ experiment: 'e' });
    await run.logMetrics(
      Object.fromEntries(Array.from({ length: 1000 }, (_, at) => [`m${at}`, at])),
    );
    failCommits();
    await expect(run.logMetrics({ loss: 1 })).rejects.toMatchObject({
      code: 'STORAGE_UNAVAILABLE',
    });
    well();
    await run.logMetrics({ loss: 1 });
    await run.finish();
    const { metricHistory } = await tracker.run(run.id);
    expect(metricHistory.get('loss')).toHaveLength(1);
    expect(metricHistory.get('m999')).toHaveLength(1);
  });

  it('names an artifact once, however often it was stored', async () => {
    const run = await tracker.startRun({ experiment: 'e' });
    await run.logArtifact('a', new Uint8Array([1]));
    await run.logArtifact('a', new Uint8Array([2]));
    await run.finish();
    expect((await tracker.run(run.id)).artifacts).toEqual(['a']);
    expect(await tracker.artifact(run.id, 'a')).toEqual(new Uint8Array([2]));
  });

  it('throws what the body of a run threw, though the end cannot be written', async () => {
    let id = '';
    const failing = tracker.withRun({ experiment: 'e' }, async (run) => {
      id = run.id;
      await run.flush();
      failCommits();
      throw new RangeError('no convergence');
    });
    await expect(failing).rejects.toThrow('no convergence');
    well();
    expect((await tracker.run(id)).status).toBe('RUNNING');
  });
});

describe('a run', () => {
  it('logs nothing of a call that it refuses', async () => {
    const tracker = await Tracker.open(LAKE, { storage: memoryStorage() });
    const run = await tracker.startRun({ experiment: 'e' });
    const wrong = { code: 'INVALID_ARGUMENT' };
    await expect(run.logMetrics({ a: 1, b: 'x' as never })).rejects.toMatchObject(wrong);
    await expect(run.setTags({ a: 'x', b: 3 as never })).rejects.toMatchObject(wrong);
    await expect(run.setTags({ a: 'x', b: HALF })).rejects.toMatchObject(wrong);
    await expect(run.logParams({ a: 'x', b: HALF })).rejects.toMatchObject(wrong);
    await expect(run.logMetrics({ a: 1, [HALF]: 1 })).rejects.toMatchObject(wrong);
    await expect(tracker.startRun({ experiment: HALF })).rejects.toMatchObject(wrong);
    await expect(tracker.startRun({ experiment: 'e', name: HALF })).rejects.toMatchObject(wrong);
    await expect(tracker.startRun({ experiment: 'e', name: 3 as never })).rejects.toMatchObject(
      wrong,
    );
    await run.finish('FAILED', new Error(HALF));
    const { metrics, params, tags, error } = await tracker.run(run.id);
    expect([metrics.size, params.size, tags.size, error]).toEqual([0, 0, 0, 'Error: \ufffd']);
  });

  it('has its id and its times from the storage of its lake', async () => {
    const runOf = async (seed: number) => {
      const storage: StorageProvider = {
        ...memoryStorage(),
        clock: virtualClock(),
        entropy: seededEntropy(seed),
      };
      const tracker = await Tracker.open(LAKE, { storage });
      await tracker.withRun({ experiment: 'e' }, async (run) => await run.logParams({ a: 1 }));
      const [run] = await tracker.search();
      return run;
    };
    const [one, again, other] = [await runOf(1), await runOf(1), await runOf(2)];
    expect(one?.id).toMatch(/^[0-9a-f]{32}$/u);
    expect(again).toEqual(one);
    expect(other?.id).not.toBe(one?.id);
    expect(one?.startedAt.toISOString()).toMatch(/^2026-01-01T00:00:00/u);
  });
});
