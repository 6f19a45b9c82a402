/** What a table that tracks rows keeps in its log. PROTOCOL.md "Row Tracking". */
import { CorruptDataError, InvalidArgumentError } from '../errors.js';
import type { AddFile, DomainMetadata, Metadata, Protocol, StringMap } from './actions.js';
import { formatJson, isJsonObject, type Json, parseJson } from './json.js';
import { LOG } from './log-path.js';
import { supportsFeature } from './protocol.js';

/** The domain of the row id high-water mark. */
export const ROW_TRACKING_DOMAIN = 'delta.rowTracking';
/** In the tags of a commitInfo: whether every row that the commit wrote again kept its id. */
export const PRESERVED_TAG = 'delta.rowTracking.preserved';
/** The operation that gives ids to the files of a table without changing a row. */
export const BACKFILL_OPERATION = 'ROW TRACKING BACKFILL';
/** Its opposite, which a table goes through when it stops to track rows. */
export const UNBACKFILL_OPERATION = 'ROW TRACKING UNBACKFILL';

/** The properties that name the columns of files in which rows keep the ids they had in other files. */
export const MATERIALIZED_ROW_ID = 'delta.rowTracking.materializedRowIdColumnName';
export const MATERIALIZED_COMMIT_VERSION =
  'delta.rowTracking.materializedRowCommitVersionColumnName';

const MARK = 'rowIdHighWaterMark';
const NO_MARK = -1n;

/** Whether files that are added get ids: where the feature is supported, also before row ids may be read. */
export function assignsRowIds(protocol: Protocol, metadata: Metadata): boolean {
  return !isRowTrackingSuspended(metadata) && supportsFeature(protocol, 'rowTracking');
}

/** Whether nobody is to give row ids for the time being. */
export function isRowTrackingSuspended({
  configuration,
}: Pick<Metadata, 'configuration'>): boolean {
  return configuration.get('delta.rowTrackingSuspended')?.toLowerCase() === 'true';
}

/**
 * The properties of a table, with names for the columns of row ids where rows are to have ids and the columns have no
 * names yet.
 * @param uuid - makes the names different from any other column's
 */
export function withMaterializedNames(configuration: StringMap, uuid: () => string): StringMap {
  if (!hasRowIds({ configuration }) || configuration.has(MATERIALIZED_ROW_ID)) return configuration;
  return new Map([
    ...configuration,
    [MATERIALIZED_ROW_ID, `_row-id-col-${uuid()}`],
    [MATERIALIZED_COMMIT_VERSION, `_row-commit-version-col-${uuid()}`],
  ]);
}

/**
 * Refuses properties that want row ids and forbid to give any.
 * @throws InvalidArgumentError
 */
export function checkRowTracking(configuration: StringMap): void {
  if (!hasRowIds({ configuration }) || !isRowTrackingSuspended({ configuration })) return;
  throw new InvalidArgumentError({
    message: 'rows cannot have ids in a table that gives none: delta.rowTrackingSuspended is true',
    option: 'delta.enableRowTracking',
    expected: 'one of the two',
  });
}

/** Whether every row has an id that may be read. */
export function hasRowIds({ configuration }: Pick<Metadata, 'configuration'>): boolean {
  return configuration.get('delta.enableRowTracking')?.toLowerCase() === 'true';
}

/**
 * The highest row id that was given to anybody; -1 before the first.
 * @throws CorruptDataError when the domain does not hold one
 */
export function rowIdHighWaterMark(domain: DomainMetadata | undefined): bigint {
  if (domain === undefined) return NO_MARK;
  const mark = content(domain)[MARK];
  if (typeof mark === 'bigint') return mark;
  if (Number.isSafeInteger(mark)) return BigInt(mark as number);
  throw new CorruptDataError({
    message: `the domain ${ROW_TRACKING_DOMAIN} holds no high-water mark of row ids`,
    key: LOG,
    field: MARK,
  });
}

/** The domain with another mark; whatever else an engine keeps in it stays. */
export function withHighWaterMark(
  domain: DomainMetadata | undefined,
  mark: bigint,
): DomainMetadata {
  const others = domain === undefined ? {} : content(domain);
  return {
    domain: ROW_TRACKING_DOMAIN,
    configuration: formatJson({ ...others, [MARK]: mark }),
    removed: false,
  };
}

/** Rows in a file, those that a deletion vector hides included; undefined when its statistics do not say. */
export function physicalRows({ stats = '' }: AddFile): number | undefined {
  try {
    const { numRecords } = Object(JSON.parse(stats)) as { readonly numRecords: number };
    return Number.isSafeInteger(numRecords) && numRecords >= 0 ? numRecords : undefined;
  } catch {
    return undefined;
  }
}

function content({ configuration }: DomainMetadata): { readonly [key: string]: Json | undefined } {
  const json = parseJson(configuration, { key: LOG });
  if (isJsonObject(json)) return json;
  throw new CorruptDataError({
    message: `the domain ${ROW_TRACKING_DOMAIN} is no JSON object`,
    key: LOG,
  });
}
