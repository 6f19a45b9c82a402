/** Writers at once on a table that tracks rows and keeps its own time, and others who set properties of it. */
import { isVarveError } from '../../src/errors.js';
import { DeltaTable } from '../../src/table/delta-table.js';
import {
  memoryStorage,
  Scheduler,
  scheduledStorage,
  seededNumbers,
} from '../../src/testing/index.js';

const URL_TEXT = 'memory://lake/t';
const SCHEMA = { op: 'string' } as const;
const HOUR_MS = 3_600_000;

interface Line {
  readonly commitInfo?: { readonly inCommitTimestamp?: number };
  readonly add?: { readonly baseRowId?: number; readonly stats: string };
  readonly metaData?: { readonly configuration: Readonly<Record<string, string>> };
}

/** Runs one race; every rule that it broke. */
export async function race(seed: number): Promise<readonly string[]> {
  const scheduler = new Scheduler(seed);
  const lake = memoryStorage({ clock: scheduler.clock('lake') });
  const random = seededNumbers(seed);
  const properties = {
    'delta.enableInCommitTimestamps': 'true',
    'delta.enableRowTracking': 'true',
  };
  const storageOf = (name: string) => ({
    ...scheduledStorage(lake, scheduler, name),
    clock: scheduler.clock(name, Math.floor((random() - 0.5) * HOUR_MS)),
  });
  const creator = { ...lake, clock: scheduler.clock('creator') };
  await DeltaTable.create(URL_TEXT, { schema: SCHEMA, properties, storage: creator });
  const kept: string[] = [];
  const writer = (name: string) => async (): Promise<void> => {
    const table = await DeltaTable.open(URL_TEXT, { storage: storageOf(name), schema: SCHEMA });
    for (let step = 0; step < 2; step++) {
      try {
        if (random() < 0.6) await table.append([{ op: `${name} ${step}` }, { op: 'more' }]);
        else {
          await table.setProperties({ [`race.${name}.${step}`]: 'set' });
          kept.push(`race.${name}.${step}`);
        }
      } catch (error) {
        if (!isVarveError(error, 'COMMIT_CONFLICT')) throw error;
      }
    }
  };
  const settled = await scheduler.run({ a: writer('a'), b: writer('b'), c: writer('c') });
  const failed = settled.flatMap((one) => (one.status === 'rejected' ? [String(one.reason)] : []));
  return [...failed, ...(await judgeRace(lake.open(new URL(URL_TEXT)), kept))];
}

async function judgeRace(
  store: ReturnType<ReturnType<typeof memoryStorage>['open']>,
  kept: readonly string[],
): Promise<readonly string[]> {
  const broken: string[] = [];
  const taken = new Set<number>();
  let timeMs = -Infinity;
  let configuration: Readonly<Record<string, string>> = {};
  for await (const { key } of store.list('_delta_log/')) {
    if (!/\/\d{20}\.json$/u.test(key)) continue;
    const text = new TextDecoder().decode((await store.get(key))?.bytes);
    for (const line of text.trimEnd().split('\n')) {
      const { commitInfo, add, metaData } = JSON.parse(line) as Line;
      if (commitInfo !== undefined) {
        const own = commitInfo.inCommitTimestamp ?? -Infinity;
        if (own <= timeMs) broken.push(`${key} is not after the version before: ${own}`);
        timeMs = own;
      }
      if (metaData !== undefined) configuration = metaData.configuration;
      if (add === undefined) continue;
      const { numRecords } = JSON.parse(add.stats) as { readonly numRecords: number };
      for (let row = 0; row < numRecords; row++) {
        const id = (add.baseRowId ?? 0) + row;
        if (taken.has(id)) broken.push(`${key} gives the row id ${id} again`);
        taken.add(id);
      }
    }
  }
  const lost = kept.filter((name) => configuration[name] !== 'set');
  return [...broken, ...lost.map((name) => `${name} was set, and is lost`)];
}
