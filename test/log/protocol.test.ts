import { describe, expect, it } from 'vitest';
import { isVarveError } from '../../src/errors.js';
import type { Metadata, Protocol } from '../../src/log/actions.js';
import type { Json } from '../../src/log/json.js';
import {
  checkReadable,
  checkWritable,
  columnMapping,
  impliedFeatures,
  requiredProtocol,
  unsupported,
  upgradedProtocol,
} from '../../src/log/protocol.js';
import type { DataType, StructType } from '../../src/log/schema/types.js';

type Extra = Record<string, Json>;

function schemaOf(type: DataType = 'long', metadata: Extra = {}): StructType {
  const inner: StructType = {
    type: 'struct',
    fields: [{ name: 'n', type, nullable: true, metadata }],
  };
  const array: DataType = { type: 'array', elementType: inner, containsNull: true };
  return {
    type: 'struct',
    fields: [{ name: 'a', type: array, nullable: true, metadata: {} }],
  };
}

function metadataOf(configuration: Record<string, string>): Metadata {
  return {
    id: 'id',
    format: { provider: 'parquet', options: new Map() },
    schemaString: '',
    partitionColumns: [],
    configuration: new Map(Object.entries(configuration)),
  };
}

const legacy = (minReaderVersion: number, minWriterVersion: number): Protocol => ({
  minReaderVersion,
  minWriterVersion,
});
const listed = (readerFeatures: string[], writerFeatures: string[] = []): Protocol => ({
  minReaderVersion: 3,
  minWriterVersion: 7,
  readerFeatures,
  writerFeatures: [...readerFeatures, ...writerFeatures],
});
const writers = (...writerFeatures: string[]): Protocol => ({
  minReaderVersion: 1,
  minWriterVersion: 7,
  writerFeatures,
});

interface Case {
  readonly protocol: Protocol;
  readonly properties?: Record<string, string>;
  readonly schema?: StructType;
}

/** The features a check names, `[]` when it passes. */
function refused(check: typeof checkReadable, { protocol, properties, schema }: Case): unknown {
  try {
    check(protocol, metadataOf(properties ?? {}), schema ?? schemaOf());
    return [];
  } catch (error) {
    if (!isVarveError(error, 'UNSUPPORTED_FEATURE')) throw error;
    expect(error.message).toContain(error.features.join(', '));
    expect(error.remedy).not.toBe('');
    return error.features;
  }
}

const VARIANT: DataType = 'variant';
const INTERVAL: DataType = { type: 'unknown', name: 'interval day', json: 'interval day' };
const CHANGED = schemaOf('long', {
  'delta.typeChanges': [{ fromType: 'integer', toType: 'long' }],
});
const NARROWED = schemaOf('long', {
  'delta.typeChanges': [{ fromType: 'string', toType: 'long' }],
});
const mapped = { 'delta.columnMapping.mode': 'name' };

describe('checkReadable', () => {
  it.each<[string, Case, string[]]>([
    ['(1,1)', { protocol: legacy(1, 1) }, []],
    ['(1,6)', { protocol: legacy(1, 6) }, []],
    ['(2,5), unmapped', { protocol: legacy(2, 5) }, []],
    [
      '(2,5), mode none',
      { protocol: legacy(2, 5), properties: { 'delta.columnMapping.mode': 'none' } },
      [],
    ],
    ['(2,5), mapped', { protocol: legacy(2, 5), properties: mapped }, []],
    [
      '(1,2), mapped, which it does not support',
      { protocol: legacy(1, 2), properties: mapped },
      [],
    ],
    ['reader 4', { protocol: legacy(4, 7) }, ['minReaderVersion=4']],
    ['reader 99, writer 99', { protocol: legacy(99, 99) }, ['minReaderVersion=99']],
    ['writer 8 alone', { protocol: legacy(1, 8) }, []],
    ['unknown writer features', { protocol: writers('futureFeature', 'rowTracking') }, []],
    ['an unknown reader feature', { protocol: listed(['futureFeature']) }, ['futureFeature']],
    ['timestampNtz', { protocol: listed(['timestampNtz', 'timestampWithoutTimezone']) }, []],
    ['vacuumProtocolCheck', { protocol: listed(['vacuumProtocolCheck']) }, []],
    ['for some files', { protocol: listed(['deletionVectors', 'v2Checkpoint']) }, []],
    ['mapping listed, not active', { protocol: listed(['columnMapping']) }, []],
    ['mapping active', { protocol: listed(['columnMapping']), properties: mapped }, []],
    [
      'widening without changes',
      { protocol: listed(['typeWidening']), properties: { 'delta.enableTypeWidening': 'true' } },
      [],
    ],
    ['widening', { protocol: listed(['typeWidening']), schema: CHANGED }, []],
    ['widening preview', { protocol: listed(['typeWidening-preview']), schema: CHANGED }, []],
    [
      'a change that is no widening',
      { protocol: listed(['typeWidening-preview']), schema: NARROWED },
      ['typeWidening-preview'],
    ],
    ['a change that no feature speaks of', { protocol: legacy(1, 2), schema: NARROWED }, []],
    ['variant without a column', { protocol: listed(['variantType', 'variantShredding']) }, []],
    ['variant', { protocol: listed(['variantType']), schema: schemaOf(VARIANT) }, []],
    ['a type of no feature', { protocol: legacy(1, 2), schema: schemaOf(INTERVAL) }, []],
    ['catalogs', { protocol: listed(['catalogManaged']) }, ['catalogManaged']],
    ['coordinated commits, dropped', { protocol: writers('coordinatedCommits-preview') }, []],
    [
      'coordinated commits',
      {
        protocol: legacy(1, 2),
        properties: { 'delta.coordinatedCommits.commitCoordinator-preview': 'x' },
      },
      ['coordinatedCommits-preview'],
    ],
    [
      'every one is named',
      { protocol: listed(['geospatial', 'deletionVectors', 'catalogManaged']) },
      ['geospatial', 'catalogManaged'],
    ],
  ])('%s', (_name, table, expected) => {
    expect(refused(checkReadable, table)).toEqual(expected);
  });
});

describe('a refusal', () => {
  it.each([
    'catalogManaged',
    'catalogOwned-preview',
    'redirectReaderWriter-preview',
    'geospatial',
    'timestampNanos',
    'collations',
    'adaptiveMetadata',
    'columnMappingUsageTracking',
    'somethingNew',
  ])('names %s and a way out', (name) => {
    const check = (): void => {
      checkReadable(listed([name]), metadataOf({}), schemaOf());
    };
    expect(check).toThrow(expect.objectContaining({ features: [name], side: 'read' }));
    expect(check).toThrow(/; (use|open|drop) .+/);
    // For writers alone it never keeps anybody from reading.
    expect(refused(checkReadable, { protocol: writers(name) })).toEqual([]);
  });
});

describe('columnMapping', () => {
  it.each<[string, Protocol, string]>([
    ['(1,2)', legacy(1, 2), 'none'],
    ['(2,5)', legacy(2, 5), 'name'],
    ['a list without it', listed(['deletionVectors']), 'none'],
    ['a list with it', listed(['columnMapping']), 'name'],
    ['a list with it for writers alone', listed([], ['columnMapping']), 'name'],
  ])('of %s is what the property says only where it is supported: %s', (_, protocol, mode) => {
    expect(columnMapping(protocol, metadataOf(mapped))).toBe(mode);
  });
});

describe('checkWritable', () => {
  const field = (name: string): StructType => schemaOf('long', { [name]: 'x' });

  it.each<[string, Case, string[]]>([
    ['(1,2)', { protocol: legacy(1, 2) }, []],
    ['(1,7) with nothing', { protocol: writers() }, []],
    ['(2,6), nothing active', { protocol: legacy(2, 6) }, []],
    ['append-only', { protocol: legacy(1, 2), properties: { 'delta.appendOnly': 'true' } }, []],
    [
      'ntz',
      {
        protocol: listed(['timestampNtz'], ['appendOnly', 'invariants']),
        schema: schemaOf('timestamp_ntz'),
      },
      [],
    ],
    ['writer 8', { protocol: legacy(1, 8) }, ['minWriterVersion=8']],
    ['invariants', { protocol: legacy(1, 2), schema: field('delta.invariants') }, ['invariants']],
    [
      'constraints',
      { protocol: legacy(1, 3), properties: { 'delta.constraints.c': 'x > 1' } },
      ['checkConstraints'],
    ],
    [
      'constraints, unlisted',
      { protocol: legacy(1, 2), properties: { 'delta.constraints.c': 'x > 1' } },
      ['checkConstraints'],
    ],
    ['constraints, supported', { protocol: writers('checkConstraints') }, []],
    [
      'generated',
      { protocol: legacy(1, 4), schema: field('delta.generationExpression') },
      ['generatedColumns'],
    ],
    [
      'identity',
      { protocol: legacy(1, 6), schema: field('delta.identity.start') },
      ['identityColumns'],
    ],
    [
      'defaults',
      { protocol: writers('allowColumnDefaults'), schema: field('CURRENT_DEFAULT') },
      ['allowColumnDefaults'],
    ],
    [
      'varchar',
      { protocol: legacy(1, 2), schema: field('__CHAR_VARCHAR_TYPE_STRING') },
      ['__CHAR_VARCHAR_TYPE_STRING'],
    ],
    [
      'change feed',
      { protocol: legacy(1, 4), properties: { 'delta.enableChangeDataFeed': 'true' } },
      [],
    ],
    ['mapping, not active', { protocol: listed(['columnMapping']) }, []],
    ['domains', { protocol: writers('domainMetadata') }, []],
    [
      'row tracking',
      {
        protocol: writers('rowTracking', 'domainMetadata'),
        properties: { 'delta.enableRowTracking': 'true' },
      },
      [],
    ],
    [
      'in-commit timestamps',
      {
        protocol: writers('inCommitTimestamp'),
        properties: { 'delta.enableInCommitTimestamps': 'true' },
      },
      [],
    ],
    ['deletion vectors', { protocol: listed(['deletionVectors']) }, ['deletionVectors']],
    ['v2 checkpoints', { protocol: listed(['v2Checkpoint']) }, []],
    ['widening, without changes', { protocol: listed(['typeWidening']) }, ['typeWidening']],
    ['vacuumProtocolCheck', { protocol: listed(['vacuumProtocolCheck']) }, []],
    ['an unknown feature', { protocol: writers('appendOnly', 'futureFeature') }, ['futureFeature']],
    ['variants', { protocol: listed(['variantType']), schema: schemaOf(VARIANT) }, ['variantType']],
    [
      'variants of the preview',
      { protocol: listed(['variantType-preview']), schema: schemaOf(VARIANT) },
      ['variantType-preview'],
    ],
    [
      'variants of no feature',
      { protocol: legacy(1, 2), schema: schemaOf(VARIANT) },
      ['variantType'],
    ],
    ['an unknown type', { protocol: legacy(1, 2), schema: schemaOf(INTERVAL) }, ['interval day']],
    ['what is not readable', { protocol: listed(['futureFeature']) }, ['futureFeature']],
  ])('%s', (_name, table, expected) => {
    expect(refused(checkWritable, table)).toEqual(expected);
  });

  it('passes what requiredProtocol makes', () => {
    for (const type of ['long', 'timestamp_ntz', 'void'] as const) {
      const schema = schemaOf(type);
      for (const properties of [
        {},
        { 'delta.enableChangeDataFeed': 'true' },
        { 'delta.enableRowTracking': 'true', 'delta.checkpointPolicy': 'v2' },
      ]) {
        const { configuration } = metadataOf(properties);
        const protocol = requiredProtocol(schema, configuration);
        expect(refused(checkWritable, { protocol, properties, schema })).toEqual([]);
      }
    }
  });
});

describe('requiredProtocol', () => {
  const required = (schema: StructType, properties: Record<string, string> = {}): Protocol =>
    requiredProtocol(schema, metadataOf(properties).configuration);

  it('is (1,2) unless more is needed, and then lists what (1,2) implies', () => {
    expect(required(schemaOf())).toEqual(legacy(1, 2));
    expect(required(schemaOf(), { 'delta.appendOnly': 'true', mine: 'x' })).toEqual(legacy(1, 2));
    expect(required(schemaOf('timestamp_ntz'))).toEqual({
      minReaderVersion: 3,
      minWriterVersion: 7,
      readerFeatures: ['timestampNtz'],
      writerFeatures: ['appendOnly', 'invariants', 'timestampNtz'],
    });
    for (const policy of ['v2', 'V2']) {
      expect(required(schemaOf(), { 'delta.checkpointPolicy': policy })).toEqual({
        minReaderVersion: 3,
        minWriterVersion: 7,
        readerFeatures: ['v2Checkpoint'],
        writerFeatures: ['appendOnly', 'invariants', 'v2Checkpoint'],
      });
    }
    expect(required(schemaOf(), { 'delta.enableChangeDataFeed': 'true' })).toEqual({
      minReaderVersion: 1,
      minWriterVersion: 7,
      writerFeatures: ['appendOnly', 'changeDataFeed', 'invariants'],
    });
  });

  it('lists what a property turns on, and what that requires', () => {
    const properties = {
      'delta.enableRowTracking': 'true',
      'delta.enableInCommitTimestamps': 'true',
      'delta.checkpointPolicy': 'v2',
    };
    expect(required(schemaOf(), properties)).toEqual({
      minReaderVersion: 3,
      minWriterVersion: 7,
      readerFeatures: ['v2Checkpoint'],
      writerFeatures: [
        'appendOnly',
        'domainMetadata',
        'inCommitTimestamp',
        'invariants',
        'rowTracking',
        'v2Checkpoint',
      ],
    });
    expect(requiredProtocol(schemaOf(), new Map(), ['rowTracking'])).toEqual(
      writers('appendOnly', 'domainMetadata', 'invariants', 'rowTracking'),
    );
  });

  it.each<[string, StructType, Record<string, string>, string]>([
    ['a variant', schemaOf(VARIANT), {}, 'variantType'],
    ['deletion vectors', schemaOf(), { 'delta.enableDeletionVectors': 'true' }, 'deletionVectors'],
    ['mapping', schemaOf(), mapped, 'columnMapping'],
    ['widening', schemaOf(), { 'delta.enableTypeWidening': 'true' }, 'typeWidening'],
    ['a constraint', schemaOf(), { 'delta.constraints.c': 'a > 1' }, 'checkConstraints'],
    [
      'a generated column',
      schemaOf('long', { 'delta.generationExpression': 'x' }),
      {},
      'generatedColumns',
    ],
  ])('refuses %s by name', (_name, schema, properties, feature) => {
    expect(() => required(schema, properties)).toThrow(
      expect.objectContaining({ features: expect.arrayContaining([feature]), side: 'write' }),
    );
  });
});

describe('upgradedProtocol', () => {
  const upgraded = (protocol: Protocol, wanted: string[], properties = {}): Protocol =>
    upgradedProtocol(
      protocol,
      { schema: schemaOf(), configuration: new Map(Object.entries(properties)) },
      wanted,
    );

  it('is the same object when nothing is missing', () => {
    for (const protocol of [legacy(1, 2), writers('rowTracking', 'domainMetadata')]) {
      expect(upgraded(protocol, [])).toBe(protocol);
    }
    const tracked = writers('rowTracking', 'domainMetadata');
    expect(upgraded(tracked, ['rowTracking'], { 'delta.enableRowTracking': 'true' })).toBe(tracked);
  });

  it.each<[string, Protocol, string[], Protocol]>([
    [
      'a list',
      writers('appendOnly'),
      ['inCommitTimestamp'],
      writers('appendOnly', 'inCommitTimestamp'),
    ],
    [
      'a list, for readers too',
      writers('appendOnly'),
      ['v2Checkpoint'],
      listed(['v2Checkpoint'], ['appendOnly']),
    ],
    ['an empty list of readers', listed([]), ['domainMetadata'], listed([], ['domainMetadata'])],
    [
      'versions that imply features',
      legacy(1, 4),
      ['vacuumProtocolCheck'],
      listed(
        ['vacuumProtocolCheck'],
        ['appendOnly', 'changeDataFeed', 'checkConstraints', 'generatedColumns', 'invariants'],
      ),
    ],
    [
      'a reader version that implies mapping',
      legacy(2, 5),
      ['domainMetadata'],
      listed(
        ['columnMapping'],
        [
          'appendOnly',
          'changeDataFeed',
          'checkConstraints',
          'domainMetadata',
          'generatedColumns',
          'invariants',
        ],
      ),
    ],
  ])('adds to %s', (_what, protocol, wanted, expected) => {
    const sorted = { ...expected, writerFeatures: expected.writerFeatures?.toSorted() };
    expect(upgraded(protocol, wanted)).toEqual(sorted);
  });

  it('refuses what Varve could not write afterwards', () => {
    expect(() => upgraded(legacy(1, 2), ['deletionVectors'])).toThrow(
      expect.objectContaining({ features: ['deletionVectors'], side: 'write' }),
    );
  });
});

describe('impliedFeatures', () => {
  it.each<[Protocol, string[]]>([
    [legacy(1, 1), []],
    [legacy(1, 2), ['appendOnly', 'invariants']],
    [
      legacy(1, 4),
      ['appendOnly', 'changeDataFeed', 'checkConstraints', 'generatedColumns', 'invariants'],
    ],
    [
      legacy(2, 6),
      [
        'appendOnly',
        'changeDataFeed',
        'checkConstraints',
        'columnMapping',
        'generatedColumns',
        'identityColumns',
        'invariants',
      ],
    ],
    [listed(['timestampNtz'], ['appendOnly']), ['appendOnly', 'timestampNtz']],
    [{ ...writers('columnMapping'), minReaderVersion: 2 }, ['columnMapping']],
  ])('%j', (protocol, expected) => {
    expect(impliedFeatures(protocol)).toEqual(expected);
  });
});

describe('unsupported', () => {
  it('names features, side, place and the way out', () => {
    const error = unsupported(['deletionVectors'], 'read', 'file a.parquet');
    expect(error).toMatchObject({ features: ['deletionVectors'], side: 'read' });
    expect(error.message).toContain('file a.parquet');
    expect(error.remedy).toContain('PURGE');
    expect(unsupported(['deletionVectors', 'x'], 'write').remedy).toContain('DROP FEATURE');
  });
});
