/** The lakes whose tracker is swept, and all that somebody who comes afterwards sees of their runs. */
import { createHash } from 'node:crypto';
import { DeltaTable, gte, isVarveError, type StorageProvider } from '../../src/index.js';
import { hashSplit, type RowSplit, type RunRecord, Tracker } from '../../src/ml/index.js';
import { memoryStorage, seededEntropy } from '../../src/testing/index.js';
import { makeShape, objectsOf, SCHEMA, type SweptTable, TABLE_URL } from './fail-nth-shapes.js';
import { Injector, type Objects, type World } from './fail-nth-world.js';
import { virtualClock } from './virtual-clock.js';

/** A lake with one table, `t`. */
export interface Lake {
  readonly name: string;
  readonly objects: Objects;
}

/** Above the table. */
export const LAKE_URL = 'memory://lake';
export const EXPERIMENT = 'sweep';
/** The name of the run that a swept operation is about. */
export const SWEPT = 'swept';
export const PARTS: Readonly<Record<'train' | 'test', RowSplit>> = hashSplit({
  key: ['n'],
  parts: { train: 0.5, test: 0.5 },
});

/** A run as its tracker tells it, without what differs from run to run. */
export interface ToldRun {
  readonly name: string;
  readonly status: string;
  readonly error: string | null;
  readonly params: readonly string[];
  readonly metrics: readonly string[];
  readonly tags: readonly string[];
  /** Each with whether its pin keeps it. */
  readonly inputs: readonly string[];
  readonly artifacts: readonly string[];
}

export interface Seen {
  readonly runs: readonly ToldRun[];
  /** Pins that keep no recorded input. */
  readonly sparePins: readonly string[];
}

/** One without runs; one with a run that ended and one that was left; one whose events are due for a checkpoint. */
export async function allLakes(): Promise<readonly Lake[]> {
  const clock = virtualClock();
  const storage: StorageProvider = {
    ...memoryStorage({ clock }),
    clock,
    entropy: seededEntropy(0),
  };
  const { objects } = await makeShape({ name: 'plain', allows: 'write', appends: 2 });
  const store = storage.open(new URL(LAKE_URL));
  for (const [key, bytes] of objects) await store.put(`t/${key}`, bytes);
  const take = async (name: string): Promise<Lake> => ({ name, objects: await objectsOf(store) });
  const untracked = await take('untracked');
  const table = await DeltaTable.open(TABLE_URL, { storage, schema: SCHEMA });
  const tracker = await Tracker.open(LAKE_URL, { storage });
  await tracker.withRun({ experiment: EXPERIMENT, name: 'old' }, async (run) => {
    const { train } = PARTS;
    await run.use(table, { name: 'train', version: 1, where: gte('n', 0n), split: train });
    await run.logParams({ depth: 3 });
    await run.logMetrics({ loss: 0.5 });
    await run.logArtifact('notes.txt', new TextEncoder().encode('old'));
  });
  const left = await tracker.startRun({ experiment: EXPERIMENT, name: 'left' });
  await left.logMetrics({ loss: 1 });
  await left.flush();
  const tracked = await take('tracked');
  const events = await DeltaTable.open(`${LAKE_URL}/varve-tracking/events`, { storage });
  await events.setProperties({ 'delta.checkpointInterval': '6' });
  await left.logMetrics({ loss: 1 });
  await left.flush();
  const { version } = await events.snapshot();
  if (version !== 5) throw new Error(`version ${version} is not followed by a checkpoint`);
  return [untracked, tracked, await take('checkpoint due')];
}

/** What a fresh tracker tells; everything is asked for that a run says there is. */
export async function look(world: World): Promise<Seen> {
  const storage = world.process(new Injector());
  const tracker = await Tracker.open(LAKE_URL, { storage });
  const table = await DeltaTable.open(TABLE_URL, { storage, schema: SCHEMA });
  const records = await tracker.search();
  const runs: ToldRun[] = [];
  for (const record of records) {
    runs.push(await tell(record, tracker, table));
    if (record.name === SWEPT) await checkReproduction(record, tracker);
  }
  const recorded = new Set(records.flatMap(({ inputs }) => inputs.map(({ pin }) => pin)));
  const pins = (await table.pins.list()).map(({ name }) => name);
  const sparePins = pins.filter((name) => name !== 'kept' && !recorded.has(name));
  return { runs: inOrder(runs), sparePins };
}

export function inOrder(runs: readonly ToldRun[]): readonly ToldRun[] {
  return runs.toSorted((a, b) => (text(a) < text(b) ? -1 : 1));
}

/** Two runs with the same text are told alike. */
export function text(of: unknown): string {
  return JSON.stringify(of);
}

async function tell(run: RunRecord, tracker: Tracker, table: SweptTable): Promise<ToldRun> {
  const inputs = run.inputs.map(async ({ pin, ...input }) => {
    const kept = await table.pins.get(pin).catch((error: unknown) => {
      if (!isVarveError(error, 'NOT_FOUND')) throw error;
      return undefined;
    });
    const isKept = kept?.version === input.version && kept.tableId === input.tableId;
    return text({ ...input, isKept });
  });
  const artifacts = run.artifacts.map(
    async (path) => `${path} ${digest(await tracker.artifact(run.id, path))}`,
  );
  const history = [...run.metricHistory].map(([name, points]) =>
    text([name, points.map(({ value, step }) => [value, step])]),
  );
  return {
    name: run.name ?? '',
    status: run.status,
    error: run.error ?? null,
    params: [...run.params].map(text),
    metrics: history,
    tags: [...run.tags].map(text),
    inputs: await Promise.all(inputs),
    artifacts: await Promise.all(artifacts),
  };
}

async function checkReproduction(run: RunRecord, tracker: Tracker): Promise<void> {
  const { inputs } = await tracker.reproduce(run.id);
  for (const { name, digest: recorded } of run.inputs) {
    const found = inputs.get(name)?.digest;
    if (found !== recorded) throw new Error(`input ${name} comes back as ${String(found)}`);
  }
}

function digest(bytes: Uint8Array): string {
  return createHash('sha1').update(bytes).digest('base64');
}
