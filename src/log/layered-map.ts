/** An immutable map whose next version costs little: a large layer that is shared, a small one that is copied. */

const GONE: unique symbol = Symbol('gone');

/** Beyond this, and the square root of the map's size, the small layer is merged into a new large one. */
const MIN_LAYER = 16;

export class LayeredMap<V> implements ReadonlyMap<string, V> {
  readonly size: number;
  readonly #below: ReadonlyMap<string, V>;
  readonly #above: ReadonlyMap<string, V | typeof GONE>;

  private constructor(
    below: ReadonlyMap<string, V>,
    above: ReadonlyMap<string, V | typeof GONE>,
    size: number,
  ) {
    this.#below = below;
    this.#above = above;
    this.size = size;
  }

  static from<V>(entries: Iterable<readonly [string, V]>): LayeredMap<V> {
    const below = new Map(entries);
    return new LayeredMap(below, new Map(), below.size);
  }

  /** This map with some keys set, or deleted where the value is undefined. */
  with(changes: ReadonlyMap<string, V | undefined>): LayeredMap<V> {
    if (changes.size === 0) return this;
    const above = new Map(this.#above);
    let { size } = this;
    for (const [key, value] of changes) {
      const had = this.has(key);
      if (value === undefined) {
        if (had) size--;
        above.set(key, GONE);
      } else {
        if (!had) size++;
        above.set(key, value);
      }
    }
    const next = new LayeredMap(this.#below, above, size);
    const isThin = above.size <= Math.max(MIN_LAYER, Math.sqrt(this.#below.size));
    return isThin ? next : LayeredMap.from(next);
  }

  get(key: string): V | undefined {
    const value = this.#above.get(key);
    if (value === undefined) return this.#below.get(key);
    return value === GONE ? undefined : value;
  }

  has(key: string): boolean {
    const value = this.#above.get(key);
    return value === undefined ? this.#below.has(key) : value !== GONE;
  }

  forEach(visit: (value: V, key: string, map: ReadonlyMap<string, V>) => void): void {
    for (const [key, value] of this) visit(value, key, this);
  }

  *entries(): MapIterator<[string, V]> {
    for (const [key, value] of this.#below) {
      if (!this.#above.has(key)) yield [key, value];
    }
    for (const [key, value] of this.#above) if (value !== GONE) yield [key, value];
  }

  *keys(): MapIterator<string> {
    for (const [key] of this.entries()) yield key;
  }

  *values(): MapIterator<V> {
    for (const [, value] of this.entries()) yield value;
  }

  [Symbol.iterator](): MapIterator<[string, V]> {
    return this.entries();
  }
}
