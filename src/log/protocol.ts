/**
 * Whether Varve may read, or write, a table: decided by feature, before anything is read or
 * written.
 */
import { UnsupportedFeatureError } from '../errors.js';
import type { Metadata, Protocol, StringMap } from './actions.js';
import { READER_FEATURES_VERSION, WRITER_FEATURES_VERSION } from './protocol-shape.js';
import { type ColumnMappingMode, columnMappingMode } from './schema/column-mapping.js';
import { unsupportedTypeChanges } from './schema/type-changes.js';
import type { StructType } from './schema/types.js';
import { fieldHas, unknownTypes } from './schema-search.js';
import { type Support, TABLE_FEATURES, type TableFacts, tableFeature } from './table-feature.js';

/**
 * Passes a table whose rows Varve reads right. Every protocol of a log must pass, not only the last.
 * @throws UnsupportedFeatureError that names every feature in the way
 * @see PROTOCOL.md "Requirements for Readers"
 */
export function checkReadable(protocol: Protocol, metadata: Metadata, schema: StructType): void {
  const { minReaderVersion } = protocol;
  if (minReaderVersion > READER_FEATURES_VERSION) {
    throw unsupported([`minReaderVersion=${minReaderVersion}`], 'read');
  }
  const table = { configuration: metadata.configuration, schema };
  const missing = [...readerFeatures(protocol), COORDINATED].filter(
    (name) => !isReadable(name, table),
  );
  if (missing.length > 0) throw unsupported(missing, 'read');
  checkTypeChanges(protocol, schema);
}

/**
 * Passes a table that Varve may commit added files to; who removes files looks at
 * `delta.appendOnly`, who copies rows at `delta.enableChangeDataFeed`, too. What is active counts,
 * whether or not the protocol lists it: only features whose inactivity cannot be told from the
 * metadata are refused for being listed.
 * @throws UnsupportedFeatureError that names every feature, or type, in the way
 * @see PROTOCOL.md "Requirements for Writers"
 */
export function checkWritable(protocol: Protocol, metadata: Metadata, schema: StructType): void {
  checkReadable(protocol, metadata, schema);
  const { minWriterVersion } = protocol;
  if (minWriterVersion > WRITER_FEATURES_VERSION) {
    throw unsupported([`minWriterVersion=${minWriterVersion}`], 'write');
  }
  const missing = unwritable(listedFeatures(protocol), {
    configuration: metadata.configuration,
    schema,
  });
  if (missing.length > 0) throw unsupported(missing, 'write');
}

/**
 * The protocol of a new table: (1,2), or feature lists when the schema or a property needs a
 * feature that (1,2) does not imply, or `wanted` names one; then those that it does are listed too,
 * so that they stay on.
 * @throws UnsupportedFeatureError for what Varve could not write afterwards
 * @see PROTOCOL.md "Table Features for New and Existing Tables"
 */
export function requiredProtocol(
  schema: StructType,
  configuration: StringMap,
  wanted: readonly string[] = [],
): Protocol {
  return upgradedProtocol(BASE, { schema, configuration }, wanted);
}

/**
 * The protocol of a table that is about to have this schema and these properties: `protocol` with
 * every feature that they need and every one that is `wanted`, with all that those require. It is
 * the same object when nothing is missing. What versions implied is listed when lists begin.
 * @throws UnsupportedFeatureError for what Varve could not write afterwards
 * @see PROTOCOL.md "Table Features for New and Existing Tables"
 */
export function upgradedProtocol(
  protocol: Protocol,
  table: TableFacts,
  wanted: readonly string[],
): Protocol {
  const active = TABLE_FEATURES.filter(
    ({ name, isActive }) => isNewestName(name) && isActive?.(table) === true,
  ).map(({ name }) => name);
  const needed = withRequired([...active, ...wanted]);
  const missing = unwritable(needed, table);
  if (missing.length > 0) throw unsupported(missing, 'write');
  const supported = impliedFeatures(protocol);
  if (needed.every((name) => supported.includes(name))) return protocol;
  const writerFeatures = [...new Set([...supported, ...needed])].toSorted();
  const forReaders = writerFeatures.filter((name) => tableFeature(name)?.kind === 'reader-writer');
  const { minReaderVersion } = protocol;
  return forReaders.length === 0 && minReaderVersion < READER_FEATURES_VERSION
    ? { minReaderVersion, minWriterVersion: WRITER_FEATURES_VERSION, writerFeatures }
    : {
        minReaderVersion: READER_FEATURES_VERSION,
        minWriterVersion: WRITER_FEATURES_VERSION,
        readerFeatures: forReaders,
        writerFeatures,
      };
}

function withRequired(names: readonly string[]): readonly string[] {
  const all = new Set<string>();
  const visit = (name: string): void => {
    if (all.has(name)) return;
    all.add(name);
    tableFeature(name)?.requires?.forEach(visit);
  };
  names.forEach(visit);
  return [...all];
}

/**
 * How a table maps its columns: by its property, which counts only where the protocol supports the feature.
 * @throws UnsupportedFeatureError for an unknown mode
 * @see PROTOCOL.md "Column Mapping"
 */
export function columnMapping(protocol: Protocol, { configuration }: Metadata): ColumnMappingMode {
  // Tables are about whose lists name it for writers alone, and whose files are mapped nevertheless.
  const counts =
    protocol.minReaderVersion === 2 || listedFeatures(protocol).includes('columnMapping');
  return counts ? columnMappingMode(configuration) : 'none';
}

/** Every feature that a protocol supports, listed or implied by its versions; sorted, each once. */
export function impliedFeatures(protocol: Protocol): readonly string[] {
  return [...new Set(listedFeatures(protocol))].toSorted();
}

/** Whether a protocol supports a feature, by its list or by its versions. */
export function supportsFeature(protocol: Protocol, name: string): boolean {
  return listedFeatures(protocol).includes(name);
}

/**
 * The refusal of one or several features, worded alike wherever it happens.
 * @param detail - what exactly was met, for example a file
 */
export function unsupported(
  features: readonly string[],
  side: 'read' | 'write',
  detail?: string,
): UnsupportedFeatureError {
  const named = features.map((name) => tableFeature(name)?.remedy).filter((text) => text);
  const general =
    'use a newer varve or another engine, or drop the feature (ALTER TABLE ... DROP FEATURE)';
  const where = detail === undefined ? '' : ` (${detail})`;
  return new UnsupportedFeatureError({
    message: `the table uses what varve cannot ${side} yet: ${features.join(', ')}${where}`,
    features,
    side,
    remedy: named.length === features.length ? [...new Set(named)].join('; ') : general,
  });
}

/** The protocol that every Delta client can write. */
const BASE: Protocol = { minReaderVersion: 1, minWriterVersion: 2 };
const TYPE_WIDENING: ReadonlySet<string> = new Set(['typeWidening', 'typeWidening-preview']);
/** A writer feature, and yet a reader of the log alone would not see the newest commits. */
const COORDINATED = 'coordinatedCommits-preview';
/** Spark's mark of a `char` or `varchar` column, whose length every writer must hold to. */
const CHAR_VARCHAR = '__CHAR_VARCHAR_TYPE_STRING';

/** The history of types counts only where the feature says that there may be one. */
function checkTypeChanges(protocol: Protocol, schema: StructType): void {
  const widening = readerFeatures(protocol).find((name) => TYPE_WIDENING.has(name));
  if (widening === undefined) return;
  const changes = unsupportedTypeChanges(schema);
  if (changes.length > 0) {
    throw unsupported([widening], 'read', `type changes ${changes.join(', ')}`);
  }
}

function isReadable(name: string, table: TableFacts): boolean {
  const feature = tableFeature(name);
  if (feature === undefined) return false;
  const isActive = feature.isActiveForReading ?? feature.isActive;
  return isSupported(feature.read, isActive?.(table));
}

function isSupported(support: Support, isActive: boolean | undefined): boolean {
  switch (support) {
    case 'always':
      return true;
    case 'inactive':
      return isActive === false;
    case 'never':
      return false;
  }
}

/**
 * What keeps a table from being written: listed or active features, and types without an encoder.
 */
function unwritable(listed: readonly string[], table: TableFacts): readonly string[] {
  const missing = new Set<string>();
  for (const name of listed) {
    const feature = tableFeature(name);
    const passes = feature !== undefined && isSupported(feature.write, feature.isActive?.(table));
    if (!passes) missing.add(name);
  }
  for (const { name, write, isActive } of TABLE_FEATURES) {
    const isNamed = !isNewestName(name) || missing.has(`${name}-preview`);
    if (write === 'inactive' && !isNamed && isActive?.(table) === true) missing.add(name);
  }
  if (fieldHas(table.schema, (key) => key === CHAR_VARCHAR)) missing.add(CHAR_VARCHAR);
  for (const name of unknownTypes(table.schema)) missing.add(name);
  return [...missing];
}

function readerFeatures(protocol: Protocol): readonly string[] {
  if (protocol.minReaderVersion === READER_FEATURES_VERSION) return protocol.readerFeatures ?? [];
  return TABLE_FEATURES.filter(
    ({ legacyReader }) => (legacyReader ?? Infinity) <= protocol.minReaderVersion,
  ).map(({ name }) => name);
}

function listedFeatures(protocol: Protocol): readonly string[] {
  if (protocol.minWriterVersion < WRITER_FEATURES_VERSION) return legacyFeatures(protocol);
  return [...(protocol.writerFeatures ?? []), ...readerFeatures(protocol)];
}

function legacyFeatures(protocol: Protocol): readonly string[] {
  const { minReaderVersion, minWriterVersion } = protocol;
  return TABLE_FEATURES.filter(
    ({ legacyReader = 1, legacyWriter = Infinity }) =>
      legacyReader <= minReaderVersion && legacyWriter <= minWriterVersion,
  ).map(({ name }) => name);
}

/** A feature's preview name is for tables that have it already. */
function isNewestName(name: string): boolean {
  const final = name.replace(/-preview$/, '');
  return final === name || tableFeature(final) === undefined;
}
