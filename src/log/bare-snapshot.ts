/** A version of a table without its files: how files are read that a caller names itself. */
import type { Metadata, Protocol } from './actions.js';
import { commitKey } from './log-path.js';
import { emptyState } from './replay.js';
import type { StructType } from './schema/types.js';
import { type LogContext, Snapshot } from './table-snapshot.js';

export interface BareVersion {
  readonly version: number;
  readonly timestampMs: number;
  readonly protocol: Protocol;
  readonly metadata: Metadata;
  readonly schema: StructType;
}

/** A snapshot that says how files are read, and has none. */
export function bareSnapshot(log: LogContext, said: BareVersion): Snapshot {
  const { version, timestampMs, protocol, metadata, schema } = said;
  const rules = { tableUrl: log.url, meetProtocol: (): void => undefined };
  return new Snapshot({
    log,
    state: { ...emptyState(rules), version, protocol, metadata },
    schema,
    timestampMs,
    storeMs: timestampMs,
    ownTimeMs: undefined,
    anchor: { key: commitKey(version), etag: undefined },
    base: undefined,
    madeMs: log.clock.now(),
  });
}
