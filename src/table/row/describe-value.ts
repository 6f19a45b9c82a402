/** Short texts of wrong values, for errors. */

const SHOWN_CHARACTERS = 40;
const SHOWN_KEYS = 5;

/** A value as an error shows it: its JavaScript type and, when short, itself. */
export function describeValue(value: unknown): string {
  if (value === null) return 'null';
  switch (typeof value) {
    case 'string':
      return `text ${JSON.stringify(cut(value))}`;
    case 'number':
      return Object.is(value, -0) ? 'number -0' : `number ${value}`;
    case 'bigint':
      return `bigint ${cut(String(value))}`;
    case 'boolean':
      return `boolean ${value}`;
    case 'object':
      return describeObject(value);
    default:
      return typeof value;
  }
}

/** The `Object.prototype.toString` tag, which is the same in every realm: `[object Date]`. */
export function tagOf(value: unknown): string {
  return Object.prototype.toString.call(value);
}

function describeObject(value: object): string {
  if (value instanceof Date) {
    return Number.isNaN(value.getTime()) ? 'invalid Date' : `Date ${value.toISOString()}`;
  }
  if (Array.isArray(value)) return `array of ${value.length}`;
  if (ArrayBuffer.isView(value)) return `${tagOf(value).slice(8, -1)} of ${value.byteLength} bytes`;
  if (value instanceof Map) return `Map of ${value.size}`;
  const tag = tagOf(value);
  if (tag !== '[object Object]') return tag.slice(8, -1);
  const keys = Object.keys(value);
  const shown = keys.slice(0, SHOWN_KEYS).map(cut).join(', ');
  return `object {${shown}${keys.length > SHOWN_KEYS ? ', …' : ''}}`;
}

function cut(text: string): string {
  return text.length > SHOWN_CHARACTERS ? `${text.slice(0, SHOWN_CHARACTERS)}…` : text;
}
