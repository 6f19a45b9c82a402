/** JSON in one spelling only: RFC 8785, so that a digest of it is a digest of what it says. */

/** Values that JSON has; numbers are finite. */
export type PlainJson =
  | null
  | boolean
  | number
  | string
  | readonly PlainJson[]
  | { readonly [key: string]: PlainJson | undefined };

/**
 * The pieces of the canonical JSON text of `value`, to be hashed one by one: of a table of many files the whole text
 * would not fit into one string. Keys are sorted by their UTF-16 units; fields that are undefined are left out.
 *
 * @see RFC 8785 (JSON Canonicalization Scheme)
 */
export function* canonicalJson(value: PlainJson): Generator<string, void, undefined> {
  if (Array.isArray(value)) {
    yield* canonicalArray(value);
    return;
  }
  if (typeof value !== 'object' || value === null) {
    // ECMAScript's own text of a number or string is the one the RFC prescribes.
    yield JSON.stringify(value);
    return;
  }
  yield '{';
  let separator = '';
  for (const [key, item] of Object.entries(value).sort(byUtf16)) {
    if (item === undefined) continue;
    yield `${separator}${JSON.stringify(key)}:`;
    yield* canonicalJson(item);
    separator = ',';
  }
  yield '}';
}

function* canonicalArray(items: readonly PlainJson[]): Generator<string, void, undefined> {
  yield '[';
  let separator = '';
  for (const item of items) {
    yield separator;
    yield* canonicalJson(item);
    separator = ',';
  }
  yield ']';
}

function byUtf16([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : 1;
}
