/** Statistics of each leaf of a file just encoded, as Delta's file statistics need them. */
import type { RecordBatch } from 'apache-arrow';
import { InternalError } from '../../errors.js';
import { type Bounds, floatBounds, type LeafIndexes, textBounds } from './arrow-bounds.js';
import type { ChunkStatistics, LeafColumn, ParquetFooter, SchemaNode } from './footer-types.js';

/**
 * A bound, exact: int8 to int32 and dates (days) are numbers, int64 and timestamps (microseconds) bigint, decimals
 * their unscaled bigint, floats numbers, strings strings.
 */
export type StatValue = number | bigint | string;

/** One leaf that lies under structs only. */
export interface LeafStatistics {
  readonly path: readonly string[];
  /** Rows where the leaf, or a struct above it, is null. */
  readonly nullCount: number;
  /** Absent when every row is null, and for types without bounds (boolean, binary). */
  readonly min?: StatValue | undefined;
  readonly max?: StatValue | undefined;
}

/**
 * Statistics of one row group.
 * @param footer - of a file with that row group alone, or with none
 * @param batches - the rows it was encoded from: floats are always taken from them (a footer leaves NaN out), and
 *   strings that the footer shortened
 */
export function rowGroupStatistics(
  footer: ParquetFooter,
  batches: readonly RecordBatch[],
): LeafStatistics[] {
  const [group] = footer.rowGroups;
  return structLeaves(footer.schema).flatMap(({ leafIndex, indexes }) => {
    const leaf = footer.leaves[leafIndex];
    if (leaf === undefined || leaf.maxRepetitionLevel > 0) return [];
    const { path } = leaf;
    if (group === undefined) return [{ path, nullCount: 0 }];
    const statistics = group.chunks[leafIndex]?.statistics;
    if (statistics?.nullCount === undefined) {
      throw new InternalError({ message: 'an encoded chunk has no statistics' });
    }
    const bounds =
      statistics.nullCount === group.numRows
        ? undefined
        : boundsOf(leaf, statistics, { batches, indexes });
    return [{ path, nullCount: statistics.nullCount, ...bounds }];
  });
}

/**
 * The leaves of a row group that hold a NaN beside numbers. Its encoder leaves NaN out of a chunk's bounds, and Spark
 * takes them for those of every value: it would not find the NaN, which is above them all.
 */
export function leavesWithNaN(
  footer: ParquetFooter,
  found: readonly LeafStatistics[],
): ReadonlySet<number> {
  const paths = found
    .filter(({ max }) => Number.isNaN(max))
    .map(({ path }) => JSON.stringify(path));
  if (paths.length === 0) return new Set();
  const indexes = footer.leaves.keys();
  return new Set(
    [...indexes].filter((index) => paths.includes(JSON.stringify(footer.leaves[index]?.path))),
  );
}

/** Statistics of several row groups as those of one; all have the same leaves in the same order. */
export function mergeStatistics(groups: readonly (readonly LeafStatistics[])[]): LeafStatistics[] {
  const [first = [], ...rest] = groups;
  return first.map((leaf, index) =>
    rest.reduce<LeafStatistics>((merged, group) => {
      const other = group[index];
      if (other === undefined) throw new InternalError({ message: 'row groups differ in leaves' });
      return mergeLeaf(merged, other);
    }, leaf),
  );
}

function mergeLeaf(a: LeafStatistics, b: LeafStatistics): LeafStatistics {
  return {
    path: a.path,
    nullCount: a.nullCount + b.nullCount,
    min: pick(a.min, b.min, (x, y) => compareStat(x, y) <= 0),
    max: pick(a.max, b.max, (x, y) => compareStat(x, y) >= 0),
  };
}

function pick(
  a: StatValue | undefined,
  b: StatValue | undefined,
  isFirst: (a: StatValue, b: StatValue) => boolean,
): StatValue | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return isFirst(a, b) ? a : b;
}

/** NaN above every number, -0 below +0; strings by their UTF-8 bytes. */
function compareStat(a: StatValue, b: StatValue): number {
  if (typeof a === 'string' && typeof b === 'string') return compareText(a, b);
  if (Number.isNaN(a) || Number.isNaN(b)) return Number(Number.isNaN(a)) - Number(Number.isNaN(b));
  if (a === 0 && b === 0) return Number(Object.is(b, -0)) - Number(Object.is(a, -0));
  return a < b ? -1 : a > b ? 1 : 0;
}

/** UTF-8 bytes order as code points do, which UTF-16 units do not above U+FFFF. */
function compareText(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let index = 0; index < length; index += 1) {
    const x = a.charCodeAt(index);
    const y = b.charCodeAt(index);
    if (x !== y) return (a.codePointAt(index) ?? 0) - (b.codePointAt(index) ?? 0);
  }
  return a.length - b.length;
}

interface StructLeaf {
  readonly leafIndex: number;
  readonly indexes: LeafIndexes;
}

function structLeaves(node: SchemaNode, above: LeafIndexes = []): StructLeaf[] {
  if (node.leafIndex !== undefined) return [{ leafIndex: node.leafIndex, indexes: above }];
  return node.children.flatMap((child, index) => structLeaves(child, [...above, index]));
}

interface Rows {
  readonly batches: readonly RecordBatch[];
  readonly indexes: LeafIndexes;
}

function boundsOf(
  leaf: LeafColumn,
  statistics: ChunkStatistics,
  { batches, indexes }: Rows,
): Bounds<StatValue> | undefined {
  const { physicalType, logicalType } = leaf;
  if (physicalType === 'FLOAT' || physicalType === 'DOUBLE') return floatBounds(batches, indexes);
  const { min, max } = statistics;
  if (logicalType?.kind === 'string') {
    const isExact = statistics.isMinExact && statistics.isMaxExact;
    if (min === undefined || max === undefined || !isExact) return textBounds(batches, indexes);
    // A byte order mark is a character like any other.
    const utf8 = new TextDecoder('utf-8', { ignoreBOM: true });
    return { min: utf8.decode(min), max: utf8.decode(max) };
  }
  const decode = exactDecoder(leaf);
  if (decode === undefined) return undefined;
  if (min === undefined || max === undefined) {
    throw new InternalError({ message: 'an encoded chunk has no bounds' });
  }
  return { min: decode(min), max: decode(max) };
}

type Decoder = (bytes: Uint8Array) => StatValue;

/** For the types whose bounds a footer holds exactly. */
function exactDecoder({ physicalType, logicalType }: LeafColumn): Decoder | undefined {
  const kind = logicalType?.kind ?? 'integer';
  if (kind === 'decimal') {
    if (physicalType === 'INT32') return (bytes) => BigInt(viewOf(bytes).getInt32(0, true));
    if (physicalType === 'INT64') return (bytes) => viewOf(bytes).getBigInt64(0, true);
    return bigEndian;
  }
  if (logicalType?.kind === 'integer' && !logicalType.isSigned) return undefined;
  if (logicalType?.kind === 'timestamp' && logicalType.unit !== 'micros') return undefined;
  if (!['integer', 'date', 'timestamp'].includes(kind)) return undefined;
  if (physicalType === 'INT32') return (bytes) => viewOf(bytes).getInt32(0, true);
  if (physicalType === 'INT64') return (bytes) => viewOf(bytes).getBigInt64(0, true);
  return undefined;
}

/** A two's complement number, most significant byte first, of any width. */
function bigEndian(bytes: Uint8Array): bigint {
  let value = 0n;
  for (const byte of bytes) value = (value << 8n) | BigInt(byte);
  return BigInt.asIntN(bytes.length * 8, value);
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
