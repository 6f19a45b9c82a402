import { setImmediate } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { inputBatches } from '../../src/table/input.js';

const schema = {
  type: 'struct',
  fields: [{ name: 'id', type: 'long', nullable: true, metadata: {} }],
} as const;
/** More than one batch holds. */
const ROWS = 20_000;

describe('a stream of rows', () => {
  it.each([
    ['with a signal', new AbortController().signal],
    ['without one', undefined],
  ])('is let go of row by row %s', async (_, signal) => {
    let first: WeakRef<object> | undefined;
    async function* rows(): AsyncGenerator<object> {
      for (let id = 0; id < ROWS; id++) {
        const row = { id };
        first ??= new WeakRef(row);
        yield row;
      }
    }
    const batches = inputBatches(rows(), schema, signal);
    await batches.next();
    await setImmediate();
    collectGarbage();
    expect(first?.deref()).toBeUndefined();
    await batches.return();
  });

  it('that never answers rejects with the reason of an abort, and is ended', async () => {
    const controller = new AbortController();
    let isEnded = false;
    const silent: AsyncIterable<object> = {
      [Symbol.asyncIterator]: () => ({
        next: () => new Promise<never>(() => undefined),
        return: () => {
          isEnded = true;
          return new Promise<never>(() => undefined);
        },
      }),
    };
    const read = inputBatches(silent, schema, controller.signal).next();
    controller.abort(new Error('enough'));
    await expect(read).rejects.toThrow('enough');
    expect(isEnded).toBe(true);
  });
});

describe('a reader of Arrow batches', () => {
  it('that never answers rejects with the reason of an abort', async () => {
    const controller = new AbortController();
    const silent = {
      open: () => Promise.resolve(silent),
      isSync: () => false,
      isAsync: () => true,
      schema: { fields: [] },
      [Symbol.asyncIterator]: () => ({ next: () => new Promise<never>(() => undefined) }),
    };
    const read = inputBatches(silent, schema, controller.signal).next();
    await setImmediate();
    controller.abort(new Error('enough'));
    await expect(read).rejects.toThrow('enough');
  });
});

function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
}
