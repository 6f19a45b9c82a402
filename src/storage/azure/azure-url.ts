/** The spellings of a place in Azure Blob Storage. */
import { InvalidArgumentError } from '../../errors.js';
import { checkBlobKey } from './blob-key.js';

/** A container, and the prefix of every key in it. */
export interface AzurePlace {
  /** The storage account the URL names; undefined for `az:`, which leaves it to the credentials. */
  readonly account: string | undefined;
  readonly container: string;
  /** Empty, or ends with `/`. */
  readonly prefix: string;
}

const ACCOUNT_HOST = /^([a-z0-9]{3,24})\.(?:blob|dfs)\.core\.windows\.net$/u;
const CONTAINER = /^(?:\$root|\$web|[a-z0-9](?:-?[a-z0-9]){2,62})$/u;

/**
 * `az://container/path`, `abfss://container@account.dfs.core.windows.net/path` or
 * `https://account.blob.core.windows.net/container/path`. `abfs:`, `wasbs:` and `wasb:` are other spellings of `abfss:`,
 * of drivers past and present; all are reached over TLS.
 *
 * @throws InvalidArgumentError when it is none of these
 */
export function parseAzureUrl(url: URL): AzurePlace {
  const path = decodedPath(url);
  switch (url.protocol) {
    case 'az:':
      return place(undefined, url.host, path);
    case 'abfss:':
    case 'abfs:':
    case 'wasbs:':
    case 'wasb:':
      return place(accountOf(url), decodeURIComponent(url.username), path);
    case 'https:': {
      const [container = '', ...rest] = path.split('/');
      return place(accountOf(url), container, rest.join('/'));
    }
    default:
      throw invalid(url);
  }
}

function place(account: string | undefined, container: string, path: string): AzurePlace {
  if (!CONTAINER.test(container)) {
    throw new InvalidArgumentError({
      message: `${JSON.stringify(container)} cannot be the name of a container`,
      option: 'url',
      expected: 'lower-case letters, digits and single hyphens, 3 to 63',
    });
  }
  if (path === '') return { account, container, prefix: '' };
  checkBlobKey(path);
  return { account, container, prefix: `${path}/` };
}

function accountOf(url: URL): string {
  const account = ACCOUNT_HOST.exec(url.host)?.[1];
  if (account === undefined) throw invalid(url);
  return account;
}

function decodedPath(url: URL): string {
  try {
    return decodeURIComponent(url.pathname).replace(/^\/+|\/+$/gu, '');
  } catch {
    throw invalid(url);
  }
}

function invalid(url: URL): InvalidArgumentError {
  return new InvalidArgumentError({
    message: `${url.protocol}//${url.host}${url.pathname} is no place in Azure Blob Storage`,
    option: 'url',
    expected:
      'az://container/path, abfss://container@account.dfs.core.windows.net/path ' +
      'or https://account.blob.core.windows.net/container/path',
  });
}
