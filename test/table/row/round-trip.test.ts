import { deepStrictEqual } from 'node:assert/strict';
import { type RecordBatch, RecordBatchReader, Table, tableFromIPC, tableToIPC } from 'apache-arrow';
import fc from 'fast-check';
import { readParquet, Table as WasmTable, writeParquet } from 'parquet-wasm';
import { describe, expect, it } from 'vitest';
import type { StructType } from '../../../src/log/schema/types.js';
import { rowDecoder } from '../../../src/table/row/row-decoder.js';
import { RowEncoder } from '../../../src/table/row/row-encoder.js';
import { schemaAndRows } from './random-schema.js';

function encode(schema: StructType, rows: readonly object[], flushEvery = 1000): RecordBatch[] {
  const encoder = new RowEncoder(schema);
  const batches: RecordBatch[] = [];
  for (const row of rows) {
    encoder.append(row);
    if (encoder.length === flushEvery) batches.push(encoder.flush());
  }
  batches.push(encoder.flush());
  return batches;
}

describe('rows to Arrow and back', () => {
  it('gives the same rows for every schema, however they are cut into batches', () => {
    fc.assert(
      fc.property(schemaAndRows, fc.integer({ min: 1, max: 50 }), ({ schema, rows }, size) => {
        const decode = rowDecoder(schema);
        const back = encode(schema, rows, size).flatMap((batch) => [...decode(batch)]);
        deepStrictEqual(back, rows);
      }),
      { numRuns: 300 },
    );
  });

  it('gives the rows of a slice of a batch', () => {
    fc.assert(
      fc.property(schemaAndRows, fc.nat(40), fc.nat(40), ({ schema, rows }, start, count) => {
        const [batch] = encode(schema, rows);
        const sliced = batch?.slice(start, start + count);
        const expected = rows.slice(start, start + count);
        deepStrictEqual(sliced === undefined ? [] : [...rowDecoder(schema)(sliced)], expected);
      }),
      { numRuns: 200 },
    );
  });

  it('makes batches that survive Arrow IPC', () => {
    fc.assert(
      fc.property(schemaAndRows, ({ schema, rows }) => {
        const table = tableFromIPC(tableToIPC(new Table(encode(schema, rows))));
        const decode = rowDecoder(schema);
        deepStrictEqual(
          table.batches.flatMap((batch) => [...decode(batch)]),
          rows,
        );
      }),
      { numRuns: 100 },
    );
  });

  it('makes batches that parquet-rs writes and reads', () => {
    fc.assert(
      fc.property(schemaAndRows, ({ schema, rows }) => {
        const ipc = tableToIPC(new Table(encode(schema, rows)), 'stream');
        const parquet = writeParquet(WasmTable.fromIPCStream(ipc));
        const table = tableFromIPC(readParquet(parquet).intoIPCStream());
        const decode = rowDecoder(schema);
        deepStrictEqual(
          table.batches.flatMap((batch) => [...decode(batch)]),
          rows,
        );
      }),
      { numRuns: 100 },
    );
  });

  it('takes keys in any order, and absent, undefined and null as null', () => {
    fc.assert(
      fc.property(schemaAndRows, fc.infiniteStream(fc.nat()), ({ schema, rows }, choices) => {
        const choose = (): number => choices.next().value ?? 0;
        const given = rows.map((row) => {
          const entries: (readonly [string, unknown])[] = [];
          for (const [name, value] of Object.entries(row)) {
            const entry = [name, value === null && choose() % 2 === 0 ? undefined : value] as const;
            if (value === null && choose() % 2 === 0) continue;
            if (choose() % 2 === 0) entries.push(entry);
            else entries.unshift(entry);
          }
          return Object.fromEntries(entries);
        });
        const decode = rowDecoder(schema);
        deepStrictEqual(
          encode(schema, given).flatMap((batch) => [...decode(batch)]),
          rows,
        );
      }),
      { numRuns: 200 },
    );
  });

  it('makes columns that say the same to Arrow itself', () => {
    const type = 'long';
    const schema: StructType = {
      type: 'struct',
      fields: [{ name: 'id', type, nullable: true, metadata: {} }],
    };
    const rows = [{ id: 1n }, { id: null }, { id: -(2n ** 63n) }, { id: 2n ** 53n + 1n }];
    const batches = encode(schema, rows);
    const bytes = tableToIPC(new Table(batches));
    const [read] = [...RecordBatchReader.from(bytes)];
    expect(read?.getChild('id')?.toJSON()).toEqual(rows.map(({ id }) => id));
  });
});
