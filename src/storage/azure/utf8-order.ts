/** Listings in the order of the contract, from a service that may order by UTF-16. */
import { compareKeys, FIRST_SURROGATE } from '../key.js';
import type { ObjectInfo } from '../object-store.js';

/**
 * The two orders differ only among keys that are the same up to a unit from the surrogates on. Such keys follow each
 * other in both, so only they are held back until they are all there.
 */
export class Utf8Order {
  #region: string | undefined;
  #held: ObjectInfo[] = [];

  /** What can be given once `info` has come. */
  *next(info: ObjectInfo): Generator<ObjectInfo, void, undefined> {
    const region = regionOf(info.key);
    if (region === undefined || region !== this.#region) yield* this.rest();
    this.#region = region;
    if (region === undefined) yield info;
    else this.#held.push(info);
  }

  /** What is still held back. */
  *rest(): Generator<ObjectInfo, void, undefined> {
    const held = this.#held.toSorted((a, b) => compareKeys(a.key, b.key));
    this.#held = [];
    yield* held;
  }
}

/** The key up to its first unit that the orders rank differently; undefined when it has none. */
function regionOf(key: string): string | undefined {
  for (let at = 0; at < key.length; at++) {
    if (key.charCodeAt(at) >= FIRST_SURROGATE) return key.slice(0, at);
  }
  return undefined;
}
