/** Where the strings, numbers and words of a JSON text end in its UTF-8 bytes. RFC 8259. */

/** No place: the bytes are no such value. */
export const ODD = -1;
export const QUOTE = 0x22;
const BACKSLASH = 0x5c;
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

/** 1 for what may follow a backslash by itself. */
const ESCAPES = Uint8Array.from({ length: 256 }, (_, byte) =>
  '"\\/bfnrt'.includes(String.fromCharCode(byte)) ? 1 : 0,
);

/** What {@link stringEnd} met in the string it went over last. */
let seenLast = PLAIN;

/** Whether the characters of the string gone over last are exactly the bytes between its quotes. */
export function wasPlainText(): boolean {
  return seenLast === PLAIN;
}

/** Whether it had an escape. */
export function hadEscape(): boolean {
  return (seenLast & ESCAPE) !== 0;
}

/** The place behind a value that is no object and no array; {@link ODD} where there is none. */
export function scalarEnd(bytes: Uint8Array, at: number): number {
  switch (bytes[at]) {
    case QUOTE:
      return stringEnd(bytes, at);
    case 0x74:
      return wordEnd(bytes, at, 'true');
    case 0x66:
      return wordEnd(bytes, at, 'false');
    case 0x6e:
      return wordEnd(bytes, at, 'null');
    default:
      return numberEnd(bytes, at);
  }
}

/** The place behind a string. */
export function stringEnd(bytes: Uint8Array, open: number): number {
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
      seenLast = seen;
      return bytes[at] === QUOTE ? at + 1 : ODD;
    }
  }
}

/** The place behind a number. */
function numberEnd(bytes: Uint8Array, from: number): number {
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

function wordEnd(bytes: Uint8Array, from: number, word: string): number {
  for (let index = 0; index < word.length; index++) {
    if (bytes[from + index] !== word.charCodeAt(index)) return ODD;
  }
  return from + word.length;
}

/** The place behind an escape, given the place behind its backslash. */
function escapeEnd(bytes: Uint8Array, at: number): number {
  const kind = bytes[at] ?? 0;
  if (kind !== 0x75) return ESCAPES[kind] === 1 ? at + 1 : ODD;
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
