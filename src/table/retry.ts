/** Doing a write again after a conflict. */
import { isVarveError } from '../errors.js';

/** How often a write is tried when its caller does not say. */
export const DEFAULT_ATTEMPTS = 3;

/** Runs `once` up to `attempts` times: again only after COMMIT_CONFLICT, each time from the beginning. */
export async function withAttempts<T>(attempts: number, once: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await once();
    } catch (error) {
      if (attempt >= attempts || !isVarveError(error, 'COMMIT_CONFLICT')) throw error;
    }
  }
}
