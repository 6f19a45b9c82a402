/** Versions and times that a table's metadata tells of the commit it is changed by. */
import type { Metadata } from './actions.js';
import { usesInCommitTimestamps } from './commit-clock.js';
import { isJsonObject, type Json } from './json.js';
import { formatSchemaString, parseSchemaString } from './schema/schema-json.js';
import { TYPE_CHANGES } from './schema/type-changes.js';
import type { DataType, StructType } from './schema/types.js';

const ENABLEMENT_VERSION = 'delta.inCommitTimestampEnablementVersion';
const ENABLEMENT_TIMESTAMP = 'delta.inCommitTimestampEnablementTimestamp';
const PROTECTION = 'delta.requireCheckpointProtectionBeforeVersion';
const TABLE_VERSION = 'tableVersion';

export interface MetadataFacts {
  /** The version that is made. */
  readonly version: number;
  /** The first version that was not there yet when the transaction began. */
  readonly ownSince: number;
  /** The metadata of the version before. */
  readonly before: Metadata | undefined;
  readonly inCommitTimestamp: number | undefined;
}

/**
 * The metadata of a transaction for the version it becomes. Whatever version its metadata names that was not there
 * when it began is its own, and was guessed.
 */
export function rebaseMetadata(metadata: Metadata, facts: MetadataFacts): Metadata {
  return {
    ...metadata,
    configuration: rebaseConfiguration(metadata, facts),
    schemaString: rebaseTypeChanges(metadata.schemaString, facts),
  };
}

function rebaseConfiguration(metadata: Metadata, facts: MetadataFacts): Metadata['configuration'] {
  const { version, before, inCommitTimestamp } = facts;
  const configuration = new Map(metadata.configuration);
  const protection = Number(configuration.get(PROTECTION));
  if (protection >= facts.ownSince) configuration.set(PROTECTION, String(version));
  if (before === undefined || !usesInCommitTimestamps(metadata)) return configuration;
  if (!usesInCommitTimestamps(before)) {
    configuration.set(ENABLEMENT_VERSION, String(version));
    configuration.set(ENABLEMENT_TIMESTAMP, String(inCommitTimestamp));
    return configuration;
  }
  // The history that has no times of its own is still there.
  for (const name of [ENABLEMENT_VERSION, ENABLEMENT_TIMESTAMP]) {
    const value = before.configuration.get(name);
    if (value !== undefined) configuration.set(name, value);
  }
  return configuration;
}

/** The preview of type widening wrote down in which version a type was changed. PROTOCOL.md "Type Change Metadata" */
function rebaseTypeChanges(schemaString: string, { version, ownSince }: MetadataFacts): string {
  if (!schemaString.includes(`"${TABLE_VERSION}"`)) return schemaString;
  const rebased = (change: Json): Json => {
    if (!isJsonObject(change)) return change;
    const made = change[TABLE_VERSION];
    const isOwn = typeof made === 'number' && made >= ownSince;
    return isOwn ? { ...change, [TABLE_VERSION]: version } : change;
  };
  const inType = (type: DataType): DataType => {
    if (typeof type === 'string') return type;
    switch (type.type) {
      case 'struct':
        return inStruct(type);
      case 'array':
        return { ...type, elementType: inType(type.elementType) };
      case 'map':
        return { ...type, keyType: inType(type.keyType), valueType: inType(type.valueType) };
      case 'unknown':
        return type;
    }
  };
  const inStruct = (struct: StructType): StructType => ({
    type: 'struct',
    fields: struct.fields.map((field) => {
      const changes = field.metadata[TYPE_CHANGES];
      const type = inType(field.type);
      if (!Array.isArray(changes)) return { ...field, type };
      return {
        ...field,
        type,
        metadata: { ...field.metadata, [TYPE_CHANGES]: changes.map(rebased) },
      };
    }),
  });
  return formatSchemaString(inStruct(parseSchemaString(schemaString)));
}
