/** Arrow batches that hold every type Delta has, for tests of the Parquet room. */
import {
  Bool,
  Data,
  DateDay,
  Decimal,
  Field,
  Float64,
  Int32,
  Int64,
  List,
  Map_,
  makeData,
  RecordBatch,
  Schema,
  Struct,
  TimestampMicrosecond,
  type TypeMap,
  Utf8,
} from 'apache-arrow';
import { joinBody } from '../../../src/storage/object-store.js';
import { decodeRowGroup } from '../../../src/storage/parquet/decode.js';
import { type EncodedFile, ParquetFileEncoder } from '../../../src/storage/parquet/encode.js';
import { parseFile } from '../../../src/storage/parquet/footer.js';
import type { ParquetFooter } from '../../../src/storage/parquet/footer-types.js';
import type { ParquetSource } from '../../../src/storage/parquet/source.js';
import { bytesSource } from '../../../src/storage/parquet/source.js';

/** A bitmap with a 1 for each row that `isValid`. */
export function bitmap(rows: number, isValid: (row: number) => boolean): Uint8Array {
  const bits = new Uint8Array(Math.ceil(rows / 8));
  for (let row = 0; row < rows; row += 1) {
    if (isValid(row)) bits[row >> 3] = (bits[row >> 3] ?? 0) | (1 << (row & 7));
  }
  return bits;
}

export function textData(values: readonly (string | null)[]): Data<Utf8> {
  const encoded = values.map((value) => new TextEncoder().encode(value ?? ''));
  const valueOffsets = new Int32Array(values.length + 1);
  for (const [index, bytes] of encoded.entries()) {
    valueOffsets[index + 1] = (valueOffsets[index] ?? 0) + bytes.length;
  }
  return makeData({
    type: new Utf8(),
    length: values.length,
    nullBitmap: bitmap(values.length, (row) => values[row] !== null),
    valueOffsets,
    data: joinBody(encoded.length === 0 ? [new Uint8Array(0)] : encoded),
  });
}

export function longData(values: readonly (bigint | null)[]): Data<Int64> {
  return makeData({
    type: new Int64(),
    length: values.length,
    nullBitmap: bitmap(values.length, (row) => values[row] !== null),
    data: BigInt64Array.from(values, (value) => value ?? 77n),
  });
}

export function doubleData(values: readonly (number | null)[]): Data<Float64> {
  return makeData({
    type: new Float64(),
    length: values.length,
    nullBitmap: bitmap(values.length, (row) => values[row] !== null),
    data: Float64Array.from(values, (value) => value ?? -1e300),
  });
}

/** A batch of columns by name; every field is nullable. */
export function batchOf(columns: Readonly<Record<string, Data>>): RecordBatch {
  const fields = Object.entries(columns).map(([name, { type }]) => new Field(name, type, true));
  const children = Object.values(columns);
  const schema = new Schema(fields);
  const length = children[0]?.length ?? 0;
  return new RecordBatch(schema, makeData({ type: new Struct(fields), length, children }));
}

const id = (value: number): Map<string, string> => new Map([['PARQUET:field_id', String(value)]]);

/** `rows` rows of nested and flat types, null here and there, with field ids. */
export function everyType(rows: number): RecordBatch {
  const every = (step: number) => bitmap(rows, (row) => row % step !== 0);
  const long = longData(Array.from({ length: rows }, (_, row) => BigInt(row)));
  const inner = makeData({
    type: new Struct<TypeMap>([
      new Field('a', new Int64(), false, id(12)),
      new Field('b', new Utf8(), true, id(13)),
    ]),
    length: rows,
    nullBitmap: every(4),
    children: [
      long,
      textData(Array.from({ length: rows }, (_, row) => (row % 5 === 0 ? null : `b${row}`))),
    ],
  });
  const offsets = Int32Array.from({ length: rows + 1 }, (_, row) => row * 2);
  const elements = longData(
    Array.from({ length: rows * 2 }, (_, row) => (row % 7 === 0 ? null : BigInt(row))),
  );
  const entriesType = new Struct<{ key: Utf8; value: Int64 }>([
    new Field('key', new Utf8(), false, id(15)),
    new Field('value', new Int64(), true, id(16)),
  ]);
  const columns: [Field, Data][] = [
    [new Field('long', new Int64(), true, id(1)), long],
    [
      new Field('int', new Int32(), true, id(2)),
      makeData({
        type: new Int32(),
        length: rows,
        nullBitmap: every(3),
        data: Int32Array.from({ length: rows }, (_, row) => -row),
      }),
    ],
    [
      new Field('flag', new Bool(), true, id(3)),
      makeData({ type: new Bool(), length: rows, data: every(2), nullBitmap: every(6) }),
    ],
    [
      new Field('day', new DateDay(), true, id(4)),
      makeData({
        type: new DateDay(),
        length: rows,
        data: Int32Array.from({ length: rows }, (_, row) => row - 5),
      }),
    ],
    [
      new Field('at', new TimestampMicrosecond('UTC'), true, id(5)),
      makeData({
        type: new TimestampMicrosecond('UTC'),
        length: rows,
        data: BigInt64Array.from({ length: rows }, (_, row) => BigInt(row) * 1_000_001n),
      }),
    ],
    [
      new Field('price', new Decimal(2, 20), true, id(6)),
      makeData({
        type: new Decimal(2, 20, 128),
        length: rows,
        data: Uint32Array.from({ length: rows * 4 }, (_, word) => (word % 4 === 0 ? word : 0)),
      }),
    ],
    [new Field('inner', inner.type, true, id(7)), inner],
    [
      new Field('list', new List(new Field('item', new Int64(), true, id(14))), true, id(8)),
      makeData({
        type: new List(new Field('item', new Int64(), true)),
        length: rows,
        nullBitmap: every(9),
        valueOffsets: offsets,
        child: elements,
      }),
    ],
    [
      new Field('map', new Map_(new Field('entries', entriesType, false)), true, id(9)),
      makeData({
        type: new Map_(new Field('entries', entriesType, false)),
        length: rows,
        valueOffsets: offsets,
        child: makeData({
          type: entriesType,
          length: rows * 2,
          children: [textData(Array.from({ length: rows * 2 }, (_, row) => `k${row}`)), elements],
        }),
      }),
    ],
  ];
  const fields = columns.map(([field]) => field);
  const children = columns.map(([, data]) => data);
  const data = makeData({ type: new Struct(fields), length: rows, children });
  return new RecordBatch(new Schema(fields), data);
}

/** Encodes batches of one schema as one file. */
export async function encode(
  batches: readonly RecordBatch[],
  options: Partial<ConstructorParameters<typeof ParquetFileEncoder>[0]> = {},
): Promise<EncodedFile> {
  const [first] = batches;
  if (first === undefined) throw new TypeError('no batch to take the schema from');
  const encoder = new ParquetFileEncoder({ schema: first.schema, key: 'f.parquet', ...options });
  for (const batch of batches) await encoder.write(batch);
  return await encoder.finish();
}

export interface OpenFile {
  readonly bytes: Uint8Array;
  readonly source: ParquetSource;
  readonly footer: ParquetFooter;
}

export function open(body: Uint8Array | readonly Uint8Array[], key = 'f.parquet'): OpenFile {
  const bytes = joinBody(body);
  return { bytes, source: bytesSource(bytes, key), footer: parseFile(bytes, key) };
}

/** Every row of a file, in order, as plain JSON-like values. */
export async function rowsOf({ source, footer }: OpenFile): Promise<unknown[]> {
  const rows: unknown[] = [];
  for (const index of footer.rowGroups.keys()) {
    rows.push(...plainRows(await decodeRowGroup(source, footer, index)));
  }
  return rows;
}

/** A batch's rows as plain values: structs objects, lists arrays, maps arrays of pairs. */
export function plainRows(batch: RecordBatch): unknown[] {
  return batch.toArray().map((row) => plain(row));
}

function plain(value: unknown): unknown {
  if (value === null || typeof value !== 'object') return value;
  if (value instanceof Uint8Array || value instanceof Uint32Array) return [...value];
  const { constructor } = value;
  if (constructor.name === 'Vector') return [...(value as Iterable<unknown>)].map(plain);
  if (constructor.name === 'MapRow') {
    return [...(value as Iterable<[unknown, unknown]>)].map(([key, item]) => [key, plain(item)]);
  }
  return Object.fromEntries(
    [...(value as Iterable<[string, unknown]>)].map(([name, item]) => [name, plain(item)]),
  );
}
