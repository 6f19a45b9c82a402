import { describe, expect, it } from 'vitest';
import { formatLine, scaled } from './line.js';

describe('the lines of test:faults', () => {
  it('say what was counted, with which seed and with what result', () => {
    const line = { id: 'R2', what: 'seeded histories', count: 5000, seed: 1, violations: [] };
    expect(formatLine(line, 41_300)).toBe(
      'R2 seeded histories: 5,000 counted, seed 1, 0 violations, 41 s',
    );
  });

  it('count at least one, and never less than what is due', () => {
    expect(scaled(5000, { seed: 1, scale: 0.1 })).toBe(500);
    expect(scaled(8, { seed: 1, scale: 0.01 })).toBe(1);
  });
});
