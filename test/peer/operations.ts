import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { RecordBatch } from 'apache-arrow';
import { DeltaTable, isVarveError, predicateFromSql } from 'varve';
import { CanonicalRows } from '../support/canonical.js';
import { canonicalRows, selectedColumns } from '../support/selected-columns.js';
import type { Arguments } from './arguments.js';
import { impliedFeatures } from './implied-features.js';

type Operation = (args: Arguments) => Promise<object> | object;

/** What this program answers; peers/README.md says each one's arguments. */
export const operations: Readonly<Record<string, Operation>> = {
  ping,
  read,
  files,
  history,
  snapshot,
  changes,
  write,
  shutdown,
};

function ping(args: Arguments): object {
  args.end();
  const { version } = createRequire(import.meta.url)('varve/package.json') as { version: string };
  return { engine: 'varve', version };
}

function shutdown(args: Arguments): object {
  args.end();
  return {};
}

async function read(args: Arguments): Promise<object> {
  const path = args.text('path');
  const out = args.text('out');
  const at = readAt(args);
  const columns = args.optionalTexts('columns');
  const where = args.optionalText('where');
  args.end();

  const table = await DeltaTable.open(path);
  const state = await table.snapshot(at);
  const selected = selectedColumns(state.schema, columns);
  const rows = canonicalRows(selected);
  const scan = state.scan({
    select: [...new Set(selected.map(({ name }) => name))],
    ...(where === undefined ? {} : { where: predicateFromSql(where) }),
  });
  for await (const batch of scan.batches()) rows.add(batch as unknown as RecordBatch);
  return { ...rows.finish(out), version: state.version };
}

async function files(args: Arguments): Promise<object> {
  const path = args.text('path');
  const version = args.optionalNumber('version');
  args.end();

  const table = await DeltaTable.open(path);
  const state = await table.snapshot({ version });
  const absolute = state.files().map((file) => absolutePath(path, file.path));
  return { files: absolute.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))) };
}

async function history(args: Arguments): Promise<object> {
  const path = args.text('path');
  const limit = args.optionalNumber('limit');
  args.end();

  const table = await DeltaTable.open(path);
  const entries = await table.history({ limit });
  return {
    history: entries.map((entry) => ({
      version: entry.version,
      timestampMs: entry.timestamp.getTime(),
      operation: entry.operation,
      operationParameters: entry.operationParameters,
      operationMetrics: entry.operationMetrics,
      isBlindAppend: entry.isBlindAppend,
    })),
  };
}

async function snapshot(args: Arguments): Promise<object> {
  const path = args.text('path');
  const version = args.optionalNumber('version');
  args.end();

  const table = await DeltaTable.open(path);
  const state = await table.snapshot({ version });
  return {
    version: state.version,
    numFiles: state.numFiles,
    sizeInBytes: state.sizeBytes,
    minReaderVersion: state.protocol.minReaderVersion,
    minWriterVersion: state.protocol.minWriterVersion,
    tableFeatures: impliedFeatures(state.protocol),
    partitionColumns: state.partitionColumns,
    properties: Object.fromEntries(state.properties),
    tableId: state.tableId,
  };
}

async function changes(args: Arguments): Promise<object> {
  const path = args.text('path');
  const out = args.text('out');
  const from = args.optionalNumber('start');
  const to = args.optionalNumber('end');
  if (from === undefined) throw args.invalid('start', 'an integer');
  args.end();

  const table = await DeltaTable.open(path);
  const { schema } = await table.snapshot({ version: to });
  // The other engines' answers have no `_commit_timestamp`: it may be the time of a file.
  const added = [
    { name: '_change_type', type: 'string', nullable: true },
    { name: '_commit_version', type: 'long', nullable: true },
  ];
  const rows = new CanonicalRows({ type: 'struct', fields: [...schema.fields, ...added] });
  for await (const version of table.changes({ from, to })) {
    for await (const batch of version.batches()) rows.add(batch as unknown as RecordBatch);
  }
  return rows.finish(out);
}

async function write(args: Arguments): Promise<object> {
  const path = args.text('path');
  const arrow = args.text('arrow');
  const mode = args.optionalText('mode') ?? 'append';
  const partitionBy = args.optionalTexts('partitionBy');
  if (mode !== 'append' && mode !== 'overwrite') throw args.invalid('mode', 'append or overwrite');
  args.end();

  const rows = new Uint8Array(await readFile(arrow));
  if (!(await DeltaTable.exists(path))) {
    const version = await createUnlessThere(path, rows, partitionBy);
    if (version !== undefined) return { version };
  }
  const table = await DeltaTable.open(path);
  if (partitionBy !== undefined) {
    const { partitionColumns } = await table.snapshot();
    if (partitionBy.join('\n') !== partitionColumns.join('\n')) {
      throw args.invalid('partitionBy', `the table's own: ${partitionColumns.join(', ')}`);
    }
  }
  const commit = await (mode === 'append' ? table.append(rows) : table.overwrite(rows));
  return { version: commit.version };
}

/** The version that makes the table with its rows; undefined when another process made the table meanwhile. */
async function createUnlessThere(
  path: string,
  rows: Uint8Array,
  partitionBy: readonly string[] | undefined,
): Promise<number | undefined> {
  try {
    await DeltaTable.create(path, {
      rows: rows as never,
      ...(partitionBy === undefined ? {} : { partitionBy: [...partitionBy] as never }),
    });
    return 0;
  } catch (error) {
    if (isVarveError(error, 'ALREADY_EXISTS')) return undefined;
    throw error;
  }
}

function readAt(
  args: Arguments,
): { version?: undefined } | { version: number } | { timestamp: Date | string } {
  const version = args.optionalNumber('version');
  const timestamp = args.optionalText('timestamp');
  const timestampMs = args.optionalNumber('timestampMs');
  const given = [version, timestamp, timestampMs].filter((value) => value !== undefined);
  if (given.length > 1) throw args.invalid('version', 'one of version, timestamp, timestampMs');
  if (version !== undefined) return { version };
  if (timestamp !== undefined) return { timestamp };
  return timestampMs === undefined ? {} : { timestamp: new Date(timestampMs) };
}

const URL_SCHEME = /^[a-z][a-z0-9+.-]*:\/\//iu;

function absolutePath(table: string, file: string): string {
  if (file.startsWith('file:')) return fileURLToPath(file);
  if (URL_SCHEME.test(file) || file.startsWith('/')) return file;
  if (table.startsWith('file:')) return join(fileURLToPath(table), file);
  return URL_SCHEME.test(table) ? `${table.replace(/\/+$/u, '')}/${file}` : resolve(table, file);
}
