/**
 * Finds chosen members of a JSON text in its UTF-8 bytes. Everything else is passed over, but checked: a text that is
 * not JSON is never taken for one. RFC 8259.
 */

import { hadEscape, ODD, QUOTE, scalarEnd, stringEnd, wasPlainText } from './json-bytes.js';
import { JsonShape } from './json-shape.js';

/** How deep values that nobody asked for may nest before the text is left to the parser. */
const MAX_SKIPPED_DEPTH = 32;

const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const SPACE = 0x20;

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
  readonly #shape = new JsonShape();
  #bytes: Uint8Array = new Uint8Array(0);
  #scans = 0;

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
    if (this.#shape.matches(bytes, start, end, this)) return true;
    this.#bytes = bytes;
    this.#scans++;
    this.starts.fill(ODD);
    this.#shape.begin(start);
    let at = this.#space(start);
    if (bytes[at] === OPEN_OBJECT) {
      at = this.#object(this.#root, at);
      // What follows the text may begin with a space too.
      if (at !== ODD && at <= end && this.#space(at) >= end) {
        this.#shape.end(bytes, end);
        return true;
      }
    }
    this.#shape.forget();
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
    const before = this.#shape.values;
    const end = this.#value(at, 0);
    this.#shape.wanted(before, at, child);
    this.starts[child] = at;
    this.ends[child] = end;
    this.isPlainText[child] = this.#bytes[at] === QUOTE && wasPlainText() ? 1 : 0;
    return end;
  }

  /** The place behind a name without escapes. */
  #name(at: number): number {
    if (this.#bytes[at] !== QUOTE) return ODD;
    const end = stringEnd(this.#bytes, at);
    return end === ODD || hadEscape() ? ODD : end;
  }

  #colon(from: number): number {
    const at = this.#space(from);
    return this.#bytes[at] === COLON ? this.#space(at + 1) : ODD;
  }

  #value(at: number, depth: number): number {
    const first = this.#bytes[at];
    if (first === OPEN_OBJECT || first === OPEN_ARRAY) {
      return depth < MAX_SKIPPED_DEPTH ? this.#nested(at, depth + 1) : ODD;
    }
    const end = scalarEnd(this.#bytes, at);
    this.#shape.value(at, end);
    return end;
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
