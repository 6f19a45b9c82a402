/**
 * Whether a commit that was prepared before others changed the protocol or the metadata may stand behind that change
 * as it is. Pure; the rules are those of Delta Spark.
 */
import type { Metadata, Protocol, StringMap } from './actions.js';
import { formatJson, type Json } from './json.js';
import { impliedFeatures, supportsFeature } from './protocol.js';
import { columnMappingMode } from './schema/column-mapping.js';
import { parseSchemaString, typeJson } from './schema/schema-json.js';

/** Features whose duties a commit meets though it was prepared before they were added: rebase sees to the rest. */
const ADOPTABLE: ReadonlySet<string> = new Set([
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
]);

/**
 * Whether a commit that was prepared under `read` may be made under `theirs`: no feature is gone, and none was added
 * that asks something of the rows it wrote.
 */
export function isAdoptable(theirs: Protocol, read: Protocol): boolean {
  const before = new Set(impliedFeatures(read));
  const after = new Set(impliedFeatures(theirs));
  for (const name of before) if (!after.has(name)) return false;
  for (const name of after) if (!before.has(name) && !ADOPTABLE.has(name)) return false;
  return true;
}

/**
 * Whether a commit without a metaData of its own may stand behind one that turns `mine` into `theirs`: only features
 * were turned on whose duties a rebase can meet.
 *
 * @param protocol - the protocol it will be made under
 */
export function isResolvable(mine: Metadata, theirs: Metadata, protocol: Protocol): boolean {
  return (
    unresolvable(mine) === unresolvable(theirs) &&
    isConfigurationResolvable(mine, theirs, protocol) &&
    (mine.schemaString === theirs.schemaString || isSchemaResolvable(mine, theirs))
  );
}

/** All but the schema and the configuration: of these nothing may change. */
function unresolvable(metadata: Metadata): string {
  const { id, name, description, format, partitionColumns, createdTime } = metadata;
  const { provider, options } = format;
  const sorted = inOneOrder(options);
  return formatJson({ id, name, description, provider, sorted, partitionColumns, createdTime });
}

interface Change {
  readonly value: string | null;
  /** Whether the property was not set before. */
  readonly isNew: boolean;
  readonly mine: Metadata;
  readonly theirs: Metadata;
  readonly protocol: Protocol;
}

const isTrue = (value: string | null | undefined): boolean => value?.toLowerCase() === 'true';
const turnsOn =
  (feature: string, isOn = isTrue) =>
  ({ value, protocol }: Change): boolean =>
    isOn(value) && supportsFeature(protocol, feature);
const belongsToRowTracking = ({ theirs }: Change): boolean =>
  isTrue(theirs.configuration.get('delta.enableRowTracking'));
const isNewProperty = ({ isNew }: Change): boolean => isNew;

/** The properties that may have been set, and to what. */
const RESOLVABLE: ReadonlyMap<string, (change: Change) => boolean> = new Map([
  ['delta.enableRowTracking', turnsOn('rowTracking')],
  ['delta.rowTracking.materializedRowIdColumnName', belongsToRowTracking],
  ['delta.rowTracking.materializedRowCommitVersionColumnName', belongsToRowTracking],
  [
    'delta.columnMapping.mode',
    (change): boolean => turnsNamesOn(change) && supportsFeature(change.protocol, 'columnMapping'),
  ],
  ['delta.columnMapping.maxColumnId', (): boolean => true],
  ['delta.enableDeletionVectors', turnsOn('deletionVectors')],
  ['delta.checkpointPolicy', turnsOn('v2Checkpoint', (value) => value === 'v2')],
  ['delta.enableInCommitTimestamps', turnsOn('inCommitTimestamp')],
  ['delta.inCommitTimestampEnablementVersion', isNewProperty],
  ['delta.inCommitTimestampEnablementTimestamp', isNewProperty],
]);

function isConfigurationResolvable(mine: Metadata, theirs: Metadata, protocol: Protocol): boolean {
  const before: StringMap = mine.configuration;
  for (const name of before.keys()) if (!theirs.configuration.has(name)) return false;
  for (const [name, value] of theirs.configuration) {
    if (before.get(name) === value) continue;
    const change = { value, isNew: !before.has(name), mine, theirs, protocol };
    if (RESOLVABLE.get(name)?.(change) !== true) return false;
  }
  return true;
}

/** Mapping by name that begins changes no file: columns have been called in them what they were called all along. */
function turnsNamesOn({ mine, theirs }: Pick<Change, 'mine' | 'theirs'>): boolean {
  return (
    columnMappingMode(mine.configuration) === 'none' &&
    columnMappingMode(theirs.configuration) === 'name'
  );
}

const MAPPING_KEYS: ReadonlySet<string> = new Set([
  'delta.columnMapping.id',
  'delta.columnMapping.physicalName',
  'delta.columnMapping.nested.ids',
  'parquet.field.id',
  'parquet.field.nested.ids',
]);

/** The same columns, told apart only by what column mapping wrote beside them at the top. */
function isSchemaResolvable(mine: Metadata, theirs: Metadata): boolean {
  return turnsNamesOn({ mine, theirs }) && withoutMapping(mine) === withoutMapping(theirs);
}

function withoutMapping({ schemaString }: Metadata): string {
  const { fields } = parseSchemaString(schemaString);
  return formatJson(
    fields.map(({ name, type, nullable, metadata }) => {
      const kept = Object.entries(metadata).filter(([key]) => !MAPPING_KEYS.has(key));
      return [name, typeJson(type), nullable, inOneOrder(kept)];
    }),
  );
}

function inOneOrder(entries: Iterable<readonly [string, Json]>): readonly string[] {
  return Array.from(entries, (entry) => formatJson(entry)).toSorted();
}
