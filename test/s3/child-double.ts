/** The S3 double in a process of its own, for tests whose writers are processes too. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { rolldown } from 'rolldown';
import { repositoryRoot } from '../support/oracle-folder.js';
import type { S3Fault } from './s3-faults.js';

export interface ChildDouble {
  readonly endpoint: string;
  /** A fault that is to come; it counts for requests that begin a moment later. */
  fault(fault: S3Fault): void;
  close(): Promise<void>;
}

/** Starts the double with these buckets. It ends when this process does, however that ends. */
export async function startChildDouble(
  buckets: readonly string[],
  options: readonly string[] = [],
): Promise<ChildDouble> {
  const program = await bundled();
  const child = spawn(process.execPath, [program, ...options, ...buckets], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const first = await lines.next();
  if (first.done === true) throw new Error('the S3 double ended before it listened');
  const { endpoint } = JSON.parse(first.value) as { readonly endpoint: string };
  return {
    endpoint,
    fault: (fault) => void child.stdin.write(`${JSON.stringify(fault)}\n`),
    close: async () => {
      const ended = once(child, 'close');
      child.stdin.end();
      await ended;
    },
  };
}

/** Node 20 loads no TypeScript. */
async function bundled(): Promise<string> {
  const bundle = await rolldown({
    input: join(repositoryRoot, 'test/s3/main.ts'),
    platform: 'node',
  });
  const file = join(repositoryRoot, `.cache/tools/s3-double-${process.pid}.mjs`);
  await bundle.write({ file, format: 'esm' });
  await bundle.close();
  return file;
}
