import { createServer } from 'node:http';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Clock, systemEntropy } from '../../src/clock.js';
import { isVarveError } from '../../src/errors.js';
import { GcsRequests } from '../../src/storage/gcs/gcs-requests.js';
import { GcsStore } from '../../src/storage/gcs/gcs-store.js';
import { Tokens } from '../../src/storage/gcs/gcs-token.js';
import { gcsStorage } from '../../src/storage/gcs/index.js';
import type { ObjectStore } from '../../src/storage/object-store.js';
import { Retries } from '../../src/storage/retries.js';
import { listen } from '../support/listen.js';
import { type GcsDouble, startGcsDouble } from './gcs-double.js';
import type { FaultRule, GcsFault } from './gcs-faults.js';
import type { GcsOperation } from './gcs-route.js';

const MIB = 1024 * 1024;
const body = new Uint8Array([1, 2, 3]);
/** Each wait is over at once, and counted. */
const pauses: number[] = [];
let now = 0;
const hurried: Clock = {
  now: () => now,
  sleep: async (delayMs, signal) => {
    // Waits of half a minute and more are the ends of requests: they come when nothing else does.
    if (delayMs >= 30_000) {
      await new Promise((_resolve, reject) => {
        signal?.addEventListener('abort', () => reject(new Error('ended')), { once: true });
      });
    }
    pauses.push(delayMs);
    now += delayMs;
    await Promise.resolve();
  },
};

let double: GcsDouble;
let count = 0;
beforeAll(async () => {
  double = await startGcsDouble({ pageSize: 10 });
});
afterAll(async () => await double.close());
beforeEach(() => {
  double.faults.script([]);
  pauses.length = 0;
});

function storeAt(endpoint: string, clock = hurried): ObjectStore {
  const bucket = `bucket-${count++}`;
  double.bucket(bucket);
  const auth = { getAccessToken: async () => await Promise.resolve(double.token) };
  const service = { endpoint, tokens: new Tokens(auth), userProject: undefined };
  const requests = new GcsRequests(service, clock, new Retries({ clock, entropy: systemEntropy }));
  return new GcsStore({ requests, bucket, entropy: systemEntropy }, 't/');
}

const open = (): ObjectStore => storeAt(double.endpoint);

/** What the requests of `run` were. */
async function requestsOf(run: () => Promise<unknown>): Promise<readonly GcsOperation[]> {
  const before = double.requests.length;
  await run();
  return double.requests.slice(before).map(({ operation }) => operation);
}

async function outcomeOf(run: Promise<unknown>): Promise<unknown> {
  try {
    return await run;
  } catch (error) {
    return isVarveError(error) ? error.code : error;
  }
}

describe('requests of google cloud storage', () => {
  it('are as few as can be', async () => {
    const store = open();
    const large = new Uint8Array(20 * MIB);
    expect(await requestsOf(() => store.put('k', body))).toEqual(['put']);
    expect(await requestsOf(() => store.putIfAbsent('n', body))).toEqual(['putIfAbsent']);
    expect(await requestsOf(() => store.get('k'))).toEqual(['get']);
    expect(await requestsOf(() => store.get('gone'))).toEqual(['get']);
    expect(await requestsOf(() => store.head('k'))).toEqual(['head']);
    expect(await requestsOf(() => store.delete('k'))).toEqual(['delete']);
    expect(await requestsOf(() => store.put('large', large))).toEqual([
      'startUpload',
      'uploadChunk',
      'uploadChunk',
      'uploadChunk',
    ]);
    expect(await requestsOf(() => store.get('large'))).toEqual(['get', 'get', 'get']);
    const range = { start: 100, end: 200 };
    expect(await requestsOf(() => store.get('large', { range }))).toEqual(['get']);
    for (let at = 0; at < 25; at++) await store.put(`many/${String(at).padStart(2, '0')}`, body);
    const listing = async (startAfter?: string): Promise<number> => {
      let seen = 0;
      for await (const { key } of store.list('many/', { startAfter }))
        seen += key.length > 0 ? 1 : 0;
      return seen;
    };
    expect(await requestsOf(listing)).toEqual(['list', 'list', 'list']);
    expect(await requestsOf(async () => await listing('many/20'))).toEqual(['list']);
    expect(await listing('many/20')).toBe(4);
  });

  it('share a connection, also where an answer comes in two pieces that nobody reads', async () => {
    let connections = 0;
    const server = createServer((_request, response) => {
      response.writeHead(412, { 'content-length': '3' });
      response.flushHeaders();
      setTimeout(() => response.end('no.'), 5);
    });
    server.on('connection', () => connections++);
    const store = storeAt(`http://127.0.0.1:${await listen(server)}`);
    for (let at = 0; at < 5; at++) expect(await store.putIfAbsent('k', body)).toBe('exists');
    // The next request may come a moment before the first connection is free again.
    expect(connections).toBeLessThanOrEqual(2);
    server.closeAllConnections();
    server.close();
  });

  it.each<[GcsFault, string, string]>([
    ['lost-reply', 'unknown', 'there'],
    ['lost-request', 'unknown', 'not there'],
    ['timeout-408', 'unknown', 'not there'],
    ['conflict-409', 'unknown', 'not there'],
    ['internal-500', 'unknown', 'not there'],
    ['unavailable-503', 'unknown', 'not there'],
    ['throttled-429', 'STORAGE_UNAVAILABLE', 'not there'],
    ['unauthorized-401', 'ACCESS_DENIED', 'not there'],
    ['forbidden-403', 'ACCESS_DENIED', 'not there'],
  ])('put-if-absent is sent once: %s is %s, and it is %s', async (fault, outcome, place) => {
    const store = open();
    double.faults.script([{ fault, operations: ['putIfAbsent'] }]);
    const sent = await requestsOf(async () => {
      expect(await outcomeOf(store.putIfAbsent('k', body))).toBe(outcome);
    });
    expect(sent.filter((operation) => operation === 'putIfAbsent')).toHaveLength(1);
    const object = await store.get('k');
    expect(object?.bytes).toEqual(place === 'there' ? body : undefined);
  });

  it('put-if-absent that is refused where an object is has lost to it', async () => {
    const store = open();
    await store.put('k', body);
    double.faults.script([{ fault: 'forbidden-403', operations: ['putIfAbsent'] }]);
    expect(await store.putIfAbsent('k', new Uint8Array(1))).toBe('exists');
    expect((await store.get('k'))?.bytes).toEqual(body);
  });

  it('are sent again after what passes, with pauses that grow and differ', async () => {
    const store = open();
    await store.put('k', body);
    const operations: readonly [GcsOperation, () => Promise<unknown>][] = [
      ['get', () => store.get('k')],
      ['head', () => store.head('k')],
      ['put', () => store.put('k', body)],
      ['delete', () => store.delete('k')],
    ];
    for (const fault of [
      'unavailable-503',
      'throttled-429',
      'lost-request',
      'timeout-408',
    ] as const) {
      for (const [operation, run] of operations) {
        pauses.length = 0;
        double.faults.script([{ fault, operations: [operation], times: 3 }]);
        expect(await requestsOf(run)).toEqual(Array.from({ length: 4 }, () => operation));
        expect(pauses).toHaveLength(3);
        const [first = 0, second = 0, third = 0] = pauses;
        expect(first).toBeGreaterThanOrEqual(50);
        expect(first).toBeLessThanOrEqual(100);
        expect(second).toBeGreaterThanOrEqual(100);
        expect(third).toBeGreaterThanOrEqual(200);
        await store.put('k', body);
      }
    }
  });

  it('wait for as long as the service asks, and give up when it refuses for ever', async () => {
    const store = open();
    const fault = 'throttled-429';
    double.faults.script([{ fault, operations: ['get'], retryAfterSeconds: 7 }]);
    expect(await store.get('k')).toBeUndefined();
    expect(pauses).toHaveLength(1);
    expect(pauses[0]).toBeGreaterThanOrEqual(7000);
    double.faults.script([{ fault, operations: ['head'], times: null, retryAfterSeconds: 2 }]);
    const sent = await requestsOf(async () => {
      await expect(store.head('k')).rejects.toMatchObject({
        code: 'STORAGE_UNAVAILABLE',
        retryAfterMs: 2000,
      });
    });
    expect(sent).toHaveLength(5);
  });

  it('that may only create pass on for how long the service wants to be left alone', async () => {
    const store = open();
    const told: number[] = [];
    const onRetryAfter = (askedMs: number): void => void told.push(askedMs);
    for (const retryAfterSeconds of [20, undefined]) {
      double.faults.script([
        { fault: 'unavailable-503', operations: ['putIfAbsent'], retryAfterSeconds },
      ]);
      expect(await store.putIfAbsent('k', body, { onRetryAfter })).toBe('unknown');
    }
    expect(told).toEqual([20_000]);
  });

  it('are less than a fifth more when a tenth of them fails', async () => {
    const work = async (rules: readonly FaultRule[]): Promise<number> => {
      const store = open();
      double.faults.script(rules);
      const sent = await requestsOf(async () => {
        for (let at = 0; at < 100; at++) {
          await store.put(`k/${at}`, body);
          await store.get(`k/${at}`);
          await store.head(`k/${at}`);
        }
        await store.put('large', new Uint8Array(20 * MIB));
        await store.get('large');
        for await (const { key } of store.list('k/')) await store.delete(key);
      });
      return sent.length;
    };
    const plain = await work([]);
    const faults = ['unavailable-503', 'throttled-429', 'lost-reply'] as const;
    const failing = await work(
      faults.map((fault, at) => ({ fault, rate: 0.1 / 3, seed: at + 1, times: null })),
    );
    expect(failing).toBeGreaterThan(plain);
    expect(failing / plain).toBeLessThan(1.2);
  });

  it('are hardly more than without retries while nothing works at all', async () => {
    const store = open();
    double.faults.script([{ fault: 'unavailable-503', times: null }]);
    const sent = await requestsOf(async () => {
      for (let at = 0; at < 400; at++) await outcomeOf(store.get('k'));
    });
    expect(sent.length).toBeLessThanOrEqual(500);
  });
});

describe('downloads of google cloud storage', () => {
  it.each([1000, 3 * MIB, 17 * MIB])('of %d bytes go on where they were cut', async (size) => {
    const store = open();
    const bytes = new Uint8Array(size).map((_, at) => (at * 31) & 255);
    await store.put('k', bytes);
    double.faults.script([{ fault: 'reset-body', operations: ['get'], times: 3 }]);
    const object = await store.get('k');
    expect(Buffer.compare(object?.bytes ?? new Uint8Array(), bytes)).toBe(0);
    const range = { start: 10, end: size - 10 };
    double.faults.script([{ fault: 'reset-body', operations: ['get'], times: 2 }]);
    const part = await store.get('k', { range });
    expect(Buffer.compare(part?.bytes ?? new Uint8Array(), bytes.subarray(10, -10))).toBe(0);
    expect(part?.info).toEqual(await store.head('k'));
  });

  it('ask for what is missing, and for no more', async () => {
    const store = open();
    await store.put('k', new Uint8Array(MIB));
    double.faults.script([{ fault: 'reset-body', operations: ['get'] }]);
    const before = double.requests.length;
    await store.get('k');
    const [, again] = double.requests.slice(before);
    const from = Number(/^bytes=(\d+)-/u.exec(again?.headers['range'] ?? '')?.[1]);
    expect(from).toBeGreaterThan(0);
    expect(from).toBeLessThanOrEqual(MIB / 2);
    expect(again?.headers['x-goog-if-generation-match']).toMatch(/^\d+$/u);
  });

  it('are done again when other bytes come than are stored', async () => {
    const store = open();
    for (const size of [5, 9 * MIB]) {
      const bytes = new Uint8Array(size).fill(9);
      await store.put('k', bytes);
      double.faults.script([{ fault: 'corrupt-body', operations: ['get'] }]);
      expect(Buffer.compare((await store.get('k'))?.bytes ?? body, bytes)).toBe(0);
      double.faults.script([{ fault: 'corrupt-body', operations: ['get'], times: null }]);
      expect(await outcomeOf(store.get('k'))).toBe('STORAGE_UNAVAILABLE');
    }
  });

  it('never mix two objects: one that is replaced meanwhile is read anew, or refused', async () => {
    const store = open();
    const filled = (fill: number): Uint8Array => new Uint8Array(9 * MIB).fill(fill);
    const { etag } = await store.put('k', filled(1));
    const reads = [1, 2, 3, 4].map(async () => (await store.get('k'))?.bytes);
    const writes = [2, 3].map(async (fill) => await store.put('k', filled(fill)));
    for (const bytes of await Promise.all(reads)) {
      expect(bytes).toHaveLength(9 * MIB);
      expect(new Set(bytes).size).toBe(1);
    }
    await Promise.all(writes);
    expect(await outcomeOf(store.get('k', { ifMatch: etag }))).toBe('CORRUPT_DATA');
  });

  it('refuse what is stored compressed, by name', async () => {
    const server = createServer((_request, response) => {
      response.setHeader('x-goog-stored-content-encoding', 'gzip');
      response.setHeader('x-goog-generation', '1');
      response.end('x');
    });
    const store = storeAt(`http://127.0.0.1:${await listen(server)}`);
    await expect(store.get('k')).rejects.toMatchObject({
      code: 'UNSUPPORTED_FEATURE',
      features: ['compressed objects in Google Cloud Storage'],
    });
    server.close();
  });

  it('ask when the object was written, where the answer does not say', async () => {
    const updated = '2026-10-21T07:28:00.999Z';
    const server = createServer((request, response) => {
      response.setHeader('x-goog-generation', '17');
      const isAsked = request.url?.includes('generation=17') === true;
      response.end(
        isAsked ? JSON.stringify({ name: 't/k', size: '3', generation: '17', updated }) : 'abc',
      );
    });
    const store = storeAt(`http://127.0.0.1:${await listen(server)}`);
    expect((await store.get('k'))?.info).toEqual({
      key: 'k',
      sizeBytes: 3,
      etag: '17',
      modifiedMs: Date.UTC(2026, 9, 21, 7, 28),
    });
    server.close();
  });
});

describe('uploads of google cloud storage', () => {
  const bytes = new Uint8Array(20 * MIB).map((_, at) => (at * 7) & 255);

  it.each<GcsFault>(['lost-reply', 'lost-request', 'unavailable-503', 'partial-chunk'])(
    'go on where %s stopped them',
    async (fault) => {
      const store = open();
      double.faults.script([{ fault, operations: ['uploadChunk'], rate: 0.5, times: 4, seed: 3 }]);
      const sent = await requestsOf(() =>
        store.put('k', [bytes.subarray(0, 1), bytes.subarray(1)]),
      );
      expect(sent.filter((operation) => operation === 'startUpload')).toHaveLength(1);
      expect(sent.length).toBeGreaterThan(4);
      expect(Buffer.compare((await store.get('k'))?.bytes ?? body, bytes)).toBe(0);
      expect(double.pendingUploads).toBe(0);
    },
  );

  it('that cannot be finished leave nothing behind, and the old object', async () => {
    const store = open();
    await store.put('k', body);
    double.faults.script([{ fault: 'unavailable-503', operations: ['uploadChunk'], times: null }]);
    expect(await outcomeOf(store.put('k', bytes))).toBe('STORAGE_UNAVAILABLE');
    double.faults.script([{ fault: 'forbidden-403', operations: ['uploadChunk'] }]);
    expect(await outcomeOf(store.put('k', bytes))).toBe('ACCESS_DENIED');
    expect(double.pendingUploads).toBe(0);
    expect((await store.get('k'))?.bytes).toEqual(body);
  });

  it('that are aborted leave nothing behind either', async () => {
    const store = open();
    const stop = new AbortController();
    const reason = new Error('enough');
    double.faults.script([{ fault: 'hang', operations: ['uploadChunk'] }]);
    const putting = store.put('k', bytes, { signal: stop.signal });
    const aborted = expect(putting).rejects.toBe(reason);
    while (!double.requests.some(({ fault, key }) => fault === 'hang' && key === 't/k')) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    stop.abort(reason);
    await aborted;
    expect(double.pendingUploads).toBe(0);
    expect(await store.get('k')).toBeUndefined();
  });
});

describe('a service in trouble', () => {
  it('that never answers leaves a put-if-absent unknown, and the rest unavailable', async () => {
    const server = createServer(() => undefined);
    const store = storeAt(`http://127.0.0.1:${await listen(server)}`, {
      now: () => 0,
      sleep: async () => await new Promise((resolve) => setTimeout(resolve, 20)),
    });
    expect(await store.putIfAbsent('k', body)).toBe('unknown');
    const unavailable = { code: 'STORAGE_UNAVAILABLE' };
    await expect(store.get('k')).rejects.toMatchObject(unavailable);
    await expect(store.head('k')).rejects.toMatchObject(unavailable);
    await expect(store.put('k', body)).rejects.toMatchObject(unavailable);
    await expect(store.delete('k')).rejects.toMatchObject(unavailable);
    server.closeAllConnections();
    server.close();
  });

  it('that cannot be reached has certainly done nothing', async () => {
    const server = createServer();
    const port = await listen(server);
    await new Promise((resolve) => server.close(resolve));
    const store = storeAt(`http://127.0.0.1:${port}`);
    await expect(store.putIfAbsent('k', body)).rejects.toMatchObject({
      code: 'STORAGE_UNAVAILABLE',
      key: 'k',
    });
    await expect(store.copy?.('k', 'n')).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE' });
  });

  it('that does not keep the condition of a commit is refused before the first', async () => {
    const bodies = new Map<string, string>();
    const server = createServer((request, response) => {
      const url = new URL(request.url ?? '/', 'http://localhost');
      const name = url.searchParams.get('name') ?? decodeURIComponent(url.pathname);
      request.resume().on('end', () => {
        if (request.method === 'POST') bodies.set(name, '');
        response.end(JSON.stringify({ name, size: '1', generation: '1' }));
      });
    });
    const endpoint = `http://127.0.0.1:${await listen(server)}`;
    const store = gcsStorage({ anonymous: true, endpoint }).open(new URL('gs://careless/t'));
    await expect(store.putIfAbsent('_delta_log/0.json', body)).rejects.toMatchObject({
      code: 'UNSUPPORTED_FEATURE',
      side: 'write',
    });
    expect([...bodies.keys()].some((name) => name.endsWith('0.json'))).toBe(false);
    server.closeAllConnections();
    server.close();
  });
});
