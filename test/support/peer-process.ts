import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { type Engine, peerCommand } from './oracle-folder.js';

/** One line of a peer: `ok`, and what the operation answers or why it failed. */
export interface Answer {
  readonly ok: boolean;
  /** The class of the failure, as the engine names it. */
  readonly error?: string;
  readonly message?: string;
  readonly [field: string]: unknown;
}

/** A request that a peer answered with `ok: false`. */
export class PeerError extends Error {
  /** The class of the failure, as the engine names it. */
  readonly errorClass: string;
  readonly answer: Answer;
  constructor(engine: Engine, op: string, answer: Answer) {
    super(`${engine} refused ${op}: ${answer.error}: ${answer.message}`);
    this.name = 'PeerError';
    this.errorClass = answer.error ?? '';
    this.answer = answer;
  }
}

interface Waiting {
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: Error) => void;
}

const STDERR_KEPT_CHARACTERS = 4000;

/** A running peer: one JSON line in, one JSON line out, many requests in its life. */
export class PeerProcess {
  readonly engine: Engine;
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, Waiting>();
  readonly #ended: Promise<void>;
  #nextId = 1;
  #stderr = '';
  #failure: Error | undefined;

  constructor(engine: Engine) {
    this.engine = engine;
    const [program, ...args] = peerCommand(engine);
    this.#child = spawn(program, args, {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { ...process.env, PYTHONDONTWRITEBYTECODE: '1' },
    });
    const { stdout, stderr } = this.#child;
    if (stdout === null || stderr === null) throw new TypeError('the peer has no pipes');
    createInterface({ input: stdout }).on('line', (line) => this.#answered(line));
    stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr = (this.#stderr + text).slice(-STDERR_KEPT_CHARACTERS);
    });
    // A write to a peer that has died fails here too; its exit says why.
    this.#child.stdin?.on('error', () => undefined);
    this.#ended = new Promise((resolve) => {
      this.#child.once('error', (error) => this.#failAll(error));
      this.#child.once('close', (code, signal) => {
        const how = signal ?? `status ${code}`;
        this.#failAll(new Error(`${engine} ended with ${how}: ${this.#stderr.trim()}`));
        resolve();
      });
    });
  }

  /** The peer's answer, `ok` or not. Rejects when the process ends before it answers. */
  async tryAsk(op: string, args: object = {}): Promise<Answer> {
    if (this.#failure !== undefined) throw this.#failure;
    const id = this.#nextId++;
    return await new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#child.stdin?.write(`${JSON.stringify({ ...args, op, id })}\n`);
    });
  }

  /** Asks the peer to end, and waits until it has. */
  async close(): Promise<void> {
    if (this.#failure === undefined) {
      this.#child.stdin?.end(`${JSON.stringify({ op: 'shutdown', id: this.#nextId++ })}\n`);
    }
    await this.#ended;
  }

  #answered(line: string): void {
    let answer: Answer & { readonly id?: number };
    try {
      answer = JSON.parse(line) as Answer & { readonly id?: number };
    } catch (cause) {
      this.#failAll(
        new Error(`${this.engine} printed a line that is no answer: ${line}`, { cause }),
      );
      this.#child.kill();
      return;
    }
    const { id, ...rest } = answer;
    const waiting = id === undefined ? undefined : this.#waiting.get(id);
    if (waiting === undefined || id === undefined) return;
    this.#waiting.delete(id);
    waiting.resolve(rest);
  }

  #failAll(error: Error): void {
    this.#failure ??= error;
    for (const waiting of this.#waiting.values()) waiting.reject(this.#failure);
    this.#waiting.clear();
  }
}
