/** A table in memory that several writers commit to, one of them under a test's control. */
import type { Clock } from '../../src/clock.js';
import { parseCommit } from '../../src/log/action-codec.js';
import type { Action, CommitInfo, Protocol } from '../../src/log/actions.js';
import { type CommitContext, type CommitRequest } from '../../src/log/commit.js';
import type { CommitDescription } from '../../src/log/commit-info.js';
import { identifyByTxnId, logCommitter, settle } from '../../src/log/committer.js';
import { checkConflict, NOTHING_READ } from '../../src/log/conflict.js';
import { Head } from '../../src/log/head.js';
import { commitKey } from '../../src/log/log-path.js';
import { Mutex } from '../../src/log/mutex.js';
import { rebase } from '../../src/log/rebase.js';
import { loadSnapshot } from '../../src/log/snapshot.js';
import { type Fault, faultStore, type StoreCall, seededEntropy } from '../../src/testing/index.js';
import { add, CREATE, LogFixture } from './log-fixture.js';

export const described: CommitDescription = {
  operation: 'WRITE',
  operationParameters: { mode: 'Append', partitionBy: '["day"]' },
  operationMetrics: { numFiles: '1' },
};
export const RIVAL: CommitInfo = { operation: 'RIVAL', txnId: 'rival' };

export interface Setting {
  readonly fixture: LogFixture;
  readonly context: CommitContext;
  /** A request on the version that is the newest now. */
  request(actions: readonly Action[], over?: Partial<CommitRequest>): Promise<CommitRequest>;
  /** Another process's commit. */
  rival(version: number, actions: readonly Action[]): Promise<void>;
  /** Run before each put of a commit. */
  beforePut: ((version: number) => Promise<void>) | undefined;
  /** How long it waited, each time. */
  readonly sleeps: number[];
  /** The faults of this process's store. */
  plan: (call: StoreCall) => Fault | undefined;
}

export function listing(...features: readonly string[]): Protocol {
  const forReaders = features.filter((name) => /deletionVectors|columnMapping/u.test(name));
  return {
    minReaderVersion: 3,
    minWriterVersion: 7,
    readerFeatures: forReaders,
    writerFeatures: ['appendOnly', 'invariants', ...features],
  };
}

export const MAPPED: string = JSON.stringify({
  type: 'struct',
  fields: ['id', 'day'].map((name, at) => ({
    name,
    type: name === 'id' ? 'long' : 'string',
    nullable: true,
    metadata: { 'delta.columnMapping.id': at + 1, 'delta.columnMapping.physicalName': name },
  })),
});

/** A table at version 0 with the file `f0`, and one process that writes to it. */
export async function setting(): Promise<Setting> {
  const fixture = new LogFixture();
  await fixture.commit(0, [...CREATE, add('f0')]);
  const clock: Clock = {
    now: () => fixture.nowMs,
    sleep: (delayMs, signal) => {
      signal?.throwIfAborted();
      made.sleeps.push(delayMs);
      fixture.nowMs += delayMs;
      return Promise.resolve();
    },
  };
  const store = faultStore(fixture.store, (call) => made.plan(call));
  const log = { ...fixture.log, store, clock };
  const committer = logCommitter(store);
  const context: CommitContext = {
    log,
    head: new Head(),
    clock,
    entropy: seededEntropy(1),
    decisions: { checkConflict, settle, rebase },
    queue: new Mutex(),
    committer: {
      commit: async (version, bytes) => {
        await made.beforePut?.(version);
        return await committer.commit(version, bytes);
      },
    },
    identify: identifyByTxnId(store),
    engineInfo: 'varve/test',
  };
  const made: Setting = {
    fixture,
    context,
    request: async (actions, over) => ({
      base: await loadSnapshot(log),
      actions,
      reads: NOTHING_READ,
      described,
      ...over,
    }),
    rival: async (version, actions) =>
      await fixture.commit(version, [{ kind: 'commitInfo', commitInfo: RIVAL }, ...actions]),
    beforePut: undefined,
    sleeps: [],
    plan: () => undefined,
  };
  return made;
}

export function must<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('it is there');
  return value;
}

/** Lets a rival take each version up to `last` just before this process puts it. */
export function loseUpTo(made: Setting, last: number, actions: readonly Action[]): void {
  made.beforePut = async (version) => {
    const isFree = (await made.fixture.store.head(commitKey(version))) === undefined;
    if (version <= last && isFree) await made.rival(version, actions);
  };
}

export async function infoAt({ fixture }: Setting, version: number): Promise<CommitInfo> {
  const key = commitKey(version);
  const object = await fixture.store.get(key);
  const [first] = parseCommit(object?.bytes ?? new Uint8Array(), key);
  return first?.kind === 'commitInfo' ? first.commitInfo : {};
}

export async function newest({ fixture }: Setting): Promise<{ version: number; paths: string[] }> {
  const { version, files } = await loadSnapshot(fixture.log);
  return { version, paths: [...files.files()].map(({ path }) => path) };
}

export const isCommitPut = ({ operation, key }: StoreCall): boolean =>
  operation === 'putIfAbsent' && /\/\d{20}\.json$/u.test(key);
