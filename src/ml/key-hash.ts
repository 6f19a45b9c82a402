/** Spark SQL's `xxhash64(salt, key...)`, with integers widened to long. */
import xxhash from 'xxhash-wasm';
import {
  type ArrowBatch,
  type ArrowColumn,
  InvalidArgumentError,
  type StructType,
} from '../index.js';

/** Spark's seed. */
const SEED = 42n;
const MS_PER_DAY = 86_400_000;

type Hash = (bytes: Uint8Array, seed: bigint) => bigint;
type Fold = (value: unknown, seed: bigint) => bigint;

/** Calls `visit` with the unsigned 64-bit hash of each row's key. */
export type KeyHashes = (batch: ArrowBatch, visit: (row: number, hash: bigint) => void) => void;

const encoder = new TextEncoder();
const buffer = new DataView(new ArrayBuffer(8));
const eightBytes = new Uint8Array(buffer.buffer);
const fourBytes = new Uint8Array(buffer.buffer, 0, 4);

/**
 * Each value is hashed with the hash before it as its seed; a null leaves the hash as it is.
 *
 * @throws InvalidArgumentError (when it is used) for a key column of a type that is not hashed the same everywhere
 */
export async function keyHashes(salt: string, key: readonly string[]): Promise<KeyHashes> {
  const hasher = await xxhash();
  const hash64: Hash = (bytes, seed) => hasher.h64Raw(bytes, seed);
  const salted = hash64(encoder.encode(salt), SEED);
  return (batch, visit) => {
    const columns = key.map((name) => keyColumn(batch, name, hash64));
    for (let row = 0; row < batch.numRows; row++) {
      let hash = salted;
      for (const { column, fold } of columns) {
        const value = column.get(row);
        if (value !== null && value !== undefined) hash = fold(value, hash);
      }
      visit(row, hash);
    }
  };
}

function keyColumn(
  batch: ArrowBatch,
  name: string,
  hash: Hash,
): { readonly column: ArrowColumn; readonly fold: Fold } {
  const at = batch.schema.fields.findIndex((field) => field.name === name);
  const column = batch.getChildAt(at);
  const type = String(batch.schema.fields[at]?.type);
  const fold = foldOf(type, hash);
  if (column === null || fold === undefined) {
    throw notHashed(name, type);
  }
  return { column, fold };
}

const HASHED = ['string', 'byte', 'short', 'integer', 'long', 'date', 'boolean', 'binary'];

/**
 * Whether rows of the schema can be parted by the key, before any is read. Columns that are not there are the scan's to
 * refuse.
 *
 * @throws InvalidArgumentError for a key column of a type that is not hashed the same everywhere
 */
export function checkKey(schema: StructType, key: readonly string[]): void {
  for (const { name, type } of schema.fields) {
    if (!key.includes(name) || (typeof type === 'string' && HASHED.includes(type))) continue;
    throw notHashed(name, typeof type === 'string' ? type : type.type);
  }
}

function notHashed(name: string, type: string): InvalidArgumentError {
  return new InvalidArgumentError({
    message: `a split cannot be keyed by column ${name} of type ${type}`,
    option: 'key',
    expected: 'columns of type string, byte, short, integer, long, date, boolean or binary',
  });
}

function foldOf(type: string, hash: Hash): Fold | undefined {
  if (type === 'Utf8') return (value, seed) => hash(encoder.encode(String(value)), seed);
  if (type === 'Binary') return (value, seed) => hash(value as Uint8Array, seed);
  if (/^Int(?:8|16|32|64)$/u.test(type)) {
    return (value, seed) => {
      buffer.setBigInt64(0, BigInt(value as number | bigint), true);
      return hash(eightBytes, seed);
    };
  }
  if (type === 'Bool') return (value, seed) => hashInt(value === true ? 1 : 0, seed, hash);
  if (type.startsWith('Date32')) {
    return (value, seed) => hashInt(Math.round(Number(value) / MS_PER_DAY), seed, hash);
  }
  return undefined;
}

function hashInt(value: number, seed: bigint, hash: Hash): bigint {
  buffer.setInt32(0, value, true);
  return hash(fourBytes, seed);
}
