/**
 * The features of the protocol, and what Varve does with each: one table, so that every refusal
 * names the same thing. PROTOCOL.md "Table Features", "Valid Feature Names in Table Features".
 */
import type { StringMap } from './actions.js';
import { TYPE_CHANGES } from './schema/type-changes.js';
import type { StructType } from './schema/types.js';
import { fieldHas, typeIs } from './schema-search.js';

/** What decides whether a feature is active: supported is not active. */
export interface TableFacts {
  readonly configuration: StringMap;
  readonly schema: StructType;
}

/**
 * How Varve meets a feature. `always`: it is implemented, or asks for nothing. `inactive`: only
 * while nothing in the table uses it. `never`.
 */
export type Support = 'always' | 'inactive' | 'never';

export interface TableFeature {
  /** As the protocol spells it. */
  readonly name: string;
  /** Whether readers must know it, too. */
  readonly kind: 'reader-writer' | 'writer';
  /** The versions below the feature lists that imply it. */
  readonly legacyReader?: number;
  readonly legacyWriter?: number;
  readonly read: Support;
  readonly write: Support;
  /** Whether a writer must do something for it; absent when that does not show in the metadata. */
  readonly isActive?: (table: TableFacts) => boolean;
  /** Whether a reader must; absent when it is the same as for a writer. */
  readonly isActiveForReading?: (table: TableFacts) => boolean;
  /** What a table that supports it supports, too. */
  readonly requires?: readonly string[];
  /** The way out, where it is not "drop the feature". */
  readonly remedy?: string;
}

/** The name Delta gave `timestampNtz` before it was final. */
const TIMESTAMP_NTZ_ALIAS = 'timestampWithoutTimezone';

/** A feature by its name, older names included; undefined when Varve has never heard of it. */
export function tableFeature(name: string): TableFeature | undefined {
  return BY_NAME.get(name === TIMESTAMP_NTZ_ALIAS ? 'timestampNtz' : name);
}

const isTrue =
  (property: string) =>
  ({ configuration }: TableFacts): boolean =>
    configuration.get(property)?.toLowerCase() === 'true';

const isMapped = ({ configuration }: TableFacts): boolean =>
  (configuration.get('delta.columnMapping.mode') ?? 'none').toLowerCase() !== 'none';

const hasField =
  (isNamed: (name: string) => boolean) =>
  ({ schema }: TableFacts): boolean =>
    fieldHas(schema, isNamed);

const hasFieldNamed = (wanted: string): ((table: TableFacts) => boolean) =>
  hasField((name) => name === wanted);

const hasVariant = ({ schema }: TableFacts): boolean =>
  typeIs(schema, (type) => type === 'variant');

const hasTypeChanges = hasFieldNamed(TYPE_CHANGES);

const CATALOG_REMEDY =
  'open the table through the catalog that manages it: its newest commits are not all in the log';

const OWNED_BY_CATALOG = {
  kind: 'reader-writer',
  read: 'never',
  write: 'never',
  remedy: CATALOG_REMEDY,
} as const;

/** Known so that a refusal can say what helps. */
const REFUSED = { kind: 'reader-writer', read: 'never', write: 'never' } as const;

const READ_ONLY = { kind: 'writer', read: 'always', write: 'never' } as const;

const WIDENING = {
  kind: 'reader-writer',
  read: 'always',
  write: 'never',
  isActive: (table: TableFacts): boolean =>
    hasTypeChanges(table) || isTrue('delta.enableTypeWidening')(table),
  remedy: 'drop the feature, which rewrites the files of the older types',
} as const;

const VARIANT = {
  kind: 'reader-writer',
  read: 'always',
  write: 'inactive',
  isActive: hasVariant,
  remedy: 'write with an engine that encodes variants',
} as const;

/** Every feature Varve knows by name, in the order of the protocol's own table. */
export const TABLE_FEATURES: readonly TableFeature[] = [
  {
    name: 'appendOnly',
    kind: 'writer',
    legacyWriter: 2,
    read: 'always',
    write: 'always',
    isActive: isTrue('delta.appendOnly'),
  },
  {
    name: 'invariants',
    kind: 'writer',
    legacyWriter: 2,
    read: 'always',
    write: 'inactive',
    isActive: hasFieldNamed('delta.invariants'),
    remedy: 'remove the invariant from the columns, or write with an engine that evaluates SQL',
  },
  {
    name: 'checkConstraints',
    kind: 'writer',
    legacyWriter: 3,
    read: 'always',
    write: 'inactive',
    isActive: ({ configuration }) =>
      [...configuration.keys()].some((key) => key.startsWith('delta.constraints.')),
    remedy: 'drop the constraints, or write with an engine that evaluates SQL',
  },
  {
    name: 'generatedColumns',
    kind: 'writer',
    legacyWriter: 4,
    read: 'always',
    write: 'inactive',
    isActive: hasFieldNamed('delta.generationExpression'),
    remedy: 'write with an engine that evaluates SQL',
  },
  {
    name: 'allowColumnDefaults',
    kind: 'writer',
    read: 'always',
    write: 'inactive',
    isActive: hasFieldNamed('CURRENT_DEFAULT'),
    remedy: 'drop the defaults, or write with an engine that evaluates SQL',
  },
  {
    name: 'changeDataFeed',
    kind: 'writer',
    legacyWriter: 4,
    read: 'always',
    // Commits that add or remove whole files need no change files; others are refused by their
    // verb.
    write: 'always',
    isActive: isTrue('delta.enableChangeDataFeed'),
  },
  {
    name: 'columnMapping',
    kind: 'reader-writer',
    legacyReader: 2,
    legacyWriter: 5,
    read: 'always',
    write: 'inactive',
    isActive: isMapped,
  },
  {
    name: 'identityColumns',
    kind: 'writer',
    legacyWriter: 6,
    read: 'always',
    write: 'inactive',
    isActive: hasField((name) => name.startsWith('delta.identity.')),
    remedy: 'write with an engine that generates identity values',
  },
  {
    name: 'deletionVectors',
    kind: 'reader-writer',
    read: 'always',
    write: 'never',
    isActive: isTrue('delta.enableDeletionVectors'),
    remedy: 'purge the deletion vectors (REORG TABLE ... APPLY (PURGE)) and drop the feature',
  },
  {
    name: 'rowTracking',
    kind: 'writer',
    read: 'always',
    // A commit gives ids to the files it adds, and says whether rows that it wrote again kept theirs.
    write: 'always',
    requires: ['domainMetadata'],
    isActive: isTrue('delta.enableRowTracking'),
  },
  {
    name: 'timestampNtz',
    kind: 'reader-writer',
    read: 'always',
    write: 'always',
    isActive: ({ schema }) => typeIs(schema, (type) => type === 'timestamp_ntz'),
  },
  { name: 'domainMetadata', kind: 'writer', read: 'always', write: 'always' },
  {
    name: 'v2Checkpoint',
    kind: 'reader-writer',
    read: 'always',
    write: 'always',
    isActive: ({ configuration }) =>
      configuration.get('delta.checkpointPolicy')?.toLowerCase() === 'v2',
  },
  { ...OWNED_BY_CATALOG, name: 'catalogManaged' },
  { ...OWNED_BY_CATALOG, name: 'catalogOwned-preview' },
  {
    ...READ_ONLY,
    name: 'coordinatedCommits-preview',
    read: 'inactive',
    isActive: ({ configuration }) =>
      configuration.has('delta.coordinatedCommits.commitCoordinator-preview'),
    remedy: CATALOG_REMEDY,
  },
  {
    ...REFUSED,
    name: 'redirectReaderWriter-preview',
    remedy:
      'open the table at the place that its property delta.redirectReaderWriter-preview names',
  },
  { ...READ_ONLY, name: 'redirectWriterOnly-preview' },
  {
    ...REFUSED,
    name: 'geospatial',
    remedy: 'use an engine that has geometry and geography, or drop those columns and the feature',
  },
  {
    ...REFUSED,
    name: 'timestampNanos',
    remedy:
      'use an engine that has nanoseconds, or turn the columns into timestamps and drop the feature',
  },
  { ...READ_ONLY, name: 'icebergCompatV1', isActive: isTrue('delta.enableIcebergCompatV1') },
  { ...READ_ONLY, name: 'icebergCompatV2', isActive: isTrue('delta.enableIcebergCompatV2') },
  { ...READ_ONLY, name: 'icebergCompatV3', isActive: isTrue('delta.enableIcebergCompatV3') },
  { ...READ_ONLY, name: 'icebergWriterCompatV1' },
  { ...READ_ONLY, name: 'icebergWriterCompatV3' },
  { ...READ_ONLY, name: 'clustering' },
  // It binds who cleans the log, which leaves alone what is protected.
  { name: 'checkpointProtection', kind: 'writer', read: 'always', write: 'always' },
  {
    name: 'inCommitTimestamp',
    kind: 'writer',
    read: 'always',
    write: 'always',
    isActive: isTrue('delta.enableInCommitTimestamps'),
  },
  { ...READ_ONLY, name: 'inCommitTimestamp-preview' },
  // It binds only who deletes files, as VACUUM does.
  { name: 'vacuumProtocolCheck', kind: 'reader-writer', read: 'always', write: 'always' },
  { ...WIDENING, name: 'typeWidening' },
  { ...WIDENING, name: 'typeWidening-preview' },
  { ...VARIANT, name: 'variantType' },
  { ...VARIANT, name: 'variantType-preview' },
  {
    ...VARIANT,
    name: 'variantShredding',
    requires: ['variantType'],
    isActive: isTrue('delta.enableVariantShredding'),
  },
  {
    ...VARIANT,
    name: 'variantShredding-preview',
    isActive: isTrue('delta.enableVariantShredding'),
  },
];

const BY_NAME: ReadonlyMap<string, TableFeature> = new Map(
  TABLE_FEATURES.map((feature) => [feature.name, feature]),
);
