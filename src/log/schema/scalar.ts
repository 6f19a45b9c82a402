/**
 * A primitive value as Varve computes with it: exact, and comparable without a date or decimal library.
 *
 * | type | scalar |
 * |---|---|
 * | byte, short, integer | number |
 * | long | bigint |
 * | float, double | number (a float already rounded to 32 bits) |
 * | decimal(p,s) | bigint, unscaled: the value times 10^s |
 * | string | string |
 * | binary | Uint8Array |
 * | boolean | boolean |
 * | date | number, days since 1970-01-01 |
 * | timestamp, timestamp_ntz | bigint, microseconds since 1970-01-01T00:00:00 (UTC, or the wall clock) |
 * | any null | null |
 */
export type Scalar = null | boolean | number | bigint | string | Uint8Array;
