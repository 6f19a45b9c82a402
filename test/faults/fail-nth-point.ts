/** One point of the sweep: an operation, one call of which goes wrong, and what must hold afterwards. */
import { createHash } from 'node:crypto';
import { type CommitAttempt, type ErrorCode, isVarveError } from '../../src/errors.js';
import { DeltaTable } from '../../src/table/delta-table.js';
import type { StorageProvider } from '../../src/testing/index.js';
import { circumstances } from './circumstances.js';
import { type Ending, end, FAULT_CODES } from './fail-nth-ending.js';
import { type Caller, createTable, isAllowed, type Operation } from './fail-nth-operations.js';
import { SCHEMA, type Shape, type SweptTable, TABLE_URL } from './fail-nth-shapes.js';
import { Injector, type Point, settled, type World } from './fail-nth-world.js';
import type { Variant } from './line.js';

/** How an operation on a table goes when nothing goes wrong. */
export interface Golden {
  /** What the caller is told. */
  readonly told: string;
  /** The version that the operation makes; undefined when it makes none. */
  readonly version: number | undefined;
  /** The table with a marker row appended, without and with the operation's effect. */
  readonly without: string;
  readonly after: string;
  /** The calls that the operation makes. */
  readonly calls: readonly string[];
  /** The table after each step of an operation that has several, from before the first; without a marker row. */
  readonly steps: readonly string[];
  /** The names of all that is in the log after the operation. */
  readonly log: readonly string[];
}

export interface Swept {
  readonly shape: Shape;
  readonly operation: Operation;
  readonly open: (objects: Shape['objects']) => Promise<World>;
  /** The circumstances of the process that meets the fault; those of every day when not given. */
  readonly variant?: Variant | undefined;
}

const MARKER = [{ op: 'marker', part: 'p', n: 1_000_000 }];
/** What may go wrong when a store does; who reads what is behind may lose to what it did not see. */
function codesOf({ variant }: Swept): readonly ErrorCode[] {
  return variant === 'stale-lists' ? [...FAULT_CODES, 'COMMIT_CONFLICT'] : FAULT_CODES;
}

/** Runs the operation without a fault. */
export async function golden(swept: Swept): Promise<Golden> {
  const { shape, operation } = swept;
  const without = await openWorld(swept);
  if (shape.allows === 'create') await createTable({ storage: without.process(new Injector()) });
  const before = await newestVersion(without);
  await mark(shape, without.process(new Injector()));
  const world = await openWorld(swept);
  const injector = new Injector();
  const told = await operation.run(caller(swept, world, injector));
  const calls = [...injector.calls];
  const version = await newestVersion(world);
  const log = await logOf(world);
  const steps: string[] = [];
  for (let at = before; operation.canGoOn === true && at <= version; at++) {
    steps.push(await observe(shape, world, at));
  }
  if (operation.kind !== 'read') await mark(shape, world.process(new Injector()));
  const made = shape.allows === 'create' || version > before;
  return {
    told: JSON.stringify(told),
    version: made ? version : undefined,
    without: await observe(shape, without),
    after: await observe(shape, operation.kind === 'read' ? without : world),
    calls,
    steps,
    log,
  };
}

/** The table, as old as its shape is. */
async function openWorld({ shape, open }: Swept): Promise<World> {
  const world = await open(shape.objects);
  world.age(shape.ageMs ?? 0);
  return world;
}

/** Runs one point; every rule that it breaks. */
export async function runPoint(
  swept: Swept,
  expected: Golden,
  point: Point,
): Promise<readonly string[]> {
  const { shape, operation } = swept;
  const world = await openWorld(swept);
  const injector = new Injector(point);
  const who = caller(swept, world, injector);
  const ending = await end(operation.run(who), injector, codesOf(swept));
  await settled();
  injector.disarm();
  const broken: string[] = [];
  if (ending.kind === 'wrong') broken.push(ending.what);
  if (ending.kind === 'told' && ending.told !== expected.told) {
    broken.push(`told ${ending.told} instead of ${expected.told}`);
  }
  if (ending.kind !== 'crashed' && world.openCount() > 0) broken.push('descriptors stay open');
  const { version } = expected;
  const landed =
    version !== undefined && (await world.store.head(commitKey(version))) !== undefined;
  if (operation.kind === 'commit') {
    const isBehind = swept.variant === 'stale-lists';
    broken.push(...(await judgeCommit(ending, landed, { who, world, isBehind, version })));
  }
  if (ending.kind === 'failed' || ending.kind === 'told') {
    // Who is behind loses first and takes its files away, and what cannot be taken away is left.
    const isLeft = swept.variant === 'stale-lists' && injector.struckDelete;
    const mayLeave = point.mode === 'for ever' || isLeft;
    if (!mayLeave) broken.push(...(await strays(world, shape)));
  }
  // Who goes on: the same handle, or after a crash another process.
  const next = ending.kind === 'crashed' ? caller(swept, world, new Injector()) : who;
  if (operation.canGoOn === true) {
    const { steps } = expected;
    const seen = await observe(shape, world);
    if (!(ending.kind === 'told' ? steps.slice(-1) : steps).includes(seen)) {
      broken.push(`between its steps the table is ${seen}, not ${steps.join(' or ')}`);
    }
    broken.push(...(await again(swept, next)));
    const log = await logOf(world);
    if (operation.kind === 'side' && log.join() !== expected.log.join()) {
      broken.push(`done again it leaves ${log.join()}, not ${expected.log.join()}`);
    }
  }
  broken.push(...(await goOn(swept, next)));
  const found = await observe(shape, world);
  const allowed =
    operation.kind === 'side' && ending.kind !== 'told'
      ? [expected.without, expected.after]
      : [
          operation.canGoOn === true || landed || ending.kind === 'told'
            ? expected.after
            : expected.without,
        ];
  if (!allowed.includes(found)) broken.push(`the table is ${found}, not ${allowed.join(' or ')}`);
  return broken;
}

function caller({ shape, variant }: Swept, world: World, injector: Injector): Caller {
  const storage = circumstances(world.process(injector), variant);
  let opened: Promise<SweptTable> | undefined;
  return {
    storage,
    shape,
    table: () => {
      opened ??= openTable(shape, storage).catch((error: unknown) => {
        opened = undefined;
        throw error;
      });
      return opened;
    },
  };
}

async function openTable({ allows }: Shape, storage: StorageProvider): Promise<SweptTable> {
  if (allows !== 'read') return await DeltaTable.open(TABLE_URL, { storage, schema: SCHEMA });
  return (await DeltaTable.open(TABLE_URL, { storage })) as unknown as SweptTable;
}

interface Around {
  readonly who: Caller;
  readonly world: World;
  readonly isBehind: boolean;
  /** The last that the operation makes. */
  readonly version: number | undefined;
}

async function judgeCommit(
  ending: Ending,
  landed: boolean,
  { who, world, isBehind, version }: Around,
): Promise<readonly string[]> {
  if (ending.kind === 'told' && !landed) return ['acknowledged, and not in the log'];
  if (ending.kind === 'failed' && landed) return ['failed, and in the log'];
  if (ending.kind !== 'unknown') return [];
  const late = await DeltaTable.open(TABLE_URL, { storage: world.process(new Injector()) }).catch(
    () => undefined,
  );
  const own = await who.table().catch((error: unknown) => {
    // Who made the table a moment ago and lists what is behind does not find it yet.
    if (isBehind && isVarveError(error, 'NOT_FOUND')) return undefined;
    throw error;
  });
  const handles = late === undefined ? [] : [late, own ?? late];
  const answers = handles.map(async (table) => await table.resolveCommit(ending.attempt));
  const wanted = await fateOf(ending.attempt, world);
  const isLast = ending.attempt.version === version;
  if (isLast && landed !== (wanted === 'committed'))
    return [`${wanted}, while landed is ${landed}`];
  const wrong = (await Promise.all(answers)).filter(({ outcome }) => outcome !== wanted);
  return wrong.map(({ outcome }) => `resolveCommit says ${outcome} of a commit that is ${wanted}`);
}

/** What became of an attempt, by the file that its version is. */
async function fateOf({ version, txnId }: CommitAttempt, { store }: World): Promise<string> {
  const object = await store.get(commitKey(version));
  if (object === undefined) return 'unknown';
  return new TextDecoder().decode(object.bytes).includes(txnId) ? 'committed' : 'lost';
}

/** Data files that no commit names. */
async function strays(world: World, { objects }: Shape): Promise<readonly string[]> {
  const fresh: string[] = [];
  let log = '';
  for await (const { key } of world.store.list('')) {
    if (objects.has(key)) continue;
    if (!key.startsWith('_')) fresh.push(key);
    else if (/^_delta_log\/\d{20}\.json$/u.test(key)) {
      log += new TextDecoder().decode((await world.store.get(key))?.bytes);
    }
  }
  const stray = fresh.filter((key) => !log.includes(key.slice(key.lastIndexOf('/') + 1)));
  return stray.map((key) => `left ${key}, which no commit names`);
}

/** The rest of an operation of several steps. */
async function again({ operation, variant }: Swept, who: Caller): Promise<readonly string[]> {
  for (let attempt = 0; ; attempt++) {
    try {
      await operation.run(who);
      return [];
    } catch (error) {
      // Who does not see what it made before loses to it, and sees it then.
      const isBehind = variant === 'stale-lists' && isVarveError(error, 'COMMIT_CONFLICT');
      if (!isBehind || attempt > 3) return [`done again it fails: ${String(error)}`];
    }
  }
}

/** The next write, which must go as if nothing had happened. */
async function goOn({ shape, variant }: Swept, who: Caller): Promise<readonly string[]> {
  try {
    if (shape.allows === 'create') await createTable(who);
    if (isAllowed(shape.allows, 'append') || shape.allows === 'create') {
      const table = await DeltaTable.open(TABLE_URL, { storage: who.storage, schema: SCHEMA });
      await table.append(MARKER).catch(async (error: unknown) => {
        // Who does not see the newest metadata loses to it, and sees it then.
        const isConflict = variant === 'stale-lists' && isVarveError(error, 'COMMIT_CONFLICT');
        if (!isConflict || error.conflict !== 'MetadataChangedException') throw error;
        await table.append(MARKER);
      });
    }
    return [];
  } catch (error) {
    return [`the next write fails: ${String(error)}`];
  }
}

async function mark(shape: Shape, storage: StorageProvider): Promise<void> {
  if (shape.allows === 'read') return;
  const table = await DeltaTable.open(TABLE_URL, { storage, schema: SCHEMA });
  await table.append(MARKER);
}

/**
 * All that there is to see for somebody who comes afterwards: the version, its files by their content, and the pins. Two
 * tables with the same text have the same rows, and no page was decoded to say so.
 */
async function observe(shape: Shape, world: World, version?: number): Promise<string> {
  const table = await openTable(shape, world.process(new Injector()));
  const snapshot = await table.snapshot(version === undefined ? {} : { version });
  const files = snapshot.files().map(async ({ path, partitionValues }) => {
    const bytes = (await world.store.get(path))?.bytes;
    if (bytes === undefined) return `${path} is gone`;
    const digest = createHash('sha1').update(bytes).digest('base64');
    return [digest, ...partitionValues.values()].join(' ');
  });
  const pins = (await table.pins.list()).map(({ name, version }) => [name, version]);
  const properties = [...snapshot.properties].map((one) => String(one).replace(UUID, '*'));
  const found = [
    snapshot.version,
    (await Promise.all(files)).toSorted(),
    pins,
    properties.toSorted(),
  ];
  return JSON.stringify(found);
}

const UUID = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/gu;

/**
 * What is in the log, by name; who made it gave it an id that is of no matter. Sidecars that nothing names any more may
 * wait for the next clean-up that has something else to do.
 */
async function logOf(world: World): Promise<readonly string[]> {
  const names: string[] = [];
  for await (const { key } of world.store.list('_delta_log/')) {
    if (!key.startsWith('_delta_log/_sidecars/')) names.push(key.replace(UUID, '*'));
  }
  return names.toSorted();
}

async function newestVersion(world: World): Promise<number> {
  let newest = -1;
  for await (const { key } of world.store.list('_delta_log/')) {
    const version = /^_delta_log\/(\d{20})\.json$/u.exec(key)?.[1];
    if (version !== undefined) newest = Math.max(newest, Number(version));
  }
  return newest;
}

function commitKey(version: number): string {
  return `_delta_log/${String(version).padStart(20, '0')}.json`;
}
