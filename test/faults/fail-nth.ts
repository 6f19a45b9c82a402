/**
 * R4: every public operation, on tables of every shape, with every call of its store going wrong in every way there is:
 * what was acknowledged is there once, what failed left nothing, and whoever comes next goes on as if nothing had
 * happened.
 */
import { seededNumbers } from '../../src/testing/index.js';
import { isAllowed, OPERATIONS, type Operation } from './fail-nth-operations.js';
import { golden, runPoint, type Swept } from './fail-nth-point.js';
import { allShapes, type Shape } from './fail-nth-shapes.js';
import { diskModes, diskWorld, type Modes, memoryWorld, storeModes } from './fail-nth-world.js';
import type { FaultLine, FaultOptions, Variant } from './line.js';

/** `share` of the points of a kind is drawn by the seed: a file is put by a dozen calls that are alike everywhere. */
const KINDS = [
  { name: 'store', open: memoryWorld, modes: storeModes, share: 1 },
  { name: 'disk', open: diskWorld, modes: diskModes, share: 0.1 },
] as const;

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
  for (const { swept, modes, name, share } of await sweeps(options.variant)) {
    if (random() >= some) continue;
    const expected = await golden(swept);
    for (const [at, call] of expected.calls.entries()) {
      for (const mode of modes(call)) {
        if (random() >= (options.scale * share) / some) continue;
        count++;
        const broken = [...(await runPoint(swept, expected, { at, mode }))];
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

/** Points in an order of the seed's, each as the rules that it broke, from a few sweeps that meet every kind of call. */
export async function* failingPoints(seed: number): AsyncGenerator<readonly string[]> {
  const random = seededNumbers(seed);
  const all = await sweeps();
  const writing = all.filter(({ swept: { operation } }) => operation.kind === 'commit');
  for (;;) {
    const sweep = writing[Math.floor(random() * writing.length)];
    if (sweep === undefined) return;
    const expected = await golden(sweep.swept);
    const at = Math.floor(random() * expected.calls.length);
    for (const mode of sweep.modes(expected.calls[at] ?? '')) {
      yield await runPoint(sweep.swept, expected, { at, mode });
    }
  }
}

interface Sweep {
  readonly swept: Swept;
  readonly modes: Modes;
  readonly name: string;
  readonly share: number;
}

/** With listings that are behind, what is read may be, too: then only commits are swept, which never may. */
async function sweeps(variant?: Variant): Promise<readonly Sweep[]> {
  const isSwept = ({ name, kind, needs }: Operation, shape: Shape): boolean =>
    (shape.operations === undefined || name in shape.operations) &&
    isAllowed(shape.allows, needs) &&
    (variant !== 'stale-lists' || kind === 'commit');
  const shapes = await allShapes();
  return KINDS.flatMap(({ name, open, modes, share }) =>
    shapes.flatMap((shape: Shape) =>
      OPERATIONS.filter((operation) => isSwept(operation, shape)).map(
        (operation: Operation): Sweep => ({
          swept: { shape, operation, open, variant },
          modes,
          share: share * (shape.operations?.[operation.name] ?? operation.share ?? 1),
          name: `${name}, ${shape.name}, ${operation.name}`,
        }),
      ),
    ),
  );
}
