/** What Varve makes of one deletion vector, as one text; and the vectors that are damaged. */

import type { DeletionVectorDescriptor } from '../../src/log/actions.js';
import { readDeletionVector } from '../../src/log/deletion-vector/read-deletion-vector.js';
import { crc32 } from '../../src/storage/parquet/crc32.js';
import { bitmapBytes, nativeBytes, portableBytes } from '../log/deletion-vector/roaring-bytes.js';
import type { Chance } from './chance.js';
import { type Damaged, damageBytes, joined } from './mutate-bytes.js';
import { damageJson } from './mutate-json.js';
import { type Base, type Objects, overlayStore } from './overlay-store.js';
import { TABLE_URL } from './table-answer.js';

/** The key of the descriptor, which in a table is a part of the log. */
export const DESCRIPTOR = 'descriptor.json';

/** Rows of an answer that are written out; every one counts in its cardinality. */
const SHOWN_ROWS = 100_000;

export async function vectorText(objects: Objects): Promise<string> {
  const log = { store: overlayStore(objects), url: TABLE_URL, clock: { now: Date.now } };
  const bitmap = await readDeletionVector(log as never, descriptorOf(objects));
  const rows: number[] = [];
  for (const row of bitmap.rows()) {
    if (rows.push(row) >= SHOWN_ROWS) break;
  }
  return `${bitmap.cardinality}: ${rows.join(' ')}`;
}

export function descriptorOf(objects: Objects): DeletionVectorDescriptor {
  const text = new TextDecoder().decode(objects.get(DESCRIPTOR));
  return JSON.parse(text) as DeletionVectorDescriptor;
}

/** Damages the bitmap, with its checksum or behind its back, or a text that holds one, or the descriptor. */
export function damageVector({ objects }: Base, chance: Chance): Damaged {
  const file = [...objects.keys()].find((key) => key !== DESCRIPTOR);
  const descriptor = objects.get(DESCRIPTOR) ?? new Uint8Array();
  if (file === undefined || chance.oneIn(4))
    return { key: DESCRIPTOR, ...damageDescriptor(descriptor, chance) };
  const bytes = objects.get(file) ?? new Uint8Array();
  if (chance.oneIn(2))
    return { key: file, ...damageBytes(bytes, { start: 0, end: bytes.length }, chance) };
  const { offset = 1, sizeInBytes } = descriptorOf(objects);
  const start = offset + 4;
  const vector = damageBytes(
    bytes.subarray(start, start + sizeInBytes),
    { start: 0, end: sizeInBytes },
    chance,
  );
  return { key: file, what: `checksummed ${vector.what}`, bytes: vectorFile(vector.bytes) };
}

function damageDescriptor(bytes: Uint8Array, chance: Chance): { bytes: Uint8Array; what: string } {
  const text = new TextDecoder().decode(bytes);
  const descriptor = JSON.parse(text) as DeletionVectorDescriptor;
  if (descriptor.storageType === 'i' && !chance.oneIn(4)) {
    const whole = decodeZ85(descriptor.pathOrInlineDv);
    const damaged = damageBytes(whole, { start: 0, end: whole.length }, chance);
    const padded = joined(damaged.bytes, new Uint8Array((4 - (damaged.bytes.length % 4)) % 4));
    const edited = { ...descriptor, pathOrInlineDv: encodeZ85(padded) };
    return {
      bytes: new TextEncoder().encode(JSON.stringify(edited)),
      what: `inline ${damaged.what}`,
    };
  }
  // What does not have its type is refused where the log is decoded, which the kind of log lines tries.
  const edited = { ...descriptor, ...sameTypes(descriptor, damageJson(text, chance)) };
  return { bytes: new TextEncoder().encode(JSON.stringify(edited)), what: 'descriptor' };
}

function sameTypes(descriptor: DeletionVectorDescriptor, text: string): object {
  const edited = JSON.parse(text) as Readonly<Record<string, unknown>>;
  const wanted = Object.entries(descriptor).filter(
    ([name, value]) => typeof edited?.[name] === typeof value,
  );
  return Object.fromEntries(wanted.map(([name]) => [name, edited[name]]));
}

/** A file with one vector in it. */
function vectorFile(vector: Uint8Array): Uint8Array {
  return joined(Uint8Array.of(1), big(vector.length), vector, big(crc32(vector)));
}

function big(value: number): Uint8Array {
  return Uint8Array.of(value >>> 24, value >>> 16, value >>> 8, value);
}

/** Vectors in each format and each form of container, inline and in files. */
export function vectorBases(): readonly Base[] {
  const runs = Array.from({ length: 900 }, (_, row) => row + 100);
  const dense = Array.from({ length: 5000 }, (_, row) => row * 3);
  const small = bitmapBytes([{ high: 0, rows: [1, 5, 70, 900], form: 'rows' }]);
  const mixed = bitmapBytes([
    { high: 0, rows: runs, form: 'runs' },
    { high: 2, rows: [0, 1, 65_535], form: 'rows' },
  ]);
  const bits = bitmapBytes([{ high: 1, rows: dense, form: 'bits' }]);
  const vectors: [string, Uint8Array, number][] = [
    ['small', portableBytes([[0, small]]), 4],
    [
      'mixed',
      portableBytes([
        [0, mixed],
        [3, small],
      ]),
      runs.length + 3 + 4,
    ],
    ['bits', portableBytes([[0, bits]]), dense.length],
    ['native', nativeBytes([small, mixed], false), runs.length + 3 + 4],
  ];
  return vectors.flatMap(([name, bytes, cardinality]) => {
    const shared = { sizeInBytes: bytes.length, cardinality };
    const path = `${name}.bin`;
    const inline = encodeZ85(joined(bytes, new Uint8Array((4 - (bytes.length % 4)) % 4)));
    const file = { ...shared, storageType: 'p', pathOrInlineDv: `${TABLE_URL}/${path}`, offset: 1 };
    return [
      base(`vector/${name}`, file, new Map([[path, vectorFile(bytes)]])),
      base(
        `vector/${name}-inline`,
        { ...shared, storageType: 'i', pathOrInlineDv: inline },
        new Map(),
      ),
    ];
  });
}

function base(name: string, descriptor: DeletionVectorDescriptor, objects: Objects): Base {
  const bytes = new TextEncoder().encode(JSON.stringify(descriptor));
  return { name, objects: new Map([...objects, [DESCRIPTOR, bytes]]) };
}

const ALPHABET =
  '0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#';

export function encodeZ85(bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < bytes.length; at += 4) {
    let value = new DataView(bytes.buffer, bytes.byteOffset + at, 4).getUint32(0);
    let five = '';
    for (let digit = 0; digit < 5; digit++) {
      five = (ALPHABET[value % 85] ?? '') + five;
      value = Math.floor(value / 85);
    }
    text += five;
  }
  return text;
}

export function decodeZ85(text: string): Uint8Array {
  const bytes: number[] = [];
  for (let at = 0; at < text.length; at += 5) {
    let value = 0;
    for (const digit of text.slice(at, at + 5).padEnd(5, '~')) {
      const index = ALPHABET.indexOf(digit);
      if (index < 0) throw new Error('no digit of Z85');
      value = value * 85 + index;
    }
    if (value >= 2 ** 32) throw new Error('more than four bytes');
    bytes.push(...big(value));
  }
  return Uint8Array.from(bytes);
}
