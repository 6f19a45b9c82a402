import { describe, expect, it } from 'vitest';
import { zoneRebase } from '../../../src/log/schema/legacy-zone.js';

/**
 * By Spark 4.1's own table: from which second on, as it was written, a timestamp moves by how many seconds.
 * They begin after the years 400, 1500, 1582 and, at the latest, with 1900.
 */
const SPARK: Readonly<Record<string, readonly (readonly [from: number, moves: number])[]>> = {
  'America/Los_Angeles': [
    [-59_006_419_200, 85_978],
    [-55_850_659_200, -422],
    [-14_825_779_200, -864_422],
    [-12_219_264_000, -422],
    [-2_717_640_000, 0],
  ],
  'Europe/Paris': [
    [-14_825_811_600, -860_961],
    [-12_219_296_400, 3039],
  ],
  'Asia/Tokyo': [
    [-14_825_840_400, -865_139],
    [-12_219_325_200, -1139],
    [-2_587_712_400, 0],
  ],
  'America/Juneau': [
    [-14_825_775_600, -950_539],
    [-12_219_260_400, -86_539],
    [-3_225_223_588, -139],
  ],
  'Pacific/Kiritimati': [
    [-14_825_858_400, -775_840],
    [-12_219_343_200, 88_160],
  ],
  'Europe/Amsterdam': [
    [-14_825_811_600, -861_450],
    [-12_219_296_400, 2550],
    [-2_450_998_800, 3600],
  ],
  'America/St_Johns': [
    [-14_825_795_400, -863_948],
    [-12_219_280_200, 52],
  ],
  '+09:00': [
    [-14_825_840_400, -864_000],
    [-12_219_325_200, 0],
  ],
  'GMT-8': [
    [-14_825_779_200, -864_000],
    [-12_219_264_000, 0],
  ],
};

const seconds = (count: number): bigint => BigInt(count) * 1_000_000n;

describe('zoneRebase', () => {
  it.each(Object.entries(SPARK))('moves timestamps of %s as spark does', (zone, steps) => {
    const rebase = zoneRebase(zone);
    for (const [at, [from, moves]] of steps.entries()) {
      expect(rebase?.(seconds(from) + 1n)).toBe(seconds(from + moves) + 1n);
      const next = steps[at + 1]?.[0];
      // The last microsecond before the next step still moves by this one.
      if (next !== undefined && next - from < 5e9) {
        expect(rebase?.(seconds(next) - 1n)).toBe(seconds(next + moves) - 1n);
      }
    }
  });

  it.each(['Asia/Manila', 'EST5EDT', 'Europe/Nowhere', 'EST', ''])('has no rule for %j', (zone) => {
    expect(zoneRebase(zone)).toBeUndefined();
  });
});
