/** Decimals, from every width and physical form to 128 bits of the table's precision and scale. */
import { type Data, type Decimal, Type } from 'apache-arrow';
import { columnLike, retype, viewAs } from './arrow-data.js';
import { arrowType } from './arrow-type.js';
import { bytesOf } from './cast-bytes.js';
import { type CastPlace, refuseValue, typeMisfit } from './cast-place.js';
import { type DecimalParts, decimalParts } from './describe-type.js';
import { formatDecimal } from './scalar-text.js';
import type { DecimalName } from './types.js';

/** Unscaled values and how many of their digits are behind the point. */
interface Source {
  readonly scale: number;
  readonly read: (index: number) => bigint;
}

const WIDTH = 128;

/**
 * A column of a decimal: from decimals of any width, precision and scale, from integers (the value,
 * not its digits, as Spark widens them), in a file also from bare big-endian bytes, which are the
 * digits at the table's scale. A value that would lose a digit or needs more than the precision is
 * refused.
 */
export function castDecimal(data: Data, target: DecimalName, place: CastPlace): Data {
  const type = arrowType(target);
  const parts = decimalParts(target);
  if (parts === undefined) throw typeMisfit(data, target, place);
  if (data.typeId === Type.Decimal) {
    const from = data.type as Decimal;
    const fits = from.scale === parts.scale && from.precision <= parts.precision;
    if (from.bitWidth === WIDTH && fits) return retype(data, type);
  }
  const source = sourceOf(data, parts, place);
  if (source === undefined) throw typeMisfit(data, target, place);
  return columnLike(data, type, { values: rescaled(data, source, { target, parts, place }) });
}

function sourceOf(data: Data, parts: DecimalParts, place: CastPlace): Source | undefined {
  switch (data.typeId) {
    case Type.Decimal: {
      const { scale, bitWidth } = data.type as Decimal;
      return { scale, read: unscaledReader(data, bitWidth) };
    }
    case Type.Int: {
      const values = data.values as Int32Array | BigInt64Array;
      return { scale: 0, read: (index) => BigInt(values[index] ?? 0) };
    }
    default: {
      if (place.rules.source !== 'file') return undefined;
      const bytes = bytesOf(data, place);
      if (bytes === undefined || bytes.isText) return undefined;
      const { values, offsets } = bytes;
      const read = (index: number): bigint =>
        bigEndian(values.subarray(offsets[index], offsets[index + 1]));
      return { scale: parts.scale, read };
    }
  }
}

function unscaledReader(data: Data, bitWidth: number): (index: number) => bigint {
  const words = data.values as Uint32Array;
  if (bitWidth === 32) {
    const values = viewAs(Int32Array, words);
    return (index) => BigInt(values[index] ?? 0);
  }
  const limbs = bitWidth / 64;
  const low = viewAs(BigUint64Array, words);
  return (index) => {
    let value = 0n;
    for (let limb = limbs - 1; limb >= 0; limb--) {
      value = (value << 64n) | (low[index * limbs + limb] ?? 0n);
    }
    return BigInt.asIntN(bitWidth, value);
  };
}

function rescaled(
  data: Data,
  source: Source,
  to: { target: DecimalName; parts: DecimalParts; place: CastPlace },
): Uint32Array {
  const { precision, scale } = to.parts;
  const limit = 10n ** BigInt(precision);
  const up = 10n ** BigInt(Math.max(0, scale - source.scale));
  const down = 10n ** BigInt(Math.max(0, source.scale - scale));
  const limbs = new BigInt64Array(data.length * 2);
  for (let index = 0; index < data.length; index++) {
    const from = source.read(index);
    const value = (from * up) / down;
    if (value * down === from * up && value < limit && value > -limit) {
      limbs[2 * index] = BigInt.asIntN(64, value);
      limbs[2 * index + 1] = value >> 64n;
    } else {
      const actual = (): string => formatDecimal(from, Math.max(0, source.scale));
      refuseValue(data, to.place, index, { expected: to.target, actual });
    }
  }
  return viewAs(Uint32Array, limbs);
}

function bigEndian(bytes: Uint8Array): bigint {
  let value = 0n;
  for (const byte of bytes) value = (value << 8n) | BigInt(byte);
  return BigInt.asIntN(bytes.length * 8, value);
}
