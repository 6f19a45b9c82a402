/** The S3 double and our store on it, beside an S3 client and a Delta engine that nobody here wrote. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { tableFromArrays, tableToIPC } from 'apache-arrow';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { DeltaTable } from '../../src/index.js';
import type { StorageProvider } from '../../src/storage/object-store.js';
import { s3Storage } from '../../src/storage/s3/index.js';
import { DOUBLE_CREDENTIALS, type S3Double, startS3Double } from '../s3/s3-double.js';
import { describeWithOracles } from '../support/oracles.js';
import { type Answer, PeerError, PeerProcess } from '../support/peer-process.js';
import { temporaryFolder } from '../support/temporary-folder.js';

const folder = temporaryFolder();
const URL_OF_TABLE = 's3://lake/of-both/table';
const schema = { id: 'long', by: 'string' } as const;

describeWithOracles('delta-rs on the S3 double', ['delta-rs'], () => {
  let double: S3Double;
  let storage: StorageProvider;
  let deltaRs: PeerProcess;

  beforeAll(async () => {
    double = await startS3Double();
    double.bucket('lake');
    const { endpoint, region } = double;
    storage = s3Storage({ endpoint, region, credentials: DOUBLE_CREDENTIALS });
    deltaRs = startDeltaRs(double);
  });

  afterAll(async () => {
    await deltaRs.close();
    await double.close();
  });

  const ask = async (op: string, args: object): Promise<Answer> => {
    const answer = await deltaRs.tryAsk(op, { path: URL_OF_TABLE, ...args });
    if (!answer.ok) throw new PeerError('delta-rs', op, answer);
    return answer;
  };
  const append = async (...ids: readonly number[]): Promise<void> => {
    const rows = { id: BigInt64Array.from(ids.map(BigInt)), by: ids.map(() => 'delta-rs') };
    const arrow = join(folder, `${ids.join('-')}.arrow`);
    writeFileSync(arrow, tableToIPC(tableFromArrays(rows), 'file'));
    await ask('write', { arrow, mode: 'append' });
  };
  const rowsOf = async (table: DeltaTable<typeof schema>): Promise<readonly string[]> => {
    const rows = await table.scan().toArray();
    return rows.map(({ id, by }) => `${by} ${id}`).toSorted();
  };

  it('writes what we read, and reads what we write', async () => {
    const table = await DeltaTable.create(URL_OF_TABLE, { schema, storage });
    await append(1, 2);
    expect(await rowsOf(table)).toEqual(['delta-rs 1', 'delta-rs 2']);
    await table.append([{ id: 3, by: 'varve' }]);
    const out = join(folder, 'read');
    const { rows } = await ask('read', { out });
    expect(rows).toBe(3);
  });

  it('commits beside us, nothing lost and nothing doubled', async () => {
    const table = await DeltaTable.open(URL_OF_TABLE, { storage, schema });
    const before = (await table.snapshot()).version;
    const from = double.requests.length;
    const theirs = async (): Promise<void> => {
      for (let at = 100; at < 110; at++) await append(at);
    };
    const ours = async (): Promise<void> => {
      for (let at = 200; at < 220; at++) await table.append([{ id: at, by: 'varve' }]);
    };
    await Promise.all([theirs(), ours()]);
    const wanted = [
      ...Array.from({ length: 10 }, (_, at) => `delta-rs ${100 + at}`),
      ...Array.from({ length: 20 }, (_, at) => `varve ${200 + at}`),
    ];
    expect(await rowsOf(table)).toEqual(expect.arrayContaining(wanted));
    expect(await table.scan().count()).toBe(3 + wanted.length);
    expect((await table.snapshot()).version).toBe(before + wanted.length);
    // Each wrote its commits on the condition that they are absent: no version was put twice.
    const puts = double.requests.slice(from).filter(({ operation, key, status }) => {
      return operation === 'PutObject' && /_delta_log\/\d+\.json$/u.test(key) && status === 200;
    });
    expect(new Set(puts.map(({ key }) => key)).size).toBe(puts.length);
    expect(puts).toHaveLength(wanted.length);
  });
});

/** Knows the double by its environment, as delta-rs does. */
function startDeltaRs({ endpoint, region }: S3Double): PeerProcess {
  const environment = {
    AWS_ENDPOINT_URL: endpoint,
    AWS_REGION: region,
    AWS_ALLOW_HTTP: 'true',
    AWS_ACCESS_KEY_ID: DOUBLE_CREDENTIALS.accessKeyId,
    AWS_SECRET_ACCESS_KEY: DOUBLE_CREDENTIALS.secretAccessKey,
  };
  Object.assign(process.env, environment);
  try {
    return new PeerProcess('delta-rs');
  } finally {
    for (const name of Object.keys(environment)) delete process.env[name];
  }
}
