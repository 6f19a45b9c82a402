/** What an expression is in each row of a batch. */
import { type Data, DataType, type RecordBatch } from 'apache-arrow';
import { InternalError, LimitError } from '../../errors.js';
import type { BoundColumn, BoundExpression } from './bound.js';
import { columnData, markNulls } from './column-data.js';
import { textsOf } from './match-column.js';

/** The longest text that a condition may make, in bytes of UTF-8. */
export const MAX_MADE_TEXT_BYTES = 1_048_576;

/** A value a row, made when it is asked for; where `nulls` is 1 there is none. */
export interface Values<T> {
  readonly at: (row: number) => T;
  readonly nulls: Uint8Array;
}

/** Numbers, dates, timestamps and booleans. */
export function numbersOf(
  expression: BoundExpression,
  batch: RecordBatch,
): Values<number> | Values<bigint> {
  switch (expression.kind) {
    case 'literal': {
      const { value } = expression;
      if (value instanceof Uint8Array) throw misfit(expression);
      return { at: () => value, nulls: noNulls(batch) } as Values<number> | Values<bigint>;
    }
    case 'column':
      return columnNumbers(expression.column, batch);
    case 'widened':
      return widened(numbersOf(expression.of, batch), expression.factor);
    case 'remainder':
      return remainders(numbersOf(expression.left, batch), numbersOf(expression.right, batch));
    default:
      throw misfit(expression);
  }
}

/** Text and binary, as bytes. */
export function bytesIn(expression: BoundExpression, batch: RecordBatch): Values<Uint8Array> {
  switch (expression.kind) {
    case 'literal': {
      const { value } = expression;
      if (!(value instanceof Uint8Array)) throw misfit(expression);
      return { at: () => value, nulls: noNulls(batch) };
    }
    case 'column':
      return columnBytes(expression.column, batch);
    case 'concat':
      return joined(
        expression.parts.map((part) => bytesIn(part, batch)),
        batch,
      );
    case 'repeat':
      return repeated(bytesIn(expression.text, batch), numbersOf(expression.times, batch));
    default:
      throw misfit(expression);
  }
}

function columnNumbers(column: BoundColumn, batch: RecordBatch): Values<number> | Values<bigint> {
  const { data, nulls } = readColumn(column, batch);
  if (data === undefined) return { at: () => 0, nulls };
  const { values, offset } = data;
  if (DataType.isBool(data.type)) {
    const bits = values as Uint8Array;
    return { at: (row) => ((bits[(offset + row) >> 3] ?? 0) >> ((offset + row) & 7)) & 1, nulls };
  }
  if (DataType.isDecimal(data.type)) {
    const words = values as Uint32Array;
    const view = new DataView(words.buffer, words.byteOffset, words.byteLength);
    return { at: (row) => decimalAt(view, row * DECIMAL_BYTES), nulls };
  }
  const items = values as Float64Array;
  return { at: (row) => items[row] as number, nulls };
}

const DECIMAL_BYTES = 16;

function decimalAt(view: DataView, at: number): bigint {
  return (view.getBigInt64(at + 8, true) << 64n) | view.getBigUint64(at, true);
}

function columnBytes(column: BoundColumn, batch: RecordBatch): Values<Uint8Array> {
  const { data, nulls } = readColumn(column, batch);
  // A column of nulls alone may come without a buffer of values.
  if (data === undefined) return { at: () => EMPTY, nulls };
  const { bytes, offsets } = textsOf(data, column);
  return { at: (row) => bytes.subarray(offsets[row] ?? 0, offsets[row + 1] ?? 0), nulls };
}

/** `data` is undefined when every row is null. */
function readColumn(
  column: BoundColumn,
  batch: RecordBatch,
): { readonly data: Data | undefined; readonly nulls: Uint8Array } {
  const chain = columnData(batch, column);
  const nulls = noNulls(batch);
  for (const part of chain) markNulls(part, 1, nulls);
  const data = chain[chain.length - 1];
  const isEmpty =
    data === undefined || DataType.isNull(data.type) || data.nullCount === data.length;
  return { data: isEmpty ? undefined : data, nulls };
}

function widened({ at, nulls }: Values<number> | Values<bigint>, factor: bigint): Values<bigint> {
  return { at: (row) => BigInt(at(row)) * factor, nulls };
}

/** Both are numbers, or both bigints; null where the divisor is 0. */
function remainders(
  left: Values<number> | Values<bigint>,
  right: Values<number> | Values<bigint>,
): Values<number> | Values<bigint> {
  const nulls = eitherNull(left.nulls, right.nulls);
  for (let row = 0; row < nulls.length; row++) {
    if (nulls[row] === 0 && Number(right.at(row)) === 0) nulls[row] = 1;
  }
  const at = (row: number): number | bigint => {
    const a = left.at(row);
    const b = right.at(row);
    return typeof a === 'bigint' && typeof b === 'bigint' ? a % b : Number(a) % Number(b);
  };
  return { at, nulls } as Values<number> | Values<bigint>;
}

function joined(parts: readonly Values<Uint8Array>[], batch: RecordBatch): Values<Uint8Array> {
  const nulls = parts.reduce((all, part) => eitherNull(all, part.nulls), noNulls(batch));
  const at = (row: number): Uint8Array => {
    const pieces = parts.map((part) => part.at(row));
    const made = new Uint8Array(checkedLength(pieces.reduce((sum, { length }) => sum + length, 0)));
    let end = 0;
    for (const piece of pieces) {
      made.set(piece, end);
      end += piece.length;
    }
    return made;
  };
  return { at, nulls };
}

const EMPTY = new Uint8Array(0);

function repeated(
  texts: Values<Uint8Array>,
  times: Values<number> | Values<bigint>,
): Values<Uint8Array> {
  const at = (row: number): Uint8Array => {
    const text = texts.at(row);
    if (text.length === 0) return EMPTY;
    const made = new Uint8Array(checkedLength(text.length * Math.max(0, Number(times.at(row)))));
    if (made.length > 0) made.set(text);
    for (let end = text.length; end < made.length; end *= 2) made.copyWithin(end, 0, end);
    return made;
  };
  return { at, nulls: eitherNull(texts.nulls, times.nulls) };
}

/** @throws LimitError beyond {@link MAX_MADE_TEXT_BYTES} */
export function checkedLength(bytes: number): number {
  if (bytes <= MAX_MADE_TEXT_BYTES) return bytes;
  throw new LimitError({
    message: 'a condition makes a text that is too long; repeat and concat less',
    limit: 'MAX_MADE_TEXT_BYTES',
    value: bytes,
    max: MAX_MADE_TEXT_BYTES,
  });
}

function eitherNull(a: Uint8Array, b: Uint8Array): Uint8Array {
  return a.map((code, row) => code | (b[row] ?? 0));
}

function noNulls(batch: RecordBatch): Uint8Array {
  return new Uint8Array(batch.numRows);
}

function misfit(expression: BoundExpression): InternalError {
  return new InternalError({
    message: `an expression of kind ${expression.kind} is not ${expression.form.of}`,
  });
}
