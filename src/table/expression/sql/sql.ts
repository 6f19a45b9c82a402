/** The SQL doors to a condition: a text, and a template whose values never become text. */
import { InvalidArgumentError } from '../../../errors.js';
import { predicateOf } from '../condition.js';
import type { Comparable, Predicate, RowsOf } from '../predicate-types.js';
import { parseCondition } from './parser.js';
import { type Parameter, SqlSource } from './source.js';

/** What `${}` may hold in {@link sql}: a constant, an array of constants after IN, or a condition. */
export type SqlParameter = Comparable | readonly Comparable[] | Predicate;

/** The conditions among the parameters of a template, and the rows that they all accept. */
export type RowsOfParameters<P extends readonly SqlParameter[]> = RowsOf<{
  [I in keyof P]: P[I] extends Predicate<infer R> ? Predicate<R> : Predicate<unknown>;
}>;

/**
 * A condition in SQL, as Spark understands it. Which columns it names is checked when it is used, so the compiler
 * takes it for any table.
 *
 * Known are `= == <=> <> != < <= > >=`, AND, OR, NOT, [NOT] IN, [NOT] BETWEEN, [NOT] LIKE (ESCAPE), IS [NOT] NULL,
 * TRUE, FALSE and DISTINCT FROM, `%`, `||`, the functions concat, repeat, mod, startswith, double and float, and
 * constants such as `1.50`, `'it''s'`, `date'2024-01-31'`, `timestamp'2024-01-31 12:00:00'`,
 * `timestamp_ntz'2024-01-31 12:00:00'`, `double('NaN')`, `X'01FF'`. A timestamp without a zone is UTC. Fields of a
 * struct have dots between their names; a name with other characters than letters, digits and `_` stands in
 * backquotes. Upper and lower case of a name differ only where the table has both.
 *
 * Numbers in the text are exact decimals. A comparison with null is unknown, and so is `%` by zero.
 *
 * @example
 * ```ts
 * const where = predicateFromSql("day >= date'2024-01-31' and `unit price` < 9.99");
 * ```
 *
 * @throws InvalidArgumentError, with the position and the text around it, for what is no such condition
 * @throws LimitError for a text above a million characters, nesting deeper than a condition may, or a text that
 * `repeat` or `concat` make above 1 MiB
 */
export function predicateFromSql(text: string): Predicate<unknown> {
  if (typeof text !== 'string') {
    throw new InvalidArgumentError({
      message: `the SQL of a condition is not text but ${text === null ? 'null' : typeof text}`,
      option: 'where',
      expected: 'a condition in SQL, such as "id > 5"',
    });
  }
  return predicateOf(parseCondition(new SqlSource(text)));
}

/**
 * A condition in SQL with values in it, as {@link predicateFromSql} understands it. A value stays a value: no quotes
 * in it, no SQL in it, can change the condition. In `${}` stand a constant (a string is text, whatever it reads
 * like), an array of constants after IN, or another condition.
 *
 * @example
 * ```ts
 * const where = sql`species in ${['Adelie', 'Gentoo']} and ${gt('body_mass_g', 4000)} and island = ${island}`;
 * ```
 *
 * @throws InvalidArgumentError as `predicateFromSql` does, and for a value that is null, undefined or of no column
 * @throws LimitError as `predicateFromSql` does
 */
export function sql<const P extends readonly SqlParameter[]>(
  strings: TemplateStringsArray,
  ...values: P
): Predicate<RowsOfParameters<P>> {
  if (!Array.isArray(strings) || !Array.isArray(strings.raw)) throw noTemplate();
  let text = '';
  const parameters: Parameter[] = [];
  for (const [index, part] of strings.entries()) {
    if (part === undefined) throw wrongEscape(strings.raw[index] ?? '');
    text += part;
    if (index >= values.length) break;
    const name = `\${${index + 1}}`;
    parameters.push({ at: text.length, end: text.length + name.length, value: values[index] });
    text += name;
  }
  return predicateOf(parseCondition(new SqlSource(text, parameters)));
}

function noTemplate(): InvalidArgumentError {
  return new InvalidArgumentError({
    message: 'sql stands before a template; predicateFromSql takes a text',
    option: 'where',
    expected: 'sql`id = ${5}`',
  });
}

function wrongEscape(raw: string): InvalidArgumentError {
  return new InvalidArgumentError({
    message: `the template has an escape that JavaScript does not know, in ${JSON.stringify(raw)}`,
    option: 'where',
    expected: 'a backslash written twice',
  });
}
