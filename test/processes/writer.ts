/** Writers that are processes, and what they told as the outcomes that the judge takes. */
import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Variant } from '../faults/line.js';
import type { Outcome } from '../model/step.js';
import { repositoryRoot } from '../support/oracle-folder.js';
import type { Site } from './place.js';

const WORKER = join(repositoryRoot, 'test/processes/worker.mjs');
const STDERR_SHOWN = 2000;

/** What a process does: the same step, again and again. */
export interface Writer {
  /** Its own; the steps are `name.0`, `name.1`, ... */
  readonly name: string;
  readonly kind: 'append' | 'replace';
  readonly part: string;
  readonly count: number;
  readonly variant?: Variant | undefined;
}

interface Line {
  readonly op: string;
  readonly kind: 'append' | 'replace';
  readonly part: string;
  readonly state: 'began' | 'committed' | 'unknown' | 'failed';
  readonly version?: number;
  readonly resolved?: string;
  readonly code?: string;
  readonly message?: string;
}

/** A process that was started. */
export interface RunningWriter {
  /** Resolves when its first step begins; rejects when it ends before. */
  readonly started: Promise<void>;
  /** As no process can survive or prepare for. */
  kill(): void;
  /**
   * What became of its steps, once it has ended; one that was under way when it was killed is unknown.
   * @throws {Error} when it ended by itself and not well
   */
  readonly outcomes: Promise<readonly Outcome[]>;
}

/** Starts a process that writes to the table of `site`. */
export function startWriter({ url, store }: Site, writer: Writer): RunningWriter {
  const task = JSON.stringify({ url, store, ...writer });
  const child = spawn(process.execPath, [WORKER, task], { stdio: ['ignore', 'pipe', 'pipe'] });
  const lines: Line[] = [];
  let begin = (): void => undefined;
  const began = new Promise<void>((resolve) => (begin = resolve));
  const input = createInterface({ input: child.stdout });
  input.on('line', (text) => {
    // The last line of a process that was killed may be a part of one.
    if (!text.endsWith('}')) return;
    lines.push(JSON.parse(text) as Line);
    begin();
  });
  const ended = endOf(child, writer.name);
  const outcomes = ended.then(() => outcomesOf(lines));
  return {
    started: Promise.race([began, outcomes.then(() => undefined)]),
    kill: () => void child.kill('SIGKILL'),
    outcomes,
  };
}

function endOf(child: ChildProcess, name: string): Promise<void> {
  let errors = '';
  child.stderr?.on('data', (chunk) => (errors += String(chunk)));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (status, signal) => {
      if (status === 0 || signal === 'SIGKILL') resolve();
      else {
        const how = signal ?? String(status);
        reject(new Error(`${name} ended with ${how}: ${errors.slice(0, STDERR_SHOWN)}`));
      }
    });
  });
}

function outcomesOf(lines: readonly Line[]): readonly Outcome[] {
  const last = new Map<string, Line>();
  for (const line of lines) last.set(line.op, line);
  return Array.from(last.values(), (line) => {
    const { op, kind, part } = line;
    return { op, step: { kind, part }, result: resultOf(line) };
  });
}

function resultOf(line: Line): Outcome['result'] {
  switch (line.state) {
    case 'committed':
      return { kind: 'ok', version: line.version ?? -1, applied: true };
    case 'failed':
      return { kind: 'failed', code: line.code ?? '', message: line.message ?? '' };
    case 'unknown':
      return { kind: 'unknown', resolved: line.resolved ?? '' };
    case 'began':
      return { kind: 'unknown', resolved: 'unknown' };
  }
}
