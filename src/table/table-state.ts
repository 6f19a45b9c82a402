/** What every handle of one table in this process shares: its store, its newest snapshot and its queue of writers. */

import { type Clock, type Entropy, systemClock, systemEntropy } from '../clock.js';
import { isVarveError } from '../errors.js';
import type { CommitContext, CommitDecisions } from '../log/commit.js';
import {
  type Committer,
  type Identify,
  identifyByTxnId,
  logCommitter,
  settle,
} from '../log/committer.js';
import { checkConflict } from '../log/conflict.js';
import { Head } from '../log/head.js';
import { Mutex } from '../log/mutex.js';
import { rebase } from '../log/rebase.js';
import type { LogContext } from '../log/table-snapshot.js';
import { locateWithRoots, providersOf } from '../storage/locate.js';
import type { StorageProvider } from '../storage/object-store.js';
import { VERSION } from '../version.js';
import type { OpenOptions } from './options.js';

/** Time, chance and the decisions of the commit: replaced only in tests. */
export interface Environment {
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly committer?: Committer | undefined;
  readonly identify?: Identify | undefined;
  readonly decisions: CommitDecisions;
}

export const SYSTEM: Environment = {
  clock: systemClock,
  entropy: systemEntropy,
  decisions: { checkConflict, settle, rebase },
};

export interface TableState {
  /** Absolute and canonical, without a trailing slash. */
  readonly url: string;
  readonly log: LogContext;
  readonly head: Head;
  readonly commits: CommitContext;
  readonly environment: Environment;
  /** The providers the table was opened with, for whatever it leads to. */
  readonly storage: OpenOptions['storage'];
}

/** One handle: the shared state, and how this handle's schema wants its rows delivered. */
export interface TableHandle {
  readonly state: TableState;
  /** Columns of type long that a zod schema calls plain integers: delivered as number, LIMIT beyond 2^53. */
  readonly asNumber: ReadonlySet<string>;
}

const LOCAL = {};
const known = new WeakMap<object, Map<string, WeakRef<TableState>>>();

/**
 * The shared state of the table at `url`; nothing is read. Two handles that one provider opened at one URL with the same
 * allowed roots share it, so their writers queue instead of colliding.
 */
export function tableState(
  url: string | URL,
  options: OpenOptions,
  environment?: Environment,
): TableState {
  const { located, states, name } = placeOf(url, options);
  const found = environment === undefined ? states.get(name)?.deref() : undefined;
  if (found !== undefined) return found;
  const { provider, store, roots } = located;
  const settings = environment ?? environmentOf(provider);
  const log: LogContext = {
    store,
    url: located.url,
    allowedRoots: roots,
    clock: settings.clock,
  };
  const state = makeState(log, options, settings);
  for (const [key, ref] of states) if (ref.deref() === undefined) states.delete(key);
  states.set(name, new WeakRef(state));
  return state;
}

/**
 * Does what begins at a URL with the shared state of the table there. When the table that this process knew is gone,
 * its handles keep the state they have and say so; the work begins anew with a state that knows nothing.
 */
export async function withState<T>(
  url: string | URL,
  options: OpenOptions,
  work: (state: TableState) => Promise<T>,
): Promise<T> {
  const state = tableState(url, options);
  try {
    return await work(state);
  } catch (error) {
    if (state.head.latest === undefined || !isNoTable(error)) throw error;
    const { states, name } = placeOf(url, options);
    if (states.get(name)?.deref() === state) states.delete(name);
    return await work(tableState(url, options));
  }
}

/** Whether an error says that there is no table, or another one. */
export function isNoTable(error: unknown): boolean {
  return isVarveError(error, 'NOT_FOUND') && error.kind === 'table';
}

interface Place {
  readonly located: ReturnType<typeof locateWithRoots>;
  /** The states of the provider's tables. */
  readonly states: Map<string, WeakRef<TableState>>;
  readonly name: string;
}

function placeOf(url: string | URL, options: OpenOptions): Place {
  const located = locateWithRoots(url, options.allowedRoots ?? [], providersOf(options.storage));
  // A handle must not read where only another one was allowed to.
  const name = [located.url, ...located.roots.toSorted()].join('\n');
  return { located, states: statesOf(located.provider ?? LOCAL), name };
}

/** A provider made for tests brings time and chance along. */
function environmentOf(provider: StorageProvider | undefined): Environment {
  const { clock = SYSTEM.clock, entropy = SYSTEM.entropy } = provider ?? {};
  return { clock, entropy, decisions: SYSTEM.decisions };
}

function statesOf(owner: object): Map<string, WeakRef<TableState>> {
  const states = known.get(owner) ?? new Map<string, WeakRef<TableState>>();
  known.set(owner, states);
  return states;
}

function makeState(log: LogContext, options: OpenOptions, environment: Environment): TableState {
  const { url, store } = log;
  const { clock, entropy, decisions } = environment;
  const head = new Head();
  const commits: CommitContext = {
    log,
    head,
    clock,
    entropy,
    decisions,
    queue: new Mutex(),
    committer: environment.committer ?? logCommitter(store),
    identify: environment.identify ?? identifyByTxnId(store),
    engineInfo: `varve/${VERSION}`,
  };
  return { url, log, head, commits, environment, storage: options.storage };
}
