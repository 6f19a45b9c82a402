/** A commit that no verb makes yet, built as a verb would build it. */

import { reconcileKey } from '../../src/log/action-path.js';
import type { Action } from '../../src/log/actions.js';
import { NOTHING_READ } from '../../src/log/conflict.js';
import { removeOf } from '../../src/log/remove-file.js';
import { commitWrite } from '../../src/table/commit-write.js';
import { dataFiles } from '../../src/table/data-files.js';
import { eq } from '../../src/table/expression/builders.js';
import { inputBatches } from '../../src/table/input.js';
import { NO_METRICS } from '../../src/table/outcome.js';
import type { Commit } from '../../src/table/results.js';
import { snapshotAt } from '../../src/table/snapshot.js';
import type { TableState } from '../../src/table/table-state.js';
import { fileTarget, writeFiles } from '../../src/table/write-files.js';

/** Writes the files of a part together into one. */
export async function compact(state: TableState, part: string, op: string): Promise<Commit> {
  return await commitWrite(
    state,
    {},
    {
      plan: async (base) => {
        const nowMs = state.environment.clock.now();
        const inPart = dataFiles(base).filter(({ key }) => key.startsWith(`part=${part}/`));
        const old = await Promise.all(inPart.map(({ entry }) => entry.add()));
        const snapshot = await snapshotAt<{ op: string; part: string; slot: bigint }>(
          { state, asNumber: new Set() },
          { version: base.version },
          {},
        );
        const rows = await snapshot.scan({ where: eq('part', part) }).toArray();
        const target = fileTarget(state, base, 'optimize');
        const written = await writeFiles(target, inputBatches(rows, base.schema, undefined), {});
        const removes = old.map((add): Action => {
          return { kind: 'remove', remove: { ...removeOf(add, nowMs), dataChange: false } };
        });
        const adds = written.adds.map((add): Action => {
          return { kind: 'add', add: { ...add, dataChange: false } };
        });
        return {
          actions: [...removes, ...adds],
          reads: {
            ...NOTHING_READ,
            matches: (add) => add.partitionValues.get('part') === part,
            files: new Set(old.map(({ path }) => reconcileKey(path, base.url))),
          },
          // The step's name goes along where no row can carry it.
          described: {
            operation: 'OPTIMIZE',
            operationParameters: { op },
            operationMetrics: {},
            losesRowIds: true,
          },
          keys: written.keys,
          metrics: NO_METRICS,
        };
      },
      advice: 'compact again',
    },
  );
}
