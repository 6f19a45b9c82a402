import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LayeredMap } from '../../src/log/layered-map.js';

const change = fc.tuple(
  fc.constantFrom('a', 'b', 'c', 'd'),
  fc.option(fc.integer(), { nil: undefined }),
);

describe('LayeredMap', () => {
  it('is the map that the changes make, and every earlier one stays', () => {
    fc.assert(
      fc.property(fc.array(fc.array(change), { maxLength: 60 }), (steps) => {
        const model = new Map<string, number>();
        const seen: [LayeredMap<number>, [string, number][]][] = [];
        let map = LayeredMap.from<number>([]);
        for (const step of steps) {
          for (const [key, value] of step) {
            if (value === undefined) model.delete(key);
            else model.set(key, value);
          }
          map = map.with(new Map(step));
          seen.push([map, [...model]]);
        }
        for (const [then, entries] of seen) {
          expect(new Map(then)).toEqual(new Map(entries));
          expect(then.size).toBe(entries.length);
          for (const key of 'abcd') expect(then.get(key)).toBe(new Map(entries).get(key));
        }
      }),
    );
  });

  it('keeps what has many keys cheap to change', () => {
    let map = LayeredMap.from<number>([]);
    for (let at = 0; at < 5_000; at++) map = map.with(new Map([[`key-${at}`, at]]));
    expect(map.size).toBe(5_000);
    expect(map.get('key-17')).toBe(17);
    expect(map.has('key-5000')).toBe(false);
  });
});
