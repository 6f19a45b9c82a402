/**
 * Floating point numbers as Java writes them (`1.0E10`, `NaN`), which is how Spark spells partition
 * values, and how to read what any engine wrote.
 */

/** Java writes plain decimals from here (inclusive) ... */
const PLAIN_FROM = 1e-3;
/** ... to here (exclusive), scientific notation outside. */
const PLAIN_TO = 1e7;
/** Digits that tell any two floats apart. */
const FLOAT_DIGITS = 9;

const FLOATING = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;
const SPECIAL = /^([+-]?)(inf(?:inity)?|nan)$/i;

/**
 * The text of Java's `Double.toString`: the shortest that reads back as the same number, two digits
 * at least.
 */
export function formatDouble(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  const shortest = value.toExponential();
  // Java asks for two digits; for the smallest numbers the nearest two are not the shortest one and
  // a zero.
  return javaText(value, /^-?\de/.test(shortest) ? value.toExponential(1) : shortest);
}

/** The text of Java's `Float.toString`; `value` is a number that 32 bits hold exactly. */
export function formatFloat(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  for (let digits = 1; digits < FLOAT_DIGITS; digits++) {
    const text = value.toExponential(digits);
    if (Math.fround(Number(text)) === value) return javaText(value, text);
  }
  return javaText(value, value.toExponential(FLOAT_DIGITS - 1));
}

/**
 * The number of a text in any engine's spelling: `1.0E10`, `1e10`, `NaN`, `-Infinity`, `inf`.
 *
 * @returns `undefined` when it is no number
 */
export function parseFloating(text: string): number | undefined {
  if (FLOATING.test(text)) return Number(text);
  const special = SPECIAL.exec(text);
  if (special === null) return undefined;
  if (special[2]?.toLowerCase() === 'nan') return Number.NaN;
  return special[1] === '-' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
}

/** From `-1.25e+3` to `-1250.0`, or to `-1.25E30` where Java does not write it plainly. */
function javaText(value: number, scientific: string): string {
  const [mantissa = '', exponentText = ''] = scientific.split('e');
  const exponent = Number(exponentText);
  const digits = mantissa.replace(/[-.]/g, '').replace(/0+$/, '') || '0';
  const sign = value < 0 || Object.is(value, -0) ? '-' : '';
  const magnitude = Math.abs(value);
  if (magnitude !== 0 && (magnitude < PLAIN_FROM || magnitude >= PLAIN_TO)) {
    return `${sign}${digits[0] ?? '0'}.${digits.slice(1) || '0'}E${exponent}`;
  }
  if (exponent < 0) return `${sign}0.${'0'.repeat(-exponent - 1)}${digits}`;
  const whole = digits.slice(0, exponent + 1).padEnd(exponent + 1, '0');
  return `${sign}${whole}.${digits.slice(exponent + 1) || '0'}`;
}
