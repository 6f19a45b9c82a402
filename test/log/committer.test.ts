import { describe, expect, it } from 'vitest';
import type { Clock } from '../../src/clock.js';
import { AccessDeniedError, CorruptDataError, StorageUnavailableError } from '../../src/errors.js';
import { encodeCommit } from '../../src/log/action-codec.js';
import type { Action } from '../../src/log/actions.js';
import {
  type CommitAnswer,
  identifyByTxnId,
  logCommitter,
  type OnRetryAfter,
  type Owner,
  SETTLE_BUDGET_MS,
  type Settled,
  settle,
} from '../../src/log/committer.js';
import { commitKey } from '../../src/log/log-path.js';
import { memoryStore } from '../../src/storage/memory-store.js';
import type { ObjectStore } from '../../src/storage/object-store.js';
import { faultStore } from '../../src/testing/index.js';

const HOUR_MS = 3_600_000;
const BYTES = new Uint8Array([1, 2, 3]);
const down = new StorageUnavailableError({ message: 'down', key: 'k', operation: 'putIfAbsent' });
const slowed = new StorageUnavailableError({
  message: 'slow down',
  key: 'k',
  operation: 'putIfAbsent',
  retryAfterMs: 4000,
});
const denied = new AccessDeniedError({ message: 'no', key: 'k', operation: 'putIfAbsent' });
const corrupt = new CorruptDataError({ message: 'not a commit', key: 'k' });
const foreign = new TypeError('a store of somebody else');

/** Each answer in turn; the last is given for ever. */
function script<T>(answers: readonly (T | Error)[]): {
  next: () => Promise<T>;
  calls: () => number;
} {
  let at = 0;
  return {
    next: () => {
      const answer = answers[Math.min(at++, answers.length - 1)];
      return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer as T);
    },
    calls: () => at,
  };
}

interface Settling {
  /** What it was settled as, or what was thrown. */
  readonly settled: unknown;
  readonly puts: number;
  readonly looks: number;
  readonly sleeps: readonly number[];
  readonly sleptMs: number;
  readonly sent: readonly { readonly version: number; readonly bytes: Uint8Array }[];
}

/** No answer but that the service wants to be left alone for so many milliseconds. */
type RetryAfter = number;

interface Circumstances {
  /** How long each request takes. */
  readonly putMs?: number;
  readonly random?: number;
  /** By how much the time of day is set once a second has gone by. */
  readonly setMs?: number;
}

async function settling(
  answers: readonly (CommitAnswer | Error | RetryAfter)[],
  owners: readonly (Owner | Error)[] = ['absent'],
  { putMs = 0, random = 0.5, setMs = 0 }: Circumstances = {},
): Promise<Settling> {
  const put = script(answers);
  const look = script(owners);
  const sleeps: number[] = [];
  let nowMs = 0;
  const clock: Clock = {
    now: () => nowMs + (nowMs > 1000 ? setMs : 0),
    monotonicMs: () => nowMs,
    sleep: (delayMs) => {
      if (nowMs > HOUR_MS) return Promise.reject(new Error('it does not end'));
      sleeps.push(delayMs);
      nowMs += delayMs;
      return Promise.resolve();
    },
  };
  const sent: { readonly version: number; readonly bytes: Uint8Array }[] = [];
  const context = {
    clock,
    entropy: { random: () => random, uuid: () => 'none' },
    committer: {
      commit: async (
        version: number,
        bytes: Uint8Array,
        onRetryAfter?: OnRetryAfter,
      ): Promise<CommitAnswer> => {
        sent.push({ version, bytes });
        nowMs += putMs;
        const answer = await put.next();
        if (typeof answer === 'string') return answer;
        onRetryAfter?.(answer);
        return 'unknown';
      },
    },
    identify: async () => await look.next(),
  };
  const settled = await settle(context, 7, 'mine', BYTES).catch((error: unknown) => error);
  const sleptMs = sleeps.reduce((sum, ms) => sum + ms, 0);
  return { settled, puts: put.calls(), looks: look.calls(), sleeps, sleptMs, sent };
}

interface Settlement {
  readonly race: string;
  readonly answers: readonly (CommitAnswer | Error)[];
  readonly owners: readonly (Owner | Error)[];
  readonly settled: Settled;
  readonly puts: number;
}

describe('settle', () => {
  it.each<Settlement>([
    {
      race: 'committed at once',
      answers: ['committed'],
      owners: ['absent'],
      settled: 'committed',
      puts: 1,
    },
    {
      race: 'exists, and is another commit',
      answers: ['conflict'],
      owners: ['other'],
      settled: 'lost',
      puts: 1,
    },
    {
      race: 'exists, and is ours: a retry below us hid its success',
      answers: ['conflict'],
      owners: ['ours'],
      settled: 'committed',
      puts: 1,
    },
    {
      race: 'no answer, and it landed',
      answers: ['unknown'],
      owners: ['ours'],
      settled: 'committed',
      puts: 1,
    },
    {
      race: 'no answer, and another landed',
      answers: ['unknown'],
      owners: ['other'],
      settled: 'lost',
      puts: 1,
    },
    {
      race: 'no answer, and it lands later',
      answers: ['unknown'],
      owners: ['absent', 'absent', 'ours'],
      settled: 'committed',
      puts: 3,
    },
    {
      race: 'no answer, then the same again',
      answers: ['unknown', 'committed'],
      owners: ['absent'],
      settled: 'committed',
      puts: 2,
    },
    {
      race: 'no answer, and the first try was there first',
      answers: ['unknown', 'conflict'],
      owners: ['absent', 'ours'],
      settled: 'committed',
      puts: 2,
    },
    {
      race: 'no answer, and nobody can look for a while',
      answers: ['unknown', 'conflict'],
      owners: [down, 'other'],
      settled: 'lost',
      puts: 2,
    },
    {
      race: 'no answer, then torn for a while',
      answers: ['unknown', 'conflict'],
      owners: [corrupt, 'ours'],
      settled: 'committed',
      puts: 2,
    },
    {
      race: 'not sent, then committed',
      answers: [down, 'committed'],
      owners: ['absent'],
      settled: 'committed',
      puts: 2,
    },
    {
      race: 'no answer, then refused, then there',
      answers: ['unknown', denied, 'conflict'],
      owners: ['absent', 'ours'],
      settled: 'committed',
      puts: 3,
    },
  ])('$race', async ({ answers, owners, settled, puts }) => {
    const found = await settling(answers, owners);
    expect(found.settled).toBe(settled);
    expect(found.puts).toBe(puts);
    expect(found.sent.every(({ version, bytes }) => version === 7 && bytes === BYTES)).toBe(true);
  });

  it('says unknown when the budget is spent, and not before', async () => {
    const found = await settling(['unknown']);
    expect(found.settled).toBe('unknown');
    expect(found.sleptMs).toBeGreaterThan(SETTLE_BUDGET_MS * 0.8);
    expect(found.sleptMs).toBeLessThanOrEqual(SETTLE_BUDGET_MS);
    expect(found.looks).toBe(found.puts);
  });

  it('waits for as long as the service asks, and then a while, between two tries', async () => {
    // Not sent; not answered, with a pause that was asked for; not answered, and nobody can look.
    const answers = [slowed, 3000, 'unknown', 'conflict'] as const;
    const found = await settling(answers, ['absent', slowed, 'ours']);
    expect(found.settled).toBe('committed');
    expect(found.sleeps).toEqual([4007.5, 3015, 4030]);
  });

  it.each<[RetryAfter, number]>([
    [SETTLE_BUDGET_MS - 11, 2],
    [SETTLE_BUDGET_MS - 10, 1],
  ])('asks again after %d ms, when there is time for that', async (askedMs, puts) => {
    expect(await settling([askedMs, 'unknown'])).toMatchObject({ settled: 'unknown', puts });
  });

  it.each([-HOUR_MS, HOUR_MS])(
    'takes its time, no less and no more, when the clock is set by %d ms meanwhile',
    async (setMs) => {
      const found = await settling(['unknown'], ['absent'], { setMs });
      expect(found.settled).toBe('unknown');
      expect(found.sleptMs).toBeGreaterThan(SETTLE_BUDGET_MS * 0.8);
      expect(found.sleptMs).toBeLessThanOrEqual(SETTLE_BUDGET_MS);
    },
  );

  it.each([
    ['the version cannot be read', down],
    ['the version is no commit', corrupt],
    ['the store throws what is not ours', foreign],
  ])('says unknown, never failed, when something was sent and %s', async (_why, error) => {
    expect((await settling(['unknown'], [error])).settled).toBe('unknown');
  });

  it.each([
    ['was refused', denied],
    ['failed in a way that is not ours', foreign],
  ])('throws at once when the request %s', async (_why, error) => {
    const found = await settling([error, 'committed']);
    expect(found).toMatchObject({ settled: error, puts: 1, looks: 0, sleeps: [] });
  });

  it('throws what the store says when nothing was sent until the budget is spent', async () => {
    const found = await settling([down]);
    expect(found).toMatchObject({ settled: down, looks: 0 });
    expect(found.sleptMs).toBeGreaterThan(SETTLE_BUDGET_MS * 0.8);
  });

  it.each([
    ['half', 0],
    ['three quarters', 0.5],
    ['the whole', 1],
  ])(
    'pauses %s of 10 ms, then twice as long each time, of two seconds at most',
    async (...given) => {
      const [, random] = given;
      const share = (1 + random) / 2;
      const { sleeps } = await settling(['unknown'], ['absent'], { random });
      const first = [10, 20, 40, 80, 160, 320, 640, 1280].map((ms) => ms * share);
      expect(sleeps.slice(0, first.length)).toEqual(first);
      expect(new Set(sleeps.slice(first.length))).toEqual(new Set([2_000 * share]));
    },
  );

  it.each<[string, number, CommitAnswer | Error, Circumstances]>([
    ['the last, when a pause would end with the 30 s', 1, 'unknown', { putMs: 29_990 }],
    ['not the last, when there is a millisecond more', 2, 'unknown', { putMs: 29_989 }],
    ['the last, when nothing was sent either', 1, down, { putMs: 29_990 }],
    ['not the last then, too', 2, down, { putMs: 29_989 }],
  ])('its request is %s', async (_when, puts, answer, circumstances) => {
    const found = await settling([answer], ['absent'], circumstances);
    expect(found.puts).toBe(puts);
    expect(found.settled).toBe(answer);
  });

  it('says unknown when the last request failed and an earlier one was sent', async () => {
    const found = await settling(['unknown', down]);
    expect(found.settled).toBe('unknown');
    expect((await settling(['unknown', denied])).settled).toBe('unknown');
  });
});

const TXN: Action = { kind: 'txn', txn: { appId: 'a', version: 1n } };

describe('identifyByTxnId', () => {
  const commit = (txnId?: string): Uint8Array =>
    encodeCommit([{ kind: 'commitInfo', commitInfo: txnId === undefined ? {} : { txnId } }, TXN]);

  it.each<[string, Uint8Array | undefined, Owner]>([
    ['ours by its id', commit('mine'), 'ours'],
    ['other with another id', commit('theirs'), 'other'],
    ['other with no id', commit(), 'other'],
    ['other without a commitInfo', encodeCommit([TXN]), 'other'],
    ['absent', undefined, 'absent'],
  ])('%s', async (_name, bytes, owner) => {
    const store = memoryStore();
    if (bytes !== undefined) await store.put(commitKey(3), bytes);
    expect(await identifyByTxnId(store)(3, 'mine')).toBe(owner);
  });

  it('refuses to tell of what is no commit', async () => {
    const store = memoryStore();
    await store.put(commitKey(3), commit('mine').subarray(0, 20));
    await expect(identifyByTxnId(store)(3, 'mine')).rejects.toMatchObject({
      code: 'CORRUPT_DATA',
      key: commitKey(3),
    });
  });
});

describe('logCommitter', () => {
  it('puts the version if it is absent, and gives the answer as it is', async () => {
    const store = memoryStore();
    expect(await logCommitter(store).commit(0, BYTES)).toBe('committed');
    expect(await logCommitter(store).commit(0, new Uint8Array([9]))).toBe('conflict');
    expect((await store.get(commitKey(0)))?.bytes).toEqual(BYTES);
    const mute = faultStore(store, () => 'lost-reply');
    const told: number[] = [];
    const slow: ObjectStore = {
      ...mute,
      putIfAbsent: async (_key, _body, options) => {
        options?.onRetryAfter?.(5);
        return await Promise.resolve('unknown');
      },
    };
    const tell = (askedMs: number): void => void told.push(askedMs);
    expect(await logCommitter(slow).commit(1, BYTES, tell)).toBe('unknown');
    expect(told).toEqual([5]);
    expect(await logCommitter(mute).commit(1, BYTES)).toBe('unknown');
    expect((await store.get(commitKey(1)))?.bytes).toEqual(BYTES);
  });

  it.each([
    [0, undefined],
    [1, commitKey(0)],
    [7, commitKey(6)],
  ])('makes version %d durable behind %s', async (version, after) => {
    const store = memoryStore();
    const asked: unknown[] = [];
    const put: typeof store.putIfAbsent = (key, body, options) => {
      asked.push({ key, after: options?.after });
      return store.putIfAbsent(key, body, options);
    };
    await logCommitter({ ...store, putIfAbsent: put }).commit(version, BYTES);
    expect(asked).toEqual([{ key: commitKey(version), after }]);
  });
});
