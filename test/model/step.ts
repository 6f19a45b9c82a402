/** What the actors of a history do with a table, one step at a time, and what came of each step. */
import { type CommitAttempt, isVarveError } from '../../src/errors.js';
import { DeltaTable } from '../../src/table/delta-table.js';
import { eq } from '../../src/table/expression/builders.js';
import type { TableState } from '../../src/table/table-state.js';
import { compact } from './rewrite.js';

export const PARTS = ['p', 'q'] as const;
export const SCHEMA = { op: 'string', part: 'string', slot: 'long' } as const;
export type SimTable = DeltaTable<typeof SCHEMA>;

/** What one actor does, one after the other. */
export type Step =
  /** One row, or of a pair one in each slot, added to a part; `group` shares its commit with another append. */
  | { readonly kind: 'append' | 'pair' | 'group'; readonly part: string }
  /** The pair by way of a buffering writer. */
  | { readonly kind: 'buffer'; readonly part: string }
  /** Replaces a part by one row. */
  | { readonly kind: 'replace'; readonly part: string }
  /** Replaces every row in a slot by one row: files that hold both slots are written anew. */
  | { readonly kind: 'swap'; readonly slot: number }
  | { readonly kind: 'once'; readonly sequence: number }
  | { readonly kind: 'overwrite' }
  /** A transaction that reads a part and replaces it by one row, whose slot is ten more than there were rows. */
  | { readonly kind: 'sum'; readonly part: string }
  /** A transaction of two appends, one to each part. */
  | { readonly kind: 'both' }
  /** Changes a property of the table; with `turnOn` one that asks for a table feature, too. */
  | { readonly kind: 'alter'; readonly turnOn?: string | undefined }
  /** Gives row ids to a table that has none: as many commits as it takes. */
  | { readonly kind: 'track' }
  /** Writes the files of a part together into one, without changing a row. */
  | { readonly kind: 'compact'; readonly part: string }
  | { readonly kind: 'read' }
  /** Reads an older version. */
  | { readonly kind: 'travel'; readonly back: number }
  /** Reads an older version by the time that the history tells of it. */
  | { readonly kind: 'instant'; readonly back: number }
  /** Opens and reads the newest version where nothing can be listed. */
  | { readonly kind: 'fetch' }
  /** Asks what became of a commit that is in the log: of the version so far from the first, or the newest. */
  | { readonly kind: 'resolve'; readonly version: number }
  | { readonly kind: 'pin' }
  | { readonly kind: 'checkpoint' }
  /** Waits until the log is older than it is kept, and cleans it up. */
  | { readonly kind: 'clean' };

/** Steps that an actor takes at once on its one handle; in a lane one after the other. */
export interface Together {
  readonly kind: 'together';
  readonly lanes: readonly (readonly Step[])[];
}

/** The steps of each actor. */
export type Program = readonly (readonly (Step | Together)[])[];

/** What was read of one version. */
export interface Reading {
  readonly kind: 'read';
  readonly version: number;
  readonly paths: readonly string[];
  /** `op:slot` of each row, sorted. */
  readonly rows: readonly string[];
  /** The same, with the row's id behind it, where rows have one and it was asked for. */
  readonly rowIds?: readonly string[] | undefined;
}

/** What a resolution said of an attempt. */
export interface Resolved {
  readonly kind: 'resolved';
  readonly attempt: CommitAttempt;
  readonly outcome: string;
}

/** What became of a step. */
export interface Outcome {
  /** Unique: in every row the step wrote. */
  readonly op: string;
  readonly step: Step;
  /** The turns at which the step began and ended, where they are known. */
  readonly turns?: { readonly began: number; readonly ended: number } | undefined;
  readonly result:
    | { readonly kind: 'ok'; readonly version: number; readonly applied: boolean }
    | {
        readonly kind: 'failed';
        readonly code: string;
        readonly message: string;
        readonly conflict?: { readonly name: string; readonly version: number } | undefined;
      }
    | { readonly kind: 'unknown'; readonly resolved: string; readonly attempt?: CommitAttempt }
    | { readonly kind: 'pinned'; readonly name: string; readonly version: number }
    /** Work that makes no version. */
    | { readonly kind: 'done' }
    | Resolved
    | Reading;
}

/** One actor's handle. */
export interface Actor {
  readonly table: SimTable;
  readonly state: TableState;
  /** How many turns there were. */
  readonly turn: () => number;
  /** The attempt that made a version, or the newest that there is yet; for who takes the step `resolve`. */
  readonly attemptOf?: (version: number) => CommitAttempt;
  /** The table as somebody opens it who can ask for names only; for who takes the step `fetch`. */
  readonly openByNames?: () => Promise<SimTable>;
}

/** The slot of a sum is this and the number of rows. */
export const SUM_BASE = 10;
const RETRY = { retry: { attempts: 3 } } as const;
/** Longer than commits are kept by default. */
export const PAST_RETENTION_MS: number = 40 * 86_400_000;

/** Does the step. Several outcomes where it is several at once. @throws whatever is no answer of the library's */
export async function perform(
  actor: Actor,
  step: Step | Together,
  op: string,
): Promise<readonly Outcome[]> {
  if (step.kind === 'together') return await performTogether(actor, step, op);
  const began = actor.turn();
  const one = async (own: string): Promise<Outcome> => {
    const result = await attempt(actor, step, own);
    return { op: own, step, result, turns: { began, ended: actor.turn() } };
  };
  if (step.kind !== 'group') return [await one(op)];
  return await Promise.all([one(`${op}a`), one(`${op}b`)]);
}

async function performTogether(
  actor: Actor,
  { lanes }: Together,
  op: string,
): Promise<readonly Outcome[]> {
  const outcomes: Outcome[] = [];
  const lane = async (steps: readonly Step[], name: string): Promise<void> => {
    for (const [at, step] of steps.entries()) {
      outcomes.push(...(await perform(actor, step, `${op}${name}${at}`)));
    }
  };
  await Promise.all(lanes.map((steps, at) => lane(steps, String.fromCodePoint(0x61 + at))));
  return outcomes;
}

async function attempt(actor: Actor, step: Step, op: string): Promise<Outcome['result']> {
  try {
    return await act(actor, step, op);
  } catch (error) {
    if (isVarveError(error, 'COMMIT_STATE_UNKNOWN')) {
      const resolved = await resolve(actor.table, error.attempt);
      return { kind: 'unknown', resolved, attempt: error.attempt };
    }
    if (!isVarveError(error)) throw error;
    const { code, message } = error;
    if (!isVarveError(error, 'COMMIT_CONFLICT')) return { kind: 'failed', code, message };
    const conflict = { name: error.conflict, version: error.winner.version };
    return { kind: 'failed', code, message, conflict };
  }
}

/** Asks until the store can be read again. */
export async function resolve(table: SimTable, attempted: CommitAttempt): Promise<string> {
  for (;;) {
    try {
      return (await table.resolveCommit(attempted)).outcome;
    } catch (error) {
      if (!isVarveError(error, 'STORAGE_UNAVAILABLE')) throw error;
    }
  }
}

async function act(actor: Actor, step: Step, op: string): Promise<Outcome['result']> {
  const { table, state } = actor;
  switch (step.kind) {
    case 'read':
      return await read(table, {});
    case 'travel': {
      const { version } = await table.snapshot();
      return await read(table, { version: Math.max(0, version - step.back) });
    }
    case 'instant':
      return await readAtInstant(table, step.back);
    case 'fetch': {
      const opened = await actor.openByNames?.();
      if (opened === undefined) throw new Error('nobody reads this table by names');
      return await read(opened, {});
    }
    case 'resolve': {
      const tried = actor.attemptOf?.(step.version);
      if (tried === undefined) throw new Error('nobody knows the attempts of this table');
      return { kind: 'resolved', attempt: tried, outcome: await resolve(table, tried) };
    }
    case 'pin': {
      const { name, version } = await table.pins.create(`pin-${op.replace('.', '-')}`);
      return { kind: 'pinned', name, version };
    }
    case 'checkpoint':
      await table.checkpoint();
      return { kind: 'done' };
    case 'clean':
      await state.environment.clock.sleep(PAST_RETENTION_MS);
      await table.checkpoint();
      await table.cleanUpLog();
      return { kind: 'done' };
    default: {
      const { version, outcome } = await write(actor, step, op);
      return { kind: 'ok', version, applied: outcome === 'committed' };
    }
  }
}

/** Steps that make no version. */
type Silent = 'read' | 'travel' | 'instant' | 'fetch' | 'resolve' | 'pin' | 'checkpoint' | 'clean';

async function write(
  { table, state }: Actor,
  step: Exclude<Step, { readonly kind: Silent }>,
  op: string,
): ReturnType<SimTable['append']> {
  const row = (part: string, slot: number) => ({ op, part, slot: BigInt(slot) });
  switch (step.kind) {
    case 'append':
      return await table.append([row(step.part, 0)]);
    case 'group':
      return await table.append([row(step.part, 0)], { group: true });
    case 'pair':
      return await table.append([row(step.part, 0), row(step.part, 1)]);
    case 'buffer': {
      const writer = table.writer();
      await writer.append([row(step.part, 0), row(step.part, 1)]);
      const [commit] = await writer.flush();
      if (commit === undefined) throw new Error('a flush of two rows made no commit');
      return commit;
    }
    case 'once': {
      const idempotency = { appId: 'app', sequence: step.sequence };
      return await table.append([row('p', 0)], { idempotency });
    }
    case 'replace':
      return await table.overwrite([row(step.part, 0)], { where: eq('part', step.part) });
    case 'swap':
      return await table.overwrite([row('p', step.slot)], { where: eq('slot', BigInt(step.slot)) });
    case 'overwrite':
      return await table.overwrite([row('q', 0)]);
    case 'sum':
      return await table.transaction(async (tx) => {
        const where = eq('part', step.part);
        const read = await tx.scan({ where }).toArray();
        await tx.overwrite([row(step.part, SUM_BASE + read.length)], { where });
      }, RETRY);
    case 'both':
      return await table.transaction(async (tx) => {
        await tx.append([row('p', 0)]);
        await tx.append([row('q', 1)]);
      }, RETRY);
    case 'alter': {
      const turnedOn = step.turnOn === undefined ? {} : { [step.turnOn]: 'true' };
      return await table.setProperties({ 'sim.op': op, ...turnedOn });
    }
    case 'track':
      return await table.setProperties({ 'sim.op': op, 'delta.enableRowTracking': 'true' });
    case 'compact':
      return await compact(state, step.part, op);
  }
}

/** @throws when the instant of a version is another's */
async function readAtInstant(table: SimTable, back: number): Promise<Reading> {
  const entries = await table.history({ limit: back + 1 });
  const entry = entries.at(-1);
  if (entry === undefined) throw new Error('a table without a history');
  const reading = await read(table, { timestamp: entry.timestamp });
  if (reading.version === entry.version) return reading;
  throw new Error(
    `${entry.timestamp.toISOString()} is of ${entry.version}, not ${reading.version}`,
  );
}

/** Every row and file of a version. */
export async function read(
  table: SimTable,
  at: Parameters<SimTable['snapshot']>[0],
  { withIds = false }: { readonly withIds?: boolean } = {},
): Promise<Reading> {
  const snapshot = await table.snapshot(at);
  const rows = await snapshot.scan().toArray();
  const hasIds = withIds && snapshot.properties.get('delta.enableRowTracking') === 'true';
  return {
    kind: 'read',
    version: snapshot.version,
    paths: snapshot.files().map(({ path }) => path),
    rows: rows.map(({ op, slot }) => `${op ?? ''}:${slot ?? ''}`).toSorted(),
    ...(hasIds ? { rowIds: await rowIdsOf(snapshot) } : {}),
  };
}

async function rowIdsOf(
  snapshot: Awaited<ReturnType<SimTable['snapshot']>>,
): Promise<readonly string[]> {
  const rows = await snapshot.scan({ select: ['op', 'slot', '_metadata.row_id'] }).toArray();
  return rows
    .map((row) => `${row.op ?? ''}:${row.slot ?? ''}=${row['_metadata.row_id'] ?? ''}`)
    .toSorted();
}
