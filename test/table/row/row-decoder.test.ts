import { type Field, RecordBatch, Struct } from 'apache-arrow';
import { describe, expect, it } from 'vitest';
import { makeColumn } from '../../../src/log/schema/arrow-data.js';
import { arrowSchema } from '../../../src/log/schema/arrow-type.js';
import type { DataType, StructType } from '../../../src/log/schema/types.js';
import { pathKey } from '../../../src/table/row/column-reader.js';
import { rowDecoder } from '../../../src/table/row/row-decoder.js';
import { RowEncoder } from '../../../src/table/row/row-encoder.js';
import type { Timestamp } from '../../../src/table/row/timestamp.js';

const one = (type: DataType): StructType => ({
  type: 'struct',
  fields: [{ name: 'v', type, nullable: true, metadata: {} }],
});

function encoded(schema: StructType, ...values: unknown[]): RecordBatch {
  const encoder = new RowEncoder(schema);
  for (const v of values) encoder.append({ v });
  return encoder.flush();
}

function valuesOf(rows: Iterable<object>): unknown[] {
  return Array.from(rows, (row) => (row as { v: unknown }).v);
}

describe('rowDecoder', () => {
  it('makes rows as they are asked for, anew in each iteration', () => {
    const schema = one('long');
    const rows = rowDecoder(schema)(encoded(schema, 1, 2, 3));
    for (const row of rows) {
      expect(row).toEqual({ v: 1n });
      break;
    }
    expect(valuesOf(rows)).toEqual([1n, 2n, 3n]);
  });

  it('finds columns by name, whatever else the batch has and in whatever order', () => {
    const fields = ['a', 'b', 'c'].map(
      (name) => ({ name, type: 'long', nullable: true, metadata: {} }) as const,
    );
    const [a, , c] = fields;
    const encoder = new RowEncoder({ type: 'struct', fields });
    encoder.append({ a: 1, b: 2, c: 3 });
    const decode = rowDecoder({ type: 'struct', fields: c && a ? [c, a] : [] });
    const [row] = decode(encoder.flush());
    expect(Object.entries(row ?? {})).toEqual([
      ['c', 3n],
      ['a', 1n],
    ]);
  });

  it('shares no memory with the batch', () => {
    const schema = one('binary');
    const batch = encoded(schema, new Uint8Array([1, 2]));
    const [bytes] = valuesOf(rowDecoder(schema)(batch)) as Uint8Array[];
    bytes?.fill(9);
    expect(valuesOf(rowDecoder(schema)(batch))).toEqual([new Uint8Array([1, 2])]);
  });

  it('delivers longs as numbers where told, at any depth, and not beyond 2^53', () => {
    const schema = one({ type: 'array', elementType: 'long', containsNull: true });
    const asNumber = new Set([pathKey(['v', 'element'])]);
    const decode = rowDecoder(schema, { asNumber });
    const most = Number.MAX_SAFE_INTEGER;
    expect(valuesOf(decode(encoded(schema, [1, null, -most])))).toEqual([[1, null, -most]]);
    expect(() => valuesOf(decode(encoded(schema, [2n ** 53n])))).toThrow(
      expect.objectContaining({ code: 'LIMIT', limit: 'MAX_SAFE_INTEGER' }),
    );
  });

  it('refuses an instant that no Date can hold', () => {
    const schema = one('timestamp');
    const batch = encoded(schema, '+275760-09-13T00:00:00.001Z');
    expect(() => valuesOf(rowDecoder(schema)(batch))).toThrow(
      expect.objectContaining({ code: 'LIMIT' }),
    );
  });

  it('keeps the microseconds of instants before 1970', () => {
    const schema = one('timestamp');
    const batch = encoded(schema, '1969-12-31T23:59:59.999999Z');
    const [value] = valuesOf(rowDecoder(schema)(batch)) as Timestamp[];
    expect([value?.getTime(), value?.micros]).toEqual([-1, 999]);
    expect(JSON.stringify(value)).toBe('"1969-12-31T23:59:59.999999Z"');
  });

  it('refuses text that is not UTF-8 instead of replacing it, and reads its neighbours', () => {
    const schema = one('string');
    const { fields } = arrowSchema(schema);
    const values = new Uint8Array([0x61, 0xff, 0x62]);
    const column = makeColumn((fields[0] as Field).type, 3, {
      values,
      valueOffsets: new Int32Array([0, 1, 2, 3]),
    });
    const data = makeColumn(new Struct(fields), 3, { children: [column] });
    const batch = new RecordBatch(arrowSchema(schema), data as never);
    const rows = rowDecoder(schema)(batch, 'part-0.parquet')[Symbol.iterator]();
    expect(rows.next().value).toEqual({ v: 'a' });
    expect(() => rows.next()).toThrow(
      expect.objectContaining({ code: 'CORRUPT_DATA', key: 'part-0.parquet', field: 'v' }),
    );
  });

  it('decodes long and mixed texts as short ones', () => {
    const schema = one('string');
    const texts = Array.from({ length: 100 }, (_, at) =>
      at % 7 === 0 ? 'é'.repeat(at) : at % 5 === 0 ? 'x'.repeat(at * 20) : `n${at}`,
    );
    expect(valuesOf(rowDecoder(schema)(encoded(schema, ...texts)))).toEqual(texts);
  });

  it('refuses a column of a type that it does not know, by name', () => {
    const schema = one('long');
    const batch = encoded(schema, 1);
    const decode = rowDecoder(one({ type: 'unknown', name: 'geometry', json: 'geometry' }));
    expect(() => [...decode(batch)]).toThrow(
      expect.objectContaining({ code: 'UNSUPPORTED_FEATURE', features: ['geometry'] }),
    );
  });
});
