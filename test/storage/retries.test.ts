import { describe, expect, it } from 'vitest';
import type { Clock } from '../../src/clock.js';
import { AccessDeniedError, StorageUnavailableError } from '../../src/errors.js';
import {
  MAX_SPARE_RETRIES,
  MAX_TRIES,
  RETRIES_PER_SUCCESS,
  RETRY_BUDGET_MS,
  Retries,
} from '../../src/storage/retries.js';
import { seededNumbers } from '../../src/testing/seeded.js';

const down = (retryAfterMs?: number): StorageUnavailableError =>
  new StorageUnavailableError({ message: 'down', key: 'k', operation: 'get', retryAfterMs });

/** Time that passes only by waiting. */
function waiting(): { readonly clock: Clock; readonly pauses: number[] } {
  const pauses: number[] = [];
  let now = 0;
  const clock: Clock = {
    now: () => now,
    sleep: async (delayMs, signal) => {
      signal?.throwIfAborted();
      pauses.push(delayMs);
      now += delayMs;
      await Promise.resolve();
    },
  };
  return { clock, pauses };
}

function retries(clock: Clock, random = (): number => 0.5): Retries {
  return new Retries({ clock, entropy: { random, uuid: () => 'never' } });
}

/** Fails `times` times, then succeeds. */
function failing(times: number, error: () => Error = down): () => Promise<number> {
  let calls = 0;
  return async () => {
    calls++;
    if (calls <= times) throw error();
    return await Promise.resolve(calls);
  };
}

describe('retries', () => {
  it('go on while the fault passes, with pauses that double', async () => {
    const { clock, pauses } = waiting();
    expect(await retries(clock).run(undefined, failing(4))).toBe(5);
    expect(pauses).toEqual([75, 150, 300, 600]);
    await expect(retries(clock).run(undefined, failing(5))).rejects.toMatchObject({
      code: 'STORAGE_UNAVAILABLE',
    });
    expect(pauses).toHaveLength(4 + MAX_TRIES - 1);
  });

  it('wait for as long as they are asked to, and a little more, each another', async () => {
    const { clock, pauses } = waiting();
    const some = retries(clock, seededNumbers(1));
    for (let at = 0; at < 20; at++)
      await some.run(
        undefined,
        failing(1, () => down(2000)),
      );
    expect(pauses.every((pauseMs) => pauseMs >= 2000 && pauseMs < 2050)).toBe(true);
    expect(new Set(pauses).size).toBe(20);
    const long = retries(clock).run(
      undefined,
      failing(1, () => down(RETRY_BUDGET_MS)),
    );
    await expect(long).rejects.toMatchObject({ retryAfterMs: RETRY_BUDGET_MS });
    expect(pauses).toHaveLength(20);
  });

  it.each([-3_600_000, 3_600_000])(
    'have their time when the clock is set by %d ms',
    async (byMs) => {
      const { clock, pauses } = waiting();
      const set: Clock = {
        now: () => clock.now() + byMs * pauses.length,
        monotonicMs: () => clock.now(),
        sleep: (delayMs, signal) => clock.sleep(delayMs, signal),
      };
      const some = retries(set, () => 0);
      const asked = failing(MAX_TRIES, () => down(RETRY_BUDGET_MS / 2));
      await expect(some.run(undefined, asked)).rejects.toMatchObject({
        code: 'STORAGE_UNAVAILABLE',
      });
      expect(pauses).toEqual([RETRY_BUDGET_MS / 2, RETRY_BUDGET_MS / 2]);
    },
  );

  it('are for passing faults, and end with the signal', async () => {
    const { clock, pauses } = waiting();
    const denied = new AccessDeniedError({ message: 'no', key: 'k', operation: 'get' });
    await expect(
      retries(clock).run(
        undefined,
        failing(1, () => denied),
      ),
    ).rejects.toBe(denied);
    const reason = new RangeError('enough');
    await expect(retries(clock).run(AbortSignal.abort(reason), failing(1))).rejects.toBe(reason);
    expect(pauses).toEqual([]);
  });

  it.each([
    [0.1, 1.2],
    [0.5, 1.5],
    [1, 1.2],
  ])('do not amplify trouble: %d of the tries fail', async (rate, most) => {
    const { clock } = waiting();
    const random = seededNumbers(7);
    const some = retries(clock, random);
    const operations = 2000;
    let [requests, done] = [0, 0];
    for (let at = 0; at < operations; at++) {
      try {
        await some.run(undefined, async () => {
          requests++;
          if (random() < rate) throw down();
          await Promise.resolve();
        });
        done++;
      } catch (error) {
        expect(error).toMatchObject({ code: 'STORAGE_UNAVAILABLE' });
      }
    }
    expect(requests).toBeLessThan(most * operations);
    expect(requests - operations).toBeLessThanOrEqual(
      MAX_SPARE_RETRIES + RETRIES_PER_SUCCESS * done,
    );
    if (rate < 0.2) expect(done).toBe(operations);
  });
});
