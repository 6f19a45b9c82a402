/** A run while it is going on: what it logs is buffered, and one commit makes many entries durable. */
import {
  type Clock,
  type DeltaTable,
  type Entropy,
  InvalidArgumentError,
  type PredicateJson,
  type RowIn,
  type TableSchema,
  type Where,
} from '../index.js';
import { type ArtifactStore, checkArtifactPath } from './artifacts.js';
import type { EventKind, NewEvent } from './event.js';
import type { EventLog } from './event-log.js';
import { inputDigest } from './input-digest.js';
import type { InputRecord } from './input-record.js';
import { type RunInput, runInput } from './run-input.js';
import type { RunStatus } from './run-record.js';
import type { RowSplit } from './split.js';

export interface UseOptions<R, K extends keyof R> {
  /** What the input is called in the run; letters, digits, `.`, `_` and `-`. */
  readonly name: string;
  /** The newest when absent. */
  readonly version?: number | undefined;
  /** Only these columns, in this order. */
  readonly select?: readonly K[] | undefined;
  /** Only rows for which this is true. */
  readonly where?: Where<R>;
  /** Only the rows of one part of a {@link hashSplit}. */
  readonly split?: RowSplit | undefined;
  /** MLflow's label of what the input is for: `training`, `evaluation`, ... */
  readonly context?: string | undefined;
}

/** Everything a run needs of its tracker. */
export interface RunContext {
  readonly events: EventLog;
  readonly artifacts: ArtifactStore;
  readonly clock: Clock;
  readonly entropy: Entropy;
}

/** Events that are buffered before they are written without being asked to. */
const BUFFERED_EVENTS = 1_000;
const INPUT_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/;

/**
 * A run that is going on. `log*` resolves when the entry is buffered; `flush`, `finish` and the end of
 * `withRun` make it durable. `use` writes at once, and with it everything buffered, the run's start included.
 */
export class Run {
  readonly id: string;
  readonly experiment: string;
  readonly #context: RunContext;
  #buffer: NewEvent[] = [];
  #flushing: Promise<void> = Promise.resolve();
  #ended = false;
  #sequence = 0;

  /** @internal */
  constructor(context: RunContext, facts: { readonly id: string; readonly experiment: string }) {
    this.#context = context;
    this.id = facts.id;
    this.experiment = facts.experiment;
  }

  /** @internal */
  begin(name: string | undefined, details: object): void {
    this.#add('run-started', { name, details: JSON.stringify(details) });
  }

  /**
   * Takes a version of a table as an input: pins it, records table, version, schema, selection and digest with the
   * run in one commit, and returns what to read from. The pin comes first, so a crash leaves a spare pin
   * (`<run id>-<name>`), never an input that nothing keeps.
   *
   * @throws NotFoundError (kind `version`) when there is no such version
   * @throws DataGoneError when files of the version are gone
   * @throws AlreadyExistsError (kind `pin`) when the run has an input of that name
   */
  async use<
    S extends TableSchema,
    const K extends keyof RowIn<S> & string = keyof RowIn<S> & string,
  >(
    table: DeltaTable<S>,
    options: UseOptions<RowIn<S>, K>,
  ): Promise<RunInput<{ readonly [P in K]: RowIn<S>[P] }>> {
    const { name, version, select, where, split, context } = options;
    this.#checkOpen();
    if (!INPUT_NAME.test(name)) throw invalidName(name);
    const snapshot = await table.snapshot(version === undefined ? {} : { version });
    // Everything that can be wrong with the selection is found before anything is written.
    const selection = { where, select, split };
    const conditions = where === undefined ? undefined : toJson(where);
    await runInput({ name, digest: '' }, snapshot as never, selection as never)
      .scan()
      .plan();
    const pin = `${this.id}-${name}`;
    const note = `input ${name} of run ${this.id} (experiment ${this.experiment})`;
    await table.pins.create(pin, { version: snapshot.version, note });
    const digest = inputDigest(snapshot as never, { select, where: conditions, split });
    const record: InputRecord = {
      name,
      tableId: snapshot.tableId,
      url: snapshot.url,
      version: snapshot.version,
      committedAt: snapshot.timestamp.toISOString(),
      pin,
      digest,
      schema: JSON.stringify(snapshot.schema),
      ...(select === undefined ? {} : { select }),
      ...(conditions === undefined ? {} : { where: conditions }),
      ...(split === undefined ? {} : { split }),
      ...(context === undefined ? {} : { context }),
    };
    this.#add('input', { name, value: record.tableId, details: JSON.stringify(record) });
    await this.flush();
    return runInput({ name, digest }, snapshot as never, selection as never);
  }

  /** Logs the settings of the run; the last value of a name counts. */
  async logParams(params: Readonly<Record<string, string | number | boolean>>): Promise<void> {
    for (const [name, value] of Object.entries(params)) {
      this.#add('param', { name, value: String(value) });
    }
    await this.#flushIfFull();
  }

  /**
   * Logs values of metrics at a step.
   *
   * @throws InvalidArgumentError when a value is no number, or the step no whole number
   */
  async logMetrics(
    metrics: Readonly<Record<string, number>>,
    options: { readonly step?: number | undefined } = {},
  ): Promise<void> {
    const { step = 0 } = options;
    if (!Number.isSafeInteger(step)) throw invalid('step', 'a whole number');
    for (const [name, number] of Object.entries(metrics)) {
      if (typeof number !== 'number') throw invalid(name, 'a number');
      this.#add('metric', { name, number, step: BigInt(step) });
    }
    await this.#flushIfFull();
  }

  /** Sets tags; the last value of a name counts. */
  async setTags(tags: Readonly<Record<string, string>>): Promise<void> {
    for (const [name, value] of Object.entries(tags)) this.#add('tag', { name, value });
    await this.#flushIfFull();
  }

  /**
   * Stores a file, a folder, or bytes with the run.
   *
   * @param path - its name among the run's artifacts
   * @param content - bytes, or the path of a local file or folder
   * @throws InvalidArgumentError when `path` would leave the run's artifacts; NotFoundError when there is no such file
   */
  async logArtifact(path: string, content: Uint8Array | string): Promise<void> {
    this.#checkOpen();
    checkArtifactPath(path);
    for (const name of await this.#context.artifacts.put(this.id, path, content)) {
      this.#add('artifact', { name });
    }
    await this.#flushIfFull();
  }

  /** Makes everything logged so far durable, in one commit. What failed to be written stays buffered. */
  flush(): Promise<void> {
    this.#flushing = this.#flushing.then(
      () => this.#write(),
      () => this.#write(),
    );
    return this.#flushing;
  }

  /** Ends the run and makes everything durable. Ending it again does nothing. */
  async finish(status: Exclude<RunStatus, 'RUNNING'> = 'FINISHED', error?: unknown): Promise<void> {
    if (this.#ended) return;
    this.#add('run-ended', { value: status, details: errorText(error) });
    this.#ended = true;
    await this.flush();
  }

  /** Ends a run that was not ended as FAILED: a disposer cannot see whether an exception is on its way. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.finish('FAILED');
  }

  async #write(): Promise<void> {
    const events = [...this.#buffer];
    if (events.length === 0) return;
    await this.#context.events.append(events);
    // Entries logged while this was under way stay for the next flush.
    this.#buffer = this.#buffer.slice(events.length);
  }

  async #flushIfFull(): Promise<void> {
    if (this.#buffer.length >= BUFFERED_EVENTS) await this.flush();
  }

  #add(kind: EventKind, fields: Partial<NewEvent>): void {
    this.#checkOpen();
    const { clock, entropy } = this.#context;
    const event_id = entropy.uuid();
    const { id: run_id, experiment } = this;
    const sequence = BigInt(this.#sequence++);
    const at = new Date(clock.now());
    this.#buffer.push({ ...fields, event_id, kind, at, sequence, experiment, run_id });
  }

  #checkOpen(): void {
    if (this.#ended) throw invalid('run', 'a run that has not ended');
  }
}

function toJson(where: { toJSON(): PredicateJson }): PredicateJson {
  return where.toJSON();
}

function errorText(error: unknown): string | undefined {
  if (error === undefined) return undefined;
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}

function invalidName(name: string): InvalidArgumentError {
  return new InvalidArgumentError({
    message: `${JSON.stringify(name)} cannot be the name of an input`,
    option: 'name',
    expected: 'letters, digits, `.`, `_` and `-`, beginning with a letter or digit, at most 100',
  });
}

function invalid(option: string, expected: string): InvalidArgumentError {
  return new InvalidArgumentError({ message: 'the run cannot log this', option, expected });
}
