/** The workloads: what is timed, and the check that every engine must agree on. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Data, type RecordBatch, type Table, tableFromIPC } from 'apache-arrow';
import {
  type AnyRow,
  type ArrowBatch,
  and,
  DeltaTable,
  gte,
  lt,
  type ObjectStore,
  openStore,
  type Predicate,
  type Snapshot,
  type StorageProvider,
} from 'varve';
import { countWithDeltaRs } from './writers.js';

/** A digest of the answer; equal for every engine. */
export type Check = Readonly<Record<string, unknown>>;

export interface Workload {
  /** Untimed, before each run; what it gives is handed to `run`. */
  prepare?(): unknown;
  /** What is timed. What it gives is held until the check is made. */
  run(prepared: unknown): Promise<unknown>;
  /** How often `run` does the same, for what is too short to be timed once. 1 when absent. */
  readonly repeats?: number;
  /** After the clock has stopped. */
  check(result: unknown): Promise<Check>;
  /** Takes away what `prepare` made. */
  cleanUp?(prepared: unknown): void;
}

type AnySnapshot = Snapshot<AnyRow>;

/**
 * Every workload there is, by the name that run_peer.py has for it too; it has no `refresh`, `plan-1m`, `writer`
 * and `small-commits-4`, which is of several processes (writers.ts).
 */
export const WORKLOADS: readonly string[] = [
  'scan-full',
  'scan-3col',
  'filter-unsorted',
  'filter-sorted',
  'count',
  'open-1m',
  'open-300k',
  'commits-10k',
  'refresh',
  'plan-1m',
  'only-open-1m',
  'only-open-300k',
  'only-commits-10k',
  'append',
  'small-commits',
  'small-commits-4',
  'writer',
];

const TEXT: ReadonlySet<string> = new Set(['region', 'status', 'name', 'note', 'code']);

/** The workload of that name over the inputs in `data`; undefined when there is none. */
export function workload(name: string, data: string): Workload | undefined {
  const rows = join(data, 'rows');
  switch (name) {
    case 'scan-full':
      return scan(rows, {});
    case 'scan-3col':
      return scan(rows, { select: ['id', 'price', 'region'] });
    case 'filter-unsorted':
      return scan(rows, { where: lt('k', 10_000) });
    case 'filter-sorted':
      return scan(rows, { where: and(gte('id', 3_000_000), lt('id', 3_060_000)) });
    case 'count':
      return {
        run: async () => await countAnew(rows),
        check: asItIs,
      };
    case 'plan-1m':
      return plan(join(data, 'open-1m'));
    case 'refresh':
      return refresh(rows);
    case 'open-1m':
    case 'open-300k':
    case 'commits-10k':
      return open(join(data, name));
    case 'only-open-1m':
    case 'only-open-300k':
    case 'only-commits-10k':
      return openOnly(join(data, name.slice('only-'.length)));
    case 'append':
      return append(join(data, 'append.arrow'));
    case 'small-commits':
      return smallCommits(join(data, 'small.arrow'));
    case 'writer':
      return writer(join(data, 'small.arrow'));
    default:
      return undefined;
  }
}

interface Scanned {
  readonly where?: Predicate;
  readonly select?: readonly string[];
}

/** Streamed: every batch is made and let go; the check reads once more. */
function scan(url: string, options: Scanned): Workload {
  const batches = async function* (): AsyncGenerator<ArrowBatch> {
    const table = await openAnew(url);
    yield* table.scan(options).batches();
  };
  return {
    run: async () => {
      let rowsSeen = 0;
      for await (const batch of batches()) rowsSeen += batch.numRows;
      return rowsSeen;
    },
    check: async () => await describeBatches(batches()),
  };
}

/** What run_peer.py computes with pyarrow, on raw buffers. */
async function describeBatches(batches: AsyncIterable<ArrowBatch>): Promise<Check> {
  let rows = 0;
  let sumId = 0n;
  const columns = new Map<string, [number, number | null]>();
  for await (const batch of batches) {
    rows += batch.numRows;
    batch.schema.fields.forEach(({ name }, at) => {
      const data = (batch as unknown as RecordBatch).data.children[at];
      if (data === undefined) return;
      const [count, size] = columns.get(name) ?? [0, TEXT.has(name) ? 0 : null];
      columns.set(name, [
        count + data.length - data.nullCount,
        size === null ? null : size + textBytes(data),
      ]);
      if (name === 'id') for (const id of data.values as BigInt64Array) sumId += id;
    });
  }
  const sorted = [...columns].toSorted(([a], [b]) => (a < b ? -1 : 1));
  return { rows, sumId: Number(sumId), columns: Object.fromEntries(sorted) };
}

/** The bytes of every value as text: of an integer its digits. */
function textBytes(data: Data): number {
  const offsets = data.valueOffsets as Int32Array | undefined;
  if (offsets !== undefined) return (offsets[data.length] ?? 0) - (offsets[0] ?? 0);
  let sum = 0;
  for (const value of data.values as Int32Array) sum += String(value).length;
  return sum;
}

/** Opens, and holds every active file with its statistics at hand. */
function open(url: string): Workload {
  return {
    run: async () => await snapshotAnew(url),
    check: async (snapshot) => await Promise.resolve(describeFiles(snapshot as AnySnapshot)),
  };
}

/** The same work, for a snapshot has its files from the start; only the version is looked at. */
function openOnly(url: string): Workload {
  return {
    run: async () => ({ version: (await snapshotAnew(url)).version }),
    check: asItIs,
  };
}

async function snapshotAnew(url: string): Promise<AnySnapshot> {
  return await (await openAnew(url)).snapshot();
}

async function countAnew(url: string): Promise<Check> {
  return { rows: await (await openAnew(url)).scan().count() };
}

/** Finds the files of a range on a snapshot that was asked nothing before, and asks again with another range. */
function plan(url: string): Workload {
  const files = async (snapshot: AnySnapshot, from: number): Promise<number> => {
    const where = and(gte('id', from), lt('id', from + 10_000));
    return (await snapshot.scan({ where }).plan()).files.length;
  };
  return {
    prepare: async () => await snapshotAnew(url),
    run: async (prepared) => {
      const snapshot = prepared as AnySnapshot;
      return { first: await files(snapshot, 50_000_000), again: await files(snapshot, 7_000_000) };
    },
    check: asItIs,
  };
}

const REFRESHES = 200;

/** Asks for the newest version where nothing is new, and counts what that asks of the store. */
function refresh(url: string): Workload {
  let requests = 0;
  const storage: StorageProvider = {
    schemes: ['file'],
    open: (root) => counted(openStore(root), () => requests++),
  };
  return {
    repeats: REFRESHES,
    prepare: async () => {
      const table = await DeltaTable.open(pathToFileURL(url), { storage });
      await table.snapshot();
      requests = 0;
      return table;
    },
    run: async (table) => {
      for (let at = 0; at < REFRESHES; at++) await (table as DeltaTable).snapshot();
      return { requests: requests / REFRESHES };
    },
    check: asItIs,
  };
}

/** The store, calling `count` before each request. */
function counted(store: ObjectStore, count: () => void): ObjectStore {
  return new Proxy(store, {
    get: (target, name: keyof ObjectStore) => {
      const method = target[name];
      if (typeof method !== 'function') return method;
      return (...args: never[]): unknown => {
        count();
        return (method as (...given: never[]) => unknown).apply(target, args);
      };
    },
  });
}

/** Handles of one provider share what they know of a table; with a provider of its own each begins from nothing. */
async function openAnew(url: string): Promise<DeltaTable> {
  const storage: StorageProvider = { schemes: ['file'], open: (root) => openStore(root) };
  return await DeltaTable.open(pathToFileURL(url), { storage });
}

function describeFiles(snapshot: AnySnapshot): Check {
  const sums = { sumSize: 0, sumRecords: 0, sumMinId: 0, pathBytes: 0 };
  let files = 0;
  for (const { path, sizeBytes, stats } of snapshot.files()) {
    const { numRecords, minValues } = JSON.parse(stats ?? '{}') as {
      readonly numRecords: number;
      readonly minValues: { readonly id: number };
    };
    files++;
    sums.sumSize += sizeBytes;
    sums.sumRecords += numRecords;
    sums.sumMinId += minValues.id;
    sums.pathBytes += path.length;
  }
  return { version: snapshot.version, files, ...sums };
}

/** Like the peer's, the timed part ends with the answer as a reader finds it. */
function append(input: string): Workload {
  const arrow: Table = tableFromIPC(readFileSync(input));
  return {
    prepare: emptyPlace,
    run: async (url) => {
      await DeltaTable.create(url as string, { rows: arrow as never });
      return await countAnew(url as string);
    },
    check: asItIs,
    cleanUp,
  };
}

const SMALL_COMMITS = 500;

function smallCommits(input: string): Workload {
  const arrow: Table = tableFromIPC(readFileSync(input));
  return {
    prepare: emptyPlace,
    run: async (url) => {
      const table = await DeltaTable.create(url as string, { rows: arrow as never });
      for (let commit = 1; commit < SMALL_COMMITS; commit++) await table.append(arrow as never);
      return { version: (await snapshotAnew(url as string)).version };
    },
    check: asItIs,
    cleanUp,
  };
}

const APPENDS = 1_000;
const APP_ID = 'bench';

/** A stream of small appends, as row objects, each with its sequence; durable at the end. delta-rs looks at the table. */
function writer(input: string): Workload {
  const arrow: Table = tableFromIPC(readFileSync(input));
  return {
    prepare: async () => {
      const url = emptyPlace();
      const table = await DeltaTable.create(url, { rows: arrow as never });
      return { url, table, rows: await table.scan().toArray() };
    },
    run: async (prepared) => {
      const { url, table, rows } = prepared as WriterInput;
      const stream = table.writer({ maxRows: 10_000, maxDelayMs: 1_000 });
      for (let sequence = 0; sequence < APPENDS; sequence++) {
        await stream.append(rows, { idempotency: { appId: APP_ID, sequence } });
      }
      await stream.close();
      return url;
    },
    check: async (url) => {
      const { rows, sequence } = countWithDeltaRs(url as string, APP_ID);
      const expected = arrow.numRows * (APPENDS + 1);
      if (rows !== expected || sequence !== APPENDS - 1) {
        throw new Error(`delta-rs found ${rows} rows up to ${sequence}, not ${expected}`);
      }
      return await Promise.resolve({ rows, sequence });
    },
    cleanUp: (prepared) => cleanUp((prepared as WriterInput).url),
  };
}

interface WriterInput {
  readonly url: string;
  readonly table: DeltaTable;
  readonly rows: readonly AnyRow[];
}

/** A place for one table, in a folder of its own. */
function emptyPlace(): string {
  const base = process.env['BENCH_TMP'] ?? tmpdir();
  return join(mkdtempSync(join(base, 'varve-bench-')), 't');
}

function cleanUp(url: unknown): void {
  rmSync(dirname(url as string), { recursive: true });
}

async function asItIs(result: unknown): Promise<Check> {
  return await Promise.resolve(result as Check);
}
