/** Experiments and runs of one lake, and which version of which table fed each run. */
import {
  type DeltaTable,
  eq,
  InvalidArgumentError,
  isVarveError,
  NotFoundError,
  type OpenOptions,
  openStore,
  type TableSchema,
} from '../index.js';
import { ArtifactStore } from './artifacts.js';
import { checkKeys } from './check-options.js';
import { checkText } from './check-text.js';
import { EventLog } from './event-log.js';
import type { InputRecord } from './input-record.js';
import { lakeUrl } from './lake-url.js';
import { type Reproduction, reproduceInputs } from './reproduce.js';
import { Run, type RunContext } from './run.js';
import { foldRuns, type RunRecord } from './run-record.js';
import { sourceVersion, userName } from './run-source.js';
import { parseFilter } from './search-filter.js';
import { timeAndChance } from './time-and-chance.js';
import { checkTable } from './use-input.js';

export interface StartRunOptions {
  /** The experiment's name; it begins to exist with its first run. */
  readonly experiment: string;
  readonly name?: string | undefined;
  readonly tags?: Readonly<Record<string, string>> | undefined;
}

export interface SearchOptions {
  /** Only this experiment's runs. */
  readonly experiment?: string | undefined;
  /** MLflow's filter: `metrics.auc > 0.9 and params.depth = '3'`. */
  readonly filter?: string | undefined;
  /** At most so many. */
  readonly limit?: number | undefined;
}

/** An experiment: a name that runs share. */
export interface Experiment {
  readonly name: string;
  readonly createdAt: Date;
  readonly runs: number;
}

/** A run that read a version of a table. */
export interface RunUse {
  readonly run: RunRecord;
  /** The input's name. */
  readonly input: string;
  readonly version: number;
}

/**
 * Records runs in the lake itself, as Delta tables below `varve-tracking`. Any number of processes may log to one
 * experiment at once.
 */
export class Tracker {
  /** The lake's URL, absolute and without a trailing slash. */
  readonly url: string;
  readonly #options: OpenOptions;
  readonly #context: RunContext;
  readonly #events: EventLog;
  readonly #artifacts: ArtifactStore;

  private constructor(url: string, options: OpenOptions) {
    this.url = url;
    this.#options = options;
    this.#events = new EventLog(url, options);
    this.#artifacts = new ArtifactStore(url, options);
    const [events, artifacts] = [this.#events, this.#artifacts];
    this.#context = { events, artifacts, ...timeAndChance(url, options) };
  }

  /**
   * Opens the tracker of the lake at `url`. Nothing is written before the first run.
   *
   * @throws InvalidArgumentError when no provider knows the URL's scheme, or there is no such option
   */
  static async open(url: string | URL, options: OpenOptions = {}): Promise<Tracker> {
    checkKeys('Tracker.open', options, ['storage', 'allowedRoots']);
    // Finds a wrong URL now and not with the first run.
    openStore(url, options);
    return new Tracker(lakeUrl(url), options);
  }

  /**
   * Runs `body` as a run: FINISHED when it ends, FAILED with the error when it throws, and durable either way before
   * this returns. What `body` throws is what is thrown: when the store does not take its end, the run stays RUNNING.
   *
   * @throws InvalidArgumentError as {@link Tracker.startRun}, and when `body` is no function
   * @throws StorageUnavailableError, CommitStateUnknownError as any write, when the end cannot be written
   */
  async withRun<T>(options: StartRunOptions, body: (run: Run) => Promise<T>): Promise<T> {
    if (typeof body !== 'function') {
      throw new InvalidArgumentError({
        message: 'withRun: what was given is no body of a run',
        option: 'body',
        expected: 'a function',
      });
    }
    const run = await this.startRun(options);
    let result: T;
    try {
      result = await body(run);
    } catch (error) {
      await run.finish('FAILED', error).catch((failure: unknown) => {
        if (!isVarveError(failure)) throw failure;
      });
      throw error;
    }
    await run.finish();
    return result;
  }

  /**
   * Starts a run; end it with `finish`. With `await using`, a run that was not finished ends FAILED.
   *
   * @throws InvalidArgumentError when there is no experiment, an option is wrong, or a text has half a surrogate pair
   */
  async startRun(options: StartRunOptions): Promise<Run> {
    checkKeys('startRun', options, ['experiment', 'name', 'tags']);
    const { experiment, name, tags } = options;
    if (typeof experiment !== 'string' || experiment === '') {
      throw new InvalidArgumentError({
        message: 'a run belongs to an experiment',
        option: 'experiment',
        expected: 'a name',
      });
    }
    checkText(experiment, 'experiment');
    if (name !== undefined) checkText(name, 'name');
    // 32 hex digits, as MLflow's run ids.
    const id = this.#context.entropy.uuid().replaceAll('-', '');
    const run = new Run(this.#context, { id, experiment });
    run.begin(name, { user: userName(), source: await sourceVersion() });
    if (tags !== undefined) await run.setTags(tags);
    return run;
  }

  /** The experiments that have runs, by name. */
  async experiments(): Promise<readonly Experiment[]> {
    const found = new Map<string, { createdAt: Date; runs: number }>();
    for (const { experiment, at } of await this.#events.read(eq('kind', 'run-started'))) {
      const known = found.get(experiment);
      if (known === undefined) found.set(experiment, { createdAt: new Date(at), runs: 1 });
      else known.runs++;
    }
    return [...found].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, it]) => ({ name, ...it }));
  }

  /**
   * A run as it was recorded so far.
   *
   * @throws NotFoundError (kind `run`) when there is none of that id
   * @throws CorruptDataError when another engine wrote an event of it that cannot be read
   */
  async run(runId: string): Promise<RunRecord> {
    const [run] = foldRuns(await this.#events.read(eq('run_id', runId)));
    if (run !== undefined) return run;
    throw new NotFoundError({
      message: 'no run of that id was recorded in this lake; search() gives those that were',
      kind: 'run',
      thing: runId,
    });
  }

  /**
   * The runs that meet the filter, newest first.
   *
   * @throws InvalidArgumentError when the filter cannot be read, naming the character, or an option is wrong
   */
  async search(options: SearchOptions = {}): Promise<readonly RunRecord[]> {
    checkKeys('search', options, ['experiment', 'filter', 'limit']);
    const { experiment, filter = '', limit = Number.MAX_SAFE_INTEGER } = options;
    if (!Number.isSafeInteger(limit) || limit < 0) {
      throw new InvalidArgumentError({
        message: 'search: the limit is no number of runs',
        option: 'limit',
        expected: 'a whole number from 0',
      });
    }
    const test = parseFilter(checkText(filter, 'filter'));
    const where = experiment === undefined ? undefined : eq('experiment', experiment);
    const runs = foldRuns(await this.#events.read(where)).filter(test);
    return runs.toReversed().slice(0, limit);
  }

  /** What a run read. @throws NotFoundError (kind `run`) */
  async *inputs(runId: string): AsyncGenerator<InputRecord, void, undefined> {
    yield* (await this.run(runId)).inputs;
  }

  /** The runs that read the table, or one version of it. @throws InvalidArgumentError when an argument is wrong */
  async *runsUsing<S extends TableSchema>(
    table: DeltaTable<S>,
    options: { readonly version?: number | undefined } = {},
  ): AsyncGenerator<RunUse, void, undefined> {
    checkTable('runsUsing', table);
    checkKeys('runsUsing', options, ['version']);
    if (options.version !== undefined && !Number.isSafeInteger(options.version)) {
      throw new InvalidArgumentError({
        message: 'runsUsing: the version is none',
        option: 'version',
        expected: 'a whole number',
      });
    }
    const { tableId } = await table.snapshot();
    for (const run of foldRuns(await this.#events.read())) {
      for (const { name, version, tableId: read } of run.inputs) {
        if (read !== tableId || version !== (options.version ?? version)) continue;
        yield { run, input: name, version };
      }
    }
  }

  /**
   * The inputs of a run, ready to be read again: the same rows, in the same order, with the same digest.
   *
   * @throws NotFoundError (kind `run`) when there is no such run
   * @throws DataGoneError naming what is gone, when an input cannot be had any more
   */
  async reproduce(runId: string): Promise<Reproduction> {
    return await reproduceInputs((await this.run(runId)).inputs, this.#options);
  }

  /** The bytes of an artifact. @throws NotFoundError (kind `artifact`) */
  artifact(runId: string, path: string): Promise<Uint8Array> {
    return this.#artifacts.get(runId, path);
  }
}
