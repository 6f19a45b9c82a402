/** For how long a service asks to be left alone (RFC 9110, section 10.2.3). */
import type { PutIfAbsentOptions } from './object-store.js';

const MAX_RETRY_AFTER_MS = 60_000;
/** Azure's own, in milliseconds, which say it more finely. */
const IN_MS = ['retry-after-ms', 'x-ms-retry-after-ms'];
const DECIMAL = /^\d+(?:\.\d+)?$/u;

/** One header of an answer, by its name in lower case. */
export type ReadHeader = (name: string) => string | null | undefined;

/** Milliseconds, a minute at most; undefined where the answer does not ask for any, or not in a way that is known. */
export function retryAfterMs(header: ReadHeader): number | undefined {
  const askedMs = inMs(header) ?? inSeconds(header) ?? untilDate(header);
  return askedMs === undefined ? undefined : Math.min(askedMs, MAX_RETRY_AFTER_MS);
}

/** Tells the caller of a put-if-absent, whose answer cannot say it. */
export function tellRetryAfter({ onRetryAfter }: PutIfAbsentOptions, header: ReadHeader): void {
  const askedMs = retryAfterMs(header);
  if (askedMs !== undefined) onRetryAfter?.(askedMs);
}

function inMs(header: ReadHeader): number | undefined {
  const value = IN_MS.map(header).find((each) => DECIMAL.test(each ?? ''));
  return value == null ? undefined : Number(value);
}

function inSeconds(header: ReadHeader): number | undefined {
  const value = header('retry-after') ?? '';
  return DECIMAL.test(value) ? Number(value) * 1000 : undefined;
}

/** Counted from the time of the answer by the service's own clock, for this machine's may be wrong. */
function untilDate(header: ReadHeader): number | undefined {
  const value = header('retry-after') ?? '';
  // Two dates, and not what Date.parse makes of "-5".
  if (!/^[A-Z]/iu.test(value)) return undefined;
  const askedMs = Date.parse(value) - Date.parse(header('date') ?? '');
  return Number.isNaN(askedMs) ? undefined : Math.max(0, askedMs);
}
