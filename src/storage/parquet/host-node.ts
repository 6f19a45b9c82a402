/** Node: the module is compiled once from its file and shared with worker threads. */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { parentPort, Worker, workerData } from 'node:worker_threads';
import { initSync } from 'parquet-wasm/esm';
import { InternalError } from '../../errors.js';
import type { CodecWorker, WorkerEvents } from './host.js';
import { buffersOf, type CodecOutcome, type CodecTask } from './wasm-codec.js';

/** What we use of a global that neither our `lib` nor Node's types declare. */
interface WebAssemblyGlobal {
  readonly WebAssembly: { compile(bytes: Uint8Array): Promise<WasmModule> };
}

interface WasmModule {
  readonly [Symbol.toStringTag]: string;
}

let compiled: Promise<WasmModule> | undefined;

/** Makes parquet-wasm ready in this thread; compiles it at the first call only. */
export async function prepareWasm(): Promise<void> {
  initSync({ module: await compile() });
}

/** One for each processor that this process may use; none where the worker's file is missing (a bundled program). */
export function workerCount(): number {
  return workerFile === undefined ? 0 : availableParallelism();
}

/** Starts a thread with the compiled module. */
export async function startWorker(events: WorkerEvents): Promise<CodecWorker | undefined> {
  if (workerFile === undefined) return undefined;
  // Flags of the process are not for a file of ours: --input-type ends the thread, --import runs the caller's code again.
  const worker = new Worker(workerFile, { workerData: { module: await compile() }, execArgv: [] });
  worker.on('message', (outcome: CodecOutcome) => events.onOutcome(outcome));
  worker.on('error', (error) => events.onDeath(error));
  worker.on('exit', (code) => events.onDeath(`exit code ${code}`));
  worker.unref();
  return {
    send: (task) => worker.postMessage(task, buffersOf(task).map(transferable)),
    hold: (isHeld) => (isHeld ? worker.ref() : worker.unref()),
    stop: () => void worker.terminate(),
  };
}

/** The other end: inside a worker, answers each task that the pool sends. */
export function serveTasks(run: (task: CodecTask) => CodecOutcome): void {
  const port = parentPort;
  if (port === null) throw new InternalError({ message: 'a codec worker runs outside a thread' });
  initSync({ module: (workerData as { readonly module: WasmModule }).module });
  port.on('message', (task: CodecTask) => {
    const outcome = run(task);
    port.postMessage(outcome, outcome.ok ? buffersOf(outcome.result).map(transferable) : []);
  });
}

/** Beside this file when built; when run from source, a test for example, in the build. */
const workerFile: URL | undefined = ['./worker.js', '../../../dist/storage/parquet/worker.js']
  .map((path) => new URL(path, import.meta.url))
  .find((url) => existsSync(url));

function compile(): Promise<WasmModule> {
  compiled ??= load().catch((cause: unknown) => {
    compiled = undefined;
    throw new InternalError({ message: 'parquet-wasm cannot be loaded', cause });
  });
  return compiled;
}

async function load(): Promise<WasmModule> {
  const { resolve } = createRequire(import.meta.url);
  const bytes = await readFile(resolve('parquet-wasm/esm/parquet_wasm_bg.wasm'));
  return await (globalThis as unknown as WebAssemblyGlobal).WebAssembly.compile(bytes);
}

/** Both sides make their buffers for the transfer, so that moving them takes nothing else along. */
function transferable(bytes: Uint8Array): ArrayBuffer {
  const { buffer, byteLength } = bytes;
  if (buffer instanceof ArrayBuffer && buffer.byteLength === byteLength) return buffer;
  throw new InternalError({ message: 'codec bytes do not own their buffer' });
}
