/** The tables on which every store call is made to fail, each as the objects of its store. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { DeltaTable } from '../../src/table/delta-table.js';
import { memoryStorage, type ObjectStore, type StorageProvider } from '../../src/testing/index.js';
import { virtualClock } from './virtual-clock.js';

export interface Shape {
  readonly name: string;
  /** The table, by key; empty where there is none yet. */
  readonly objects: ReadonlyMap<string, Uint8Array>;
  /** What Varve may do to it. */
  readonly allows: 'create' | 'read' | 'append' | 'write';
  readonly partitionBy: readonly string[];
  /** How old all of it is when an operation begins; new when not given. */
  readonly ageMs?: number | undefined;
  /** The operations that it is there for, with the share of their points that is drawn by the seed; all when not given. */
  readonly operations?: Readonly<Record<string, number>> | undefined;
}

export const SCHEMA = { op: 'string', part: 'string', n: 'long' } as const;
export type SweptTable = DeltaTable<typeof SCHEMA>;

/** Where a swept table lies in its store. */
export const TABLE_URL = 'memory://lake/t';

interface Recipe extends Pick<Shape, 'name' | 'allows' | 'ageMs' | 'operations'> {
  readonly partitionBy?: readonly ('op' | 'part')[];
  readonly properties?: Readonly<Record<string, string>>;
  readonly appends: number;
  /** The version that is pinned; 1 when not given. */
  readonly pinned?: number;
}

/** Longer than a log is kept by default. */
const PAST_RETENTION_MS = 40 * 86_400_000;

const RECIPES: readonly Recipe[] = [
  { name: 'plain', allows: 'write', appends: 2 },
  { name: 'partitioned', allows: 'write', appends: 2, partitionBy: ['part'] },
  {
    name: 'checkpoint due',
    allows: 'write',
    appends: 3,
    properties: { 'delta.checkpointInterval': '4' },
  },
  {
    name: 'checkpointed',
    allows: 'write',
    appends: 3,
    partitionBy: ['part'],
    properties: { 'delta.checkpointInterval': '2' },
  },
  {
    name: 'rows tracked',
    allows: 'write',
    appends: 2,
    properties: {
      'delta.enableInCommitTimestamps': 'true',
      'delta.enableRowTracking': 'true',
    },
  },
  {
    name: 'v2 checkpoint due',
    allows: 'write',
    appends: 3,
    properties: { 'delta.checkpointPolicy': 'v2', 'delta.checkpointInterval': '4' },
  },
  {
    name: 'change feed',
    allows: 'append',
    appends: 2,
    properties: { 'delta.enableChangeDataFeed': 'true' },
  },
  ...(['classic', 'v2'] as const).map((policy) => ({
    name: `log expired, ${policy}`,
    allows: 'append' as const,
    appends: 5,
    pinned: 5,
    ageMs: PAST_RETENTION_MS,
    operations: { 'clean up the log': 1, append: 0.2 },
    properties: {
      'delta.checkpointPolicy': policy,
      'delta.checkpointInterval': '2',
      'varve.writeVersionChecksums': 'true',
    },
  })),
];

/** Tables that Spark made: deletion vectors, v2 checkpoints with sidecars, statistics as structs. */
const SPARK = ['classic', 'v2', 'v2-json'] as const;
const BASES = 'test/fuzz/bases';

/** Every shape, the absent table first. */
export async function allShapes(): Promise<readonly Shape[]> {
  const nothing: Shape = { name: 'absent', objects: new Map(), allows: 'create', partitionBy: [] };
  const made: Shape[] = [];
  for (const recipe of RECIPES) made.push(await makeShape(recipe));
  const read = SPARK.map(
    (name): Shape => ({
      name: `spark ${name}`,
      objects: folderObjects(join(BASES, name)),
      allows: 'read',
      partitionBy: ['p'],
    }),
  );
  return [nothing, ...made, ...read];
}

/** A table by its recipe, with rows and a pin. */
export async function makeShape({
  name,
  allows,
  partitionBy = [],
  properties,
  appends,
  pinned = 1,
  ageMs,
  operations,
}: Recipe): Promise<Shape> {
  const clock = virtualClock();
  const storage: StorageProvider = { ...memoryStorage({ clock }), clock };
  const table = await DeltaTable.create(TABLE_URL, {
    schema: SCHEMA,
    partitionBy: [...partitionBy],
    storage,
    properties: { 'sweep.unset': 'yes', ...properties },
  });
  for (let at = 0; at < appends; at++) {
    const rows = [
      { op: `base ${at}`, part: 'p', n: at },
      { op: `base ${at}`, part: 'q', n: at + 10 },
    ];
    await table.append(rows, { idempotency: { appId: 'base', sequence: at + 1 } });
  }
  await table.pins.create('kept', { version: pinned });
  const objects = await objectsOf(storage.open(new URL(TABLE_URL)));
  return { name, objects, allows, partitionBy, ageMs, operations };
}

/** All that a store holds. */
export async function objectsOf(store: ObjectStore): Promise<Shape['objects']> {
  const objects = new Map<string, Uint8Array>();
  for await (const { key } of store.list('')) {
    objects.set(key, (await store.get(key))?.bytes ?? new Uint8Array());
  }
  return objects;
}

function folderObjects(folder: string): ReadonlyMap<string, Uint8Array> {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  const files = names.filter((name) => statSync(join(folder, name)).isFile());
  return new Map(files.map((name) => [name, new Uint8Array(readFileSync(join(folder, name)))]));
}
