/** A run while it is going on: what it logs is buffered, and one commit makes many entries durable. */
import {
  AlreadyExistsError,
  type Clock,
  type DeltaTable,
  type Entropy,
  InvalidArgumentError,
  isVarveError,
  type RowIn,
  type TableSchema,
} from '../index.js';
import { type ArtifactStore, checkArtifactPath } from './artifacts.js';
import { checkKeys, entriesOf } from './check-options.js';
import { checkText, wellFormed } from './check-text.js';
import type { EventKind, NewEvent } from './event.js';
import type { EventLog } from './event-log.js';
import type { InputRecord } from './input-record.js';
import type { RunInput } from './run-input.js';
import { RUN_STATUSES, type RunStatus } from './run-record.js';
import { selectInput, USE_OPTIONS, type UseOptions } from './use-input.js';

/** Everything a run needs of its tracker. */
export interface RunContext {
  readonly events: EventLog;
  readonly artifacts: ArtifactStore;
  readonly clock: Clock;
  readonly entropy: Entropy;
}

/** With so many events in the buffer, the next `log*` writes them first. */
const BUFFERED_EVENTS = 1_000;
type Entry = readonly [EventKind, Partial<NewEvent>];

const PARAM_TYPES: readonly string[] = ['string', 'number', 'boolean'];
const ENDS: readonly RunStatus[] = RUN_STATUSES.filter((status) => status !== 'RUNNING');
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
  /** Names of inputs that are recorded, or about to be. */
  readonly #inputs = new Set<string>();
  /** How often a pin was made, or may have been, for an input of a name. */
  readonly #pins = new Map<string, number>();

  /** @internal */
  constructor(context: RunContext, facts: { readonly id: string; readonly experiment: string }) {
    this.#context = context;
    this.id = facts.id;
    this.experiment = facts.experiment;
  }

  /** @internal */
  begin(name: string | undefined, details: object): void {
    this.#add([['run-started', { name, details: JSON.stringify(details) }]]);
  }

  /**
   * Takes a version of a table as an input: pins it, records table, version, schema, selection and digest with the
   * run in one commit, and returns what to read from. The pin comes first, so a crash leaves a spare pin
   * (`<run id>-<name>`), never an input that nothing keeps.
   *
   * A call that failed may be made again. Its input is not recorded, and its pin is deleted if the store lets it; after
   * COMMIT_STATE_UNKNOWN both may be there, and the next input of that name takes the place of this one. The pin of the
   * nth try is `<run id>.<n>-<name>`.
   *
   * @throws InvalidArgumentError when an option is wrong, or the run has ended
   * @throws NotFoundError (kind `version`) when there is no such version
   * @throws DataGoneError when files of the version are gone
   * @throws AlreadyExistsError (kind `pin`) when the run has an input of that name
   * @throws StorageUnavailableError, CommitStateUnknownError as any write
   */
  async use<
    S extends TableSchema,
    const K extends keyof RowIn<S> & string = keyof RowIn<S> & string,
  >(
    table: DeltaTable<S>,
    options: UseOptions<RowIn<S>, K>,
  ): Promise<RunInput<{ readonly [P in K]: RowIn<S>[P] }>> {
    checkKeys('use', options, USE_OPTIONS);
    const { name } = options;
    this.#checkOpen();
    if (!INPUT_NAME.test(checkText(name, 'name'))) throw invalidName(name);
    if (this.#inputs.has(name)) throw inputExists(this.id, name);
    this.#inputs.add(name);
    try {
      // Everything that can be wrong with the selection is found before anything is written.
      const { facts, input } = await selectInput(table, options);
      await this.#pinAndRecord(table, { ...facts, pin: this.#nextPin(name) });
      return input;
    } catch (error) {
      this.#inputs.delete(name);
      throw error;
    }
  }

  /**
   * Logs the settings of the run; the last value of a name counts.
   *
   * @throws InvalidArgumentError when a value is of another kind, or a text has half a surrogate pair; then nothing is
   * logged
   */
  async logParams(params: Readonly<Record<string, string | number | boolean>>): Promise<void> {
    await this.#log(
      entriesOf('logParams', 'params', params).map(([name, value]) => {
        if (!PARAM_TYPES.includes(typeof value)) throw invalid(name, 'a text, number or boolean');
        return ['param', { name, value: checkText(String(value), name) }];
      }),
    );
  }

  /**
   * Logs values of metrics at a step.
   *
   * @throws InvalidArgumentError when a value is no number, or the step no whole number; then nothing is logged
   */
  async logMetrics(
    metrics: Readonly<Record<string, number>>,
    options: { readonly step?: number | undefined } = {},
  ): Promise<void> {
    checkKeys('logMetrics', options, ['step']);
    const { step = 0 } = options;
    if (!Number.isSafeInteger(step)) throw invalid('step', 'a whole number');
    await this.#log(
      entriesOf('logMetrics', 'metrics', metrics).map(([name, number]) => {
        if (typeof number !== 'number') throw invalid(name, 'a number');
        return ['metric', { name, number, step: BigInt(step) }];
      }),
    );
  }

  /**
   * Sets tags; the last value of a name counts.
   *
   * @throws InvalidArgumentError when a value is no text, or has half a surrogate pair; then none is set
   */
  async setTags(tags: Readonly<Record<string, string>>): Promise<void> {
    await this.#log(
      entriesOf('setTags', 'tags', tags).map(([name, value]) => [
        'tag',
        { name, value: checkText(value, name) },
      ]),
    );
  }

  /**
   * Stores a file, a folder, or bytes with the run.
   *
   * @param path - its name among the run's artifacts
   * @param content - bytes, or the path of a local file or folder, with what links in it lead to
   * @throws InvalidArgumentError when `path` would leave the run's artifacts, or the content is of another kind;
   * NotFoundError (kind `artifact`) when there is no such file
   */
  async logArtifact(path: string, content: Uint8Array | string): Promise<void> {
    this.#checkOpen();
    checkArtifactPath(path);
    const stored = await this.#context.artifacts.put(this.id, path, content);
    await this.#log(stored.map((name) => ['artifact', { name }]));
  }

  /**
   * Makes everything logged so far durable, in one commit. What failed to be written stays buffered, and counts once
   * however often it is written: after any error, COMMIT_STATE_UNKNOWN among them, flush again.
   */
  flush(): Promise<void> {
    return this.#write([]);
  }

  /**
   * Ends the run and makes everything durable. Ending it again changes nothing, and writes what could not be written
   * before.
   *
   * @throws InvalidArgumentError for another status
   */
  async finish(status: Exclude<RunStatus, 'RUNNING'> = 'FINISHED', error?: unknown): Promise<void> {
    if (!ENDS.includes(status)) throw invalid('status', ENDS.join(' or '));
    if (!this.#ended) {
      this.#add([['run-ended', { value: status, details: errorText(error) }]]);
      this.#ended = true;
    }
    await this.flush();
  }

  /** Ends a run that was not ended as FAILED: a disposer cannot see whether an exception is on its way. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.finish('FAILED');
  }

  async #pinAndRecord<S extends TableSchema>(
    table: DeltaTable<S>,
    record: InputRecord,
  ): Promise<void> {
    const { name, pin, version, tableId } = record;
    const note = `input ${name} of run ${this.id} (experiment ${this.experiment})`;
    try {
      await table.pins.create(pin, { version, note });
      this.#checkOpen();
      // Not from the buffer: what its caller was told had failed must not be recorded by the next flush.
      const details = JSON.stringify(record);
      await this.#write([this.#event('input', { name, value: tableId, details })]);
    } catch (error) {
      // While nobody knows whether the input is recorded, its pin stays.
      if (isVarveError(error) && error.code !== 'COMMIT_STATE_UNKNOWN') {
        await table.pins.delete(pin).catch(ignoreVarveError);
      }
      throw error;
    }
  }

  #nextPin(name: string): string {
    const count = (this.#pins.get(name) ?? 0) + 1;
    this.#pins.set(name, count);
    return count === 1 ? `${this.id}-${name}` : `${this.id}.${count}-${name}`;
  }

  /** Room is made before anything is added: a call that fails has logged nothing, and may be made again. */
  async #log(entries: readonly Entry[]): Promise<void> {
    this.#checkOpen();
    for (const [kind, { name }] of entries) checkText(name, kind);
    if (this.#buffer.length >= BUFFERED_EVENTS) await this.flush();
    this.#add(entries);
  }

  /** Writes what is buffered, and `also` this; one commit at a time. */
  #write(also: readonly NewEvent[]): Promise<void> {
    const write = async (): Promise<void> => {
      const { length } = this.#buffer;
      await this.#context.events.append([...this.#buffer, ...also]);
      // Entries logged while this was under way stay for the next flush.
      this.#buffer = this.#buffer.slice(length);
    };
    this.#flushing = this.#flushing.then(write, write);
    return this.#flushing;
  }

  #add(entries: readonly Entry[]): void {
    this.#checkOpen();
    for (const [kind, fields] of entries) this.#buffer.push(this.#event(kind, fields));
  }

  #event(kind: EventKind, fields: Partial<NewEvent>): NewEvent {
    const { clock, entropy } = this.#context;
    const event_id = entropy.uuid();
    const { id: run_id, experiment } = this;
    const sequence = BigInt(this.#sequence++);
    const at = new Date(clock.now());
    return { ...fields, event_id, kind, at, sequence, experiment, run_id };
  }

  #checkOpen(): void {
    if (this.#ended) throw invalid('run', 'a run that has not ended');
  }
}

function ignoreVarveError(error: unknown): void {
  if (!isVarveError(error)) throw error;
}

function errorText(error: unknown): string | undefined {
  if (error === undefined) return undefined;
  try {
    return wellFormed(error instanceof Error ? `${error.name}: ${error.message}` : String(error));
  } catch {
    // Anything may be thrown, also what has no text; the run ends all the same.
    return 'an error without a text';
  }
}

function inputExists(runId: string, name: string): AlreadyExistsError {
  return new AlreadyExistsError({
    message: `the run has an input ${name}; take another name`,
    kind: 'pin',
    thing: `${runId}-${name}`,
  });
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
