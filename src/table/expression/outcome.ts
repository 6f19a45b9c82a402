/** Three-valued logic in one byte a row. */

/** The codes, in Kleene's order. */
export const FALSE = 0;
export const UNKNOWN = 1;
export const TRUE = 2;

/** One code a row. */
export type Outcomes = Uint8Array;
