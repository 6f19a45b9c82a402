/** One history: several writers and readers on one table, interleaved and disturbed as a seed says. */
import { type CommitAttempt, isVarveError } from '../../src/errors.js';
import type { CommitDecisions } from '../../src/log/commit.js';
import type { Identify } from '../../src/log/committer.js';
import { DeltaTable } from '../../src/table/delta-table.js';
import { eq } from '../../src/table/expression/builders.js';
import { SYSTEM, tableState } from '../../src/table/table-state.js';
import {
  type FaultPlan,
  faultStore,
  memoryStorage,
  type ObjectStore,
  Scheduler,
  type StorageProvider,
  scheduledStorage,
  seededEntropy,
  seededFaults,
  seededNumbers,
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
  /** Whether a store refused requests for a while, so that a step may fail for that. */
  readonly hadOutage: boolean;
  /** The texts of the commits in `_delta_log`, by name. */
  readonly log: ReadonlyMap<string, string>;
  /** The keys of the data files that are in the store at the end. */
  readonly files: ReadonlySet<string>;
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
/** How often the request or the answer of a put-if-absent is lost, or the request comes late. */
const LOST = { 'lost-request': 0.06, 'late-request': 0.06, 'lost-reply': 0.1 };
const DARK = { 'lost-request': 0.7, 'late-request': 0.15, 'lost-reply': 0.15 };
/** One history in so many has an actor who is cut off from the commits for a while. */
const OUTAGE_EVERY = 4;
/** More requests than settling one commit takes. */
const MAX_OUTAGE_CALLS = 120;
const YEAR_MS = 365 * 24 * 3_600_000;

/** Runs the program once; the same arguments give the same history. */
export async function runHistory(
  program: Program,
  seed: number,
  planted: Planted = {},
): Promise<History> {
  const scheduler = new Scheduler(seed);
  const lake = memoryStorage({ clock: scheduler.clock('lake') });
  const properties = { 'delta.checkpointInterval': String(2 + (seed % 4)) };
  await DeltaTable.create(URL_TEXT, {
    schema: SCHEMA,
    partitionBy: ['part'],
    properties,
    storage: { ...lake, clock: scheduler.clock('creator'), entropy: scheduler.entropy('creator') },
  });
  const outcomes: Outcome[] = [];
  const actors = program.map((steps, at) => {
    const name = `actor ${at}`;
    const run = async (): Promise<void> => {
      const isCutOff = at === 0 && hasOutage(seed);
      const table = openAs(lake, scheduler, { name, seed: seed * 31 + at, isCutOff }, planted);
      for (const [index, step] of steps.entries()) {
        outcomes.push(await perform(table, step, `${at}.${index}`));
      }
    };
    return [name, run] as const;
  });
  const settled = await scheduler.run(Object.fromEntries(actors));
  for (const one of settled) if (one.status === 'rejected') throw one.reason;
  outcomes.push(await audit(lake));
  const { trace, traceHash } = scheduler;
  const stored = await readStore(lake.open(new URL(URL_TEXT)));
  return { ...stored, outcomes, hadOutage: hasOutage(seed), trace, traceHash };
}

/** The name of the last reading. */
export const AUDIT = 'audit';

/** What somebody reads who comes when all is over: the newest checkpoint and what follows it. */
async function audit(lake: StorageProvider): Promise<Outcome> {
  const late = await DeltaTable.open(URL_TEXT, { storage: { ...lake }, schema: SCHEMA });
  return await perform(late, { kind: 'read' }, AUDIT);
}

/** A handle of the table as a process of its own would have it. */
function openAs(
  lake: StorageProvider,
  scheduler: Scheduler,
  actor: { readonly name: string; readonly seed: number; readonly isCutOff: boolean },
  planted: Planted,
): DeltaTable<typeof SCHEMA> {
  const usual = seededFaults(actor.seed, { putIfAbsent: LOST });
  const plan = actor.isCutOff ? withOutage(actor.seed, usual) : usual;
  const arrival = async (): Promise<void> => await scheduler.point(actor.name, 'late request');
  const point = async (what: string): Promise<void> => await scheduler.point(actor.name, what);
  const storage = scheduledStorage(lake, scheduler, actor.name, (store) =>
    faultStore(planted.store?.(store, point) ?? store, plan, { arrival }),
  );
  const environment = {
    clock: scheduler.clock(actor.name, skewOf(actor.seed)),
    entropy: seededEntropy(actor.seed),
    decisions: { ...SYSTEM.decisions, ...planted.decisions },
    ...(planted.identify === undefined ? {} : { identify: planted.identify }),
  };
  const state = tableState(URL_TEXT, { storage }, environment);
  return new DeltaTable<typeof SCHEMA>({ state, asNumber: new Set() });
}

/** Clocks are right, or years ahead or behind: no rule may depend on them. */
function skewOf(seed: number): number {
  const position = seededNumbers(seed ^ 0x51ed270b)();
  if (position < 0.8) return 0;
  return Math.floor((position - 0.9) * 100 * YEAR_MS);
}

function hasOutage(seed: number): boolean {
  return seed % OUTAGE_EVERY === 0;
}

/** For a while nothing that this actor puts as a commit is answered, and in every other outage none can be read. */
function withOutage(seed: number, usual: FaultPlan): FaultPlan {
  const random = seededNumbers(seed ^ 0x2c1b3c6d);
  const from = Math.floor(random() * 6);
  const to = from + Math.floor(random() * MAX_OUTAGE_CALLS);
  const areReadsRefused = random() < 0.5;
  const dark = seededFaults(seed, { putIfAbsent: DARK });
  let calls = 0;
  return (call) => {
    if (!/^_delta_log\/\d{20}\.json$/u.test(call.key)) return usual(call);
    const at = calls++;
    if (at < from || at >= to) return usual(call);
    return dark(call) ?? (areReadsRefused && call.operation === 'get' ? 'fail' : undefined);
  };
}

async function perform(table: DeltaTable<typeof SCHEMA>, step: Step, op: string): Promise<Outcome> {
  try {
    if (step.kind === 'read') return { op, step, result: await read(table) };
    const { version, outcome } = await write(table, step, op);
    return { op, step, result: { kind: 'ok', version, applied: outcome === 'committed' } };
  } catch (error) {
    if (isVarveError(error, 'COMMIT_STATE_UNKNOWN')) {
      return {
        op,
        step,
        result: { kind: 'unknown', resolved: await resolve(table, error.attempt) },
      };
    }
    if (!isVarveError(error)) throw error;
    return { op, step, result: { kind: 'failed', code: error.code, message: error.message } };
  }
}

/** Asks until the store can be read again. */
async function resolve(table: DeltaTable<typeof SCHEMA>, attempt: CommitAttempt): Promise<string> {
  for (;;) {
    try {
      return (await table.resolveCommit(attempt)).outcome;
    } catch (error) {
      if (!isVarveError(error, 'STORAGE_UNAVAILABLE')) throw error;
    }
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

async function readStore(store: ObjectStore): Promise<Pick<History, 'log' | 'files'>> {
  const log = new Map<string, string>();
  const files = new Set<string>();
  for await (const { key } of store.list('')) {
    if (key.endsWith('.json') && key.startsWith('_delta_log/')) {
      const object = await store.get(key);
      log.set(key.slice('_delta_log/'.length), new TextDecoder().decode(object?.bytes));
    } else if (!key.startsWith('_')) files.add(key);
  }
  return { log, files };
}
