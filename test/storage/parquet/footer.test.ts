import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isVarveError } from '../../../src/errors.js';
import { parseFile, readFooter } from '../../../src/storage/parquet/footer.js';
import {
  encodeFooter,
  intField,
  longField,
  structField,
  structsField,
} from '../../../src/storage/parquet/footer-encode.js';
import type { ParquetFooter } from '../../../src/storage/parquet/footer-types.js';
import {
  bytesSource,
  FOOTER_READ_BYTES,
  type ParquetSource,
} from '../../../src/storage/parquet/source.js';
import { type ThriftField, ThriftStruct, thriftType } from '../../../src/storage/parquet/thrift.js';
import { itWithOracles } from '../../support/oracles.js';
import { corpusFiles } from './corpora.js';

const text = (id: number, value: string): ThriftField => ({
  id,
  type: thriftType.binary,
  value: new TextEncoder().encode(value),
});

/** A schema element: name and repetition, and a leaf's type or a group's children. */
const element = (
  name: string,
  repetition: number,
  rest: { type?: number; children?: number; more?: readonly ThriftField[] },
): ThriftStruct =>
  new ThriftStruct([]).with(
    text(4, name),
    intField(3, repetition),
    ...(rest.type === undefined ? [] : [intField(1, rest.type)]),
    ...(rest.children === undefined ? [] : [intField(5, rest.children)]),
    ...(rest.more ?? []),
  );

interface FileParts {
  readonly elements: readonly ThriftStruct[];
  readonly groups?: readonly ThriftStruct[];
  readonly numRows?: number;
  readonly more?: readonly ThriftField[];
  readonly data?: number;
}

const fileOf = ({ elements, groups = [], numRows = 0, more = [], data = 0 }: FileParts) => {
  const footer = encodeFooter(
    new ThriftStruct([]).with(
      intField(1, 1),
      structsField(2, elements),
      longField(3, numRows),
      structsField(4, groups),
      ...more,
    ),
  );
  const file = new Uint8Array(4 + data + footer.length);
  file.set(new TextEncoder().encode('PAR1'));
  file.set(footer, 4 + data);
  return file;
};

const pathField = (path: readonly string[]): ThriftField => ({
  id: 3,
  type: thriftType.list,
  value: {
    kind: 'list',
    elementType: thriftType.binary,
    values: path.map((name) => new TextEncoder().encode(name)),
  },
});

const chunkOf = (
  statistics: readonly ThriftField[],
  more: readonly ThriftField[] = [],
  { type = 1, path = ['x'] }: { readonly type?: number; readonly path?: readonly string[] } = {},
): ThriftStruct =>
  new ThriftStruct([
    structField(
      3,
      new ThriftStruct([
        intField(1, type),
        pathField(path),
        intField(4, 6),
        longField(5, 10),
        longField(6, 40),
        longField(7, 20),
        longField(9, 14),
        longField(11, 4),
        structField(12, new ThriftStruct(statistics)),
      ]),
    ),
    ...more,
  ]);

const groupOf = (chunk: ThriftStruct): ThriftStruct =>
  new ThriftStruct([structsField(1, [chunk]), longField(2, 40), longField(3, 10)]);

const ordered = structsField(7, [new ThriftStruct([structField(1, new ThriftStruct([]))])]);

const oneColumn = (type: number, more: readonly ThriftField[] = []) => [
  element('root', 0, { children: 1 }),
  element('x', 1, { type, more }),
];

const parse = (parts: FileParts): ParquetFooter => parseFile(fileOf(parts), 'f.parquet');

const corrupt = expect.objectContaining({ code: 'CORRUPT_DATA', key: 'f.parquet' });

describe('parseFile', () => {
  it('reads a nested schema with its levels, paths, field ids and types', () => {
    const { schema, leaves } = parse({
      elements: [
        element('root', 0, { children: 3 }),
        element('id', 0, { type: 2, more: [intField(9, 7)] }),
        element('tags', 1, { children: 1, more: [intField(6, 3)] }),
        element('list', 2, { children: 1 }),
        element('element', 1, { type: 6, more: [intField(6, 0)] }),
        element('s', 1, { children: 1 }),
        element('price', 1, {
          type: 7,
          more: [intField(2, 9), intField(6, 5), intField(7, 2), intField(8, 20)],
        }),
      ],
    });
    expect(leaves).toEqual([
      expect.objectContaining({
        path: ['id'],
        fieldId: 7,
        physicalType: 'INT64',
        maxDefinitionLevel: 0,
        maxRepetitionLevel: 0,
      }),
      expect.objectContaining({
        path: ['tags', 'list', 'element'],
        logicalType: { kind: 'string' },
        maxDefinitionLevel: 3,
        maxRepetitionLevel: 1,
      }),
      expect.objectContaining({
        path: ['s', 'price'],
        typeLength: 9,
        logicalType: { kind: 'decimal', precision: 20, scale: 2 },
        maxDefinitionLevel: 2,
      }),
    ]);
    expect(schema.children.map(({ name, leafIndex }) => [name, leafIndex])).toEqual([
      ['id', 0],
      ['tags', undefined],
      ['s', undefined],
    ]);
  });

  it('reads logical types where a converted type is there too', () => {
    const unit = structField(2, new ThriftStruct([structField(3, new ThriftStruct([]))]));
    const utc = { id: 1, type: thriftType.bool, value: false };
    const logical = new ThriftStruct([structField(8, new ThriftStruct([utc, unit]))]);
    const { leaves } = parse({
      elements: oneColumn(2, [intField(6, 10), structField(10, logical)]),
    });
    expect(leaves[0]?.logicalType).toEqual({ kind: 'timestamp', unit: 'nanos', isUtc: false });
  });

  it('begins a chunk at its dictionary page and reads exact statistics', () => {
    const min = { id: 6, type: thriftType.binary, value: new Uint8Array([1, 0, 0, 0]) };
    const max = { id: 5, type: thriftType.binary, value: new Uint8Array([9, 0, 0, 0]) };
    const exact = { id: 8, type: thriftType.bool, value: true };
    const chunk = chunkOf([min, max, exact, longField(3, 2)]);
    const { rowGroups } = parse({
      elements: oneColumn(1),
      groups: [groupOf(chunk)],
      numRows: 10,
      more: [ordered],
      data: 40,
    });
    expect(rowGroups[0]?.chunks[0]).toMatchObject({
      start: 4,
      end: 24,
      codec: 'ZSTD',
      statistics: {
        min: min.value,
        max: max.value,
        isMinExact: true,
        isMaxExact: false,
        nullCount: 2,
      },
    });
  });

  const bound = (id: number): ThriftField => ({
    id,
    type: thriftType.binary,
    value: new Uint8Array(4),
  });
  const boundsOf = (type: number, statistics: ThriftField[], more: ThriftField[] = []) =>
    parse({
      elements: oneColumn(type, more),
      groups: [groupOf(chunkOf(statistics, [], { type }))],
      numRows: 10,
      data: 40,
    }).rowGroups[0]?.chunks[0]?.statistics;

  it('takes the deprecated bounds for signed numbers only', () => {
    expect(boundsOf(1, [bound(1), bound(2)])?.min).toBeDefined();
    expect(boundsOf(6, [bound(1), bound(2)])?.min).toBeUndefined();
    expect(boundsOf(1, [bound(1), bound(2)], [intField(6, 13)])?.min).toBeUndefined();
  });

  it('takes no bounds whose order is not said', () => {
    expect(boundsOf(1, [bound(5), bound(6)])?.max).toBeUndefined();
  });

  it('refuses an encrypted footer by name', () => {
    const file = fileOf({ elements: oneColumn(1) });
    file.set(new TextEncoder().encode('PARE'), file.length - 4);
    expect(() => parseFile(file, 'f')).toThrow(
      expect.objectContaining({ code: 'UNSUPPORTED_FEATURE', features: ['parquet encryption'] }),
    );
  });

  it('remembers why a chunk cannot be read', () => {
    const { rowGroups } = parse({
      elements: oneColumn(1),
      groups: [groupOf(chunkOf([], [structField(8, new ThriftStruct([]))]))],
      numRows: 10,
      data: 40,
    });
    expect(rowGroups[0]?.chunks[0]?.refusal).toBe('encrypted column');
  });

  const damaged: Readonly<Record<string, FileParts>> = {
    'more children than elements': { elements: [element('root', 0, { children: 9 })] },
    'elements beside the tree': {
      elements: [element('root', 0, { children: 0 }), element('x', 1, { type: 1 })],
    },
    'no schema': { elements: [] },
    'an unknown physical type': { elements: oneColumn(99) },
    'a leaf without repetition': {
      elements: [
        element('root', 0, { children: 1 }),
        new ThriftStruct([intField(1, 1), text(4, 'x')]),
      ],
    },
    'row groups that do not add up': { elements: oneColumn(1), numRows: 5 },
    'a negative row count': { elements: oneColumn(1), numRows: -5 },
    'a row group without chunks': {
      elements: oneColumn(1),
      groups: [new ThriftStruct([structsField(1, []), longField(2, 0), longField(3, 10)])],
      numRows: 10,
    },
    'a chunk beyond the data': {
      elements: oneColumn(1),
      groups: [groupOf(chunkOf([]))],
      numRows: 10,
      data: 3,
    },
    'a chunk of another type than its column': {
      elements: oneColumn(1),
      groups: [groupOf(chunkOf([], [], { type: 2 }))],
      numRows: 10,
      data: 40,
    },
    'a chunk of another column': {
      elements: oneColumn(1),
      groups: [groupOf(chunkOf([], [], { path: ['y'] }))],
      numRows: 10,
      data: 40,
    },
    'a name that is not UTF-8': {
      elements: [
        element('root', 0, { children: 1 }),
        element('x', 1, {
          type: 1,
          more: [{ id: 4, type: thriftType.binary, value: new Uint8Array([0xff]) }],
        }),
      ],
    },
  };
  for (const [name, parts] of Object.entries(damaged)) {
    it(`refuses ${name}`, () => {
      expect(() => parse(parts)).toThrow(corrupt);
    });
  }

  it('refuses a schema that nests without end', () => {
    const groups = Array.from({ length: 300 }, () => element('g', 1, { children: 1 }));
    expect(() => parse({ elements: [...groups, element('x', 1, { type: 1 })] })).toThrow(corrupt);
  });

  it('refuses files that are cut off, empty, or something else', () => {
    const file = fileOf({ elements: oneColumn(1) });
    for (const bytes of [file.subarray(0, file.length - 1), new Uint8Array(0), file.subarray(5)]) {
      expect(() => parseFile(bytes, 'f.parquet')).toThrow(corrupt);
    }
  });

  itWithOracles(
    'reads mutated footers of the corpora, or refuses them by type',
    ['corpora'],
    () => {
      const files = corpusFiles().filter(({ bytes }) => bytes.length < 20_000);
      fc.assert(
        fc.property(
          fc.nat(files.length - 1),
          fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 4 }),
          (index, changes) => {
            const bytes = (files[index]?.bytes ?? new Uint8Array(0)).slice();
            const length = new DataView(bytes.buffer).getUint32(bytes.length - 8, true) + 8;
            for (const [at, byte] of changes) bytes[bytes.length - 1 - (at % length)] = byte;
            try {
              parseFile(bytes, 'f');
            } catch (error) {
              const isTyped = isVarveError(error, 'CORRUPT_DATA', 'LIMIT', 'UNSUPPORTED_FEATURE');
              expect(isTyped, String(error)).toBe(true);
            }
          },
        ),
        { numRuns: 3000 },
      );
    },
  );
});

describe('readFooter', () => {
  const counting = (file: Uint8Array): ParquetSource & { readonly reads: number[] } => {
    const source = bytesSource(file, 'f.parquet');
    const reads: number[] = [];
    return {
      ...source,
      reads,
      read: (range, signal) => {
        reads.push(range.end - range.start);
        return source.read(range, signal);
      },
    };
  };
  const wide = (count: number): FileParts => ({
    elements: [
      element('root', 0, { children: count }),
      ...Array.from({ length: count }, (_, index) =>
        element(`column_with_a_long_name_${index}`, 1, { type: 1 }),
      ),
    ],
    data: FOOTER_READ_BYTES,
  });

  it('takes one request for a footer that fits', async () => {
    const source = counting(fileOf(wide(10)));
    const footer = await readFooter(source);
    expect(footer.leaves).toHaveLength(10);
    expect(source.reads).toEqual([FOOTER_READ_BYTES]);
  });

  it('takes a second request, for the footer alone, when it is longer', async () => {
    const source = counting(fileOf(wide(3000)));
    const footer = await readFooter(source);
    expect(footer.leaves).toHaveLength(3000);
    expect(source.reads).toHaveLength(2);
    expect(source.reads[1]).toBeLessThan(source.sizeBytes - FOOTER_READ_BYTES);
  });

  it('refuses a footer longer than its file', async () => {
    const file = fileOf({ elements: oneColumn(1) });
    new DataView(file.buffer).setUint32(file.length - 8, file.length, true);
    await expect(readFooter(bytesSource(file, 'f.parquet'))).rejects.toThrow(corrupt);
  });
});
