/**
 * Tables on Azure Blob Storage and ADLS Gen2. Needs `@azure/storage-blob` beside varve.
 *
 * @example
 * ```ts
 * import { DefaultAzureCredential } from '@azure/identity';
 * import { DeltaTable } from 'varve';
 * import { azureStorage } from 'varve/storage/azure';
 *
 * const storage = azureStorage({ credential: new DefaultAzureCredential() });
 * await DeltaTable.open('abfss://lake@acme.dfs.core.windows.net/orders', { storage });
 * ```
 *
 * @packageDocumentation
 */
import { BlobServiceClient, type StoragePipelineOptions } from '@azure/storage-blob';
import { systemClock, systemEntropy } from '../../clock.js';
import { AccessDeniedError, InvalidArgumentError } from '../../errors.js';
import type { ObjectStore, StorageProvider } from '../object-store.js';
import { checkOption, checkWay } from '../provider-options.js';
import { Retries } from '../retries.js';
import { AzureStore } from './azure-store.js';
import { type AzurePlace, parseAzureUrl } from './azure-url.js';

export type { ObjectStore, StorageProvider } from '../object-store.js';

/** A credential as those of `@azure/identity` are. */
export interface TokenCredentialLike {
  getToken(
    scopes: string | string[],
    options?: object,
  ): Promise<{ token: string; expiresOnTimestamp: number } | null>;
}

/** A `BlobServiceClient` of `@azure/storage-blob`. */
export interface BlobServiceClientLike {
  readonly url: string;
  readonly accountName: string;
  readonly credential: object;
}

/**
 * One way to reach an account. The credentials go to that account's host and to no other; with a token credential and
 * no `account`, to the account that each URL names.
 */
export type AzureStorageOptions =
  | { readonly client: BlobServiceClientLike }
  | { readonly credential: TokenCredentialLike; readonly account?: string | undefined }
  | { readonly connectionString: string }
  | { readonly sasToken: string; readonly account: string };

/** Retries are ours, none for a commit, and no redirect is followed: it could lead the credentials elsewhere. */
const PIPELINE = {
  retryOptions: { maxTries: 1 },
  redirectOptions: { maxRetries: 0 },
} as StoragePipelineOptions;

/**
 * Storage for `az:`, `abfss:` (`abfs:`, `wasbs:`, `wasb:`) and `https:` URLs of Azure, always over TLS. Nothing is
 * connected before the first operation.
 *
 * Rights: read, write, create and list (`rcwl` of a SAS), and delete for what is cleaned up. A SAS that may only create
 * cannot find out whose a commit is.
 *
 * @throws InvalidArgumentError when the options are not one of the ways; when a URL is opened that names another
 * account, or none where one is needed
 */
export function azureStorage(options: AzureStorageOptions): StorageProvider {
  const serviceFor = serviceFinder(options);
  return {
    schemes: ['az', 'abfss', 'abfs', 'wasbs', 'wasb', 'https'],
    open: (url): ObjectStore => {
      const place = parseAzureUrl(url);
      const container = serviceFor(place).getContainerClient(place.container);
      const context = { clock: systemClock, entropy: systemEntropy };
      const retries = new Retries(context);
      return new AzureStore(container, place.prefix, { ...context, retries });
    },
  };
}

const WAYS = {
  client: ['client'],
  credential: ['credential', 'account'],
  connectionString: ['connectionString'],
  sasToken: ['sasToken', 'account'],
};
const EXPECTED = '{ client }, { credential }, { connectionString } or { sasToken, account }';

function serviceFinder(options: AzureStorageOptions): (place: AzurePlace) => BlobServiceClient {
  checkWay('azureStorage', options, { ways: WAYS, expected: EXPECTED });
  if ('credential' in options) {
    const { credential, account } = options;
    const is = isObject(credential) && isTokenCredential(credential);
    checkOption('azureStorage', 'credential', {
      is,
      expected: 'a getToken(), as of @azure/identity',
    });
    return (place) => {
      const named = place.account ?? account;
      if (named === undefined) throw accountMissing();
      if (account !== undefined && named !== account) throw otherAccount(account, named);
      return new BlobServiceClient(hostOf(named), checkedCredential(credential), PIPELINE);
    };
  }
  const service = fixedService(options);
  return (place) => {
    if (place.account !== undefined && place.account !== service.accountName) {
      throw otherAccount(service.accountName, place.account);
    }
    return service;
  };
}

function fixedService(
  options: Exclude<AzureStorageOptions, { readonly credential: TokenCredentialLike }>,
): BlobServiceClient {
  if ('connectionString' in options) {
    return byConnectionString(options.connectionString);
  }
  if ('client' in options) {
    const { client } = options;
    const is = isObject(client) && typeof client.url === 'string' && isObject(client.credential);
    const expected = 'a BlobServiceClient of @azure/storage-blob';
    checkOption('azureStorage', 'client', { is, expected });
    const { url, credential } = client;
    const usable = isTokenCredential(credential) ? checkedCredential(credential) : credential;
    return new BlobServiceClient(url, usable as never, PIPELINE);
  }
  const { sasToken, account } = options;
  checkOption('azureStorage', 'sasToken', { is: isText(sasToken), expected: EXPECTED });
  checkOption('azureStorage', 'account', { is: isText(account), expected: EXPECTED });
  const token = sasToken.replace(/^\?/u, '');
  return new BlobServiceClient(`${hostOf(account)}?${token}`, undefined, PIPELINE);
}

function byConnectionString(connectionString: string): BlobServiceClient {
  try {
    return BlobServiceClient.fromConnectionString(connectionString, PIPELINE);
  } catch {
    // Without its cause, which shows the text, and so perhaps the key.
    throw new InvalidArgumentError({
      message: 'azureStorage: the connection string is none; copy it from the account again',
      option: 'connectionString',
      expected: 'AccountName=...;AccountKey=... or BlobEndpoint=...;SharedAccessSignature=...',
    });
  }
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

function isText(value: unknown): boolean {
  return typeof value === 'string' && value !== '';
}

function isTokenCredential(credential: object): credential is TokenCredentialLike {
  return 'getToken' in credential && typeof credential.getToken === 'function';
}

/** Tells a failure to get a token, before which nothing was sent, from one of the request itself. */
function checkedCredential(credential: TokenCredentialLike): TokenCredentialLike {
  return {
    getToken: async (scopes, options) => {
      try {
        return await credential.getToken(scopes, options);
      } catch (cause) {
        throw new AccessDeniedError({
          message: 'the credential gave no token; nothing was sent',
          key: '',
          operation: 'getToken',
          cause,
        });
      }
    },
  };
}

function hostOf(account: string): string {
  return `https://${account}.blob.core.windows.net`;
}

function accountMissing(): InvalidArgumentError {
  return new InvalidArgumentError({
    message: 'an az: URL names no account; give azureStorage one',
    option: 'account',
    expected: 'the name of the storage account',
  });
}

function otherAccount(own: string, named: string): InvalidArgumentError {
  return new InvalidArgumentError({
    message: `the URL names account ${named}, and the credentials are for ${own}; they are not sent there`,
    option: 'url',
    expected: `a URL of account ${own}`,
  });
}
