/** Cyclic redundancy checks of 32 bits, eight bytes a step. */

const SLICES = 8;

/** What one polynomial makes of bytes. */
export interface Crc {
  /**
   * The checksum of the bytes, as an unsigned number.
   * @param before - the checksum of what comes before them; 0 at the beginning
   */
  (bytes: Uint8Array, before?: number): number;
}

/** @param polynomial - with its bits reversed, as zlib, iSCSI and others write it */
export function crcOf(polynomial: number): Crc {
  const [t0, t1, t2, t3, t4, t5, t6, t7] = makeTables(polynomial);
  return (bytes, before = 0) => {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    let crc = ~before;
    let at = 0;
    // Eight bytes a step: each has a table that carries it over those behind it.
    for (const whole = bytes.length - (bytes.length % SLICES); at < whole; at += SLICES) {
      const low = view.getUint32(at, true) ^ crc;
      const high = view.getUint32(at + 4, true);
      crc =
        (t7[low & 255] ?? 0) ^
        (t6[(low >>> 8) & 255] ?? 0) ^
        (t5[(low >>> 16) & 255] ?? 0) ^
        (t4[low >>> 24] ?? 0) ^
        (t3[high & 255] ?? 0) ^
        (t2[(high >>> 8) & 255] ?? 0) ^
        (t1[(high >>> 16) & 255] ?? 0) ^
        (t0[high >>> 24] ?? 0);
    }
    for (; at < bytes.length; at++) {
      crc = (t0[(crc ^ (bytes[at] ?? 0)) & 255] ?? 0) ^ (crc >>> 8);
    }
    return ~crc >>> 0;
  };
}

type Tables = readonly [
  Uint32Array,
  Uint32Array,
  Uint32Array,
  Uint32Array,
  Uint32Array,
  Uint32Array,
  Uint32Array,
  Uint32Array,
];

function makeTables(polynomial: number): Tables {
  const first = Uint32Array.from({ length: 256 }, (_, byte) => {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc & 1) === 1 ? (crc >>> 1) ^ polynomial : crc >>> 1;
    return crc >>> 0;
  });
  const tables = [first];
  while (tables.length < SLICES) {
    const before = tables.at(-1) ?? first;
    tables.push(before.map((crc) => ((first[crc & 255] ?? 0) ^ (crc >>> 8)) >>> 0));
  }
  return tables as unknown as Tables;
}
