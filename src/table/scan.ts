/** Reading rows: a lazy description first, I/O only when it is iterated, stopped when the loop is left. */

import type { RecordBatch } from 'apache-arrow';
import { z } from 'zod';
import { InvalidArgumentError } from '../errors.js';
import type { StructType } from '../log/schema/types.js';
import type { Snapshot as LogSnapshot } from '../log/table-snapshot.js';
import type { ArrowBatch, ArrowTable } from './arrow-shape.js';
import { callOptions, checkOptions } from './call-options.js';
import { countRows } from './count.js';
import type { MetadataColumn } from './metadata-row.js';
import { latestSnapshot } from './open.js';
import type { CallOptions } from './options.js';
import { rowDecoder } from './row/row-decoder.js';
import { tableOf, tableToIPC } from './scan-arrow.js';
import { scanBatches } from './scan-batches.js';
import { ScanMeter } from './scan-meter.js';
import { planScan, publicPlan, type VersionScan } from './scan-plan.js';
import type {
  BatchOptions,
  RowFilter,
  Scan,
  ScanMetrics,
  ScanOptions,
  ScanPlan,
} from './scan-types.js';
import type { TableHandle } from './table-state.js';

const optionsOf = z.strictObject({
  ...callOptions,
  where: z.unknown().optional(),
  select: z.array(z.string()).optional(),
  limit: z.number().int().min(0).optional(),
  rowFilter: z
    .strictObject({
      columns: z.array(z.string()).min(1),
      keep: z.custom<RowFilter['keep']>((value) => typeof value === 'function'),
    })
    .optional(),
});
const batchOptionsOf = z.strictObject({ maxRows: z.number().int().min(1).optional() });

/** A scan of `snapshot`, or of whatever is the newest when it is run. */
export function lazyScan<R, P>(
  handle: TableHandle,
  snapshot: LogSnapshot | undefined,
  options: ScanOptions<R, keyof R | MetadataColumn>,
): Scan<P> {
  const checked = checkedScan(options);
  const { signal } = checked;
  const planned = async (): Promise<VersionScan> => {
    const at = snapshot ?? (await latestSnapshot(handle.state, signal));
    return planScan(at, checked);
  };
  return new LazyScan<P>(handle, planned, checked);
}

/** @throws InvalidArgumentError when they cannot be options of a scan */
export function checkScan(options: object): void {
  checkedScan(options);
}

function checkedScan(options: object): z.output<typeof optionsOf> {
  const checked = checkOptions('scan', optionsOf, options);
  if ('where' in options && options.where === undefined) throw whereUndefined();
  return checked;
}

/** `where: undefined` is a mistake of the caller's, never "all rows". */
function whereUndefined(): InvalidArgumentError {
  return new InvalidArgumentError({
    message: 'scan: where is undefined; leave it out, or say everyRow, to read every row',
    option: 'where',
    expected: 'a condition',
  });
}

class LazyScan<P> implements Scan<P> {
  readonly #handle: TableHandle;
  readonly #planned: () => Promise<VersionScan>;
  readonly #options: CallOptions;
  /** Of the reading that began last. */
  #meter: ScanMeter | undefined;

  constructor(handle: TableHandle, planned: () => Promise<VersionScan>, options: CallOptions) {
    this.#handle = handle;
    this.#planned = planned;
    this.#options = options;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<P, void, undefined> {
    const plan = await this.#planned();
    const rowsOf = this.#decoder(plan.output);
    for await (const batch of this.#run(plan)) {
      yield* rowsOf(batch);
    }
  }

  async *batches(options: BatchOptions = {}): AsyncGenerator<ArrowBatch, void, undefined> {
    const { maxRows } = checkOptions('batches', batchOptionsOf, options);
    for await (const batch of this.#run(await this.#planned())) {
      const step = maxRows ?? batch.numRows;
      for (let from = 0; from < batch.numRows; from += step) {
        yield batch.slice(from, Math.min(from + step, batch.numRows));
      }
    }
  }

  async toArray(): Promise<P[]> {
    const rows: P[] = [];
    for await (const row of this) rows.push(row);
    return rows;
  }

  async toArrow(): Promise<ArrowTable> {
    return tableOf(...(await this.#everything()));
  }

  async toIPC(): Promise<Uint8Array> {
    return tableToIPC(...(await this.#everything()));
  }

  async count(): Promise<number> {
    const plan = await this.#planned();
    this.#meter = new ScanMeter(plan);
    return await countRows(plan, this.#options, this.#meter);
  }

  async plan(): Promise<ScanPlan> {
    return publicPlan(await this.#planned());
  }

  metrics(): ScanMetrics | undefined {
    return this.#meter?.metrics();
  }

  #run(plan: VersionScan): AsyncGenerator<RecordBatch, void, undefined> {
    this.#meter = new ScanMeter(plan);
    return scanBatches(plan, this.#options, this.#meter);
  }

  async #everything(): Promise<[StructType, RecordBatch[]]> {
    const plan = await this.#planned();
    const batches: RecordBatch[] = [];
    for await (const batch of this.#run(plan)) batches.push(batch);
    return [plan.output, batches];
  }

  #decoder(output: StructType): (batch: RecordBatch) => Iterable<P> {
    return rowDecoder(output, { asNumber: this.#handle.asNumber }) as never;
  }
}
