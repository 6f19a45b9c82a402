import { describe, expect, it } from 'vitest';
import type { PrimitiveName } from '../../src/log/schema/types.js';
import type {
  LeafColumn,
  LogicalType,
  PhysicalType,
} from '../../src/storage/parquet/footer-types.js';
import { boundDecoder } from '../../src/table/leaf-bounds.js';

function leaf(physicalType: PhysicalType, logicalType?: LogicalType): LeafColumn {
  return {
    path: ['c'],
    physicalType,
    typeLength: undefined,
    logicalType,
    fieldId: undefined,
    maxDefinitionLevel: 1,
    maxRepetitionLevel: 0,
  };
}

function int32(value: number): Uint8Array {
  return new Uint8Array(Int32Array.of(value).buffer);
}
function int64(value: bigint): Uint8Array {
  return new Uint8Array(BigInt64Array.of(value).buffer);
}
function double(value: number): Uint8Array {
  return new Uint8Array(Float64Array.of(value).buffer);
}
function float(value: number): Uint8Array {
  return new Uint8Array(Float32Array.of(value).buffer);
}
const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

const decimal = (precision: number, scale: number): LogicalType => ({
  kind: 'decimal',
  precision,
  scale,
});
const timestamp = (unit: 'millis' | 'micros' | 'nanos'): LogicalType => ({
  kind: 'timestamp',
  unit,
  isUtc: true,
});
const integer = (bitWidth: number, isSigned: boolean): LogicalType => ({
  kind: 'integer',
  bitWidth,
  isSigned,
});
const DATE: LogicalType = { kind: 'date' };
const STRING: LogicalType = { kind: 'string' };

function read(column: LeafColumn, type: PrimitiveName, bytes: Uint8Array, old = false): unknown {
  const decode = boundDecoder(column, type, old);
  if (decode === undefined) return 'none';
  return ['min', 'max'].map((bound) => String(decode(bytes, bound as 'min' | 'max')));
}

const both = (text: string): readonly string[] => [text, text];

describe('boundDecoder', () => {
  it.each<[LeafColumn, PrimitiveName, Uint8Array, unknown]>([
    [leaf('INT32'), 'integer', int32(-5), both('-5')],
    [leaf('INT32', integer(8, true)), 'byte', int32(-5), both('-5')],
    [leaf('INT32'), 'long', int32(-5), both('-5')],
    [leaf('INT64'), 'long', int64(-(2n ** 63n)), both('-9223372036854775808')],
    [leaf('INT64', integer(64, false)), 'long', int64(1n), 'none'],
    [leaf('INT32', integer(32, false)), 'integer', int32(1), 'none'],
    [leaf('INT64'), 'integer', int64(1n), 'none'],
    [leaf('FLOAT'), 'float', float(0.5), both('0.5')],
    [leaf('FLOAT'), 'double', float(0.5), both('0.5')],
    [leaf('DOUBLE'), 'double', double(-0), both('0')],
    [leaf('DOUBLE'), 'double', double(Number.NaN), both('undefined')],
    [leaf('DOUBLE'), 'float', double(1), 'none'],
    [leaf('INT32'), 'double', int32(7), both('7')],
    [leaf('BOOLEAN'), 'boolean', Uint8Array.of(1), both('true')],
    [leaf('INT32', DATE), 'date', int32(19_000), both('19000')],
    [leaf('INT32'), 'date', int32(19_000), 'none'],
    [leaf('INT32', DATE), 'timestamp_ntz', int32(1), both('86400000000')],
    [leaf('INT64', timestamp('micros')), 'timestamp', int64(-1n), both('-1')],
    [leaf('INT64', timestamp('millis')), 'timestamp_ntz', int64(-1n), both('-1000')],
    [leaf('INT64', timestamp('nanos')), 'timestamp', int64(-1500n), ['-2', '0']],
    [leaf('INT64'), 'timestamp', int64(1n), 'none'],
    [leaf('INT96'), 'timestamp', new Uint8Array(12), 'none'],
    [leaf('INT32', decimal(9, 2)), 'decimal(9,2)', int32(-150), both('-150')],
    [leaf('INT64', decimal(18, 2)), 'decimal(20,4)', int64(150n), both('15000')],
    [leaf('INT32'), 'decimal(12,2)', int32(3), both('300')],
    [
      leaf('FIXED_LEN_BYTE_ARRAY', decimal(38, 0)),
      'decimal(38,0)',
      Uint8Array.of(255, 0),
      both('-256'),
    ],
    [leaf('BYTE_ARRAY', decimal(38, 0)), 'decimal(38,1)', Uint8Array.of(1, 0), both('2560')],
    [leaf('BYTE_ARRAY', decimal(38, 4)), 'decimal(38,2)', Uint8Array.of(1, 0), 'none'],
    [leaf('BYTE_ARRAY', decimal(38, 0)), 'decimal(38,0)', new Uint8Array(40), both('undefined')],
    [leaf('BYTE_ARRAY', STRING), 'string', utf8('ä'), both('ä')],
    [leaf('BYTE_ARRAY'), 'string', utf8('a'), both('a')],
    [leaf('BYTE_ARRAY', decimal(9, 2)), 'string', utf8('a'), 'none'],
    [leaf('BYTE_ARRAY'), 'binary', Uint8Array.of(1, 2), both('1,2')],
    [leaf('BYTE_ARRAY', STRING), 'binary', Uint8Array.of(1, 2), 'none'],
    [leaf('FIXED_LEN_BYTE_ARRAY', { kind: 'interval' }), 'binary', new Uint8Array(12), 'none'],
    // Bytes of another width are damaged.
    [leaf('INT32'), 'integer', int64(1n), both('undefined')],
    [leaf('INT64'), 'long', int32(1), both('undefined')],
    [leaf('DOUBLE'), 'double', new Uint8Array(0), both('undefined')],
    [leaf('BOOLEAN'), 'boolean', new Uint8Array(0), both('undefined')],
    [leaf('BYTE_ARRAY', decimal(9, 2)), 'decimal(9,2)', new Uint8Array(0), both('undefined')],
  ])('case %#', (column, type, bytes, expected) => {
    expect(read(column, type, bytes)).toEqual(expected);
  });

  it('uses no date or time of a file in the old calendar, whose bounds are as they were written', () => {
    expect(read(leaf('INT32', DATE), 'date', int32(0), true)).toBe('none');
    expect(read(leaf('INT64', timestamp('micros')), 'timestamp', int64(0n), true)).toBe('none');
    expect(read(leaf('INT32'), 'integer', int32(0), true)).toEqual(both('0'));
  });

  it('uses no bounds of what lies in a list or map', () => {
    expect(boundDecoder({ ...leaf('INT32'), maxRepetitionLevel: 1 }, 'integer', false)).toBe(
      undefined,
    );
  });
});
