/** What a user writes, with nothing but the package and the language's own libraries. Compiled, never run. */
import {
  and,
  type CommitAttempt,
  DeltaTable,
  eq,
  everyRow,
  gt,
  isVarveError,
  type NewRow,
  type Row,
  type Timestamp,
  toJsonRow,
} from 'varve';
import { type GoogleAuthLike, gcsStorage } from 'varve/storage/gcs';
import { type S3ClientLike, s3Storage } from 'varve/storage/s3';

export const penguins = {
  id: 'long not null',
  species: 'string',
  island: 'string',
  body_mass_g: 'double',
  seen: 'timestamp',
  notes: { array: 'string' },
} as const;

export type Penguin = Row<typeof penguins>;

/** A row that leaves out what may be null. */
export const first: NewRow<typeof penguins> = { id: 1n, species: 'Adelie' };

export async function open(signal: AbortSignal): Promise<DeltaTable<typeof penguins>> {
  const table = await DeltaTable.create('./lake/penguins', {
    schema: penguins,
    partitionBy: ['island'],
    ifExists: 'open',
  });
  const { version, outcome } = await table.append([first], { signal });
  if (outcome === 'committed') await table.pins.create('first', { version });
  return table;
}

export async function heavy(table: DeltaTable<typeof penguins>): Promise<readonly string[]> {
  const past = await table.snapshot({ version: 0 });
  const found: string[] = [];
  const where = and(eq('island', 'Dream'), gt('body_mass_g', 4000));
  for await (const row of past.scan({ where, select: ['id', 'seen'] })) {
    const id: bigint = row.id;
    const seen: Timestamp | null = row.seen;
    found.push(`${id} ${seen?.micros ?? ''} ${JSON.stringify(toJsonRow(row))}`);
    // @ts-expect-error a column that was not selected is not in the row
    found.push(row.species);
  }
  // @ts-expect-error there is no such column
  past.scan({ where: eq('islnad', 'Dream') });
  // @ts-expect-error a number is no text
  past.scan({ where: eq('island', 4) });
  return found;
}

export async function replace(
  table: DeltaTable<typeof penguins>,
): Promise<CommitAttempt | undefined> {
  try {
    await table.overwrite([first], { where: everyRow });
    // @ts-expect-error the id may not be left out
    await table.append([{ species: 'Gentoo' }]);
  } catch (error) {
    if (isVarveError(error, 'COMMIT_STATE_UNKNOWN')) return error.attempt;
    throw error;
  }
  return undefined;
}

export async function columns(url: URL): Promise<number> {
  const table = await DeltaTable.open(url);
  let rows = 0;
  for await (const batch of table.scan().batches({ maxRows: 64 })) rows += batch.numRows;
  const inferred = await DeltaTable.create('./lake/inferred', { rows: [{ a: 1, b: 2n, c: 'x' }] });
  const [row] = await inferred.scan().toArray();
  const b: bigint | null | undefined = row?.b;
  return rows + Number(b ?? 0);
}

/** A client of another package's making, and a service by its place. */
export async function onS3(client: S3ClientLike): Promise<readonly DeltaTable[]> {
  const credentials = { accessKeyId: 'id', secretAccessKey: 'secret' };
  const endpoint = 'https://account.r2.cloudflarestorage.com';
  const storages = [
    s3Storage({ client }),
    s3Storage({ region: 'auto', endpoint, credentials: async () => credentials }),
  ];
  // @ts-expect-error a place alone has no credentials
  s3Storage({ region: 'auto', endpoint });
  return await Promise.all(
    storages.map((storage) => DeltaTable.open('s3://lake/orders', { storage })),
  );
}

/** Credentials of another package's making, an object of one's own, and none. */
export async function onGcs(auth: GoogleAuthLike): Promise<readonly DeltaTable[]> {
  const endpoint = 'http://localhost:4443';
  const storages = [
    gcsStorage({ auth, userProject: 'acme-billing' }),
    gcsStorage({ auth: { getAccessToken: async () => 'token' } }),
    gcsStorage({ anonymous: true, endpoint }),
  ];
  // @ts-expect-error a place alone has no credentials
  gcsStorage({ endpoint });
  return await Promise.all(
    storages.map((storage) => DeltaTable.open('gs://lake/orders', { storage })),
  );
}
