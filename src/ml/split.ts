/** Which part of the data a row belongs to, decided by the row's own key: the same in every version and every engine. */
import { type ArrowBatch, InvalidArgumentError, type RowFilter } from '../index.js';
import { checkKeys, entriesOf } from './check-options.js';
import { checkText } from './check-text.js';
import { keyHashes } from './key-hash.js';

/** Selects the rows of one part; plain data, recorded with the run. */
export interface RowSplit {
  /** The part's name. */
  readonly part: string;
  /** Columns whose values are hashed, in order. */
  readonly key: readonly string[];
  /** Hashed before the key: another salt parts the rows anew. */
  readonly salt: string;
  /** A row is in the part when its position `u`, from 0 to 1, is at least `from` and below `to`. */
  readonly from: number;
  readonly to: number;
}

export interface HashSplitOptions<P extends Readonly<Record<string, number>>> {
  /** Columns that name a row, or the group that must stay together; of type text, integer, date or boolean. */
  readonly key: readonly string[];
  /** The share of each part, in order; together 1. */
  readonly parts: P;
  /** Default `varve`. */
  readonly salt?: string | undefined;
}

const DEFAULT_SALT = 'varve';
const SUM_TOLERANCE = 1e-9;

/**
 * Parts rows by a hash of their key: rows that are added later fall into parts without moving the others, and rows of
 * one key are never in two parts.
 *
 * The position of a row is `u = shiftrightunsigned(h, 11) / 2^53` with `h = xxhash64(salt, key...)`, both as in Spark
 * SQL, integers widened to long.
 *
 * @throws InvalidArgumentError when the shares are not positive or do not add up to 1, or another option is wrong
 */
export function hashSplit<const P extends Readonly<Record<string, number>>>(
  options: HashSplitOptions<P>,
): { readonly [K in keyof P]: RowSplit } {
  checkKeys('hashSplit', options, ['key', 'parts', 'salt']);
  const { key, salt = DEFAULT_SALT } = options;
  const parts = entriesOf<number>('hashSplit', 'parts', options.parts);
  const sum = parts.reduce((total, [, share]) => total + share, 0);
  if (!Array.isArray(key) || key.length === 0 || !key.every(isName)) {
    throw invalid('key', 'names of columns, one at least');
  }
  if (!parts.every(([, share]) => share > 0) || Math.abs(sum - 1) > SUM_TOLERANCE) {
    throw invalid('parts', 'positive shares that add up to 1');
  }
  let from = 0;
  const splits = parts.map(([part, share], at): [string, RowSplit] => {
    const begin = from;
    from = at === parts.length - 1 ? 1 : begin + share;
    return [part, { part, key: [...key], salt, from: begin, to: from }];
  });
  // fromEntries defines properties, so a part named __proto__ becomes one.
  return Object.fromEntries(splits) as { readonly [K in keyof P]: RowSplit };
}

/**
 * Found out before it is recorded: bounds that are no numbers are met by no row.
 *
 * @throws InvalidArgumentError when it is not what {@link hashSplit} gives
 */
export function checkSplit(split: RowSplit): void {
  checkKeys('use', split, ['part', 'key', 'salt', 'from', 'to']);
  const { part, key, salt, from, to } = split;
  checkText(part, 'split.part');
  checkText(salt, 'split.salt');
  const isKey = Array.isArray(key) && key.length > 0 && key.every(isName);
  if (isKey && isShare(from) && isShare(to)) return;
  throw new InvalidArgumentError({
    message: 'use: the split is not one of hashSplit',
    option: 'split',
    expected: '{ part, key, salt, from, to } with names of columns, and bounds from 0 to 1',
  });
}

function isShare(bound: unknown): boolean {
  return typeof bound === 'number' && bound >= 0 && bound <= 1;
}

/** The rows of a part, as a filter of a scan. */
export async function splitFilter(split: RowSplit): Promise<RowFilter> {
  const hashes = await keyHashes(split.salt, split.key);
  return {
    columns: split.key,
    keep: (batch: ArrowBatch) => {
      const rows = new Uint32Array(batch.numRows);
      let count = 0;
      hashes(batch, (row, hash) => {
        const position = Number(hash >> 11n) / 2 ** 53;
        if (position >= split.from && position < split.to) rows[count++] = row;
      });
      return rows.subarray(0, count);
    },
  };
}

function isName(value: unknown): boolean {
  return typeof value === 'string' && value !== '';
}

function invalid(option: string, expected: string): InvalidArgumentError {
  return new InvalidArgumentError({
    message: 'hashSplit: the option is not valid',
    option,
    expected,
  });
}
