/** Texts of JSON that differ in their values only. */
import { ODD, QUOTE, scalarEnd, wasPlainText } from './json-bytes.js';

/** Values of a text beyond this many are not worth a shape. */
const MAX_SHAPE_VALUES = 512;
const NOT_WANTED = -1;

/** Where the wanted members of a text are noted, by member. */
export interface FoundMembers {
  readonly starts: Int32Array;
  readonly ends: Int32Array;
  readonly isPlainText: Uint8Array;
}

/**
 * The last text but for its numbers and strings. Texts of one writer differ in nothing else, so most are read by
 * comparing what is between the values, and what holds of the one text holds of the other.
 */
export class JsonShape {
  /** Values met. */
  values = 0;
  #isWhole = false;
  /** All that is between the values, one after the other, with the place at which each piece ends. */
  #bytes = new Uint8Array(0);
  /** Of the same bytes: four of them at once are compared in the time of one. */
  #view = viewOf(this.#bytes);
  #text: Uint8Array = new Uint8Array(0);
  #textView = viewOf(this.#text);
  readonly #ends = new Int32Array(MAX_SHAPE_VALUES + 1);
  /** Of each value which member it is. */
  readonly #members = new Int32Array(MAX_SHAPE_VALUES);
  readonly #starts = new Int32Array(MAX_SHAPE_VALUES);
  readonly #stops = new Int32Array(MAX_SHAPE_VALUES);
  #start = 0;

  begin(start: number): void {
    this.#isWhole = false;
    this.values = 0;
    this.#start = start;
  }

  value(start: number, stop: number): void {
    const at = this.values++;
    if (at >= MAX_SHAPE_VALUES) return;
    this.#starts[at] = start;
    this.#stops[at] = stop;
    this.#members[at] = NOT_WANTED;
  }

  /** Says that the value that starts there, before which there were so many, is this member. */
  wanted(before: number, start: number, member: number): void {
    // What is nested is no value of the shape: then texts are not compared.
    if (this.#starts[before] !== start) this.values = MAX_SHAPE_VALUES + 1;
    else this.#members[before] = member;
  }

  end(bytes: Uint8Array, end: number): void {
    if (this.values > MAX_SHAPE_VALUES) return;
    const between = new Uint8Array(end - this.#start);
    let from = this.#start;
    let length = 0;
    for (let value = 0; value <= this.values; value++) {
      const piece = bytes.subarray(from, value < this.values ? this.#starts[value] : end);
      between.set(piece, length);
      length += piece.length;
      this.#ends[value] = length;
      from = this.#stops[value] ?? end;
    }
    this.#bytes = between;
    this.#view = viewOf(between);
    this.#isWhole = true;
  }

  forget(): void {
    this.#isWhole = false;
  }

  /** Whether a text differs in its values only; then `found` has its members. */
  matches(bytes: Uint8Array, start: number, end: number, found: FoundMembers): boolean {
    if (!this.#isWhole) return false;
    const { values } = this;
    const between = this.#bytes;
    const own = this.#view;
    const text = this.#viewOf(bytes);
    const ends = this.#ends;
    const members = this.#members;
    let at = start;
    let piece = 0;
    for (let value = 0; ; value++) {
      const stop = ends[value] ?? 0;
      if (at + stop - piece > end) return false;
      for (; piece + 4 <= stop; piece += 4, at += 4) {
        if (own.getInt32(piece) !== text.getInt32(at)) return false;
      }
      while (piece < stop) if (between[piece++] !== bytes[at++]) return false;
      if (value === values) return at === end;
      const behind = scalarEnd(bytes, at);
      if (behind === ODD) return false;
      const member = members[value] ?? NOT_WANTED;
      if (member !== NOT_WANTED) {
        found.starts[member] = at;
        found.ends[member] = behind;
        found.isPlainText[member] = bytes[at] === QUOTE && wasPlainText() ? 1 : 0;
      }
      at = behind;
    }
  }

  #viewOf(bytes: Uint8Array): DataView {
    if (bytes !== this.#text) {
      this.#text = bytes;
      this.#textView = viewOf(bytes);
    }
    return this.#textView;
  }
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
