/**
 * Whether a commit did what its step does to the version before it: all of it, and nothing else. With WriteSerializable
 * a replacement may have come before blind appends that it did not see, and before nothing else; with SnapshotIsolation
 * it replaced what one version had, and may have missed all that was added since.
 */
import type { History } from './history.js';
import { seenBefore } from './judge-order.js';
import { opOf, type Replay, type ReplayedFile } from './replayer.js';
import { type Outcome, type Step, SUM_BASE } from './step.js';
import { broken, type Violation } from './violation.js';

/** A live row: where it is and what it is. */
interface Row {
  readonly part: string | null;
  readonly text: string;
}

export interface Judged {
  readonly history: History;
  readonly replayed: Replay;
}

export function judgeEffect(
  outcome: Outcome,
  version: number,
  judged: Judged,
): readonly Violation[] {
  const { op, step } = outcome;
  const before = rowsOf(judged.replayed.live[version - 1]);
  const after = rowsOf(judged.replayed.live[version]);
  const own = after.filter(({ text }) => opOf(text) === op);
  const others = after.filter(({ text }) => opOf(text) !== op);
  const shared = judged.replayed.commits[version]?.ops ?? [];
  const company = others.filter(({ text }) => step.kind === 'group' && shared.includes(opOf(text)));
  const rest = others.filter((row) => !company.includes(row));
  const isReplaced = replacedBy(step);
  const kept = before.filter((row) => !isReplaced(row));
  const left = rest.filter((row) => isReplaced(row));
  // What it left it did not see.
  const seen = before.filter((row) => isReplaced(row)).length - left.length;
  if (textOf(own) !== textOf(rowsBy(step, op, seen))) {
    return [broken('a write adds its rows', op, `at ${version}: ${textOf(own)}`)];
  }
  if (textOf(rest.filter((row) => !isReplaced(row))) !== textOf(kept)) {
    return [broken('a write leaves all other rows', op, `at ${version}: ${textOf(rest)}`)];
  }
  return left.length === 0 ? [] : judgeLeft(outcome, version, left, judged);
}

/** What a step puts into the table when it saw so many rows that it replaces. */
function rowsBy(step: Step, op: string, seen: number): readonly Row[] {
  switch (step.kind) {
    case 'sum':
      return [{ part: step.part, text: `${op}:${SUM_BASE + seen}` }];
    case 'both':
      return [
        { part: 'p', text: `${op}:0` },
        { part: 'q', text: `${op}:1` },
      ];
    case 'append':
    case 'group':
    case 'replace':
      return [{ part: step.part, text: `${op}:0` }];
    case 'pair':
    case 'buffer':
      return [0, 1].map((slot) => ({ part: step.part, text: `${op}:${slot}` }));
    case 'once':
      return [{ part: 'p', text: `${op}:0` }];
    case 'swap':
      return [{ part: 'p', text: `${op}:${step.slot}` }];
    case 'overwrite':
      return [{ part: 'q', text: `${op}:0` }];
    default:
      return [];
  }
}

function replacedBy(step: Step): (row: Row) => boolean {
  switch (step.kind) {
    case 'replace':
    case 'sum':
      return ({ part }) => part === step.part;
    case 'swap':
      return ({ text }) => text.endsWith(`:${step.slot}`);
    case 'overwrite':
      return () => true;
    default:
      return () => false;
  }
}

/** Rows that met the condition and are there still. */
function judgeLeft(
  outcome: Outcome,
  version: number,
  left: readonly Row[],
  { history, replayed }: Judged,
): readonly Violation[] {
  const { op, step } = outcome;
  const what = `version ${version} still has ${textOf(left)}`;
  const strict = [broken('an overwrite replaces all that was there', op, what)];
  if (history.isolation === 'SnapshotIsolation') {
    return isOfOneSnapshot(outcome, version, { history, replayed }) ? [] : strict;
  }
  if (history.isolation !== 'WriteSerializable') return strict;
  const introduced = (row: Row): number =>
    replayed.commits.findIndex(({ ops }) => ops.includes(opOf(row.text)));
  const first = Math.min(...left.map(introduced));
  // What was there when the step began was seen by it.
  if (first <= seenBefore(history, outcome)) return strict;
  const isReplaced = replacedBy(step);
  const passed = replayed.commits.slice(first, version);
  const matching = passed.flatMap((commit) => {
    const added = commit.adds.filter(({ path }) => !commit.again.has(path));
    const rows = rowsIn(added).filter(isReplaced);
    return rows.length > 0 && !commit.isBlindAppend ? [undefined] : rows;
  });
  const isRelaxed = textOf(matching.filter((row) => row !== undefined)) === textOf(left);
  return isRelaxed && !matching.includes(undefined) ? [] : strict;
}

/**
 * With SnapshotIsolation: whether it replaced exactly what one version before it had, no older than what was there when
 * it began. What it replaced nobody else took away meanwhile, as only live files are removed; what anybody added since
 * stays, all of it.
 */
function isOfOneSnapshot(
  outcome: Outcome,
  version: number,
  { history, replayed: { commits, live } }: Judged,
): boolean {
  const isReplaced = replacedBy(outcome.step);
  const matchingAt = (at: number): readonly string[] =>
    [...(live[at]?.values() ?? [])]
      .filter((file) => rowsIn([file]).some(isReplaced))
      .map(({ path }) => path);
  const removed = (commits[version]?.removes ?? []).toSorted().join();
  for (let at = version - 1; at >= Math.max(0, seenBefore(history, outcome)); at--) {
    if (matchingAt(at).toSorted().join() === removed) return true;
  }
  return false;
}

function rowsOf(live: ReadonlyMap<string, ReplayedFile> | undefined): readonly Row[] {
  return rowsIn([...(live?.values() ?? [])]);
}

function rowsIn(files: readonly ReplayedFile[]): readonly Row[] {
  return files.flatMap(({ part, rows }) => rows.map((text) => ({ part, text })));
}

function textOf(rows: readonly Row[]): string {
  return rows
    .map(({ part, text }) => `${part ?? ''}/${text}`)
    .toSorted()
    .join(' ');
}
