import { describe, expect, it } from 'vitest';
import type { Clock } from '../../src/clock.js';
import type { Action } from '../../src/log/actions.js';
import { CONTENTION_BUDGET_MS, commit } from '../../src/log/commit.js';
import { NOTHING_READ } from '../../src/log/conflict.js';
import { commitKey } from '../../src/log/log-path.js';
import { infoAt, isCommitPut, loseUpTo, newest, setting } from './commit-fixture.js';
import { add, CREATE, metadata, PROTOCOL, remove } from './log-fixture.js';

describe('commit', () => {
  it('makes the next version, with what it is and who made it on the first line', async () => {
    const made = await setting();
    const result = await commit(made.context, await made.request([add('mine')]));
    expect(result).toMatchObject({ outcome: 'committed', version: 1 });
    expect(await newest(made)).toEqual({ version: 1, paths: ['f0', 'mine'] });
    expect(await infoAt(made, 1)).toMatchObject({
      operation: 'WRITE',
      operationParameters: { mode: 'Append', partitionBy: '["day"]' },
      operationMetrics: { numFiles: '1' },
      isBlindAppend: true,
      readVersion: 0,
      isolationLevel: 'Serializable',
      engineInfo: 'varve/test',
    });
    expect(made.context.head.latest?.version).toBe(1);
  });

  it('goes behind any number of appends: a lost race is no attempt', async () => {
    const made = await setting();
    const request = await made.request([add('mine')]);
    const rivals = 25;
    made.beforePut = async (version) => {
      if (version <= rivals) await made.rival(version, [add(`f${version}`)]);
    };
    const result = await commit(made.context, request);
    expect(result).toMatchObject({ outcome: 'committed', version: rivals + 1 });
    expect((await infoAt(made, rivals + 1))['readVersion']).toBe(0);
    expect((await newest(made)).paths).toHaveLength(rivals + 2);
  });

  it('gives up when the budget for losing races is spent, with nothing committed', async () => {
    const made = await setting();
    const request = await made.request([add('mine')]);
    const beganMs = made.fixture.nowMs;
    made.beforePut = async (version) => {
      made.fixture.nowMs += 5_000;
      await made.rival(version, [add(`f${version}`)]);
    };
    const result = await commit(made.context, request);
    const { version, paths } = await newest(made);
    expect(result).toEqual({
      outcome: 'conflict',
      conflict: 'ConcurrentWriteException',
      winner: { version, operation: 'RIVAL' },
    });
    expect(paths).not.toContain('mine');
    expect(made.fixture.nowMs - beganMs).toBeGreaterThanOrEqual(CONTENTION_BUDGET_MS);
  });

  it.each([
    [59_999, 'committed'],
    [60_000, 'conflict'],
  ])('that lost a race %d ms after it began is %s', async (elapsedMs, outcome) => {
    const made = await setting();
    const request = await made.request([add('mine')]);
    const beganMs = made.fixture.nowMs;
    made.beforePut = async (version) => {
      if (version > 1) return;
      await made.rival(1, [add('theirs')]);
      made.fixture.nowMs = beganMs + elapsedMs;
    };
    expect(await commit(made.context, request)).toMatchObject({ outcome });
  });

  it('gives up also when the winner was cleaned out of the log meanwhile', async () => {
    const made = await setting();
    const request = await made.request([add('mine')]);
    made.beforePut = async (version) => {
      await made.rival(version, [add('theirs')]);
      made.fixture.nowMs += CONTENTION_BUDGET_MS;
    };
    const { store } = made.context.log;
    const get = store.get.bind(store);
    // The first to read it finds out whose it is.
    let gets = 0;
    store.get = async (key, options) =>
      key === commitKey(1) && gets++ > 0 ? undefined : await get(key, options);
    expect(await commit(made.context, request)).toEqual({
      outcome: 'conflict',
      conflict: 'ConcurrentWriteException',
      winner: { version: 1, operation: 'unknown' },
    });
  });

  it('goes behind a rival that no listing shows yet', async () => {
    const made = await setting();
    const request = await made.request([add('mine')]);
    const { store } = made.context.log;
    const list = store.list.bind(store);
    store.list = async function* stale(prefix, options) {
      for await (const info of list(prefix, options)) {
        if (info.key !== commitKey(1)) yield info;
      }
    };
    loseUpTo(made, 1, [add('theirs')]);
    expect(await commit(made.context, request)).toMatchObject({ outcome: 'committed', version: 2 });
    expect(made.sleeps).toHaveLength(1);
  });

  it('gives up after its time whatever the clock is set to meanwhile', async () => {
    const made = await setting();
    const { clock } = made.context;
    const beganMs = clock.now();
    let puts = 0;
    made.beforePut = async (version) => {
      made.fixture.nowMs += CONTENTION_BUDGET_MS / 4;
      if (++puts > 10) throw new Error('it does not end');
      await made.rival(version, [add(`f${version}`)]);
    };
    const set: Clock = {
      now: () => beganMs - 3_600_000 * puts,
      monotonicMs: () => made.fixture.nowMs,
      sleep: (delayMs, signal) => clock.sleep(delayMs, signal),
    };
    const context = { ...made.context, clock: set };
    expect(await commit(context, await made.request([add('mine')]))).toMatchObject({
      outcome: 'conflict',
      conflict: 'ConcurrentWriteException',
    });
    expect(puts).toBe(4);
  });

  it('names the winner it cannot go behind', async () => {
    const made = await setting();
    const reads = { ...NOTHING_READ, files: new Set(['f0']), matches: () => true };
    const request = await made.request([remove('f0'), add('mine')], { reads });
    loseUpTo(made, 1, [add('theirs')]);
    expect(await commit(made.context, request)).toEqual({
      outcome: 'conflict',
      conflict: 'ConcurrentAppendException',
      winner: { version: 1, operation: 'RIVAL' },
      subject: 'theirs',
    });
    expect(await newest(made)).toEqual({ version: 1, paths: ['f0', 'theirs'] });
  });

  it('compares with every commit since what it read, not only with the last', async () => {
    const made = await setting();
    const reads = { ...NOTHING_READ, files: new Set(['f0']), matches: () => false };
    const request = await made.request([remove('f0'), add('mine')], { reads });
    await made.rival(1, [remove('f0')]);
    await made.rival(2, [add('later')]);
    expect(await commit(made.context, request)).toMatchObject({
      conflict: 'ConcurrentDeleteReadException',
      winner: { version: 1 },
      subject: 'f0',
    });
  });

  it.each<[string, Action, string]>([
    ['metadata', { kind: 'metaData', metaData: metadata({ name: 'new' }) }, 'MetadataChanged'],
    [
      'protocol',
      { kind: 'protocol', protocol: { ...PROTOCOL, minWriterVersion: 3 } },
      'ProtocolChanged',
    ],
  ])('does not let a blind append pass over new %s', async (_what, action, conflict) => {
    const made = await setting();
    const request = await made.request([add('mine')]);
    await made.rival(1, [action]);
    await made.rival(2, [add('f2')]);
    expect(await commit(made.context, request)).toMatchObject({
      conflict: `${conflict}Exception`,
      winner: { version: 1 },
    });
  });

  it('commits a creation once: who loses version 0 has lost', async () => {
    const made = await setting();
    const request = await made.request([...CREATE], { base: undefined });
    expect(await commit(made.context, request)).toEqual({
      outcome: 'conflict',
      conflict: 'ProtocolChangedException',
      winner: { version: 0, operation: 'unknown' },
    });
    await made.fixture.store.delete(commitKey(0));
    expect(await commit(made.context, request)).toMatchObject({ outcome: 'committed', version: 0 });
    expect((await infoAt(made, 0))['readVersion']).toBeUndefined();
  });

  it('says which file is damaged where a creation meets no commit', async () => {
    const made = await setting();
    const request = await made.request([...CREATE], { base: undefined });
    await made.fixture.put(commitKey(0), '{"add":');
    await expect(commit(made.context, request)).rejects.toMatchObject({
      code: 'CORRUPT_DATA',
      key: commitKey(0),
    });
  });
});

describe('commit, with a sequence', () => {
  it('finds it wherever it stands', async () => {
    const made = await setting();
    await made.rival(1, [txn(2n)]);
    const request = await made.request([add('mine'), txn(2n)], { reads });
    expect(await commit(made.context, request)).toEqual({ outcome: 'already-applied', version: 1 });
  });

  const txn = (version: bigint): Action => ({ kind: 'txn', txn: { appId: 'app', version } });
  const reads = { ...NOTHING_READ, appIds: new Set(['app']) };

  it.each([
    ['the same', 2n],
    ['a later one', 3n],
  ])('is already applied when a rival wrote %s first', async (_which, theirs) => {
    const made = await setting();
    const request = await made.request([txn(2n), add('mine')], { reads });
    loseUpTo(made, 1, [txn(theirs), add('theirs')]);
    expect(await commit(made.context, request)).toEqual({ outcome: 'already-applied', version: 1 });
    expect((await newest(made)).paths).toEqual(['f0', 'theirs']);
  });

  it('conflicts when a rival of its name wrote an earlier one', async () => {
    const made = await setting();
    const request = await made.request([txn(2n), add('mine')], { reads });
    loseUpTo(made, 1, [txn(1n), add('theirs')]);
    expect(await commit(made.context, request)).toMatchObject({
      outcome: 'conflict',
      conflict: 'ConcurrentTransactionException',
      subject: 'app',
    });
  });
});

describe('commit, without an answer', () => {
  it('knows its own commit, and makes it once', async () => {
    const made = await setting();
    const request = await made.request([add('mine')]);
    made.plan = (call) => (isCommitPut(call) ? 'lost-reply' : undefined);
    expect(await commit(made.context, request)).toMatchObject({ outcome: 'committed', version: 1 });
    expect(await newest(made)).toEqual({ version: 1, paths: ['f0', 'mine'] });
  });

  it('goes on behind the rival that took the version meanwhile, with the same id', async () => {
    const made = await setting();
    const request = await made.request([add('mine')]);
    let puts = 0;
    made.plan = (call) => (isCommitPut(call) && puts++ === 0 ? 'lost-request' : undefined);
    let tries = 0;
    made.beforePut = async (version) => {
      if (version === 1 && tries++ === 1) await made.rival(1, [add('theirs')]);
    };
    expect(await commit(made.context, request)).toMatchObject({ outcome: 'committed', version: 2 });
    expect((await newest(made)).paths).toEqual(['f0', 'theirs', 'mine']);
  });

  it('is unknown, with what tells its outcome later, when nothing was ever answered', async () => {
    const made = await setting();
    const request = await made.request([add('mine')]);
    made.plan = (call) => (isCommitPut(call) ? 'lost-request' : undefined);
    const result = await commit(made.context, request);
    expect(result).toMatchObject({ outcome: 'unknown', attempt: { version: 1 } });
    expect((await newest(made)).version).toBe(0);
  });

  it('gives an unknown attempt the id that is in the bytes', async () => {
    const made = await setting();
    const request = await made.request([add('mine')]);
    made.plan = (call) => {
      if (isCommitPut(call)) return 'lost-reply';
      return call.key === commitKey(1) ? 'fail' : undefined;
    };
    const result = await commit(made.context, request);
    const { txnId } = await infoAt(made, 1);
    expect(result).toEqual({ outcome: 'unknown', attempt: { version: 1, txnId } });
  });

  it('is committed though the new version cannot be looked at', async () => {
    const made = await setting();
    const request = await made.request([add('mine')]);
    const { store } = made.context.log;
    store.head = () => Promise.reject(new TypeError('a store of somebody else'));
    const result = await commit(made.context, request);
    expect(result).toEqual({ outcome: 'committed', version: 1, snapshot: undefined });
    // So no later look at the log is content with less.
    expect(made.context.head.known).toBe(1);
    expect((await newest(made)).paths).toEqual(['f0', 'mine']);
  });

  it('fails with the reason of the store when it refuses, and nothing is committed', async () => {
    const made = await setting();
    const request = await made.request([add('mine')]);
    made.plan = (call) => (isCommitPut(call) ? 'fail' : undefined);
    await expect(commit(made.context, request)).rejects.toMatchObject({
      code: 'STORAGE_UNAVAILABLE',
    });
    expect((await newest(made)).version).toBe(0);
  });
});

describe('commit, aborted', () => {
  const reason = new Error('enough');

  it('before it began rejects with the reason, and nothing is asked nor committed', async () => {
    const made = await setting();
    const request = await made.request([add('mine')], { signal: AbortSignal.abort(reason) });
    made.fixture.forgetRequests();
    await expect(commit(made.context, request)).rejects.toBe(reason);
    expect(made.fixture.requests).toEqual({ gets: [], lists: 0 });
    expect((await newest(made)).version).toBe(0);
  });

  it('while it catches up rejects with the reason, and nothing is committed', async () => {
    const made = await setting();
    const stop = new AbortController();
    const request = await made.request([add('mine')], { signal: stop.signal });
    made.plan = (call) => {
      if (call.operation === 'list') stop.abort(reason);
      return undefined;
    };
    await expect(commit(made.context, request)).rejects.toBe(reason);
    expect((await newest(made)).version).toBe(0);
  });

  it('after the put settles', async () => {
    const made = await setting();
    const stop = new AbortController();
    const request = await made.request([add('mine')], { signal: stop.signal });
    made.beforePut = () => {
      stop.abort(reason);
      return Promise.resolve();
    };
    made.plan = (call) => (isCommitPut(call) ? 'lost-reply' : undefined);
    expect(await commit(made.context, request)).toMatchObject({ outcome: 'committed', version: 1 });
  });

  it('between two races rejects with the reason: the lost one can never land', async () => {
    const made = await setting();
    const stop = new AbortController();
    const request = await made.request([add('mine')], { signal: stop.signal });
    made.beforePut = async (version) => {
      stop.abort(reason);
      await made.rival(version, [add('theirs')]);
    };
    await expect(commit(made.context, request)).rejects.toBe(reason);
    expect(await newest(made)).toEqual({ version: 1, paths: ['f0', 'theirs'] });
  });
});

describe('writers of one process', () => {
  it('queue instead of colliding', async () => {
    const made = await setting();
    const names = Array.from({ length: 8 }, (_, at) => `mine${at}`);
    const requests = await Promise.all(names.map(async (name) => await made.request([add(name)])));
    let puts = 0;
    made.beforePut = () => {
      puts++;
      return Promise.resolve();
    };
    const results = await Promise.all(requests.map((request) => commit(made.context, request)));
    expect(results.map((result) => result.outcome === 'committed' && result.version)).toEqual(
      names.map((_, at) => at + 1),
    );
    expect(puts).toBe(names.length);
  });

  it('go on after one of them has failed', async () => {
    const made = await setting();
    const aborted = await made.request([add('no')], { signal: AbortSignal.abort() });
    const request = await made.request([add('mine')]);
    const [first, second] = await Promise.allSettled([
      commit(made.context, aborted),
      commit(made.context, request),
    ]);
    expect(first.status).toBe('rejected');
    expect(second).toMatchObject({ status: 'fulfilled', value: { version: 1 } });
  });
});
