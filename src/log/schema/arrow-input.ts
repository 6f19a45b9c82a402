/** Arrow data of a caller, whoever's apache-arrow made it, as batches of the table's schema. */
import { type RecordBatch, RecordBatchReader, type Schema } from 'apache-arrow';
import { InvalidArgumentError, SchemaMismatchError } from '../../errors.js';
import { type BatchLike, type FieldLike, type SchemaLike } from './arrow-shape.js';
import { arrowSchema } from './arrow-type.js';
import { castColumn, topPlace } from './cast.js';
import { matchFields } from './cast-nested.js';
import type { CastRules } from './cast-place.js';
import { batchOf } from './conform.js';
import { ownData } from './own-data.js';
import type { StructType } from './types.js';

/** Which argument the input came in. */
export interface InputPlace {
  /** Its name, for errors. Default: `rows`. */
  readonly option?: string | undefined;
}

/**
 * Whether a value is Arrow data that {@link arrowBatches} takes: a table, a record batch, an array
 * of batches, a reader, or the bytes of Arrow IPC (stream or file). By shape, so another copy's
 * objects are as good.
 */
export function isArrowInput(value: unknown): boolean {
  if (value instanceof Uint8Array || value instanceof ArrayBuffer) return true;
  if (Array.isArray(value)) return isBatch(value[0]);
  return isTable(value) || isBatch(value) || isReader(value);
}

/**
 * The schema of Arrow input, by shape, before any of it is read; a reader is opened for that.
 *
 * @returns the schema, and the input to go on with in place of the one given
 * @throws InvalidArgumentError when the input is no Arrow data, or its bytes are broken
 */
export async function arrowInputSchema(
  input: unknown,
  { option = 'rows' }: InputPlace = {},
): Promise<{ readonly schema: SchemaLike; readonly input: unknown }> {
  if (input instanceof Uint8Array || input instanceof ArrayBuffer) {
    return { schema: openIpc(bytesOf(input), option).schema, input };
  }
  const opened: unknown = isReader(input) ? await (input as OpenableLike).open() : input;
  const holder: unknown = Array.isArray(opened) ? opened[0] : opened;
  const schema = isRecord(holder) ? holder['schema'] : undefined;
  if (!isSchema(schema)) throw notArrow(option);
  return { schema, input: opened };
}

/**
 * The input as batches of exactly `arrowSchema(schema)`, cast without loss. Read as it is consumed.
 *
 * Columns match by name without case, in any order; a nullable column that the input lacks is null.
 * Accepted is what means the same and loses nothing: integers of other widths and whole floats,
 * exact floats, decimals of other precision, timestamps of other units (one without a zone is taken
 * as UTC for `timestamp`; one with a zone other than UTC is refused for `timestamp_ntz`), dates in
 * milliseconds that are whole days, dictionary, large, view and fixed-size types. Values under a
 * null parent do not matter. The stream form of IPC need not say where it ends, so bytes cut
 * exactly between two batches are a whole, shorter stream.
 *
 * @throws SchemaMismatchError with the row's index over the whole input and the column, at the
 * first value that does not fit: out of range, a rest beyond microseconds, invalid UTF-8, null in a
 * NOT NULL column; and for unknown, doubled or missing columns and types that do not fit
 * @throws InvalidArgumentError when the input is no Arrow data, or its bytes or buffers are broken
 * @throws LimitError when a batch is too large for 32-bit offsets
 */
export async function* arrowBatches(
  input: unknown,
  schema: StructType,
  { option = 'rows' }: InputPlace = {},
): AsyncGenerator<RecordBatch, void, undefined> {
  const caster = new BatchCaster(schema, option);
  if (isTable(input)) caster.checkSchema(input.schema);
  for await (const batch of batchesOf(input, option)) {
    if (!isBatch(batch)) throw notArrow(option);
    yield caster.cast(batch);
  }
}

class BatchCaster {
  readonly #schema: StructType;
  readonly #arrowSchema: Schema;
  readonly #option: string;
  #seen: SchemaLike | undefined;
  #found: readonly (number | undefined)[] = [];
  #rows = 0;

  constructor(schema: StructType, option: string) {
    this.#schema = schema;
    this.#arrowSchema = arrowSchema(schema);
    this.#option = option;
  }

  /**
   * Matches the input's columns to the table's; also what an input without any batch is checked by.
   */
  checkSchema(input: SchemaLike): void {
    if (this.#seen === input) return;
    const names = input.fields.map(({ name }) => name);
    this.#found = matchFields(this.#schema, names, INPUT_RULES, (name) => name);
    for (const [at, field] of this.#schema.fields.entries()) {
      if (this.#found[at] !== undefined) continue;
      castColumn(undefined, field, 0, topPlace(field.name, INPUT_RULES, 0));
    }
    this.#seen = input;
  }

  cast(batch: BatchLike): RecordBatch {
    this.checkSchema(batch.schema);
    const rows = batch.data.length;
    const children = this.#schema.fields.map((field, at) => {
      const index = this.#found[at];
      const given = index === undefined ? undefined : batch.data.children?.[index];
      const own = given === undefined ? undefined : ownData(given, field.name, this.#option);
      if (own !== undefined && own.length < rows) throw shortColumn(field.name, this.#option);
      const data = own !== undefined && own.length > rows ? own.slice(0, rows) : own;
      return castColumn(data, field, rows, topPlace(field.name, INPUT_RULES, this.#rows));
    });
    this.#rows += rows;
    return batchOf(this.#arrowSchema, children, rows);
  }
}

const INPUT_RULES: CastRules = {
  source: 'input',
  legacy: undefined,
  fileName: (field) => field.name,
  misfit: ({ column, row, expected, actual }) =>
    new SchemaMismatchError({
      message: 'the arrow data does not fit the table',
      column,
      row,
      expected,
      actual,
    }),
};

interface TableLike {
  readonly schema: SchemaLike;
  readonly batches: readonly unknown[];
}

interface IpcReader {
  readonly schema: SchemaLike;
  next(): IteratorResult<unknown, unknown>;
}

interface OpenableLike {
  open(): unknown;
}

function batchesOf(input: unknown, option: string): Iterable<unknown> | AsyncIterable<unknown> {
  if (input instanceof Uint8Array || input instanceof ArrayBuffer) {
    return ipcBatches(bytesOf(input), option);
  }
  if (isTable(input)) return input.batches;
  if (isBatch(input)) return [input];
  if (isIterable(input)) return input;
  throw notArrow(option);
}

function bytesOf(input: Uint8Array | ArrayBuffer): Uint8Array {
  return input instanceof Uint8Array ? input : new Uint8Array(input);
}

function* ipcBatches(bytes: Uint8Array, option: string): Generator<unknown, void, undefined> {
  const reader = openIpc(bytes, option);
  for (;;) {
    const next = decoding(option, () => reader.next());
    if (next.done === true) return;
    yield next.value;
  }
}

function openIpc(bytes: Uint8Array, option: string): IpcReader {
  const reader = decoding(option, () => RecordBatchReader.from(bytes).open());
  if (!isSchema(reader.schema)) throw brokenIpc(option, undefined);
  return reader;
}

/** Whatever apache-arrow throws while it decodes means that the bytes are not right. */
function decoding<T>(option: string, decode: () => T): T {
  try {
    return decode();
  } catch (cause) {
    throw brokenIpc(option, cause);
  }
}

function brokenIpc(option: string, cause: unknown): InvalidArgumentError {
  return new InvalidArgumentError({
    message: 'the bytes cannot be read as arrow ipc',
    option,
    expected: 'a whole arrow ipc stream or file without body compression',
    cause,
  });
}

function shortColumn(column: string, option: string): InvalidArgumentError {
  return new InvalidArgumentError({
    message: `the arrow column ${column} is shorter than its batch`,
    option,
  });
}

function notArrow(option: string): InvalidArgumentError {
  return new InvalidArgumentError({
    message: 'the input is no arrow data',
    option,
    expected: 'an arrow table, record batches, a reader, or arrow ipc bytes',
  });
}

function isTable(value: unknown): value is TableLike {
  return isRecord(value) && isSchema(value['schema']) && Array.isArray(value['batches']);
}

function isBatch(value: unknown): value is BatchLike {
  if (!isRecord(value) || !isSchema(value['schema'])) return false;
  const { data } = value;
  return isRecord(data) && typeof data['length'] === 'number' && Array.isArray(data['children']);
}

function isSchema(value: unknown): value is SchemaLike {
  return isRecord(value) && Array.isArray(value['fields']) && value['fields'].every(isField);
}

function isField(value: unknown): value is FieldLike {
  return isRecord(value) && typeof value['name'] === 'string' && isRecord(value['type']);
}

function isReader(value: unknown): boolean {
  return (
    isRecord(value) &&
    isIterable(value) &&
    typeof value['isSync'] === 'function' &&
    typeof value['isAsync'] === 'function' &&
    typeof value['open'] === 'function'
  );
}

function isIterable(value: unknown): value is Iterable<unknown> | AsyncIterable<unknown> {
  return isRecord(value) && (Symbol.iterator in value || Symbol.asyncIterator in value);
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
