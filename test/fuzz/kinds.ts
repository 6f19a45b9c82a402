/** What is damaged, how, and what must come of it: one entry for each line of the report. */
import { LAST_CHECKPOINT_KEY } from '../../src/log/log-path.js';
import { commitKeys, FILE } from './bases.js';
import type { Chance } from './chance.js';
import { fileText, footerRegion, type PagePlace, pagesOf } from './file-answer.js';
import {
  type Damage,
  type Damaged,
  damageBytes,
  damageInPlace,
  joined,
  type Region,
} from './mutate-bytes.js';
import { damageJson } from './mutate-json.js';
import { damageThrift } from './mutate-thrift.js';
import type { Base, Objects } from './overlay-store.js';
import { secondFileReading } from './second-file.js';
import { secondReading } from './second-log.js';
import { secondVectorReading } from './second-vector.js';
import { rowsText, stateText } from './table-answer.js';
import { damageVector, vectorText } from './vector-answer.js';

export interface Kind {
  readonly name: string;
  /** The names of the bases it damages. */
  readonly bases: RegExp;
  /** How many inputs of this kind are made for one of the slowest: cheap kinds are tried more often. */
  readonly weight: number;
  damage(base: Base, chance: Chance): Damaged;
  /** What Varve makes of the objects, as text; rejects as Varve does. */
  read(objects: Objects): Promise<string>;
  /** Another right answer: what an independent reader makes of the damaged bytes. Throws when it reads nothing. */
  readonly second?: ((objects: Objects) => string | Promise<string>) | undefined;
  /** Whether other rows are no violation, because nothing in the format can show the damage. */
  readonly mayDiffer?: boolean;
}

export const KINDS: readonly Kind[] = [
  {
    name: 'log line',
    bases: /-log$/u,
    weight: 30,
    damage: damageLog,
    read: stateText,
    second: secondReading,
  },
  {
    name: 'checkpoint',
    bases: /^(classic|v2|v2-json)(-bare)?$/u,
    weight: 1,
    damage: damageCheckpoint,
    read: stateText,
    second: secondReading,
  },
  {
    name: 'footer',
    bases: /^pages-crc\//u,
    weight: 8,
    damage: damageFooter,
    read: fileText,
    second: secondFileReading,
  },
  {
    name: 'page header',
    bases: /^pages-crc\//u,
    weight: 1,
    damage: (base, chance) => inPage(base, chance, damagePageHeader),
    read: fileText,
  },
  {
    name: 'page body with CRC',
    bases: /^pages-crc\//u,
    weight: 1,
    damage: (base, chance) => inPage(base, chance, damagePageBody),
    read: fileText,
  },
  {
    name: 'page body without CRC',
    bases: /^pages\//u,
    weight: 1,
    damage: (base, chance) => inPage(base, chance, damagePageBody),
    read: fileText,
    mayDiffer: true,
  },
  {
    name: 'deletion vector',
    bases: /^vector\//u,
    weight: 40,
    damage: damageVector,
    read: vectorText,
    second: secondVectorReading,
  },
  {
    name: '_last_checkpoint',
    bases: /^(classic|own)$/u,
    weight: 1,
    damage: (base, chance) => ({
      key: LAST_CHECKPOINT_KEY,
      ...damageText(bytesOf(base, LAST_CHECKPOINT_KEY), chance),
    }),
    read: rowsText,
  },
  {
    name: 'sidecar',
    bases: /^v2(-json)?(-bare)?$/u,
    weight: 1,
    damage: (base, chance) => damageParquet(base, keyLike(base, /_sidecars\//u), chance),
    read: stateText,
    second: secondReading,
  },
  {
    name: 'checksum',
    bases: /^(classic|v2|v2-json)(-bare)?$/u,
    weight: 1,
    damage: (base, chance) => {
      const key = chance.pick([...base.objects.keys()].filter((name) => name.endsWith('.crc')));
      return { key, ...damageText(bytesOf(base, key), chance) };
    },
    read: stateText,
  },
];

function bytesOf({ objects }: Base, key: string): Uint8Array {
  const bytes = objects.get(key);
  if (bytes === undefined) throw new Error(`there is no ${key}`);
  return bytes;
}

function keyLike({ objects }: Base, pattern: RegExp): string {
  const key = [...objects.keys()].find((name) => pattern.test(name));
  if (key === undefined) throw new Error(`there is no object like ${pattern}`);
  return key;
}

function damageLog(base: Base, chance: Chance): Damaged {
  return damageActions(base, chance.pick(commitKeys(base)), chance);
}

function damageActions(base: Base, key: string, chance: Chance): Damaged {
  const bytes = bytesOf(base, key);
  if (chance.oneIn(10)) return { key, ...damageLines(base, bytes, chance) };
  const line = chance.pick(linesOf(bytes));
  if (chance.oneIn(2)) {
    const text = decoder.decode(bytes.subarray(line.start, line.end));
    const changed = encoder.encode(damageJson(text, chance));
    return { key, what: 'json', bytes: replaced(bytes, line, changed) };
  }
  return { key, ...damageBytes(bytes, line, chance) };
}

/** A line lost, doubled, moved, or taken from another commit. */
function damageLines(base: Base, bytes: Uint8Array, chance: Chance): Damage {
  const lines = linesOf(bytes).map(({ start, end }) => bytes.subarray(start, end));
  const at = chance.below(lines.length);
  const other = bytesOf(base, chance.pick(commitKeys(base)));
  const { start, end } = chance.pick(linesOf(other));
  const donor = chance.oneIn(2) ? other.subarray(start, end) : lines[at];
  if (chance.oneIn(3)) lines.splice(at, 1);
  else lines.splice(chance.below(lines.length + 1), chance.below(2), donor ?? bytes);
  const newline = encoder.encode('\n');
  return { bytes: joined(...lines.flatMap((line) => [line, newline])), what: 'lines' };
}

function damageText(bytes: Uint8Array, chance: Chance): Damage {
  if (chance.oneIn(2)) {
    return { what: 'json', bytes: encoder.encode(damageJson(decoder.decode(bytes), chance)) };
  }
  return damageBytes(bytes, { start: 0, end: bytes.length }, chance);
}

function damageCheckpoint(base: Base, chance: Chance): Damaged {
  const key = keyLike(base, /^_delta_log\/\d{20}\.checkpoint\./u);
  if (key.endsWith('.parquet')) return damageParquet(base, key, chance);
  return damageActions(base, key, chance);
}

function damageParquet(base: Base, key: string, chance: Chance): Damaged {
  const bytes = bytesOf(base, key);
  if (chance.oneIn(3)) return { key, ...damageFooterOf(bytes, chance) };
  if (chance.oneIn(2))
    return { key, ...damagePageHeader(bytes, chance.pick(pagesOf(bytes)), chance) };
  return { key, ...damageBytes(bytes, { start: 0, end: bytes.length }, chance) };
}

function damageFooter(base: Base, chance: Chance): Damaged {
  return { key: FILE, ...damageFooterOf(bytesOf(base, FILE), chance) };
}

function damageFooterOf(bytes: Uint8Array, chance: Chance): Damage {
  const region = footerRegion(bytes);
  if (chance.oneIn(3)) {
    const thrift = damageThrift(bytes.subarray(region.start, region.end), chance);
    const length = new Uint8Array(4);
    new DataView(length.buffer).setUint32(0, thrift.length, true);
    const magic = bytes.subarray(bytes.length - 4);
    return {
      what: 'thrift',
      bytes: joined(bytes.subarray(0, region.start), thrift, length, magic),
    };
  }
  return damageBytes(bytes, { start: region.start, end: bytes.length }, chance);
}

type DamagePage = (bytes: Uint8Array, page: PagePlace, chance: Chance) => Damage;

function inPage(base: Base, chance: Chance, damage: DamagePage): Damaged {
  const bytes = bytesOf(base, FILE);
  const page = chance.pick(pagesOf(bytes).filter(({ body }) => body.end > body.start));
  return { key: FILE, ...damage(bytes, page, chance) };
}

function damagePageHeader(bytes: Uint8Array, { header }: PagePlace, chance: Chance): Damage {
  if (chance.oneIn(2)) return damageInPlace(bytes, header, chance);
  const thrift = damageThrift(bytes.subarray(header.start, header.end), chance);
  const damaged = bytes.slice();
  // A longer header covers what followed it; a shorter one leaves its end behind.
  damaged.set(thrift.subarray(0, bytes.length - header.start), header.start);
  return { bytes: damaged, what: `thrift at ${header.start}` };
}

function damagePageBody(bytes: Uint8Array, { body }: PagePlace, chance: Chance): Damage {
  return damageInPlace(bytes, body, chance);
}

function linesOf(bytes: Uint8Array): readonly Region[] {
  const lines: Region[] = [];
  for (let start = 0; start < bytes.length; ) {
    const newline = bytes.indexOf(NEWLINE, start);
    const end = newline < 0 ? bytes.length : newline;
    lines.push({ start, end });
    start = end + 1;
  }
  return lines;
}

const NEWLINE = 10;
const encoder = new TextEncoder();
const decoder = new TextDecoder();

function replaced(bytes: Uint8Array, { start, end }: Region, by: Uint8Array): Uint8Array {
  return joined(bytes.subarray(0, start), by, bytes.subarray(end));
}
