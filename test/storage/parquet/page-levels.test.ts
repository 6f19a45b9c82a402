import { describe, expect, it } from 'vitest';
import { areLevels } from '../../../src/storage/parquet/page-levels.js';

/** `count` levels as one run of the same level; as groups of eight, packed. */
const same = (count: number, level: number): number[] => [...varint(count * 2), level];
const packed = (groups: number, width: number): number[] => [
  ...varint(groups * 2 + 1),
  ...Array.from({ length: groups * width }, () => 0b01010101),
];

function varint(value: number): number[] {
  return value < 128 ? [value] : [(value & 127) | 128, ...varint(value >> 7)];
}

describe('areLevels', () => {
  it.each([
    ['no levels of a required column', [], [10, 0], true],
    ['levels of a required column', same(10, 0), [10, 0], false],
    ['one run', same(10, 1), [10, 1], true],
    ['one long run', same(70_000, 1), [70_000, 1], true],
    ['packed groups, the last in part', packed(2, 1), [10, 1], true],
    ['wide groups', packed(2, 2), [16, 3], true],
    ['runs and groups', [...same(3, 1), ...packed(1, 1)], [9, 1], true],
    ['no levels of an optional column', [], [10, 1], false],
    ['no levels of no values', [], [0, 1], true],
    ['too few', same(9, 1), [10, 1], false],
    ['another run behind the last', [...same(10, 1), ...same(1, 1)], [10, 1], false],
    ['a level that is too high', same(10, 2), [10, 1], false],
    ['a run that is cut off', same(10, 1).slice(0, 1), [10, 1], false],
    ['groups that are cut off', packed(2, 1).slice(0, 2), [10, 1], false],
    ['a byte too many', [...packed(2, 1), 0], [10, 1], false],
    ['a number without an end', [255, 255, 255, 255, 255, 255], [10, 1], false],
  ] as const)('says of %s what they are', (_what, bytes, [numValues, maxLevel], expected) => {
    expect(areLevels({ bytes: Uint8Array.from(bytes), numValues, maxLevel })).toBe(expected);
  });
});
