/**
 * The commit protocol as a small model of which every state is visited: writers whose requests and answers are lost,
 * late or refused, one who writes checkpoints and one who cleans up the log. What is decided is decided by src:
 * `settle` through its table, and `checkConflict` itself.
 */
import type { settle } from '../../src/log/committer.js';
import type { checkConflict } from '../../src/log/conflict.js';
import type { IsolationLevel } from '../../src/log/isolation.js';
import type { Model } from './explore.js';
import { type Operation, ProtocolFacts } from './protocol-facts.js';
import {
  ACKED,
  CATCH_UP,
  CRASHED,
  FAILED,
  Layout,
  LOOK_AFTER_CONFLICT,
  LOOK_AFTER_UNKNOWN,
  PUT,
  READ,
  UNKNOWN,
} from './protocol-layout.js';
import { brokenRule } from './protocol-rules.js';
import { type Met, type SettleTable, settleTable } from './settle-table.js';

export interface ProtocolOptions {
  /** What each writer does, one after the other. */
  readonly writers: readonly (readonly Operation[])[];
  /** Whether there are actors who write checkpoints and clean up. */
  readonly keepsHouse?: boolean;
  /** Whether writers may stop for ever in the midst of an operation. */
  readonly crashes?: boolean;
  /** Serializable when not given. */
  readonly isolation?: IsolationLevel | undefined;
  /** How many requests and answers go wrong in one history; any number when not given. */
  readonly maxFaults?: number | undefined;
  readonly decisions: {
    readonly settle: typeof settle;
    readonly checkConflict: typeof checkConflict;
  };
  readonly mistakes?: Mistakes | undefined;
}

/** Mistakes that are none of a decision; each must break a rule. */
export interface Mistakes {
  /** A put replaces what is there. */
  readonly putsOver?: boolean;
  /** A writer takes its own commit for another's. */
  readonly knowsNoTxnId?: boolean;
  /** Clean-up takes the newest version for one with a checkpoint. */
  readonly cleansWithoutCheckpoint?: boolean;
  /** Clean-up does not wait until nothing that was sent can still arrive. */
  readonly cleansAtOnce?: boolean;
}

/** The model; what `settle` decides is looked up beforehand. */
export async function protocolModel(options: ProtocolOptions): Promise<Model> {
  return new ProtocolModel(options, await settleTable(options.decisions.settle));
}

type Emit = () => void;

class ProtocolModel implements Model {
  readonly width: number;
  readonly start: Uint8Array;
  readonly #options: ProtocolOptions;
  readonly #settled: SettleTable;
  readonly #layout: Layout;
  readonly #facts: ProtocolFacts;
  /** The first operation of each writer among all. */
  readonly #first: readonly number[];

  constructor(options: ProtocolOptions, settled: SettleTable) {
    this.#options = options;
    this.#settled = settled;
    const { writers, decisions } = options;
    const operations = writers.flat();
    this.#layout = new Layout(writers.length, operations.length);
    this.#facts = new ProtocolFacts(operations, this.#layout, {
      checkConflict: decisions.checkConflict,
      isolation: options.isolation ?? 'Serializable',
    });
    this.#first = writers.map((_, at) => writers.slice(0, at).flat().length);
    this.width = this.#layout.width;
    this.start = new Uint8Array(this.width);
  }

  broken(state: Uint8Array): string | undefined {
    return brokenRule(state, this.#layout, this.#facts);
  }

  describe(state: Uint8Array): string {
    return this.#layout.describe(state);
  }

  step(state: Uint8Array, next: Uint8Array, emit: Emit): void {
    for (let writer = 0; writer < this.#options.writers.length; writer++) {
      this.#write(state, next, writer, emit);
    }
    for (let operation = 0; operation < this.#layout.operations; operation++) {
      this.#arrive(state, next, operation, emit);
    }
    if (this.#options.keepsHouse !== true) return;
    this.#checkpoint(state, next, emit);
    this.#cleanUp(state, next, emit);
  }

  #write(state: Uint8Array, next: Uint8Array, writer: number, emit: Emit): void {
    const layout = this.#layout;
    const turn = layout.turn(state, writer);
    if (turn >= (this.#options.writers[writer]?.length ?? 0)) return;
    const operation = (this.#first[writer] ?? 0) + turn;
    const at: Place = { writer, turn, operation };
    const pc = layout.pc(state, writer);
    if (this.#options.crashes === true && pc !== READ) {
      this.#end(next, at, CRASHED, layout.tried(state, writer));
      emit();
    }
    if (pc === READ) {
      const latest = layout.latest(state);
      if (this.#facts.reads(operation)) layout.setBase(next, operation, latest);
      layout.setChecked(next, writer, latest);
      layout.setWriter(next, writer, turn, CATCH_UP);
      emit();
    } else if (pc === CATCH_UP) this.#catchUp(state, next, at, emit);
    else if (pc === PUT) this.#put(state, next, at, emit);
    else this.#look(state, next, at, emit);
  }

  #catchUp(state: Uint8Array, next: Uint8Array, at: Place, emit: Emit): void {
    const layout = this.#layout;
    const { writer, turn, operation } = at;
    const latest = layout.latest(state);
    for (let version = layout.checked(state, writer) + 1; version <= latest; version++) {
      const isGone = version < layout.oldest(state);
      if (!isGone && !this.#facts.isInConflict(state, operation, version)) continue;
      this.#end(next, at, FAILED, 0);
      emit();
      return;
    }
    layout.setChecked(next, writer, 0);
    layout.setTry(next, writer, latest + 1, false);
    layout.setWriter(next, writer, turn, PUT);
    emit();
  }

  /** Each way in which the put may go. */
  #put(state: Uint8Array, next: Uint8Array, at: Place, emit: Emit): void {
    const layout = this.#layout;
    const { writer, turn, operation } = at;
    const version = layout.tried(state, writer);
    if (version > layout.operations) return;
    const isFree = this.#isFree(state, version);
    if (isFree) {
      this.#land(next, version, operation);
      this.#settle(state, next, at, { answer: 'committed', seen: 'ours', isOutOfTime: false });
      emit();
    } else {
      layout.setWriter(next, writer, turn, LOOK_AFTER_CONFLICT);
      emit();
    }
    if (!this.#mayFail(state)) return;
    if (isFree) {
      // The answer is lost; then, the request is late.
      this.#fail(next);
      this.#land(next, version, operation);
      layout.setWriter(next, writer, turn, LOOK_AFTER_UNKNOWN);
      emit();
      this.#fail(next);
      layout.setPackets(next, operation, layout.packets(state, operation) | (1 << version));
      layout.setWriter(next, writer, turn, LOOK_AFTER_UNKNOWN);
      emit();
    }
    // The request is lost; where the version is there already, its answer may as well be.
    this.#fail(next);
    layout.setWriter(next, writer, turn, LOOK_AFTER_UNKNOWN);
    emit();
    for (const isOutOfTime of BOTH) {
      for (const answer of NOT_SENT) {
        this.#fail(next);
        this.#settle(state, next, at, { answer, seen: 'absent', isOutOfTime });
        emit();
      }
    }
  }

  #mayFail(state: Uint8Array): boolean {
    const { maxFaults } = this.#options;
    return maxFaults === undefined || this.#layout.faults(state) < maxFaults;
  }

  #fail(next: Uint8Array): void {
    if (this.#options.maxFaults !== undefined) this.#layout.addFault(next);
  }

  #isFree(state: Uint8Array, version: number): boolean {
    const isThere =
      this.#layout.maker(state, version) >= 0 && version >= this.#layout.oldest(state);
    return !isThere || this.#options.mistakes?.putsOver === true;
  }

  /** The version is made. Every other put of it that is under way has lost its effect, and is forgotten. */
  #land(next: Uint8Array, version: number, operation: number): void {
    const layout = this.#layout;
    layout.setMaker(next, version, operation);
    if (this.#options.mistakes?.putsOver === true) return;
    for (let other = 0; other < layout.operations; other++) {
      const packets = layout.packets(next, other);
      if (packets !== 0) layout.setPackets(next, other, packets & ~(1 << version));
    }
  }

  #look(state: Uint8Array, next: Uint8Array, at: Place, emit: Emit): void {
    const layout = this.#layout;
    const version = layout.tried(state, at.writer);
    const isConflict = layout.pc(state, at.writer) === LOOK_AFTER_CONFLICT;
    const answer = isConflict ? 'conflict' : 'unknown';
    const maker = version < layout.oldest(state) ? -1 : layout.maker(state, version);
    const isOurs = maker === at.operation && this.#options.mistakes?.knowsNoTxnId !== true;
    const seen = maker < 0 ? 'absent' : isOurs ? 'ours' : 'other';
    for (const isOutOfTime of BOTH) {
      this.#settle(state, next, at, { answer, seen, isOutOfTime });
      emit();
      if (!this.#mayFail(state)) continue;
      this.#fail(next);
      this.#settle(state, next, at, { answer, seen: 'unreadable', isOutOfTime });
      emit();
    }
  }

  /** What `settle` makes of a try. */
  #settle(state: Uint8Array, next: Uint8Array, at: Place, met: Met): void {
    const layout = this.#layout;
    const version = layout.tried(state, at.writer);
    const maySentLand = layout.maySentLand(state, at.writer);
    switch (this.#settled(met, maySentLand)) {
      case 'committed':
        this.#end(next, at, ACKED, version);
        break;
      case 'throws':
        this.#end(next, at, FAILED, 0);
        break;
      case 'unknown':
        this.#end(next, at, UNKNOWN, version);
        break;
      case 'lost':
        layout.setTry(next, at.writer, 0, false);
        layout.setChecked(next, at.writer, version - 1);
        layout.setWriter(next, at.writer, at.turn, CATCH_UP);
        break;
      case 'again': {
        const wasSent = met.answer === 'conflict' || met.answer === 'unknown';
        layout.setTry(next, at.writer, version, wasSent || maySentLand);
        layout.setWriter(next, at.writer, at.turn, PUT);
      }
    }
  }

  #end(
    next: Uint8Array,
    { writer, turn, operation }: Place,
    outcome: number,
    version: number,
  ): void {
    this.#layout.setOutcome(next, operation, outcome, version);
    this.#layout.setChecked(next, writer, 0);
    this.#layout.setTry(next, writer, 0, false);
    this.#layout.setWriter(next, writer, turn + 1, READ);
  }

  /** A late request comes to the store; nobody waits for its answer. */
  #arrive(state: Uint8Array, next: Uint8Array, operation: number, emit: Emit): void {
    const layout = this.#layout;
    const packets = layout.packets(state, operation);
    for (let version = 1; packets >= 1 << version; version++) {
      if ((packets & (1 << version)) === 0) continue;
      layout.setPackets(next, operation, packets & ~(1 << version));
      if (this.#isFree(state, version)) this.#land(next, version, operation);
      emit();
    }
  }

  #checkpoint(state: Uint8Array, next: Uint8Array, emit: Emit): void {
    const layout = this.#layout;
    const making = layout.making(state);
    const latest = layout.latest(state);
    if (making > 0) {
      layout.setMaking(next, 0);
      layout.setCheckpoints(next, layout.checkpoints(state) | (1 << making));
      emit();
    } else if (latest > 0 && layout.checkpoints(state) < 1 << latest) {
      layout.setMaking(next, latest);
      emit();
    }
  }

  #cleanUp(state: Uint8Array, next: Uint8Array, emit: Emit): void {
    const layout = this.#layout;
    const oldest = layout.oldest(state);
    const cut = layout.cutting(state);
    if (cut === 0) {
      const target =
        this.#options.mistakes?.cleansWithoutCheckpoint === true
          ? layout.latest(state)
          : 31 - Math.clz32(layout.checkpoints(state));
      if (target <= oldest) return;
      layout.setCutting(next, target);
      emit();
    } else if (oldest < cut) {
      if (this.#isAwaited(state, oldest)) return;
      layout.setOldest(next, oldest + 1);
      emit();
    } else {
      layout.setCheckpoints(next, layout.checkpoints(state) & -(1 << cut));
      layout.setCutting(next, 0);
      emit();
    }
  }

  /** Whether somebody still tries to make the version: retention is far longer than any try takes. */
  #isAwaited(state: Uint8Array, version: number): boolean {
    if (this.#options.mistakes?.cleansAtOnce === true) return false;
    const layout = this.#layout;
    for (let writer = 0; writer < this.#options.writers.length; writer++) {
      if (layout.tried(state, writer) === version && version > 0) return true;
    }
    for (let operation = 0; operation < layout.operations; operation++) {
      if ((layout.packets(state, operation) & (1 << version)) !== 0) return true;
    }
    return false;
  }
}

interface Place {
  readonly writer: number;
  readonly turn: number;
  readonly operation: number;
}

const BOTH = [false, true] as const;
const NOT_SENT = ['refused', 'denied'] as const;
