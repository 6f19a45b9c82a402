/** What the protocol forbids in one commit, whoever else commits. */
import { InternalError, InvalidArgumentError } from '../errors.js';
import { reconcileKey } from './action-path.js';
import type { Action, AddFile, DeletionVectorDescriptor } from './actions.js';
import { deletionVectorId } from './file-history.js';
import type { FileList } from './file-list.js';

/**
 * Passes actions that may be one commit: of each application one `txn`, of each domain one action, one `metaData` and
 * one `protocol` at most; of each path one add and one remove at most, and not of the same deletion vector; and a live
 * file is added with another deletion vector only where it is removed with the old one.
 *
 * @param live - the files of the version that the transaction read
 * @throws InvalidArgumentError when a transaction says one thing twice
 * @throws InternalError when its files contradict each other, which no caller decides
 * @see PROTOCOL.md "Add File and Remove File", "Domain Metadata"
 */
export function checkActions(
  actions: readonly Action[],
  tableUrl: string,
  live: FileList | undefined,
): void {
  checkSaidOnce(actions);
  const keyOf = (path: string): string => reconcileKey(path, tableUrl);
  const added = new Map<string, AddFile>();
  const removed = new Map<string, string>();
  for (const action of actions) {
    if (action.kind === 'add') {
      const { path } = action.add;
      if (added.has(keyOf(path))) throw contradiction('adds a file twice', path);
      added.set(keyOf(path), action.add);
    }
    if (action.kind === 'remove') {
      const { path, deletionVector } = action.remove;
      if (removed.has(keyOf(path))) throw contradiction('removes a file twice', path);
      removed.set(keyOf(path), deletionVectorId(deletionVector));
    }
  }
  for (const [key, { path, deletionVector }] of added) {
    if (removed.get(key) === deletionVectorId(deletionVector)) {
      throw contradiction('adds and removes a file as it is', path);
    }
  }
  if (live !== undefined) checkReplaced(added, removed, live, keyOf);
}

function checkSaidOnce(actions: readonly Action[]): void {
  const said = new Set<string>();
  for (const action of actions) {
    const subject = subjectOf(action);
    if (subject === undefined) continue;
    if (said.has(subject)) {
      throw new InvalidArgumentError({
        message: `one transaction cannot set ${subject} twice`,
        option: 'transaction',
        expected: 'each of them once; or a transaction for each',
      });
    }
    said.add(subject);
  }
}

function subjectOf(action: Action): string | undefined {
  switch (action.kind) {
    case 'metaData':
      return 'the metadata';
    case 'protocol':
      return 'the protocol';
    case 'txn':
      return `the sequence of the application ${action.txn.appId}`;
    case 'domainMetadata':
      return `the metadata domain ${action.domainMetadata.domain}`;
    default:
      return undefined;
  }
}

/** Only an add of a file that was there before can be in the way of a live one; new files have names of their own. */
function checkReplaced(
  added: ReadonlyMap<string, AddFile>,
  removed: ReadonlyMap<string, string>,
  live: FileList,
  keyOf: (path: string) => string,
): void {
  const again = [...added].filter(([key, add]) => mayBeLive(add) || removed.has(key));
  if (again.length === 0) return;
  const keys = new Map(again);
  for (const { path, deletionVector } of live.files()) {
    const add = keys.get(keyOf(path));
    if (add === undefined || isSame(add.deletionVector, deletionVector)) continue;
    if (removed.get(keyOf(path)) !== deletionVectorId(deletionVector)) {
      throw contradiction(
        'changes the deletion vector of a file and does not remove it first',
        path,
      );
    }
  }
}

function mayBeLive({ deletionVector, dataChange, baseRowId }: AddFile): boolean {
  return deletionVector !== undefined || !dataChange || baseRowId !== undefined;
}

function isSame(
  one: DeletionVectorDescriptor | undefined,
  other: DeletionVectorDescriptor | undefined,
): boolean {
  return deletionVectorId(one) === deletionVectorId(other);
}

function contradiction(what: string, path: string): InternalError {
  return new InternalError({ message: `a commit ${what}: ${path}` });
}
