/** What the refusals of Google Cloud Storage mean. */
import {
  AccessDeniedError,
  InvalidArgumentError,
  StorageUnavailableError,
  type VarveError,
} from '../../errors.js';
import { retryAfterMs } from '../retry-after.js';

/** What was asked of which object. */
export interface Asked {
  readonly operation: string;
  readonly key: string;
}

/** Failures of which it is certain that no request reached the service. */
const NOT_SENT: ReadonlySet<unknown> = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'UND_ERR_CONNECT_TIMEOUT',
]);

/** Whether a request that got no answer has certainly not reached the service. */
export function isNotSent(error: unknown): boolean {
  return NOT_SENT.has(codeOf(error));
}

/**
 * Whether a refused request may yet have had its effect: those of a server or of time, and a conflict, of which the
 * service does not say with what.
 */
export function isAmbiguous(status: number): boolean {
  return status === 408 || status === 409 || status >= 500;
}

/** The error for a request that got no answer. */
export function networkError(
  error: unknown,
  isLate: boolean,
  { operation, key }: Asked,
): StorageUnavailableError {
  return new StorageUnavailableError({
    message: isLate
      ? 'google cloud storage did not answer in time; try again later'
      : `the connection to google cloud storage failed (${String(codeOf(error) ?? 'no code')}); try again later`,
    key,
    operation,
    cause: error,
  });
}

/** The error for an answer that refuses; its body is read for the reason. */
export async function refusal(response: Response, asked: Asked): Promise<VarveError> {
  const { status, headers } = response;
  const reason = await reasonOf(response);
  const { key, operation } = asked;
  if (status === 401 || status === 403) {
    const message = `google cloud storage refused the credentials or the right to do this (${reason}); check both`;
    return new AccessDeniedError({ message, key, operation });
  }
  if (status === 404) {
    return new InvalidArgumentError({
      message: `the bucket does not exist (${reason}); make it first`,
      option: 'url',
    });
  }
  if (isAmbiguous(status) || status === 429) {
    return new StorageUnavailableError({
      message: `google cloud storage answered with status ${status} (${reason}); try again later`,
      key,
      operation,
      retryAfterMs: retryAfterMs((name) => headers.get(name)),
    });
  }
  if (reason.includes('requester pays')) {
    return new InvalidArgumentError({
      message: 'the bucket lets its readers pay, and no project that does was named',
      option: 'userProject',
      expected: 'the project that pays for the requests',
    });
  }
  if (status >= 300 && status < 400) return redirected(status, asked);
  return new InvalidArgumentError({
    message: `google cloud storage does not take this request: status ${status} (${reason})`,
    option: 'key',
  });
}

function redirected(status: number, { key, operation }: Asked): AccessDeniedError {
  return new AccessDeniedError({
    message: `the endpoint leads elsewhere (status ${status}), where the token is not sent; check the endpoint`,
    key,
    operation,
  });
}

const MAX_REASON_CHARACTERS = 200;

/** The service's own words, cut; where there are none, that. */
async function reasonOf(response: Response): Promise<string> {
  try {
    const text = await response.text();
    const xml = /<Message>([^<]*)<\/Message>/u.exec(text)?.[1];
    if (xml !== undefined) return xml.slice(0, MAX_REASON_CHARACTERS);
    const { error } = JSON.parse(text) as { readonly error?: { readonly message?: unknown } };
    if (typeof error?.message === 'string') return error.message.slice(0, MAX_REASON_CHARACTERS);
  } catch {
    // A proxy's page, or nothing: the status says enough.
  }
  return 'no reason given';
}

function codeOf(error: unknown): unknown {
  const { cause } = error as { readonly cause?: { readonly code?: unknown } };
  return cause?.code;
}
