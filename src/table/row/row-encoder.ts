/** Rows to Arrow batches, each value checked against its column: nothing is rounded, guessed or dropped. */
import { RecordBatch, type Schema, Struct } from 'apache-arrow';
import { InternalError, SchemaMismatchError } from '../../errors.js';
import { makeColumn } from '../../log/schema/arrow-data.js';
import { arrowSchema } from '../../log/schema/arrow-type.js';
import type { StructType } from '../../log/schema/types.js';
import type { RowCounter } from './column-builder.js';
import { describeValue } from './describe-value.js';
import { makeFields } from './make-builder.js';
import { isRecord, type ObjectFields } from './object-fields.js';

/**
 * Collects rows and gives them as batches of the schema's Arrow types.
 *
 * A row is an object whose own enumerable properties are the columns, letter for letter; absent, `undefined` and
 * `null` are null. Of each type it accepts:
 *
 * | type | value |
 * |---|---|
 * | byte, short, integer | a whole number in range |
 * | long | a `bigint`, a safe integer, or canonical decimal text |
 * | float, double | any number; a float is rounded to 32 bits |
 * | decimal | exact text, or a `bigint` that is the whole number; never a number |
 * | string | well-formed text |
 * | date | `YYYY-MM-DD` text, never a Date |
 * | timestamp | a `Date` or `Timestamp`, or ISO text with a zone |
 * | timestamp_ntz | ISO text without a zone |
 * | binary | `Uint8Array` |
 * | array | an array or a typed array |
 * | map | a `Map`, or an object when the keys are strings |
 * | struct | an object |
 * | void | nothing but null |
 */
export class RowEncoder {
  /** Rows since the last flush. */
  length = 0;
  private readonly schema: Schema;
  private readonly fields: ObjectFields;
  private readonly rows: RowCounter = { row: 0 };
  private failed = false;

  /** @throws UnsupportedFeatureError when a column has a type that Varve does not know */
  constructor(schema: StructType) {
    this.fields = makeFields(schema, '', this.rows);
    this.schema = arrowSchema(schema);
  }

  /** About how many bytes the rows since the last flush take in Arrow. */
  get sizeBytes(): number {
    return this.fields.sizeBytes;
  }

  /**
   * Appends one row. After an error the encoder holds part of a row and can be used no more.
   *
   * @throws SchemaMismatchError with the row's index in all that was ever appended, and the dotted column
   * @throws LimitError when a column grows beyond what one batch can hold: flush sooner
   */
  append(row: object): void {
    if (this.failed) throw new InternalError({ message: 'a row encoder was used after its error' });
    this.failed = true;
    if (!isRecord(row)) this.refuseRow(row);
    this.fields.append(row);
    this.failed = false;
    this.length += 1;
    this.rows.row += 1;
  }

  /** The rows since the last flush as one batch, and starts a new one. */
  flush(): RecordBatch {
    if (this.failed) throw new InternalError({ message: 'a row encoder was used after its error' });
    const { length, schema } = this;
    const type = new Struct(schema.fields);
    const data = makeColumn(type, length, { children: this.fields.finish() });
    this.length = 0;
    return new RecordBatch(schema, data as ConstructorParameters<typeof RecordBatch>[1]);
  }

  private refuseRow(row: unknown): never {
    throw new SchemaMismatchError({
      message: `row ${this.rows.row} is no object with columns; nothing was written`,
      row: this.rows.row,
      expected: 'an object whose properties are the columns',
      actual: describeValue(row),
    });
  }
}
