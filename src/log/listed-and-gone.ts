/** What is listed may be cleaned out of the log before it is read; then the log is listed anew. */
import { CorruptDataError, isVarveError, NotFoundError } from '../errors.js';

/** How often the log is listed anew. */
export const MAX_LISTINGS = 5;

/** The error of a commit that was listed and could not be read. */
export function listedAndGone(key: string): NotFoundError {
  return new NotFoundError({
    message: `the commit ${key} was listed and is gone: the log is being cleaned up`,
    kind: 'object',
    thing: key,
  });
}

export function isGone(error: unknown): error is NotFoundError {
  return isVarveError(error, 'NOT_FOUND') && error.kind === 'object';
}

/**
 * Runs what lists the log and reads what it found, again when something of that was cleaned up meanwhile.
 * @throws CorruptDataError when that happens {@link MAX_LISTINGS} times; whatever `run` throws
 */
export async function withFreshListings<T>(run: () => Promise<T>): Promise<T> {
  for (let listings = 1; ; listings++) {
    try {
      return await run();
    } catch (error) {
      if (!isGone(error)) throw error;
      if (listings >= MAX_LISTINGS) throw goneForGood(error);
    }
  }
}

export function goneForGood(cause: NotFoundError): CorruptDataError {
  return new CorruptDataError({
    message: 'the log lists a commit that cannot be read, again and again',
    key: cause.thing,
    cause,
  });
}
