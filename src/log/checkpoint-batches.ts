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
import { child } from './arrow-column.js';
import { buildColumn } from './build-column.js';
import { CheckpointColumns } from './checkpoint-columns.js';
import { CHECKPOINT, REST_OF_ADD, SCANNED_ADD } from './checkpoint-schema.js';
import type { FileBlock } from './file-list.js';
import type { FewRow } from './plan-checkpoint.js';
import { makeColumn, nullColumn } from './schema/arrow-data.js';
import { arrowSchema } from './schema/arrow-type.js';
import { batchOf } from './schema/conform.js';
import type { StructType } from './schema/types.js';
import { takeRows } from './take-rows.js';

/** Rows that are made from objects at a time. */
export const BUILT_ROWS = 50_000;

/** Makes batches of one checkpoint: all of one schema, each row with exactly one column that is not null. */
export class CheckpointBatches {
  readonly schema: Schema;
  readonly #unknown: readonly Field[];
  readonly #nulls = new Map<string, Data>();
  #nullRows = 0;

  /** @param unknown - fields of `add` that the protocol does not know, to be copied as they are */
  constructor(unknown: readonly Field[]) {
    this.#unknown = unknown;
    const { fields } = arrowSchema(CHECKPOINT);
    this.schema = new Schema(
      fields.map((field) => {
        if (field.name !== 'add') return field;
        const struct = new Struct([...(field.type as Struct).children, ...unknown]);
        return new Field('add', struct, true);
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

  /** The active files of one block; several batches when they are made from objects. */
  async *adds(block: FileBlock, signal: AbortSignal | undefined): AsyncGenerator<RecordBatch> {
    const { columns, live } = block;
    if (live.count === 0) return;
    if (columns instanceof CheckpointColumns) {
      const whole = await this.#copyAdds(columns, signal);
      const isWhole = live.count === live.length;
      yield this.#only('add', isWhole ? whole : takeRows(whole, live.toIndexes()));
      return;
    }
    const complete = await columns.complete(signal);
    const rows = live.toIndexes();
    for (let start = 0; start < rows.length; start += BUILT_ROWS) {
      const adds = Array.from(rows.subarray(start, start + BUILT_ROWS), (row) => ({
        ...complete.add(row),
        dataChange: false,
      }));
      yield this.#only('add', buildColumn(this.#typeOf('add'), adds));
    }
  }

  /** Tombstones: without what only a commit's `remove` has. */
  removes(removes: readonly RemoveFile[]): RecordBatch {
    const rows = removes.map((remove) => ({ ...remove, dataChange: false }));
    return this.#only('remove', buildColumn(this.#typeOf('remove'), rows));
  }

  /** A column of `add` for every row of a block, from the buffers that are loaded and those that are read now. */
  async #copyAdds(columns: CheckpointColumns, signal: AbortSignal | undefined): Promise<Data> {
    const { home, length, loaded } = columns;
    const rest = await home.loadRest(signal);
    const unknown = this.#unknown.length === 0 ? undefined : await home.loadUnknown(signal);
    const type = this.#typeOf('add') as Struct;
    const children = type.children.map((field) => {
      if (field.name === 'dataChange') return noFlags(field.type, length);
      if (field.name === 'stats') {
        const texts = (): (string | undefined)[] =>
          Array.from({ length }, (_, row) => columns.stats(row));
        return loaded.statsStruct === undefined
          ? columns.statsData
          : buildColumn(field.type, texts());
      }
      const scanned = fieldOf(loaded.add, SCANNED_ADD, field.name);
      if (field.name === 'partitionValues' && scanned !== undefined) return neverNull(scanned);
      return (
        scanned ??
        fieldOf(rest, REST_OF_ADD, field.name) ??
        unknownField(unknown, field, home.key) ??
        nullColumn(field.type, length)
      );
    });
    return makeColumn(type, length, { children });
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
