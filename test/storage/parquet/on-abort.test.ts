import { getEventListeners } from 'node:events';
import { describe, expect, it } from 'vitest';
import { onAbort } from '../../../src/storage/parquet/on-abort.js';

describe('onAbort', () => {
  it('calls everyone who waits, once, with one listener on the signal', () => {
    const { signal, abort } = controller();
    const called: number[] = [];
    for (let at = 0; at < 20; at++) onAbort(signal, () => called.push(at));
    expect(getEventListeners(signal, 'abort')).toHaveLength(1);
    abort();
    expect(called).toEqual(Array.from({ length: 20 }, (_, at) => at));
  });

  it('calls nobody who has ended the wait, and leaves no listener behind', () => {
    const { signal, abort } = controller();
    const called: string[] = [];
    const ends = ['a', 'b'].map((name) => onAbort(signal, () => called.push(name)));
    ends[0]?.();
    expect(getEventListeners(signal, 'abort')).toHaveLength(1);
    ends[1]?.();
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
    onAbort(signal, () => called.push('c'));
    ends[1]?.();
    abort();
    expect(called).toEqual(['c']);
  });
});

function controller(): { readonly signal: AbortSignal; readonly abort: () => void } {
  const made = new AbortController();
  return { signal: made.signal, abort: () => made.abort() };
}
