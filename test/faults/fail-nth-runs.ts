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
            const golden = await goldenRun(swept);
            const { calls } = golden;
            return { calls, run: async (point) => await runRunPoint(swept, golden, point) };
          },
        };
      }),
    ),
  );
}
