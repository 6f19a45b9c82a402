/** Rows copied out of a decoded buffer. They come as pairs of a first row and the row behind the last, ascending. */

/** How many rows the pairs hold. */
export function countRows(rows: Int32Array): number {
  let count = 0;
  for (let pair = 0; pair < rows.length; pair += 2) {
    count += (rows[pair + 1] as number) - (rows[pair] as number);
  }
  return count;
}

/** Values of one width that follow each other. */
export interface FixedValues {
  readonly memory: ArrayBuffer;
  readonly from: number;
  readonly width: number;
}

/** Runs of fewer bytes are copied value by value: a call of `set` takes longer. */
const SHORT_RUN_BYTES = 256;

/** Copies the rows' values; `into` has just their length. */
export function cutValues(
  { memory, from, width }: FixedValues,
  rows: Int32Array,
  into: Uint8Array,
): void {
  const isWords = width % 4 === 0 && from % 4 === 0;
  const stride = isWords ? width / 4 : width;
  const source = isWords ? new Int32Array(memory, from) : new Uint8Array(memory, from);
  const target = isWords ? new Int32Array(into.buffer, into.byteOffset, into.length / 4) : into;
  const short = isWords ? SHORT_RUN_BYTES / 4 : SHORT_RUN_BYTES;
  let at = 0;
  for (let pair = 0; pair < rows.length; pair += 2) {
    const start = (rows[pair] as number) * stride;
    const end = (rows[pair + 1] as number) * stride;
    if (end - start > short) {
      target.set(source.subarray(start, end), at);
      at += end - start;
    } else {
      for (let item = start; item < end; item += 1) target[at++] = source[item] as number;
    }
  }
}

/** The rows' bits, and how many of them are set. */
export function cutBits(
  bits: Uint8Array,
  rows: Int32Array,
  size: number,
): { readonly bits: Uint8Array; readonly ones: number } {
  const cut = new Uint8Array(size);
  let at = 0;
  let ones = 0;
  for (let pair = 0; pair < rows.length; pair += 2) {
    const end = rows[pair + 1] as number;
    for (let row = rows[pair] as number; row < end; row += 1, at += 1) {
      const bit = ((bits[row >> 3] as number) >> (row & 7)) & 1;
      cut[at >> 3] = (cut[at >> 3] as number) | (bit << (at & 7));
      ones += bit;
    }
  }
  return { bits: cut, ones };
}
