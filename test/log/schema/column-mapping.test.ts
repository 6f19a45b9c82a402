import { describe, expect, it } from 'vitest';
import {
  checkMappedSchema,
  columnMappingMode,
  fieldId,
  physicalName,
} from '../../../src/log/schema/column-mapping.js';
import type { StructField, StructType } from '../../../src/log/schema/types.js';

const field: StructField = {
  name: 'e',
  type: 'integer',
  nullable: true,
  metadata: {
    'delta.columnMapping.id': 4,
    'delta.columnMapping.physicalName': 'col-5f422f40-de70-45b2-88ab-1d5c90e94db1',
  },
};

describe('columnMappingMode', () => {
  it.each([
    [undefined, 'none'],
    [null, 'none'],
    ['none', 'none'],
    ['Name', 'name'],
    ['ID', 'id'],
  ])('reads %s as %s', (text, mode) => {
    const configuration = new Map(
      text === undefined ? [] : [['delta.columnMapping.mode', text] as const],
    );
    expect(columnMappingMode(configuration)).toBe(mode);
  });

  it('refuses a mode that it does not know by name', () => {
    expect(() => columnMappingMode(new Map([['delta.columnMapping.mode', 'hash']]))).toThrow(
      expect.objectContaining({ code: 'UNSUPPORTED_FEATURE', features: ['columnMapping'] }),
    );
  });
});

describe('physicalName', () => {
  it('looks at the metadata only while the table maps columns', () => {
    expect(physicalName(field, 'none')).toBe('e');
    for (const mode of ['name', 'id'] as const) {
      expect(physicalName(field, mode)).toBe('col-5f422f40-de70-45b2-88ab-1d5c90e94db1');
    }
  });
});

describe('fieldId', () => {
  it('is the id of the schema, if that is a whole number', () => {
    expect(fieldId(field)).toBe(4);
    expect(fieldId({ ...field, metadata: {} })).toBeUndefined();
    expect(fieldId({ ...field, metadata: { 'delta.columnMapping.id': '4' } })).toBeUndefined();
  });
});

describe('checkMappedSchema', () => {
  const bare: StructField = { ...field, name: 'bare', metadata: {} };
  const inside = (inner: StructField): StructType => ({
    type: 'struct',
    fields: [
      {
        ...field,
        type: {
          type: 'array',
          elementType: { type: 'struct', fields: [inner] },
          containsNull: true,
        },
      },
    ],
  });

  it('passes what has a name and an id, and anything that is not mapped', () => {
    checkMappedSchema(inside(field), 'name', 'key');
    checkMappedSchema(inside(bare), 'none', 'key');
  });

  it.each([
    ['physicalName', bare],
    ['id', { ...bare, metadata: { 'delta.columnMapping.physicalName': 'col-1' } }],
  ])('refuses a field without its %s', (what, inner) => {
    expect(() => checkMappedSchema(inside(inner), 'id', 'key')).toThrow(
      expect.objectContaining({
        code: 'CORRUPT_DATA',
        key: 'key',
        message: expect.stringContaining(`e.element.bare has no delta.columnMapping.${what}`),
      }),
    );
  });
});
