/**
 * R15: mixed load on local disk while one call in twenty fails: appends, buffering writers, transactions, conditional
 * overwrites, compactions, property changes, scans, time travel, pins, checkpoints and clean-up, which finds old commits
 * to delete, by several processes' worth of handles. Each table is
 * judged when its time is up; then heap, descriptors, timers and handles must be what they were.
 */
import {
  appendFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { isVarveError } from '../../src/errors.js';
import { localStore } from '../../src/storage/local-store.js';
import { DeltaTable } from '../../src/table/delta-table.js';
import { SYSTEM, tableState } from '../../src/table/table-state.js';
import {
  faultStore,
  type ObjectStore,
  type StorageProvider,
  seededEntropy,
  seededFaults,
  seededNumbers,
} from '../../src/testing/index.js';
import { judge } from '../model/judge.js';
import { replay } from '../model/replayer.js';
import { type Actor, type Outcome, PARTS, perform, SCHEMA, type Step } from '../model/step.js';
import type { FaultLine, FaultOptions } from './line.js';

const RATE = 0.05;
/** How long one table is worked on before it is judged and the next one begun. */
const TABLE_MS = 10_000;
const MIB = 2 ** 20;
/** What is older is made old enough to be cleaned up; no request takes so long, and no commit is settled for longer. */
const OLD_AFTER_MS = 4000;
const DAY_MS = 86_400_000;
/** What a heap may grow by without having a leak: code that was compiled, caches that have a size. */
const HEAP_SLACK = 24 * MIB;
const HEAP_SLOPE_MIB = 1;
/** From so many minutes on the slope of the heap says something. */
const SLOPE_MINUTES = 5;

export async function soak({ seed, scale }: FaultOptions): Promise<FaultLine> {
  const { count, violations } = await soakFor(scale, seed);
  return { id: 'R15', what: 'steps of a soak', count, seed, violations };
}

export interface SoakResult {
  readonly count: number;
  readonly violations: readonly string[];
  readonly heapMibPerMinute: number;
}

/** Works for so many minutes; counts the steps. */
export async function soakFor(minutes: number, seed: number): Promise<SoakResult> {
  const violations: string[] = [];
  const onRejection = (reason: unknown): void => {
    violations.push(`an unhandled rejection: ${String(reason)}`);
  };
  process.on('unhandledRejection', onRejection);
  const folder = mkdtempSync(join(tmpdir(), 'varve-soak-'));
  try {
    // What is loaded and compiled on first use is no leak.
    await workOn(join(folder, 'first'), seed * 1000, TABLE_MS / 5);
    const before = await resources();
    const samples: { readonly atMs: number; readonly heap: number }[] = [];
    const endMs = performance.now() + minutes * 60_000;
    let count = 0;
    for (let at = 1; performance.now() < endMs; at++) {
      const table = join(folder, String(at));
      const ms = Math.min(TABLE_MS, endMs - performance.now());
      const worked = await workOn(table, seed * 1000 + at, ms);
      count += worked.steps;
      violations.push(...worked.broken);
      samples.push({ atMs: performance.now(), heap: (await resources()).heap });
    }
    const heapMibPerMinute = slope(samples);
    violations.push(...grown(before, await resources()));
    if (minutes >= SLOPE_MINUTES && heapMibPerMinute >= HEAP_SLOPE_MIB) {
      violations.push(`the heap grows by ${heapMibPerMinute.toFixed(2)} MiB a minute`);
    }
    return { count, violations, heapMibPerMinute };
  } finally {
    process.off('unhandledRejection', onRejection);
    rmSync(folder, { recursive: true, force: true });
  }
}

async function workOn(
  folder: string,
  seed: number,
  ms: number,
): Promise<{ readonly steps: number; readonly broken: readonly string[] }> {
  const properties = { 'delta.checkpointInterval': '5' };
  await DeltaTable.create(folder, { schema: SCHEMA, partitionBy: ['part'], properties });
  const endMs = performance.now() + ms;
  let turn = 0;
  let steps = 0;
  const notes = join(folder, '..', `${seed}.outcomes`);
  const work = async (at: number, kinds: readonly Step['kind'][]): Promise<void> => {
    const actor = actorOf(folder, seed * 10 + at, () => ++turn);
    const random = seededNumbers(seed * 10 + at);
    for (let step = 0; performance.now() < endMs; step++) {
      const outcomes = await perform(actor, stepOf(kinds, random), `${at}.${step}`);
      steps += outcomes.length;
      for (const outcome of outcomes) {
        // Kept on disk, for the heap is what is measured.
        appendFileSync(notes, `${JSON.stringify(outcome)}\n`);
        if (outcome.result.kind === 'pinned') await letGo(actor, outcome.result.name);
      }
    }
  };
  const writes: readonly Step['kind'][] = ['append', 'pair', 'group', 'replace', 'swap', 'compact'];
  const keptLog = join(folder, '..', `${seed}.log`);
  mkdirSync(keptLog);
  const [written] = await Promise.all([
    bufferOn(
      actorOf(folder, seed * 10 + 6, () => 0),
      endMs,
    ),
    cleanNow({ folder, keptLog }, seed * 10 + 5, endMs),
    work(1, [...writes, 'overwrite']),
    work(2, [...writes, 'alter', 'buffer', 'sum', 'both']),
    work(3, ['read', 'travel', 'pin', 'read']),
    work(4, ['checkpoint', 'overwrite', 'read']),
  ]);
  const lines = readFileSync(notes, 'utf8').trimEnd().split('\n');
  const outcomes = lines.map((line) => JSON.parse(line) as Outcome);
  // Where deletes failed the next clean-up goes on.
  await (await DeltaTable.open(folder)).cleanUpLog();
  const stored = storedIn(folder, keptLog);
  const broken = judge({ ...stored, outcomes, hadOutage: true, trace: [], traceHash: '' })
    // A delete that fails leaves what it was to take away; that is what VACUUM is for.
    .filter(({ rule }) => rule !== 'what failed leaves no file')
    .map(({ rule, detail }) => `table ${seed}: ${rule}; ${detail}`);
  const { commits } = replay(stored.log, stored.objects);
  for (const op of written) {
    const times = commits.filter(({ ops }) => ops.includes(op)).length;
    if (times !== 1) broken.push(`table ${seed}: a writer's row ${op} is in ${times} commits`);
  }
  if (ms >= TABLE_MS && stored.objects.has(`_delta_log/${'0'.repeat(20)}.json`)) {
    broken.push(`table ${seed}: clean-up deleted nothing of ${commits.length} commits`);
  }
  rmSync(folder, { recursive: true, force: true });
  return { steps: steps + written.length, broken };
}

/** A handle as another process would have it, on a disk of which one call in twenty fails. */
function actorOf(folder: string, seed: number, turn: () => number): Actor {
  const rates = { fail: RATE / 2, 'lost-reply': RATE / 2 };
  const plan = seededFaults(seed, {
    get: { fail: RATE },
    head: { fail: RATE },
    list: { fail: RATE / 2, torn: RATE / 2 },
    put: rates,
    delete: rates,
    putIfAbsent: { ...rates, 'late-request': RATE / 2 },
    exclusively: { fail: RATE },
  });
  const storage: StorageProvider = {
    schemes: ['soak'],
    open: (): ObjectStore => faultStore(localStore(folder), plan),
  };
  const environment = { ...SYSTEM, entropy: seededEntropy(seed) };
  const state = tableState('soak://disk/table', { storage }, environment);
  return { state, turn, table: new DeltaTable<typeof SCHEMA>({ state, asNumber: new Set() }) };
}

function stepOf(kinds: readonly Step['kind'][], random: () => number): Step {
  const kind = kinds[Math.floor(random() * kinds.length)] ?? 'read';
  const part = PARTS[Math.floor(random() * PARTS.length)] ?? 'p';
  switch (kind) {
    case 'append':
    case 'pair':
    case 'group':
    case 'replace':
    case 'buffer':
    case 'sum':
    case 'compact':
      return { kind, part };
    case 'swap':
      return { kind, slot: Math.floor(random() * 2) };
    case 'travel':
      return { kind, back: Math.floor(random() * 3) };
    default:
      return { kind } as Step;
  }
}

/** Buffering writers one after the other, whose timers commit now and then; the ops of all rows that became durable. */
async function bufferOn({ table, state }: Actor, endMs: number): Promise<readonly string[]> {
  const { clock } = state.environment;
  const written: string[] = [];
  for (let at = 0; performance.now() < endMs; at++) {
    const writer = table.writer({ maxDelayMs: 10, maxRows: 3 });
    for (let row = 0; row < 5; row++) {
      const op = `w.${at}.${row}`;
      // What failed in the background is told by the next append; a flush writes it.
      await untilDone(async () => {
        await writer.append([{ op, part: 'p', slot: 0n }]).catch(async (error: unknown) => {
          await writer.flush();
          throw error;
        });
      });
      written.push(op);
      if (row % 2 === 0) await clock.sleep(15);
    }
    await untilDone(async () => await writer.close());
  }
  return written;
}

/** A pin keeps all that follows it, and many of them are much to read. */
async function letGo({ table }: Actor, name: string): Promise<void> {
  await table.pins.delete(name).catch((error: unknown) => {
    if (!isVarveError(error, 'STORAGE_UNAVAILABLE', 'NOT_FOUND')) throw error;
  });
}

async function untilDone(work: () => Promise<void>): Promise<void> {
  for (;;) {
    try {
      await work();
      return;
    } catch (error) {
      const codes = ['STORAGE_UNAVAILABLE', 'COMMIT_CONFLICT', 'COMMIT_STATE_UNKNOWN'] as const;
      if (!isVarveError(error, ...codes)) throw error;
    }
  }
}

interface CleanedTable {
  readonly folder: string;
  /** Where commits stay that are about to be deleted. */
  readonly keptLog: string;
}

/** Log clean-up again and again, each time with commits that have become old. */
async function cleanNow(cleaned: CleanedTable, seed: number, endMs: number): Promise<void> {
  const actor = actorOf(cleaned.folder, seed, () => 0);
  const { table, state } = actor;
  while (performance.now() < endMs) {
    ageLog(cleaned);
    try {
      // Pins that could not be let go of; one that is just being made is not to be gone in the midst of it.
      const oldMs = Date.now() - OLD_AFTER_MS;
      for (const { name, createdAt } of await table.pins.list()) {
        if (createdAt.getTime() < oldMs) await letGo(actor, name);
      }
      await table.cleanUpLog();
    } catch (error) {
      if (!isVarveError(error, 'STORAGE_UNAVAILABLE', 'NOT_FOUND')) throw error;
    }
    await state.environment.clock.sleep(100);
  }
}

/** Makes what is in the log, but the newest, older than a log is kept. */
function ageLog({ folder, keptLog }: CleanedTable): void {
  const log = join(folder, '_delta_log');
  const names = readdirSync(log).filter((name) => /^\d{20}\./u.test(name));
  const nowMs = Date.now();
  const longAgo = new Date(nowMs - 40 * DAY_MS);
  for (const name of names) {
    const found = statSync(join(log, name), { throwIfNoEntry: false });
    const ageMs = nowMs - (found?.mtimeMs ?? nowMs);
    // What is old already may be deleted at any moment.
    if (ageMs < OLD_AFTER_MS || ageMs > DAY_MS) continue;
    const kept = join(keptLog, name);
    if (COMMIT.test(name) && !existsSync(kept)) linkSync(join(log, name), kept);
    utimesSync(join(log, name), longAgo, longAgo);
  }
}

const COMMIT = /^\d{20}\.json$/u;

function storedIn(folder: string, keptLog: string) {
  const log = new Map<string, string>();
  const files = new Set<string>();
  const objects = new Map<string, Uint8Array>();
  for (const name of readdirSync(keptLog)) log.set(name, readFileSync(join(keptLog, name), 'utf8'));
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    if (!/\.(json|parquet)$/u.test(name)) continue;
    const bytes = new Uint8Array(readFileSync(join(folder, name)));
    objects.set(name, bytes);
    if (/^_delta_log\/\d+\.json$/u.test(name)) {
      log.set(name.slice('_delta_log/'.length), new TextDecoder().decode(bytes));
    } else if (!name.startsWith('_')) files.add(name);
  }
  return { log, files, objects };
}

interface Resources {
  readonly heap: number;
  readonly descriptors: number;
  readonly handles: readonly string[];
}

async function resources(): Promise<Resources> {
  // Locks and closed files are let go of in turns of their own.
  await new Promise((resolve) => setTimeout(resolve, 200));
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  collect();
  collect();
  return {
    heap: process.memoryUsage().heapUsed,
    descriptors: readdirSync('/proc/self/fd').length,
    handles: process.getActiveResourcesInfo().toSorted(),
  };
}

function grown(before: Resources, after: Resources): readonly string[] {
  const broken: string[] = [];
  const heap = after.heap - before.heap;
  if (heap > HEAP_SLACK) broken.push(`the heap has grown by ${Math.round(heap / MIB)} MiB`);
  if (after.descriptors > before.descriptors) {
    broken.push(`${after.descriptors - before.descriptors} descriptors stay open`);
  }
  if (after.handles.length > before.handles.length) {
    broken.push(`handles stay: ${after.handles.join(', ')} after ${before.handles.join(', ')}`);
  }
  return broken;
}

/** MiB a minute, by least squares. */
function slope(samples: readonly { readonly atMs: number; readonly heap: number }[]): number {
  const mean = (values: readonly number[]): number =>
    values.reduce((sum, value) => sum + value, 0) / values.length;
  const minutes = samples.map(({ atMs }) => atMs / 60_000);
  const mib = samples.map(({ heap }) => heap / MIB);
  const [x, y] = [mean(minutes), mean(mib)];
  const spread = minutes.reduce((sum, at) => sum + (at - x) ** 2, 0);
  const joint = minutes.reduce((sum, at, index) => sum + (at - x) * ((mib[index] ?? y) - y), 0);
  return spread === 0 ? 0 : joint / spread;
}
