/** Mistakes in the commit itself. */

import { StorageUnavailableError } from '../../src/errors.js';
import { settle } from '../../src/log/committer.js';
import { checkConflict } from '../../src/log/conflict.js';
import { joinBody, type ObjectStore, type PutOutcome } from '../../src/storage/object-store.js';
import type { PlantedFault } from './planted.js';

/** Replaces a store's put-if-absent. */
function withPut(
  store: ObjectStore,
  putIfAbsent: (key: string, bytes: Uint8Array) => Promise<PutOutcome>,
): ObjectStore {
  return {
    get: async (key, options) => await store.get(key, options),
    head: async (key, options) => await store.head(key, options),
    put: async (key, body, options) => await store.put(key, body, options),
    delete: async (key, options) => await store.delete(key, options),
    list: (prefix, options) => store.list(prefix, options),
    putIfAbsent: async (key, body) => await putIfAbsent(key, joinBody(body)),
  };
}

const isCommit = (key: string): boolean => /^_delta_log\/\d{20}\.json$/u.test(key);

export const COMMIT_FAULTS: readonly PlantedFault[] = [
  {
    name: 'no txnId check',
    check: 'histories',
    seam: { identify: () => Promise.resolve('other') },
  },
  {
    name: 'the commit exists, else rename',
    check: 'histories',
    seam: {
      store: (store, point) =>
        withPut(store, async (key, bytes) => {
          if ((await store.head(key)) !== undefined) return 'exists';
          await point(`put ${key} that was absent`);
          await store.put(key, bytes);
          return 'created';
        }),
    },
  },
  {
    name: 'an exclusive create, then a write',
    check: 'histories',
    seam: {
      store: (store, point) =>
        withPut(store, async (key, bytes) => {
          if (!isCommit(key)) return await store.putIfAbsent(key, bytes);
          const half = bytes.subarray(0, Math.floor(bytes.length / 2));
          const outcome = await store.putIfAbsent(key, half);
          if (outcome !== 'created') return outcome;
          await point(`write the rest of ${key}`);
          await store.put(key, bytes);
          return 'created';
        }),
    },
  },
  {
    name: 'next version after an unknown outcome',
    check: 'histories',
    seam: {
      decisions: {
        settle: async (context, version, txnId, bytes) => {
          const answer = await context.committer.commit(version, bytes);
          if (answer === 'committed') return 'committed';
          return answer === 'unknown' ? 'lost' : await settle(context, version, txnId, bytes);
        },
      },
    },
  },
  {
    name: 'an unknown outcome told as a failure',
    check: 'histories',
    seam: {
      decisions: {
        settle: async (context, version, txnId, bytes) => {
          const answer = await context.committer.commit(version, bytes);
          if (answer === 'committed') return 'committed';
          if (answer === 'conflict') return await settle(context, version, txnId, bytes);
          const message = 'the store did not answer';
          throw new StorageUnavailableError({ message, key: String(version), operation: 'put' });
        },
      },
    },
  },
  {
    name: 'an unknown outcome told as a success',
    check: 'histories',
    seam: {
      decisions: {
        settle: async (context, version, txnId, bytes) => {
          const answer = await context.committer.commit(version, bytes);
          return answer === 'conflict' ? await settle(context, version, txnId, bytes) : 'committed';
        },
      },
    },
  },
  {
    name: 'the client sends a commit again, and believes the second answer',
    check: 'histories',
    seam: {
      decisions: {
        settle: async ({ committer }, version, _txnId, bytes) => {
          let answer = await committer.commit(version, bytes);
          while (answer === 'unknown') answer = await committer.commit(version, bytes);
          return answer === 'committed' ? 'committed' : 'lost';
        },
      },
    },
  },
  {
    name: 'no conflict check',
    check: 'histories',
    seam: { decisions: { checkConflict: () => undefined } },
  },
  {
    name: 'no check of what was appended to what was read',
    check: 'histories',
    seam: {
      decisions: {
        checkConflict: (mine, winner) =>
          checkConflict({ ...mine, reads: { ...mine.reads, matches: undefined } }, winner),
      },
    },
  },
  {
    name: 'no check of what was deleted (delete/read and delete/delete)',
    check: 'histories',
    seam: {
      decisions: {
        checkConflict: (mine, winner) => {
          const actions = winner.actions.filter(({ kind }) => kind !== 'remove');
          return checkConflict(mine, { ...winner, actions });
        },
      },
    },
  },
  {
    name: 'changes that move no row are no changes',
    check: 'histories',
    seam: {
      decisions: {
        checkConflict: (mine, winner) => {
          const actions = winner.actions.filter(
            (action) => action.kind !== 'remove' || action.remove.dataChange,
          );
          return checkConflict(mine, { ...winner, actions });
        },
      },
    },
  },
  {
    name: 'every winner is a blind append',
    check: 'histories',
    seam: {
      decisions: {
        checkConflict: (mine, winner) =>
          checkConflict(
            { ...mine, isolation: 'WriteSerializable' },
            { ...winner, commitInfo: { ...winner.commitInfo, isBlindAppend: true } },
          ),
      },
    },
  },
  {
    name: 'a sequence is looked at only before the first attempt',
    check: 'histories',
    seam: {
      decisions: {
        checkConflict: (mine, winner) =>
          checkConflict({ ...mine, reads: { ...mine.reads, appIds: new Set() } }, winner),
      },
    },
    edits: [
      {
        file: 'log/commit.ts',
        from: 'if (this.#sequence !== undefined && isApplied(latest, this.#sequence)) {',
        to: 'if (this.#sequence === undefined && this.#checked < -1) {',
      },
    ],
  },
  {
    name: 'no check of changed metadata',
    check: 'races',
    edits: [
      {
        file: 'log/conflict.ts',
        from: '    metadataConflict(mine, winner) ??\n',
        to: '    (Number.isNaN(winner.version) ? metadataConflict(mine, winner) : undefined) ??\n',
      },
    ],
  },
  {
    name: 'in-commit timestamps of the clock alone',
    check: 'races',
    edits: [
      {
        file: 'log/rebase.ts',
        from: 'monotonic(nowMs, current?.timestampMs)',
        to: 'nowMs',
      },
    ],
  },
  {
    name: 'row ids go on from what was read, not from what was won',
    check: 'races',
    edits: [
      {
        file: 'log/rebase.ts',
        from: 'const before = rowIdHighWaterMark(domain);',
        to: 'const before = readMark;',
      },
    ],
  },
];
