/** When a version was committed. PROTOCOL.md "In-Commit Timestamps". */
import type { Action, CommitInfo, Metadata } from './actions.js';

const ENABLED = 'delta.enableInCommitTimestamps';

/** Whether the commits of a table carry their own time; file times then mean nothing. */
export function usesInCommitTimestamps(metadata: Metadata): boolean {
  return metadata.configuration.get(ENABLED)?.toLowerCase() === 'true';
}

/** The time that a commit carries, milliseconds since 1970; undefined when it carries none. */
export function inCommitTimestamp(info: CommitInfo | undefined): number | undefined {
  const time = info?.['inCommitTimestamp'];
  return typeof time === 'number' && Number.isSafeInteger(time) ? time : undefined;
}

/** The commitInfo among the actions of a commit. */
export function commitInfoOf(actions: readonly Action[]): CommitInfo | undefined {
  for (const action of actions) if (action.kind === 'commitInfo') return action.commitInfo;
  return undefined;
}

/**
 * The time of a commit that was made at `madeMs`, by a clock or by its file: these can stand still or go back where
 * versions do not, so each is at least a millisecond after the one before.
 */
export function monotonic(madeMs: number, beforeMs: number | undefined): number {
  const whole = Math.floor(madeMs);
  return beforeMs === undefined ? whole : Math.max(whole, beforeMs + 1);
}

/** The first version that carries its own time; undefined when the table does not keep it. */
export function inCommitTimestampsFrom(metadata: Metadata): number | undefined {
  if (!usesInCommitTimestamps(metadata)) return undefined;
  return numberIn(metadata, 'delta.inCommitTimestampEnablementVersion') ?? 0;
}

/** The time of that version, when there are versions before it. */
export function inCommitTimestampsSince(metadata: Metadata): number | undefined {
  return numberIn(metadata, 'delta.inCommitTimestampEnablementTimestamp');
}

function numberIn(metadata: Metadata, property: string): number | undefined {
  const text = metadata.configuration.get(property) ?? undefined;
  const value = Number(text);
  return text !== undefined && /^\d+$/.test(text) && Number.isSafeInteger(value)
    ? value
    : undefined;
}
