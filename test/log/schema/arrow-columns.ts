/** Columns for the tests of this folder, made with apache-arrow's own builders. */
import {
  type DataType as ArrowType,
  type Data,
  Decimal,
  makeData,
  Vector,
  vectorFromArray,
} from 'apache-arrow';
import type { DataType, StructField, StructType } from '../../../src/log/schema/types.js';

/** A column of one chunk. */
export function columnOf(type: ArrowType, values: readonly unknown[]): Data {
  const [data] = vectorFromArray(values as never, type as never).data;
  if (data === undefined) throw new Error('no column');
  return data;
}

/** A decimal column from unscaled values. */
export function decimals(
  unscaled: readonly (bigint | null)[],
  { precision, scale, bitWidth = 128 }: { precision: number; scale: number; bitWidth?: number },
): Data {
  const limbs = Math.max(1, bitWidth / 64);
  const bytes = new DataView(new ArrayBuffer((unscaled.length * bitWidth) / 8));
  const nulls = new Uint8Array((unscaled.length + 7) >> 3);
  for (const [row, value] of unscaled.entries()) {
    if (value === null) continue;
    nulls[row >> 3] = (nulls[row >> 3] ?? 0) | (1 << (row & 7));
    if (bitWidth === 32) bytes.setInt32(row * 4, Number(value), true);
    else {
      for (let limb = 0; limb < limbs; limb++) {
        const part = BigInt.asUintN(64, value >> BigInt(64 * limb));
        bytes.setBigUint64((row * limbs + limb) * 8, part, true);
      }
    }
  }
  return makeData({
    type: new Decimal(scale, precision, bitWidth),
    length: unscaled.length,
    nullCount: unscaled.filter((value) => value === null).length,
    nullBitmap: nulls,
    data: new Uint32Array(bytes.buffer),
  });
}

/** The unscaled values of a column of 128-bit decimals. */
export function unscaled(data: Data): (bigint | null)[] {
  const limbs = new BigUint64Array(
    (data.values as Uint32Array).buffer,
    (data.values as Uint32Array).byteOffset,
    data.length * 2,
  );
  return Array.from({ length: data.length }, (_, row) =>
    data.getValid(row)
      ? BigInt.asIntN(128, ((limbs[2 * row + 1] ?? 0n) << 64n) | (limbs[2 * row] ?? 0n))
      : null,
  );
}

/** The raw values of a fixed-width column, null where it is null. */
export function raw(data: Data): unknown[] {
  const values = data.values as ArrayLike<unknown>;
  return Array.from({ length: data.length }, (_, row) => (data.getValid(row) ? values[row] : null));
}

/** The values as apache-arrow gives them, nested ones as plain objects. */
export function values(data: Data): unknown[] {
  return JSON.parse(
    JSON.stringify([...new Vector([data])], (_key, value: unknown) =>
      typeof value === 'bigint' ? Number(value) : value,
    ),
  ) as unknown[];
}

/** Marks rows of a column as null without touching what lies under them. */
export function withNulls(data: Data, isNull: (row: number) => boolean): Data {
  const nulls = new Uint8Array((data.length + 7) >> 3);
  for (let row = 0; row < data.length; row++) {
    if (!isNull(row)) nulls[row >> 3] = (nulls[row >> 3] ?? 0) | (1 << (row & 7));
  }
  const buffers = [data.valueOffsets, data.values, nulls, data.typeIds] as never;
  return data.clone(data.type, 0, data.length, -1, buffers, data.children);
}

export function field(name: string, type: DataType, nullable = true): StructField {
  return { name, type, nullable, metadata: {} };
}

export function struct(...fields: readonly StructField[]): StructType {
  return { type: 'struct', fields };
}

export function thrown(run: () => unknown): unknown {
  try {
    run();
  } catch (error) {
    return error;
  }
  return undefined;
}
