/** A text for each row, as a number for each distinct text. */

export interface TextCodes {
  /** Of each row, its place in `texts`. */
  readonly codes: Uint32Array;
  /** Null for rows that have none. */
  readonly texts: readonly (string | null)[];
}

/** Numbers texts in the order in which it meets them. */
export class CodeBook {
  readonly texts: (string | null)[] = [];
  readonly #codes = new Map<string | null, number>();

  codeOf(text: string | null | undefined): number {
    const key = text ?? null;
    const known = this.#codes.get(key);
    if (known !== undefined) return known;
    const code = this.texts.push(key) - 1;
    this.#codes.set(key, code);
    return code;
  }
}

/** The codes of `length` rows of which each has its text by itself. */
export function codesOf(
  length: number,
  textAt: (row: number) => string | null | undefined,
): TextCodes {
  const book = new CodeBook();
  const codes = new Uint32Array(length);
  for (let row = 0; row < length; row++) codes[row] = book.codeOf(textAt(row));
  return { codes, texts: book.texts };
}
