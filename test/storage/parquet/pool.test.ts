import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { CodecWorker, ParquetHost, WorkerEvents } from '../../../src/storage/parquet/host.js';
import { prepareWasm } from '../../../src/storage/parquet/host-node.js';
import {
  INLINE_MAX_BYTES,
  MAX_WORKERS,
  WORKER_RECYCLE_BYTES,
  WorkerPool,
} from '../../../src/storage/parquet/pool.js';
import type {
  CodecOutcome,
  CodecResult,
  CodecTask,
} from '../../../src/storage/parquet/wasm-codec.js';

const task = (numRows: number): CodecTask => ({
  kind: 'decode',
  file: new Uint8Array(1),
  chunks: [],
  numRows,
});

const result: CodecResult = { bytes: new Uint8Array(0), columns: undefined };
const done: CodecOutcome = { ok: true, result, wasmBytes: 0 };
const big = { workBytes: INLINE_MAX_BYTES + 1 };

class FakeWorker implements CodecWorker {
  readonly tasks: CodecTask[] = [];
  isHeld = false;
  isStopped = false;
  readonly events: WorkerEvents;
  constructor(events: WorkerEvents) {
    this.events = events;
  }
  send(sent: CodecTask): void {
    this.tasks.push(sent);
  }
  hold(isHeld: boolean): void {
    this.isHeld = isHeld;
  }
  stop(): void {
    this.isStopped = true;
  }
}

const hostOf = (workerCount: number) => {
  const workers: FakeWorker[] = [];
  let prepared = 0;
  const host: ParquetHost = {
    prepareWasm: () => {
      prepared += 1;
      return prepareWasm();
    },
    workerCount: () => workerCount,
    startWorker: (events) => {
      const worker = new FakeWorker(events);
      workers.push(worker);
      return Promise.resolve(worker);
    },
  };
  return { host, workers, prepared: () => prepared };
};

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('WorkerPool', () => {
  it('does small work here and starts no thread for it', async () => {
    const { host, workers, prepared } = hostOf(4);
    const outcome = await new WorkerPool(host).run(task(1), { workBytes: INLINE_MAX_BYTES });
    expect(outcome.ok).toBe(false);
    expect(prepared()).toBe(1);
    expect(workers).toEqual([]);
  });

  it('does all work here where there are no threads', async () => {
    const { host, prepared } = hostOf(0);
    await new WorkerPool(host).run(task(1), big);
    expect(prepared()).toBe(1);
  });

  it('starts as many threads as there is work, up to its size, and keeps the order', async () => {
    const { host, workers } = hostOf(2);
    const pool = new WorkerPool(host);
    const running = [1, 2, 3, 4].map((rows) => pool.run(task(rows), big));
    await settled();
    expect(workers.map(({ tasks }) => tasks.map(({ numRows }) => numRows))).toEqual([[1], [2]]);
    workers[1]?.events.onOutcome(done);
    expect(await running[1]).toBe(done);
    expect(workers[1]?.tasks.map(({ numRows }) => numRows)).toEqual([2, 3]);
  });

  it('never has more threads than its maximum', async () => {
    const { host, workers } = hostOf(64);
    const pool = new WorkerPool(host);
    for (let index = 0; index < 20; index += 1) void pool.run(task(index), big);
    await settled();
    expect(workers).toHaveLength(MAX_WORKERS);
  });

  it('holds the process only while a thread works', async () => {
    const { host, workers } = hostOf(1);
    const running = new WorkerPool(host).run(task(1), big);
    await settled();
    expect(workers[0]?.isHeld).toBe(true);
    workers[0]?.events.onOutcome(done);
    await running;
    expect(workers[0]?.isHeld).toBe(false);
  });

  it('fails the task of a thread that dies, and goes on with another thread', async () => {
    const { host, workers } = hostOf(1);
    const pool = new WorkerPool(host);
    const first = pool.run(task(1), big);
    const second = pool.run(task(2), big);
    await settled();
    workers[0]?.events.onDeath('exit code 7');
    workers[0]?.events.onDeath('again');
    await expect(first).rejects.toMatchObject({ code: 'INTERNAL', cause: 'exit code 7' });
    await settled();
    expect(workers).toHaveLength(2);
    workers[1]?.events.onOutcome(done);
    expect(await second).toBe(done);
  });

  it('replaces a thread that trapped or grew too large, and gives its answer all the same', async () => {
    for (const outcome of [
      { ok: false, message: 'unreachable', trapped: true, wasmBytes: 0 },
      { ...done, wasmBytes: WORKER_RECYCLE_BYTES + 1 },
    ] as const) {
      const { host, workers } = hostOf(1);
      const pool = new WorkerPool(host);
      const first = pool.run(task(1), big);
      const second = pool.run(task(2), big);
      await settled();
      workers[0]?.events.onOutcome(outcome);
      expect(await first).toBe(outcome);
      expect(workers[0]?.isStopped).toBe(true);
      await settled();
      workers[1]?.events.onOutcome(done);
      expect(await second).toBe(done);
    }
  });

  it('takes an aborted task from the queue and rejects with the reason', async () => {
    const { host, workers } = hostOf(1);
    const pool = new WorkerPool(host);
    const first = pool.run(task(1), big);
    const stop = new AbortController();
    const second = pool.run(task(2), { ...big, signal: stop.signal });
    const third = pool.run(task(3), big);
    await settled();
    stop.abort('enough');
    await expect(second).rejects.toBe('enough');
    workers[0]?.events.onOutcome(done);
    await first;
    expect(workers[0]?.tasks.map(({ numRows }) => numRows)).toEqual([1, 3]);
    workers[0]?.events.onOutcome(done);
    expect(await third).toBe(done);
  });

  it('rejects at once when a task in hand is aborted, and uses the thread again', async () => {
    const { host, workers } = hostOf(1);
    const pool = new WorkerPool(host);
    const stop = new AbortController();
    const first = pool.run(task(1), { ...big, signal: stop.signal });
    const second = pool.run(task(2), big);
    await settled();
    stop.abort('enough');
    await expect(first).rejects.toBe('enough');
    workers[0]?.events.onOutcome(done);
    workers[0]?.events.onOutcome(done);
    expect(await second).toBe(done);
  });

  it('fails waiting work when no thread can be started', async () => {
    const { host } = hostOf(2);
    const broken: ParquetHost = { ...host, startWorker: () => Promise.reject('no threads') };
    await expect(new WorkerPool(broken).run(task(1), big)).rejects.toBe('no threads');
  });
});

const built = fileURLToPath(new URL('../../../dist/storage/parquet/', import.meta.url));

describe.skipIf(!existsSync(`${built}worker.js`))('the built pool', () => {
  const program = `
    import { bytesSource } from ${JSON.stringify(`${built}source.js`)};
    import { parseFile } from ${JSON.stringify(`${built}footer.js`)};
    import { decodeRowGroup } from ${JSON.stringify(`${built}decode.js`)};
    import { ParquetFileEncoder } from ${JSON.stringify(`${built}encode.js`)};
    import { joinBody } from ${JSON.stringify(fileURLToPath(new URL('../object-store.js', `file://${built}`)))};
    import { RecordBatch, tableFromArrays } from 'apache-arrow';
    const n = Int32Array.from({ length: 1_000_000 }, (_, row) => row);
    const [batch] = tableFromArrays({ n }).batches;
    const encoder = new ParquetFileEncoder({ schema: batch.schema, key: 'f' });
    await encoder.write(batch);
    const bytes = joinBody((await encoder.finish()).body);
    const footer = parseFile(bytes, 'f');
    let sum = 0;
    for (const index of footer.rowGroups.keys()) {
      const decoded = await decodeRowGroup(bytesSource(bytes, 'f'), footer, index);
      for (const value of decoded.data.children[0].values) sum += value;
    }
    console.log(sum);
  `;

  // Threads are there for work of a size, so each program has more than is done at once.
  const appended = `
    import { DeltaTable } from ${JSON.stringify(fileURLToPath(new URL('../../index.js', `file://${built}`)))};
    import { memoryStorage } from ${JSON.stringify(fileURLToPath(new URL('../../testing/index.js', `file://${built}`)))};
    const schema = { id: 'long', text: 'string' };
    const table = await DeltaTable.create('memory://l/t', { schema, storage: memoryStorage() });
    const text = 'x'.repeat(50);
    const rows = Array.from({ length: 20_000 }, (_, id) => ({ id, text }));
    for (let time = 0; time < 4; time++) await table.append(rows);
    await table.append(table.scan());
    console.log(await table.scan().count());
  `;

  it.each([
    ['a file', program, String((1_000_000 * 999_999) / 2)],
    ['a table', appended, '160000'],
  ])(
    'works on %s in threads and lets the process end',
    { timeout: 30_000 },
    async (_, run, said) => {
      const child = spawn(process.execPath, ['--input-type=module', '-e', run], {
        cwd: fileURLToPath(new URL('../../../', import.meta.url)),
      });
      let output = '';
      child.stdout.on('data', (text) => {
        output += String(text);
      });
      child.stderr.on('data', (text) => {
        output += String(text);
      });
      const code = await new Promise((resolve) => child.on('exit', resolve));
      expect(output.trim()).toBe(said);
      expect(code).toBe(0);
    },
  );
});
