/** What a run reads from: the pinned version of a table, with the columns, condition and split that were recorded. */
import type {
  ArrowBatch,
  ArrowTable,
  BatchOptions,
  CallOptions,
  Predicate,
  Scan,
  ScanMetrics,
  ScanOptions,
  ScanPlan,
  Snapshot,
} from '../index.js';
import { type RowSplit, splitFilter } from './split.js';

/** A recorded input, ready to be read: any number of times, always the same rows in the same order. */
export interface RunInput<R> {
  readonly name: string;
  readonly version: number;
  /** Equal digests mean the same rows in the same order. */
  readonly digest: string;
  /** The rows, not read yet. */
  scan(options?: CallOptions): Scan<R>;
}

/** Which rows and columns of a version. */
export interface InputSelection {
  readonly where?: Predicate | undefined;
  readonly select?: readonly string[] | undefined;
  readonly split?: RowSplit | undefined;
}

/** The input that reads `selection` of `snapshot`. */
export function runInput<R>(
  facts: { readonly name: string; readonly digest: string },
  snapshot: Snapshot<Readonly<Record<string, unknown>>>,
  selection: InputSelection,
): RunInput<R> {
  return {
    name: facts.name,
    digest: facts.digest,
    version: snapshot.version,
    scan: (options = {}) => new SelectedScan<R>(snapshot, selection, options),
  };
}

/** A scan whose row filter is made when it is first needed, since hashing is loaded asynchronously. */
class SelectedScan<R> implements Scan<R> {
  readonly #make: () => Promise<Scan<R>>;
  #begun: Scan<R> | undefined;

  constructor(
    snapshot: Snapshot<Readonly<Record<string, unknown>>>,
    { where, select, split }: InputSelection,
    options: CallOptions,
  ) {
    this.#make = async () => {
      const scan: ScanOptions<Readonly<Record<string, unknown>>> = {
        ...options,
        ...(where === undefined ? {} : { where: where }),
        ...(select === undefined ? {} : { select }),
        ...(split === undefined ? {} : { rowFilter: await splitFilter(split) }),
      };
      this.#begun = snapshot.scan(scan) as unknown as Scan<R>;
      return this.#begun;
    };
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<R, void, undefined> {
    yield* await this.#make();
  }

  async *batches(options?: BatchOptions): AsyncGenerator<ArrowBatch, void, undefined> {
    yield* (await this.#make()).batches(options);
  }

  async toArray(): Promise<R[]> {
    return await (await this.#make()).toArray();
  }

  async toArrow(): Promise<ArrowTable> {
    return await (await this.#make()).toArrow();
  }

  async toIPC(): Promise<Uint8Array> {
    return await (await this.#make()).toIPC();
  }

  async count(): Promise<number> {
    return await (await this.#make()).count();
  }

  async plan(): Promise<ScanPlan> {
    return await (await this.#make()).plan();
  }

  metrics(): ScanMetrics | undefined {
    return this.#begun?.metrics();
  }
}
