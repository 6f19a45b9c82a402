/** The sweeps of a tracker: what was recorded is there once, with what it read, and nothing else is. */
import { allLakes } from './fail-nth-lakes.js';
import { RUN_OPERATIONS, type RunOperation } from './fail-nth-run-operations.js';
import { goldenRun, runRunPoint, type SweptRun } from './fail-nth-run-point.js';
import { KINDS, type Sweep } from './fail-nth-sweep.js';
import type { Variant } from './line.js';

/** A point takes three times as long as one of a table: it reads all runs, decoding their rows. */
const SHARE = 0.1;

/** With listings that are behind, what is read may be, too: then only writing is swept. */
export async function runSweeps(variant?: Variant): Promise<readonly Sweep[]> {
  const isSwept = ({ kind, isOfNewest = false }: RunOperation): boolean =>
    variant !== 'stale-lists' || (kind !== 'read' && !isOfNewest);
  const lakes = await allLakes();
  return KINDS.flatMap(({ name, open, modes, share }) =>
    lakes.flatMap((lake) =>
      RUN_OPERATIONS.filter(isSwept).map((operation): Sweep => {
        const swept: SweptRun = { lake, operation, open, variant };
        return {
          name: `${name}, ${lake.name} lake, ${operation.name}`,
          modes,
          share: share * SHARE,
          isWriting: operation.kind !== 'read',
          begin: async () => {
            const golden = await withoutGit(() => goldenRun(swept));
            return {
              calls: golden.calls,
              run: async (point) => await withoutGit(() => runRunPoint(swept, golden, point)),
            };
          },
        };
      }),
    ),
  );
}

/**
 * Looking for the commit of the code takes two processes a run, which is longer than all the rest. No process can begin
 * with this environment, so none does. A point ends though its run was killed, and then the environment is back.
 */
async function withoutGit<T>(work: () => Promise<T>): Promise<T> {
  const { env } = process;
  process.env = { PATH: '\0' };
  try {
    return await work();
  } finally {
    process.env = env;
  }
}
