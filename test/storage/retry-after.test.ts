import { describe, expect, it } from 'vitest';
import { retryAfterMs, tellRetryAfter } from '../../src/storage/retry-after.js';

type Told = Readonly<Record<string, string>>;
const AT = 'Wed, 21 Oct 2015 07:28:00 GMT';

describe('for how long a service asks to be left alone', () => {
  it.each<[Told, number | undefined]>([
    [{}, undefined],
    [{ 'retry-after': '2' }, 2000],
    [{ 'retry-after': '0' }, 0],
    [{ 'retry-after': '0.5' }, 500],
    [{ 'retry-after': '3600' }, 60_000],
    [{ 'retry-after': '' }, undefined],
    [{ 'retry-after': '-5', date: AT }, undefined],
    [{ 'retry-after': 'soon', date: AT }, undefined],
    [{ 'retry-after-ms': '1500', 'retry-after': '2' }, 1500],
    [{ 'x-ms-retry-after-ms': '20', 'retry-after': '2' }, 20],
    [{ 'retry-after-ms': 'soon', 'x-ms-retry-after-ms': '20' }, 20],
    [{ 'retry-after-ms': '-1', 'retry-after': '2' }, 2000],
    [{ 'retry-after': 'Wed, 21 Oct 2015 07:28:20 GMT', date: AT }, 20_000],
    [{ 'retry-after': 'Wed, 21 Oct 2015 09:00:00 GMT', date: AT }, 60_000],
    [{ 'retry-after': 'Wed, 21 Oct 2015 07:00:00 GMT', date: AT }, 0],
    [{ 'retry-after': 'Wed, 21 Oct 2015 07:28:20 GMT' }, undefined],
  ])('%j is %s ms', (headers, expected) => {
    const header = (name: string): string | undefined => headers[name];
    expect(retryAfterMs(header)).toBe(expected);
    const told: number[] = [];
    tellRetryAfter({ onRetryAfter: (askedMs) => void told.push(askedMs) }, header);
    expect(told).toEqual(expected === undefined ? [] : [expected]);
    tellRetryAfter({}, header);
  });
});
