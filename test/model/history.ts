/** One history: several writers and readers on one table, interleaved and disturbed as a seed says. */
import { isVarveError } from '../../src/errors.js';
import type { CommitDecisions } from '../../src/log/commit.js';
import type { Identify } from '../../src/log/committer.js';
import { DeltaTable } from '../../src/table/delta-table.js';
import { eq } from '../../src/table/expression/builders.js';
import { SYSTEM, tableState } from '../../src/table/table-state.js';
import {
  faultStore,
  memoryStorage,
  type ObjectStore,
  Scheduler,
  scheduledStorage,
  seededEntropy,
  seededFaults,
} from '../../src/testing/index.js';

export const PARTS = ['p', 'q'] as const;

/** What one actor does, one after the other. */
export type Step =
  | { readonly kind: 'append'; readonly part: string }
  | { readonly kind: 'replace'; readonly part: string }
  | { readonly kind: 'once'; readonly sequence: number }
  | { readonly kind: 'overwrite' }
  | { readonly kind: 'read' };

/** The steps of each actor. */
export type Program = readonly (readonly Step[])[];

/** What became of a step. */
export interface Outcome {
  /** Unique: the value of every row the step wrote. */
  readonly op: string;
  readonly step: Step;
  readonly result:
    | { readonly kind: 'ok'; readonly version: number; readonly applied: boolean }
    | { readonly kind: 'failed'; readonly code: string; readonly message: string }
    | { readonly kind: 'unknown'; readonly resolved: string }
    | {
        readonly kind: 'read';
        readonly version: number;
        readonly paths: readonly string[];
        readonly ops: readonly string[];
      };
}

export interface History {
  readonly outcomes: readonly Outcome[];
  /** The texts of the files in `_delta_log`, by name. */
  readonly log: ReadonlyMap<string, string>;
  readonly trace: readonly string[];
  readonly traceHash: string;
}

/** What a planted fault puts in the place of the real thing. */
export interface Planted {
  readonly decisions?: Partial<CommitDecisions>;
  readonly identify?: Identify;
  /** Around each actor's store, below the scheduler: where the effect of a call is. */
  readonly store?: (store: ObjectStore, point: (what: string) => Promise<void>) => ObjectStore;
}

const URL_TEXT = 'memory://lake/t';
const SCHEMA = { op: 'string', part: 'string' } as const;
/** How often the request or the answer of a put-if-absent is lost. */
const LOST = { 'lost-request': 0.08, 'lost-reply': 0.12 };

/** Runs the program once; the same arguments give the same history. */
export async function runHistory(
  program: Program,
  seed: number,
  planted: Planted = {},
): Promise<History> {
  const lake = memoryStorage();
  const properties = { 'delta.checkpointInterval': String(2 + (seed % 4)) };
  await DeltaTable.create(URL_TEXT, {
    schema: SCHEMA,
    partitionBy: ['part'],
    properties,
    storage: lake,
  });
  const scheduler = new Scheduler(seed);
  const outcomes: Outcome[] = [];
  const actors = program.map((steps, at) => {
    const name = `actor ${at}`;
    const run = async (): Promise<void> => {
      const table = openAs(lake, scheduler, { name, seed: seed * 31 + at }, planted);
      for (const [index, step] of steps.entries()) {
        outcomes.push(await perform(table, step, `${at}.${index}`));
      }
    };
    return [name, run] as const;
  });
  const settled = await scheduler.run(Object.fromEntries(actors));
  for (const one of settled) if (one.status === 'rejected') throw one.reason;
  const log = await readLog(lake.open(new URL(URL_TEXT)));
  return { outcomes, log, trace: scheduler.trace, traceHash: scheduler.traceHash };
}

/** A handle of the table as a process of its own would have it. */
function openAs(
  lake: ReturnType<typeof memoryStorage>,
  scheduler: Scheduler,
  actor: { readonly name: string; readonly seed: number },
  planted: Planted,
): DeltaTable<typeof SCHEMA> {
  const plan = seededFaults(actor.seed, { putIfAbsent: LOST });
  const point = async (what: string): Promise<void> => await scheduler.point(actor.name, what);
  const storage = scheduledStorage(lake, scheduler, actor.name, (store) =>
    faultStore(planted.store?.(store, point) ?? store, plan),
  );
  const environment = {
    clock: scheduler.clock(actor.name),
    entropy: seededEntropy(actor.seed),
    decisions: { ...SYSTEM.decisions, ...planted.decisions },
    ...(planted.identify === undefined ? {} : { identify: planted.identify }),
  };
  const state = tableState(URL_TEXT, { storage }, environment);
  return new DeltaTable<typeof SCHEMA>({ state, asNumber: new Set() });
}

async function perform(table: DeltaTable<typeof SCHEMA>, step: Step, op: string): Promise<Outcome> {
  try {
    if (step.kind === 'read') return { op, step, result: await read(table) };
    const { version, outcome } = await write(table, step, op);
    return { op, step, result: { kind: 'ok', version, applied: outcome === 'committed' } };
  } catch (error) {
    if (isVarveError(error, 'COMMIT_STATE_UNKNOWN')) {
      const { outcome } = await table.resolveCommit(error.attempt);
      return { op, step, result: { kind: 'unknown', resolved: outcome } };
    }
    if (!isVarveError(error)) throw error;
    return { op, step, result: { kind: 'failed', code: error.code, message: error.message } };
  }
}

async function write(
  table: DeltaTable<typeof SCHEMA>,
  step: Exclude<Step, { readonly kind: 'read' }>,
  op: string,
): ReturnType<typeof table.append> {
  switch (step.kind) {
    case 'append':
      return await table.append([{ op, part: step.part }]);
    case 'once':
      return await table.append([{ op, part: 'p' }], {
        idempotency: { appId: 'app', sequence: step.sequence },
      });
    case 'replace':
      return await table.overwrite([{ op, part: step.part }], { where: eq('part', step.part) });
    case 'overwrite':
      return await table.overwrite([{ op, part: 'q' }]);
  }
}

async function read(table: DeltaTable<typeof SCHEMA>): Promise<Outcome['result']> {
  const snapshot = await table.snapshot();
  const rows = await snapshot.scan().toArray();
  return {
    kind: 'read',
    version: snapshot.version,
    paths: snapshot.files().map(({ path }) => path),
    ops: rows.map(({ op }) => op ?? '').toSorted(),
  };
}

async function readLog(store: ObjectStore): Promise<ReadonlyMap<string, string>> {
  const files = new Map<string, string>();
  for await (const { key } of store.list('_delta_log/')) {
    const object = await store.get(key);
    files.set(key.slice('_delta_log/'.length), new TextDecoder().decode(object?.bytes));
  }
  return files;
}
