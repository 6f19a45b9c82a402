/**
 * What `settle` of src decides, as a table: found by running it on every script of one try, so that the model checks
 * the code itself and not what somebody remembered of it.
 */
import type { Clock } from '../../src/clock.js';
import { AccessDeniedError, StorageUnavailableError } from '../../src/errors.js';
import type { CommitAnswer, Owner, Settled, settle } from '../../src/log/committer.js';

/** What a try meets: the arbiter's answer, or a request that was not sent, for now or for want of rights. */
export const ANSWERS = ['committed', 'conflict', 'unknown', 'refused', 'denied'] as const;
export type Answer = (typeof ANSWERS)[number];

/** What the version is then found to be. */
export const SEEN = ['ours', 'other', 'absent', 'unreadable'] as const;
export type Seen = (typeof SEEN)[number];

/** `again`: the same version is tried once more. `throws`: the caller is told that nothing was committed. */
export type Decision = Settled | 'again' | 'throws';

/** What one try met. */
export interface Met {
  readonly answer: Answer;
  /** Only looked at where the answer leaves it open. */
  readonly seen: Seen;
  /** Whether the time for settling is over after it. */
  readonly isOutOfTime: boolean;
}

/** Looks a decision up; `maySentLand` when a try before may yet land. */
export type SettleTable = (met: Met, maySentLand: boolean) => Decision;

/** Every decision. */
export async function settleTable(settling: typeof settle): Promise<SettleTable> {
  const table: Partial<Record<Answer, Partial<Record<Seen, readonly Decision[]>>>> = {};
  for (const answer of ANSWERS) {
    const row: Partial<Record<Seen, readonly Decision[]>> = {};
    for (const seen of SEEN) {
      const decisions: Decision[] = [];
      for (const isOutOfTime of [false, true]) {
        for (const maySentLand of [false, true]) {
          decisions.push(await decide(settling, { answer, seen, isOutOfTime }, maySentLand));
        }
      }
      row[seen] = decisions;
    }
    table[answer] = row;
  }
  return ({ answer, seen, isOutOfTime }, maySentLand) =>
    table[answer]?.[seen]?.[(isOutOfTime ? 2 : 0) + (maySentLand ? 1 : 0)] ?? 'throws';
}

/** The decision in one situation. */
export async function decide(
  settling: typeof settle,
  { answer, seen, isOutOfTime }: Met,
  maySentLand: boolean,
): Promise<Decision> {
  const tries: readonly (readonly [Answer, Seen])[] = [
    ...(maySentLand ? [['unknown', 'absent'] as const] : []),
    [answer, seen],
  ];
  let at = -1;
  let nowMs = 0;
  const clock: Clock = {
    now: () => nowMs,
    sleep: () => (at < tries.length - 1 ? Promise.resolve() : Promise.reject(new TriedAgain())),
  };
  const context = {
    clock,
    entropy: { uuid: () => 'id', random: () => 0 },
    committer: {
      commit: () => {
        at++;
        if (isOutOfTime && at === tries.length - 1) nowMs = Number.MAX_SAFE_INTEGER;
        return answerOf(tries[at]?.[0] ?? 'refused');
      },
    },
    identify: () => ownerOf(tries[at]?.[1] ?? 'unreadable'),
  };
  try {
    return await settling(context, 1, 'id', new Uint8Array());
  } catch (error) {
    return error instanceof TriedAgain ? 'again' : 'throws';
  }
}

class TriedAgain extends Error {}

function answerOf(answer: Answer): Promise<CommitAnswer> {
  const facts = { message: 'a script', key: 'k', operation: 'putIfAbsent' };
  switch (answer) {
    case 'refused':
      return Promise.reject(new StorageUnavailableError(facts));
    case 'denied':
      return Promise.reject(new AccessDeniedError(facts));
    default:
      return Promise.resolve(answer);
  }
}

function ownerOf(seen: Seen): Promise<Owner> {
  if (seen !== 'unreadable') return Promise.resolve(seen);
  const facts = { message: 'a script', key: 'k', operation: 'get' };
  return Promise.reject(new StorageUnavailableError(facts));
}
