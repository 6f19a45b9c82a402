/** What a data file's footer says of its row groups, as a condition asks for it. */
import type { FileStats } from '../log/file-stats.js';
import type { ColumnMappingMode } from '../log/schema/column-mapping.js';
import { fieldId, physicalName } from '../log/schema/column-mapping.js';
import { legacyRebase } from '../log/schema/legacy-calendar.js';
import type { Scalar } from '../log/schema/scalar.js';
import type { StructField, StructType } from '../log/schema/types.js';
import type { BoundValue } from '../log/stat-bounds.js';
import type { Bound } from '../log/stats-value.js';
import type { ParquetFooter, SchemaNode } from '../storage/parquet/footer-types.js';
import type { BoundColumn, BoundPredicate } from './expression/bound.js';
import type { Value } from './expression/order.js';
import type { FileFacts } from './expression/prune.js';
import { type BoundDecoder, boundDecoder } from './leaf-bounds.js';
import { type ValueEncoder, valueEncoder } from './leaf-value.js';

/** A column of the condition as the file has it. */
export interface ConditionLeaf {
  readonly column: BoundColumn;
  /** Index into the footer's leaves. */
  readonly leaf: number;
  readonly isRequired: boolean;
  readonly decode: BoundDecoder | undefined;
  readonly encode: ValueEncoder | undefined;
}

export interface LeafLookup {
  readonly schema: StructType;
  readonly mode: ColumnMappingMode;
}

/**
 * The condition's columns that the file has as one leaf, found as reading finds them. One that is not found, or of
 * another kind, is left out: nothing is known of it.
 */
export function conditionLeaves(
  where: BoundPredicate,
  footer: ParquetFooter,
  { schema, mode }: LeafLookup,
): readonly ConditionLeaf[] {
  const isOldCalendar = legacyRebase(footer.keyValue)?.dateTime === true;
  return where.columns.flatMap((column) => {
    const fields = fieldsOf(schema, column.path);
    const index = leafIndex(footer.schema, fields, mode);
    const leaf = index === undefined ? undefined : footer.leaves[index];
    const { type } = column;
    if (index === undefined || leaf === undefined || leaf.maxRepetitionLevel > 0) return [];
    if (typeof type !== 'string' || type === 'variant') return [];
    return [
      {
        column,
        leaf: index,
        isRequired: leaf.maxDefinitionLevel === 0,
        decode: boundDecoder(leaf, type, isOldCalendar),
        encode: valueEncoder(leaf, type, isOldCalendar),
      },
    ];
  });
}

function fieldsOf(schema: StructType, path: readonly string[]): readonly StructField[] {
  const fields: StructField[] = [];
  let struct: StructType | undefined = schema;
  for (const name of path) {
    const field: StructField | undefined = struct?.fields.find((one) => one.name === name);
    if (field === undefined) return [];
    fields.push(field);
    const { type }: StructField = field;
    struct = typeof type !== 'string' && type.type === 'struct' ? type : undefined;
  }
  return fields;
}

function leafIndex(
  root: SchemaNode,
  fields: readonly StructField[],
  mode: ColumnMappingMode,
): number | undefined {
  let node: SchemaNode | undefined = root;
  for (const field of fields) node = node && childOf(node, field, mode);
  return node?.leafIndex;
}

function childOf(
  { children }: SchemaNode,
  field: StructField,
  mode: ColumnMappingMode,
): SchemaNode | undefined {
  if (mode === 'id') {
    const id = fieldId(field);
    return id === undefined ? undefined : onlyOne(children.filter((one) => one.fieldId === id));
  }
  const name = physicalName(field, mode);
  const exact = children.filter((one) => one.name === name);
  if (exact.length > 0) return onlyOne(exact);
  const folded = name.toLowerCase();
  return onlyOne(children.filter((one) => one.name.toLowerCase() === folded));
}

function onlyOne(nodes: readonly SchemaNode[]): SchemaNode | undefined {
  return nodes.length === 1 ? nodes[0] : undefined;
}

/** What is known of a leaf in a part of a file. */
export interface LeafStats {
  readonly nullCount: number | undefined;
  readonly min: Uint8Array | undefined;
  readonly max: Uint8Array | undefined;
}

/** A part of a file: a row group, or some of its rows. */
export interface FilePart {
  readonly numRecords: number;
  readonly leaves: readonly ConditionLeaf[];
  /** By index into the footer's leaves. */
  readonly statsOf: (leaf: number) => LeafStats | undefined;
  /** The file's values of partition columns. */
  readonly partitions: ReadonlyMap<BoundColumn, Scalar>;
  /** False only when no row has the value. */
  readonly mayContain?: ((column: BoundColumn, value: Value) => boolean) | undefined;
}

/** The facts of a part of a file. */
export class PartFacts implements FileFacts, FileStats {
  readonly tightBounds = true;
  readonly #part: FilePart;

  constructor(part: FilePart) {
    this.#part = part;
  }

  get numRecords(): number {
    return this.#part.numRecords;
  }

  get stats(): FileStats {
    return this;
  }

  partition(column: BoundColumn): Scalar | undefined {
    return this.#part.partitions.get(column);
  }

  mayContain(column: BoundColumn, value: Value): boolean {
    return this.#part.mayContain?.(column, value) ?? true;
  }

  min(path: readonly string[]): BoundValue | undefined {
    return this.#bound(path, 'min');
  }

  max(path: readonly string[]): BoundValue | undefined {
    return this.#bound(path, 'max');
  }

  nullCount(path: readonly string[]): number | undefined {
    const leaf = this.#leaf(path);
    if (leaf === undefined) return undefined;
    if (leaf.isRequired) return 0;
    const count = this.#part.statsOf(leaf.leaf)?.nullCount;
    // Some writers say that there are no nulls when they have not counted them.
    return count === 0 ? undefined : count;
  }

  #leaf(path: readonly string[]): ConditionLeaf | undefined {
    return this.#part.leaves.find(({ column }) => column.physicalPath === path);
  }

  #bound(path: readonly string[], bound: Bound): BoundValue | undefined {
    const leaf = this.#leaf(path);
    const bytes = leaf && this.#part.statsOf(leaf.leaf)?.[bound];
    return bytes && leaf.decode?.(bytes, bound);
  }
}
