/**
 * R4: every public operation, on tables of every shape, with every call of its store going wrong in every way there is:
 * what was acknowledged is there once, what failed left nothing, and whoever comes next goes on as if nothing had
 * happened.
 */
import { seededNumbers } from '../../src/testing/index.js';
import { isAllowed, OPERATIONS, type Operation } from './fail-nth-operations.js';
import { golden, runPoint, type Swept } from './fail-nth-point.js';
import { runSweeps } from './fail-nth-runs.js';
import { allShapes, type Shape } from './fail-nth-shapes.js';
import { KINDS, type Sweep } from './fail-nth-sweep.js';
import type { FaultLine, FaultOptions, Variant } from './line.js';

export async function failNth(options: FaultOptions): Promise<FaultLine> {
  // Planned failures are many, and where they come from is known.
  Error.stackTraceLimit = 0;
  const violations: string[] = [];
  let rejected = 0;
  const onRejection = (): void => void rejected++;
  process.on('unhandledRejection', onRejection);
  const random = seededNumbers(options.seed);
  let count = 0;
  // What a sweep costs before its first point is not paid for one point.
  const some = Math.min(1, options.scale * 4);
  const { variant } = options;
  const sweeps = [...(await tableSweeps(variant)), ...(await runSweeps(variant))];
  for (const { begin, modes, name, share } of sweeps) {
    if (random() >= some) continue;
    const begun = await begin();
    for (const [at, call] of begun.calls.entries()) {
      for (const mode of modes(call)) {
        if (random() >= (options.scale * share) / some) continue;
        count++;
        const broken = [...(await begun.run({ at, mode }).catch((error) => [String(error)]))];
        if (rejected > 0) broken.push(`${rejected} unhandled rejections`);
        rejected = 0;
        const where = `${name}, call ${at} (${call}) ${mode}`;
        violations.push(...broken.map((what) => `${where}: ${what}`));
      }
    }
  }
  process.off('unhandledRejection', onRejection);
  return { id: 'R4', what: 'failing calls', count, seed: options.seed, violations };
}

/** Points of what writes to tables, in an order of the seed's, each as the rules that it broke. */
export async function* failingPoints(seed: number): AsyncGenerator<readonly string[]> {
  yield* drawnPoints(seed, await tableSweeps());
}

/** The same of what a tracker writes. */
export async function* failingRunPoints(seed: number): AsyncGenerator<readonly string[]> {
  yield* drawnPoints(seed, await runSweeps());
}

async function* drawnPoints(
  seed: number,
  sweeps: readonly Sweep[],
): AsyncGenerator<readonly string[]> {
  const random = seededNumbers(seed);
  const writing = sweeps.filter(({ isWriting }) => isWriting);
  for (;;) {
    const sweep = writing[Math.floor(random() * writing.length)];
    if (sweep === undefined) return;
    const { calls, run } = await sweep.begin();
    const at = Math.floor(random() * calls.length);
    for (const mode of sweep.modes(calls[at] ?? '')) yield await run({ at, mode });
  }
}

/** With listings that are behind, what is read may be, too: then only commits are swept, which never may. */
async function tableSweeps(variant?: Variant): Promise<readonly Sweep[]> {
  const isSwept = ({ name, kind, needs }: Operation, shape: Shape): boolean =>
    (shape.operations === undefined || name in shape.operations) &&
    isAllowed(shape.allows, needs) &&
    (variant !== 'stale-lists' || kind === 'commit');
  const shapes = await allShapes();
  return KINDS.flatMap(({ name, open, modes, share }) =>
    shapes.flatMap((shape: Shape) =>
      OPERATIONS.filter((operation) => isSwept(operation, shape)).map((operation): Sweep => {
        const swept: Swept = { shape, operation, open, variant };
        const begin = async (): ReturnType<Sweep['begin']> => {
          const expected = await golden(swept);
          const { calls } = expected;
          return { calls, run: async (point) => await runPoint(swept, expected, point) };
        };
        const isWriting = operation.kind === 'commit';
        return {
          name: `${name}, ${shape.name}, ${operation.name}`,
          modes,
          share: share * (shape.operations?.[operation.name] ?? operation.share ?? 1),
          isWriting,
          begin,
        };
      }),
    ),
  );
}
