import { describe, expect, it } from 'vitest';
import { parseCommit } from '../../src/log/action-codec.js';
import type { Action } from '../../src/log/actions.js';
import { type CommitRequest, commit } from '../../src/log/commit.js';
import { NOTHING_READ } from '../../src/log/conflict.js';
import { Head } from '../../src/log/head.js';
import { commitKey } from '../../src/log/log-path.js';
import { rebase } from '../../src/log/rebase.js';
import { loadSnapshot, refreshSnapshot } from '../../src/log/snapshot.js';
import { seededEntropy } from '../../src/testing/index.js';
import {
  described,
  infoAt,
  listing,
  loseUpTo,
  MAPPED,
  must,
  newest,
  type Setting,
  setting,
} from './commit-fixture.js';
import { add, metadata, PROTOCOL, remove } from './log-fixture.js';

describe('commit, race after race', () => {
  it('pauses ever longer, up to a tenth of a second', async () => {
    const made = await setting();
    const rivals = 10;
    loseUpTo(made, rivals, []);
    const always = { ...made.context, entropy: { ...seededEntropy(1), random: () => 1 } };
    const request = await made.request([add('mine')]);
    expect(await commit(always, request)).toMatchObject({ version: rivals + 1 });
    expect(made.sleeps).toEqual([1, 2, 4, 8, 16, 32, 64, 100, 100, 100]);
    const half = { ...made.context, entropy: { ...seededEntropy(1), random: () => 0.5 } };
    made.sleeps.length = 0;
    loseUpTo(made, rivals + 2, []);
    await commit(half, request);
    expect(made.sleeps).toEqual([0.5]);
  });

  it('has an id of its own, the same in every attempt', async () => {
    const made = await setting();
    for (const [at, name] of ['a', 'b'].entries()) {
      await commit(made.context, await made.request([add(name)]));
      expect((await infoAt(made, at + 1))['txnId']).toMatch(/^[\da-f-]{36}$/u);
    }
    expect((await infoAt(made, 1))['txnId']).not.toBe((await infoAt(made, 2))['txnId']);
  });

  it('is aborted between being made and being sent', async () => {
    const made = await setting();
    const stop = new AbortController();
    const reason = new Error('enough');
    const decisions = {
      ...made.context.decisions,
      rebase: (...given: Parameters<typeof rebase>) => {
        stop.abort(reason);
        return rebase(...given);
      },
    };
    const request = await made.request([add('mine')], { signal: stop.signal });
    await expect(commit({ ...made.context, decisions }, request)).rejects.toBe(reason);
    expect((await newest(made)).version).toBe(0);
  });

  it('refuses actions that cannot be one commit', async () => {
    const made = await setting();
    const metaData: Action = { kind: 'metaData', metaData: metadata() };
    const request = await made.request([metaData, metaData]);
    await expect(commit(made.context, request)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      option: 'transaction',
    });
  });

  it('loses to a winner that was cleaned out of the log, for nobody knows what it did', async () => {
    const made = await setting();
    const reads = { ...NOTHING_READ, matches: () => false };
    const request = await made.request([add('mine')], { reads });
    await made.rival(1, [add('theirs')]);
    const { store } = made.context.log;
    const get = store.get.bind(store);
    let gets = 0;
    store.get = async (key, options) =>
      key === commitKey(1) && gets++ > 0 ? undefined : await get(key, options);
    expect(await commit(made.context, request)).toEqual({
      outcome: 'conflict',
      conflict: 'ConcurrentWriteException',
      winner: { version: 1, operation: 'unknown' },
    });
  });
});

describe('commit, of what it reads of others', () => {
  const getsOf = (made: Setting, version: number): number =>
    made.fixture.requests.gets.filter((key) => key === commitKey(version)).length;

  it('reads what a blind append goes behind once, and nothing that another had read', async () => {
    const made = await setting();
    const request = await made.request([add('mine')]);
    await made.rival(1, [add('f1')]);
    made.context.head.learn(await refreshSnapshot(made.fixture.log, must(request.base)));
    await made.rival(2, [add('f2')]);
    made.fixture.forgetRequests();
    expect(await commit(made.context, request)).toMatchObject({ version: 3 });
    expect([1, 2].map((version) => getsOf(made, version))).toEqual([0, 1]);
    const later = await made.request([add('later')]);
    const head = new Head();
    head.learn(must(request.base));
    made.fixture.forgetRequests();
    expect(await commit({ ...made.context, head }, later)).toMatchObject({ version: 4 });
    expect([1, 2].map((version) => getsOf(made, version))).toEqual([0, 0]);
  });

  it('begins at the version it was built on, though another holds the same one anew', async () => {
    const made = await setting();
    const request = await made.request([add('mine')]);
    made.context.head.learn(await loadSnapshot(made.fixture.log));
    await made.rival(1, [add('f1')]);
    made.fixture.forgetRequests();
    expect(await commit(made.context, request)).toMatchObject({ version: 2 });
    expect(getsOf(made, 1)).toBe(1);
  });

  it('leaves the newest version behind for others, also when it lost', async () => {
    const made = await setting();
    const request = await made.request([remove('f0')]);
    await made.rival(1, [remove('f0')]);
    expect(await commit(made.context, request)).toMatchObject({ outcome: 'conflict' });
    expect(made.context.head.latest?.version).toBe(1);
  });

  it.each<[string, Partial<CommitRequest['reads']>, Action, string]>([
    ['files it would have read', { matches: () => true }, add('theirs'), 'ConcurrentAppend'],
    ['files it read', { files: new Set(['f0']) }, remove('f0'), 'ConcurrentDeleteRead'],
    ['the whole table', { wholeTable: true }, remove('f0'), 'ConcurrentDeleteRead'],
    [
      'a sequence it read',
      { appIds: new Set(['app']) },
      { kind: 'txn', txn: { appId: 'app', version: 1n } },
      'ConcurrentTransaction',
    ],
  ])('looks for %s, though it only adds', async (_what, reads, theirs, conflict) => {
    const made = await setting();
    const request = await made.request([add('mine')], { reads: { ...NOTHING_READ, ...reads } });
    await made.rival(1, [theirs]);
    expect(await commit(made.context, request)).toMatchObject({
      conflict: `${conflict}Exception`,
    });
  });

  it('looks for a domain of its own', async () => {
    const made = await setting();
    const domain: Action = {
      kind: 'domainMetadata',
      domainMetadata: { domain: 'd', configuration: '', removed: false },
    };
    await made.fixture.commit(1, [{ kind: 'protocol', protocol: listing('domainMetadata') }]);
    const request = await made.request([domain, add('mine')]);
    await made.rival(2, [domain]);
    expect(await commit(made.context, request)).toMatchObject({
      conflict: 'ConcurrentTransactionException',
    });
  });

  it.each<[string, readonly string[], readonly Action[]]>([
    ['protocol', [], [{ kind: 'protocol', protocol: listing('deletionVectors') }]],
    [
      'metadata',
      ['columnMapping'],
      [
        {
          kind: 'metaData',
          metaData: metadata({
            configuration: new Map([['delta.columnMapping.mode', 'name']]),
            schemaString: MAPPED,
          }),
        },
      ],
    ],
  ])('refuses a table whose new %s it cannot write, and commits nothing', async (...given) => {
    const [, features, theirs] = given;
    const made = await setting();
    await made.fixture.commit(1, [{ kind: 'protocol', protocol: listing(...features) }]);
    const request = await made.request([add('mine')]);
    await made.rival(2, theirs);
    await expect(commit(made.context, request)).rejects.toMatchObject({
      code: 'UNSUPPORTED_FEATURE',
      side: 'write',
    });
    expect((await newest(made)).version).toBe(2);
  });
});

describe('commit, on a table that Varve does not write', () => {
  it('may be the one that makes it writable', async () => {
    const made = await setting();
    const configuration = new Map([['delta.columnMapping.mode', 'name']]);
    await made.fixture.commit(1, [
      { kind: 'protocol', protocol: listing('columnMapping') },
      { kind: 'metaData', metaData: metadata({ configuration, schemaString: MAPPED }) },
    ]);
    const mend: Action = { kind: 'metaData', metaData: metadata() };
    const request = await made.request([mend]);
    expect(await commit(made.context, request)).toMatchObject({ outcome: 'committed', version: 2 });
  });
});

describe('commit, of a table that tracks rows', () => {
  const ENABLED = new Map([['delta.enableRowTracking', 'true']]);
  const rows = { stats: '{"numRecords":3}' };

  async function tracked(): Promise<Setting> {
    const made = await setting();
    await made.fixture.commit(1, [
      { kind: 'protocol', protocol: listing('rowTracking', 'domainMetadata') },
      { kind: 'metaData', metaData: metadata({ configuration: ENABLED }) },
    ]);
    return made;
  }
  const mark = (value: number): Action => ({
    kind: 'domainMetadata',
    domainMetadata: {
      domain: 'delta.rowTracking',
      configuration: `{"rowIdHighWaterMark":${value}}`,
      removed: false,
    },
  });
  const txn = (appId: string): Action => ({ kind: 'txn', txn: { appId, version: 1n } });
  const addsAt = async ({ fixture }: Setting, version: number): Promise<unknown[]> => {
    const object = await fixture.store.get(commitKey(version));
    return parseCommit(object?.bytes ?? new Uint8Array(), commitKey(version)).flatMap(
      (action): unknown[] => {
        if (action.kind === 'add') return [action.add];
        return action.kind === 'remove' ? [action.remove] : [];
      },
    );
  };

  it('numbers its rows behind whoever won', async () => {
    const made = await tracked();
    const request = await made.request([add('mine', rows)]);
    loseUpTo(made, 3, [mark(40), add('theirs', { ...rows, baseRowId: 38n })]);
    expect(await commit(made.context, request)).toMatchObject({ version: 4 });
    expect(await addsAt(made, 4)).toMatchObject([{ baseRowId: 41n, defaultRowCommitVersion: 4n }]);
  });

  it('takes over the ids that a backfill gave meanwhile', async () => {
    const made = await tracked();
    const reads = { ...NOTHING_READ, files: new Set(['f0']) };
    const request = await made.request([remove('f0')], { reads });
    const ids = { baseRowId: 0n, defaultRowCommitVersion: 2n };
    const info = { operation: 'ROW TRACKING BACKFILL' };
    await made.fixture.commit(2, [
      { kind: 'commitInfo', commitInfo: info },
      mark(2),
      add('f0', { ...rows, ...ids, dataChange: false }),
    ]);
    expect(await commit(made.context, request)).toMatchObject({ version: 3 });
    expect(await addsAt(made, 3)).toMatchObject([{ path: 'f0', ...ids }]);
  });

  it('keeps what it took over from one winner when it goes behind the next', async () => {
    const made = await tracked();
    const reads = { ...NOTHING_READ, files: new Set(['f0']) };
    const request = await made.request([remove('f0')], { reads });
    const ids = { baseRowId: 0n, defaultRowCommitVersion: 2n };
    const backfill: Action[] = [
      { kind: 'commitInfo', commitInfo: { operation: 'ROW TRACKING BACKFILL' } },
      mark(2),
      add('f0', { ...rows, ...ids, dataChange: false }),
    ];
    made.beforePut = async (version) => {
      if (version === 2) await made.fixture.commit(2, backfill);
      if (version === 3) await made.rival(3, [txn('theirs')]);
    };
    expect(await commit(made.context, request)).toMatchObject({ version: 4 });
    expect(await addsAt(made, 4)).toMatchObject([{ path: 'f0', ...ids }]);
  });

  it.each([
    [undefined, 'true'],
    [false, 'true'],
    [true, 'false'],
  ])('says whether ids were kept: lost is %s', async (losesRowIds, preserved) => {
    const made = await tracked();
    const request = await made.request([], { described: { ...described, losesRowIds } });
    await commit(made.context, request);
    expect((await infoAt(made, 2))['tags']).toEqual({ 'delta.rowTracking.preserved': preserved });
  });
});

describe('commit, at an isolation', () => {
  const WEAK = new Map([['delta.isolationLevel', 'WriteSerializable']]);
  const weak: Action = { kind: 'metaData', metaData: metadata({ configuration: WEAK }) };

  it('is that of the table, unless the request is stricter, and says so', async () => {
    const made = await setting();
    await made.fixture.commit(1, [weak]);
    await commit(made.context, await made.request([add('a')]));
    await commit(made.context, await made.request([add('b')], { isolation: 'Serializable' }));
    expect((await infoAt(made, 2))['isolationLevel']).toBe('WriteSerializable');
    expect((await infoAt(made, 3))['isolationLevel']).toBe('Serializable');
  });

  it('is Serializable where nothing says otherwise', async () => {
    const made = await setting();
    await commit(made.context, await made.request([add('a')]));
    expect((await infoAt(made, 1))['isolationLevel']).toBe('Serializable');
    await made.fixture.store.delete(commitKey(0));
    const request = { base: undefined, actions: [], reads: NOTHING_READ, described };
    await expect(commit(made.context, request)).rejects.toMatchObject({ code: 'INTERNAL' });
  });

  it('is that of the properties a table is made with', async () => {
    const made = await setting();
    await made.fixture.store.delete(commitKey(0));
    const create: Action[] = [{ kind: 'protocol', protocol: PROTOCOL }, weak];
    const request = { base: undefined, actions: create, reads: NOTHING_READ, described };
    expect(await commit(made.context, request)).toMatchObject({ outcome: 'committed', version: 0 });
    expect((await infoAt(made, 0))['isolationLevel']).toBe('WriteSerializable');
  });
});
