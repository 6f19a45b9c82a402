/** Work done ahead of its consumer: in order, at most so many at once, stopped when the consumer leaves. */

const END: unique symbol = Symbol('end of the items');

/**
 * Runs `start` for each item with at most `ahead` running or waiting to be taken, and gives the results in the order
 * of the items. A slow consumer stops the work; leaving the loop aborts what is under way and waits until it has
 * settled, so that nothing goes on behind the caller's back.
 */
export async function* inOrder<T, R>(
  items: Iterable<T> | AsyncIterable<T>,
  ahead: number,
  signal: AbortSignal | undefined,
  start: (item: T, signal: AbortSignal) => Promise<R>,
): AsyncGenerator<R, void, undefined> {
  const stop = new AbortController();
  const either = signal === undefined ? stop.signal : AbortSignal.any([signal, stop.signal]);
  const iterator =
    Symbol.asyncIterator in items ? items[Symbol.asyncIterator]() : items[Symbol.iterator]();
  const pending: Promise<R | typeof END>[] = [];
  const startNext = async (): Promise<R | typeof END> => {
    const next = await iterator.next();
    return next.done === true ? END : await start(next.value, either);
  };
  try {
    for (;;) {
      while (pending.length < ahead) {
        const started = startNext();
        // The rejection is seen when its turn comes; until then it must not count as unhandled.
        started.catch(() => undefined);
        pending.push(started);
      }
      signal?.throwIfAborted();
      const first = pending.shift();
      if (first === undefined) return;
      const result = await first;
      if (result === END) return;
      yield result;
    }
  } finally {
    stop.abort(new DOMException('the consumer has left', 'AbortError'));
    await Promise.allSettled(pending);
    await iterator.return?.();
  }
}
