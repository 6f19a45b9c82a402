/**
 * A variant column of a file as a column of `metadata` and `value`: as it is, or, when the file keeps
 * parts of it in columns of their own, put together again. Parquet's "Variant Shredding".
 */
import { Binary, type Data } from 'apache-arrow';
import { makeColumn, retype, validityOf } from '../arrow-data.js';
import { arrowType } from '../arrow-type.js';
import { bitAt } from '../bits.js';
import { castBinary, checkSize } from '../cast-bytes.js';
import { type CastPlace, counts, fieldPlace, typeMisfit } from '../cast-place.js';
import { VariantDictionary } from './dictionary.js';
import { type Fail, NULL_VARIANT } from './layout.js';
import { partOf, runAt, shreddedReader } from './shredded.js';

/**
 * A column of `variant`. What is in one piece is passed on unread; a row in which no part of the value
 * is there is the null of JSON.
 */
export function castVariant(data: Data, place: CastPlace): Data {
  const metadata = partOf(data, 'metadata');
  const value = partOf(data, 'value');
  const typed = partOf(data, 'typed_value');
  if (metadata === undefined || (value === undefined && typed === undefined)) {
    throw typeMisfit(data, 'variant', place);
  }
  const names = castBinary(metadata, fieldPlace(data, place, 'metadata'));
  const pieces = { value: value && castBinary(value, fieldPlace(data, place, 'value')), typed };
  const values = wholeValues(data, pieces, place) ?? assembled(data, { ...pieces, names }, place);
  return retype(data, arrowType('variant'), [names, values]);
}

interface Pieces {
  readonly value: Data | undefined;
  readonly typed: Data | undefined;
}

/** The values as they are, when every row has its own in one piece. */
function wholeValues(data: Data, { value, typed }: Pieces, place: CastPlace): Data | undefined {
  if (value === undefined || typed !== undefined) return undefined;
  const validity = validityOf(value);
  if (validity === undefined) return value;
  for (let row = 0; row < data.length; row++) {
    if (!bitAt(validity, row) && counts(data, place, row)) return undefined;
  }
  return value;
}

function assembled(
  data: Data,
  { names, value, typed }: Pieces & { readonly names: Data },
  place: CastPlace,
): Data {
  let row = 0;
  const fail: Fail = (actual) => {
    const { column, rules, rowOf } = place;
    throw rules.misfit({ column, row: rowOf(row), expected: 'a variant', actual });
  };
  const read = shreddedReader({ value, typed }, place.column, fail);
  const runs: Uint8Array[] = [];
  const offsets = new Int32Array(data.length + 1);
  let dictionary: VariantDictionary | undefined;
  for (; row < data.length; row++) {
    let end = offsets[row] ?? 0;
    if (counts(data, place, row)) {
      const bytes = runAt(names, row);
      if (dictionary?.isOf(bytes) !== true) dictionary = new VariantDictionary(bytes, fail);
      const run = read(row, dictionary) ?? NULL_VARIANT;
      end += run.length;
      checkSize(end, place);
      runs.push(run);
    }
    offsets[row + 1] = end;
  }
  const values = new Uint8Array(offsets[data.length] ?? 0);
  let at = 0;
  for (const run of runs) {
    values.set(run, at);
    at += run.length;
  }
  return makeColumn(new Binary(), data.length, { valueOffsets: offsets, values });
}
