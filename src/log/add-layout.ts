/** In which forms a checkpoint holds the statistics and partition values of its files. PROTOCOL.md "Checkpoints", "Checkpoint Schema". */
import type { DomainMetadata, Metadata, Protocol, StringMap } from './actions.js';
import { ADD, field, struct } from './checkpoint-schema.js';
import { CLUSTERING, clusteredPaths } from './clustering.js';
import { columnMapping, impliedFeatures } from './protocol.js';
import { physicalName } from './schema/column-mapping.js';
import type { DataType, StructField, StructType } from './schema/types.js';
import { type StatsColumn, statsColumns } from './stats-columns.js';
import { tableProperties } from './table-properties.js';

export interface AddLayout {
  /** Whether `stats` is there, the JSON text. */
  readonly hasStats: boolean;
  /** The type of `stats_parsed`; undefined when it is not there. */
  readonly stats: StructType | undefined;
  /** The type of `partitionValues_parsed`, by physical names; undefined when it is not there. */
  readonly partitionValues: StructType | undefined;
}

/** What decides the layout. */
export interface LayoutFacts {
  readonly protocol: Protocol;
  readonly metadata: Metadata;
  readonly schema: StructType;
  readonly domains: Iterable<DomainMetadata>;
}

const INDEXED_COLUMNS = 'delta.dataSkippingNumIndexedCols';
const STATS_COLUMNS = 'delta.dataSkippingStatsColumns';

/**
 * The layout that a table asks for. `delta.checkpoint.writeStatsAsStruct` that is not set means false; where the JSON is
 * not wanted (`delta.checkpoint.writeStatsAsJson`) the struct is written whatever it says, for the statistics would be
 * lost.
 * @throws InvalidArgumentError for a property that is not understood
 */
export function addLayout(facts: LayoutFacts): AddLayout {
  const properties = tableProperties(facts.metadata.configuration);
  const hasStats = properties.checkpointWriteStatsAsJson;
  if (hasStats && properties.checkpointWriteStatsAsStruct !== true) {
    return { hasStats, stats: undefined, partitionValues: undefined };
  }
  return { hasStats, stats: statsType(facts), partitionValues: partitionType(facts) };
}

/** The type of `add` in a layout; fields that the protocol does not know may follow. */
export function addType({ hasStats, stats, partitionValues }: AddLayout): StructType {
  const fields = ADD.fields.filter(({ name }) => hasStats || name !== 'stats');
  const parsed: StructField[] = [];
  if (partitionValues !== undefined) parsed.push(field(PARTITION_VALUES_PARSED, partitionValues));
  if (stats !== undefined) parsed.push(field(STATS_PARSED, stats));
  return { type: 'struct', fields: [...fields, ...parsed] };
}

export const STATS_PARSED = 'stats_parsed';
export const PARTITION_VALUES_PARSED = 'partitionValues_parsed';

/** A group of Parquet must have a field, so a member without one is left out. */
function statsType(facts: LayoutFacts): StructType {
  const columns = columnsWithStats(facts);
  const bounds = treeOf(columns.filter(({ type }) => hasBounds(type)));
  const counts = treeOf(columns.map(({ path }) => ({ path, type: 'long' })));
  const hasVectors = impliedFeatures(facts.protocol).includes('deletionVectors');
  return struct({
    numRecords: 'long',
    ...(bounds !== undefined && { minValues: bounds, maxValues: bounds }),
    ...(counts !== undefined && { nullCount: counts }),
    ...(hasVectors && { tightBounds: 'boolean' }),
  });
}

/** Those that writers keep statistics for: the table's, and the columns it is clustered by. */
function columnsWithStats({ metadata, schema, domains }: LayoutFacts): readonly StatsColumn[] {
  const { configuration, partitionColumns } = metadata;
  const inFiles = {
    ...schema,
    fields: schema.fields.filter(({ name }) => !partitionColumns.includes(name)),
  };
  const wanted = new Set(statsColumns(inFiles, configuration).map(keyOf));
  for (const { domain, configuration: text } of domains) {
    if (domain === CLUSTERING) for (const path of clusteredPaths(text)) wanted.add(keyOf({ path }));
  }
  return statsColumns(inFiles, withAllIndexed(configuration)).filter((one) =>
    wanted.has(keyOf(one)),
  );
}

function withAllIndexed(configuration: StringMap): StringMap {
  const all = new Map(configuration).set(INDEXED_COLUMNS, '-1');
  all.delete(STATS_COLUMNS);
  return all;
}

function keyOf({ path }: Pick<StatsColumn, 'path'>): string {
  return JSON.stringify(path);
}

function hasBounds(type: DataType): boolean {
  if (typeof type !== 'string') return false;
  return type !== 'boolean' && type !== 'binary' && type !== 'void' && type !== 'variant';
}

function treeOf(columns: readonly StatsColumn[]): StructType | undefined {
  const fields = new Map<string, StatsColumn[]>();
  for (const { path, type } of columns) {
    const [name = '', ...rest] = path;
    const under = fields.get(name) ?? [];
    fields.set(name, [...under, { path: rest, type }]);
  }
  if (fields.size === 0) return undefined;
  return {
    type: 'struct',
    fields: [...fields].map(([name, under]) => {
      const leaf = under.find(({ path }) => path.length === 0);
      return field(name, leaf?.type ?? treeOf(under) ?? struct({}));
    }),
  };
}

function partitionType({ protocol, metadata, schema }: LayoutFacts): StructType | undefined {
  const mode = columnMapping(protocol, metadata);
  const fields = metadata.partitionColumns.flatMap((name) => {
    const found = schema.fields.find((candidate) => candidate.name === name);
    return found === undefined ? [] : [field(physicalName(found, mode), found.type)];
  });
  return fields.length === 0 ? undefined : { type: 'struct', fields };
}
