/** Text for a terminal. */

/** Characters that move a terminal's cursor, or do worse: what a table holds may come from anywhere. */
const CONTROL = /[\p{Cc}\u2028\u2029]/gu;

/** Text on one line, with `\uXXXX` for control characters. */
export function plain(text: string): string {
  return text.replaceAll(CONTROL, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}

/** Rows as columns of plain text, each as wide as its widest cell. */
export function columns(table: readonly (readonly string[])[]): string {
  const rows = table.map((row) => row.map(plain));
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, at) => {
      widths[at] = Math.max(widths[at] ?? 0, cell.length);
    });
  }
  return rows
    .map((row) =>
      row
        .map((cell, at) => cell.padEnd(widths[at] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** JSON with two spaces; a Map as an object, a bigint as its digits. */
export function json(value: unknown): string {
  return JSON.stringify(
    value,
    (_key, item: unknown) => {
      if (typeof item === 'bigint') return String(item);
      return item instanceof Map ? Object.fromEntries(item) : item;
    },
    2,
  );
}

/** A time as ISO 8601; `-` for none, and for one beyond every date, which a log may hold. */
export function timeText(time: Date | undefined): string {
  return time === undefined || Number.isNaN(time.getTime()) ? '-' : time.toISOString();
}

/** Bytes in the unit that keeps the number short. */
export function byteText(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit]}`;
}
