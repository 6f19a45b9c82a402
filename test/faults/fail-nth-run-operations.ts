/** Every public operation of a tracker and of its runs, as the sweep of failing store calls makes it. */
import { DeltaTable, gte, type Scan, type StorageProvider } from '../../src/index.js';
import { type Run, Tracker } from '../../src/ml/index.js';
import { EXPERIMENT, LAKE_URL, PARTS, SWEPT } from './fail-nth-lakes.js';
import { sorted } from './fail-nth-operations.js';
import { SCHEMA, type SweptTable, TABLE_URL } from './fail-nth-shapes.js';

/** One call, which a caller who was told of a failure may make again; answers without what differs from run to run. */
export type Step = (caller: RunCaller) => Promise<unknown>;

export interface RunOperation {
  readonly name: string;
  /**
   * `read`: changes nothing. `run`: calls on a run that is under way, each of which writes at most one commit.
   * `whole`: begins and ends a run of its own, so that a call that is made again makes another.
   */
  readonly kind: 'read' | 'run' | 'whole';
  readonly steps: readonly Step[];
  /** Whether it takes the newest version, which is another one where listings are behind. */
  readonly isOfNewest?: boolean | undefined;
  /** Whether it ends with an error of its own, which goes before the store's. */
  readonly mayHide?: boolean | undefined;
}

/** One process with one tracker, one handle of the table and one run. */
export class RunCaller {
  readonly storage: StorageProvider;
  /** How many steps have been taken. */
  taken = 0;
  readonly told: unknown[] = [];
  /** The last input. */
  used: Scan<unknown> | undefined;
  #tracker: Tracker | undefined;
  #table: SweptTable | undefined;
  #run: Run | undefined;

  constructor(storage: StorageProvider) {
    this.storage = storage;
  }

  /** Takes the steps that are left. */
  async goOn(steps: readonly Step[]): Promise<readonly unknown[]> {
    for (const step of steps.slice(this.taken)) {
      this.told.push((await step(this)) ?? null);
      this.taken++;
    }
    return this.told;
  }

  async tracker(): Promise<Tracker> {
    this.#tracker ??= await Tracker.open(LAKE_URL, { storage: this.storage });
    return this.#tracker;
  }

  async table(): Promise<SweptTable> {
    this.#table ??= await DeltaTable.open(TABLE_URL, { storage: this.storage, schema: SCHEMA });
    return this.#table;
  }

  async run(): Promise<Run> {
    const tracker = await this.tracker();
    this.#run ??= await tracker.startRun(NAMED);
    return this.#run;
  }
}

const NAMED = { experiment: EXPERIMENT, name: SWEPT, tags: { team: 'lakes' } } as const;
const BYTES = new TextEncoder().encode('weights');
const NO_CONVERGENCE = new RangeError('no convergence');

const finish: Step = async (caller) => await (await caller.run()).finish();
const flush: Step = async (caller) => await (await caller.run()).flush();

export const RUN_OPERATIONS: readonly RunOperation[] = [
  { ...onRun('use', use('train'), finish), isOfNewest: true },
  onRun(
    'use two parts',
    use('train', { version: 1, split: PARTS.train, context: 'training' }),
    use('test', { version: 1, split: PARTS.test, where: gte('n', 1n), select: ['n', 'op'] }),
    finish,
  ),
  onRun('use and scan', use('all', { version: 1 }), async ({ used }) =>
    sorted((await used?.toArray()) ?? []),
  ),
  onRun(
    'log',
    async (caller) => await (await caller.run()).logParams({ depth: 3, lr: 0.1 }),
    async (caller) => await (await caller.run()).logMetrics({ loss: 1, auc: 0.5 }),
    async (caller) => await (await caller.run()).setTags({ stage: 'first' }),
    flush,
    async (caller) => await (await caller.run()).logMetrics({ loss: 0.5 }, { step: 1 }),
    finish,
  ),
  onRun(
    'log more than a buffer holds',
    async (caller) => await (await caller.run()).logMetrics(many(998)),
    async (caller) => await (await caller.run()).logMetrics({ loss: 0.5, auc: 0.5 }),
    async (caller) => await (await caller.run()).logMetrics({ loss: 0.25 }, { step: 1 }),
    finish,
  ),
  onRun(
    'log artifacts',
    async (caller) => await (await caller.run()).logArtifact('weights.bin', BYTES),
    async (caller) => await (await caller.run()).logArtifact('code', 'examples'),
    finish,
  ),
  onRun('fail', async (caller) => await (await caller.run()).finish('FAILED', NO_CONVERGENCE)),
  onRun('dispose', async (caller) => await (await caller.run())[Symbol.asyncDispose]()),
  { name: 'withRun', kind: 'whole', steps: [async (caller) => await wholeRun(caller, BYTES)] },
  {
    name: 'withRun that fails',
    kind: 'whole',
    mayHide: true,
    steps: [
      async (caller) => {
        try {
          return await wholeRun(caller, NO_CONVERGENCE);
        } catch (error) {
          if (error !== NO_CONVERGENCE) throw error;
          return 'its own error';
        }
      },
    ],
  },
  read('experiments', async (tracker) => await tracker.experiments()),
  read('run', async (tracker) => {
    const [last] = await tracker.search();
    return last === undefined ? 'none' : [...(await tracker.run(last.id)).metrics];
  }),
  read('search', async (tracker) => {
    const runs = await tracker.search({ experiment: EXPERIMENT, filter: 'metrics.loss > 0.1' });
    return runs.map(({ name, status }) => [name, status]);
  }),
  read('runsUsing', async (tracker, caller) => {
    const found: unknown[] = [];
    for await (const { run, input } of tracker.runsUsing(await caller.table(), { version: 1 })) {
      found.push([run.name, input]);
    }
    return found;
  }),
  read('inputs, reproduce', async (tracker) => {
    const found: unknown[] = [];
    for (const { id } of await tracker.search({ filter: "run_name = 'old'" })) {
      for await (const { name } of tracker.inputs(id)) found.push(name);
      for (const [name, input] of (await tracker.reproduce(id)).inputs) {
        found.push(name, input.digest, sorted(await input.scan().toArray()));
      }
    }
    return found;
  }),
  read('artifact', async (tracker) => {
    const [old] = await tracker.search({ filter: "run_name = 'old'" });
    if (old === undefined) return 'none';
    return new TextDecoder().decode(await tracker.artifact(old.id, 'notes.txt'));
  }),
];

async function wholeRun(caller: RunCaller, artifact: Uint8Array | Error): Promise<unknown> {
  const tracker = await caller.tracker();
  const table = await caller.table();
  return await tracker.withRun(NAMED, async (run) => {
    const { version, digest } = await run.use(table, {
      name: 'train',
      version: 1,
      split: PARTS.train,
    });
    await run.logParams({ depth: 3 });
    await run.logMetrics({ loss: 0.5 });
    if (artifact instanceof Error) throw artifact;
    await run.logArtifact('weights.bin', artifact);
    await run.flush();
    await run.logMetrics({ loss: 0.25 }, { step: 1 });
    return { version, digest };
  });
}

type Uses = Parameters<typeof Run.prototype.use<typeof SCHEMA, keyof typeof SCHEMA>>[1];

function use(name: string, options: Omit<Uses, 'name'> = {}): Step {
  return async (caller) => {
    const run = await caller.run();
    const used = await run.use(await caller.table(), { ...options, name });
    caller.used = used.scan();
    return { version: used.version, digest: used.digest };
  };
}

function onRun(name: string, ...steps: readonly Step[]): RunOperation {
  return { name, kind: 'run', steps };
}

function read(
  name: string,
  ask: (tracker: Tracker, caller: RunCaller) => Promise<unknown>,
): RunOperation {
  const steps = [async (caller: RunCaller) => await ask(await caller.tracker(), caller)];
  return { name, kind: 'read', steps };
}

function many(count: number): Readonly<Record<string, number>> {
  return Object.fromEntries(Array.from({ length: count }, (_, at) => [`m${at}`, at]));
}
