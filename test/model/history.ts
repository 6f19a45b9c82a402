/** One history: several writers and readers on one table, interleaved and disturbed as a seed says. */
import { DeltaTable } from '../../src/table/delta-table.js';
import { SYSTEM, tableState } from '../../src/table/table-state.js';
import {
  memoryStorage,
  type ObjectStore,
  Scheduler,
  type StorageProvider,
  seededEntropy,
} from '../../src/testing/index.js';
import { jumpingClock } from '../faults/jumping-clock.js';
import type { Variant } from '../faults/line.js';
import {
  type Actor,
  type Outcome,
  PAST_RETENTION_MS,
  type Program,
  perform,
  read,
  resolve,
  SCHEMA,
  type SimTable,
} from './step.js';
import { isCommit, type Planted, type Rates, World } from './world.js';

export type { Planted } from './world.js';

export interface History {
  readonly outcomes: readonly Outcome[];
  /** Whether a store refused requests for a while, so that a step may fail for that. */
  readonly hadOutage: boolean;
  /** The texts of all commits that ever were, by their names in `_delta_log`. */
  readonly log: ReadonlyMap<string, string>;
  /** The keys of the data files that are in the store at the end. */
  readonly files: ReadonlySet<string>;
  readonly trace: readonly string[];
  readonly traceHash: string;
  /** What the store holds at the end, whole. */
  readonly objects?: ReadonlyMap<string, Uint8Array> | undefined;
  /** Puts of commits whose answer or request was lost or late. */
  readonly ambiguous?: number | undefined;
  /** The table's; Serializable when not given. */
  readonly isolation?: string | undefined;
  /** Whether readers may be shown less than there is. */
  readonly hadStaleLists?: boolean | undefined;
}

/** What a history is run with beside its program. */
export interface HistoryOptions extends Planted {
  readonly variant?: Variant | undefined;
  readonly rates?: Rates | undefined;
}

/** The names of the last readings. */
export const AUDIT = 'audit';

const URL_TEXT = 'memory://lake/t';

/** Runs the program once; the same arguments give the same history. */
export async function runHistory(
  program: Program,
  seed: number,
  options: HistoryOptions = {},
): Promise<History> {
  const scheduler = new Scheduler(seed);
  const base = memoryStorage({ clock: scheduler.clock('lake') });
  const { variant, rates } = options;
  const world = new World(base, scheduler, { seed, planted: options, variant, rates });
  await DeltaTable.create(URL_TEXT, {
    schema: SCHEMA,
    partitionBy: ['part'],
    properties: propertiesOf(seed),
    storage: {
      ...world.lake,
      clock: scheduler.clock('creator'),
      entropy: scheduler.entropy('creator'),
    },
  });
  const outcomes: Outcome[] = [];
  const turn = (): number => scheduler.trace.length;
  const actors = program.map((steps, at) => {
    const name = `actor ${at}`;
    const run = async (): Promise<void> => {
      const attemptOf = world.attemptOf.bind(world);
      const opened = openAs(world, scheduler, { name, at, seed }, options);
      const openByNames = async (): Promise<SimTable> => {
        const storage = byNames(world.storage(name, at));
        return await DeltaTable.open(URL_TEXT, { storage, schema: SCHEMA });
      };
      const actor = { ...opened, turn, attemptOf, openByNames };
      for (const [index, step] of steps.entries()) {
        outcomes.push(...(await perform(actor, step, `${at}.${index}`)));
      }
    };
    return [name, run] as const;
  });
  const settled = await scheduler.run(Object.fromEntries(actors));
  for (const one of settled) if (one.status === 'rejected') throw one.reason;
  outcomes.push(...(await audit(world, outcomes, turn)));
  outcomes.push(...(await resolveLate(world, scheduler, outcomes)));
  const { trace, traceHash } = scheduler;
  const { hadOutage, ambiguous } = world;
  const stored = await readStore(world.lake.open(new URL(URL_TEXT)));
  const log = textsOf(world.commits);
  const hadStaleLists = variant === 'stale-lists';
  const isolation = propertiesOf(seed)['delta.isolationLevel'];
  const seen = { outcomes, hadOutage, hadStaleLists, isolation, ambiguous };
  return { ...stored, ...seen, log, trace, traceHash };
}

/** What a client sees that may ask for names and not list them. */
function byNames(provider: StorageProvider): StorageProvider {
  return { ...provider, open: (url) => ({ ...provider.open(url), access: 'get-only' }) };
}

/** Tables of several kinds. */
export function propertiesOf(seed: number): Readonly<Record<string, string>> {
  return {
    'delta.checkpointInterval': String(2 + (seed % 4)),
    ...(seed % 3 === 1 ? { 'delta.isolationLevel': 'WriteSerializable' } : {}),
    ...(seed % 9 === 5 ? { 'delta.isolationLevel': 'SnapshotIsolation' } : {}),
    ...(seed % 5 === 1 ? { 'delta.enableInCommitTimestamps': 'true' } : {}),
    ...(seed % 7 === 1 ? { 'delta.enableRowTracking': 'true' } : {}),
    ...(seed % 2 === 1 ? { 'varve.writeVersionChecksums': 'true' } : {}),
    ...(seed % 8 === 1 ? { 'delta.checkpointPolicy': 'v2' } : {}),
  };
}

/** What somebody reads who comes when all is over: from the newest checkpoint and what follows it; and every pin. */
async function audit(
  { lake }: World,
  outcomes: readonly Outcome[],
  turn: () => number,
): Promise<readonly Outcome[]> {
  const table = await DeltaTable.open(URL_TEXT, { storage: { ...lake }, schema: SCHEMA });
  const began = turn();
  const result = await read(table, {}, { withIds: true });
  const last: Outcome = {
    op: AUDIT,
    step: { kind: 'read' },
    result,
    turns: { began, ended: turn() },
  };
  const pinned: Outcome[] = [];
  for (const { op, step, result } of outcomes) {
    if (result.kind !== 'pinned') continue;
    const reading = await read(table, { pin: result.name });
    pinned.push({ op: `${AUDIT} of ${op}`, step, result: reading });
  }
  return [last, ...pinned];
}

/** What a process that comes later is told of every commit whose outcome was unknown: at once, and after a clean-up. */
async function resolveLate(
  { lake }: World,
  scheduler: Scheduler,
  outcomes: readonly Outcome[],
): Promise<readonly Outcome[]> {
  const unknown = outcomes.flatMap(({ result }) =>
    result.kind === 'unknown' && result.attempt !== undefined ? [result.attempt] : [],
  );
  if (unknown.length === 0) return [];
  const late: Outcome[] = [];
  const run = async (): Promise<void> => {
    const clock = scheduler.clock(AUDIT);
    const storage = { ...lake, clock, entropy: scheduler.entropy(AUDIT) };
    const table = await DeltaTable.open(URL_TEXT, { storage, schema: SCHEMA });
    const ask = async (): Promise<void> => {
      for (const attempt of unknown) {
        const result = {
          kind: 'resolved',
          attempt,
          outcome: await resolve(table, attempt),
        } as const;
        late.push({ op: AUDIT, step: { kind: 'resolve', version: attempt.version }, result });
      }
    };
    await ask();
    await clock.sleep(PAST_RETENTION_MS);
    await table.checkpoint();
    await table.cleanUpLog();
    await ask();
  };
  const [settled] = await scheduler.run({ [AUDIT]: run });
  if (settled?.status === 'rejected') throw settled.reason;
  return late;
}

/** A handle of the table as a process of its own would have it. */
function openAs(
  world: World,
  scheduler: Scheduler,
  { name, at, seed }: { readonly name: string; readonly at: number; readonly seed: number },
  options: HistoryOptions,
): Pick<Actor, 'table' | 'state'> {
  const { variant, ...planted } = options;
  const clock = scheduler.clock(name, world.skewOf(at));
  const environment = {
    clock: variant === 'skew' ? jumpingClock(clock, seed * 31 + at) : clock,
    entropy: seededEntropy(seed * 31 + at),
    decisions: { ...SYSTEM.decisions, ...planted.decisions },
    ...(planted.identify === undefined ? {} : { identify: planted.identify }),
  };
  const state = tableState(URL_TEXT, { storage: world.storage(name, at) }, environment);
  return { state, table: new DeltaTable<typeof SCHEMA>({ state, asNumber: new Set() }) };
}

async function readStore(store: ObjectStore): Promise<Pick<History, 'objects' | 'files'>> {
  const objects = new Map<string, Uint8Array>();
  const files = new Set<string>();
  for await (const { key } of store.list('')) {
    objects.set(key, (await store.get(key))?.bytes ?? new Uint8Array());
    if (!key.startsWith('_')) files.add(key);
  }
  return { objects, files };
}

function textsOf(commits: ReadonlyMap<string, Uint8Array>): ReadonlyMap<string, string> {
  const log = new Map<string, string>();
  for (const [key, bytes] of commits) {
    if (isCommit(key)) log.set(key.slice('_delta_log/'.length), new TextDecoder().decode(bytes));
  }
  return log;
}
