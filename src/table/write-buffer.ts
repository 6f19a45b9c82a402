/** What a writer holds back: appends in their order, and whether they are enough for a commit. */
import type { StagedRows } from './staged-rows.js';

export interface BufferLimits {
  readonly maxRows: number;
  readonly maxBytes: number;
}

export class WriteBuffer {
  readonly #limits: BufferLimits;
  #appends: StagedRows[] = [];
  #rows = 0;
  #bytes = 0;

  constructor(limits: BufferLimits) {
    this.#limits = limits;
  }

  get rows(): number {
    return this.#rows;
  }

  get isEmpty(): boolean {
    return this.#appends.length === 0;
  }

  get isFull(): boolean {
    return this.#rows >= this.#limits.maxRows || this.#bytes >= this.#limits.maxBytes;
  }

  add(append: StagedRows): void {
    this.#appends.push(append);
    this.#rows += append.rows;
    this.#bytes += append.sizeBytes;
  }

  /** Everything, and the buffer is empty. */
  take(): readonly StagedRows[] {
    const taken = this.#appends;
    this.#set([]);
    return taken;
  }

  /** Puts back what was taken, before what came since. */
  putBack(appends: readonly StagedRows[]): void {
    this.#set([...appends, ...this.#appends]);
  }

  /** Lets go of the oldest appends. */
  drop(count: number): void {
    this.#set(this.#appends.slice(count));
  }

  #set(appends: StagedRows[]): void {
    this.#appends = appends;
    this.#rows = appends.reduce((sum, { rows }) => sum + rows, 0);
    this.#bytes = appends.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  }
}
