/** A table as it would be after actions that are not committed yet: what a transaction reads of its own writes. */
import type { Action } from './actions.js';
import { commitKey } from './log-path.js';
import { reconcile, requireComplete } from './replay.js';
import { parseSchemaString } from './schema/schema-json.js';
import { Snapshot } from './table-snapshot.js';

/**
 * `previous` with the actions applied; nothing is read or written. Its version is one above, and is no version of the
 * table: nothing may be committed on it, nor refreshed from it.
 */
export function stagedSnapshot(previous: Snapshot, actions: readonly Action[]): Snapshot {
  const rules = { tableUrl: previous.url, meetProtocol: (): void => undefined };
  const key = commitKey(previous.version + 1);
  const state = requireComplete(reconcile(previous.parts.state, { actions }, rules), key);
  const { metadata } = state;
  const schema =
    metadata === previous.metadata
      ? previous.schema
      : parseSchemaString(metadata.schemaString, key);
  return new Snapshot({ ...previous.parts, state, schema, anchor: { key, etag: undefined } });
}
