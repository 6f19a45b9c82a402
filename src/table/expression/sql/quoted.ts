/** Strings as SQL quotes them. */

/** One escape, or a doubled quote; whatever else a backslash stands before is that character. */
const ESCAPE = /\\(?:([01][0-7]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([^]))|''|""/g;

const CHARACTERS: Readonly<Record<string, string>> = {
  '0': '\0',
  b: '\b',
  n: '\n',
  r: '\r',
  t: '\t',
  Z: '\u001a',
  // Left as they are, for a pattern of LIKE.
  '%': '\\%',
  _: '\\_',
};
const MAX_CODE_POINT = 0x10ffff;

/** The text within quotes, with Spark's escapes taken back and doubled quotes made one. */
export function unescapeText(quoted: string, quote: string): string {
  return quoted.replace(ESCAPE, (all: string, ...groups: readonly (string | undefined)[]) => {
    const [octal, short, long, character] = groups;
    if (octal !== undefined) return String.fromCharCode(Number.parseInt(octal, 8));
    if (short !== undefined) return String.fromCharCode(Number.parseInt(short, 16));
    if (long !== undefined) {
      const point = Number.parseInt(long, 16);
      // Half of a surrogate pair is refused as text of no column, and so is what is no character.
      return point > MAX_CODE_POINT ? '\ud800' : String.fromCodePoint(point);
    }
    if (character === undefined) return all.startsWith(quote) ? quote : all;
    return CHARACTERS[character] ?? character;
  });
}
