/** Where a variant's parts lie in its bytes. Parquet's "Variant Binary Encoding", value. */

/** Throws the error for bytes that are no variant; says what they are instead. */
export type Fail = (problem: string) => never;

/** The two low bits of a value's first byte. */
export const PRIMITIVE = 0;
export const SHORT_STRING = 1;
export const OBJECT = 2;
export const ARRAY = 3;

/** The six high bits of a primitive's first byte. */
export const PRIMITIVE_TYPE = {
  null: 0,
  true: 1,
  false: 2,
  int8: 3,
  int16: 4,
  int32: 5,
  int64: 6,
  double: 7,
  decimal4: 8,
  decimal8: 9,
  decimal16: 10,
  date: 11,
  timestamp: 12,
  timestampNtz: 13,
  float: 14,
  binary: 15,
  string: 16,
  time: 17,
  timestampNanos: 18,
  timestampNtzNanos: 19,
  uuid: 20,
} as const;

/** Bytes behind the first of each primitive; -1: their number is in the next four. */
const PRIMITIVE_BYTES = [0, 0, 0, 1, 2, 4, 8, 8, 5, 9, 17, 4, 8, 8, 4, -1, -1, 8, 8, 8, 16];

/** The value that JSON calls null, which is not the null of SQL. */
export const NULL_VARIANT: Uint8Array = new Uint8Array([0]);

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

export function textOf(bytes: Uint8Array, fail: Fail): string {
  try {
    return decoder.decode(bytes);
  } catch {
    return fail('a text that is not UTF-8');
  }
}

/** The unsigned little-endian integer of 1 to 4 bytes. */
export function uintAt(bytes: Uint8Array, at: number, width: number): number {
  let value = 0;
  for (let byte = width - 1; byte >= 0; byte--) value = value * 256 + (bytes[at + byte] ?? 0);
  return value;
}

/** An object or array that lies within its bytes: where its members are. */
export interface Container {
  readonly count: number;
  /** Where the numbers of an object's field names begin. */
  readonly ids: number;
  readonly idBytes: number;
  readonly offsets: number;
  readonly offsetBytes: number;
  /** Where the members' bytes begin and end. */
  readonly start: number;
  readonly end: number;
}

/** Reads the head of the object or array at `at`, of which nothing may lie behind `end`. */
export function containerAt(bytes: Uint8Array, at: number, end: number, fail: Fail): Container {
  const header = (bytes[at] ?? 0) >> 2;
  const isObject = ((bytes[at] ?? 0) & 3) === OBJECT;
  const offsetBytes = (header & 3) + 1;
  const idBytes = isObject ? ((header >> 2) & 3) + 1 : 0;
  const countBytes = (header >> (isObject ? 4 : 2)) & 1 ? 4 : 1;
  if (at + 1 + countBytes > end) fail('a value that is cut off');
  const count = uintAt(bytes, at + 1, countBytes);
  const ids = at + 1 + countBytes;
  const offsets = ids + count * idBytes;
  const start = offsets + (count + 1) * offsetBytes;
  if (start > end) fail('a value that is cut off');
  const last = start + uintAt(bytes, offsets + count * offsetBytes, offsetBytes);
  if (last > end) fail('a value that is cut off');
  return { count, ids, idBytes, offsets, offsetBytes, start, end: last };
}

/** Where a member of an object or array begins. */
export function memberAt(
  bytes: Uint8Array,
  container: Container,
  index: number,
  fail: Fail,
): number {
  const { offsets, offsetBytes, start, end } = container;
  const at = start + uintAt(bytes, offsets + index * offsetBytes, offsetBytes);
  return at < end ? at : fail('a member outside its value');
}

/** Where the value at `at` ends, at most at `end`. */
export function endOf(bytes: Uint8Array, at: number, end: number, fail: Fail): number {
  if (at >= end) fail('a value that is cut off');
  const header = bytes[at] ?? 0;
  let last: number;
  switch (header & 3) {
    case PRIMITIVE: {
      const size = PRIMITIVE_BYTES[header >> 2] ?? fail(`a value of the type ${header >> 2}`);
      if (size < 0 && at + 5 > end) fail('a value that is cut off');
      last = at + 1 + (size < 0 ? 4 + uintAt(bytes, at + 1, 4) : size);
      break;
    }
    case SHORT_STRING:
      last = at + 1 + (header >> 2);
      break;
    default:
      last = containerAt(bytes, at, end, fail).end;
  }
  return last <= end ? last : fail('a value that is cut off');
}
