/** What the fuzzer found once stays mended; and the fuzzer itself sees what it must see. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { CorruptDataError, InternalError } from '../../src/errors.js';
import { loadBases } from './bases.js';
import { KINDS, type Kind } from './kinds.js';
import { REGRESSIONS, type Regression } from './replay.js';
import { isViolation } from './tally.js';
import { inputAt, kindNamed, SLOW_MS, tryInput, withDamage } from './try-input.js';

const bases = await loadBases();

describe('the fuzzer', () => {
  const names = readdirSync(REGRESSIONS).filter((name) => name.endsWith('.json'));
  it.each(names)('found this once: %s', async (name) => {
    const saved = JSON.parse(readFileSync(join(REGRESSIONS, name), 'utf8')) as Regression;
    const kind = kindNamed(saved.kind);
    const base = bases.get(saved.base);
    if (base === undefined) throw new Error(`there is no base ${saved.base}`);
    const bytes = new Uint8Array(Buffer.from(saved.bytes, 'base64'));
    const objects = withDamage(base, { key: saved.key, bytes });
    const reference = await kind.read(base.objects);
    const { outcome, detail, milliseconds } = await tryInput(kind, objects, reference);
    expect(isViolation(kind, outcome), detail).toBe(false);
    expect(milliseconds).toBeLessThan(SLOW_MS);
  });

  it.each(KINDS.map((kind) => [kind.name, kind] as const))(
    'makes the same %s again from its seed, and a damaged one',
    (_name, kind) => {
      let changed = 0;
      for (let index = 0; index < 20; index++) {
        const { base, damaged } = inputAt(bases, kind, { seed: 3, index });
        expect(inputAt(bases, kind, { seed: 3, index }).damaged.bytes).toEqual(damaged.bytes);
        const whole = base.objects.get(damaged.key);
        if (Buffer.compare(damaged.bytes, whole ?? new Uint8Array()) !== 0) changed++;
      }
      expect(changed).toBeGreaterThan(10);
    },
  );

  const reading = (read: () => Promise<string>, second?: () => string): Kind => ({
    ...kindNamed('log line'),
    read,
    second,
  });
  it.each([
    ['right', 'the same rows', reading(() => Promise.resolve('rows'))],
    ['other', 'other rows', reading(() => Promise.resolve('others'))],
    [
      'edited',
      'the rows of the independent reader',
      reading(
        () => Promise.resolve('others'),
        () => 'others',
      ),
    ],
    [
      'typed',
      'an error that is meant for bad bytes',
      reading(() => Promise.reject(new CorruptDataError({ message: 'bad', key: 'k' }))),
    ],
    [
      'crash',
      'an error of our own',
      reading(() => Promise.reject(new InternalError({ message: 'oh' }))),
    ],
    ['crash', 'an error nobody made', reading(() => Promise.reject(new TypeError('oh')))],
  ] as const)('answers %s for %s', async (expected, _what, kind) => {
    expect((await tryInput(kind, new Map(), 'rows')).outcome).toBe(expected);
  });
});
