import { makeVector } from 'apache-arrow';
import { expect, it } from 'vitest';
import { buildColumn } from '../../src/log/build-column.js';
import { arrowType } from '../../src/log/schema/arrow-type.js';
import type { PrimitiveName } from '../../src/log/schema/types.js';

/** A value of each type that a partition column may have, as a snapshot holds it. */
const VALUES: readonly (readonly [type: PrimitiveName, value: unknown])[] = [
  ['byte', -128],
  ['short', -32768],
  ['integer', -(2 ** 31)],
  ['long', -(2n ** 63n)],
  ['float', Math.fround(0.1)],
  ['double', 5e-324],
  ['boolean', true],
  ['string', 'ä😀'],
  ['binary', new Uint8Array([0, 0xff, 0x2f])],
];

it.each(VALUES)('builds a column of %s', (type, value) => {
  const values = [undefined, value, null, value];
  const column = makeVector(buildColumn(arrowType(type), values));
  expect(Array.from(column)).toEqual([null, value, null, value]);
  expect(column.nullCount).toBe(2);
});

it.each<[PrimitiveName, unknown]>([
  ['date', -719_162],
  ['timestamp', -62_135_596_800_000_000n],
  ['timestamp_ntz', 253_402_300_799_999_999n],
  ['decimal(38,10)', -(10n ** 38n) + 1n],
])('builds a column of %s', (type, value) => {
  const column = buildColumn(arrowType(type), [null, value]);
  const { buffer, byteOffset, byteLength } = column.values as Uint8Array;
  const words = new BigUint64Array(buffer.slice(byteOffset, byteOffset + byteLength));
  const bits = BigInt(value as number | bigint);
  const expected = type.startsWith('decimal')
    ? [0n, 0n, BigInt.asUintN(64, bits), BigInt.asUintN(64, bits >> 64n)]
    : type === 'date'
      ? [BigInt.asUintN(32, bits) << 32n]
      : [0n, BigInt.asUintN(64, bits)];
  expect([...words]).toEqual(expected);
  expect(column.nullCount).toBe(1);
});
