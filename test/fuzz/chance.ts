/** Chance for one input, from the run's seed and the input's place: the same input again, whatever ran before it. */
import { seededNumbers } from '../../src/testing/seeded.js';

export class Chance {
  readonly #next: () => number;

  constructor(...seeds: readonly number[]) {
    this.#next = seededNumbers(seeds.reduce(mixed, 0x9e3779b9));
  }

  /** A whole number from 0 to `end - 1`; 0 when there is none. */
  below(end: number): number {
    return Math.floor(this.#next() * Math.max(1, end));
  }

  pick<T>(items: readonly T[]): T {
    const item = items[this.below(items.length)];
    if (item === undefined) throw new Error('there is nothing to pick from');
    return item;
  }

  /** True once in `times`. */
  oneIn(times: number): boolean {
    return this.below(times) === 0;
  }
}

function mixed(seed: number, more: number): number {
  const hash = Math.imul(seed ^ more, 0x85ebca6b);
  return Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35) ^ (hash >>> 16);
}
