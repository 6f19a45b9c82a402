/**
 * A second reading of a deletion vector, row by row and slow, for damage that its checksum covers or that has none: an
 * inline vector has no checksum, so one that was changed into another bitmap of as many rows is another vector.
 */
import type { Objects } from './overlay-store.js';
import { DESCRIPTOR, decodeZ85, descriptorOf } from './vector-answer.js';

/** Throws when it is not a vector. */
export function secondVectorReading(objects: Objects): string {
  const {
    storageType,
    pathOrInlineDv,
    sizeInBytes,
    cardinality,
    offset = 0,
  } = descriptorOf(objects);
  if (sizeInBytes === 0 && cardinality === 0) return '0: ';
  let bytes: Uint8Array;
  if (storageType === 'i') bytes = decodeZ85(pathOrInlineDv).subarray(0, sizeInBytes);
  else {
    const [file] = [...objects].filter(([key]) => key !== DESCRIPTOR);
    if (file === undefined || !pathOrInlineDv.endsWith(file[0])) throw new Error('another file');
    bytes = file[1].subarray(Math.max(offset, 1) + 4).subarray(0, sizeInBytes);
  }
  if (bytes.length !== sizeInBytes) throw new Error('too short');
  const rows = rowsOf(new DataView(bytes.buffer, bytes.byteOffset, bytes.length));
  if (rows.length !== cardinality) throw new Error('another cardinality');
  return `${cardinality}: ${rows.slice(0, 100_000).join(' ')}`;
}

function rowsOf(view: DataView): number[] {
  const rows: number[] = [];
  const littleMagic = view.getUint32(0, true);
  const isLittle = littleMagic === 1_681_511_377 || littleMagic === 1_681_511_376;
  const magic = view.getUint32(0, isLittle);
  if (magic === 1_681_511_377) {
    const count = Number(view.getBigUint64(4, isLittle));
    let at = 12;
    let last = -1;
    for (let index = 0; index < count; index++) {
      const key = view.getUint32(at, isLittle);
      if (key <= last) throw new Error('out of order');
      last = key;
      at = bitmap(view, at + 4, key * 2 ** 32, rows);
    }
    return rows;
  }
  if (magic !== 1_681_511_376) throw new Error('no magic');
  let at = 8;
  for (let key = 0; key < view.getUint32(4, isLittle); key++) {
    const end = at + 4 + view.getUint32(at, isLittle);
    if (bitmap(view, at + 4, key * 2 ** 32, rows) !== end) throw new Error('another size');
    at = end;
  }
  return rows;
}

function bitmap(view: DataView, start: number, first: number, rows: number[]): number {
  const hasRuns = view.getUint16(start, true) === 12_347;
  if (!hasRuns && view.getUint32(start, true) !== 12_346) throw new Error('no bitmap');
  const count = hasRuns ? view.getUint16(start + 2, true) + 1 : view.getUint32(start + 4, true);
  const flags = start + 4;
  const heads = hasRuns ? flags + Math.ceil(count / 8) : start + 8;
  let at = heads + count * 4 + (!hasRuns || count >= 4 ? count * 4 : 0);
  let last = -1;
  for (let index = 0; index < count; index++) {
    const high = view.getUint16(heads + index * 4, true);
    if (high <= last) throw new Error('out of order');
    last = high;
    const size = view.getUint16(heads + index * 4 + 2, true) + 1;
    const isRuns = hasRuns && ((view.getUint8(flags + (index >> 3)) >> (index & 7)) & 1) === 1;
    const found: number[] = [];
    if (isRuns) {
      const runs = view.getUint16(at, true);
      for (let run = 0; run < runs; run++) {
        const from = view.getUint16(at + 2 + run * 4, true);
        const more = view.getUint16(at + 4 + run * 4, true);
        for (let row = from; row <= from + more; row++) found.push(row);
      }
      at += 2 + runs * 4;
    } else if (size <= 4096) {
      for (let row = 0; row < size; row++) found.push(view.getUint16(at + row * 2, true));
      at += size * 2;
    } else {
      for (let row = 0; row < 65_536; row++) {
        if ((view.getUint8(at + (row >> 3)) >> (row & 7)) & 1) found.push(row);
      }
      if (found.length !== size) throw new Error('another count');
      at += 8192;
    }
    for (const [place, row] of found.entries()) {
      if (row > 65_535 || (place > 0 && row <= (found[place - 1] ?? 0)))
        throw new Error('no order');
      rows.push(first + high * 65_536 + row);
    }
  }
  return at;
}
