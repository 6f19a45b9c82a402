/** Reads the Parquet files of checkpoints: the leaves a scan needs now, the others when they are wanted. */
import type { Data, RecordBatch } from 'apache-arrow';
import { decodeRowGroup, keepRowGroup } from '../storage/parquet/decode.js';
import { readFooter } from '../storage/parquet/footer.js';
import type { ParquetFooter, RowGroupInfo } from '../storage/parquet/footer-types.js';
import { type ParquetSource, withRanges } from '../storage/parquet/source.js';
import type {
  CheckpointMetadata,
  DomainMetadata,
  Metadata,
  Protocol,
  RemoveFile,
  SetTransaction,
  Sidecar,
} from './actions.js';
import { child } from './arrow-column.js';
import { CheckpointColumns, type RowGroupHome } from './checkpoint-columns.js';
import {
  checkpointMetadataAt,
  domainAt,
  metadataAt,
  protocolAt,
  sidecarAt,
  tombstoneAt,
  transactionAt,
} from './checkpoint-rows.js';
import {
  ADD,
  CHECKPOINT_METADATA,
  DOMAIN_METADATA,
  METADATA,
  PARSED_COLUMNS,
  PROTOCOL,
  REMOVE,
  REST_OF_ADD,
  SCANNED_ADD,
  SIDECAR,
  STATS_OF_ADD,
  TRANSACTION,
} from './checkpoint-schema.js';
import { inOrder } from './in-order.js';
import type { PathIndex } from './path-index.js';
import { conformColumn } from './schema/conform.js';
import type { StructType } from './schema/types.js';
import { StructColumn } from './struct-column.js';

/** One file of a checkpoint, kept so that the leaves that were not loaded can be read later. */
export interface CheckpointPart {
  readonly source: ParquetSource;
  readonly footer: ParquetFooter;
}

/** One row group of a part. */
export interface RowGroupRef {
  readonly part: CheckpointPart;
  readonly index: number;
}

/** What the Parquet files of a checkpoint say. */
export interface CheckpointRows {
  readonly parts: readonly CheckpointPart[];
  /** The adds, one block a row group that has any. */
  readonly blocks: readonly CheckpointColumns[];
  readonly protocol: Protocol | undefined;
  readonly metadata: Metadata | undefined;
  readonly transactions: readonly SetTransaction[];
  readonly domains: readonly DomainMetadata[];
  /** What tells a checkpoint of the v2 spec. */
  readonly checkpointMetadata: readonly CheckpointMetadata[];
  readonly sidecars: readonly Sidecar[];
}

/** Row groups in work at once: two for the threads that decode, one that is being fetched. */
export const ROW_GROUPS_AHEAD = 3;

/** Footers that are fetched at once: a checkpoint may have thousands of sidecars. */
export const FOOTERS_AHEAD = 16;

const KNOWN_ADD_FIELDS = new Set(ADD.fields.map(({ name }) => name));
const STATS_FIELDS = new Set(['stats', 'stats_parsed']);
const SCANNED_FIELDS = new Set(SCANNED_ADD.fields.map(({ name }) => name));

/** Which columns of a file are looked at: a sidecar holds adds and removes, and nothing else in it counts. */
export type WantedActions = 'all' | 'files';

/**
 * Reads Parquet files of one checkpoint.
 * @param sources - in order
 * @param index - gets the paths of the adds
 * @throws CorruptDataError when a file is damaged; NotFoundError when one is gone
 * @throws UnsupportedFeatureError when its pages are compressed in a way we cannot read
 */
export async function readParts(
  sources: readonly ParquetSource[],
  index: PathIndex,
  wanted: WantedActions,
  signal: AbortSignal | undefined,
): Promise<CheckpointRows> {
  const parts: CheckpointPart[] = [];
  for await (const part of inOrder(sources, FOOTERS_AHEAD, signal, openPart)) parts.push(part);
  const groups = parts.flatMap((part) =>
    part.footer.rowGroups.map((_, at) => ({ part, index: at })),
  );
  const content = {
    parts,
    blocks: [] as CheckpointColumns[],
    protocol: undefined as Protocol | undefined,
    metadata: undefined as Metadata | undefined,
    transactions: [] as SetTransaction[],
    domains: [] as DomainMetadata[],
    checkpointMetadata: [] as CheckpointMetadata[],
    sidecars: [] as Sidecar[],
  };
  index.reserve(parts.reduce((sum, { footer }) => sum + footer.numRows, 0));
  const read = (ref: RowGroupRef, stop: AbortSignal): Promise<RowGroupRows> =>
    readRowGroup(ref, wanted, stop);
  for await (const group of inOrder(groups, ROW_GROUPS_AHEAD, signal, read)) {
    if (group.adds !== undefined) {
      content.blocks.push(group.adds);
      // Here, because other threads decode the next row groups meanwhile.
      index.add(group.adds);
    }
    content.protocol ??= group.protocol;
    content.metadata ??= group.metadata;
    // One by one: a call takes some hundred thousand arguments, and a row group may hold more.
    for (const transaction of group.transactions) content.transactions.push(transaction);
    for (const domain of group.domains) content.domains.push(domain);
    for (const said of group.checkpointMetadata) content.checkpointMetadata.push(said);
    for (const sidecar of group.sidecars) content.sidecars.push(sidecar);
  }
  return content;
}

async function openPart(source: ParquetSource, signal: AbortSignal): Promise<CheckpointPart> {
  return { source, footer: await readFooter(source, { signal }) };
}

/** The sidecars that Parquet files of one checkpoint name. */
export async function readSidecars(
  sources: readonly ParquetSource[],
  signal: AbortSignal | undefined,
): Promise<readonly Sidecar[]> {
  const found: Sidecar[] = [];
  for await (const part of inOrder(sources, FOOTERS_AHEAD, signal, openPart)) {
    for (let index = 0; index < part.footer.rowGroups.length; index++) {
      const ref = { part, index };
      const data = await readColumn(ref, 'sidecar', SIDECAR, signal);
      const sidecars = actionsOf(ref, data, { name: 'sidecar', type: SIDECAR, at: sidecarAt });
      for (const sidecar of sidecars) found.push(sidecar);
    }
  }
  return found;
}

/** The tombstones in the files of a checkpoint, expired ones too, row group by row group. */
export async function* readTombstones(
  parts: readonly CheckpointPart[],
  signal?: AbortSignal,
): AsyncIterableIterator<RemoveFile> {
  for (const part of parts) {
    for (let index = 0; index < part.footer.rowGroups.length; index++) {
      const ref = { part, index };
      const data = await readColumn(ref, 'remove', REMOVE, signal);
      if (data === undefined) continue;
      const column = new StructColumn(data, REMOVE, part.source.key);
      for (let row = 0; row < data.length; row++) {
        if (column.has(row)) yield tombstoneAt(column, row);
      }
    }
  }
}

interface RowGroupRows {
  readonly adds: CheckpointColumns | undefined;
  readonly protocol: Protocol | undefined;
  readonly metadata: Metadata | undefined;
  readonly transactions: readonly SetTransaction[];
  readonly domains: readonly DomainMetadata[];
  readonly checkpointMetadata: readonly CheckpointMetadata[];
  readonly sidecars: readonly Sidecar[];
}

async function readRowGroup(
  ref: RowGroupRef,
  actions: WantedActions,
  signal: AbortSignal | undefined,
): Promise<RowGroupRows> {
  const { footer } = ref.part;
  const parsed = !hasLeaf(footer, ['add', 'stats']) && hasLeaf(footer, ['add', 'stats_parsed']);
  const wanted = (path: readonly string[]): boolean => {
    const [top, name] = path;
    if (top !== 'add') return actions === 'all' && top !== 'remove';
    return SCANNED_FIELDS.has(name ?? '') || (parsed && name === 'stats_parsed');
  };
  const { columns, late } = await decodeButLate(ref, wanted, signal);
  const few = <A>(name: string, type: StructType, at: (c: StructColumn, row: number) => A): A[] =>
    actionsOf(ref, columns.get(name), { name, type, at });
  return {
    adds: addsOf(ref, columns.get('add'), { parsed, late }),
    protocol: few('protocol', PROTOCOL, protocolAt)[0],
    metadata: few('metaData', METADATA, metadataAt)[0],
    transactions: few('txn', TRANSACTION, transactionAt),
    domains: few('domainMetadata', DOMAIN_METADATA, domainAt),
    checkpointMetadata: few('checkpointMetadata', CHECKPOINT_METADATA, checkpointMetadataAt),
    sidecars: few('sidecar', SIDECAR, sidecarAt),
  };
}

/** The statistics of a row group: in which form, and what decodes them if they were kept as they are stored. */
interface StatsForm {
  readonly parsed: boolean;
  readonly late: (() => RecordBatch) | undefined;
}

function addsOf(
  ref: RowGroupRef,
  data: Data | undefined,
  { parsed, late }: StatsForm,
): CheckpointColumns | undefined {
  if (data === undefined || data.nullCount === data.length) return undefined;
  const { key } = ref.part.source;
  const add = conformColumn(data, SCANNED_ADD, data.length, { key, column: 'add' });
  const ofAdd = (): Data => {
    const found = late === undefined ? data : columnsOf(late()).get('add');
    return found ?? data;
  };
  if (parsed) {
    const statsStruct = (): Data | undefined => childNamed(ofAdd(), 'stats_parsed');
    return new CheckpointColumns(homeOf(ref), { add, statsStruct });
  }
  const statsTexts = (): Data => {
    const column = conformColumn(ofAdd(), STATS_OF_ADD, data.length, { key, column: 'add' });
    return child(column, 0);
  };
  return new CheckpointColumns(homeOf(ref), { add, statsTexts: late && statsTexts });
}

function homeOf(ref: RowGroupRef): RowGroupHome {
  const { source, footer } = ref.part;
  const unknownFields = unknownAddFields(footer);
  return {
    key: source.key,
    unknownFields,
    loadRest: (signal) => readColumn(ref, 'add', REST_OF_ADD, signal),
    loadUnknown: async (signal) => {
      const wanted = ([top, name]: readonly string[]): boolean =>
        top === 'add' && unknownFields.includes(name ?? '');
      return (await decodeColumns(ref, wanted, signal)).get('add');
    },
  };
}

function unknownAddFields(footer: ParquetFooter): readonly string[] {
  const names = new Set<string>();
  for (const { path } of footer.leaves) {
    const [top, name = ''] = path;
    if (top === 'add' && !KNOWN_ADD_FIELDS.has(name) && !PARSED_COLUMNS.has(name)) names.add(name);
  }
  return [...names];
}

interface FewActions<A> {
  readonly name: string;
  readonly type: StructType;
  readonly at: (column: StructColumn, row: number) => A;
}

function actionsOf<A>(ref: RowGroupRef, data: Data | undefined, few: FewActions<A>): A[] {
  if (data === undefined || data.nullCount === data.length) return [];
  const { key } = ref.part.source;
  const where = { key, column: few.name };
  const column = new StructColumn(conformColumn(data, few.type, data.length, where), few.type, key);
  const actions: A[] = [];
  for (let row = 0; row < data.length; row++)
    if (column.has(row)) actions.push(few.at(column, row));
  return actions;
}

/** One top-level column with the fields of `type`, conformed; undefined when it holds nothing in this row group. */
async function readColumn(
  ref: RowGroupRef,
  name: string,
  type: StructType,
  signal: AbortSignal | undefined,
): Promise<Data | undefined> {
  const fields = new Set(type.fields.map((field) => field.name));
  const wanted = ([top, field]: readonly string[]): boolean =>
    top === name && fields.has(field ?? '');
  const data = (await decodeColumns(ref, wanted, signal)).get(name);
  if (data === undefined) return undefined;
  return conformColumn(data, type, data.length, { key: ref.part.source.key, column: name });
}

/**
 * Decodes the wanted leaves of a row group, less the top-level columns in which its statistics say that all is null.
 * @returns the top-level columns by name
 */
export async function decodeColumns(
  ref: RowGroupRef,
  wanted: (path: readonly string[]) => boolean,
  signal: AbortSignal | undefined,
): Promise<ReadonlyMap<string, Data>> {
  const leaves = leavesOf(ref, wanted);
  return await decodeLeaves(ref, leaves, signal);
}

/** Bytes of statistics in a row group from which on they are kept as they are stored until somebody asks. */
export const LATE_STATS_BYTES: number = 1024 * 1024;

/** The same, but for statistics that are large; everything is fetched in the same requests. */
async function decodeButLate(
  ref: RowGroupRef,
  wanted: (path: readonly string[]) => boolean,
  signal: AbortSignal | undefined,
): Promise<{
  readonly columns: ReadonlyMap<string, Data>;
  readonly late: (() => RecordBatch) | undefined;
}> {
  const { part, index } = ref;
  const { footer } = part;
  const leaves = leavesOf(ref, wanted);
  const ofStats = leaves.filter((leaf) => {
    const [top, name = ''] = footer.leaves[leaf]?.path ?? [];
    return top === 'add' && STATS_FIELDS.has(name);
  });
  const group = footer.rowGroups[index];
  const bytes = ofStats.reduce(
    (sum, leaf) => sum + (group?.chunks[leaf]?.uncompressedBytes ?? 0),
    0,
  );
  if (group === undefined || bytes < LATE_STATS_BYTES) {
    return { columns: await decodeLeaves(ref, leaves, signal), late: undefined };
  }
  const ranges = leaves.flatMap((leaf) => group.chunks[leaf] ?? []);
  const source = await withRanges(part.source, ranges, signal);
  const early = leaves.filter((leaf) => !ofStats.includes(leaf));
  const late = await keepRowGroup(source, footer, index, { leaves: ofStats, signal });
  return { columns: await decodeLeaves({ part: { source, footer }, index }, early, signal), late };
}

function leavesOf(ref: RowGroupRef, wanted: (path: readonly string[]) => boolean): number[] {
  const { footer } = ref.part;
  const group = footer.rowGroups[ref.index];
  if (group === undefined || group.numRows === 0) return [];
  const alive = new Set<string>();
  for (const [index, { path }] of footer.leaves.entries()) {
    if (wanted(path) && mayHoldValues(group, index)) alive.add(path[0] ?? '');
  }
  return [...footer.leaves.keys()].filter((index) => {
    const path = footer.leaves[index]?.path ?? [];
    return wanted(path) && alive.has(path[0] ?? '');
  });
}

async function decodeLeaves(
  { part, index }: RowGroupRef,
  leaves: readonly number[],
  signal: AbortSignal | undefined,
): Promise<ReadonlyMap<string, Data>> {
  if (leaves.length === 0) return new Map();
  return columnsOf(await decodeRowGroup(part.source, part.footer, index, { leaves, signal }));
}

function columnsOf(batch: RecordBatch): ReadonlyMap<string, Data> {
  const columns = new Map<string, Data>();
  for (const [index, { name }] of batch.schema.fields.entries()) {
    const data = batch.data.children[index];
    if (data !== undefined) columns.set(name, data);
  }
  return columns;
}

/** False only when the file says that the leaf is null in every row: such chunks are not worth a request. */
function mayHoldValues(group: RowGroupInfo, leaf: number): boolean {
  const chunk = group.chunks[leaf];
  if (chunk === undefined) return false;
  return chunk.statistics?.nullCount === undefined || chunk.statistics.nullCount < chunk.numValues;
}

function hasLeaf(footer: ParquetFooter, prefix: readonly string[]): boolean {
  return footer.leaves.some(({ path }) => prefix.every((name, at) => path[at] === name));
}

function childNamed(data: Data, name: string): Data | undefined {
  const index = data.type.children.findIndex((field: { name: string }) => field.name === name);
  return data.children[index];
}
