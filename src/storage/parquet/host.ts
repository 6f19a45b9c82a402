/**
 * What differs between Node and a browser: where parquet-wasm's module comes from, and whether there are threads.
 * `#parquet-host` is host-node.ts under Node and host-web.ts elsewhere; both export a {@link ParquetHost}'s members.
 */
import type { CodecOutcome, CodecTask } from './wasm-codec.js';

/** One thread that does codec tasks, one at a time. */
export interface CodecWorker {
  /** Hands over a task. The buffers of its bytes are moved, and are empty here afterwards. */
  send(task: CodecTask): void;
  /** Whether the worker keeps the process alive. */
  hold(isHeld: boolean): void;
  /** Ends the thread. */
  stop(): void;
}

/** What a worker tells its pool. */
export interface WorkerEvents {
  onOutcome(outcome: CodecOutcome): void;
  /** The thread is gone, with or without a task in hand. */
  onDeath(reason: unknown): void;
}

export interface ParquetHost {
  /** Makes parquet-wasm ready in this thread; compiles it at the first call only. */
  prepareWasm(): Promise<void>;
  /** How many threads are of use here; 0 where there can be none. */
  workerCount(): number;
  /** Starts a thread, or answers undefined where there can be none. */
  startWorker(events: WorkerEvents): Promise<CodecWorker | undefined>;
}
