/** Several writes, each built on the one before, as one commit: pure decisions. */
import { UnsupportedFeatureError } from '../errors.js';
import { reconcileKey } from './action-path.js';
import type { Action, AddFile } from './actions.js';
import type { ReadSet } from './conflict.js';
import { deletionVectorId } from './file-history.js';

export interface MergedWrites {
  readonly actions: readonly Action[];
  /** Paths of files that one write added and a later one took away again: no commit names them. */
  readonly dropped: readonly string[];
}

/**
 * What the writes come to. A file that was added and removed again is in neither list; of the metadata, the protocol,
 * each application and each domain the last word counts.
 *
 * @throws UnsupportedFeatureError when one of several writes has change files: they would have to tell what all of the
 * writes changed
 * @see PROTOCOL.md "Action Reconciliation", "Add CDC File"
 */
export function mergeWrites(
  writes: readonly (readonly Action[])[],
  tableUrl: string,
): MergedWrites {
  checkChangeFiles(writes);
  const said = new Map<string, Action>();
  const removed = new Map<string, Action>();
  const added = new Map<string, Action & { readonly kind: 'add' }>();
  const everAdded = new Map<string, string>();
  for (const action of writes.flat()) {
    if (action.kind === 'add') {
      const id = fileId(action.add, tableUrl);
      removed.delete(id);
      added.set(id, action);
      everAdded.set(reconcileKey(action.add.path, tableUrl), action.add.path);
    } else if (action.kind === 'remove') {
      const id = fileId(action.remove, tableUrl);
      if (!added.delete(id)) removed.set(id, action);
    } else {
      said.set(subjectOf(action, said.size), action);
    }
  }
  for (const { add } of added.values()) everAdded.delete(reconcileKey(add.path, tableUrl));
  return {
    actions: [...said.values(), ...removed.values(), ...added.values()],
    dropped: [...everAdded.values()],
  };
}

/** Everything that any of them read. */
export function mergeReads(reads: readonly ReadSet[]): ReadSet {
  const matches = reads.flatMap((read) => read.matches ?? []);
  return {
    ...(matches.length === 0
      ? {}
      : { matches: (file: AddFile) => matches.some((match) => match(file)) }),
    ...(reads.some(({ wholeTable }) => wholeTable === true) ? { wholeTable: true } : {}),
    files: new Set(reads.flatMap(({ files }) => [...files])),
    appIds: new Set(reads.flatMap(({ appIds }) => [...appIds])),
  };
}

function fileId(
  { path, deletionVector }: Pick<AddFile, 'path' | 'deletionVector'>,
  tableUrl: string,
): string {
  return `${reconcileKey(path, tableUrl)}\n${deletionVectorId(deletionVector)}`;
}

/** What an action has the last word on; a change file has it on nothing. */
function subjectOf(action: Action, count: number): string {
  if (action.kind === 'txn') return `txn ${action.txn.appId}`;
  if (action.kind === 'domainMetadata') return `domain ${action.domainMetadata.domain}`;
  return action.kind === 'cdc' ? `cdc ${count}` : action.kind;
}

function checkChangeFiles(writes: readonly (readonly Action[])[]): void {
  if (writes.length < 2) return;
  if (!writes.some((actions) => actions.some(({ kind }) => kind === 'cdc'))) return;
  throw new UnsupportedFeatureError({
    message: 'a write with change files cannot share a commit with other writes of a transaction',
    features: ['changeDataFeed'],
    side: 'write',
    remedy: 'make a transaction of each write, or turn delta.enableChangeDataFeed off',
  });
}
