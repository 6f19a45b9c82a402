/** Runs of bits as Arrow keeps them: least significant first, beginning at any bit of a byte. */

/** Bits from `offset` on; a bit beyond the end reads as 0. */
export interface Bits {
  readonly bytes: Uint8Array;
  readonly offset: number;
}

/** Bit `index`, counted from the run's own beginning. */
export function bitAt(bits: Bits, index: number): boolean {
  const at = bits.offset + index;
  return (((bits.bytes[at >> 3] ?? 0) >> (at & 7)) & 1) === 1;
}

/** The bits set in both; `undefined` stands for a run where all are set. */
export function intersectBits(
  left: Bits | undefined,
  right: Bits | undefined,
  length: number,
): Bits | undefined {
  if (left === undefined || right === undefined) return left ?? right;
  return bitsWhere(length, (index) => bitAt(left, index) && bitAt(right, index));
}

/** A new run of `length` bits, set where `test` says so. */
export function bitsWhere(length: number, test: (index: number) => boolean): Bits {
  const bytes = new Uint8Array((length + 7) >> 3);
  for (let index = 0; index < length; index++) {
    if (test(index)) bytes[index >> 3] = (bytes[index >> 3] ?? 0) | (1 << (index & 7));
  }
  return { bytes, offset: 0 };
}
