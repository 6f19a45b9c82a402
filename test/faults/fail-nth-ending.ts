/** How a call ends of which the store did not do what it should. */
import { type CommitAttempt, type ErrorCode, isVarveError } from '../../src/errors.js';
import type { Injector } from './fail-nth-world.js';

export type Ending =
  | { readonly kind: 'told'; readonly told: string }
  | { readonly kind: 'failed' }
  | { readonly kind: 'unknown'; readonly attempt: CommitAttempt }
  | { readonly kind: 'crashed' }
  | { readonly kind: 'wrong'; readonly what: string };

/** What may go wrong when a store does. */
export const FAULT_CODES: readonly ErrorCode[] = ['STORAGE_UNAVAILABLE', 'ACCESS_DENIED'];

/** Real time in which an operation ends, for all its waiting is virtual. */
const HANG_MS = 20_000;

/** @param codes - those that are no mistake */
export async function end(
  running: Promise<unknown>,
  { crashed }: Injector,
  codes: readonly ErrorCode[],
): Promise<Ending> {
  let timer: NodeJS.Timeout | undefined;
  const hanging = new Promise<Ending>((resolve) => {
    timer = setTimeout(() => resolve({ kind: 'wrong', what: 'never ends' }), HANG_MS);
  });
  try {
    return await Promise.race([
      running.then(
        (told): Ending => ({ kind: 'told', told: JSON.stringify(told) }),
        (error: unknown) => endingOf(error, codes),
      ),
      crashed.then((): Ending => ({ kind: 'crashed' })),
      hanging,
    ]);
  } finally {
    clearTimeout(timer);
  }
}

function endingOf(error: unknown, codes: readonly ErrorCode[]): Ending {
  if (isVarveError(error, 'COMMIT_STATE_UNKNOWN'))
    return { kind: 'unknown', attempt: error.attempt };
  if (isVarveError(error, ...codes)) return { kind: 'failed' };
  return { kind: 'wrong', what: `rejected with ${String(error)}` };
}
