/** Threads for Parquet work: started when there is big work, never in the way of the process's end. */
import { prepareWasm, startWorker, workerCount } from '#parquet-host';
import { InternalError } from '../../errors.js';
import type { CodecWorker, ParquetHost } from './host.js';
import { onAbort } from './on-abort.js';
import { type CodecOutcome, type CodecTask, runCodec } from './wasm-codec.js';

/** Beyond this many threads memory, not the processor, is what runs short. */
export const MAX_WORKERS = 4;

/** Work below this many bytes is done here and now: starting a thread would take longer. */
export const INLINE_MAX_BYTES: number = 2 * 1024 * 1024;

/** WebAssembly memory never shrinks: a thread that has grown beyond this is replaced once its task is done. */
export const WORKER_RECYCLE_BYTES: number = 512 * 1024 * 1024;

/** What a caller says of a task. */
export interface TaskContext {
  /** Uncompressed bytes of the work: decides between a thread and here. */
  readonly workBytes: number;
  readonly signal?: AbortSignal | undefined;
}

/** Does codec tasks; `bytes` of a task given to it belong to it. */
export interface CodecPool {
  /**
   * Does one task, in the order of the calls.
   * Rejects with the signal's reason when it is aborted, with InternalError when the thread dies with the task.
   */
  run(task: CodecTask, context: TaskContext): Promise<CodecOutcome>;
}

interface QueuedTask {
  readonly task: CodecTask;
  readonly resolve: (outcome: CodecOutcome) => void;
  readonly reject: (reason: unknown) => void;
}

interface Seat {
  worker: CodecWorker | undefined;
  current: QueuedTask | undefined;
}

/** A pool over one host's threads. */
export class WorkerPool implements CodecPool {
  readonly #host: ParquetHost;
  readonly #size: number;
  readonly #seats = new Set<Seat>();
  readonly #queue: QueuedTask[] = [];
  /** The module of this thread trapped; it cannot be replaced, as a thread can. */
  #hasTrapped = false;

  constructor(host: ParquetHost) {
    this.#host = host;
    this.#size = Math.min(host.workerCount(), MAX_WORKERS);
  }

  async run(task: CodecTask, { workBytes, signal }: TaskContext): Promise<CodecOutcome> {
    signal?.throwIfAborted();
    if (this.#size === 0 || (workBytes <= INLINE_MAX_BYTES && !this.#hasTrapped)) {
      await this.#host.prepareWasm();
      signal?.throwIfAborted();
      const outcome = runCodec(task);
      if (!outcome.ok && outcome.trapped) this.#hasTrapped = true;
      return outcome;
    }
    return await this.#enqueue(task, signal);
  }

  #enqueue(task: CodecTask, signal: AbortSignal | undefined): Promise<CodecOutcome> {
    return new Promise((resolve, reject) => {
      const abort = (): void => {
        const index = this.#queue.indexOf(queued);
        if (index >= 0) this.#queue.splice(index, 1);
        // A task in hand cannot be stopped; its outcome is then nobody's.
        reject(signal?.reason as Error);
      };
      const endWait = signal === undefined ? undefined : onAbort(signal, abort);
      const queued: QueuedTask = {
        task,
        resolve: (outcome) => {
          endWait?.();
          resolve(outcome);
        },
        reject: (reason) => {
          endWait?.();
          reject(reason);
        },
      };
      this.#queue.push(queued);
      this.#dispatch();
    });
  }

  #dispatch(): void {
    for (const seat of this.#seats) {
      if (seat.worker !== undefined && seat.current === undefined) this.#give(seat);
    }
    const starting = [...this.#seats].filter(({ worker }) => worker === undefined).length;
    const wanted = Math.min(this.#queue.length - starting, this.#size - this.#seats.size);
    for (let index = 0; index < wanted; index += 1) void this.#start();
  }

  #give(seat: Seat): void {
    const next = this.#queue.shift();
    if (next === undefined) return;
    seat.current = next;
    seat.worker?.hold(true);
    seat.worker?.send(next.task);
  }

  async #start(): Promise<void> {
    const seat: Seat = { worker: undefined, current: undefined };
    this.#seats.add(seat);
    try {
      seat.worker = await this.#host.startWorker({
        onOutcome: (outcome) => this.#settle(seat, outcome),
        onDeath: (reason) => this.#bury(seat, reason),
      });
      if (seat.worker === undefined) throw new InternalError({ message: 'no thread was started' });
      this.#dispatch();
    } catch (error) {
      this.#seats.delete(seat);
      // With no thread left to take it, queued work would wait forever.
      if (this.#seats.size === 0) for (const { reject } of this.#queue.splice(0)) reject(error);
    }
  }

  #settle(seat: Seat, outcome: CodecOutcome): void {
    const done = seat.current;
    seat.current = undefined;
    seat.worker?.hold(false);
    if (outcome.wasmBytes > WORKER_RECYCLE_BYTES || (!outcome.ok && outcome.trapped)) {
      this.#seats.delete(seat);
      seat.worker?.stop();
    }
    done?.resolve(outcome);
    this.#dispatch();
  }

  #bury(seat: Seat, reason: unknown): void {
    if (!this.#seats.delete(seat)) return;
    seat.current?.reject(
      new InternalError({ message: 'a Parquet worker thread ended in its work', cause: reason }),
    );
    seat.current = undefined;
    this.#dispatch();
  }
}

let shared: WorkerPool | undefined;

/** The pool of this process, made at its first use. */
export function sharedPool(): CodecPool {
  shared ??= new WorkerPool({ prepareWasm, startWorker, workerCount });
  return shared;
}
