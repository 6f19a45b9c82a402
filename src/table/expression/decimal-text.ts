/** Decimals of any size, written out, as exact integers and a count of decimal places. */

/** An integer and the digits of it that stand behind the point: `digits / 10^scale`. */
export interface Decimal {
  readonly digits: bigint;
  /** Never negative. */
  readonly scale: number;
}

/** Bounded, so that no text costs more than a few hundred digits to compute with. */
export const DECIMAL_TEXT: RegExp = /^([+-]?)(\d{1,400})(?:\.(\d{0,400}))?(?:[eE]([+-]?\d{1,3}))?$/;

/** @returns `undefined` when it is no such text */
export function parseAnyDecimal(text: string): Decimal | undefined {
  const parts = DECIMAL_TEXT.exec(text);
  if (parts === null) return undefined;
  const [, sign, whole = '', fraction = '', exponent = '0'] = parts;
  const magnitude = BigInt(whole + fraction);
  const digits = sign === '-' ? -magnitude : magnitude;
  const scale = fraction.length - Number(exponent);
  return scale >= 0 ? { digits, scale } : { digits: digits * 10n ** BigInt(-scale), scale: 0 };
}

/** Below 0, 0 or above 0. */
export function compareDecimals(a: Decimal, b: Decimal): number {
  const scale = Math.max(a.scale, b.scale);
  const left = scaled(a, scale);
  const right = scaled(b, scale);
  return left < right ? -1 : left > right ? 1 : 0;
}

/** The digits at a scale that is not smaller. */
export function scaled({ digits, scale }: Decimal, to: number): bigint {
  return to === scale ? digits : digits * 10n ** BigInt(to - scale);
}

/** From here on a double prints with an exponent: with fewer digits than it has. */
const PRINTED_SHORT = 1e21;

/**
 * The order of an exact decimal and a double. A double stands for the decimal that it prints as, so 0.1 is one tenth;
 * a very large one for the integer that it is, too. NaN is above everything.
 */
export function compareToDouble(decimal: Decimal, double: number): number {
  if (Number.isNaN(double) || double === Number.POSITIVE_INFINITY) return -1;
  if (double === Number.NEGATIVE_INFINITY) return 1;
  if (Number.isInteger(double)) {
    const order = compareDecimals(decimal, { digits: BigInt(double), scale: 0 });
    if (order === 0 || Math.abs(double) < PRINTED_SHORT) return order;
  }
  const printed = parseAnyDecimal(String(double));
  return printed === undefined ? 0 : compareDecimals(decimal, printed);
}
