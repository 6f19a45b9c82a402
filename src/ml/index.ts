/**
 * Which version of which table fed each training run, recorded and kept.
 *
 * @example
 * ```ts
 * import { hashSplit, Tracker } from 'varve/ml';
 *
 * const tracker = await Tracker.open('./lake');
 * const parts = hashSplit({ key: ['id'], parts: { train: 0.8, test: 0.2 } });
 * await tracker.withRun({ experiment: 'penguins' }, async (run) => {
 *   const train = await run.use(table, { name: 'train', split: parts.train });
 *   for await (const row of train.scan()) fit(row);
 *   await run.logMetrics({ auc: 0.93 });
 * });
 * ```
 *
 * @packageDocumentation
 */
export type { InputRecord } from './input-record.js';
export type { Reproduction } from './reproduce.js';
export { Run } from './run.js';
export type { RunInput } from './run-input.js';
export type { MetricPoint, RunRecord, RunStatus, SourceVersion } from './run-record.js';
export { type HashSplitOptions, hashSplit, type RowSplit } from './split.js';
export {
  type Experiment,
  type RunUse,
  type SearchOptions,
  type StartRunOptions,
  Tracker,
} from './tracker.js';
export type { UseOptions } from './use-input.js';
