/** Makes a table. */

import { z } from 'zod';
import { AlreadyExistsError, InvalidArgumentError, isVarveError } from '../errors.js';
import type { Action, Metadata } from '../log/actions.js';
import type { CommitDescription } from '../log/commit-info.js';
import { splitFeatures } from '../log/feature-properties.js';
import { checkWritable, requiredProtocol } from '../log/protocol.js';
import { checkRowTracking, withMaterializedNames } from '../log/row-tracking.js';
import { arrowInputSchema, isArrowInput } from '../log/schema/arrow-input.js';
import { checkColumnNames } from '../log/schema/column-name.js';
import { fromArrowSchema } from '../log/schema/from-arrow-schema.js';
import { formatSchemaString } from '../log/schema/schema-json.js';
import type { StructType } from '../log/schema/types.js';
import { loadSnapshot } from '../log/snapshot.js';
import { checkProperties } from '../log/table-properties.js';
import { allowedRoots, callOptions, checkOptions, propertiesOf, textOf } from './call-options.js';
import { commitFiles } from './commit-files.js';
import { inputBatches, peekRows } from './input.js';
import { findSnapshot } from './open.js';
import type { CreateOptions, CreateRowsOptions } from './options.js';
import { NO_METRICS, outcomeOf, unknownState } from './outcome.js';
import { inferSchema } from './row/infer-schema.js';
import type { ColumnOverrides, TableSchema } from './row/row-types.js';
import { toStructType } from './row/schema-input.js';
import { checkSameSchema } from './same-schema.js';
import { findColumn } from './scan-columns.js';
import { type TableHandle, type TableState, withState } from './table-state.js';
import { type WrittenFiles, writeFiles } from './write-files.js';

const optionsOf = z.strictObject({
  ...callOptions,
  storage: z.unknown().optional(),
  allowedRoots,
  schema: z.unknown().optional(),
  rows: z.unknown().optional(),
  columns: z.unknown().optional(),
  partitionBy: z.array(z.string()).optional(),
  ifExists: z.enum(['error', 'open']).optional(),
  properties: propertiesOf.optional(),
  name: textOf.optional(),
  description: textOf.optional(),
});
type Checked = z.output<typeof optionsOf>;
/** Options that a creation from rows does not have: passed over, they would let a caller believe in them. */
const OF_SCHEMAS = ['ifExists', 'columns'] as const;

/** The parts of a new table, checked. */
interface NewTable {
  readonly schema: StructType;
  readonly metadata: Metadata;
  readonly actions: readonly Action[];
}

/** Makes the table, or opens it; see {@link DeltaTable.create}. */
export async function createTable(
  url: string | URL,
  options: CreateOptions<TableSchema> | CreateRowsOptions<object>,
): Promise<TableHandle> {
  const checked = checkOptions('create', optionsOf, options);
  if ((checked.schema === undefined) === (checked.rows === undefined)) {
    throw new InvalidArgumentError({
      message: 'create: give the table a schema, or rows to infer one from, and not both',
      option: checked.schema === undefined ? 'schema' : 'rows',
      expected: 'one of schema and rows',
    });
  }
  const spare =
    checked.rows === undefined ? undefined : OF_SCHEMAS.find((name) => checked[name] !== undefined);
  if (spare !== undefined) {
    throw new InvalidArgumentError({
      message: `create: ${spare} goes with a schema, and not with rows to infer one from; leave it out`,
      option: spare,
    });
  }
  const make = checked.schema === undefined ? createFromRows : createFromSchema;
  return await withState(url, options, async (state) => await make(state, checked));
}

async function createFromSchema(state: TableState, options: Checked): Promise<TableHandle> {
  const { schema, asNumber } = toStructType(options.schema as TableSchema, {
    columns: options.columns as ColumnOverrides | undefined,
  });
  const handle: TableHandle = { state, asNumber };
  const table = newTable(state, schema, options);
  if (await existing(state, table, options)) return handle;
  try {
    await commitTable(state, table, undefined, options.signal);
  } catch (error) {
    if (!isVarveError(error, 'ALREADY_EXISTS') || options.ifExists !== 'open') throw error;
    // Another creator was first, which is as good. A listing may be behind; its first version is there by name.
    const { signal } = options;
    const found =
      (await findSnapshot(state, signal)) ??
      // Learnt, so that whoever writes next does not look for the table in the same listing.
      state.head.learn(await loadSnapshot(state.log, { version: 0, signal }));
    checkSameSchema(table.schema, table.metadata.partitionColumns, found);
  }
  return handle;
}

/** Whether the table is there and is the one wanted. */
async function existing(state: TableState, table: NewTable, options: Checked): Promise<boolean> {
  const found = await findSnapshot(state, options.signal);
  if (found === undefined) return false;
  if (options.ifExists !== 'open') throw tableExists(state);
  checkSameSchema(table.schema, table.metadata.partitionColumns, found);
  return true;
}

async function createFromRows(state: TableState, options: Checked): Promise<TableHandle> {
  const { signal } = options;
  if ((await findSnapshot(state, signal)) !== undefined) throw tableExists(state);
  const { rows, schemaOf, end } = await openRows(options.rows, signal);
  let table: NewTable;
  try {
    table = newTable(state, schemaOf(), options);
  } catch (error) {
    await end();
    throw error;
  }
  const { schema } = table;
  const { partitionColumns, configuration } = table.metadata;
  const { store } = state.log;
  const { entropy } = state.environment;
  const written = await writeFiles(
    { store, entropy, schema, partitionColumns, configuration, operation: 'create' },
    inputBatches(rows, schema, signal),
    options,
  );
  await commitTable(state, table, written, signal);
  return { state, asNumber: new Set() };
}

interface OpenedRows {
  readonly rows: unknown;
  readonly schemaOf: () => StructType;
  /** Ends their source where they are not going to be read. */
  readonly end: () => Promise<unknown>;
}

async function openRows(rows: unknown, signal: AbortSignal | undefined): Promise<OpenedRows> {
  if (isArrowInput(rows)) {
    const { schema, input } = await arrowInputSchema(rows);
    const end = (): Promise<void> => Promise.resolve();
    return { rows: input, schemaOf: () => fromArrowSchema(schema), end };
  }
  const peeked = await peekRows(rows, signal);
  return { rows: peeked.rows, schemaOf: () => inferSchema(peeked.first), end: peeked.end };
}

function newTable(state: TableState, schema: StructType, options: Checked): NewTable {
  checkColumnNames(schema);
  const { configuration: asked, features } = splitFeatures(options.properties ?? {});
  const given = checkProperties(asked);
  checkRowTracking(given);
  const partitionColumns = partitionsOf(schema, options.partitionBy ?? []);
  const { clock, entropy } = state.environment;
  const configuration = withMaterializedNames(given, () => entropy.uuid());
  const metadata: Metadata = {
    id: entropy.uuid(),
    name: options.name,
    description: options.description,
    format: { provider: 'parquet', options: new Map() },
    schemaString: formatSchemaString(schema),
    partitionColumns,
    configuration,
    createdTime: clock.now(),
  };
  const protocol = requiredProtocol(schema, configuration, features);
  checkWritable(protocol, metadata, schema);
  return {
    schema,
    metadata,
    actions: [
      { kind: 'protocol', protocol },
      { kind: 'metaData', metaData: metadata },
    ],
  };
}

function partitionsOf(schema: StructType, names: readonly string[]): readonly string[] {
  const columns = names.map((name) => findColumn(schema, name, 'partitionBy'));
  const bad = columns.find(({ type }) => typeof type !== 'string' || type === 'void');
  const all = columns.length > 0 && columns.length === schema.fields.length;
  if (bad === undefined && !all && new Set(columns).size === columns.length) {
    return columns.map(({ name }) => name);
  }
  throw new InvalidArgumentError({
    message: all
      ? 'create: a table needs a column that is no partition column'
      : 'create: the table cannot be partitioned like this',
    option: 'partitionBy',
    expected: 'different columns of primitive types, and at least one column besides',
  });
}

/**
 * What to do when nobody knows whether the table was made: without one there is no handle to ask. Creating it again is
 * safe, also while the first attempt is under way, for only one of them can make version 0.
 */
const CREATE_AGAIN = "create the table again with ifExists: 'open'";
const CREATE_ROWS_AGAIN =
  'create the table again, and if that says ALREADY_EXISTS open it ' +
  'and ask table.resolveCommit(error.attempt) whether its rows are these';

/** @throws AlreadyExistsError when another process made the table meanwhile */
async function commitTable(
  state: TableState,
  table: NewTable,
  written: WrittenFiles | undefined,
  signal: AbortSignal | undefined,
): Promise<void> {
  const adds = (written?.adds ?? []).map((add) => ({ kind: 'add', add }) as const);
  const request = {
    base: undefined,
    actions: [...table.actions, ...adds],
    reads: { files: new Set<string>(), appIds: new Set<string>() },
    described: description(table.metadata, written),
    signal,
  };
  const { result, warnings } = await commitFiles(state, request, written?.keys ?? []);
  if (result.outcome === 'conflict') throw tableExists(state);
  if (result.outcome === 'unknown') {
    throw unknownState(result.attempt, written === undefined ? CREATE_AGAIN : CREATE_ROWS_AGAIN);
  }
  outcomeOf(result, NO_METRICS, warnings, 'create it again');
}

function description(metadata: Metadata, written: WrittenFiles | undefined): CommitDescription {
  const { partitionColumns, configuration, description: text } = metadata;
  return {
    operation: written === undefined ? 'CREATE TABLE' : 'CREATE TABLE AS SELECT',
    operationParameters: {
      isManaged: 'false',
      ...(text === undefined ? {} : { description: text }),
      partitionBy: JSON.stringify(partitionColumns),
      properties: JSON.stringify(Object.fromEntries(configuration)),
    },
    operationMetrics:
      written === undefined
        ? {}
        : {
            numFiles: String(written.adds.length),
            numOutputRows: String(written.rows),
            numOutputBytes: String(written.bytes),
          },
  };
}

function tableExists(state: TableState): AlreadyExistsError {
  return new AlreadyExistsError({
    message:
      'there is a table at this place; open it, or create it with a schema and ifExists: "open"',
    kind: 'table',
    thing: state.url,
  });
}
