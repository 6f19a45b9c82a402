import { createServer } from 'node:http';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkpointKey, commitKey, LAST_CHECKPOINT_KEY } from '../../src/log/log-path.js';
import { localStore } from '../../src/storage/local-store.js';
import { DeltaTable } from '../../src/table/delta-table.js';
import { type HttpFiles, serveFiles } from '../support/http-files.js';
import { listen } from '../support/listen.js';
import { temporaryFolder } from '../support/temporary-folder.js';

const VERSIONS = 25;

async function failure(work: Promise<unknown>): Promise<unknown> {
  return await work.then(
    () => 'no error',
    (error: unknown) => error,
  );
}

describe('a table over HTTP', () => {
  const scratch = temporaryFolder();
  const folder = join(scratch, 'table');
  let server: HttpFiles;

  beforeAll(async () => {
    const table = await DeltaTable.create(folder, { schema: { id: 'long', note: 'string' } });
    for (let id = 1; id < VERSIONS; id++) await table.append([{ id, note: `n${id}` }]);
    server = await serveFiles(localStore(folder));
  });
  afterAll(async () => {
    await server.close();
  });

  async function ids(table: DeltaTable, version?: number): Promise<number[]> {
    const snapshot = await table.snapshot(version === undefined ? {} : { version });
    const found: number[] = [];
    for await (const row of snapshot.scan()) found.push(Number(row['id']));
    return found.toSorted((a, b) => a - b);
  }

  it.each([404, 403])('is read to its newest version where absent is %i', async (absent) => {
    server.manners = { absent };
    const table = await DeltaTable.open(server.url);
    expect(await ids(table)).toEqual(Array.from({ length: VERSIONS - 1 }, (_, at) => at + 1));
    expect((await table.history()).map(({ version }) => version)).toHaveLength(VERSIONS);
  });

  it('is opened with a request for the hint, one for each commit behind it, and no listing', async () => {
    const fresh = await serveFiles(localStore(folder), { absent: 403 });
    await DeltaTable.open(`${fresh.url}/`);
    const asked = fresh.requests.map(({ path }) => path);
    await fresh.close();
    const counts = new Map<string, number>();
    for (const path of asked) counts.set(path, (counts.get(path) ?? 0) + 1);
    expect(asked[0]).toBe(LAST_CHECKPOINT_KEY);
    // The checkpoint: that it is there, its footer, and the file, which is small.
    expect(counts.get(checkpointKey(20))).toBeLessThanOrEqual(3);
    counts.delete(checkpointKey(20));
    const once = [LAST_CHECKPOINT_KEY, ...[20, 21, 22, 23, 24, 25, 26].map(commitKey)];
    expect(Object.fromEntries(counts)).toEqual(Object.fromEntries(once.map((key) => [key, 1])));
  });

  it('is refreshed by looking at its last commit and for the next', async () => {
    const table = await DeltaTable.open(server.url);
    await table.snapshot();
    server.requests.length = 0;
    await table.snapshot();
    const asked = new Set(server.requests.map(({ path }) => path));
    expect([...asked]).toEqual([24, 25, 26].map(commitKey));
  });

  it('goes back in time, by version and by instant', async () => {
    const table = await DeltaTable.open(server.url);
    expect(await ids(table, 7)).toEqual([1, 2, 3, 4, 5, 6, 7]);
    expect(await ids(table, 22)).toHaveLength(22);
    const modifiedMs = (path: string): number => Number(/\d{20}/u.exec(path)?.[0] ?? 0) * 60_000;
    server.manners = { absent: 403, modifiedMs };
    expect((await table.snapshot({ timestamp: new Date(7 * 60_000 + 1) })).version).toBe(7);
    server.manners = {};
    expect(await failure(table.snapshot({ version: 99 }))).toMatchObject({
      code: 'NOT_FOUND',
      kind: 'version',
    });
  });

  it('tells its changes', async () => {
    const fed = join(scratch, 'fed');
    const properties = { 'delta.enableChangeDataFeed': 'true' };
    const made = await DeltaTable.create(fed, { schema: { id: 'long' }, properties });
    for (let id = 1; id <= 12; id++) await made.append([{ id }]);
    const fresh = await serveFiles(localStore(fed), { absent: 403 });
    const table = await DeltaTable.open(fresh.url);
    const seen: string[] = [];
    for await (const { version, rows } of table.changes({ from: 3, to: 11 })) {
      for await (const { type, row } of rows())
        seen.push(`${version} ${type} ${String(row['id'])}`);
    }
    await fresh.close();
    expect(seen).toEqual(Array.from({ length: 9 }, (_, at) => `${at + 3} insert ${at + 3}`));
  });

  it.each([
    ['nothing at all', 404, { code: 'NOT_FOUND', kind: 'table' }],
    ['nothing that may be read', 403, { code: 'ACCESS_DENIED' }],
  ])('that is %s is refused as such', async (_name, absent, expected) => {
    server.manners = { absent };
    expect(await failure(DeltaTable.open(`${server.url}/nowhere`))).toMatchObject(expected);
  });

  it('is none where a server answers every address with one page, which is found out soon', async () => {
    let requests = 0;
    const page = createServer((_request, response) => {
      requests++;
      response.end('<!doctype html><title>Hello</title>');
    });
    const port = await listen(page);
    const place = `http://127.0.0.1:${port}/t`;
    expect(await failure(DeltaTable.exists(place))).toMatchObject({ code: 'CORRUPT_DATA' });
    const table = await DeltaTable.open(place);
    expect(await failure(table.snapshot())).toMatchObject({
      code: 'CORRUPT_DATA',
      key: commitKey(0),
    });
    expect(requests).toBeLessThan(20);
    page.closeAllConnections();
    await new Promise((resolve) => page.close(resolve));
  });

  it('cannot be written or pinned, and says so', async () => {
    server.manners = {};
    const table = await DeltaTable.open(server.url);
    const refusal = { code: 'UNSUPPORTED_FEATURE', features: ['writing over HTTP'], side: 'write' };
    expect(await failure(table.append([{ id: 1n, note: null }]))).toMatchObject(refusal);
    expect(await failure(table.pins.create('p'))).toMatchObject(refusal);
    const listing = { code: 'UNSUPPORTED_FEATURE', features: ['listing over HTTP'] };
    expect(await failure(table.pins.list())).toMatchObject(listing);
    expect(
      await failure(DeltaTable.create(`${server.url}/new`, { schema: { id: 'long' } })),
    ).toMatchObject(refusal);
  });

  it('is named as it is when its files are refused', async () => {
    const table = await DeltaTable.open(server.url);
    server.manners = {
      answer: ({ path }, response) => {
        if (!path.endsWith('.parquet') || path.includes('_delta_log')) return false;
        response.writeHead(404).end();
        return true;
      },
    };
    expect(await failure(table.scan().toArray())).toMatchObject({ code: 'DATA_GONE' });
    server.manners = {};
  });

  it.each(['http://user@127.0.0.1/x', 'http://127.0.0.1/x?sig=1', 'http://127.0.0.1/x#y'])(
    'has no secrets in its URL: %s',
    async (url) => {
      expect(await failure(DeltaTable.open(url))).toMatchObject({ code: 'INVALID_ARGUMENT' });
    },
  );
});
