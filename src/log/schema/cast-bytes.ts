/** Strings and binaries, from every layout to 32-bit offsets over one run of bytes. */
import { type Data, Type } from 'apache-arrow';
import { LimitError } from '../../errors.js';
import { columnLike, retype, validityOf } from './arrow-data.js';
import { arrowType } from './arrow-type.js';
import { bitAt } from './bits.js';
import { type CastPlace, counts, refuseValue, typeMisfit } from './cast-place.js';
import { allUtf8, isUtf8 } from './utf8.js';

/**
 * The bytes, or elements, that one column of one batch may have: Arrow's plain types have offsets
 * of 32 bits.
 */
export const MAX_COLUMN_SIZE: number = 2 ** 31 - 1;

/** Values of any length, one after the other. */
export interface ByteRuns {
  readonly offsets: Int32Array;
  readonly values: Uint8Array;
  /** Whether their type says that they are text. */
  readonly isText: boolean;
}

/**
 * A column of `string`. Text from a file was checked when it was decoded; bytes that are not said
 * to be text, and all that a caller gives, are checked here.
 */
export function castString(data: Data, place: CastPlace): Data {
  const isFile = place.rules.source === 'file';
  const runs = bytesOf(data, place);
  const isFixed = data.typeId === Type.FixedSizeBinary;
  if (runs === undefined || (!runs.isText && (!isFile || isFixed))) {
    throw typeMisfit(data, 'string', place);
  }
  const isChecked = isFile && runs.isText;
  const kept = isChecked ? runs : checkedUtf8(data, runs, place);
  return bytesColumn(data, kept, 'string');
}

/** A column of `binary`; from a file also from what says that it is text. */
export function castBinary(data: Data, place: CastPlace): Data {
  const runs = bytesOf(data, place);
  if (runs === undefined || (runs.isText && place.rules.source === 'input')) {
    throw typeMisfit(data, 'binary', place);
  }
  return bytesColumn(data, runs, 'binary');
}

/** The values of a column of strings or binaries of any kind; `undefined` when it is neither. */
export function bytesOf(data: Data, place: CastPlace): ByteRuns | undefined {
  const values = data.values as Uint8Array;
  switch (data.typeId) {
    case Type.Utf8:
    case Type.Binary:
      return {
        offsets: data.valueOffsets as Int32Array,
        values,
        isText: data.typeId === Type.Utf8,
      };
    case Type.LargeUtf8:
    case Type.LargeBinary:
      return narrowOffsets(data, place);
    case Type.Utf8View:
    case Type.BinaryView:
      return gatherViews(data, place);
    case Type.FixedSizeBinary: {
      checkSize(data.length * data.stride, place);
      const offsets = Int32Array.from({ length: data.length + 1 }, (_, row) => row * data.stride);
      return { offsets, values, isText: false };
    }
    default:
      return undefined;
  }
}

function bytesColumn(data: Data, runs: ByteRuns, target: 'string' | 'binary'): Data {
  const type = arrowType(target);
  const { offsets, values } = runs;
  if (offsets === data.valueOffsets && values === data.values) return retype(data, type);
  return columnLike(data, type, { valueOffsets: offsets, values });
}

function narrowOffsets(data: Data, place: CastPlace): ByteRuns {
  const wide = data.valueOffsets as BigInt64Array;
  const first = Number(wide[0] ?? 0n);
  const end = Number(wide[data.length] ?? 0n);
  checkSize(end - first, place);
  const offsets = new Int32Array(data.length + 1);
  for (let row = 0; row <= data.length; row++) offsets[row] = Number(wide[row] ?? 0n) - first;
  const values = (data.values as Uint8Array).subarray(first, end);
  return { offsets, values, isText: data.typeId === Type.LargeUtf8 };
}

const VIEW_BYTES = 16;
const INLINE_BYTES = 12;

function gatherViews(data: Data, place: CastPlace): ByteRuns {
  const validity = validityOf(data);
  const none = new Uint8Array(0);
  const runAt = (row: number): Uint8Array => {
    if (validity !== undefined && !bitAt(validity, row)) return none;
    const run = viewedRun(data, row);
    if (run !== undefined) return run;
    const actual = (): string => 'a view that points past its buffers';
    refuseValue(data, place, row, { expected: 'bytes', actual });
    return none;
  };
  const offsets = new Int32Array(data.length + 1);
  for (let row = 0; row < data.length; row++) {
    const end = (offsets[row] ?? 0) + runAt(row).length;
    checkSize(end, place);
    offsets[row + 1] = end;
  }
  const values = new Uint8Array(offsets[data.length] ?? 0);
  for (let row = 0; row < data.length; row++) values.set(runAt(row), offsets[row]);
  return { offsets, values, isText: data.typeId === Type.Utf8View };
}

/**
 * The bytes that a view stands for: in the view itself when they are few, else in one of the
 * buffers.
 */
function viewedRun(data: Data, row: number): Uint8Array | undefined {
  const bytes = data.values as Uint8Array;
  const at = row * VIEW_BYTES;
  const view = new DataView(bytes.buffer, bytes.byteOffset + at, VIEW_BYTES);
  const length = view.getUint32(0, true);
  if (length <= INLINE_BYTES) return bytes.subarray(at + 4, at + 4 + length);
  const begin = view.getUint32(12, true);
  const run = data.variadicBuffers[view.getUint32(8, true)]?.subarray(begin, begin + length);
  return run?.length === length ? run : undefined;
}

/**
 * The same runs when all are UTF-8; else without those that do not count, or an error for one that
 * does.
 */
function checkedUtf8(data: Data, runs: ByteRuns, place: CastPlace): ByteRuns {
  const { offsets, values, isText } = runs;
  if (allUtf8(values, offsets, data.length)) return runs;
  const run = (row: number): Uint8Array => values.subarray(offsets[row], offsets[row + 1]);
  const kept = new Int32Array(data.length + 1);
  for (let row = 0; row < data.length; row++) {
    const isThere = counts(data, place, row);
    if (isThere && !isUtf8(run(row))) {
      const actual = (): string => 'bytes that are not UTF-8';
      refuseValue(data, place, row, { expected: 'string', actual });
    }
    kept[row + 1] = (kept[row] ?? 0) + (isThere ? run(row).length : 0);
  }
  const bytes = new Uint8Array(kept[data.length] ?? 0);
  for (let row = 0; row < data.length; row++) {
    const start = kept[row] ?? 0;
    if ((kept[row + 1] ?? 0) > start) bytes.set(run(row), start);
  }
  return { offsets: kept, values: bytes, isText };
}

/** Refuses more bytes or elements than {@link MAX_COLUMN_SIZE}. */
export function checkSize(size: number, place: CastPlace): void {
  if (size <= MAX_COLUMN_SIZE) return;
  throw new LimitError({
    message: `column ${place.column} is too large in one batch; use smaller batches`,
    limit: 'MAX_COLUMN_SIZE',
    value: size,
    max: MAX_COLUMN_SIZE,
  });
}
