/** Values to a variant's bytes: what putting shredded values together needs. */
import { ARRAY, OBJECT, PRIMITIVE_TYPE as P, SHORT_STRING } from './layout.js';

const MAX_SHORT_STRING = 63;

/** A primitive: the bytes behind its first are written by `write`. */
export function encodePrimitive(
  type: number,
  size: number,
  write: (view: DataView) => void = () => undefined,
): Uint8Array {
  const bytes = new Uint8Array(1 + size);
  bytes[0] = type << 2;
  write(new DataView(bytes.buffer, 1));
  return bytes;
}

export function encodeString(text: Uint8Array): Uint8Array {
  if (text.length > MAX_SHORT_STRING) return encodeRun(P.string, text);
  const bytes = new Uint8Array(1 + text.length);
  bytes[0] = (text.length << 2) | SHORT_STRING;
  bytes.set(text, 1);
  return bytes;
}

export function encodeBinary(value: Uint8Array): Uint8Array {
  return encodeRun(P.binary, value);
}

/** A decimal in the width that its type, not its value, asks for. */
export function encodeDecimal(unscaled: bigint, precision: number, scale: number): Uint8Array {
  if (precision <= 9) {
    return encodePrimitive(P.decimal4, 5, (view) => {
      view.setUint8(0, scale);
      view.setInt32(1, Number(unscaled), true);
    });
  }
  if (precision <= 18) {
    return encodePrimitive(P.decimal8, 9, (view) => {
      view.setUint8(0, scale);
      view.setBigInt64(1, unscaled, true);
    });
  }
  return encodePrimitive(P.decimal16, 17, (view) => {
    view.setUint8(0, scale);
    view.setBigUint64(1, BigInt.asUintN(64, unscaled), true);
    view.setBigInt64(9, unscaled >> 64n, true);
  });
}

export function encodeArray(elements: readonly Uint8Array[]): Uint8Array {
  const body = new Body(elements);
  const isLarge = elements.length > 0xff;
  const header = ARRAY | ((body.offsetBytes - 1) << 2) | (isLarge ? 1 << 4 : 0);
  return body.encode(header, { isLarge, ids: [], idBytes: 0 });
}

/** An object; its fields must be in the order of their names' bytes. */
export function encodeObject(
  fields: readonly { readonly id: number; readonly value: Uint8Array }[],
): Uint8Array {
  const body = new Body(fields.map(({ value }) => value));
  const ids = fields.map(({ id }) => id);
  const idBytes = bytesFor(ids.reduce((most, id) => Math.max(most, id), 0));
  const isLarge = fields.length > 0xff;
  const sizes = ((body.offsetBytes - 1) << 2) | ((idBytes - 1) << 4);
  return body.encode(OBJECT | sizes | (isLarge ? 1 << 6 : 0), { isLarge, ids, idBytes });
}

interface Head {
  readonly isLarge: boolean;
  readonly ids: readonly number[];
  readonly idBytes: number;
}

/** The members of an object or array, one behind the other. */
class Body {
  readonly offsetBytes: number;
  readonly #members: readonly Uint8Array[];
  readonly #size: number;

  constructor(members: readonly Uint8Array[]) {
    this.#members = members;
    this.#size = members.reduce((sum, member) => sum + member.length, 0);
    this.offsetBytes = bytesFor(this.#size);
  }

  encode(header: number, { isLarge, ids, idBytes }: Head): Uint8Array {
    const count = this.#members.length;
    const countBytes = isLarge ? 4 : 1;
    const offsets = 1 + countBytes + count * idBytes;
    const start = offsets + (count + 1) * this.offsetBytes;
    const bytes = new Uint8Array(start + this.#size);
    bytes[0] = header;
    putUint(bytes, 1, countBytes, count);
    for (const [index, id] of ids.entries()) {
      putUint(bytes, 1 + countBytes + index * idBytes, idBytes, id);
    }
    let end = 0;
    for (const [index, member] of this.#members.entries()) {
      bytes.set(member, start + end);
      end += member.length;
      putUint(bytes, offsets + (index + 1) * this.offsetBytes, this.offsetBytes, end);
    }
    return bytes;
  }
}

function encodeRun(type: number, value: Uint8Array): Uint8Array {
  const bytes = encodePrimitive(type, 4 + value.length, (view) => {
    view.setUint32(0, value.length, true);
  });
  bytes.set(value, 5);
  return bytes;
}

function bytesFor(most: number): number {
  if (most <= 0xff) return 1;
  if (most <= 0xffff) return 2;
  return most <= 0xff_ffff ? 3 : 4;
}

function putUint(bytes: Uint8Array, at: number, width: number, value: number): void {
  let rest = value;
  for (let byte = 0; byte < width; byte++) {
    bytes[at + byte] = rest & 0xff;
    rest = Math.floor(rest / 256);
  }
}
