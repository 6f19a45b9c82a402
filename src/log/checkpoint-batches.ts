/** The rows of a checkpoint as Arrow batches: files that came from a checkpoint are copied from its own buffers. */
import {
  type DataType as ArrowType,
  type Data,
  Field,
  type RecordBatch,
  Schema,
  Struct,
} from 'apache-arrow';
import { CorruptDataError, InternalError } from '../errors.js';
import type { RemoveFile } from './actions.js';
import { type AddLayout, addType } from './add-layout.js';
import { child } from './arrow-column.js';
import { buildColumn } from './build-column.js';
import { CheckpointColumns } from './checkpoint-columns.js';
import { REST_OF_ADD, SCANNED_ADD } from './checkpoint-schema.js';
import type { CompleteFileColumns, FileBlock, FileColumns } from './file-list.js';
import { parsedColumns } from './parsed-columns.js';
import type { FewRow } from './plan-checkpoint.js';
import { makeColumn, nullColumn } from './schema/arrow-data.js';
import { arrowSchema, arrowType } from './schema/arrow-type.js';
import { batchOf } from './schema/conform.js';
import type { StructType } from './schema/types.js';
import { takeRows } from './take-rows.js';

/** Rows that are made from objects at a time. */
export const BUILT_ROWS = 50_000;

/** Makes batches of one file of a checkpoint: all of one schema, each row with exactly one column that is not null. */
export class CheckpointBatches {
  readonly schema: Schema;
  readonly #layout: AddLayout;
  readonly #unknown: readonly Field[];
  readonly #nulls = new Map<string, Data>();
  #nullRows = 0;

  /**
   * @param file - the columns of the file; `add` is that of the layout
   * @param unknown - fields of `add` that the protocol does not know, to be copied as they are
   */
  constructor(file: StructType, layout: AddLayout, unknown: readonly Field[]) {
    this.#layout = layout;
    this.#unknown = unknown;
    this.schema = new Schema(
      arrowSchema(file).fields.map((field) => {
        if (field.name !== 'add') return field;
        const { children } = arrowType(addType(layout)) as Struct;
        return new Field('add', new Struct([...children, ...unknown]), true);
      }),
    );
  }

  /** The rows that are neither adds nor removes. */
  few(rows: readonly FewRow[]): RecordBatch {
    const columns = this.schema.fields.map(({ name, type }) =>
      buildColumn(
        type,
        rows.map(({ column, value }) => (column === name ? value : undefined)),
      ),
    );
    return batchOf(this.schema, columns, rows.length);
  }

  /** The active files of one block; several batches when something of them is made from objects. */
  async *adds(block: FileBlock, signal: AbortSignal | undefined): AsyncGenerator<RecordBatch> {
    const { columns, live } = block;
    if (live.count === 0) return;
    const rows = live.toIndexes();
    const isCopied = columns instanceof CheckpointColumns;
    const make = isCopied
      ? await this.#copyAdds(columns, signal)
      : this.#buildAdds(await columns.complete(signal));
    const isWhole = isCopied && this.#layout.stats === undefined;
    const step = isWhole ? Math.max(rows.length, 1) : BUILT_ROWS;
    for (let start = 0; start < rows.length; start += step) {
      const some = rows.subarray(start, start + step);
      yield this.#only('add', this.#withParsed(make(some), columns, some));
    }
  }

  /** Tombstones: without what only a commit's `remove` has. */
  removes(removes: readonly RemoveFile[]): RecordBatch {
    const rows = removes.map((remove) => ({ ...remove, dataChange: false }));
    return this.#only('remove', buildColumn(this.#typeOf('remove'), rows));
  }

  #buildAdds(complete: CompleteFileColumns): (rows: Uint32Array) => Data {
    return (rows) =>
      buildColumn(
        this.#addType(),
        Array.from(rows, (row) => ({ ...complete.add(row), dataChange: false })),
      );
  }

  /** A column of `add` from the buffers that are loaded and those that are read now; without what is parsed. */
  async #copyAdds(
    columns: CheckpointColumns,
    signal: AbortSignal | undefined,
  ): Promise<(rows: Uint32Array) => Data> {
    const { home, length, loaded } = columns;
    const rest = await home.loadRest(signal);
    const unknown = this.#unknown.length === 0 ? undefined : await home.loadUnknown(signal);
    const type = this.#addType();
    const children = type.children.map((field) => {
      if (field.name === 'dataChange') return noFlags(field.type, length);
      if (field.name === 'stats') return statsTexts(columns, field.type);
      const scanned = fieldOf(loaded.add, SCANNED_ADD, field.name);
      if (field.name === 'partitionValues' && scanned !== undefined) return neverNull(scanned);
      return (
        scanned ??
        fieldOf(rest, REST_OF_ADD, field.name) ??
        unknownField(unknown, field, home.key) ??
        nullColumn(field.type, length)
      );
    });
    const whole = makeColumn(type, length, { children });
    return (rows) => (rows.length === length ? whole : takeRows(whole, rows));
  }

  #withParsed(adds: Data, columns: FileColumns, rows: Uint32Array): Data {
    if (this.#layout.stats === undefined) return adds;
    const parsed = parsedColumns(columns, rows, this.#layout);
    const type = this.#addType();
    const children = type.children.map(({ name }, index) => parsed.get(name) ?? child(adds, index));
    return makeColumn(type, adds.length, { children });
  }

  #only(name: string, column: Data): RecordBatch {
    const columns = this.schema.fields.map((field) =>
      field.name === name ? column : this.#nullsOf(field, column.length),
    );
    return batchOf(this.schema, columns, column.length);
  }

  /** Columns of nulls are shared by the batches of one length. */
  #nullsOf(field: Field, rows: number): Data {
    if (rows !== this.#nullRows) this.#nulls.clear();
    this.#nullRows = rows;
    const nulls = this.#nulls.get(field.name) ?? nullColumn(field.type, rows);
    this.#nulls.set(field.name, nulls);
    return nulls;
  }

  #addType(): Struct {
    return this.#typeOf('add') as Struct;
  }

  #typeOf(name: string): ArrowType {
    const found = this.schema.fields.find((field) => field.name === name);
    if (found === undefined) throw new InternalError({ message: `no checkpoint column ${name}` });
    return found.type;
  }
}

/**
 * The fields of `add` that some block has and the protocol does not know.
 * @throws CorruptDataError when two row groups have one of them in different types
 */
export async function unknownAddFields(
  blocks: readonly FileBlock[],
  signal: AbortSignal | undefined,
): Promise<readonly Field[]> {
  const fields = new Map<string, Field>();
  for (const { columns } of blocks) {
    if (!(columns instanceof CheckpointColumns)) continue;
    const { home } = columns;
    if (home.unknownFields.every((name) => fields.has(name))) continue;
    const data = await home.loadUnknown(signal);
    for (const field of (data?.type.children ?? []) as readonly Field[]) {
      fields.set(field.name, fields.get(field.name) ?? new Field(field.name, field.type, true));
      checkSameType(fields.get(field.name), field, home.key);
    }
  }
  return [...fields.values()];
}

/** The column of texts; made anew where the checkpoint has the statistics only as a struct. */
function statsTexts(columns: CheckpointColumns, type: ArrowType): Data {
  if (columns.loaded.statsStruct === undefined) return columns.statsData;
  const texts = Array.from({ length: columns.length }, (_, row) => columns.stats(row));
  return buildColumn(type, texts);
}

function unknownField(data: Data | undefined, wanted: Field, key: string): Data | undefined {
  const fields = (data?.type.children ?? []) as readonly Field[];
  const index = fields.findIndex(({ name }) => name === wanted.name);
  const found = fields[index];
  if (data === undefined || found === undefined) return undefined;
  checkSameType(wanted, found, key);
  return child(data, index);
}

function checkSameType(one: Field | undefined, other: Field, key: string): void {
  if (one === undefined || String(one.type) === String(other.type)) return;
  throw new CorruptDataError({
    message: `row groups of the checkpoint disagree on the type of add.${other.name}`,
    key,
    field: `add.${other.name}`,
  });
}

function fieldOf(data: Data | undefined, type: StructType, name: string): Data | undefined {
  const index = type.fields.findIndex((field) => field.name === name);
  return data === undefined || index < 0 ? undefined : child(data, index);
}

/** A map that is null where it should be empty, as an empty one: null lists have no entries in a decoded column. */
function neverNull(data: Data): Data {
  const valueOffsets = data.valueOffsets as Int32Array;
  return makeColumn(data.type, data.length, { valueOffsets, children: data.children });
}

function noFlags(type: ArrowType, length: number): Data {
  return makeColumn(type, length, { values: new Uint8Array((length + 7) >> 3) });
}
