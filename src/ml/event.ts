/** What happens in experiments, as rows of one append-only table: a run is what its events add up to. */

/** The folder of everything a tracker keeps, below the lake. */
export const TRACKING = 'varve-tracking';
/** The folder of the table, below the lake. */
export const EVENTS: string = `${TRACKING}/events`;

/** The table's columns; any engine can read it. */
export const EVENT_SCHEMA = {
  /** Unique; an event that was written twice counts once. */
  event_id: 'string not null',
  kind: 'string not null',
  at: 'timestamp not null',
  /** Counts the events of one run, so that their order does not hang on the clock. */
  sequence: 'long not null',
  experiment: 'string not null',
  run_id: 'string not null',
  /** The param, metric, tag, input or artifact. */
  name: 'string',
  /** A param's or tag's value, or a status. */
  value: 'string',
  /** A metric's value. */
  number: 'double',
  /** A metric's step. */
  step: 'long',
  /** JSON: what the other columns have no place for. */
  details: 'string',
} as const;

export const EVENT_KINDS = [
  'run-started',
  'run-ended',
  'param',
  'metric',
  'tag',
  'input',
  'artifact',
] as const;
export type EventKind = (typeof EVENT_KINDS)[number];

/** One event, before it is written. */
export interface NewEvent {
  readonly event_id: string;
  readonly kind: EventKind;
  readonly at: Date;
  readonly sequence: bigint;
  readonly experiment: string;
  readonly run_id: string;
  readonly name?: string | undefined;
  readonly value?: string | undefined;
  readonly number?: number | undefined;
  readonly step?: bigint | undefined;
  readonly details?: string | undefined;
}

/** One event, as it was read. */
export interface EventRow {
  readonly event_id: string;
  readonly kind: string;
  readonly at: Date;
  readonly sequence: bigint;
  readonly experiment: string;
  readonly run_id: string;
  readonly name: string | null;
  readonly value: string | null;
  readonly number: number | null;
  readonly step: bigint | null;
  readonly details: string | null;
}
