/** The schema of a table, in whichever form a caller gives it. */
import { InvalidArgumentError } from '../../errors.js';
import type { StructType } from '../../log/schema/types.js';
import { literalSchema } from './literal-schema.js';
import type { ColumnOverrides, SchemaInput, TableSchema } from './row-types.js';
import { isStandardSchema } from './standard-schema.js';
import { checkedStructType, isStructType } from './struct-schema.js';
import { isZodType, zodSchema } from './zod-schema.js';

export interface SchemaInputOptions {
  /**
   * Delta types by column, for a Standard Schema only: of zod's, those named instead of the usual types; of other
   * libraries', whose types cannot be read, every column in order.
   */
  readonly columns?: ColumnOverrides | undefined;
}

const NO_NUMBERS: ReadonlySet<string> = new Set();

/**
 * The protocol's schema of a literal, a Standard Schema or a StructType. Names are not checked here: what may be
 * created is stricter than what may be read.
 *
 * @throws InvalidArgumentError that names, by its path, what is no type or has no Delta type
 * @throws LimitError when types nest too deeply
 * @throws UnsupportedFeatureError for a StructType with a type that Varve does not know
 */
export function toStructType(input: TableSchema, options: SchemaInputOptions = {}): SchemaInput {
  const { columns } = options;
  if (isStandardSchema(input)) {
    if (isZodType(input)) return zodSchema(input, columns ?? {});
    if (columns !== undefined) return plain(literalSchema(columns, 'columns'));
    const vendor = input['~standard'].vendor;
    throw new InvalidArgumentError({
      message: `the column types of a ${vendor} schema cannot be read (zod 4's can)`,
      option: 'columns',
      expected: 'the Delta type of every column: columns: { id: "long not null", … }',
    });
  }
  if (columns !== undefined) {
    throw new InvalidArgumentError({
      message: 'columns goes with a Standard Schema; say the types in the schema itself',
      option: 'columns',
      expected: 'nothing',
    });
  }
  if (isStructType(input)) return plain(checkedStructType(input, 'schema'));
  return plain(literalSchema(input, 'schema'));
}

function plain(schema: StructType): SchemaInput {
  return { schema, asNumber: NO_NUMBERS };
}
