/** What conditions mean, row by row, in exact fractions: shares no code with src. */
import fc from 'fast-check';
import type { Scalar } from '../../../src/log/schema/scalar.js';
import {
  and,
  between,
  eq,
  everyRow,
  gt,
  gte,
  isIn,
  isNull,
  like,
  lt,
  lte,
  ne,
  not,
  or,
  startsWith,
} from '../../../src/table/expression/builders.js';
import type { Predicate } from '../../../src/table/expression/predicate-types.js';
import { type Cell, POOLS, schema, TEXTS, type TestRow } from './columns.js';

type Outcome = boolean | null;

/** A condition and what it must answer. */
export interface Case {
  readonly predicate: Predicate;
  readonly expect: (row: TestRow) => Outcome;
}

type Path = readonly [string, ...string[]];

const LEAVES: readonly { readonly path: Path; readonly type: string }[] = [
  ...schema.fields
    .filter(({ type }) => typeof type === 'string')
    .map(({ name, type }) => ({ path: [name] as Path, type: type as string })),
  { path: ['st', 'x'], type: 'integer' },
  { path: ['st', 'y', 'z'], type: 'string' },
];
const NULLABLE: readonly Path[] = [...LEAVES.map(({ path }) => path), ['st'], ['st', 'y']];

export function valueAt(row: TestRow, path: readonly string[]): Cell {
  let value: Cell = row;
  for (const name of path) {
    if (value === null) return null;
    value = (value as { readonly [name: string]: Cell })[name] ?? null;
  }
  return value;
}

const NUMBERS: readonly (number | bigint)[] = [
  -Infinity,
  -1.5,
  -1,
  -0,
  0,
  0.1,
  0.105,
  0.5,
  1,
  1.5,
  2,
  127,
  128,
  300,
  2 ** 31,
  2 ** 53,
  1e21,
  5e-324,
  1e300,
  3e38,
  Math.fround(0.1),
  Infinity,
  Number.NaN,
  -(2n ** 63n) - 1n,
  -(2n ** 63n),
  -1n,
  0n,
  1n,
  2n ** 53n + 1n,
  2n ** 63n - 1n,
  2n ** 64n,
  12_345_678_901n,
  10n ** 30n,
];
const DECIMALS = [
  '0.10',
  '1.5',
  '-1.50',
  '0.105',
  '12345678901.2345678902',
  '1e-10',
  '99999999.99',
];

/** A constant as a caller writes it, and its meaning. */
function literal(type: string): fc.Arbitrary<{ readonly given: never; readonly order: Order }> {
  const of = (given: unknown, order: Order) => ({ given: given as never, order });
  const pool = POOLS[type] ?? [];
  switch (type) {
    case 'string':
      return fc.constantFrom(...TEXTS).map((text) => of(text, (value) => bytes(value, text)));
    case 'binary':
      return fc.constantFrom(...(pool as Uint8Array[])).map((one) => of(one, (v) => bytes(v, one)));
    case 'boolean':
      return fc.boolean().map((one) => of(one, (value) => Number(value) - Number(one)));
    case 'date':
      return fc.constantFrom(-1, 0, 1, 19_000).map((day) => {
        const text = new Date(day * 86_400_000).toISOString().slice(0, 10);
        return of(text, (value) => Number(value) - day);
      });
    case 'timestamp':
    case 'timestamp_ntz': {
      const known = (pool as bigint[]).filter((micros) => micros < 2n ** 60n);
      return fc.constantFrom(...known).map((micros) => {
        const below = ((micros % 1000n) + 1000n) % 1000n;
        const date = new Date(Number((micros - below) / 1000n));
        const text = date.toISOString().slice(0, -1) + String(below).padStart(3, '0');
        const zoned = below === 0n ? date : `${text}Z`;
        return of(type === 'timestamp' ? zoned : text, (v) => sign((v as bigint) - micros));
      });
    }
    case 'void':
      return fc.constant(of(1, () => 0));
    default: {
      const texts = type.startsWith('decimal') ? DECIMALS : [];
      return fc
        .constantFrom<number | bigint | string>(...NUMBERS, ...texts)
        .map((given) => of(given, (value) => numeric(type, value as number | bigint, given)));
    }
  }
}

type Order = (value: Scalar) => number;

function sign(value: bigint): number {
  return value < 0n ? -1 : value > 0n ? 1 : 0;
}

function bytes(a: unknown, b: unknown): number {
  return Buffer.compare(Buffer.from(a as string), Buffer.from(b as string));
}

function numeric(type: string, value: number | bigint, given: number | bigint | string): number {
  const isFloating = type === 'float' || type === 'double';
  const left = isFloating ? exactDouble(value as number) : ordinal(type, value);
  const right =
    isFloating && typeof given === 'number' ? exactDouble(given) : exactText(String(given));
  if (typeof left === 'number' || typeof right === 'number') {
    // NaN is above everything, infinities above and below all fractions.
    const rank = (side: Fraction | number): number =>
      typeof side !== 'number' ? 0 : Number.isNaN(side) ? 2 : Math.sign(side);
    return rank(left) - rank(right);
  }
  return sign(left.top * right.bottom - right.top * left.bottom);
}

interface Fraction {
  readonly top: bigint;
  readonly bottom: bigint;
}

function ordinal(type: string, value: number | bigint): Fraction {
  const scale = /,(\d+)\)$/.exec(type)?.[1] ?? '0';
  return { top: BigInt(value), bottom: 10n ** BigInt(scale) };
}

function exactText(text: string): Fraction | number {
  if (/[IN]/.test(text)) return Number(text);
  const [mantissa = '', exponent = '0'] = text.split('e');
  const [whole = '', fraction = ''] = mantissa.split('.');
  const power = Number(exponent) - fraction.length;
  const top = BigInt(whole + fraction) * 10n ** BigInt(Math.max(power, 0));
  // BigInt('-0') has no sign, which is right here.
  return { top, bottom: 10n ** BigInt(Math.max(-power, 0)) };
}

function exactDouble(value: number): Fraction | number {
  if (!Number.isFinite(value)) return value;
  let top = value;
  let bottom = 1n;
  while (!Number.isInteger(top)) {
    top *= 2;
    bottom *= 2n;
  }
  return { top: BigInt(top), bottom };
}

const COMPARISONS = {
  eq: (order: number) => order === 0,
  ne: (order: number) => order !== 0,
  gt: (order: number) => order > 0,
  gte: (order: number) => order >= 0,
  lt: (order: number) => order < 0,
  lte: (order: number) => order <= 0,
} as const;

const BUILDERS = { eq, ne, gt, gte, lt, lte } as const;

function onValue(path: Path, predicate: Predicate, test: (value: Scalar) => boolean): Case {
  return {
    predicate,
    expect: (row) => {
      const value = valueAt(row, path) as Scalar;
      return value === null ? null : test(value);
    },
  };
}

const comparison: fc.Arbitrary<Case> = fc
  .tuple(fc.constantFrom(...LEAVES), fc.constantFrom(...Object.keys(COMPARISONS)))
  .chain(([{ path, type }, name]) =>
    literal(type).map(({ given, order }) => {
      const op = name as keyof typeof COMPARISONS;
      const test = (value: Scalar): boolean => COMPARISONS[op](order(value));
      return onValue(path, BUILDERS[op](path, given), test);
    }),
  );

const membership: fc.Arbitrary<Case> = fc.constantFrom(...LEAVES).chain(({ path, type }) =>
  fc.array(literal(type), { maxLength: 5 }).map((list) => {
    const predicate = isIn(
      path,
      list.map(({ given }) => given),
    );
    if (list.length === 0) return { predicate, expect: () => false };
    return onValue(path, predicate, (value) => list.some(({ order }) => order(value) === 0));
  }),
);

const range: fc.Arbitrary<Case> = fc
  .constantFrom(...LEAVES)
  .chain(({ path, type }) =>
    fc
      .tuple(literal(type), literal(type))
      .map(([low, high]) =>
        onValue(
          path,
          between(path, low.given, high.given),
          (value) => low.order(value) >= 0 && high.order(value) <= 0,
        ),
      ),
  );

const nullTest: fc.Arbitrary<Case> = fc.constantFrom(...NULLABLE).map((path) => ({
  predicate: isNull(path),
  expect: (row) => valueAt(row, path) === null,
}));

const TEXT_PATHS = [['s'], ['st', 'y', 'z']] as const;

const text: fc.Arbitrary<Case> = fc
  .tuple(
    fc.constantFrom(...TEXT_PATHS),
    fc.array(fc.constantFrom('%', '_', '\\%', '\\_', 'a', 'b', 'c', 'ä', '5', '\u{1f600}', 'tail')),
  )
  .map(([path, parts]) => {
    const pattern = parts.join('');
    const source = parts
      .map((part) => (part === '%' ? '[^]*' : part === '_' ? '[^]' : part.replace('\\', '')))
      .join('');
    const regex = new RegExp(`^${source}$`, 'u');
    return onValue(path, like(path, pattern), (value) => regex.test(String(value)));
  });

const prefix: fc.Arbitrary<Case> = fc
  .tuple(fc.constantFrom(...TEXT_PATHS), fc.constantFrom(...TEXTS))
  .map(([path, start]) =>
    onValue(path, startsWith(path, start), (value) => String(value).startsWith(start)),
  );

const always: Case = { predicate: everyRow, expect: () => true };

/** Any condition on the table of `columns.ts`. */
export const anyCase: fc.Arbitrary<Case> = fc.letrec<{ tree: Case; leaf: Case }>((tie) => ({
  leaf: fc.oneof(comparison, membership, range, nullTest, text, prefix, fc.constant(always)),
  tree: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    tie('leaf'),
    fc.array(tie('tree'), { minLength: 1, maxLength: 3 }).map((cases) => ({
      predicate: and(...cases.map(({ predicate }) => predicate)),
      expect: (row: TestRow) => conjunction(cases.map((one) => one.expect(row))),
    })),
    fc.array(tie('tree'), { minLength: 1, maxLength: 3 }).map((cases) => ({
      predicate: or(...cases.map(({ predicate }) => predicate)),
      expect: (row: TestRow) =>
        opposite(conjunction(cases.map((one) => opposite(one.expect(row))))),
    })),
    tie('tree').map((one) => ({
      predicate: not(one.predicate),
      expect: (row: TestRow) => opposite(one.expect(row)),
    })),
  ),
})).tree;

function opposite(outcome: Outcome): Outcome {
  return outcome === null ? null : !outcome;
}

function conjunction(outcomes: readonly Outcome[]): Outcome {
  if (outcomes.includes(false)) return false;
  return outcomes.includes(null) ? null : true;
}
