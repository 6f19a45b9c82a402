/** A table at one version. */

import { z } from 'zod';
import { InvalidArgumentError } from '../errors.js';
import type { StringMap } from '../log/actions.js';
import { versionAt } from '../log/commit-times.js';
import { deletionVectorId } from '../log/file-history.js';
import { physicalName } from '../log/schema/column-mapping.js';
import { parseTimestamp } from '../log/schema/scalar-text.js';
import { loadSnapshot } from '../log/snapshot.js';
import type { Snapshot as LogSnapshot } from '../log/table-snapshot.js';
import { callOptions, checkOptions } from './call-options.js';
import { checkFiles } from './check-files.js';
import { rowCount } from './count.js';
import { dataFiles } from './data-files.js';
import { sequenceNumber } from './idempotency.js';
import { latestSnapshot } from './open.js';
import type { CallOptions } from './options.js';
import { pinnedSnapshot } from './pinned-snapshot.js';
import { Pins } from './pins.js';
import { describeValue, tagOf } from './row/describe-value.js';
import { lazyScan } from './scan.js';
import type { At, Snapshot } from './snapshot-types.js';
import type { TableHandle } from './table-state.js';

const version = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);
const atOf = z.union([
  z.strictObject({ version }),
  z.strictObject({ timestamp: z.union([z.date(), z.string()]) }),
  z.strictObject({ pin: z.string() }),
  z.strictObject({}),
]);

/** Resolves `at` to a version and opens it. */
export async function snapshotAt<R>(
  handle: TableHandle,
  at: At,
  options: CallOptions,
): Promise<Snapshot<R>> {
  const { signal } = checkOptions('snapshot', z.strictObject(callOptions), options);
  return publicSnapshot<R>(handle, await logSnapshotAt(handle, checkAt(at), signal));
}

function checkAt(at: At): z.output<typeof atOf> {
  const given = Object.entries(at ?? {}).filter(([, value]) => value !== undefined);
  // A bare version or a Date has no entries, and must not mean the newest.
  const checked = atOf.safeParse(isPlain(at) ? Object.fromEntries(given) : undefined);
  if (checked.success) return checked.data;
  throw new InvalidArgumentError({
    message: `snapshot: ${describeValue(at)} does not say which version`,
    option: 'at',
    expected: '{ version }, { timestamp }, { pin }, or nothing for the newest',
    cause: checked.error,
  });
}

function isPlain(at: unknown): boolean {
  return tagOf(at) === '[object Object]';
}

async function logSnapshotAt(
  handle: TableHandle,
  at: z.output<typeof atOf>,
  signal: AbortSignal | undefined,
): Promise<LogSnapshot> {
  const { state } = handle;
  if ('version' in at) {
    const { latest } = state.head;
    if (latest?.version === at.version) return await latestIfUnchanged(handle, at.version, signal);
    return await loadSnapshot(state.log, { version: at.version, signal });
  }
  if ('timestamp' in at) {
    const latest = await latestSnapshot(state, signal);
    const found = await versionAt(state.log, latest, instantMs(at.timestamp), { signal });
    return found === latest.version
      ? latest
      : await loadSnapshot(state.log, { version: found, signal });
  }
  if ('pin' in at) {
    const pin = await new Pins(state).get(at.pin, { signal });
    return await pinnedSnapshot(state, pin, signal);
  }
  return await latestSnapshot(state, signal);
}

async function latestIfUnchanged(
  handle: TableHandle,
  wanted: number,
  signal: AbortSignal | undefined,
): Promise<LogSnapshot> {
  const latest = await latestSnapshot(handle.state, signal);
  return latest.version === wanted
    ? latest
    : await loadSnapshot(handle.state.log, { version: wanted, signal });
}

/** Milliseconds, rounded down: a version committed within the same millisecond counts as committed. */
function instantMs(timestamp: Date | string): number {
  const micros =
    typeof timestamp === 'string'
      ? parseTimestamp(timestamp, { zone: 'required' })
      : BigInt(timestamp.getTime()) * 1000n;
  if (micros === undefined) {
    throw new InvalidArgumentError({
      message: `snapshot: ${describeValue(timestamp)} is no instant`,
      option: 'timestamp',
      expected: 'a Date, or text with a zone such as 2026-07-31T18:00:00+02:00',
    });
  }
  return Number(micros / 1000n);
}

/** A version as it is shown. */
export function publicSnapshot<R>(handle: TableHandle, snapshot: LogSnapshot): Snapshot<R> {
  const { metadata, schema, protocol, files, url } = snapshot;
  const logicalValues = partitionNames(snapshot);
  return {
    version: snapshot.version,
    timestamp: new Date(snapshot.timestampMs),
    tableId: metadata.id,
    url,
    schema,
    partitionColumns: metadata.partitionColumns,
    properties: metadata.configuration,
    protocol,
    domains: new Map([...snapshot.domains].map(([name, said]) => [name, said.configuration])),
    get transactions() {
      return sequences(snapshot);
    },
    numFiles: files.count,
    sizeBytes: files.sizeBytes,
    get rowCount() {
      return rowCount(snapshot);
    },
    scan: (options = {}) => lazyScan(handle, snapshot, options),
    files: () =>
      dataFiles(snapshot).map(({ key, sizeBytes, entry }) => ({
        path: key,
        sizeBytes,
        partitionValues: logicalValues(entry.partitionValues),
        stats: entry.stats,
        deletionVectorId: deletionVectorId(entry.deletionVector) || undefined,
      })),
    checkFiles: (options = {}) => {
      const { signal } = checkOptions('checkFiles', z.strictObject(callOptions), options);
      return checkFiles(snapshot, signal);
    },
  };
}

function sequences({ transactions }: LogSnapshot): ReadonlyMap<string, number> {
  return new Map([...transactions].map(([appId, txn]) => [appId, sequenceNumber(txn)]));
}

/** The log names partition columns physically; users know them by the schema's names. */
function partitionNames({
  schema,
  columnMapping: mode,
}: LogSnapshot): (values: StringMap) => StringMap {
  if (mode === 'none') return (values) => values;
  const names = new Map(schema.fields.map((field) => [physicalName(field, mode), field.name]));
  return (values) =>
    new Map([...values].map(([name, value]) => [names.get(name) ?? name, value] as const));
}
