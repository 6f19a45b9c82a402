/** One point of a tracker's sweep: calls of which one goes wrong, and what the lake's runs must be afterwards. */
import { circumstances } from './circumstances.js';
import { type Ending, end, FAULT_CODES } from './fail-nth-ending.js';
import {
  EXPERIMENT,
  inOrder,
  LAKE_URL,
  type Lake,
  look,
  type Seen,
  SWEPT,
  type ToldRun,
  text,
} from './fail-nth-lakes.js';
import { RunCaller, type RunOperation } from './fail-nth-run-operations.js';
import { Injector, type OpenWorld, type Point, settled, type World } from './fail-nth-world.js';
import type { Variant } from './line.js';

export interface SweptRun {
  readonly lake: Lake;
  readonly operation: RunOperation;
  readonly open: OpenWorld;
  readonly variant?: Variant | undefined;
}

/** How an operation goes when nothing goes wrong. */
export interface GoldenRun {
  /** What the caller is told. */
  readonly told: string;
  /** The lake's runs before the first step, and after each. */
  readonly after: readonly string[];
  /** The run that the operation is about, at its end; none when it only reads. */
  readonly made: readonly ToldRun[];
  readonly calls: readonly string[];
}

const NEXT = 'next';

/** Runs the operation without a fault, looking after each step. */
export async function goldenRun(swept: SweptRun): Promise<GoldenRun> {
  const { operation, lake } = swept;
  const world = await swept.open(lake.objects, LAKE_URL);
  const injector = new Injector();
  const who = caller(swept, world, injector);
  const after = [text((await look(world)).runs)];
  let made: readonly ToldRun[] = [];
  for (let taken = 1; taken <= operation.steps.length; taken++) {
    await who.goOn(operation.steps.slice(0, taken));
    const { runs } = await look(world);
    after.push(text(runs));
    made = runs.filter(({ name }) => name === SWEPT);
  }
  return { told: text(who.told), after, made, calls: [...injector.calls] };
}

/** Runs one point; every rule that it breaks. */
export async function runRunPoint(
  swept: SweptRun,
  golden: GoldenRun,
  point: Point,
): Promise<readonly string[]> {
  const { operation, lake } = swept;
  const world = await swept.open(lake.objects, LAKE_URL);
  const injector = new Injector(point);
  const who = caller(swept, world, injector);
  const ending = await end(who.goOn(operation.steps), injector, FAULT_CODES);
  await settled();
  injector.disarm();
  const broken: string[] = [];
  if (ending.kind === 'wrong') broken.push(ending.what);
  if (ending.kind !== 'crashed' && world.openCount() > 0) broken.push('descriptors stay open');
  try {
    const met = { world, who, ending, point };
    const judge = operation.kind === 'read' ? judgeRead : judgeRun;
    broken.push(...(await judge(swept, golden, met)));
    if (ending.kind === 'told' && ending.told !== golden.told) {
      broken.push(`told ${ending.told}, not ${golden.told}`);
    }
  } catch (error) {
    broken.push(`what comes next fails: ${String(error)}`);
  }
  return broken;
}

function caller({ variant }: SweptRun, world: World, injector: Injector): RunCaller {
  return new RunCaller(circumstances(world.process(injector), variant));
}

interface Met {
  readonly world: World;
  readonly who: RunCaller;
  readonly ending: Ending;
  readonly point: Point;
}

/** Reading writes nothing, and can be done again. */
async function judgeRead(
  { operation, lake }: SweptRun,
  golden: GoldenRun,
  { world, who, ending }: Met,
): Promise<readonly string[]> {
  const broken: string[] = [];
  for await (const { key } of world.store.list('')) {
    if (!lake.objects.has(key)) broken.push(`reading left ${key}`);
  }
  if (ending.kind !== 'failed') return broken;
  await who.goOn(operation.steps);
  if (text(who.told) !== golden.told) broken.push(`told ${text(who.told)}, not ${golden.told}`);
  return broken;
}

/** What is there after the fault, and after whoever was told of a failure has made the call again. */
async function judgeRun(
  swept: SweptRun,
  golden: GoldenRun,
  { world, who, ending, point }: Met,
): Promise<readonly string[]> {
  const { operation } = swept;
  const { kind } = ending;
  const isAgain = kind === 'failed' || kind === 'unknown';
  // A crash leaves the lake to another process.
  if (kind === 'crashed') await nextRun(caller(swept, world, new Injector()));
  const seen = await look(world);
  const found = seen.runs.filter(({ name }) => name !== NEXT);
  const broken = kind === 'crashed' && !hasNext(seen) ? ['the next run is not there'] : [];
  const last = golden.after.at(-1) ?? '';
  if (operation.kind === 'whole' && (kind !== 'told' || operation.mayHide)) {
    if (text(found) !== last) broken.push(...judgeRemnant(found, golden));
  } else {
    const isEither = kind === 'crashed' || kind === 'unknown';
    const allowed = golden.after.slice(who.taken, who.taken + (isEither ? 2 : 1));
    if (!allowed.includes(text(found))) {
      const after = `${kind} after step ${who.taken}`;
      broken.push(`${after}: the runs are ${text(found)}, not ${allowed.join(' or ')}`);
    }
  }
  if (kind === 'failed' && point.mode !== 'for ever' && point.mode !== 'late request') {
    broken.push(...seen.sparePins.map((pin) => `left the pin ${pin}, which keeps no input`));
  }
  if (!isAgain) return broken;
  // One caller in two gives up on a call that failed, where more was to follow, and ends the run.
  const givesUp = operation.kind === 'run' && who.taken + 1 < operation.steps.length;
  const next =
    givesUp && point.at % 2 === 1
      ? await giveUp(who, world, seen)
      : await makeAgain(swept, golden, { who, world, found });
  return [...broken, ...next];
}

async function makeAgain(
  { operation }: SweptRun,
  golden: GoldenRun,
  { who, world, found }: Pick<Met, 'who' | 'world'> & { readonly found: readonly ToldRun[] },
): Promise<readonly string[]> {
  await who.goOn(operation.steps);
  const { runs } = await look(world);
  const isAnother = operation.kind === 'whole';
  const wanted = isAnother ? text(inOrder([...found, ...golden.made])) : golden.after.at(-1);
  const broken = text(runs) === wanted ? [] : [`made again: ${text(runs)}, not ${wanted}`];
  if (text(who.told) !== golden.told) broken.push(`told ${text(who.told)}, not ${golden.told}`);
  return broken;
}

/** What failed is not recorded by what is written later. */
async function giveUp(who: RunCaller, world: World, before: Seen): Promise<readonly string[]> {
  await (await who.run()).finish();
  const { runs } = await look(world);
  const run = runs.find(({ name }) => name === SWEPT);
  const inputs = before.runs.find(({ name }) => name === SWEPT)?.inputs ?? [];
  if (run?.status === 'FINISHED' && text(run.inputs) === text(inputs)) return [];
  return [`given up: the run is ${text(run)}, its inputs were ${text(inputs)}`];
}

/** What a run that did not come to its end left: nothing, or a part of it that nobody takes for the whole. */
function judgeRemnant(found: readonly ToldRun[], golden: GoldenRun): readonly string[] {
  const { made, after } = golden;
  const [run] = made;
  const remnants = found.filter(({ name }) => name === SWEPT);
  const rest = found.filter(({ name }) => name !== SWEPT);
  const broken: string[] = [];
  if (text(rest) !== after[0]) broken.push(`the runs before are ${text(rest)}, not ${after[0]}`);
  if (remnants.length > 1) broken.push('one run was recorded as several');
  for (const remnant of remnants) {
    const { status, error } = remnant;
    const isEnded = status === 'FAILED' ? error !== null : status === 'RUNNING';
    if (!isEnded) broken.push(`what is left is ${status} with ${String(error)}`);
    for (const key of ['params', 'tags', 'inputs', 'artifacts'] as const) {
      const odd = remnant[key].filter((item) => run?.[key].includes(item) !== true);
      broken.push(...odd.map((item) => `what is left has of ${key} ${item}`));
    }
  }
  return broken;
}

async function nextRun(who: RunCaller): Promise<void> {
  const tracker = await who.tracker();
  await tracker.withRun({ experiment: EXPERIMENT, name: NEXT }, (run) =>
    run.logMetrics({ next: 1 }),
  );
}

function hasNext({ runs }: Seen): boolean {
  return runs.some(({ name, status }) => name === NEXT && status === 'FINISHED');
}
