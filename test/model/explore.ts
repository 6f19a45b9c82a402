/**
 * An explorer of every state that a small model can reach. States are rows of bytes of one width; each is kept once,
 * with the state it came from, so that a broken rule comes with the shortest way to it.
 */

/** A model whose states have `width` bytes, a multiple of four. */
export interface Model {
  readonly width: number;
  /** The first state. */
  readonly start: Uint8Array;
  /**
   * Writes each state that can follow `state` into `next` and calls `emit`, which takes it and makes `next` equal to
   * `state` again.
   */
  step(state: Uint8Array, next: Uint8Array, emit: () => void): void;
  /** The rule that the state breaks. */
  broken(state: Uint8Array): string | undefined;
  /** The state in words, for whoever follows a way that led to a broken rule. */
  describe(state: Uint8Array): string;
}

export interface Explored {
  readonly states: number;
  /** The first rule that was found broken, and the states that lead there. */
  readonly violation: { readonly rule: string; readonly path: readonly string[] } | undefined;
}

const NO_PARENT = 0xffffffff;
const FIRST_CAPACITY = 1 << 16;

/** Visits every state, breadth first. @throws {Error} when there are more than `maxStates`: then nothing is proved */
export function explore(model: Model, maxStates: number): Explored {
  const table = new StateTable(model.width);
  const state = new Uint8Array(model.width);
  const next = new Uint8Array(model.width);
  const fromWords = new Uint32Array(state.buffer);
  const toWords = new Uint32Array(next.buffer);
  let parent = NO_PARENT;
  const broken: string[] = [];
  const emit = (): void => {
    const rule = table.add(toWords, parent) ? model.broken(next) : undefined;
    if (rule !== undefined) broken.push(rule);
    for (let word = 0; word < toWords.length; word++) toWords[word] = fromWords[word] ?? 0;
  };
  state.set(model.start);
  next.set(model.start);
  emit();
  for (let at = 0; at < table.size && broken.length === 0; at++) {
    if (table.size > maxStates) throw new Error(`the model has more than ${maxStates} states`);
    table.read(at, fromWords);
    toWords.set(fromWords);
    parent = at;
    model.step(state, next, emit);
  }
  const [rule] = broken;
  const violation = rule === undefined ? undefined : { rule, path: pathTo(model, table) };
  return { states: table.size, violation };
}

/** From the first state to the first that is broken. */
function pathTo(model: Model, table: StateTable): readonly string[] {
  const state = new Uint8Array(model.width);
  const words = new Uint32Array(state.buffer);
  const path: string[] = [];
  let at = 0;
  do table.read(at++, words);
  while (at < table.size && model.broken(state) === undefined);
  for (at--; at !== NO_PARENT; at = table.parent(at)) {
    table.read(at, words);
    path.unshift(model.describe(state));
  }
  return path;
}

/** States in the order in which they were added, found again by an open hash table over their words. */
class StateTable {
  readonly #words: number;
  #states: Uint32Array;
  #parents: Uint32Array;
  /** Positions of states plus one; zero is free. */
  #slots: Uint32Array;
  #size = 0;

  constructor(width: number) {
    this.#words = width / 4;
    this.#states = new Uint32Array(FIRST_CAPACITY * this.#words);
    this.#parents = new Uint32Array(FIRST_CAPACITY);
    this.#slots = new Uint32Array(FIRST_CAPACITY * 2);
  }

  get size(): number {
    return this.#size;
  }

  parent(at: number): number {
    return this.#parents[at] ?? NO_PARENT;
  }

  read(at: number, into: Uint32Array): void {
    const from = at * this.#words;
    for (let word = 0; word < this.#words; word++) into[word] = this.#states[from + word] ?? 0;
  }

  /** @returns whether it is new */
  add(state: Uint32Array, parent: number): boolean {
    if (this.#size === this.#parents.length) this.#grow();
    const at = this.#size;
    const own = at * this.#words;
    for (let word = 0; word < this.#words; word++) this.#states[own + word] = state[word] ?? 0;
    const slot = this.#slotOf(at);
    if (this.#slots[slot] !== 0) return false;
    this.#slots[slot] = at + 1;
    this.#parents[at] = parent;
    this.#size++;
    return true;
  }

  /** Where the state at position `at` is, or would be. */
  #slotOf(at: number): number {
    const slots = this.#slots;
    const states = this.#states;
    const words = this.#words;
    const own = at * words;
    let hash = 0x9e3779b9;
    for (let word = 0; word < words; word++) {
      hash = Math.imul(hash ^ (states[own + word] ?? 0), 0x85ebca6b);
      hash ^= hash >>> 15;
    }
    const mask = slots.length - 1;
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const found = slots[slot] ?? 0;
      if (found === 0) return slot;
      const other = (found - 1) * words;
      let word = 0;
      while (word < words && states[own + word] === states[other + word]) word++;
      if (word === words) return slot;
    }
  }

  #grow(): void {
    const capacity = this.#parents.length * 2;
    const states = new Uint32Array(capacity * this.#words);
    states.set(this.#states);
    this.#states = states;
    const parents = new Uint32Array(capacity);
    parents.set(this.#parents);
    this.#parents = parents;
    this.#slots = new Uint32Array(capacity * 2);
    for (let at = 0; at < this.#size; at++) this.#slots[this.#slotOf(at)] = at + 1;
  }
}
