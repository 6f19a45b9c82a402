/** Arrow batches to rows. */
import type { Data, RecordBatch } from 'apache-arrow';
import { InternalError } from '../../errors.js';
import type { StructType } from '../../log/schema/types.js';
import { objectReader } from './column-reader.js';

/** How columns are delivered where there is a choice. */
export interface DecoderOptions {
  /**
   * Long columns whose values are numbers, as zod's `int` promises; a value beyond 2^53 is then a LimitError. Each is
   * the `pathKey` of the names from the row down, with `element`, `key` and `value` inside arrays and maps.
   */
  readonly asNumber?: ReadonlySet<string> | undefined;
}

/** Gives the rows of a batch, made one by one as they are asked for; each iteration starts anew. */
export type RowDecoder = (batch: RecordBatch, key?: string) => Iterable<object>;

const NONE: ReadonlySet<string> = new Set();

/**
 * A decoder for batches that have the schema's columns under their names, with the Arrow types of `arrowSchema`.
 * A row is a plain object with the schema's columns in its order, and shares no memory with the batch.
 *
 * `key` is what the batch was read from, for errors. Iterating throws:
 * - CorruptDataError for a text that is not UTF-8
 * - LimitError for a timestamp that no Date can hold, or a long beyond 2^53 delivered as number
 * - UnsupportedFeatureError for a column whose type Varve does not know
 */
export function rowDecoder(schema: StructType, options: DecoderOptions = {}): RowDecoder {
  const { asNumber = NONE } = options;
  return (batch, key = 'batch') => ({
    [Symbol.iterator]: (): Iterator<object> => {
      // Arrow's own empty batches have lists without children.
      if (batch.numRows === 0) return [][Symbol.iterator]();
      const columns = schema.fields.map(({ name }) => columnOf(batch, name));
      const read = objectReader(columns, schema, { key, path: [], asNumber });
      return new RowIterator(read, batch.numRows);
    },
  });
}

/** A hand-made iterator: a generator costs more than all the reading of a narrow row. */
class RowIterator implements IterableIterator<object> {
  private at = 0;
  private readonly read: (index: number) => object;
  private readonly end: number;

  constructor(read: (index: number) => object, end: number) {
    this.read = read;
    this.end = end;
  }

  next(): IteratorResult<object, undefined> {
    if (this.at >= this.end) return { done: true, value: undefined };
    const value = this.read(this.at);
    this.at += 1;
    return { done: false, value };
  }

  [Symbol.iterator](): this {
    return this;
  }
}

function columnOf(batch: RecordBatch, name: string): Data {
  const at = batch.schema.fields.findIndex((field) => field.name === name);
  const data = batch.data.children[at];
  if (data === undefined) {
    throw new InternalError({ message: `the batch has no column ${JSON.stringify(name)}` });
  }
  return data;
}
