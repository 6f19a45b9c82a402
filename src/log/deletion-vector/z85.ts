/** Z85, the base-85 code of deletion vectors: four bytes in five characters. ZeroMQ RFC 32. */

const ALPHABET =
  '0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#';
const NO_DIGIT = 255;
const DIGITS = new Uint8Array(128).fill(NO_DIGIT);
for (let digit = 0; digit < ALPHABET.length; digit++) DIGITS[ALPHABET.charCodeAt(digit)] = digit;

/** The bytes of a text; `undefined` when it is not Z85. */
export function decodeZ85(text: string): Uint8Array | undefined {
  if (text.length % 5 !== 0) return undefined;
  const bytes = new Uint8Array((text.length / 5) * 4);
  for (let at = 0, out = 0; at < text.length; at += 5, out += 4) {
    let value = 0;
    for (let index = at; index < at + 5; index++) {
      const digit = DIGITS[text.charCodeAt(index)] ?? NO_DIGIT;
      if (digit === NO_DIGIT) return undefined;
      value = value * 85 + digit;
    }
    if (value > 0xffff_ffff) return undefined;
    bytes[out] = value >>> 24;
    bytes[out + 1] = value >>> 16;
    bytes[out + 2] = value >>> 8;
    bytes[out + 3] = value;
  }
  return bytes;
}
