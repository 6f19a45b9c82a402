/** Text columns as Arrow holds them, compared and matched by their UTF-8 bytes without decoding. */
import { type Data, Type } from 'apache-arrow';
import { InternalError } from '../../errors.js';
import type { BoundColumn, BoundNode } from './bound.js';
import { matchesLike } from './like-pattern.js';
import type { Value } from './order.js';
import { FALSE, type Outcomes, TRUE } from './outcome.js';

/** Row `i` is `bytes` from `offsets[i]` to `offsets[i + 1]`. */
export interface Texts {
  readonly bytes: Uint8Array;
  readonly offsets: Int32Array;
}

const encoder = new TextEncoder();

/** The buffers of a string or binary column. */
export function textsOf(data: Data, column: BoundColumn): Texts {
  const { valueOffsets, values } = data;
  if (valueOffsets instanceof Int32Array && values instanceof Uint8Array) {
    return { offsets: valueOffsets, bytes: values };
  }
  throw new InternalError({
    message: `column ${column.path.join('.')} came as arrow ${Type[data.typeId]}`,
  });
}

/** The bytes that a text or binary constant has in a column. */
export function textBytes(value: Value): Uint8Array {
  return value instanceof Uint8Array ? value : encoder.encode(String(value));
}

/** The order of a row's bytes and others. */
export function compareToBytes(texts: Texts, row: number, other: Uint8Array): number {
  const { bytes, offsets } = texts;
  const start = offsets[row] as number;
  const length = (offsets[row + 1] as number) - start;
  const shared = Math.min(length, other.length);
  for (let i = 0; i < shared; i++) {
    const difference = (bytes[start + i] as number) - (other[i] as number);
    if (difference !== 0) return difference;
  }
  return length - other.length;
}

type MatchNode = Extract<BoundNode, { kind: 'prefix' | 'like' }>;

/** Marks each row TRUE or FALSE; what it marks a null is of no meaning. */
export function matchColumn(data: Data, node: MatchNode, out: Outcomes): void {
  const texts = textsOf(data, node.column);
  const { bytes, offsets } = texts;
  if (node.kind === 'like') {
    const { pattern } = node;
    for (let row = 0; row < out.length; row++) {
      const fits = matchesLike(pattern, bytes, offsets[row] as number, offsets[row + 1] as number);
      out[row] = fits ? TRUE : FALSE;
    }
    return;
  }
  const prefix = encoder.encode(node.prefix);
  for (let row = 0; row < out.length; row++) {
    const start = offsets[row] as number;
    const fits = (offsets[row + 1] as number) - start >= prefix.length;
    out[row] = fits && beginsWith(bytes, start, prefix) ? TRUE : FALSE;
  }
}

function beginsWith(bytes: Uint8Array, start: number, prefix: Uint8Array): boolean {
  for (let i = 0; i < prefix.length; i++) if (bytes[start + i] !== prefix[i]) return false;
  return true;
}
