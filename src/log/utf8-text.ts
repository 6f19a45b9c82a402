/** A text that is left where it is: UTF-8 bytes in a larger buffer, compared without being decoded. */

const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
const encoder = new TextEncoder();

/** Points at bytes; whoever owns it may point it elsewhere, so it is looked at and not kept. */
export class Utf8Text {
  bytes: Uint8Array;
  start = 0;
  end = 0;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  /** Below 0, 0 or above 0, by UTF-8 bytes. */
  compareTo(text: string | Utf8Text): number {
    if (typeof text !== 'string') return compareFrom(this, text.bytes, text.start, text.end);
    const shared = Math.min(this.end - this.start, text.length);
    for (let index = 0; index < shared; index++) {
      const byte = this.bytes[this.start + index] ?? 0;
      const code = text.charCodeAt(index);
      if (byte !== code || byte > 0x7f) {
        if (byte <= 0x7f && code <= 0x7f) return byte - code;
        const bytes = encoder.encode(text);
        return compareFrom(this, bytes, 0, bytes.length);
      }
    }
    return this.end - this.start - text.length;
  }

  startsWith(prefix: string): boolean {
    const bytes = encoder.encode(prefix);
    if (bytes.length > this.end - this.start) return false;
    for (let index = 0; index < bytes.length; index++) {
      if (this.bytes[this.start + index] !== bytes[index]) return false;
    }
    return true;
  }

  toString(): string {
    return decoder.decode(this.bytes.subarray(this.start, this.end));
  }
}

function compareFrom(text: Utf8Text, bytes: Uint8Array, start: number, end: number): number {
  const shared = Math.min(text.end - text.start, end - start);
  for (let index = 0; index < shared; index++) {
    const difference = (text.bytes[text.start + index] ?? 0) - (bytes[start + index] ?? 0);
    if (difference !== 0) return difference;
  }
  return text.end - text.start - (end - start);
}
