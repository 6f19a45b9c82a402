import { describe, expect, it } from 'vitest';
import { encodeLastCheckpoint } from '../../src/log/last-checkpoint.js';
import { LOG } from '../../src/log/log-path.js';
import {
  findSegment,
  type LogSegment,
  listLog,
  type PlanOptions,
  planSegment,
  type SegmentProblem,
  segmentError,
} from '../../src/log/log-segment.js';
import { memoryStore } from '../../src/storage/memory-store.js';
import type { ObjectInfo, ObjectStore } from '../../src/storage/object-store.js';

const UUID = '80a083e8-7026-4e79-81be-64bd76c43a11';
const digits = (version: number): string => String(version).padStart(20, '0');

/** `5` is a commit, `5c` classic, `5v` v2, `5p1/3` a part; a trailing `!` makes it empty. */
function nameOf(short: string): string {
  const [, version = '', rest = ''] = /^(\d+)(.*?)!?$/.exec(short) ?? [];
  const part = /^p(\d+)\/(\d+)$/.exec(rest);
  if (part !== null) {
    const [one, of] = [part[1], part[2]].map((text) => String(text).padStart(10, '0'));
    return `${digits(Number(version))}.checkpoint.${one}.${of}.parquet`;
  }
  const [, to] = /^-(\d+)$/.exec(rest) ?? [];
  if (to !== undefined) return `${digits(Number(version))}.${digits(Number(to))}.compacted.json`;
  if (rest === '') return `${digits(Number(version))}.json`;
  if (rest === 'c') return `${digits(Number(version))}.checkpoint.parquet`;
  if (rest === 'v') return `${digits(Number(version))}.checkpoint.${UUID}.parquet`;
  return `${digits(Number(version))}${rest}`;
}

function listing(text: string): readonly ObjectInfo[] {
  return text
    .split(' ')
    .filter((short) => short !== '')
    .map((short) => ({
      key: LOG + nameOf(short),
      sizeBytes: short.endsWith('!') ? 0 : 1,
      modifiedMs: 0,
      etag: 'e',
    }));
}

function outline(plan: LogSegment | SegmentProblem): unknown {
  if ('problem' in plan) return plan;
  const { version, checkpoint, commits } = plan;
  const numbers = commits.map(({ key }) => Number(key.slice(LOG.length, LOG.length + 20)));
  const base = checkpoint === undefined ? 'none' : `${checkpoint.version} ${checkpoint.kind}`;
  return [version, base, numbers.join(' ')];
}

const gap = (missing: number): unknown => ({ problem: 'gap', missing });
const noVersion = (version: number, available: string, isCleanedUp = false): unknown => ({
  problem: 'no-version',
  version,
  available,
  isCleanedUp,
});

describe('planSegment', () => {
  it.each<[string, string, PlanOptions, unknown]>([
    ['commits alone', '0 1 2', {}, [2, 'none', '0 1 2']],
    ['any order', '2 0 1', {}, [2, 'none', '0 1 2']],
    ['an older version', '0 1 2', { version: 1 }, [1, 'none', '0 1']],
    ['a checkpoint', '0 1 1c 2 3', {}, [3, '1 classic', '2 3']],
    ['the checkpoint itself', '0 1 1c 2', { version: 1 }, [1, '1 classic', '']],
    ['before the checkpoint', '0 1 1c 2', { version: 0 }, [0, 'none', '0']],
    ['the newest checkpoint', '0 1 1c 2 2c 3', {}, [3, '2 classic', '3']],
    ['a cleaned log', '8 9 10c 10 11', {}, [11, '10 classic', '11']],
    ['a checkpoint and no commit', '10c', {}, [10, '10 classic', '']],
    ['a checkpoint above the commits', '3 4 10c', {}, [10, '10 classic', '']],
    ['an empty checkpoint', '0 1 1c! 2', {}, [2, 'none', '0 1 2']],
    ['parts', '0 1 1p1/2 1p2/2 2', {}, [2, '1 multi-part', '2']],
    ['a missing part', '0 1 1p1/3 1p3/3 2', {}, [2, 'none', '0 1 2']],
    ['an empty part', '0 1 1p1/2 1p2/2! 2', {}, [2, 'none', '0 1 2']],
    ['two part sets', '0 1 1p1/3 1p1/2 1p2/2 2', {}, [2, '1 multi-part', '2']],
    ['a part of ten billion', '0 1 1p9999999999/9999999999', {}, [1, 'none', '0 1']],
    ['classic before v2', '0 1 1v 1c 2', {}, [2, '1 classic', '2']],
    ['v2', '0 1 1v 2', {}, [2, '1 v2', '2']],
    ['noise', '0 1 1.crc 0.json.crc 2.json.tmp 2.crc', {}, [1, 'none', '0 1']],
    ['nothing', '', {}, { problem: 'no-table' }],
    ['only noise', '0.crc', {}, { problem: 'no-table' }],
    ['no beginning', '3 4', {}, gap(0)],
    ['no beginning, a version wanted', '3 4', { version: 4 }, gap(0)],
    ['a gap', '0 1 3', {}, gap(2)],
    ['below a gap', '0 1 3', { version: 1 }, [1, 'none', '0 1']],
    ['in a gap', '0 1 3', { version: 2 }, gap(2)],
    ['a gap behind the checkpoint', '0 1 1c 3', {}, gap(2)],
    ['a gap that the checkpoint covers', '0 2 2c 3', {}, [3, '2 classic', '3']],
    ['too new', '0 1', { version: 5 }, noVersion(5, '0..1')],
    ['too new in a cleaned log', '9 10c 10 11', { version: 12 }, noVersion(12, '10..11')],
    ['cleaned away', '8 9 10c 10 11', { version: 9 }, noVersion(9, '10..11', true)],
    ['below everything', '10c 11', { version: 0 }, noVersion(0, '10..11', true)],
    ['an incomplete checkpoint above all', '0 1 3p1/2', {}, gap(2)],
  ])('%s', (_name, text, options, expected) => {
    expect(outline(planSegment(listing(text), options))).toEqual(expected);
  });

  it.each<[string, string, PlanOptions, string]>([
    ['wholly behind the checkpoint', '0 1 1c 2 3 4 2-3', {}, '2-3'],
    ['to the version itself', '0 1 2 3 1-3', {}, '1-3'],
    ['the longest of one beginning', '0 1 2 3 4 1-2 1-3', {}, '1-3'],
    ['several', '0 1 2 3 4 5 0-1 3-5', {}, '0-1 3-5'],
    ['no overlap', '0 1 2 3 4 5 0-2 2-4 3-5', {}, '0-2 3-5'],
    ['none that begins in the checkpoint', '0 1 2 2c 3 4 1-3', {}, ''],
    ['none that goes beyond the version', '0 1 2 3 4 1-4', { version: 3 }, ''],
    ['the shorter one below the version', '0 1 2 3 4 1-4 1-2', { version: 3 }, '1-2'],
    ['none beyond the last commit', '0 1 2 1-3', {}, ''],
  ])('takes a compaction: %s', (_name, text, options, expected) => {
    const plan = planSegment(listing(text), options);
    if ('problem' in plan) throw new TypeError(plan.problem);
    const base = plan.version - plan.commits.length + 1;
    const taken = (plan.compactions ?? []).map(
      ({ first, count }) => `${base + first}-${base + first + count - 1}`,
    );
    expect(taken.join(' ')).toBe(expected);
  });

  it('takes no compaction in place of a commit that is missing', () => {
    expect(planSegment(listing('0 1 3 4 1-3'))).toEqual(gap(2));
    expect(planSegment(listing('1-3'))).toEqual({ problem: 'no-table' });
  });

  it('falls back past refused checkpoints, and never to an older version', () => {
    const refuse = (version: number): PlanOptions => ({
      accept: (candidate) => candidate.version < version,
    });
    const all = listing('0 1 1c 2 2c 3');
    expect(outline(planSegment(all, refuse(2)))).toEqual([3, '1 classic', '2 3']);
    expect(outline(planSegment(all, refuse(1)))).toEqual([3, 'none', '0 1 2 3']);
    expect(outline(planSegment(listing('5c 6 7 10c'), refuse(10)))).toEqual(gap(8));
    expect(outline(planSegment(listing('5c 6 7 7c 8'), refuse(5)))).toEqual(gap(0));
    const classic: PlanOptions = { accept: ({ kind }) => kind !== 'v2' };
    expect(outline(planSegment(listing('0 1 1v 2'), classic))).toEqual([2, 'none', '0 1 2']);
  });

  it('gives the parts in order', () => {
    const plan = planSegment(listing('3p2/3 3p3/3 3p1/3'));
    const files = 'problem' in plan ? [] : (plan.checkpoint?.files ?? []);
    expect(files.map(({ key }) => key.slice(-29, -19))).toEqual([
      '0000000001',
      '0000000002',
      '0000000003',
    ]);
  });
});

describe('segmentError', () => {
  it('is the typed error of each problem', () => {
    expect(segmentError({ problem: 'no-table' }, 'u')).toMatchObject({
      code: 'NOT_FOUND',
      kind: 'table',
      thing: 'u',
    });
    expect(segmentError({ problem: 'gap', missing: 2 }, 'u')).toMatchObject({
      code: 'CORRUPT_DATA',
      key: `_delta_log/${digits(2)}.json`,
    });
    const absent = { problem: 'no-version', version: 5, available: '0..1' } as const;
    const cleaned = segmentError({ ...absent, isCleanedUp: true }, 'u');
    expect(cleaned.message).toContain('log clean-up');
    expect(segmentError({ ...absent, isCleanedUp: false }, 'u')).toMatchObject({
      code: 'NOT_FOUND',
      kind: 'version',
      thing: '5',
      available: '0..1',
    });
  });
});

async function storeOf(text: string, extra: Record<string, string> = {}): Promise<ObjectStore> {
  const store = memoryStore();
  for (const { key, sizeBytes } of listing(text)) await store.put(key, new Uint8Array(sizeBytes));
  for (const [key, body] of Object.entries(extra)) {
    await store.put(LOG + key, new TextEncoder().encode(body));
  }
  return store;
}

/** A store that notes where listings began. */
function listening(store: ObjectStore, starts: string[]): ObjectStore {
  return {
    ...bound(store),
    list: (prefix, options) => {
      starts.push((options?.startAfter ?? '').slice(LOG.length).replace(/^0+/, ''));
      return store.list(prefix, options);
    },
  };
}

function bound(store: ObjectStore): ObjectStore {
  return {
    get: (...args) => store.get(...args),
    head: (...args) => store.head(...args),
    putIfAbsent: (...args) => store.putIfAbsent(...args),
    put: (...args) => store.put(...args),
    list: (...args) => store.list(...args),
    delete: (...args) => store.delete(...args),
  };
}

describe('listLog', () => {
  it('lists from a version on, leaving out folders and what is no version', async () => {
    const store = await storeOf('0 1 1.crc 2 10', {
      _last_checkpoint: '{}',
      '_sidecars/x.parquet': 'x',
      '.00000000000000000000.json.crc': 'x',
      '00000000000000000002/x': 'x',
    });
    const names = async (from?: number): Promise<string[]> =>
      (await listLog(store, { from })).map(({ key }) => key.slice(LOG.length));
    expect(await names()).toEqual(['0', '1.crc', '1', '2', '10'].map(nameOf));
    expect(await names(2)).toEqual(['2', '10'].map(nameOf));
    expect(await names(3)).toEqual(['10'].map(nameOf));
  });
});

describe('findSegment', () => {
  const hintAt = (version: number): string =>
    new TextDecoder().decode(
      encodeLastCheckpoint({ version, size: 1, sizeInBytes: 1, numOfAddFiles: 1 }),
    );

  it.each<FindCase>([
    { name: 'no hint', expected: [2, '1 classic', '2'], begins: [''] },
    { name: 'a hint', hint: hintAt(1), expected: [2, '1 classic', '2'], begins: ['1'] },
    {
      name: 'a hint at nothing',
      hint: hintAt(9),
      expected: [2, '1 classic', '2'],
      begins: ['9', ''],
    },
    { name: 'garbage', hint: '{"version', expected: [2, '1 classic', '2'], begins: [''] },
    {
      name: 'a stale hint',
      log: '0 1 1c 2 2c 3',
      hint: hintAt(1),
      expected: [3, '2 classic', '3'],
      begins: ['1'],
    },
    {
      name: 'a version before the hint',
      log: '0 1 2 2c',
      hint: hintAt(2),
      options: { version: 1 },
      expected: [1, 'none', '0 1'],
      begins: [''],
    },
    {
      name: 'a version that is not there',
      hint: hintAt(1),
      options: { version: 9 },
      expected: noVersion(9, '0..2'),
      begins: ['1', ''],
    },
    {
      name: 'a refused checkpoint',
      log: '0 1 1c 2 2c 3',
      hint: hintAt(2),
      options: { accept: ({ version }) => version < 2 },
      expected: [3, '1 classic', '2 3'],
      begins: ['2', ''],
    },
    { name: 'a gap', log: '0 1 1c 3', hint: hintAt(1), expected: gap(2), begins: ['1', ''] },
  ])('$name', async ({ log = '0 1 1c 2', hint, options, expected, begins }) => {
    const starts: string[] = [];
    const extra = hint === undefined ? {} : { _last_checkpoint: hint };
    const store = listening(await storeOf(log, extra), starts);
    expect(outline(await findSegment(store, options))).toEqual(expected);
    expect(starts).toEqual(begins);
  });
});

interface FindCase {
  readonly name: string;
  readonly log?: string;
  readonly hint?: string;
  readonly options?: PlanOptions;
  readonly expected: unknown;
  /** Where each listing began. */
  readonly begins: readonly string[];
}
