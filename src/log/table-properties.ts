/** The properties of a table that Varve looks at, typed. PROTOCOL.md "Table Properties". */
import { InvalidArgumentError } from '../errors.js';
import type { StringMap } from './actions.js';
import { formatInterval, parseInterval } from './interval.js';
import { ISOLATION_LEVELS, type IsolationLevel } from './isolation.js';

/** Codecs that `delta.parquet.compression.codec` may name and Varve writes. */
export type CompressionCodec = 'uncompressed' | 'snappy' | 'gzip' | 'zstd' | 'brotli' | 'lz4_raw';

/**
 * A table's properties. Each getter gives the default where the property is not set, and throws
 * InvalidArgumentError, naming it, where its value is not one: a value that is not understood may
 * be a duty, and is not guessed at. What nobody asks for is not looked at.
 */
export interface TableProperties {
  /** Versions between checkpoints. */
  readonly checkpointInterval: number;
  /** Which kind of checkpoint is written; the v2 spec only where the table supports it. */
  readonly checkpointPolicy: 'classic' | 'v2';
  /** Whether Varve writes a version checksum behind each of its commits; a property of its own. */
  readonly writeVersionChecksums: boolean;
  /** Whether rows may only be added. */
  readonly appendOnly: boolean;
  readonly enableChangeDataFeed: boolean;
  /** How long commits stay in the log. */
  readonly logRetentionMs: number;
  /** Whether commits that are older may be cleaned out of it. */
  readonly enableExpiredLogCleanup: boolean;
  /** How long files that were removed stay, and their tombstones. */
  readonly deletedFileRetentionMs: number;
  /** How long `txn` actions count; forever when undefined. */
  readonly setTransactionRetentionMs: number | undefined;
  /** How many leading columns get statistics; -1 for all. */
  readonly dataSkippingNumIndexedCols: number;
  /** The columns that get statistics instead, as written: names between commas. */
  readonly dataSkippingStatsColumns: string | undefined;
  readonly checkpointWriteStatsAsJson: boolean;
  /** Undefined when it is not set: the protocol then means false, Spark true. */
  readonly checkpointWriteStatsAsStruct: boolean | undefined;
  /** The floor: a write may only be stricter. */
  readonly isolationLevel: IsolationLevel;
  readonly compressionCodec: CompressionCodec;
  /** Parquet data pages: `1.0.0` is 1, `2.x.y` is 2. */
  readonly parquetPageVersion: 1 | 2;
  readonly targetFileSizeBytes: number | undefined;
}

/** The properties of a table with this configuration. */
export function tableProperties(configuration: StringMap): TableProperties {
  return new Properties(configuration);
}

/**
 * Checks properties that a caller wants to set.
 * @returns them as they are stored, in the one form that every engine knows: intervals as `interval <number> <unit>`,
 *   true, false, the policy of checkpoints and the mode of column mapping in lower case
 * @throws InvalidArgumentError for a value that is not the property's, for a `delta.` name that
 *   is no property, and for those that are the table's protocol under another name
 */
export function checkProperties(configuration: StringMap): StringMap {
  for (const name of configuration.keys()) {
    if (name === '' || (isOfDelta(name) && !name.startsWith('delta.'))) throw noProperty(name);
    if (!isOfDelta(name) || OPEN_PREFIXES.some((prefix) => name.startsWith(prefix))) {
      continue;
    }
    if (!KNOWN_NAMES.has(name)) throw noProperty(name);
  }
  const properties = new Properties(configuration);
  for (const name of GETTERS) void properties[name];
  for (const name of FLAGS) boolean(configuration, name);
  return withPlainValues(configuration);
}

/** delta-rs does not see `TRUE`, and Spark refuses every commit to a table whose policy is `V2`. */
function withPlainValues(configuration: StringMap): StringMap {
  const stored = new Map(configuration);
  for (const [name, value] of configuration) {
    const plain = value?.toLowerCase() ?? null;
    if (KNOWN_NAMES.has(name) && plain !== null && PLAIN_WORDS.has(plain)) stored.set(name, plain);
  }
  for (const name of INTERVALS) {
    const milliseconds = interval(configuration, name);
    if (milliseconds === undefined || PLAIN_INTERVAL.test(configuration.get(name) ?? '')) continue;
    stored.set(name, formatInterval(milliseconds));
  }
  return stored;
}

/** Other engines find these however they are spelled, so a wrong spelling must not be a property of the user's. */
function isOfDelta(name: string): boolean {
  return name.toLowerCase().startsWith('delta.');
}

function noProperty(name: string): InvalidArgumentError {
  return new InvalidArgumentError({
    message: `there is no table property ${JSON.stringify(name)} that can be set`,
    option: name,
    expected: 'a table property of delta, spelled exactly, or a name of your own',
  });
}

const DAY_MS = 86_400_000;
const DEFAULT_CHECKPOINT_INTERVAL = 10;
const DEFAULT_LOG_RETENTION_MS = 30 * DAY_MS;
const DEFAULT_DELETED_FILE_RETENTION_MS = 7 * DAY_MS;
const DEFAULT_INDEXED_COLUMNS = 32;

const CHECKPOINT_INTERVAL = 'delta.checkpointInterval';
const CHECKPOINT_POLICY = 'delta.checkpointPolicy';
const EXPIRED_LOG_CLEANUP = 'delta.enableExpiredLogCleanup';
const INDEXED_COLUMNS = 'delta.dataSkippingNumIndexedCols';
const STATS_COLUMNS = 'delta.dataSkippingStatsColumns';
const ISOLATION_LEVEL = 'delta.isolationLevel';
const CODEC = 'delta.parquet.compression.codec';
const FORMAT_VERSION = 'delta.parquet.format.version';
const TARGET_FILE_SIZE = 'delta.targetFileSize';

const LEVELS: ReadonlyMap<string, IsolationLevel> = new Map(
  ISOLATION_LEVELS.map((level) => [level.toLowerCase(), level]),
);

const CHECKPOINT_POLICIES: ReadonlyMap<string, 'classic' | 'v2'> = new Map([
  ['classic', 'classic'],
  ['v2', 'v2'],
]);

/**
 * By the property's lower-case value. `lz4` is Hadoop's framing, which nobody should write any
 * more.
 */
const CODECS: ReadonlyMap<string, CompressionCodec> = new Map([
  ['none', 'uncompressed'],
  ['uncompressed', 'uncompressed'],
  ['snappy', 'snappy'],
  ['gzip', 'gzip'],
  ['zstd', 'zstd'],
  ['brotli', 'brotli'],
  ['lz4_raw', 'lz4_raw'],
]);

class Properties implements TableProperties {
  readonly #configuration: StringMap;

  constructor(configuration: StringMap) {
    this.#configuration = configuration;
  }

  get checkpointInterval(): number {
    return integer(this.#configuration, CHECKPOINT_INTERVAL, 1) ?? DEFAULT_CHECKPOINT_INTERVAL;
  }

  get checkpointPolicy(): 'classic' | 'v2' {
    return choice(this.#configuration, CHECKPOINT_POLICY, CHECKPOINT_POLICIES) ?? 'classic';
  }

  get writeVersionChecksums(): boolean {
    return boolean(this.#configuration, 'varve.writeVersionChecksums') ?? false;
  }

  get appendOnly(): boolean {
    return boolean(this.#configuration, 'delta.appendOnly') ?? false;
  }

  get enableChangeDataFeed(): boolean {
    return boolean(this.#configuration, 'delta.enableChangeDataFeed') ?? false;
  }

  get logRetentionMs(): number {
    return interval(this.#configuration, 'delta.logRetentionDuration') ?? DEFAULT_LOG_RETENTION_MS;
  }

  get enableExpiredLogCleanup(): boolean {
    return boolean(this.#configuration, EXPIRED_LOG_CLEANUP) ?? true;
  }

  get deletedFileRetentionMs(): number {
    const retention = interval(this.#configuration, 'delta.deletedFileRetentionDuration');
    return retention ?? DEFAULT_DELETED_FILE_RETENTION_MS;
  }

  get setTransactionRetentionMs(): number | undefined {
    return interval(this.#configuration, 'delta.setTransactionRetentionDuration');
  }

  get dataSkippingNumIndexedCols(): number {
    return integer(this.#configuration, INDEXED_COLUMNS, -1) ?? DEFAULT_INDEXED_COLUMNS;
  }

  get dataSkippingStatsColumns(): string | undefined {
    return this.#configuration.get(STATS_COLUMNS) ?? undefined;
  }

  get checkpointWriteStatsAsJson(): boolean {
    return boolean(this.#configuration, 'delta.checkpoint.writeStatsAsJson') ?? true;
  }

  get checkpointWriteStatsAsStruct(): boolean | undefined {
    return boolean(this.#configuration, 'delta.checkpoint.writeStatsAsStruct');
  }

  get isolationLevel(): IsolationLevel {
    return choice(this.#configuration, ISOLATION_LEVEL, LEVELS) ?? 'Serializable';
  }

  get compressionCodec(): CompressionCodec {
    return choice(this.#configuration, CODEC, CODECS) ?? 'zstd';
  }

  get parquetPageVersion(): 1 | 2 {
    const text = this.#configuration.get(FORMAT_VERSION) ?? '1.0.0';
    if (text === '1.0.0') return 1;
    if (/^2\.\d+\.\d+$/.test(text)) return 2;
    throw invalid(this.#configuration, FORMAT_VERSION, '1.0.0 or 2.<minor>.<patch>');
  }

  get targetFileSizeBytes(): number | undefined {
    const text = this.#configuration.get(TARGET_FILE_SIZE) ?? undefined;
    if (text === undefined) return undefined;
    const bytes = parseByteSize(text);
    if (bytes !== undefined) return bytes;
    throw invalid(this.#configuration, TARGET_FILE_SIZE, 'bytes, or a size such as 64mb');
  }
}

const GETTERS = Object.getOwnPropertyNames(Properties.prototype).filter(
  (name): name is keyof TableProperties => name !== 'constructor',
);

/** Properties of true and false that only decide which features a table needs. */
const FLAGS = [
  'delta.enableDeletionVectors',
  'delta.enableRowTracking',
  'delta.rowTrackingSuspended',
  'delta.enableInCommitTimestamps',
  'delta.enableTypeWidening',
  'delta.enableVariantShredding',
  'delta.enableIcebergCompatV1',
  'delta.enableIcebergCompatV2',
  'delta.enableIcebergCompatV3',
  'delta.enableFullRetentionRollback',
  'delta.randomizeFilePrefixes',
  'delta.tuneFileSizesForRewrites',
  'delta.compatibility.symlinkFormatManifest.enabled',
] as const;

const INTERVALS = [
  'delta.logRetentionDuration',
  'delta.deletedFileRetentionDuration',
  'delta.setTransactionRetentionDuration',
  'delta.checkpointRetentionDuration',
  'delta.sampleRetentionDuration',
] as const;
const PLAIN_INTERVAL = /^interval \d+ (?:week|day|hour|minute|second|millisecond)s?$/;

/** Words that other engines know in lower case only. */
const PLAIN_WORDS: ReadonlySet<string> = new Set(['true', 'false', 'classic', 'v2', 'none']);

/** Names below which a user may choose. */
const OPEN_PREFIXES = ['delta.constraints.'];

const KNOWN_NAMES: ReadonlySet<string> = new Set<string>([
  ...FLAGS,
  ...INTERVALS,
  CHECKPOINT_INTERVAL,
  CHECKPOINT_POLICY,
  EXPIRED_LOG_CLEANUP,
  INDEXED_COLUMNS,
  STATS_COLUMNS,
  ISOLATION_LEVEL,
  CODEC,
  FORMAT_VERSION,
  TARGET_FILE_SIZE,
  'delta.appendOnly',
  'delta.autoOptimize',
  'delta.autoOptimize.autoCompact',
  'delta.autoOptimize.optimizeWrite',
  'delta.checkpoint.writeStatsAsJson',
  'delta.checkpoint.writeStatsAsStruct',
  'delta.columnMapping.mode',
  'delta.enableChangeDataFeed',
  'delta.randomPrefixLength',
]);

function boolean(configuration: StringMap, name: string): boolean | undefined {
  const text = configuration.get(name)?.toLowerCase();
  if (text === undefined) return undefined;
  if (text === 'true' || text === 'false') return text === 'true';
  throw invalid(configuration, name, 'true or false');
}

/** What an integer of Spark's holds: beyond it Spark refuses every commit to the table. */
const MAX_INTEGER = 2 ** 31 - 1;

function integer(configuration: StringMap, name: string, least: number): number | undefined {
  const text = configuration.get(name) ?? undefined;
  if (text === undefined) return undefined;
  const value = Number(text);
  if (/^-?\d+$/.test(text) && value >= least && value <= MAX_INTEGER) return value;
  throw invalid(configuration, name, `an integer from ${least} to ${MAX_INTEGER}`);
}

function interval(configuration: StringMap, name: string): number | undefined {
  const text = configuration.get(name) ?? undefined;
  if (text === undefined) return undefined;
  const milliseconds = parseInterval(text);
  if (milliseconds !== undefined) return milliseconds;
  throw invalid(
    configuration,
    name,
    'an interval such as interval 7 days, without months or years',
  );
}

function choice<T>(
  configuration: StringMap,
  name: string,
  values: ReadonlyMap<string, T>,
): T | undefined {
  const text = configuration.get(name) ?? undefined;
  if (text === undefined) return undefined;
  const value = values.get(text.toLowerCase());
  if (value !== undefined) return value;
  throw invalid(configuration, name, `one of ${[...values.keys()].join(', ')}`);
}

const BYTE_SIZE = /^(\d+)\s*([kmgtp]?)b?$/i;
const BYTE_UNITS = ['', 'k', 'm', 'g', 't', 'p'];

/** Spark's sizes: bytes, or a number with a unit of 1024. Undefined when it is none, or zero. */
function parseByteSize(text: string): number | undefined {
  const [, digits, unit = ''] = BYTE_SIZE.exec(text.trim()) ?? [];
  if (digits === undefined) return undefined;
  const bytes = Number(digits) * 1024 ** BYTE_UNITS.indexOf(unit.toLowerCase());
  return Number.isSafeInteger(bytes) && bytes > 0 ? bytes : undefined;
}

function invalid(configuration: StringMap, name: string, expected: string): InvalidArgumentError {
  const value = JSON.stringify(configuration.get(name) ?? null);
  return new InvalidArgumentError({
    message: `the table property ${name} cannot be ${value}`,
    option: name,
    expected,
  });
}
