/** How a state of the protocol's model lies in bytes, so that the steps and the rules read the same. */

/** Where a writer is in its operation. */
export const READ = 0;
export const CATCH_UP = 1;
export const PUT = 2;
export const LOOK_AFTER_CONFLICT = 3;
export const LOOK_AFTER_UNKNOWN = 4;

/** What an operation's caller knows. */
export const ACKED = 1;
export const FAILED = 2;
export const UNKNOWN = 3;
/** There is no caller any more. */
export const CRASHED = 4;

/** The parts of a state. Version 0 made the table, so the operations make versions from 1 on. */
export class Layout {
  readonly writers: number;
  readonly operations: number;
  readonly width: number;
  readonly #outcomes: number;
  readonly #log: number;
  readonly #packets: number;
  readonly #bases: number;
  readonly #house: number;

  constructor(writers: number, operations: number) {
    this.writers = writers;
    this.operations = operations;
    this.#outcomes = writers * 3;
    this.#log = this.#outcomes + operations;
    this.#packets = this.#log + operations;
    this.#bases = this.#packets + operations;
    this.#house = this.#bases + operations;
    this.width = Math.ceil((this.#house + 5) / 4) * 4;
  }

  pc(state: Uint8Array, writer: number): number {
    return (state[writer * 3] ?? 0) & 15;
  }

  /** The operation of the writer's own that it is at. */
  turn(state: Uint8Array, writer: number): number {
    return (state[writer * 3] ?? 0) >> 4;
  }

  setWriter(state: Uint8Array, writer: number, turn: number, pc: number): void {
    state[writer * 3] = (turn << 4) | pc;
  }

  /** The version up to which the writer has looked at every commit. */
  checked(state: Uint8Array, writer: number): number {
    return state[writer * 3 + 1] ?? 0;
  }

  /** The version the writer tries to make; 0 while it tries none. */
  tried(state: Uint8Array, writer: number): number {
    return (state[writer * 3 + 2] ?? 0) >> 1;
  }

  maySentLand(state: Uint8Array, writer: number): boolean {
    return ((state[writer * 3 + 2] ?? 0) & 1) === 1;
  }

  setTry(state: Uint8Array, writer: number, version: number, maySentLand: boolean): void {
    state[writer * 3 + 2] = (version << 1) | (maySentLand ? 1 : 0);
  }

  setChecked(state: Uint8Array, writer: number, version: number): void {
    state[writer * 3 + 1] = version;
  }

  outcome(state: Uint8Array, operation: number): number {
    return (state[this.#outcomes + operation] ?? 0) & 15;
  }

  outcomeVersion(state: Uint8Array, operation: number): number {
    return (state[this.#outcomes + operation] ?? 0) >> 4;
  }

  setOutcome(state: Uint8Array, operation: number, outcome: number, version: number): void {
    state[this.#outcomes + operation] = outcome | (version << 4);
  }

  /** The operation that made the version; -1 when it is absent. Cleaned versions are still told. */
  maker(state: Uint8Array, version: number): number {
    if (version > this.operations) return -1;
    return (state[this.#log + version - 1] ?? 0) - 1;
  }

  setMaker(state: Uint8Array, version: number, operation: number): void {
    state[this.#log + version - 1] = operation + 1;
  }

  /** The newest version up to which there is no gap. */
  latest(state: Uint8Array): number {
    let version = 0;
    while (version < this.operations && this.maker(state, version + 1) >= 0) version++;
    return version;
  }

  /** Bit v: a put of version v by the operation is under way. */
  packets(state: Uint8Array, operation: number): number {
    return state[this.#packets + operation] ?? 0;
  }

  setPackets(state: Uint8Array, operation: number, bits: number): void {
    state[this.#packets + operation] = bits;
  }

  /** The version whose files the operation looked at. */
  base(state: Uint8Array, operation: number): number {
    return state[this.#bases + operation] ?? 0;
  }

  setBase(state: Uint8Array, operation: number, version: number): void {
    state[this.#bases + operation] = version;
  }

  /** Bit v: there is a checkpoint of version v. */
  checkpoints(state: Uint8Array): number {
    return state[this.#house] ?? 0;
  }

  setCheckpoints(state: Uint8Array, bits: number): void {
    state[this.#house] = bits;
  }

  /** The version of which a checkpoint is being made; 0 for none. */
  making(state: Uint8Array): number {
    return state[this.#house + 1] ?? 0;
  }

  setMaking(state: Uint8Array, version: number): void {
    state[this.#house + 1] = version;
  }

  /** The version before which commits are being removed; 0 for none. */
  cutting(state: Uint8Array): number {
    return state[this.#house + 2] ?? 0;
  }

  setCutting(state: Uint8Array, version: number): void {
    state[this.#house + 2] = version;
  }

  /** The oldest version whose commit is still there. */
  oldest(state: Uint8Array): number {
    return state[this.#house + 3] ?? 0;
  }

  setOldest(state: Uint8Array, version: number): void {
    state[this.#house + 3] = version;
  }

  /** How many requests and answers went wrong, where that is counted. */
  faults(state: Uint8Array): number {
    return state[this.#house + 4] ?? 0;
  }

  addFault(state: Uint8Array): void {
    state[this.#house + 4] = this.faults(state) + 1;
  }

  describe(state: Uint8Array): string {
    const writers = Array.from({ length: this.writers }, (_, writer) => {
      const where = ['reads', 'catches up', 'puts', 'looks, exists', 'looks, unknown'];
      const at = `${where[this.pc(state, writer)] ?? ''} ${this.tried(state, writer)}`;
      return `writer ${writer} op ${this.turn(state, writer)} ${at}`;
    });
    const log = Array.from({ length: this.operations }, (_, at) => this.maker(state, at + 1));
    const outcomes = Array.from({ length: this.operations }, (_, operation) => {
      const said = ['', 'acked', 'failed', 'unknown', 'crashed'][this.outcome(state, operation)];
      const late = this.packets(state, operation).toString(2);
      return `${said ?? ''} ${this.outcomeVersion(state, operation)} late ${late}`;
    });
    const checkpoints = this.checkpoints(state).toString(2);
    const house = `checkpoints ${checkpoints}, commits from ${this.oldest(state)}`;
    return `${writers.join('; ')} | log ${log.join(' ')} | ${outcomes.join('; ')} | ${house}`;
  }
}
