import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  encodeCommit,
  forEachAction,
  MAX_LINE_BYTES,
  parseCommit,
} from '../../src/log/action-codec.js';
import type { Action, AddFile, Metadata, RemoveFile } from '../../src/log/actions.js';

const KEY = '_delta_log/00000000000000000003.json';
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (data: Uint8Array): string => new TextDecoder().decode(data);
const ADD =
  '{"add":{"path":"a%20b.parquet","partitionValues":{"p":"1","q":null},"size":10,' +
  '"modificationTime":5,"dataChange":true}}';

const add: AddFile = {
  path: 'p=a%2520b/x.parquet',
  partitionValues: new Map([
    ['p', 'a b'],
    ['__proto__', null],
  ]),
  size: 9007199254740991,
  modificationTime: 1,
  dataChange: true,
  stats: '{"numRecords":9007199254740993,"minValues":{"s":"\\u2028"}}',
  tags: new Map([['t', 'v']]),
  deletionVector: {
    storageType: 'u',
    pathOrInlineDv: 'ab^-aqEH.-t@S}K{vb[*k^',
    offset: 4,
    sizeInBytes: 40,
    cardinality: 6,
  },
  baseRowId: 9223372036854775807n,
  defaultRowCommitVersion: 9007199254740993n,
  clusteringProvider: 'liquid',
};

const { modificationTime: _, clusteringProvider: __, ...shared } = add;
const remove: RemoveFile = { ...shared, deletionTimestamp: 7, extendedFileMetadata: true };

const metaData: Metadata = {
  id: 'id',
  name: 'n',
  description: 'd "q"',
  format: { provider: 'parquet', options: new Map() },
  schemaString: '{"type":"struct","fields":[]}',
  partitionColumns: ['p'],
  configuration: new Map([['delta.appendOnly', 'true']]),
  createdTime: 2,
};

const everyKind: readonly Action[] = [
  { kind: 'commitInfo', commitInfo: { timestamp: 1, operation: 'WRITE', big: 2n ** 60n } },
  {
    kind: 'protocol',
    protocol: {
      minReaderVersion: 3,
      minWriterVersion: 7,
      readerFeatures: ['timestampNtz'],
      writerFeatures: ['timestampNtz'],
    },
  },
  { kind: 'metaData', metaData },
  { kind: 'txn', txn: { appId: 'a', version: -(2n ** 63n), lastUpdated: 3 } },
  { kind: 'domainMetadata', domainMetadata: { domain: 'd', configuration: '{}', removed: false } },
  { kind: 'add', add },
  { kind: 'remove', remove },
  { kind: 'cdc', cdc: { path: '_change_data/x', partitionValues: new Map(), size: 1 } },
];

describe('encodeCommit', () => {
  it('is undone by parseCommit for every kind of action', () => {
    expect(parseCommit(encodeCommit(everyKind), KEY)).toEqual(everyKind);
  });

  it('writes one line an action, fields in the order of Spark, absent ones left out', () => {
    const [line, end] = text(
      encodeCommit([
        {
          kind: 'add',
          add: {
            dataChange: true,
            modificationTime: 5,
            size: 10,
            partitionValues: new Map([
              ['p', '1'],
              ['q', null],
            ]),
            path: 'a%20b.parquet',
          },
        },
      ]),
    ).split('\n');
    expect([line, end]).toEqual([ADD, '']);
  });

  it('refuses a commitInfo behind another action, and numbers that are not exact', () => {
    const internal = expect.objectContaining({ code: 'INTERNAL' });
    expect(() => encodeCommit(everyKind.toReversed())).toThrow(internal);
    expect(() => encodeCommit([{ kind: 'add', add: { ...add, size: 0.5 } }])).toThrow(internal);
    expect(() => encodeCommit([{ kind: 'unknown', name: 'x' }])).toThrow(internal);
  });

  it('is undone by parseCommit for any text', () => {
    const word = fc.string({ unit: 'binary' });
    const values = fc.dictionary(word, fc.option(word));
    fc.assert(
      fc.property(word, word, values, (path, stats, partitionValues) => {
        const map = new Map(Object.entries(partitionValues));
        const one: Action = { kind: 'add', add: { ...add, path, stats, partitionValues: map } };
        expect(parseCommit(encodeCommit([one, one]), KEY)).toEqual([one, one]);
      }),
    );
  });
});

describe('parseCommit', () => {
  it('ignores blank lines, unknown fields, unknown actions and null fields', () => {
    const body =
      `\n  \n{"add":{"path":"x","partitionValues":{},"size":1,"modificationTime":2,` +
      `"dataChange":false,"stats":null,"tags":null,"future":{"a":[1]}},"remove":null}\r\n` +
      `{"futureAction":{"x":1}}`;
    const [first, second] = parseCommit(bytes(body), KEY);
    expect(first).toMatchObject({ kind: 'add', add: { path: 'x', size: 1 } });
    expect(second).toEqual({ kind: 'unknown', name: 'futureAction' });
  });

  it('keeps commitInfo without loss', () => {
    const body = '{"commitInfo":{"timestamp":1,"n":9007199254740993,"d":1.10}}\n';
    const actions = parseCommit(bytes(body), KEY);
    expect(text(encodeCommit(actions))).toBe(body);
  });

  it.each([
    ['torn', `${ADD}\n${ADD.slice(0, 40)}`, undefined],
    ['zeros', `${ADD}\n\0\0\0\0`, undefined],
    ['an array', `${ADD}\n[]`, undefined],
    ['two actions', `${ADD}\n{"txn":{"appId":"a","version":1},"add":{}}`, 'add'],
    ['an action that is a number', `${ADD}\n{"add":1}`, 'add'],
    ['no path', `${ADD}\n{"add":{"size":1}}`, 'add.path'],
    ['a wrong type', `${ADD}\n${ADD.replace('10', '"10"')}`, 'add.size'],
    ['a size beyond 2^53', `${ADD}\n${ADD.replace('10', '9007199254740993')}`, 'add.size'],
    ['a fraction', `${ADD}\n${ADD.replace('10', '1.5')}`, 'add.size'],
    ['a negative size', `${ADD}\n${ADD.replace('10', '-1')}`, 'add.size'],
    ['a partition value', `${ADD}\n${ADD.replace('null', '1')}`, 'add.partitionValues.q'],
    [
      'a txn beyond 64 bits',
      `${ADD}\n{"txn":{"appId":"a","version":9223372036854775808}}`,
      'txn.version',
    ],
    [
      'reader 3 without a list',
      `${ADD}\n{"protocol":{"minReaderVersion":3,"minWriterVersion":7,"writerFeatures":[]}}`,
      'protocol.readerFeatures',
    ],
    [
      'reader 3 with writer 2',
      `${ADD}\n{"protocol":{"minReaderVersion":3,"minWriterVersion":2,"readerFeatures":[]}}`,
      'protocol.minWriterVersion',
    ],
  ])('refuses %s, naming the line and field', (_name, body, field) => {
    const expected = { code: 'CORRUPT_DATA', key: KEY, ...(field === undefined ? {} : { field }) };
    const prefix = ADD.length + 1;
    try {
      parseCommit(bytes(body), KEY);
      expect.unreachable();
    } catch (error) {
      expect(error).toMatchObject(expected);
      const { position } = error as { position: number };
      expect(position).toBeGreaterThanOrEqual(prefix);
      if (field !== undefined) expect(position).toBe(prefix);
    }
  });

  it('counts the position of a line in bytes', () => {
    const first = ADD.replace('a%20b', 'ü😀');
    const body = `${first}\n{"add":{}}\n`;
    expect(() => parseCommit(bytes(body), KEY)).toThrow(
      expect.objectContaining({ position: bytes(first).length + 1 }),
    );
  });

  it('refuses an empty commit and bytes that are not UTF-8', () => {
    const corrupt = expect.objectContaining({ code: 'CORRUPT_DATA', key: KEY });
    expect(() => parseCommit(new Uint8Array(), KEY)).toThrow(corrupt);
    expect(() => parseCommit(bytes('\n\n'), KEY)).toThrow(corrupt);
    const broken = bytes('{"futureAction":{"x":"?"}}');
    broken[broken.indexOf(0x3f)] = 0xff;
    expect(() => parseCommit(broken, KEY)).toThrow(corrupt);
  });

  it('refuses a line that is too long before it is made a string', () => {
    expect(() => parseCommit(new Uint8Array(MAX_LINE_BYTES + 1), KEY)).toThrow(
      expect.objectContaining({ code: 'LIMIT', limit: 'MAX_LINE_BYTES' }),
    );
  });

  it('takes metadata without a schema for a table without columns, as Spark does', () => {
    const body =
      '{"metaData":{"id":"i","format":{"provider":"parquet"},"partitionColumns":[],' +
      '"configuration":{}}}';
    expect(parseCommit(bytes(body), KEY)).toMatchObject([
      { metaData: { schemaString: '{"type":"struct","fields":[]}' } },
    ]);
  });

  it('reads commits longer than one piece of text, in order', () => {
    const adds = Array.from({ length: 20_000 }, (_value, index): Action => {
      const stats = 's'.repeat(index % 700);
      return { kind: 'add', add: { ...add, path: `ü${index}`, stats } };
    });
    const data = encodeCommit(adds);
    expect(data.length).toBeGreaterThan(8 * 1024 * 1024);
    let next = 0;
    forEachAction(data, KEY, (action) => {
      expect(action).toEqual(adds[next]);
      next++;
    });
    expect(next).toBe(adds.length);
  });

  it('names the place of damage behind the first piece of text', () => {
    const line = `${ADD.replace('a%20b', 'ü'.repeat(1000))}\n`;
    const good = line.repeat(6000);
    expect(() => parseCommit(bytes(`${good}{"add":{}}\n`), KEY)).toThrow(
      expect.objectContaining({ position: bytes(good).length, field: 'add.path' }),
    );
  });
});

describe('forEachAction', () => {
  it('stops when told to, and does not look at what follows', () => {
    const seen: string[] = [];
    forEachAction(bytes(`${ADD}\n${ADD}\nnot json`), KEY, (action) => {
      seen.push(action.kind);
      return seen.length === 2 ? 'stop' : undefined;
    });
    expect(seen).toEqual(['add', 'add']);
  });
});
