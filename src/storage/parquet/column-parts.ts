/**
 * A large row group is decoded in parts of some columns each: several threads work on it, and none of them ever needs
 * the memory for all of it. Parts are put together again as if they had been one.
 */
import { Data, Field, RecordBatch, Schema, Struct } from 'apache-arrow';
import { InternalError } from '../../errors.js';
import type { ParquetFooter, RowGroupInfo, SchemaNode } from './footer-types.js';

/** What {@link chunkWeight} of one part adds up to, unless a single column is heavier. */
export const DECODE_PART_BYTES: number = 16 * 1024 * 1024;

/** A value costs time and memory beside its bytes; a dictionary's or a run's are few, whatever it stands for. */
const VALUE_BYTES = 8;

/** About the bytes that decoding a chunk takes. */
export function chunkWeight(group: RowGroupInfo, leaf: number): number {
  const chunk = group.chunks[leaf];
  if (chunk === undefined) throw new InternalError({ message: 'a leaf has no chunk' });
  return chunk.uncompressedBytes + chunk.numValues * VALUE_BYTES;
}

/**
 * Divides leaves into parts, in the file's order.
 * @param leaves - ascending indexes into the footer's leaves
 * @returns at least one part, none of them empty; a list or map is never divided
 */
export function divideLeaves(
  footer: ParquetFooter,
  group: RowGroupInfo,
  leaves: readonly number[],
): number[][] {
  const parts: number[][] = [];
  let room = 0;
  for (const chosen of wantedUnits(footer, leaves)) {
    const weight = chosen.reduce((sum, leaf) => sum + chunkWeight(group, leaf), 0);
    const last = parts.at(-1);
    if (last !== undefined && weight <= room) {
      last.push(...chosen);
      room -= weight;
    } else {
      parts.push(chosen);
      room = DECODE_PART_BYTES - weight;
    }
  }
  return parts;
}

/** The wanted leaves, those together that only decode together; in the file's order. */
export function wantedUnits(footer: ParquetFooter, leaves: readonly number[]): number[][] {
  const wanted = new Set(leaves);
  return units(footer.schema)
    .map((unit) => unit.filter((leaf) => wanted.has(leaf)))
    .filter((unit) => unit.length > 0);
}

/** One part's leaves, decoded. */
export interface DecodedPart {
  readonly leaves: readonly number[];
  readonly batch: RecordBatch;
}

/** The batch that decoding all leaves at once would have given. */
export function joinParts(footer: ParquetFooter, parts: readonly DecodedPart[]): RecordBatch {
  const [first] = parts;
  if (first === undefined) throw new InternalError({ message: 'a row group has no part' });
  if (parts.length === 1) return first.batch;
  const joined = joinChildren(
    footer.schema,
    parts.map(({ leaves, batch }) => ({
      leaves: new Set(leaves),
      fields: batch.schema.fields,
      columns: batch.data.children,
    })),
  );
  const type = new Struct(joined.fields);
  const { numRows } = first.batch;
  const data = new Data(type, 0, numRows, 0, undefined, joined.columns);
  return new RecordBatch(new Schema(joined.fields, first.batch.schema.metadata), data);
}

/** The leaves of each subtree that only decodes as a whole. */
function units(node: SchemaNode, isRoot = true): number[][] {
  const isPlainStruct =
    node.leafIndex === undefined &&
    node.repetition !== 'repeated' &&
    node.logicalType === undefined;
  if (isRoot || isPlainStruct) return node.children.flatMap((child) => units(child, false));
  return [leavesOf(node)];
}

function leavesOf(node: SchemaNode): number[] {
  return node.leafIndex === undefined ? node.children.flatMap(leavesOf) : [node.leafIndex];
}

interface Columns {
  readonly fields: readonly Field[];
  readonly columns: readonly Data[];
}

interface PartColumns extends Columns {
  readonly leaves: ReadonlySet<number>;
}

function joinChildren(
  node: SchemaNode,
  parts: readonly PartColumns[],
): { readonly fields: Field[]; readonly columns: Data[] } {
  const fields: Field[] = [];
  const columns: Data[] = [];
  // Each part has its columns in the file's order; names may repeat, so only the order tells them apart.
  const next = parts.map(() => 0);
  for (const child of node.children) {
    const below = leavesOf(child);
    const holders = parts.flatMap((part, index) => {
      if (!below.some((leaf) => part.leaves.has(leaf))) return [];
      const at = next[index] ?? 0;
      next[index] = at + 1;
      const field = part.fields[at];
      const column = part.columns[at];
      if (field === undefined || column === undefined) {
        throw new InternalError({ message: 'a decoded part lacks a column' });
      }
      return [{ leaves: part.leaves, field, column }];
    });
    const [only] = holders;
    if (only === undefined) continue;
    const joined = holders.length === 1 ? only : joinStruct(child, holders);
    fields.push(joined.field);
    columns.push(joined.column);
  }
  return { fields, columns };
}

interface HeldColumn {
  readonly leaves: ReadonlySet<number>;
  readonly field: Field;
  readonly column: Data;
}

/** A struct whose fields are in several parts: its own nulls are the same in each. */
function joinStruct(
  node: SchemaNode,
  holders: readonly HeldColumn[],
): Pick<HeldColumn, 'field' | 'column'> {
  const [first] = holders;
  if (first === undefined) throw new InternalError({ message: 'a struct is in no part' });
  const { fields, columns } = joinChildren(
    node,
    holders.map(({ leaves, field, column }) => ({
      leaves,
      fields: (field.type as Struct).children,
      columns: column.children,
    })),
  );
  const type = new Struct(fields);
  const { name, nullable, metadata } = first.field;
  const { length, nullCount, nullBitmap } = first.column;
  const buffers = [undefined, undefined, nullBitmap] as unknown as Partial<Data['buffers']>;
  return {
    field: new Field(name, type, nullable, metadata),
    column: new Data(type, 0, length, nullCount, buffers, columns),
  };
}
