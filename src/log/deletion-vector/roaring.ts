/**
 * The bytes of a deletion vector to a set of rows. PROTOCOL.md "Deletion Vector Format"; the format
 * of each 32-bit bitmap is RoaringFormatSpec's.
 */
import { CorruptDataError } from '../../errors.js';
import { countBits, RowBitmap, type RowContainer } from './row-bitmap.js';

/** The protocol's format: 64-bit count of bitmaps, then each one behind its 32-bit key. */
const PORTABLE = 1_681_511_377;
/**
 * Spark's older format, which PROTOCOL.md's own example of an inline vector has: 32-bit count, then
 * each one behind its size in bytes; keys count up from 0.
 */
const NATIVE = 1_681_511_376;

const NO_RUNS_COOKIE = 12_346;
const RUNS_COOKIE = 12_347;
/** With fewer containers than this, a bitmap that has runs has no offsets. */
const OFFSETS_FROM = 4;
const MAX_LISTED_ROWS = 4096;
const BITS_BYTES = 8192;
const HIGH = 0x1_0000_0000;
const CONTAINER_ROWS = 0x1_0000;

/**
 * Reads both formats, the outer numbers in the byte order in which the magic number stands; the
 * bitmaps within are little-endian either way. Memory is in proportion to `bytes`.
 *
 * @param key - the object the bytes are from, for errors
 * @throws CorruptDataError when the bytes are not a bitmap of rows
 */
export function decodeRowBitmap(bytes: Uint8Array, key: string): RowBitmap {
  const reader = new BitmapReader(bytes, key);
  const isLittle = isMagic(reader.view, true);
  if (!isLittle && !isMagic(reader.view, false)) {
    reader.fail('does not begin with a magic number that is known');
  }
  const magic = reader.uint32(isLittle);
  const containers: RowContainer[] = [];
  if (magic === PORTABLE) decodePortable(reader, isLittle, containers);
  else decodeNative(reader, isLittle, containers);
  return new RowBitmap(containers);
}

function isMagic(view: DataView, isLittle: boolean): boolean {
  if (view.byteLength < 4) return false;
  const magic = view.getUint32(0, isLittle);
  return magic === PORTABLE || magic === NATIVE;
}

function decodePortable(reader: BitmapReader, isLittle: boolean, out: RowContainer[]): void {
  const first = reader.uint32(isLittle);
  const second = reader.uint32(isLittle);
  const [low, high] = isLittle ? [first, second] : [second, first];
  if (high !== 0) reader.fail('has more bitmaps than bytes');
  let before = -1;
  for (let index = 0; index < low; index++) {
    const key = reader.uint32(isLittle);
    if (key <= before) reader.fail('has its bitmaps out of order');
    before = key;
    decodeBitmap(reader, key, out);
  }
}

function decodeNative(reader: BitmapReader, isLittle: boolean, out: RowContainer[]): void {
  const count = reader.uint32(isLittle);
  for (let key = 0; key < count; key++) {
    const size = reader.uint32(isLittle);
    const start = reader.position;
    decodeBitmap(reader, key, out);
    if (reader.position - start !== size) reader.fail('has a bitmap of another size than it says');
  }
}

/** One 32-bit bitmap, whose rows are `key * 2^32` and up. */
function decodeBitmap(reader: BitmapReader, key: number, out: RowContainer[]): void {
  if (key * HIGH > Number.MAX_SAFE_INTEGER - HIGH) reader.fail('names rows that no file can have');
  const cookie = reader.uint32(true);
  const hasRuns = (cookie & 0xffff) === RUNS_COOKIE;
  if (!hasRuns && cookie !== NO_RUNS_COOKIE) reader.fail('has a bitmap of an unknown kind');
  const count = hasRuns ? (cookie >>> 16) + 1 : reader.uint32(true);
  if (count > CONTAINER_ROWS) reader.fail('has a bitmap with too many containers');
  const runFlags = hasRuns ? reader.take((count + 7) >> 3) : undefined;
  const header = reader.uint16s(count * 2);
  // The containers follow each other, so where each one begins need not be looked up.
  if (!hasRuns || count >= OFFSETS_FROM) reader.take(count * 4);
  let before = -1;
  for (let index = 0; index < count; index++) {
    const high = header[index * 2] ?? 0;
    if (high <= before) reader.fail('has its containers out of order');
    before = high;
    const base = key * HIGH + high * CONTAINER_ROWS;
    const isRuns = (((runFlags?.[index >> 3] ?? 0) >> (index & 7)) & 1) === 1;
    if (isRuns) out.push(runContainer(reader, base));
    else out.push(container(reader, base, (header[index * 2 + 1] ?? 0) + 1));
  }
}

function container(reader: BitmapReader, base: number, count: number): RowContainer {
  if (count > MAX_LISTED_ROWS) {
    const values = reader.uint32s(BITS_BYTES / 4);
    if (countBits(values) !== count) reader.fail('has a container with other rows than it says');
    return { base, count, form: 'bits', values };
  }
  const values = reader.uint16s(count);
  for (let index = 1; index < count; index++) {
    if ((values[index] ?? 0) <= (values[index - 1] ?? 0)) reader.fail('has its rows out of order');
  }
  return { base, count, form: 'rows', values };
}

function runContainer(reader: BitmapReader, base: number): RowContainer {
  const [runs = 0] = reader.uint16s(1);
  const values = reader.uint16s(runs * 2);
  let count = 0;
  let next = 0;
  for (let index = 0; index < values.length; index += 2) {
    const start = values[index] ?? 0;
    const length = (values[index + 1] ?? 0) + 1;
    if (start < next || start + length > CONTAINER_ROWS) reader.fail('has its runs out of order');
    next = start + length;
    count += length;
  }
  return { base, count, form: 'runs', values };
}

class BitmapReader {
  readonly view: DataView;
  position = 0;
  readonly #bytes: Uint8Array;
  readonly #key: string;

  constructor(bytes: Uint8Array, key: string) {
    this.#bytes = bytes;
    this.#key = key;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  uint32(isLittle: boolean): number {
    const at = this.#advance(4);
    return this.view.getUint32(at, isLittle);
  }

  take(length: number): Uint8Array {
    const at = this.#advance(length);
    return this.#bytes.subarray(at, at + length);
  }

  /** A copy, for the bytes may begin anywhere; little-endian in the file as on any machine that runs this. */
  uint16s(length: number): Uint16Array {
    return new Uint16Array(this.take(length * 2).slice().buffer);
  }

  uint32s(length: number): Uint32Array {
    return new Uint32Array(this.take(length * 4).slice().buffer);
  }

  fail(what: string): never {
    throw new CorruptDataError({
      message: `a deletion vector ${what}; restore the table from a copy, or read an older version`,
      key: this.#key,
      position: this.position,
      field: 'deletionVector',
    });
  }

  #advance(length: number): number {
    const at = this.position;
    if (length > this.#bytes.length - at) this.fail('ends too early');
    this.position = at + length;
    return at;
  }
}
