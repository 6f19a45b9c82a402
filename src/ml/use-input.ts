/** What a run is about to use: which rows of which version, checked, and not pinned yet. */
import {
  type DeltaTable,
  InvalidArgumentError,
  type RowIn,
  type TableSchema,
  type Where,
} from '../index.js';
import { checkText } from './check-text.js';
import { inputDigest } from './input-digest.js';
import type { InputRecord } from './input-record.js';
import { checkKey } from './key-hash.js';
import { type RunInput, runInput } from './run-input.js';
import { checkSplit, type RowSplit } from './split.js';

export interface UseOptions<R, K extends keyof R> {
  /** What the input is called in the run; letters, digits, `.`, `_` and `-`. */
  readonly name: string;
  /** The newest when absent. */
  readonly version?: number | undefined;
  /** Only these columns, in this order. */
  readonly select?: readonly K[] | undefined;
  /** Only rows for which this is true. */
  readonly where?: Where<R>;
  /** Only the rows of one part of a {@link hashSplit}. */
  readonly split?: RowSplit | undefined;
  /** MLflow's label of what the input is for: `training`, `evaluation`, ... */
  readonly context?: string | undefined;
}

/** The names of {@link UseOptions}. */
export const USE_OPTIONS: readonly string[] = [
  'name',
  'version',
  'select',
  'where',
  'split',
  'context',
];

/** An input, and all that is to be recorded of it but its pin. */
export interface SelectedInput<R> {
  readonly facts: Omit<InputRecord, 'pin'>;
  readonly input: RunInput<R>;
}

/** @throws InvalidArgumentError when what was given is no table */
export function checkTable(call: string, table: unknown): void {
  // By its shape, for there may be two copies of varve.
  if (typeof table === 'object' && table !== null && 'snapshot' in table && 'pins' in table) return;
  throw new InvalidArgumentError({
    message: `${call}: what was given is no table`,
    option: 'table',
    expected: 'what DeltaTable.open or DeltaTable.create returns',
  });
}

/** @throws InvalidArgumentError, NotFoundError as the scan that it will be */
export async function selectInput<S extends TableSchema, K extends keyof RowIn<S> & string>(
  table: DeltaTable<S>,
  options: UseOptions<RowIn<S>, K>,
): Promise<SelectedInput<{ readonly [P in K]: RowIn<S>[P] }>> {
  checkTable('use', table);
  checkWhere(options);
  const { name, version, select, where, split, context } = options;
  if (split !== undefined) checkSplit(split);
  if (context !== undefined) checkText(context, 'context');
  const snapshot = await table.snapshot(version === undefined ? {} : { version });
  if (split !== undefined) checkKey(snapshot.schema, split.key);
  const selection = { where, select, split };
  await runInput({ name, digest: '' }, snapshot as never, selection as never)
    .scan()
    .plan();
  // A scan has checked it to be a condition.
  const conditions = where === undefined ? undefined : where.toJSON();
  const digest = inputDigest(snapshot as never, { select, where: conditions, split });
  const facts = {
    name,
    tableId: snapshot.tableId,
    url: snapshot.url,
    version: snapshot.version,
    committedAt: snapshot.timestamp.toISOString(),
    digest,
    schema: JSON.stringify(snapshot.schema),
    ...(select === undefined ? {} : { select }),
    ...(conditions === undefined ? {} : { where: conditions }),
    ...(split === undefined ? {} : { split }),
    ...(context === undefined ? {} : { context }),
  };
  return { facts, input: runInput({ name, digest }, snapshot as never, selection as never) };
}

/** A condition that was never set is a mistake of the caller's, never "all rows". */
function checkWhere(options: object): void {
  if (!('where' in options) || options.where !== undefined) return;
  throw new InvalidArgumentError({
    message: 'use: where is undefined; leave it out to use every row',
    option: 'where',
    expected: 'a condition',
  });
}
