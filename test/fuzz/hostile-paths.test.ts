/** No path that a log, a sidecar, a pin or an artifact names leads out of the table, to another host, or to a bug. */
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DeltaTable, isVarveError, type StorageProvider } from '../../src/index.js';
import { Tracker } from '../../src/ml/index.js';
import { memoryStorage } from '../../src/storage/memory-store.js';
import { recordingStore, type StoreRequest } from '../../src/storage/recording-store.js';
import { hostilePaths, type Targets } from './hostile-vectors.js';

/** The rows of this file are at every place that must not be read. */
const CANARY = 'test/fuzz/bases/pages/plain-none-v1.parquet';
const LOG = '_delta_log/0000000000000000000';
const TYPED = [
  'CORRUPT_DATA',
  'UNSUPPORTED_FEATURE',
  'DATA_GONE',
  'ACCESS_DENIED',
  'LIMIT',
] as const;

const root = mkdtempSync(join(tmpdir(), 'varve-hostile-'));
const table = join(root, 'lake', 'table');
const secret = join(root, 'lake', 'secret.parquet');
let requests = 0;
const server = createServer((_request, response) => {
  requests++;
  response.end();
});
let targets: Targets;
let paths: readonly string[] = [];

beforeAll(async () => {
  mkdirSync(join(table, '_delta_log', '_sidecars'), { recursive: true });
  mkdirSync(`${table}2`);
  mkdirSync(join(root, 'lake', 'source'));
  for (const file of [
    secret,
    join(root, 'secret.parquet'),
    join(`${table}2`, 'secret.parquet'),
    join(root, 'lake', 'source', 'part.parquet'),
  ]) {
    copyFileSync(CANARY, file);
  }
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const canaryUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  targets = { table, secret, canaryUrl };
  paths = hostilePaths(targets);
});

afterAll(() => {
  server.close();
  rmSync(root, { recursive: true, force: true });
});

const METADATA = {
  id: '7f0c0a4e-0f9a-4f6d-9d0e-9e3f0a0b0c0d',
  format: { provider: 'parquet', options: {} },
  schemaString: JSON.stringify({
    type: 'struct',
    fields: [{ name: 's', type: 'string', nullable: true, metadata: {} }],
  }),
  partitionColumns: [],
  configuration: { 'delta.enableChangeDataFeed': 'true' },
};
const FEATURES = ['deletionVectors', 'v2Checkpoint', 'changeDataFeed'];
const PROTOCOL = {
  minReaderVersion: 3,
  minWriterVersion: 7,
  readerFeatures: ['deletionVectors', 'v2Checkpoint'],
  writerFeatures: FEATURES,
};
const SIZE = statSync(CANARY).size;
const FILE = { partitionValues: {}, size: SIZE, modificationTime: 1, dataChange: true };
const VECTOR = { offset: 1, sizeInBytes: 36, cardinality: 2 };

type Actions = readonly object[];

/** What a field that takes a path is put into. */
const FIELDS: readonly (readonly [string, (path: string) => Actions])[] = [
  ['add.path', (path) => [{ add: { ...FILE, path } }]],
  ['cdc.path', (path) => [{ cdc: { ...FILE, path, dataChange: false } }]],
  [
    'deletionVector p',
    (path) => [withVector({ ...VECTOR, storageType: 'p', pathOrInlineDv: path })],
  ],
  [
    'deletionVector u',
    (path) => [
      withVector({ ...VECTOR, storageType: 'u', pathOrInlineDv: `${path}ab^-aqEH.-t@S}K{vb[*k^` }),
    ],
  ],
];

/** The log on disk is these commits. */
function writeLog(...commits: readonly Actions[]): void {
  rmSync(join(table, '_delta_log'), { recursive: true, force: true });
  mkdirSync(join(table, '_delta_log', '_sidecars'), { recursive: true });
  for (const [version, actions] of commits.entries()) {
    writeFileSync(join(table, `${LOG}${version}.json`), logOf(actions));
  }
}

const CREATE: Actions = [{ protocol: PROTOCOL }, { metaData: METADATA }];

function withVector(deletionVector: object): object {
  return { add: { ...FILE, path: 'part.parquet', deletionVector } };
}

function logOf(actions: Actions): string {
  return `${actions.map((action) => JSON.stringify(action)).join('\n')}\n`;
}

/** Everything that can be read of it. */
async function readAll(
  url: string | URL,
  storage: StorageProvider | undefined,
): Promise<unknown[]> {
  const opened = await DeltaTable.open(url, storage === undefined ? {} : { storage });
  const rows: unknown[] = await opened.scan().toArray();
  for await (const version of opened.changes({ from: 1 })) {
    for await (const change of version.rows()) rows.push(change);
  }
  return rows;
}

describe.each(FIELDS)('%s', (_field, actionsOf) => {
  it('has hundreds of vectors', () => {
    expect(paths.length).toBeGreaterThan(300);
  });

  it('never asks a store for anything outside of it', async () => {
    const lake = memoryStorage();
    const asked: StoreRequest[] = [];
    const opened: string[] = [];
    const storage: StorageProvider = {
      schemes: ['memory', 'https', 'http', 's3', 'az', 'abfss', 'gs', 'file'],
      open: (url) => {
        opened.push(url.href);
        return recordingStore(lake.open(url), asked);
      },
    };
    const store = lake.open(new URL('memory://lake/table'));
    const canary = new Uint8Array(readFileSync(CANARY));
    for (const key of ['secret.parquet', 'table2/secret.parquet', 'x', 'table/part.parquet']) {
      await lake.open(new URL('memory://lake')).put(key, canary);
    }
    for (const path of paths) {
      await store.put(`${LOG}0.json`, bytesOf(CREATE));
      await store.put(`${LOG}1.json`, bytesOf(actionsOf(path)));
      expect(
        await outcome(() => readAll('memory://lake/table', storage)),
        JSON.stringify(path),
      ).toBe('typed');
    }
    expect(new Set(opened)).toEqual(new Set(['memory://lake/table']));
    for (const { key } of asked) expect(key.split('/')).not.toContain('..');
  });
});

describe('other fields that take a path', () => {
  it('remove.path changes nothing but its own file', async () => {
    const lake = memoryStorage();
    const store = lake.open(new URL('memory://lake/table'));
    await store.put(`${LOG}0.json`, bytesOf(CREATE));
    for (const path of paths) {
      const removed = { path, dataChange: true, deletionTimestamp: 1 };
      await store.put(`${LOG}1.json`, bytesOf([{ remove: removed }]));
      const opened = await DeltaTable.open('memory://lake/table', { storage: lake });
      expect(await opened.scan().toArray(), JSON.stringify(path)).toEqual([]);
    }
  });

  it('sidecar.path stays in the folder of sidecars', async () => {
    const name = `${LOG}2.checkpoint.80a083e8-7026-4e79-81be-64bd76c43a11.json`;
    for (const path of paths) {
      const sidecar = { path, sizeInBytes: SIZE, modificationTime: 1 };
      const actions = [
        { checkpointMetadata: { version: 2 } },
        { protocol: PROTOCOL },
        { metaData: METADATA },
      ];
      writeLog();
      writeFileSync(join(table, name), logOf([...actions, { sidecar }]));
      expect(await outcome(() => readAll(table, undefined)), JSON.stringify(path)).toBe('typed');
    }
  });

  it('the hint at a checkpoint leads nowhere', async () => {
    writeLog(CREATE, [{ txn: { appId: 'a', version: 1 } }]);
    for (const path of paths) {
      const hint = { version: 0, size: 1, v2Checkpoint: { path } };
      writeFileSync(join(table, '_delta_log/_last_checkpoint'), JSON.stringify(hint));
      const opened = await DeltaTable.open(table);
      expect(await opened.scan().toArray(), JSON.stringify(path)).toEqual([]);
    }
  });

  it('names of pins are refused, and paths of artifacts stay below their run', async () => {
    writeLog(CREATE, [{ txn: { appId: 'a', version: 1 } }]);
    const opened = await DeltaTable.open(table);
    const lake = join(root, 'artifacts');
    const run = await (await Tracker.open(lake)).startRun({ experiment: 'e' });
    await run.flush();
    const before = readdirSync(root, { recursive: true, encoding: 'utf8' });
    for (const path of paths) {
      const pin = await outcome(() => opened.pins.create(path));
      expect(pin, JSON.stringify(path)).toBe(
        /^\w[\w.-]{0,199}$/u.test(path) ? 'stored' : 'refused',
      );
      const put = await outcome(() => run.logArtifact(path, new Uint8Array(1)));
      expect(['stored', 'refused'], JSON.stringify(path)).toContain(put);
    }
    const own = [
      join('artifacts', 'varve-tracking', 'artifacts', run.id),
      join('lake', 'table', '_varve', 'pins'),
    ];
    const made = readdirSync(root, { recursive: true, encoding: 'utf8' });
    for (const name of made.filter((each) => !before.includes(each))) {
      expect(
        own.some((folder) => `${name}/`.startsWith(`${folder}/`) || folder.startsWith(name)),
        name,
      ).toBe(true);
    }
  });
});

// Every field is resolved alike; what the disk adds is tried with one.
describe('on disk', () => {
  it('a data file outside of the folder is never read', async () => {
    copyFileSync(CANARY, join(table, 'part.parquet'));
    for (const path of paths) {
      writeLog(CREATE, [{ add: { ...FILE, path } }]);
      expect(await outcome(() => readAll(table, undefined)), JSON.stringify(path)).toBe('typed');
    }
    expect(requests).toBe(0);
  });

  it.each([
    ['a file', 'link.parquet'],
    ['a folder', 'link/secret.parquet'],
  ])('%s that leads out of the table is refused', async (_what, path) => {
    rmSync(join(table, 'link.parquet'), { force: true });
    rmSync(join(table, 'link'), { force: true });
    symlinkSync(secret, join(table, 'link.parquet'));
    symlinkSync(join(root, 'lake'), join(table, 'link'));
    writeLog(CREATE, [{ add: { ...FILE, path } }]);
    await expect(readAll(table, undefined)).rejects.toMatchObject({ code: 'ACCESS_DENIED' });
  });
});

describe('allowedRoots', () => {
  const source = join(root, 'lake', 'source');
  const open = async (path: string, allowedRoots: (string | URL)[]): Promise<unknown[]> => {
    writeLog(CREATE, [{ add: { ...FILE, path } }]);
    return await (await DeltaTable.open(table, { allowedRoots })).scan().toArray();
  };

  it.each([
    ['a path', source],
    ['a URL', pathToFileURL(source)],
    ['a URL with a slash', `${pathToFileURL(source).href}/`],
  ])('given as %s, opens what lies below them', async (_what, allowed) => {
    for (const path of [
      `file://${source}/part.parquet`,
      `file:${source}/part.parquet`,
      `${source}/part.parquet`,
    ]) {
      expect(await open(path, [allowed])).toHaveLength(40);
      await expect(open(path, [])).rejects.toMatchObject({ code: 'UNSUPPORTED_FEATURE' });
    }
  });

  it('open nothing beside them', async () => {
    const others = hostilePaths({ ...targets, table: source });
    for (const path of [...others, `${source}2/part.parquet`, `${source}/../secret.parquet`]) {
      expect(await outcome(() => open(path, [source])), JSON.stringify(path)).toBe('typed');
    }
    symlinkSync(secret, join(source, 'out.parquet'));
    await expect(open(`${source}/out.parquet`, [source])).rejects.toMatchObject({
      code: 'ACCESS_DENIED',
    });
  });

  it('are not lent to another handle of the same table', async () => {
    expect(await open(`${source}/part.parquet`, [source])).toHaveLength(40);
    const other = await DeltaTable.open(table);
    await expect(other.scan().toArray()).rejects.toMatchObject({ code: 'UNSUPPORTED_FEATURE' });
  });

  it.each([
    ['no list', source],
    ['a number', [7]],
    ['an unknown scheme', ['nowhere://x']],
  ])('refuses %s', async (_what, allowedRoots) => {
    const opening = DeltaTable.open(table, { allowedRoots: allowedRoots as never });
    await expect(opening).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  });
});

/** `rows` when something was read, `stored` when something was written, `typed` for an error that says what is wrong with the table, else the error. */
async function outcome(read: () => Promise<unknown>): Promise<string> {
  try {
    const answer = await read();
    return Array.isArray(answer) ? `rows: ${JSON.stringify(answer)}` : 'stored';
  } catch (error) {
    if (isVarveError(error, ...TYPED)) return 'typed';
    if (isVarveError(error, 'INVALID_ARGUMENT', 'NOT_FOUND')) return 'refused';
    return error instanceof Error ? (error.stack ?? error.message) : String(error);
  }
}

function bytesOf(actions: Actions): Uint8Array {
  return new TextEncoder().encode(logOf(actions));
}
