/** Damage to bytes that knows nothing of what they mean. */
import type { Chance } from './chance.js';

/** Bytes `start` (inclusive) to `end` (exclusive) that may be damaged. */
export interface Region {
  readonly start: number;
  readonly end: number;
}

/** Damaged bytes, and in a few words how. */
export interface Damage {
  readonly bytes: Uint8Array;
  readonly what: string;
}

/** One damaged object of a base. */
export interface Damaged extends Damage {
  readonly key: string;
}

/** Single bytes that lie at the edges of what encodings expect. */
const EDGES = [0, 1, 0x7f, 0x80, 0xff, 0x0a, 0x22, 0x2f, 0x5c, 0x7b];

/** Changes a few bytes of the region and leaves the length as it is. */
export function damageInPlace(whole: Uint8Array, region: Region, chance: Chance): Damage {
  const bytes = whole.slice();
  const times = chance.oneIn(3) ? 1 + chance.below(6) : 1;
  const notes: string[] = [];
  for (let time = 0; time < times; time++) {
    const at = region.start + chance.below(region.end - region.start);
    const old = bytes[at] ?? 0;
    let value = old ^ (1 << chance.below(8));
    if (chance.oneIn(3)) value = chance.oneIn(2) ? chance.pick(EDGES) : chance.below(256);
    bytes[at] = value;
    notes.push(`${at}: ${old} -> ${value}`);
  }
  return { bytes, what: notes.join(', ') };
}

/** Any damage at all: in place, cut off, a piece lost, doubled, zeroed, or taken from elsewhere. */
export function damageBytes(
  whole: Uint8Array,
  region: Region,
  chance: Chance,
  donor: Uint8Array = whole,
): Damage {
  const size = region.end - region.start;
  const from = region.start + chance.below(size);
  const to = Math.min(region.end, from + 1 + chance.below(chance.oneIn(2) ? 8 : size));
  const bytes = whole.slice();
  switch (chance.below(10)) {
    case 0:
      return { bytes: whole.slice(0, from), what: `cut at ${from}` };
    case 1:
      return { bytes: joined(whole.slice(0, from), whole.slice(to)), what: `lost ${from}-${to}` };
    case 2:
      return {
        bytes: joined(whole.slice(0, to), whole.slice(from)),
        what: `doubled ${from}-${to}`,
      };
    case 3:
      bytes.fill(chance.oneIn(2) ? 0 : 0xff, from, to);
      return { bytes, what: `filled ${from}-${to}` };
    case 4: {
      const length = Math.min(to - from, donor.length);
      const at = chance.below(donor.length - length + 1);
      bytes.set(donor.subarray(at, at + length), from);
      return { bytes, what: `${from}-${to} from elsewhere at ${at}` };
    }
    default:
      return damageInPlace(whole, region, chance);
  }
}

export function joined(...parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let offset = 0;
  for (const part of parts) {
    bytes.set(part, offset);
    offset += part.length;
  }
  return bytes;
}
