import { describe, expect, it } from 'vitest';
import type { Metadata, Protocol } from '../../src/log/actions.js';
import { isAdoptable, isResolvable } from '../../src/log/conflict-metadata.js';
import { metadata } from './log-fixture.js';

const writers = (...writerFeatures: string[]): Protocol => ({
  minReaderVersion: 1,
  minWriterVersion: 7,
  writerFeatures,
});
const LEGACY: Protocol = { minReaderVersion: 1, minWriterVersion: 2 };

/** The features that Delta Spark lets a concurrent commit go behind. */
const HARMLESS = [
  'appendOnly',
  'changeDataFeed',
  'columnMapping',
  'timestampNtz',
  'deletionVectors',
  'rowTracking',
  'domainMetadata',
  'icebergCompatV1',
  'icebergCompatV2',
  'icebergCompatV3',
  'v2Checkpoint',
  'catalogManaged',
  'typeWidening',
  'typeWidening-preview',
  'inCommitTimestamp',
  'vacuumProtocolCheck',
];
const DEMANDING = [
  'invariants',
  'checkConstraints',
  'generatedColumns',
  'identityColumns',
  'geospatial',
  'variantType',
  'variantShredding',
  'clustering',
  'allowColumnDefaults',
  'materializePartitionColumns',
  'coordinatedCommits-preview',
  'checkpointProtection',
  'someday',
];

describe('isAdoptable', () => {
  it.each([
    ...HARMLESS.map((name) => [name, true] as const),
    ...DEMANDING.map((name) => [name, false] as const),
  ])('of an added %s: %s', (name, expected) => {
    expect(isAdoptable(writers('x', name), writers('x'))).toBe(expected);
  });

  it('is false where a feature is gone, also one that only versions implied', () => {
    expect(isAdoptable(writers('a'), writers('a', 'b'))).toBe(false);
    expect(isAdoptable(writers('appendOnly', 'invariants'), LEGACY)).toBe(true);
    expect(isAdoptable(writers('appendOnly'), LEGACY)).toBe(false);
    expect(isAdoptable(LEGACY, LEGACY)).toBe(true);
  });
});

const SUPPORTED = writers(...HARMLESS);
const with_ = (properties: Record<string, string>): Metadata =>
  metadata({ configuration: new Map(Object.entries(properties)) });
const schemaOf = (extra: object, type: unknown = 'long'): string =>
  JSON.stringify({
    type: 'struct',
    fields: [{ name: 'id', type, nullable: true, metadata: extra }],
  }).replaceAll('"BIG"', '9007199254740993');
const nested = (extra: object): unknown => ({
  type: 'struct',
  fields: [{ name: 'n', type: 'long', nullable: true, metadata: extra }],
});
const NAMES = { 'delta.columnMapping.mode': 'name', 'delta.columnMapping.maxColumnId': '1' };
const NAMED = { 'delta.columnMapping.id': 1, 'delta.columnMapping.physicalName': 'id' };
const mapped = (schemaString: string, properties: Record<string, string> = NAMES): Metadata => ({
  ...with_(properties),
  schemaString,
});

const NESTED_IDS = {
  ...NAMED,
  'delta.columnMapping.nested.ids': {},
  'parquet.field.id': 1,
  'parquet.field.nested.ids': {},
};
/** Stands for a number that no JavaScript number holds. */
const BIG = 'BIG';
const twoOf = (extra: object, second: string): string =>
  JSON.stringify({
    type: 'struct',
    fields: [
      { name: 'id', type: 'long', nullable: true, metadata: extra },
      { name: 'b', type: second, nullable: true, metadata: {} },
    ],
  });
const TWO = twoOf({}, 'long');
const OTHER_TWO = twoOf(NAMED, 'string');
const optioned = (...names: string[]): Metadata =>
  metadata({ format: { provider: 'parquet', options: new Map(names.map((name) => [name, 'x'])) } });

describe('isResolvable', () => {
  const ROW_TRACKING = {
    'delta.enableRowTracking': 'true',
    'delta.rowTracking.materializedRowIdColumnName': '_row-id-col-1',
    'delta.rowTracking.materializedRowCommitVersionColumnName': '_row-commit-version-col-1',
  };
  const TIMES = {
    'delta.enableInCommitTimestamps': 'true',
    'delta.inCommitTimestampEnablementVersion': '4',
    'delta.inCommitTimestampEnablementTimestamp': '1000',
  };

  it.each<[string, Metadata, Metadata, boolean]>([
    ['nothing', with_({ a: '1' }), with_({ a: '1' }), true],
    ['another property', with_({}), with_({ a: '1' }), false],
    ['a property gone', with_({ a: '1' }), with_({}), false],
    ['row tracking on', with_({}), with_(ROW_TRACKING), true],
    [
      'row tracking off',
      with_(ROW_TRACKING),
      with_({ ...ROW_TRACKING, 'delta.enableRowTracking': 'false' }),
      false,
    ],
    [
      'its columns alone',
      with_({}),
      with_({ ...ROW_TRACKING, 'delta.enableRowTracking': 'false' }),
      false,
    ],
    ['deletion vectors on', with_({}), with_({ 'delta.enableDeletionVectors': 'TRUE' }), true],
    ['deletion vectors off', with_({}), with_({ 'delta.enableDeletionVectors': 'false' }), false],
    [
      'v2 checkpoints',
      with_({ 'delta.checkpointPolicy': 'classic' }),
      with_({ 'delta.checkpointPolicy': 'v2' }),
      true,
    ],
    ['classic checkpoints', with_({}), with_({ 'delta.checkpointPolicy': 'classic' }), false],
    ['in-commit timestamps on', with_({}), with_(TIMES), true],
    [
      'in-commit timestamps off',
      with_(TIMES),
      with_({ ...TIMES, 'delta.enableInCommitTimestamps': 'false' }),
      false,
    ],
    [
      'another enablement',
      with_(TIMES),
      with_({ ...TIMES, 'delta.inCommitTimestampEnablementVersion': '5' }),
      false,
    ],
    ['another name', metadata(), metadata({ name: 'new' }), false],
    ['another description', metadata(), metadata({ description: 'new' }), false],
    ['another id', metadata(), metadata({ id: 'new' }), false],
    ['other partition columns', metadata(), metadata({ partitionColumns: [] }), false],
    ['another schema', mapped(schemaOf({}), {}), mapped(schemaOf({}, 'string'), {}), false],
    ['mapping by name', mapped(schemaOf({}), {}), mapped(schemaOf(NAMED)), true],
    ['mapping of one column less', mapped(TWO, {}), mapped(schemaOf(NAMED)), false],
    ['mapping of two columns, one of another type', mapped(TWO, {}), mapped(OTHER_TWO), false],
    ['mapping with nested ids', mapped(schemaOf({}), {}), mapped(schemaOf(NESTED_IDS)), true],
    [
      'the same in another order',
      mapped(schemaOf({ b: BIG, a: 1 }), {}),
      mapped(schemaOf({ a: 1, ...NAMED, b: BIG })),
      true,
    ],
    [
      'another format option',
      metadata(),
      metadata({ format: { provider: 'parquet', options: new Map([['a', 'b']]) } }),
      false,
    ],
    ['options in another order', optioned('a', 'b'), optioned('b', 'a'), true],
    ['no time of creation', metadata(), metadata({ createdTime: undefined }), false],
    [
      'names for ids',
      mapped(schemaOf({}), { 'delta.columnMapping.mode': 'id' }),
      mapped(schemaOf({}), { 'delta.columnMapping.mode': 'name' }),
      false,
    ],
    [
      'mapping by id',
      mapped(schemaOf({}), {}),
      mapped(schemaOf(NAMED), { ...NAMES, 'delta.columnMapping.mode': 'id' }),
      false,
    ],
    [
      'mapping and a comment',
      mapped(schemaOf({}), {}),
      mapped(schemaOf({ ...NAMED, comment: 'x' })),
      false,
    ],
    [
      'mapping and another type',
      mapped(schemaOf({}), {}),
      mapped(schemaOf(NAMED, 'string')),
      false,
    ],
    [
      'mapping below the top',
      mapped(schemaOf({}, nested({})), {}),
      mapped(schemaOf(NAMED, nested(NAMED))),
      false,
    ],
    ['new names of mapped columns', mapped(schemaOf(NAMED)), mapped(schemaOf({})), false],
  ])('of %s: %#', (_what, mine, theirs, expected) => {
    expect(isResolvable(mine, theirs, SUPPORTED)).toBe(expected);
  });

  it.each<[string, Record<string, string>]>([
    ['rowTracking', ROW_TRACKING],
    ['deletionVectors', { 'delta.enableDeletionVectors': 'true' }],
    ['v2Checkpoint', { 'delta.checkpointPolicy': 'v2' }],
    ['inCommitTimestamp', TIMES],
    ['columnMapping', NAMES],
  ])('is false where the protocol does not support %s', (feature, properties) => {
    const others = writers(...HARMLESS.filter((name) => name !== feature));
    expect(isResolvable(with_({}), with_(properties), SUPPORTED)).toBe(true);
    expect(isResolvable(with_({}), with_(properties), others)).toBe(false);
  });
});
