/** Whatever a caller gives as rows, as Arrow batches of the table's schema. */

import type { RecordBatch } from 'apache-arrow';
import { InvalidArgumentError } from '../errors.js';
import { arrowBatches, isArrowInput } from '../log/schema/arrow-input.js';
import type { StructType } from '../log/schema/types.js';
import { RowEncoder } from './row/row-encoder.js';
import type { ReadableStreamLike } from './rows.js';

/** Rows to a batch, and the bytes at which a batch of wide rows ends sooner. */
const BATCH_ROWS = 16_384;
const BATCH_BYTES = 8 * 1024 * 1024;

/** Whether the input gives the same rows when it is read again; a stream or a generator does not. */
export function isRereadable(input: unknown): boolean {
  if (Array.isArray(input) || input instanceof Uint8Array) return true;
  return typeof input === 'object' && input !== null && 'batches' in input && 'numRows' in input;
}

/**
 * The input as batches of exactly the table's Arrow schema; read as it is consumed, one batch at a time in memory.
 *
 * @throws SchemaMismatchError with the row's index and the column, at the first value that does not fit
 * @throws InvalidArgumentError when the input is of no kind that is known
 */
export async function* inputBatches(
  input: unknown,
  schema: StructType,
  signal: AbortSignal | undefined,
): AsyncGenerator<RecordBatch, void, undefined> {
  if (isArrowInput(input)) {
    for await (const batch of abortable(arrowBatches(input, schema), signal)) {
      if (batch.numRows > 0) yield batch;
    }
    return;
  }
  const encoder = new RowEncoder(schema);
  for await (const row of abortable(rowsOf(input), signal)) {
    encoder.append(row);
    if (encoder.length >= BATCH_ROWS || encoder.sizeBytes >= BATCH_BYTES) yield encoder.flush();
  }
  if (encoder.length > 0) yield encoder.flush();
}

function rowsOf(input: unknown): Iterable<object> | AsyncIterable<object> {
  if (typeof input === 'object' && input !== null) {
    if (Symbol.asyncIterator in input || Symbol.iterator in input) {
      return input as Iterable<object>;
    }
    if ('getReader' in input) return streamRows(input as ReadableStreamLike<object>);
  }
  throw new InvalidArgumentError({
    message: 'the rows are of no kind that can be read',
    option: 'rows',
    expected: 'an array, iterable or stream of row objects, or Arrow data',
  });
}

async function* streamRows(stream: ReadableStreamLike<object>): AsyncGenerator<object> {
  const reader = stream.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      if (value !== undefined) yield value;
    }
  } finally {
    await reader.cancel?.();
    reader.releaseLock();
  }
}

/** Iterates, and rejects as soon as the signal is aborted, even while the source has nothing to give. */
async function* abortable<T>(
  source: Iterable<T> | AsyncIterable<T>,
  signal: AbortSignal | undefined,
): AsyncGenerator<T, void, undefined> {
  if (!(Symbol.asyncIterator in source)) {
    let count = 0;
    for (const item of source) {
      if ((count++ & 1023) === 0) signal?.throwIfAborted();
      yield item;
    }
    return;
  }
  const iterator = source[Symbol.asyncIterator]();
  let reject = (_reason: unknown): void => undefined;
  const stop = (): void => reject(signal?.reason);
  signal?.addEventListener('abort', stop, { once: true });
  try {
    for (;;) {
      signal?.throwIfAborted();
      // Each row in a promise of its own: one that is raced against all of them would hold every row until the end.
      const next = await new Promise<IteratorResult<T>>((resolve, rejected) => {
        reject = rejected;
        Promise.resolve(iterator.next()).then(resolve, rejected);
      });
      if (next.done === true) return;
      yield next.value;
    }
  } finally {
    signal?.removeEventListener('abort', stop);
    // A source that never answers must not hold up the abort; what it says after that is of no interest.
    const ended = iterator.return?.();
    if (signal?.aborted === true) ended?.then(undefined, () => undefined);
    else await ended;
  }
}

/** Rows looked at to infer a schema; a column that none of them has is refused when a later row brings it. */
const PEEKED_ROWS = 10_000;

/** An input whose first rows were looked at. */
export interface Peeked {
  readonly first: readonly object[];
  /** All of it, to be read after that. */
  readonly rows: unknown;
  /** Ends the source where `rows` is not going to be read. */
  readonly end: () => Promise<unknown>;
}

/** Reads the first rows of an input; rejects as soon as the signal is aborted. */
export async function peekRows(input: unknown, signal: AbortSignal | undefined): Promise<Peeked> {
  if (Array.isArray(input)) {
    return { first: input.slice(0, PEEKED_ROWS), rows: input, end: () => Promise.resolve() };
  }
  const source = abortable(rowsOf(input), signal);
  const first: object[] = [];
  while (first.length < PEEKED_ROWS) {
    const next = await source.next();
    if (next.done === true) break;
    first.push(next.value);
  }
  return { first, rows: chained(first, source), end: () => source.return() };
}

async function* chained(
  first: readonly object[],
  rest: AsyncGenerator<object, void, undefined>,
): AsyncGenerator<object, void, undefined> {
  try {
    yield* first;
    yield* rest;
  } finally {
    await rest.return();
  }
}
