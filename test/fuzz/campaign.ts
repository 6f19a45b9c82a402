/** One run over every kind: two processes, which kind is next, and what is done when a process ends or hangs. */
import { type ChildProcess, fork } from 'node:child_process';
import type { Kind } from './kinds.js';
import { addTo, emptyTally, type Tally } from './tally.js';
import { HANG_MS } from './try-input.js';
import type { Batch, FromWorker, Violation } from './worker.js';

export interface CampaignOptions {
  readonly kinds: readonly Kind[];
  readonly seed: number;
  readonly budgetMs: number;
}

export interface CampaignResult {
  readonly tallies: ReadonlyMap<Kind, Readonly<Tally>>;
  readonly found: readonly Violation[];
}

/** What a run of a minute tries at least, whatever time it takes; a shorter one in proportion. */
const MIN_INPUTS = 200_000;
const MIN_OF_KIND = 2000;
const MINUTE_MS = 60_000;

const PROCESSES = 2;
/** Inputs of the slowest kinds in one batch. */
const BATCH = 20;
/** Without a word for so long, a process hangs. */
const SILENCE_MS = 2 * HANG_MS;
/** A process that has used this much is replaced before it can be taken for a violation of its next input. */
const WORKER_FLAGS = ['--max-old-space-size=160', '--max-semi-space-size=4'];

export async function runCampaign(options: CampaignOptions): Promise<CampaignResult> {
  const campaign = new Campaign(options);
  await Promise.all(Array.from({ length: PROCESSES }, () => campaign.work()));
  return { tallies: campaign.tallies, found: campaign.found };
}

class Campaign {
  readonly tallies: ReadonlyMap<Kind, Tally>;
  readonly found: Violation[] = [];
  readonly #options: CampaignOptions;
  readonly #next = new Map<Kind, number>();
  readonly #start = performance.now();

  constructor(options: CampaignOptions) {
    this.#options = options;
    this.tallies = new Map(options.kinds.map((kind) => [kind, emptyTally()]));
  }

  /** Gives batches to one process after the other until the run is over. */
  async work(): Promise<void> {
    let process = new Process();
    for (;;) {
      const kind = this.#nextKind();
      if (kind === undefined) break;
      const from = this.#next.get(kind) ?? 0;
      const to = from + BATCH * kind.weight;
      this.#next.set(kind, to);
      process = await this.#run(process, kind, {
        kind: kind.name,
        seed: this.#options.seed,
        from,
        to,
        stepwise: false,
      });
    }
    process.end();
  }

  /** First the minimum of every kind, then all in proportion; undefined when all is done. */
  #nextKind(): Kind | undefined {
    const { kinds, budgetMs } = this.#options;
    const share = Math.min(1, budgetMs / MINUTE_MS);
    const planned = (kind: Kind): number => this.#next.get(kind) ?? 0;
    const lacking = kinds.find((kind) => planned(kind) < MIN_OF_KIND * share);
    if (lacking !== undefined) return lacking;
    const total = kinds.reduce((sum, kind) => sum + planned(kind), 0);
    const isOver = performance.now() - this.#start >= budgetMs;
    if (isOver && total >= MIN_INPUTS * share) return undefined;
    // Behind its time the run makes up the number with what is cheap.
    const wanted = isOver ? kinds.filter(({ weight }) => weight > 1) : kinds;
    return (wanted.length > 0 ? wanted : kinds).toSorted(
      (a, b) => planned(a) / a.weight - planned(b) / b.weight,
    )[0];
  }

  /** @returns the process for the next batch: another one when this one has ended */
  async #run(process: Process, kind: Kind, batch: Batch): Promise<Process> {
    const answer = await process.run(batch);
    if (answer.type === 'done') {
      const tally = this.tallies.get(kind);
      if (tally !== undefined) addTo(tally, answer.tally);
      this.found.push(...answer.found);
      if (answer.tally.big === 0) return process;
      process.end();
      return new Process();
    }
    const fresh = new Process();
    if (!batch.stepwise) return await this.#run(fresh, kind, { ...batch, stepwise: true });
    const { index, why } = answer;
    if (index === undefined) throw new Error(`a process cannot start: ${why}`);
    this.found.push({ kind: kind.name, index, what: `crash: ${why}` });
    const tally = this.tallies.get(kind);
    if (tally !== undefined) {
      tally.inputs++;
      tally.crash++;
    }
    const done = { ...batch, to: index };
    const rest = { ...batch, from: index + 1 };
    const after = done.from < done.to ? await this.#run(fresh, kind, done) : fresh;
    return rest.from < rest.to ? await this.#run(after, kind, rest) : after;
  }
}

type Ended = { readonly type: 'ended'; readonly why: string; readonly index: number | undefined };

/** A process that tries inputs, and may end or hang doing it. */
class Process {
  readonly #child: ChildProcess;

  constructor() {
    const [, script = ''] = process.argv;
    this.#child = fork(script, ['--worker'], { execArgv: WORKER_FLAGS });
  }

  run(batch: Batch): Promise<Extract<FromWorker, { readonly type: 'done' }> | Ended> {
    const child = this.#child;
    return new Promise((resolve) => {
      let index: number | undefined;
      let silence: NodeJS.Timeout | undefined;
      const finish = (answer: Extract<FromWorker, { readonly type: 'done' }> | Ended): void => {
        clearTimeout(silence);
        child.removeAllListeners();
        resolve(answer);
      };
      const listen = (): void => {
        clearTimeout(silence);
        silence = setTimeout(() => {
          child.kill('SIGKILL');
          finish({ type: 'ended', why: `no answer in ${SILENCE_MS} ms`, index });
        }, SILENCE_MS);
      };
      child.on('message', (message: FromWorker) => {
        listen();
        if (message.type === 'at') index = message.index;
        if (message.type === 'done') finish(message);
      });
      child.on('exit', (code, signal) => {
        finish({ type: 'ended', why: `the process ended with ${signal ?? code}`, index });
      });
      listen();
      child.send(batch);
    });
  }

  end(): void {
    if (this.#child.connected) this.#child.disconnect();
  }
}
