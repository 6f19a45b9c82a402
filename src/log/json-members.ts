/**
 * Finds chosen members of a JSON text in its UTF-8 bytes. Everything else is passed over, but checked: a text that is
 * not JSON is never taken for one. RFC 8259.
 */

/** How deep values that nobody asked for may nest before the text is left to the parser. */
const MAX_SKIPPED_DEPTH = 32;

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const BACKSLASH = 0x5c;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const SPACE = 0x20;

/** What a byte is within a string. */
const PLAIN = 0;
const BEYOND_ASCII = 1;
const ESCAPE = 2;
const END_OF_STRING = 3;
const CLASSES = Uint8Array.from({ length: 256 }, (_, byte) => {
  if (byte === QUOTE || byte < SPACE) return END_OF_STRING;
  if (byte === BACKSLASH) return ESCAPE;
  return byte < 0x80 ? PLAIN : BEYOND_ASCII;
});

const ODD = -1;

interface Branch {
  readonly names: Uint8Array[];
  /** A branch, or the index of a wanted member. */
  readonly children: (Branch | number)[];
  /** The scan that met it last: an object that has a name twice is odd. */
  met: number;
}

/** A scanner for texts that have much the same members: it is made once and asked of each text. */
export class JsonMembers {
  /** Of each wanted member, the first byte of its value in the text scanned last; -1 where there is none. */
  readonly starts: Int32Array;
  /** Of each member that is there, the byte after its value. */
  readonly ends: Int32Array;
  /** 1 where the value is a string whose characters are exactly the bytes between its quotes. */
  readonly isPlainText: Uint8Array;
  readonly #root: Branch;
  #bytes: Uint8Array = new Uint8Array(0);
  #scans = 0;
  #seen = PLAIN;

  /** @param paths - names from the outermost object down; none is the beginning of another */
  constructor(paths: readonly (readonly string[])[]) {
    this.#root = { names: [], children: [], met: 0 };
    for (const [index, path] of paths.entries()) addPath(this.#root, path, index);
    this.starts = new Int32Array(paths.length);
    this.ends = new Int32Array(paths.length);
    this.isPlainText = new Uint8Array(paths.length);
  }

  /**
   * Looks through one text, the bytes from `start` to `end`.
   *
   * @returns false when the text is not a JSON object, or is one that takes a parser to read rightly: with an escape
   * in a name, or a wanted name twice. Then nothing is found.
   */
  scan(bytes: Uint8Array, start: number, end: number): boolean {
    this.#bytes = bytes;
    this.#scans++;
    this.starts.fill(ODD);
    let at = this.#space(start);
    if (bytes[at] === OPEN_OBJECT) {
      at = this.#object(this.#root, at);
      if (at !== ODD && this.#space(at) === end) return true;
    }
    this.starts.fill(ODD);
    return false;
  }

  #object(branch: Branch, open: number): number {
    const bytes = this.#bytes;
    let at = this.#space(open + 1);
    if (bytes[at] === CLOSE_OBJECT) return at + 1;
    for (;;) {
      const name = at + 1;
      at = this.#name(at);
      if (at === ODD) return ODD;
      const child = find(branch, bytes, name, at - 1);
      at = this.#colon(at);
      if (at === ODD) return ODD;
      at = child === undefined ? this.#value(at, 0) : this.#child(child, at);
      if (at === ODD) return ODD;
      at = this.#space(at);
      if (bytes[at] === CLOSE_OBJECT) return at + 1;
      if (bytes[at] !== COMMA) return ODD;
      at = this.#space(at + 1);
    }
  }

  #child(child: Branch | number, at: number): number {
    if (typeof child !== 'number') {
      if (child.met === this.#scans) return ODD;
      child.met = this.#scans;
      return this.#bytes[at] === OPEN_OBJECT ? this.#object(child, at) : this.#value(at, 0);
    }
    if ((this.starts[child] ?? 0) >= 0) return ODD;
    const end = this.#value(at, 0);
    this.starts[child] = at;
    this.ends[child] = end;
    this.isPlainText[child] = this.#bytes[at] === QUOTE && this.#seen === PLAIN ? 1 : 0;
    return end;
  }

  /** The place behind a name without escapes. */
  #name(at: number): number {
    if (this.#bytes[at] !== QUOTE) return ODD;
    const end = this.#string(at);
    return end === ODD || (this.#seen & ESCAPE) !== 0 ? ODD : end;
  }

  #colon(from: number): number {
    const at = this.#space(from);
    return this.#bytes[at] === COLON ? this.#space(at + 1) : ODD;
  }

  #value(at: number, depth: number): number {
    switch (this.#bytes[at]) {
      case QUOTE:
        return this.#string(at);
      case OPEN_OBJECT:
      case OPEN_ARRAY:
        return depth < MAX_SKIPPED_DEPTH ? this.#nested(at, depth + 1) : ODD;
      case 0x74:
        return this.#word(at, 'true');
      case 0x66:
        return this.#word(at, 'false');
      case 0x6e:
        return this.#word(at, 'null');
      default:
        return this.#number(at);
    }
  }

  #nested(open: number, depth: number): number {
    const bytes = this.#bytes;
    const isObject = bytes[open] === OPEN_OBJECT;
    const close = isObject ? CLOSE_OBJECT : CLOSE_ARRAY;
    let at = this.#space(open + 1);
    if (bytes[at] === close) return at + 1;
    for (;;) {
      if (isObject) {
        at = this.#name(at);
        if (at !== ODD) at = this.#colon(at);
        if (at === ODD) return ODD;
      }
      at = this.#value(at, depth);
      if (at === ODD) return ODD;
      at = this.#space(at);
      if (bytes[at] === close) return at + 1;
      if (bytes[at] !== COMMA) return ODD;
      at = this.#space(at + 1);
    }
  }

  #string(open: number): number {
    const bytes = this.#bytes;
    let at = open + 1;
    let seen = PLAIN;
    for (;;) {
      let kind = CLASSES[bytes[at] ?? 0];
      while (kind === PLAIN) kind = CLASSES[bytes[++at] ?? 0];
      if (kind === BEYOND_ASCII) {
        seen |= BEYOND_ASCII;
        at++;
      } else if (kind === ESCAPE) {
        seen |= ESCAPE;
        at = escapeEnd(bytes, at + 1);
        if (at === ODD) return ODD;
      } else {
        this.#seen = seen;
        return bytes[at] === QUOTE ? at + 1 : ODD;
      }
    }
  }

  #number(from: number): number {
    const bytes = this.#bytes;
    let at = bytes[from] === 0x2d ? from + 1 : from;
    const first = bytes[at] ?? 0;
    if (first === 0x30) at++;
    else if (isDigit(first)) at = digitsEnd(bytes, at);
    else return ODD;
    if (bytes[at] === 0x2e) {
      if (!isDigit(bytes[at + 1] ?? 0)) return ODD;
      at = digitsEnd(bytes, at + 1);
    }
    if (bytes[at] === 0x65 || bytes[at] === 0x45) {
      at++;
      if (bytes[at] === 0x2b || bytes[at] === 0x2d) at++;
      if (!isDigit(bytes[at] ?? 0)) return ODD;
      at = digitsEnd(bytes, at);
    }
    return at;
  }

  #word(from: number, word: string): number {
    for (let index = 0; index < word.length; index++) {
      if (this.#bytes[from + index] !== word.charCodeAt(index)) return ODD;
    }
    return from + word.length;
  }

  #space(from: number): number {
    let at = from;
    for (;;) {
      const byte = this.#bytes[at] ?? COMMA;
      if (byte > SPACE) return at;
      if (byte !== SPACE && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) return at;
      at++;
    }
  }
}

function addPath(branch: Branch, [name = '', ...rest]: readonly string[], index: number): void {
  const bytes = new TextEncoder().encode(name);
  const known = branch.names.findIndex((other) => String(other) === String(bytes));
  const found = branch.children[known];
  if (found !== undefined && typeof found !== 'number') return addPath(found, rest, index);
  const inner: Branch = { names: [], children: [], met: 0 };
  branch.names.push(bytes);
  branch.children.push(rest.length === 0 ? index : inner);
  if (rest.length > 0) addPath(inner, rest, index);
}

function find(
  branch: Branch,
  bytes: Uint8Array,
  start: number,
  end: number,
): Branch | number | undefined {
  const { names } = branch;
  for (let index = 0; index < names.length; index++) {
    const name = names[index];
    if (name === undefined || name.length !== end - start) continue;
    let same = 0;
    while (same < name.length && name[same] === bytes[start + same]) same++;
    if (same === name.length) return branch.children[index];
  }
  return undefined;
}

/** The place behind an escape, given the place behind its backslash. */
function escapeEnd(bytes: Uint8Array, at: number): number {
  const kind = bytes[at] ?? 0;
  if (kind !== 0x75) return '"\\/bfnrt'.includes(String.fromCharCode(kind)) ? at + 1 : ODD;
  for (let digit = at + 1; digit <= at + 4; digit++) {
    const byte = (bytes[digit] ?? 0) | 0x20;
    if (!isDigit(bytes[digit] ?? 0) && (byte < 0x61 || byte > 0x66)) return ODD;
  }
  return at + 5;
}

function digitsEnd(bytes: Uint8Array, from: number): number {
  let at = from;
  while (isDigit(bytes[at] ?? 0)) at++;
  return at;
}

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39;
}
