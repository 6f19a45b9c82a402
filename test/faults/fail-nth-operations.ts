/** Every public operation of a table, as the sweep of failing store calls runs it. */
import { DeltaTable } from '../../src/table/delta-table.js';
import { eq, gte } from '../../src/table/expression/builders.js';
import type { StorageProvider } from '../../src/testing/index.js';
import { SCHEMA, type Shape, type SweptTable, TABLE_URL } from './fail-nth-shapes.js';

export interface Operation {
  readonly name: string;
  /**
   * `read`: changes nothing. `commit`: makes one version, or none. `side`: writes beside the log, where a request whose
   * answer is lost leaves the caller to look.
   */
  readonly kind: 'read' | 'commit' | 'side';
  readonly needs: Shape['allows'];
  /** Whether it has several steps, each of which leaves the table whole; who does it again goes on where it ended. */
  readonly canGoOn?: boolean;
  /** So much of its points is drawn by the seed; all when not given, for those that go ways of their own. */
  readonly share?: number;
  /** What a caller learns, without what differs from run to run. */
  readonly run: (world: Caller) => Promise<unknown>;
}

/** Who calls: one process with one handle. */
export interface Caller {
  readonly storage: StorageProvider;
  readonly shape: Shape;
  /** The handle; opened by the first who asks. */
  readonly table: () => Promise<SweptTable>;
}

const NEW = [
  { op: 'new', part: 'p', n: 100 },
  { op: 'new', part: 'r', n: 101 },
];

/** The share of what commits as another operation does. */
const ALIKE = 0.1;

/** Whether a table that allows `allows` may be asked for what needs `needs`. */
export function isAllowed(allows: Shape['allows'], needs: Operation['needs']): boolean {
  if (allows === 'create' || needs === 'create') return allows === needs;
  const levels = ['read', 'append', 'write'];
  return levels.indexOf(allows) >= levels.indexOf(needs);
}

export const OPERATIONS: readonly Operation[] = [
  { name: 'create', kind: 'commit', needs: 'create', run: createTable },
  {
    name: 'create from rows',
    kind: 'commit',
    needs: 'create',
    run: async ({ storage }) => {
      const rows = [{ op: 'made', part: 'p', n: 7n }];
      await DeltaTable.create(TABLE_URL, { rows, storage });
      return 'created';
    },
  },
  commit('append', 'append', (table) => table.append(NEW)),
  commit('append once', 'append', (table) =>
    table.append(NEW, { idempotency: { appId: 'once', sequence: 5 } }),
  ),
  read('append that was applied', 'append', (table) =>
    table.append(NEW, { idempotency: { appId: 'base', sequence: 1 } }).then(versionOf),
  ),
  {
    ...commit('append in a group', 'append', async (table) => {
      const [first] = await Promise.all(
        NEW.map(async (row) => await table.append([row], { group: true })),
      );
      if (first === undefined) throw new Error('a group of two told nobody');
      return first;
    }),
    share: ALIKE,
  },
  commit('overwrite', 'write', (table) => table.overwrite(NEW)),
  commit('overwrite a partition', 'write', (table) =>
    table.overwrite([{ op: 'new', part: 'p', n: 5 }], { where: eq('part', 'p') }),
  ),
  commit('overwrite some rows', 'write', (table) =>
    table.overwrite([{ op: 'new', part: 'q', n: 50 }], { where: gte('n', 10n) }),
  ),
  commit('set properties', 'write', (table) => table.setProperties({ 'sweep.set': 'yes' })),
  {
    ...commit('unset properties', 'write', (table) => table.unsetProperties(['sweep.unset'])),
    share: ALIKE,
  },
  {
    ...commit('add a feature', 'write', (table) => table.addFeature('rowTracking')),
    share: ALIKE,
  },
  {
    ...commit('track rows', 'write', (table) =>
      table.setProperties({ 'delta.enableRowTracking': 'true' }),
    ),
    canGoOn: true,
    share: 0.3,
  },
  commit('transaction', 'write', (table) =>
    table.transaction(async (tx) => {
      await tx.append(NEW);
      await tx.setProperties({ 'sweep.set': 'yes' });
      await tx.append([{ op: 'more', part: 'q', n: 102 }]);
    }),
  ),
  {
    ...commit('transaction that reads', 'write', (table) =>
      table.transaction(
        async (tx) => {
          const where = eq('part', 'p');
          const n = await tx.scan({ where }).count();
          await tx.overwrite([{ op: 'counted', part: 'p', n }], { where });
          await tx.append([{ op: 'all', part: 'q', n: await tx.scan().count() }]);
        },
        { retry: { attempts: 3 } },
      ),
    ),
    share: 0.25,
  },
  commit('writer', 'append', async (table) => {
    const writer = table.writer();
    await writer.append(NEW);
    const [made] = await writer.flush();
    if (made === undefined) throw new Error('the writer made no commit');
    return made;
  }),
  {
    ...commit('writer that is closed', 'append', async (table) => {
      const made: Awaited<ReturnType<SweptTable['append']>>[] = [];
      const writer = table.writer({ onCommit: (one) => made.push(one) });
      await writer.append(NEW);
      await writer.close();
      const [only] = made;
      if (only === undefined) throw new Error('the writer made no commit');
      return only;
    }),
    share: ALIKE,
  },
  read('writer.lastSequence', 'append', (table) => table.writer().lastSequence('base')),
  read('exists', 'read', (_table, { storage }) => DeltaTable.exists(TABLE_URL, { storage })),
  read('scan', 'read', async (table) => sorted(await table.scan().toArray())),
  read('scan with a condition', 'read', async (table, { shape }) => {
    if (shape.allows === 'read') return await table.scan({ limit: 3 }).count();
    return sorted(await table.scan({ where: gte('n', 10n), select: ['op', 'n'] }).toArray());
  }),
  read('count', 'read', (table) => table.scan().count()),
  read('an older version', 'read', async (table) => {
    const snapshot = await table.snapshot({ version: 1 });
    return sorted(await snapshot.scan().toArray());
  }),
  read('a pinned version', 'append', async (table) => {
    const snapshot = await table.snapshot({ pin: 'kept' });
    return sorted(await snapshot.scan().toArray());
  }),
  read('a moment', 'append', async (table) => {
    const snapshot = await table.snapshot({ timestamp: new Date('2026-01-01T00:00:00.001Z') });
    return snapshot.version;
  }),
  read('changes', 'append', async (table, { shape }) => {
    if (shape.name !== 'change feed') return 'none';
    const found: unknown[] = [];
    for await (const change of table.changes({ from: 1 })) {
      const rows = [];
      for await (const row of change.rows()) rows.push(row);
      found.push(change.version, rows.map((row) => JSON.stringify(row, plain)).toSorted());
    }
    return found;
  }),
  read('detail', 'read', async (table) => {
    const { numFiles, sizeBytes, properties } = await table.detail();
    return { numFiles, sizeBytes, properties: [...properties] };
  }),
  read('history', 'read', async (table) =>
    (await table.history()).map(({ version, operation }) => [version, operation]),
  ),
  read('resolve', 'append', (table) => table.resolveCommit({ version: 1, txnId: 'of nobody' })),
  read('pins.get', 'append', async (table) => (await table.pins.get('kept')).version),
  read('pins.list', 'read', async (table) => (await table.pins.list()).map(({ name }) => name)),
  read('pins.verify', 'append', async (table) => (await table.pins.verify('kept')).ok),
  side('checkpoint', 'append', (table) => table.checkpoint().then(({ version }) => version)),
  { ...side('clean up the log', 'append', (table) => table.cleanUpLog()), canGoOn: true },
  side('pins.create', 'read', (table) => table.pins.create('fresh').then(({ version }) => version)),
  side('pins.delete', 'append', (table) => table.pins.delete('kept')),
];

/** Makes the table of a shape that has none. */
export async function createTable({ storage }: Pick<Caller, 'storage'>): Promise<unknown> {
  await DeltaTable.create(TABLE_URL, { schema: SCHEMA, storage, ifExists: 'open' });
  return 'created';
}

function read(
  name: string,
  needs: Operation['needs'],
  run: (table: SweptTable, caller: Caller) => Promise<unknown>,
): Operation {
  return {
    name,
    kind: 'read',
    needs,
    run: async (caller) => await run(await caller.table(), caller),
  };
}

function commit(
  name: string,
  needs: Operation['needs'],
  run: (table: SweptTable) => ReturnType<SweptTable['append']>,
): Operation {
  return {
    name,
    kind: 'commit',
    needs,
    run: async (caller) => versionOf(await run(await caller.table())),
  };
}

function side(
  name: string,
  needs: Operation['needs'],
  run: (table: SweptTable) => Promise<unknown>,
): Operation {
  return {
    name,
    kind: 'side',
    needs,
    run: async (caller) => await run(await caller.table()),
  };
}

function versionOf({ version, outcome }: Awaited<ReturnType<SweptTable['append']>>): unknown {
  return { version, outcome };
}

/** Rows in an order and a text of their own. */
export function sorted(rows: readonly unknown[]): readonly string[] {
  return rows.map((row) => JSON.stringify(row, plain)).toSorted();
}

function plain(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : value;
}
