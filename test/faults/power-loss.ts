/**
 * R5: the local store's calls to the file system are written down while two processes work on one table; the power goes
 * after any of them, and every disk that may be left must hold all that was acknowledged, whole, and nothing by halves.
 */
import { nextTurn } from '../../src/clock.js';
import { isVarveError } from '../../src/errors.js';
import type { LocalFs } from '../../src/storage/local-fs.js';
import { localStore } from '../../src/storage/local-store.js';
import { DeltaTable } from '../../src/table/delta-table.js';
import { eq } from '../../src/table/expression/builders.js';
import { type StorageProvider, seededEntropy, seededNumbers } from '../../src/testing/index.js';
import { SCHEMA, type SweptTable, TABLE_URL } from './fail-nth-shapes.js';
import { withoutLock } from './fail-nth-world.js';
import { type FaultLine, type FaultOptions, scaled } from './line.js';
import { UnsureDisk } from './power-loss-states.js';
import { type DiskEvent, SimulatedDisk } from './simulated-disk.js';
import { virtualClock } from './virtual-clock.js';

const STATES = 5000;
const STATES_OF_A_RUN = 250;
/** One state in so many is written to as well. */
const WRITE_EVERY = 7;
/** How many of the calls take their time. */
const SLOW = 0.05;
const CALLS = [
  'openForReading',
  'openFolder',
  'create',
  'close',
  'fstat',
  'stat',
  'lstat',
  'read',
  'write',
  'fsync',
  'link',
  'rename',
  'unlink',
  'mkdir',
  'readdir',
  'realpath',
] as const;

/** What two processes did on one disk. */
export interface Recording {
  readonly events: readonly DiskEvent[];
  /** What was acknowledged, and after how many events. */
  readonly acks: readonly Ack[];
  /** The commits and the files of the disk in the end. */
  readonly objects: ReadonlyMap<string, Uint8Array>;
}

type Ack = { readonly after: number } & (
  | { readonly kind: 'version'; readonly version: number }
  | { readonly kind: 'pin'; readonly name: string; readonly version: number }
);

export async function powerLoss(options: FaultOptions): Promise<FaultLine> {
  const wanted = scaled(STATES, options);
  const violations: string[] = [];
  let count = 0;
  for (let run = 0; count < wanted; run++) {
    const seed = options.seed * 1000 + run;
    const recording = await record(seed);
    const random = seededNumbers(seed);
    const states = Math.min(STATES_OF_A_RUN, wanted - count);
    for (let at = 0; at < states; at++) {
      const cut = cutOf(recording, random);
      const broken = await judgeState(recording, cut, random, at % WRITE_EVERY === 0);
      violations.push(
        ...broken.map((what) => `run ${seed}, state ${at}, after ${cut} calls: ${what}`),
      );
      count++;
    }
  }
  return { id: 'R5', what: 'disks after a power cut', count, seed: options.seed, violations };
}

/** Anywhere, or, every other time, a moment after a version was named, when much is unsure. */
function cutOf({ events }: Recording, random: () => number): number {
  const anywhere = Math.floor(random() * (events.length + 1));
  if (random() < 0.5) return anywhere;
  const named = events.flatMap((event, at) =>
    event.kind === 'name' && /^\d{20}\.json$/u.test(event.name) ? [at + 1] : [],
  );
  return named[Math.floor(random() * named.length)] ?? anywhere;
}

/** Two processes at work; the same seed gives the same calls. */
export async function record(seed: number): Promise<Recording> {
  const events: DiskEvent[] = [];
  const acks: Ack[] = [];
  const clock = virtualClock();
  const disk = new SimulatedDisk(
    () => clock.now(),
    (event) => events.push(event),
  );
  const random = seededNumbers(seed);
  const note = ({ version }: { readonly version: number }): void => {
    acks.push({ after: events.length, kind: 'version', version });
  };
  await DeltaTable.create(TABLE_URL, {
    schema: SCHEMA,
    partitionBy: random() < 0.5 ? ['part'] : [],
    properties: { 'delta.checkpointInterval': '3' },
    storage: diskStorage(disk, seed * 10),
  });
  const slow = hesitant(disk, random);
  note({ version: 0 });
  const work = async (name: string, own: number): Promise<void> => {
    const storage = diskStorage(slow, seed * 10 + own);
    const table = await DeltaTable.open(TABLE_URL, { storage, schema: SCHEMA });
    for (let step = 0; step < 5; step++) {
      const row = { op: `${name} ${step}`, part: random() < 0.5 ? 'p' : 'q', n: step };
      const kind = random();
      if (kind < 0.6) note(await table.append([row, { ...row, part: 'r' }]));
      else if (kind < 0.8) {
        const where = eq('part', row.part);
        const commit = await table.overwrite([row], { where, attempts: 10 });
        note(commit);
      } else {
        const { version } = await table.pins.create(`${name}-${step}`);
        acks.push({ after: events.length, kind: 'pin', name: `${name}-${step}`, version });
      }
    }
  };
  await Promise.all([work('a', 1), work('b', 2)]);
  const objects = new Map<string, Uint8Array>();
  const store = diskStorage(disk, 0).open(new URL(TABLE_URL));
  for await (const { key } of store.list('')) {
    objects.set(key, (await store.get(key))?.bytes ?? new Uint8Array());
  }
  return { events, acks, objects };
}

/** A disk on which a call takes its time now and then, so that others come in between. */
function hesitant(disk: LocalFs, random: () => number): LocalFs {
  const slow: Record<string, unknown> = {};
  for (const name of CALLS) {
    slow[name] = async (...args: readonly never[]): Promise<unknown> => {
      for (let turns = random() < SLOW ? Math.floor(random() * 300) : 0; turns > 0; turns--) {
        await nextTurn();
      }
      return await (disk[name] as (...args: readonly never[]) => Promise<unknown>)(...args);
    };
  }
  return slow as unknown as LocalFs;
}

function diskStorage(disk: LocalFs, seed: number): StorageProvider {
  const entropy = seededEntropy(seed);
  return {
    schemes: ['memory'],
    clock: virtualClock(),
    entropy,
    open: (url) =>
      withoutLock(localStore(`/disk/${url.host}${url.pathname}`, { fs: disk, entropy })),
  };
}

/** Cuts the power after `cut` calls, and looks at one of the disks that may be left. */
export async function judgeState(
  recording: Recording,
  cut: number,
  random: () => number,
  writes: boolean,
): Promise<readonly string[]> {
  const unsure = new UnsureDisk();
  for (const event of recording.events.slice(0, cut)) unsure.tell(event);
  const clock = virtualClock();
  const disk = new SimulatedDisk(() => clock.now(), undefined, unsure.state(random));
  const acks = recording.acks.filter(({ after }) => after <= cut);
  const storage = diskStorage(disk, 77);
  try {
    const table = await openLeft(storage);
    if (table === undefined) return acks.length > 0 ? ['the table is gone'] : [];
    const broken = [...(await judgeTable(table, storage, recording, acks))];
    if (writes && broken.length === 0) broken.push(...(await judgeWrite(table)));
    return broken;
  } catch (error) {
    return [`cannot be read: ${String(error)}`];
  }
}

async function openLeft(storage: StorageProvider): Promise<SweptTable | undefined> {
  try {
    return await DeltaTable.open(TABLE_URL, { storage, schema: SCHEMA });
  } catch (error) {
    if (isVarveError(error, 'NOT_FOUND')) return undefined;
    throw error;
  }
}

async function judgeTable(
  table: SweptTable,
  storage: StorageProvider,
  { objects }: Recording,
  acks: readonly Ack[],
): Promise<readonly string[]> {
  const broken: string[] = [];
  const store = storage.open(new URL(TABLE_URL));
  const { version, files } = await table.snapshot().then((snapshot) => ({
    version: snapshot.version,
    files: snapshot.files(),
  }));
  const acknowledged = acks.flatMap((ack) => (ack.kind === 'version' ? [ack.version] : []));
  const newest = Math.max(-1, ...acknowledged);
  if (version < newest) broken.push(`version ${newest} was acknowledged, and ${version} is left`);
  for (let at = 0; at <= version; at++) {
    const key = commitKey(at);
    if (!same((await store.get(key))?.bytes, objects.get(key))) broken.push(`${key} is not whole`);
  }
  const paths = files.map(({ path }) => path).toSorted();
  if (paths.join() !== liveAt(version, objects).join()) {
    broken.push(`version ${version} has other files than its commits say`);
  }
  for (const path of paths) {
    if (!same((await store.get(path))?.bytes, objects.get(path)))
      broken.push(`${path} is not whole`);
  }
  for (const ack of acks) {
    if (ack.kind !== 'pin') continue;
    const pin = await table.pins.get(ack.name).catch(() => undefined);
    if (pin?.version !== ack.version) broken.push(`the pin ${ack.name} is lost`);
  }
  return broken;
}

async function judgeWrite(table: SweptTable): Promise<readonly string[]> {
  const before = await table.scan().count();
  await table.append([{ op: 'after', part: 'p', n: 0 }]);
  const rows = await table.scan().toArray();
  return rows.length === before + 1 ? [] : [`${before} rows and one more are ${rows.length}`];
}

/** The live files after a version, by the texts of its commits alone. */
function liveAt(version: number, objects: ReadonlyMap<string, Uint8Array>): readonly string[] {
  const live = new Set<string>();
  for (let at = 0; at <= version; at++) {
    const text = new TextDecoder().decode(objects.get(commitKey(at)));
    for (const line of text.split('\n')) {
      if (line === '') continue;
      const { add, remove } = JSON.parse(line) as Record<'add' | 'remove', { path: string }>;
      if (remove !== undefined) live.delete(decodeURIComponent(remove.path));
      if (add !== undefined) live.add(decodeURIComponent(add.path));
    }
  }
  return [...live].toSorted();
}

function same(left: Uint8Array | undefined, right: Uint8Array | undefined): boolean {
  return left !== undefined && right !== undefined && Buffer.compare(left, right) === 0;
}

function commitKey(version: number): string {
  return `_delta_log/${String(version).padStart(20, '0')}.json`;
}
