import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  checkpointKey,
  checkpointPartKey,
  commitKey,
  crcKey,
  LOG,
  versionDigits,
} from '../../src/log/log-path.js';
import { planSegment } from '../../src/log/log-segment.js';
import {
  type CleanupFacts,
  cleanupCutoff,
  LOG_RETENTION_FLOOR_MS,
  planCleanup,
} from '../../src/log/plan-cleanup.js';
import type { ObjectInfo } from '../../src/storage/object-store.js';

const DAY_MS = 86_400_000;
const UUID = '80a083e8-7026-4e79-81be-64bd76c43a11';

function object(key: string, modifiedMs: number, sizeBytes = 10): ObjectInfo {
  return { key, sizeBytes, modifiedMs, etag: key };
}

/** Commits 0..newest, one a day from day 1 on, and what else is said, by key. */
function listing(newest: number, ...keys: readonly string[]): ObjectInfo[] {
  const commits = Array.from({ length: newest + 1 }, (_, v) =>
    object(commitKey(v), (v + 1) * DAY_MS),
  );
  return [...commits, ...keys.map((key) => object(key, 1))].toSorted((a, b) =>
    a.key < b.key ? -1 : 1,
  );
}

function facts(over: Partial<CleanupFacts> = {}): CleanupFacts {
  return { cutoffMs: 8 * DAY_MS, version: 20, pins: [], ...over };
}

const names = (keys: readonly string[]): string[] =>
  keys.map((key) => key.slice(LOG.length).replace(/^0+(?=\d)/, ''));

describe('planCleanup', () => {
  const two = [checkpointKey(3), checkpointKey(6), checkpointKey(9)];

  it('takes everything before the newest expired checkpoint, commits first', () => {
    const crc = [crcKey(2), crcKey(6)];
    const plan = planCleanup(listing(10, ...two, ...crc), facts());
    expect(plan?.anchor.version).toBe(6);
    expect(names(plan?.commits ?? [])).toEqual([
      '0.json',
      '1.json',
      '2.crc',
      '2.json',
      '3.json',
      '4.json',
      '5.json',
    ]);
    expect(names(plan?.checkpoints ?? [])).toEqual(['3.checkpoint.parquet']);
  });

  it.each<[string, Partial<CleanupFacts>, number | undefined]>([
    ['no commit has expired', { cutoffMs: DAY_MS - 1 }, undefined],
    [
      'the newest expired commit is before the first checkpoint',
      { cutoffMs: 3 * DAY_MS },
      undefined,
    ],
    ['a commit at the cutoff has expired', { cutoffMs: 4 * DAY_MS }, 3],
    ['every commit has expired', { cutoffMs: 99 * DAY_MS }, 9],
    ['the snapshot is older', { cutoffMs: 99 * DAY_MS, version: 8 }, 6],
    ['a pin is older than a checkpoint', { pins: [5, 7] }, 3],
    ['a pin is at a checkpoint', { pins: [3] }, 3],
    ['a pin is before every checkpoint', { pins: [1] }, undefined],
    ['a pin is newer than what has expired', { pins: [9] }, 6],
    ['a pin is newer than the listing', { pins: [500] }, 6],
    ['versions above the anchor are protected', { protectedBefore: 7 }, undefined],
    ['versions below the anchor are protected', { protectedBefore: 6 }, 6],
    ['the checkpoint is damaged', { accept: ({ version }) => version !== 6 }, 3],
    ['all checkpoints are', { accept: () => false }, undefined],
  ])('where %s', (_what, over, anchor) => {
    expect(planCleanup(listing(10, ...two), facts(over))?.anchor.version).toBe(anchor);
  });

  it('forgets a pin of a version that the log does not lead to', () => {
    const cleaned = listing(10, ...two).filter(({ key }) => key >= checkpointKey(3));
    expect(planCleanup(cleaned, facts({ pins: [1] }))?.anchor.version).toBe(6);
    expect(planCleanup(cleaned, facts({ pins: [4] }))).toBeUndefined();
  });

  it('does not count a checkpoint whose own commit is gone, nor an incomplete or an empty one', () => {
    const noCommit = listing(10, ...two).filter(({ key }) => key !== commitKey(6));
    expect(planCleanup(noCommit, facts())?.anchor.version).toBe(3);
    const half = listing(10, checkpointKey(3), checkpointPartKey(6, 1, 2));
    expect(planCleanup(half, facts())?.anchor.version).toBe(3);
    const empty = [...listing(10, checkpointKey(3)), object(checkpointKey(6), 1, 0)];
    expect(planCleanup(empty, facts())?.anchor.version).toBe(3);
  });

  it('takes parts, checkpoints named by UUID and compactions that reach the anchor, and nothing else', () => {
    const v2 = `${LOG}${versionDigits(4)}.checkpoint.${UUID}.parquet`;
    const compacted = (from: number, to: number): string =>
      `${LOG}${versionDigits(from)}.${versionDigits(to)}.compacted.json`;
    const plan = planCleanup(
      listing(
        8,
        v2,
        checkpointPartKey(5, 1, 2),
        checkpointKey(6),
        compacted(6, 8),
        compacted(7, 8),
        `${LOG}${versionDigits(1)}.json.tmp`,
        `${LOG}_last_checkpoint`,
      ),
      facts(),
    );
    expect(names(plan?.checkpoints ?? [])).toEqual([
      `4.checkpoint.${UUID}.parquet`,
      '5.checkpoint.0000000001.0000000002.parquet',
    ]);
    expect(names(plan?.commits ?? [])).toContain('6.00000000000000000008.compacted.json');
    expect(plan?.commits).toHaveLength(7);
  });

  it('dates commits so that they increase: one with a time of the past does not expire before its turn', () => {
    const jumping = listing(10, ...two).map((info) =>
      info.key === commitKey(2) ? { ...info, modifiedMs: 50 * DAY_MS } : info,
    );
    expect(planCleanup(jumping, facts())).toBeUndefined();
  });

  it('leaves a log that leads to every version that must stay, after any of the deletes', () => {
    const version = fc.integer({ min: 0, max: 14 });
    fc.assert(
      fc.property(
        fc.uniqueArray(version, { maxLength: 6 }),
        fc.array(version, { maxLength: 3 }),
        fc.integer({ min: 0, max: 16 }),
        (checkpoints, pins, days) => {
          const all = listing(14, ...checkpoints.map(checkpointKey));
          const plan = planCleanup(all, facts({ cutoffMs: days * DAY_MS, version: 14, pins }));
          if (plan === undefined) return;
          const gone = new Set<string>();
          for (const key of [...plan.commits, ...plan.checkpoints]) {
            gone.add(key);
            const left = all.filter((info) => !gone.has(info.key));
            // The newest expired version stays readable, and all behind it.
            for (let kept = Math.max(days - 1, 0); kept <= 14; kept++) {
              expect(planSegment(left, { version: kept })).not.toHaveProperty('problem');
            }
            for (const pin of pins) {
              expect(planSegment(left, { version: pin })).not.toHaveProperty('problem');
            }
            expect(gone.has(commitKey(plan.anchor.version))).toBe(false);
          }
        },
      ),
      { seed: 6, numRuns: 500 },
    );
  });
});

describe('cleanupCutoff', () => {
  it('is a midnight of UTC, and keeps a day whatever the table says', () => {
    const now = 100 * DAY_MS + 5;
    expect(cleanupCutoff(now, 30 * DAY_MS)).toBe(70 * DAY_MS);
    expect(cleanupCutoff(now, 0)).toBe(99 * DAY_MS);
    expect(LOG_RETENTION_FLOOR_MS).toBe(DAY_MS);
  });
});
