/**
 * A second reading of the log, which shares no code with src: JSON commits folded into the live files of each version,
 * and everything that must not be in a log.
 */
import { fileRows, rowText } from './file-rows.js';

/** One commit, as far as the judge looks at it. */
export interface ReplayedCommit {
  readonly version: number;
  readonly txnId: string | undefined;
  readonly isBlindAppend: boolean;
  readonly inCommitTimestamp: number | undefined;
  readonly adds: readonly ReplayedFile[];
  readonly removes: readonly string[];
  /** The row ids that removes tell of their files. */
  readonly removedIds: ReadonlyMap<string, number | undefined>;
  /** Files that were there already, and stay. */
  readonly again: ReadonlySet<string>;
  /** The highest row id that was given to anybody, as the log has it from this version on. */
  readonly mark: number | undefined;
  readonly sequences: readonly { readonly appId: string; readonly version: number }[];
  /** The steps whose work it is: by rows that were in no file before, or by name. */
  readonly ops: readonly string[];
  readonly changesMetadata: boolean;
  readonly changesProtocol: boolean;
  /** As they are from this version on, as the log has them. */
  readonly metadata: MetadataJson | undefined;
  readonly protocol: ProtocolJson | undefined;
}

export interface ReplayedFile {
  readonly path: string;
  readonly part: string | null;
  readonly size: number;
  readonly dataChange: boolean;
  /** `op:slot` of each row. */
  readonly rows: readonly string[];
  readonly baseRowId: number | undefined;
  readonly defaultRowCommitVersion: number | undefined;
}

export interface Replay {
  readonly commits: readonly ReplayedCommit[];
  /** The live files after each version. */
  readonly live: readonly ReadonlyMap<string, ReplayedFile>[];
  /** What is wrong with the log itself. */
  readonly faults: readonly string[];
}

interface AddJson {
  readonly path: string;
  readonly size: number;
  readonly dataChange: boolean;
  readonly stats: string;
  readonly partitionValues: Readonly<Record<string, string | null>>;
  readonly baseRowId?: number;
  readonly defaultRowCommitVersion?: number;
}

export interface ProtocolJson {
  readonly writerFeatures?: readonly string[];
}

export interface MetadataJson {
  readonly id: string;
  readonly schemaString: string;
  readonly configuration: Readonly<Record<string, string>>;
}

interface LineJson {
  readonly commitInfo?: {
    readonly txnId?: string;
    readonly isBlindAppend?: boolean;
    readonly inCommitTimestamp?: number;
    readonly operationParameters?: Readonly<Record<string, string>>;
  };
  readonly add?: AddJson;
  readonly remove?: { readonly path: string; readonly baseRowId?: number };
  readonly domainMetadata?: { readonly domain: string; readonly configuration: string };
  readonly txn?: { readonly appId: string; readonly version: number };
  readonly metaData?: MetadataJson;
  readonly protocol?: ProtocolJson;
}

type Objects = ReadonlyMap<string, Uint8Array> | undefined;

/**
 * Folds the commits, given as the names and texts of the files in `_delta_log`.
 *
 * @param objects - the store: where statistics do not say what rows a file has, it is read
 */
export function replay(files: ReadonlyMap<string, string>, objects?: Objects): Replay {
  const faults: string[] = [];
  const parsed: Parsed[] = [];
  const names = [...files.keys()].filter((name) => /^\d{20}\.json$/u.test(name)).toSorted();
  for (const [at, name] of names.entries()) {
    const version = Number(name.slice(0, 20));
    if (version !== at) faults.push(`version ${at} is missing`);
    try {
      parsed.push(parse(version, files.get(name) ?? '', objects));
    } catch (error) {
      faults.push(`version ${version} cannot be read: ${String(error)}`);
    }
  }
  const commits: ReplayedCommit[] = [];
  const live: ReadonlyMap<string, ReplayedFile>[] = [];
  let current: ReadonlyMap<string, ReplayedFile> = new Map();
  const seen = new Set<string>();
  let metadata: MetadataJson | undefined;
  let protocol: ProtocolJson | undefined;
  let mark: number | undefined;
  for (const commit of parsed) {
    metadata = commit.metadata ?? metadata;
    protocol = commit.protocol ?? protocol;
    mark = commit.mark ?? mark;
    const next = new Map(current);
    const before = new Set<string>();
    for (const path of commit.removes) {
      for (const row of next.get(path)?.rows ?? []) before.add(row);
      if (!next.delete(path)) {
        faults.push(`version ${commit.version} removes ${path}, which is not live`);
      }
    }
    const again = new Set<string>();
    for (const file of commit.adds) {
      const old = next.get(file.path);
      if (old !== undefined && !file.dataChange && isSameContent(old, file)) {
        again.add(file.path);
        for (const row of old.rows) before.add(row);
      } else if (seen.has(file.path)) {
        faults.push(`version ${commit.version} adds ${file.path} again`);
      }
      seen.add(file.path);
      next.set(file.path, file);
    }
    const rows = commit.adds.flatMap((file) => file.rows).filter((row) => !before.has(row));
    const ops = new Set([...commit.named, ...rows.map(opOf)]);
    commits.push({ ...commit, again, mark, ops: [...ops], metadata, protocol });
    live.push(next);
    current = next;
  }
  return { commits, live, faults };
}

export function opOf(row: string): string {
  return row.slice(0, row.lastIndexOf(':'));
}

function isSameContent(one: ReplayedFile, other: ReplayedFile): boolean {
  return one.size === other.size && one.rows.join() === other.rows.join();
}

interface Parsed extends Omit<ReplayedCommit, 'ops' | 'again'> {
  readonly named: readonly string[];
}

function parse(version: number, text: string, objects: Objects): Parsed {
  if (!text.endsWith('\n')) throw new Error('the last line has no end');
  const lines = text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as LineJson);
  const info = lines[0]?.commitInfo;
  const count = (kind: 'commitInfo' | 'metaData' | 'protocol'): number =>
    lines.filter((line) => line[kind] !== undefined).length;
  for (const kind of ['commitInfo', 'metaData', 'protocol'] as const) {
    if (count(kind) > 1) throw new Error(`it has more than one ${kind}`);
  }
  const metadata = lines.find((line) => line.metaData !== undefined)?.metaData;
  const named = info?.operationParameters?.['op'] ?? metadata?.configuration['sim.op'];
  const removes = lines.flatMap(({ remove }) => (remove === undefined ? [] : [remove]));
  return {
    version,
    txnId: info?.txnId,
    isBlindAppend: info?.isBlindAppend === true,
    inCommitTimestamp: info?.inCommitTimestamp,
    adds: lines.flatMap(({ add }) => (add === undefined ? [] : [fileOf(add, objects)])),
    removes: removes.map(({ path }) => path),
    removedIds: new Map(removes.map(({ path, baseRowId }) => [path, baseRowId])),
    mark: markIn(lines),
    sequences: lines.flatMap(({ txn }) => (txn === undefined ? [] : [txn])),
    named: named === undefined ? [] : [named],
    changesMetadata: metadata !== undefined,
    changesProtocol: count('protocol') > 0,
    metadata,
    protocol: lines.find((line) => line.protocol !== undefined)?.protocol,
  };
}

function markIn(lines: readonly LineJson[]): number | undefined {
  const said = lines.find(({ domainMetadata }) => domainMetadata?.domain === 'delta.rowTracking');
  if (said?.domainMetadata === undefined) return undefined;
  const { configuration } = said.domainMetadata;
  return (JSON.parse(configuration) as { readonly rowIdHighWaterMark: number }).rowIdHighWaterMark;
}

interface Bounds {
  readonly op: string;
  readonly slot?: number;
}

function fileOf(add: AddJson, objects: Objects): ReplayedFile {
  const { path, size, dataChange, stats, partitionValues } = add;
  const { baseRowId, defaultRowCommitVersion } = add;
  const { numRecords, minValues, maxValues } = JSON.parse(stats) as {
    readonly numRecords: number;
    readonly minValues: Bounds;
    readonly maxValues: Bounds;
  };
  const { op, slot } = minValues;
  const isOne = op === maxValues.op && slot === maxValues.slot;
  const text = rowText(op, slot === undefined ? '0' : String(slot));
  const rows = isOne ? Array.from({ length: numRecords }, () => text) : rowsIn(path, objects);
  if (rows.length !== numRecords) throw new Error(`${path} has not the rows that it is said to`);
  const part = partitionValues['part'] ?? null;
  return { path, part, size, dataChange, rows, baseRowId, defaultRowCommitVersion };
}

function rowsIn(path: string, objects: Objects): readonly string[] {
  const bytes = objects?.get(decodeURIComponent(path));
  if (bytes === undefined) throw new Error(`${path} has several rows and cannot be looked at`);
  return fileRows(bytes);
}
