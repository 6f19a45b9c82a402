import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MAX_JSON_DEPTH } from '../../../src/log/json.js';
import {
  formatSchemaString,
  MAX_SCHEMA_DEPTH,
  parseSchemaString,
} from '../../../src/log/schema/schema-json.js';
import type { DataType, StructType } from '../../../src/log/schema/types.js';

/** As Spark's `df.schema.json` spells it. */
const SPARK =
  '{"type":"struct","fields":[' +
  '{"name":"id","type":"long","nullable":false,"metadata":{"delta.columnMapping.id":1,"big":9007199254740993,"d":1.50}},' +
  '{"name":"a","type":{"type":"array","elementType":"integer","containsNull":false},"nullable":true,"metadata":{}},' +
  '{"name":"m","type":{"type":"map","keyType":"string","valueType":{"type":"struct","fields":[' +
  '{"name":"x.y","type":"decimal(38,18)","nullable":true,"metadata":{}}]},"valueContainsNull":true},"nullable":true,"metadata":{}},' +
  '{"name":"t","type":"timestamp_ntz","nullable":true,"metadata":{}}]}';

describe('schema text', () => {
  it('comes back byte for byte', () => {
    expect(formatSchemaString(parseSchemaString(SPARK))).toBe(SPARK);
  });

  it('comes back equal for any schema', () => {
    const { type } = fc.letrec<{ type: DataType; struct: StructType }>((tie) => ({
      type: fc.oneof(
        { depthSize: 'small', withCrossShrink: true },
        fc.constantFrom<DataType>('string', 'long', 'void', 'decimal(3,2)', 'timestamp_ntz'),
        fc.record({
          type: fc.constant('array' as const),
          elementType: tie('type'),
          containsNull: fc.boolean(),
        }),
        fc.record({
          type: fc.constant('map' as const),
          keyType: tie('type'),
          valueType: tie('type'),
          valueContainsNull: fc.boolean(),
        }),
        tie('struct'),
      ),
      struct: fc.record({
        type: fc.constant('struct' as const),
        fields: fc.uniqueArray(
          fc.record({
            name: fc.string({ unit: 'binary' }),
            type: tie('type'),
            nullable: fc.boolean(),
            metadata: fc.dictionary(
              fc.string(),
              fc.oneof(fc.string(), fc.bigInt({ min: 2n ** 60n })),
            ),
          }),
          { selector: (field) => field.name, maxLength: 4 },
        ),
      }),
    }));
    fc.assert(
      fc.property(type, (inner) => {
        const fields = [{ name: 'c', type: inner, nullable: true, metadata: {} }];
        const text = formatSchemaString({ type: 'struct', fields });
        const parsed = parseSchemaString(text);
        expect(formatSchemaString(parsed)).toBe(text);
        expect(JSON.stringify(parsed, big)).toBe(JSON.stringify({ type: 'struct', fields }, big));
      }),
    );
  });

  it.each([
    ['decimal', 'decimal(10,0)'],
    ['decimal( 12 , 3 )', 'decimal(12,3)'],
    ['timestamp_ltz', 'timestamp'],
  ])('reads %s as %s', (written, meant) => {
    expect(typeOf(`"${written}"`)).toBe(meant);
  });

  it.each(['geometry', 'interval day', 'decimal(39,0)', 'decimal(5,6)', 'decimal(0,0)'])(
    'keeps the type %s, which it does not know, by name',
    (name) => {
      expect(typeOf(`"${name}"`)).toEqual({ type: 'unknown', name, json: name });
    },
  );

  it('keeps an unknown type object as it is', () => {
    const udt = '{"type":"udt","class":"x.Y","sqlType":{"n":12345678901234567890}}';
    expect(typeOf(udt)).toMatchObject({ type: 'unknown', name: 'udt' });
    const text = field(udt);
    expect(formatSchemaString(parseSchemaString(text))).toBe(text);
  });

  it('takes a field without metadata, as old writers leave it out', () => {
    const text = '{"type":"struct","fields":[{"name":"a","type":"long","nullable":true}]}';
    expect(parseSchemaString(text).fields[0]?.metadata).toEqual({});
  });

  it.each([
    ['"long"', undefined],
    ['{"type":"struct"}', undefined],
    ['{"type":"array","elementType":"long","containsNull":true}', undefined],
    ['{"type":"struct","fields":[{"type":"long","nullable":true,"metadata":{}}]}', undefined],
    ['{"type":"struct","fields":[{"name":"a","type":"long","metadata":{}}]}', 'a'],
    ['{"type":"struct","fields":[{"name":"a","type":7,"nullable":true,"metadata":{}}]}', 'a'],
    [field('{"type":"array","elementType":"long"}'), 'c'],
    [field('{"type":"map","keyType":"long","valueType":"long"}'), 'c'],
    [field('{"type":"struct","fields":[{"name":"x","type":"long","nullable":1}]}'), 'c.x'],
    [field('{"fields":[]}'), 'c'],
    [
      '{"type":"struct","fields":[{"name":"a","type":"long","nullable":true},{"name":"a","type":"string","nullable":true}]}',
      'a',
    ],
  ])('refuses %s', (text, column) => {
    const error = thrown(() => parseSchemaString(text, '_delta_log/3.json'));
    expect(error).toMatchObject({ code: 'CORRUPT_DATA', key: '_delta_log/3.json', field: column });
  });

  it('refuses text that is no json, naming the key', () => {
    const error = thrown(() => parseSchemaString('{"type":', 'k'));
    expect(error).toMatchObject({ code: 'CORRUPT_DATA', key: 'k' });
  });

  it('accepts the deepest schema in both directions and no deeper one', () => {
    const deepest = nestedStructs(MAX_SCHEMA_DEPTH - 1);
    expect(formatSchemaString(parseSchemaString(deepest))).toBe(deepest);
    expect(MAX_SCHEMA_DEPTH * 3).toBeLessThan(MAX_JSON_DEPTH);
    const error = thrown(() => parseSchemaString(nestedStructs(MAX_SCHEMA_DEPTH)));
    expect(error).toMatchObject({ code: 'LIMIT', limit: 'MAX_SCHEMA_DEPTH' });
  });
});

function field(type: string): string {
  return `{"type":"struct","fields":[{"name":"c","type":${type},"nullable":true,"metadata":{}}]}`;
}

function typeOf(type: string): DataType | undefined {
  return parseSchemaString(field(type)).fields[0]?.type;
}

function nestedStructs(depth: number): string {
  let text = '"long"';
  for (let level = 0; level < depth; level++) text = field(text);
  return field(text);
}

function big(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? `${value}n` : value;
}

function thrown(run: () => unknown): unknown {
  try {
    run();
  } catch (error) {
    return error;
  }
  return undefined;
}
