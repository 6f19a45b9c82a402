/** Getting back what a run read, or saying exactly what of it is gone. */
import {
  DataGoneError,
  DeltaTable,
  isVarveError,
  type OpenOptions,
  predicateFromJson,
  type Snapshot,
} from '../index.js';
import { inputDigest } from './input-digest.js';
import type { InputRecord } from './input-record.js';
import { type RunInput, runInput } from './run-input.js';

type LooseRow = Readonly<Record<string, unknown>>;

/** A run's inputs, by name, ready to be read again. */
export interface Reproduction {
  readonly inputs: ReadonlyMap<string, RunInput<LooseRow>>;
}

/**
 * Opens every input at its recorded version, checks that each of its files is there with its size, and that the digest
 * is the recorded one.
 *
 * @throws DataGoneError naming what is gone: files, the version, or the table itself
 */
export async function reproduceInputs(
  records: readonly InputRecord[],
  options: OpenOptions,
): Promise<Reproduction> {
  const inputs = new Map<string, RunInput<LooseRow>>();
  for (const record of records) inputs.set(record.name, await reproduceInput(record, options));
  return { inputs };
}

async function reproduceInput(
  record: InputRecord,
  options: OpenOptions,
): Promise<RunInput<LooseRow>> {
  const { name, select, where, split } = record;
  const snapshot = await openVersion(record, options);
  const { missing, resized } = await snapshot.checkFiles();
  if (missing.length + resized.length > 0) {
    const reason = 'data files are gone or changed, most likely by a VACUUM of another engine';
    throw gone(record, [...missing, ...resized], reason);
  }
  const digest = inputDigest(snapshot as never, { select, where: where, split });
  if (digest !== record.digest) {
    throw gone(record, [], `the version now reads as another input: digest ${digest}`);
  }
  const condition = where === undefined ? undefined : predicateFromJson(where);
  return runInput({ name, digest }, snapshot, { select, split, where: condition });
}

async function openVersion(record: InputRecord, options: OpenOptions): Promise<Snapshot<LooseRow>> {
  const { url, version, tableId } = record;
  try {
    const table = await DeltaTable.open(url, options);
    const snapshot = await table.snapshot({ version });
    if (snapshot.tableId === tableId) return snapshot as unknown as Snapshot<LooseRow>;
    throw gone(record, [], `another table, ${snapshot.tableId}, is now at ${url}`);
  } catch (error) {
    if (!isVarveError(error, 'NOT_FOUND')) throw error;
    const reason =
      error.kind === 'version'
        ? `log clean-up removed version ${version}; left are ${error.available ?? 'none'}`
        : `there is no table at ${url}`;
    throw gone(record, [], reason, error);
  }
}

function gone(
  record: InputRecord,
  missing: readonly string[],
  reason: string,
  cause?: unknown,
): DataGoneError {
  return new DataGoneError({
    message: `input ${record.name} of the run cannot be read again: ${reason}`,
    version: record.version,
    missing,
    reason,
    cause,
  });
}
