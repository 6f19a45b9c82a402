/** The storage of a worker: the store of its place, and the circumstances it is to work under. */
import { fileURLToPath } from 'node:url';
import { localStore } from '../../dist/storage/local-store.js';

const SKEW_MS = 5 * 365 * 24 * 3_600_000;
/** How long a clock shows one time of day before it is set back or forward by years. */
const JUMP_EVERY_MS = 50;
/** How long a new object is left out of listings. */
const STALE_MS = 300;

/** `storage` for `DeltaTable.open`; undefined for the local disk as everybody uses it. */
export async function storageOf({ store, variant, name }) {
  const provider = await providerOf(store, variant);
  if (provider === undefined || variant === undefined) return provider;
  const around = { 'no-locks': withoutLocks, 'stale-lists': withStaleLists };
  const wrap = around[variant];
  return {
    ...provider,
    ...(variant === 'skew' ? { clock: skewedClock(name) } : {}),
    open: (url) => (wrap === undefined ? provider.open(url) : wrap(provider.open(url))),
  };
}

async function providerOf(store, variant) {
  switch (store.kind) {
    case 'local':
      if (variant === undefined) return undefined;
      return { schemes: ['file'], open: (url) => localStore(fileURLToPath(url)) };
    case 'azure': {
      const { azureStorage } = await import('varve/storage/azure');
      const { connectionString, token } = store;
      if (token === undefined) return azureStorage({ connectionString });
      const given = { token, expiresOnTimestamp: Date.now() + 3_600_000 };
      return azureStorage({ credential: { getToken: async () => given } });
    }
    case 's3': {
      const { s3Storage } = await import('varve/storage/s3');
      return s3Storage(store.options);
    }
    case 'gcs': {
      const { gcsStorage } = await import('varve/storage/gcs');
      const { endpoint, token, userProject } = store;
      const auth = { getAccessToken: async () => token };
      return gcsStorage({ endpoint, userProject, ...(token ? { auth } : { anonymous: true }) });
    }
    default:
      throw new Error(`there is no store ${store.kind}`);
  }
}

/** Nobody is elected for anything. */
function withoutLocks(store) {
  return rebuilt(store, { exclusively: undefined });
}

/** What was written a moment ago is not listed yet, whoever wrote it. */
function withStaleLists(store) {
  return rebuilt(store, {
    async *list(prefix, options) {
      for await (const info of store.list(prefix, options)) {
        if (info.modifiedMs < Date.now() - STALE_MS) yield info;
      }
    },
  });
}

/** A store whose operations are those of another, but for the ones that are given. */
function rebuilt(store, changed) {
  return new Proxy(store, {
    get: (target, property) => {
      if (property in changed) return changed[property];
      const value = target[property];
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

/** Half of the processes begin years ahead, half years behind; then each goes to the other side and back. */
function skewedClock(name) {
  const first = name.charCodeAt(name.length - 1) % 2;
  const isAhead = () => (Math.floor(Date.now() / JUMP_EVERY_MS) + first) % 2 === 0;
  return {
    now: () => Date.now() + (isAhead() ? SKEW_MS : -SKEW_MS),
    monotonicMs: () => performance.now(),
    sleep: (delayMs) => new Promise((resolve) => setTimeout(resolve, delayMs)),
  };
}
