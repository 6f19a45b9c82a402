/** Patterns of LIKE with an escape of their own. */

/**
 * The pattern with a backslash as its escape.
 *
 * @param escape - one character, before %, _ or itself
 * @returns `undefined` when it stands before anything else
 */
export function escapedPattern(pattern: string, escape: string): string | undefined {
  let made = '';
  for (let at = 0; at < pattern.length; at++) {
    const character = pattern[at] ?? '';
    if (character !== escape) {
      made += character === '\\' ? '\\\\' : character;
      continue;
    }
    const next = pattern[++at];
    if (next === undefined || !['%', '_', escape].includes(next)) return undefined;
    made += ['%', '_', '\\'].includes(next) ? `\\${next}` : next;
  }
  return made;
}
