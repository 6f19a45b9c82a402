/** Arrow as it leaves Varve: apache-arrow's own classes, typed by shape so that no Arrow is in the published types. */

/** One column, or a field of a struct. */
export interface ArrowColumn {
  readonly length: number;
  readonly nullCount: number;
  /** The value at `index`, as apache-arrow gives it. */
  get(index: number): unknown;
  /** The values of a numeric column without nulls, as a typed array. */
  toArray(): ArrayLike<number> & Iterable<unknown>;
  [Symbol.iterator](): IterableIterator<unknown>;
}

export interface ArrowField {
  readonly name: string;
  readonly nullable: boolean;
  readonly type: { toString(): string };
}

/** An apache-arrow RecordBatch: some rows as columns. */
export interface ArrowBatch {
  readonly numRows: number;
  readonly numCols: number;
  readonly schema: { readonly fields: readonly ArrowField[] };
  getChild(name: string): ArrowColumn | null;
  getChildAt(index: number): ArrowColumn | null;
  toArray(): readonly unknown[];
}

/** An apache-arrow Table. */
export interface ArrowTable extends ArrowBatch {
  readonly batches: readonly ArrowBatch[];
}
