import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { beforeEach, describe, expect, it } from 'vitest';
import {
  type CommitAttempt,
  DeltaTable,
  isVarveError,
  type ObjectStore,
  openStore,
  type StorageProvider,
} from '../../src/index.js';
import { checkpointKey, commitKey, LAST_CHECKPOINT_KEY, LOG } from '../../src/log/log-path.js';
import { azureStorage } from '../../src/storage/azure/index.js';
import { recordingStore, type StoreRequest } from '../../src/storage/recording-store.js';
import { type FaultPlan, faultStore, memoryStorage } from '../../src/testing/index.js';
import { describeWithAzurite } from '../support/azurite.js';
import { serveFiles } from '../support/http-files.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { isCommit, StillClock } from './writer-fixture.js';

const SCHEMA = { id: 'long' } as const;

/** A place for a table; each `storage()` is that of another process. */
interface Place {
  readonly url: string;
  storage(): StorageProvider;
}

/** An append of a process that is cut off from version 1, which then dies: what it wrote down. */
async function attemptAt(
  place: Place,
  fault: 'lost-reply' | 'lost-request',
): Promise<CommitAttempt> {
  const plan: FaultPlan = ({ operation, key }) => {
    if (!isCommit(key, 1)) return undefined;
    if (operation === 'putIfAbsent') return fault;
    return operation === 'get' ? 'fail' : undefined;
  };
  const storage = place.storage();
  const table = await DeltaTable.open(place.url, {
    storage: {
      schemes: storage.schemes,
      clock: new StillClock(),
      open: (url) => faultStore(storage.open(url), plan),
    },
  });
  try {
    await table.append([{ id: 1 }]);
  } catch (error) {
    if (isVarveError(error, 'COMMIT_STATE_UNKNOWN')) {
      return JSON.parse(JSON.stringify(error.attempt)) as CommitAttempt;
    }
    throw error;
  }
  throw new Error('the append was to be of unknown outcome');
}

async function grown(place: Place, to: number): Promise<void> {
  const table = await DeltaTable.open(place.url, { storage: place.storage() });
  for (;;) if ((await table.append([{ id: 2 }])).version >= to) return;
}

async function removed(store: ObjectStore, ...keys: readonly string[]): Promise<void> {
  for (const key of keys) await store.delete(key);
}

const PROPERTIES = { 'delta.checkpointInterval': '4' };

/** What every store must give. */
function describeResolution(what: string, place: () => Promise<Place>): void {
  describe(`resolveCommit on ${what}`, () => {
    let here: Place;
    const ask = async (attempt: CommitAttempt) => {
      const table = await DeltaTable.open(here.url, { storage: here.storage() });
      return await table.resolveCommit(attempt);
    };
    const store = (): ObjectStore => here.storage().open(new URL(here.url));

    beforeEach(async () => {
      here = await place();
      const { url } = here;
      await DeltaTable.create(url, {
        schema: SCHEMA,
        properties: PROPERTIES,
        storage: here.storage(),
      });
    });

    it('is committed when the version is ours, also when others followed', async () => {
      const attempt = await attemptAt(here, 'lost-reply');
      expect(await ask(attempt)).toEqual({ outcome: 'committed', version: 1 });
      await grown(here, 5);
      expect(await ask(attempt)).toEqual({ outcome: 'committed', version: 1 });
    });

    it('is unknown while the version is absent, and lost when another has it', async () => {
      const attempt = await attemptAt(here, 'lost-request');
      expect(await ask(attempt)).toEqual({ outcome: 'unknown' });
      await grown(here, 1);
      expect(await ask(attempt)).toEqual({ outcome: 'lost' });
    });

    it.each([
      ['a later commit', 5, [1, 2, 3, 4]],
      ['a checkpoint and no commit', 4, [0, 1, 2, 3, 4]],
    ] as const)('is expired when the log begins with %s', async (_with, newest, gone) => {
      const attempt = await attemptAt(here, 'lost-reply');
      await grown(here, newest);
      await removed(store(), ...gone.map(commitKey));
      expect(await ask(attempt)).toEqual({ outcome: 'expired' });
    });
  });
}

/** The store as an object of its own methods, to put others in their place. */
const plain = (store: ObjectStore): ObjectStore => faultStore(store, () => undefined);

let places = 0;

describeResolution('memory', async () => {
  const lake = memoryStorage();
  return { url: `memory://lake/${++places}`, storage: () => ({ ...lake }) };
});

const folder = temporaryFolder();
const local = (): StorageProvider => ({ schemes: ['file'], open: (url) => openStore(url) });

describeResolution('local disk', async () => ({
  url: pathToFileURL(join(folder, String(++places))).href,
  storage: local,
}));

describeWithAzurite('Azure', (azurite) => {
  describeResolution('Azurite', async () => ({
    url: `az://${await azurite.container()}/t`,
    storage: () => azureStorage({ connectionString: azurite.connectionString() }),
  }));
});

describe('resolveCommit', () => {
  const lake = memoryStorage();
  const requests: StoreRequest[] = [];
  const state = { isLate: false };
  let url: string;

  /** Shows nothing when it is late. */
  const lateStore = (store: ObjectStore): ObjectStore => ({
    ...plain(store),
    async *list(prefix, options) {
      if (!state.isLate) yield* store.list(prefix, options);
    },
  });
  const place = (): Place => ({ url, storage: () => ({ ...lake }) });
  const opened = async (): Promise<DeltaTable> =>
    await DeltaTable.open(url, {
      storage: { ...lake, open: (at) => recordingStore(lateStore(lake.open(at)), requests) },
    });
  const store = (): ObjectStore => lake.open(new URL(url));

  beforeEach(async () => {
    url = `memory://lake/${++places}`;
    state.isLate = false;
    await DeltaTable.create(url, { schema: SCHEMA, properties: PROPERTIES, storage: lake });
  });

  it('takes the checkpoint that the hint names for evidence where listings are late', async () => {
    const attempt = await attemptAt(place(), 'lost-reply');
    const table = await opened();
    await grown(place(), 5);
    await removed(store(), ...[0, 1, 2, 3, 4].map(commitKey));
    state.isLate = true;
    expect(await table.resolveCommit(attempt)).toEqual({ outcome: 'expired' });
  });

  it.each([
    ['the checkpoint is not there', [checkpointKey(4), ...[1, 2, 3, 4, 5].map(commitKey)]],
    ['it names an earlier one', [LAST_CHECKPOINT_KEY, ...[1, 2, 3, 4, 5].map(commitKey)]],
  ])('does not believe the hint alone: %s', async (_why, gone) => {
    const attempt = await attemptAt(place(), 'lost-reply');
    const table = await opened();
    await grown(place(), 5);
    await removed(store(), ...gone);
    state.isLate = true;
    expect(await table.resolveCommit(attempt)).toEqual({ outcome: 'unknown' });
  });

  it('sees what lands between its looks', async () => {
    const attempt = await attemptAt(place(), 'lost-request');
    const table = await opened();
    const landing: StorageProvider = {
      ...lake,
      open: (at) => {
        const inner = lake.open(at);
        return {
          ...plain(inner),
          async *list(prefix, options) {
            await grown(place(), 2);
            yield* inner.list(prefix, options);
          },
        };
      },
    };
    const other = await DeltaTable.open(url, { storage: landing });
    // Opening has listed once; the attempt's version was taken away again.
    await removed(store(), commitKey(1), commitKey(2));
    expect(await other.resolveCommit(attempt)).toEqual({ outcome: 'lost' });
    expect(await table.resolveCommit(attempt)).toEqual({ outcome: 'lost' });
  });

  it('is the answer of a reader without a listing, too', async () => {
    const attempt = await attemptAt(place(), 'lost-reply');
    const files = await serveFiles(store());
    try {
      const table = await DeltaTable.open(files.url);
      expect(await table.resolveCommit(attempt)).toEqual({ outcome: 'committed', version: 1 });
      const next = { ...attempt, version: 2 };
      expect(await table.resolveCommit(next)).toEqual({ outcome: 'unknown' });
      await grown(place(), 5);
      expect(await table.resolveCommit(next)).toEqual({ outcome: 'lost' });
      await removed(store(), ...[0, 1, 2, 3].map(commitKey));
      expect(await table.resolveCommit(next)).toEqual({ outcome: 'expired' });
    } finally {
      await files.close();
    }
  });

  it('asks for little: the version; when it is absent the log behind it and the hint', async () => {
    const attempt = await attemptAt(place(), 'lost-reply');
    const table = await opened();
    const asked = async (what: CommitAttempt): Promise<readonly string[]> => {
      requests.length = 0;
      await table.resolveCommit(what);
      return requests.map(({ operation, key }) => `${operation} ${key}`);
    };
    const get = (version: number): string => `get ${commitKey(version)}`;
    const hint = `get ${LAST_CHECKPOINT_KEY}`;
    expect(await asked(attempt)).toEqual([get(1)]);
    expect(await asked({ ...attempt, version: 2 })).toEqual([get(2), `list ${LOG}`, hint]);
    await grown(place(), 5);
    await removed(store(), ...[0, 1, 2].map(commitKey));
    expect(await asked({ ...attempt, version: 3 })).toEqual([get(3)]);
    expect(await asked(attempt)).toEqual([get(1), `list ${LOG}`, get(1)]);
    state.isLate = true;
    const head = `head ${checkpointKey(4)}`;
    expect(await asked(attempt)).toEqual([get(1), `list ${LOG}`, hint, head, get(1)]);
  });

  it('says when the store cannot be asked, and when the version is no commit', async () => {
    const attempt = await attemptAt(place(), 'lost-reply');
    const broken: FaultPlan = ({ key }) => (isCommit(key, 1) ? 'fail' : undefined);
    const storage = { ...lake, open: (at: URL) => faultStore(lake.open(at), broken) };
    await grown(place(), 4);
    const cut = await DeltaTable.open(url, { storage });
    await expect(cut.resolveCommit(attempt)).rejects.toMatchObject({
      code: 'STORAGE_UNAVAILABLE',
    });
    await store().put(commitKey(1), new TextEncoder().encode('{"commitInfo":'));
    const table = await opened();
    await expect(table.resolveCommit(attempt)).rejects.toMatchObject({ code: 'CORRUPT_DATA' });
    await expect(table.resolveCommit({ version: -1, txnId: 'x' })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      option: 'version',
    });
  });
});

describe('resolveCommit, aborted', () => {
  it('rejects with the reason while the store does not answer', async () => {
    const stop = new AbortController();
    const reason = new Error('enough');
    const stored = memoryStorage();
    await DeltaTable.create('memory://lake/t', { schema: SCHEMA, storage: stored });
    const storage: StorageProvider = {
      schemes: stored.schemes,
      open: (url) => {
        const store = stored.open(url);
        const get: ObjectStore['get'] = async (key, options) => {
          if (!isCommit(key, 1)) return await store.get(key, options);
          return await new Promise((_resolve, reject) => {
            options?.signal?.addEventListener('abort', () => reject(reason));
            stop.abort(reason);
          });
        };
        return { ...recordingStore(store, []), get };
      },
    };
    const table = await DeltaTable.open('memory://lake/t', { storage });
    const { signal } = stop;
    const asked = table.resolveCommit({ version: 1, txnId: 'mine' }, { signal });
    await expect(asked).rejects.toBe(reason);
  });
});
