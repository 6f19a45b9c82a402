/** What a log says, commit after commit: PROTOCOL.md "Action Reconciliation". Pure: nothing is read here. */
import { CorruptDataError } from '../errors.js';
import type { ActionBlock } from './action-block.js';
import type { Action, DomainMetadata, Metadata, Protocol, SetTransaction } from './actions.js';
import type { CheckpointContent } from './checkpoint-content.js';
import { FileState } from './file-state.js';
import { LayeredMap } from './layered-map.js';
import { PathIndex } from './path-index.js';

/** The state of a table at one version. Immutable; the next one shares what did not change, object for object. */
export interface TableState {
  /** -1 before the first commit. */
  readonly version: number;
  readonly protocol: Protocol | undefined;
  readonly metadata: Metadata | undefined;
  /** The last of each application, expired ones too. */
  readonly transactions: LayeredMap<SetTransaction>;
  /** The last of each domain; removed ones are not in it. */
  readonly domains: LayeredMap<DomainMetadata>;
  readonly files: FileState;
}

/** What replay asks of its caller. */
export interface ReplayRules {
  /** The table's canonical URL: lends its scheme to absolute paths. */
  readonly tableUrl: string;
  /** Called for every protocol, also for one that a later commit replaces: all of them must be supported. */
  meetProtocol(protocol: Protocol): void;
}

/** The state before the first commit. */
export function emptyState(rules: ReplayRules): TableState {
  const version = -1;
  return {
    version,
    protocol: undefined,
    metadata: undefined,
    transactions: LayeredMap.from([]),
    domains: LayeredMap.from([]),
    files: FileState.start([], new PathIndex(rules.tableUrl), version),
  };
}

/** The state that a checkpoint of `version` holds. */
export function checkpointState(
  content: CheckpointContent,
  version: number,
  rules: ReplayRules,
): TableState {
  if (content.protocol !== undefined) rules.meetProtocol(content.protocol);
  return {
    version,
    protocol: content.protocol,
    metadata: content.metadata,
    transactions: LayeredMap.from(content.transactions.map((txn) => [txn.appId, txn])),
    domains: LayeredMap.from(
      content.domains.filter(({ removed }) => !removed).map((domain) => [domain.domain, domain]),
    ),
    files: FileState.start(content.blocks, content.index, version).after(
      version,
      [],
      content.files,
    ),
  };
}

/** What one commit did, or several whose actions were reconciled already. */
export interface Reconciled {
  readonly actions: readonly Action[];
  /** Adds and removes that are in columns, and then not among the actions. */
  readonly files?: readonly ActionBlock[] | undefined;
  /** The last version; the one after the state's when undefined. */
  readonly version?: number | undefined;
}

/**
 * The state after one more commit, or after the actions of several that were reconciled already: the newest protocol
 * and metadata; of each application, domain and (path, deletion vector) the last action. Within one commit the later
 * line wins.
 */
export function reconcile(
  state: TableState,
  { actions, files = [], version = state.version + 1 }: Reconciled,
  rules: ReplayRules,
): TableState {
  let { protocol, metadata } = state;
  const transactions = new Map<string, SetTransaction>();
  const domains = new Map<string, DomainMetadata | undefined>();
  for (const action of actions) {
    switch (action.kind) {
      case 'protocol':
        rules.meetProtocol(action.protocol);
        protocol = action.protocol;
        break;
      case 'metaData':
        metadata = action.metaData;
        break;
      case 'txn':
        transactions.set(action.txn.appId, action.txn);
        break;
      case 'domainMetadata': {
        const { domainMetadata } = action;
        domains.set(domainMetadata.domain, domainMetadata.removed ? undefined : domainMetadata);
        break;
      }
      default:
        break;
    }
  }
  return {
    version,
    protocol,
    metadata,
    transactions: state.transactions.with(transactions),
    domains: state.domains.with(domains),
    files: state.files.after(version, actions, files),
  };
}

/** A state that can be read as a table. */
export interface CompleteState extends TableState {
  readonly protocol: Protocol;
  readonly metadata: Metadata;
}

/**
 * Checks that the log said how its files are to be read.
 * @param key - the newest object the state was read from, for the error
 * @throws CorruptDataError without a protocol or metaData action
 */
export function requireComplete(state: TableState, key: string): CompleteState {
  const { protocol, metadata } = state;
  if (protocol !== undefined && metadata !== undefined) return { ...state, protocol, metadata };
  const field = protocol === undefined ? 'protocol' : 'metaData';
  throw new CorruptDataError({
    message: `the log up to version ${state.version} holds no ${field} action; restore its beginning`,
    key,
    field,
  });
}

/**
 * The transactions that still count at `nowMs`.
 * @param retentionMs - `delta.setTransactionRetentionDuration`; undefined when they never expire. With it, a
 * transaction that does not say when it was last updated has expired.
 */
export function activeTransactions(
  transactions: ReadonlyMap<string, SetTransaction>,
  retentionMs: number | undefined,
  nowMs: number,
): ReadonlyMap<string, SetTransaction> {
  if (retentionMs === undefined) return transactions;
  const oldest = nowMs - retentionMs;
  const hasExpired = ({ lastUpdated }: SetTransaction): boolean =>
    lastUpdated === undefined || lastUpdated <= oldest;
  return new Map([...transactions].filter(([, transaction]) => !hasExpired(transaction)));
}
