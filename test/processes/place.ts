/** Places where processes meet, on disk and over the wire, with a table of the judge's form in each. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { azureStorage } from '../../src/storage/azure/index.js';
import { gcsStorage } from '../../src/storage/gcs/index.js';
import { localStore } from '../../src/storage/local-store.js';
import type { ObjectStore, StorageProvider } from '../../src/storage/object-store.js';
import { s3Storage } from '../../src/storage/s3/index.js';
import { DeltaTable } from '../../src/table/delta-table.js';
import type { GcsDouble } from '../gcs/gcs-double.js';
import { AUDIT, type History } from '../model/history.js';
import { judge } from '../model/judge.js';
import { type Outcome, read, SCHEMA } from '../model/step.js';
import { startChildDouble } from '../s3/child-double.js';
import { DOUBLE_CREDENTIALS } from '../s3/s3-double.js';
import { type Azurite, startAzurite } from '../support/azurite-process.js';

/** How a process reaches a store: JSON, for it goes to other processes. */
export type StoreSpec =
  | { readonly kind: 'local' }
  | { readonly kind: 'azure'; readonly connectionString: string }
  | { readonly kind: 'azure'; readonly token: string }
  | { readonly kind: 's3'; readonly options: Parameters<typeof s3Storage>[0] }
  | {
      readonly kind: 'gcs';
      readonly endpoint?: string | undefined;
      /** None is sent when not given. */
      readonly token?: string | undefined;
      readonly userProject?: string | undefined;
    };

/** A table that processes share. */
export interface Site {
  readonly url: string;
  readonly store: StoreSpec;
}

export interface Place {
  readonly name: string;
  /** Where a server of it listens; undefined where there is none. */
  readonly port?: number | undefined;
  /** A new, empty table. */
  site(): Promise<Site>;
  /** The same table, reached through a proxy that listens at `port`. */
  through(site: Site, port: number): Site;
  close(): Promise<void>;
}

const PROPERTIES = { 'delta.checkpointInterval': '10' } as const;
const REGION = 'us-east-1';
/** A token cannot be renewed here, so it is taken to last for as long as the processes do. */
const TOKEN_MS = 3_600_000;
const BUCKET = 'fleet';

export async function localPlace(): Promise<Place> {
  const folder = mkdtempSync(join(tmpdir(), 'varve-fleet-'));
  let sites = 0;
  return {
    name: 'local disk',
    site: async () => {
      const url = pathToFileURL(join(folder, String(sites++))).href;
      return await withTable({ url, store: { kind: 'local' } });
    },
    through: (site) => site,
    close: async () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** A place with an emulator of its own. */
export async function ownAzuritePlace(): Promise<Place> {
  const azurite = await startAzurite();
  return { ...azuritePlace(azurite), close: async () => azurite.close() };
}

/** A place with an emulator that others started. */
export function azuritePlace(azurite: Azurite): Place {
  const connect = (port?: number): Site['store'] => ({
    kind: 'azure',
    connectionString: azurite.connectionString(port),
  });
  return {
    name: 'Azurite',
    port: azurite.port,
    site: async () =>
      await withTable({ url: `az://${await azurite.container()}/table`, store: connect() }),
    through: ({ url }, port) => ({ url, store: connect(port) }),
    close: async () => undefined,
  };
}

export async function s3Place(): Promise<Place> {
  const double = await startChildDouble([BUCKET]);
  const port = Number(new URL(double.endpoint).port);
  let sites = 0;
  const connect = (at: number): Site['store'] => ({
    kind: 's3',
    options: {
      endpoint: `http://127.0.0.1:${at}`,
      region: REGION,
      credentials: DOUBLE_CREDENTIALS,
    },
  });
  return {
    name: 'the S3 double',
    port,
    site: async () => await withTable({ url: `s3://${BUCKET}/${sites++}`, store: connect(port) }),
    through: ({ url }, at) => ({ url, store: connect(at) }),
    close: async () => await double.close(),
  };
}

/** A place on a server that others started. */
export function gcsPlace(double: GcsDouble): Place {
  const { endpoint, port, token } = double;
  double.bucket(BUCKET);
  let sites = 0;
  const connect = (at: string): Site['store'] => ({ kind: 'gcs', endpoint: at, token });
  return {
    name: 'Google Cloud Storage',
    port,
    site: async () =>
      await withTable({ url: `gs://${BUCKET}/${sites++}`, store: connect(endpoint) }),
    through: ({ url }, at) => ({ url, store: connect(`http://127.0.0.1:${at}`) }),
    close: async () => undefined,
  };
}

/** Storage of this process for a site; undefined for the local disk. */
export function storageOf({ store }: Site): StorageProvider | undefined {
  switch (store.kind) {
    case 'local':
      return undefined;
    case 'azure': {
      if ('connectionString' in store) {
        return azureStorage({ connectionString: store.connectionString });
      }
      const given = { token: store.token, expiresOnTimestamp: Date.now() + TOKEN_MS };
      return azureStorage({ credential: { getToken: async () => await Promise.resolve(given) } });
    }
    case 's3':
      return s3Storage(store.options);
    case 'gcs': {
      const { endpoint, token, userProject } = store;
      const auth = { getAccessToken: async () => await Promise.resolve(token) };
      const way = token === undefined ? ({ anonymous: true } as const) : { auth };
      return gcsStorage({ endpoint, userProject, ...way });
    }
  }
}

/** Makes the table of a site. */
export async function withTable(site: Site): Promise<Site> {
  const storage = storageOf(site);
  await DeltaTable.create(site.url, {
    schema: SCHEMA,
    partitionBy: ['part'],
    properties: PROPERTIES,
    storage,
  });
  return site;
}

/**
 * Every rule that the table of a site breaks, given what its writers told; whoever comes last reads it all.
 * @param site - reached without a proxy
 * @param hadOutage - whether the store refused requests for a while
 */
export async function judgeSite(
  site: Site,
  outcomes: readonly Outcome[],
  hadOutage: boolean,
): Promise<readonly string[]> {
  const stored = await contentOf(site);
  const history: History = {
    ...stored,
    outcomes: [...outcomes, await audit(site)],
    hadOutage,
    trace: [],
    traceHash: '',
  };
  return judge(history).map(({ rule, detail }) => `${rule}: ${detail}`);
}

async function audit(site: Site): Promise<Outcome> {
  const table = await DeltaTable.open(site.url, { storage: storageOf(site), schema: SCHEMA });
  return { op: AUDIT, step: { kind: 'read' }, result: await read(table, {}) };
}

async function contentOf(site: Site): Promise<Pick<History, 'log' | 'files' | 'objects'>> {
  const store = storeOf(site);
  const objects = new Map<string, Uint8Array>();
  for await (const { key } of store.list('')) {
    objects.set(key, (await store.get(key))?.bytes ?? new Uint8Array());
  }
  const log = new Map<string, string>();
  for (const [key, bytes] of objects) {
    const [, name] = /^_delta_log\/(\d+\.json)$/u.exec(key) ?? [];
    if (name !== undefined) log.set(name, new TextDecoder().decode(bytes));
  }
  return {
    log,
    objects,
    files: new Set([...objects.keys()].filter((key) => !key.startsWith('_'))),
  };
}

function storeOf(site: Site): ObjectStore {
  const url = new URL(site.url);
  return storageOf(site)?.open(url) ?? localStore(url.pathname);
}
