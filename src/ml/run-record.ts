/** A run as its events tell it: a pure fold. */
import { CorruptDataError } from '../index.js';
import { EVENTS, type EventRow } from './event.js';
import type { InputRecord } from './input-record.js';

export const RUN_STATUSES = ['RUNNING', 'FINISHED', 'FAILED'] as const;
export type RunStatus = (typeof RUN_STATUSES)[number];

/** The code that ran. */
export interface SourceVersion {
  /** The commit of the git tree the process ran in. */
  readonly gitCommit: string;
  /** Whether the tree differed from that commit, untracked files included. */
  readonly dirty: boolean;
}

/** One value of a metric. */
export interface MetricPoint {
  readonly value: number;
  readonly step: number;
  readonly at: Date;
}

/** A run. */
export interface RunRecord {
  readonly id: string;
  readonly experiment: string;
  readonly name: string | undefined;
  readonly status: RunStatus;
  readonly startedAt: Date;
  readonly endedAt: Date | undefined;
  readonly user: string | undefined;
  readonly source: SourceVersion | undefined;
  /** The message of the error that failed it. */
  readonly error: string | undefined;
  readonly params: ReadonlyMap<string, string>;
  /** The newest value of each metric: of the highest step, of those the last logged. */
  readonly metrics: ReadonlyMap<string, number>;
  readonly metricHistory: ReadonlyMap<string, readonly MetricPoint[]>;
  readonly tags: ReadonlyMap<string, string>;
  readonly inputs: readonly InputRecord[];
  /** Paths of its artifacts. */
  readonly artifacts: readonly string[];
}

/** What `run-started` says beside its columns. */
interface StartDetails {
  readonly user?: string | undefined;
  readonly source?: SourceVersion | undefined;
}

/**
 * The runs that the events, in order of time, are about, oldest first. Events of a run whose start is not among them are
 * left out.
 *
 * @throws CorruptDataError when the details of an event cannot be read
 */
export function foldRuns(events: readonly EventRow[]): readonly RunRecord[] {
  const runs: RunRecord[] = [];
  for (const own of byRun(events).values()) {
    const start = own.find(({ kind }) => kind === 'run-started');
    if (start !== undefined) runs.push(foldRun(start, own));
  }
  return runs;
}

function byRun(events: readonly EventRow[]): ReadonlyMap<string, EventRow[]> {
  const found = new Map<string, EventRow[]>();
  for (const event of events) {
    const own = found.get(event.run_id);
    if (own === undefined) found.set(event.run_id, [event]);
    else own.push(event);
  }
  return found;
}

function foldRun(start: EventRow, unordered: readonly EventRow[]): RunRecord {
  const events = unordered.toSorted((a, b) => Number(a.sequence - b.sequence));
  const end = events.findLast(({ kind }) => kind === 'run-ended');
  const details: StartDetails = start.details === null ? {} : detailsOf(start);
  const history = metricHistory(events);
  return {
    id: start.run_id,
    experiment: start.experiment,
    name: start.name ?? undefined,
    status: statusOf(end),
    startedAt: new Date(start.at),
    endedAt: end === undefined ? undefined : new Date(end.at),
    user: details.user,
    source: details.source,
    error: end?.details ?? undefined,
    params: texts(events, 'param'),
    metrics: new Map([...history].map(([name, points]) => [name, newest(points)])),
    metricHistory: history,
    tags: texts(events, 'tag'),
    inputs: [...inputsByName(events).values()],
    artifacts: [...artifactPaths(events)],
  };
}

function statusOf(end: EventRow | undefined): RunStatus {
  return RUN_STATUSES.find((status) => status === end?.value) ?? 'RUNNING';
}

/** The last value of each name. */
function texts(events: readonly EventRow[], wanted: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const { kind, name, value } of events) {
    if (kind === wanted && name !== null && value !== null) found.set(name, value);
  }
  return found;
}

/** The last of each name: one whose outcome was not known may have been recorded beside the next try. */
function inputsByName(events: readonly EventRow[]): ReadonlyMap<string, InputRecord> {
  const found = new Map<string, InputRecord>();
  for (const event of events) {
    if (event.kind !== 'input') continue;
    const record = detailsOf(event) as InputRecord;
    found.set(record.name, record);
  }
  return found;
}

/** @throws CorruptDataError when they are no JSON object; other engines can write events, too */
function detailsOf({ event_id, details }: EventRow): object {
  try {
    const found: unknown = JSON.parse(details ?? '');
    if (typeof found === 'object' && found !== null) return found;
  } catch {
    // What is no JSON is told as what is no object.
  }
  throw new CorruptDataError({
    message: `event ${event_id} of a run has details that are no JSON object; delete it or repair them`,
    key: EVENTS,
    field: 'details',
  });
}

function artifactPaths(events: readonly EventRow[]): ReadonlySet<string> {
  return new Set(events.filter(({ kind }) => kind === 'artifact').map(({ name }) => name ?? ''));
}

function metricHistory(events: readonly EventRow[]): ReadonlyMap<string, MetricPoint[]> {
  const found = new Map<string, MetricPoint[]>();
  for (const { kind, name, number, step, at } of events) {
    if (kind !== 'metric' || name === null || number === null) continue;
    const points = found.get(name) ?? [];
    points.push({ value: number, step: Number(step ?? 0n), at: new Date(at) });
    found.set(name, points);
  }
  for (const points of found.values()) points.sort((a, b) => a.step - b.step);
  return found;
}

function newest(points: readonly MetricPoint[]): number {
  return points.at(-1)?.value ?? Number.NaN;
}
