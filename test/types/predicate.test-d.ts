/** What conditions compile with, and what they must not: checked by tsc, never run. */
import {
  and,
  between,
  eq,
  everyRow,
  gt,
  isIn,
  isNull,
  like,
  not,
  or,
} from '../../src/table/expression/builders.js';
import { predicateFromJson } from '../../src/table/expression/json.js';
import type { Where } from '../../src/table/expression/predicate-types.js';
import { predicateFromSql, sql } from '../../src/table/expression/sql/sql.js';
import type { AnyRow, Row } from '../../src/table/row/row-types.js';

const orders = {
  id: 'long not null',
  count: 'integer',
  total: 'decimal(12,2)',
  status: 'string',
  placed_at: 'timestamp',
  day: 'date',
  raw: 'binary',
  open: 'boolean',
  tags: { array: 'string' },
  address: { struct: { city: 'string', geo: { struct: { lat: 'double' } } } },
  'odd.name': 'string',
} as const;
declare function scan(where: Where<Row<typeof orders>>): void;
declare function scanAny(where: Where<AnyRow>): void;
declare const status: 'paid' | 'open';
declare const list: readonly string[];

export function accepted(): void {
  scan(eq('id', 1));
  scan(eq('id', 1n));
  scan(eq('count', 5n));
  scan(eq('total', '12.50'));
  scan(eq('status', status));
  scan(gt('placed_at', new Date(0)));
  scan(gt('day', '2024-01-31'));
  scan(eq('raw', new Uint8Array()));
  scan(eq('open', true));
  scan(isIn('status', list));
  scan(isIn('id', []));
  scan(between('id', 1, 5));
  scan(like('status', 'p%'));
  scan(isNull('tags'));
  scan(isNull(['address', 'geo']));
  scan(eq(['address', 'city'], 'Oslo'));
  scan(gt(['address', 'geo', 'lat'], 60));
  scan(eq('odd.name', 'x'));
  scan(everyRow);
  scan(and(gt('id', 1), eq('status', 'open'), not(isNull('total'))));
  scan(or(and(everyRow, eq('id', 1)), eq('status', 'x')));
  scan(predicateFromJson<Row<typeof orders>>({ op: 'everyRow' }));
  scan(predicateFromSql('whatever = 1'));
  scan(sql`id = ${1n} and status in ${list} or placed_at < ${new Date(0)}`);
  scan(sql`${eq('id', 1)} and ${like('status', 'p%')} and day > ${'2024-01-31'}`);
  scan(and(sql`whatever = ${1}`, eq('id', 1)));
  scanAny(sql`a = ${1} and ${eq('whatever', 1)}`);
  scanAny(eq('whatever', 1));
  scanAny(and(eq('a', 1), predicateFromJson({ op: 'everyRow' })));
}

export function refused(): void {
  // @ts-expect-error where is required
  scan();
  // @ts-expect-error undefined is not "all rows"
  scan(undefined);
  // @ts-expect-error no such column
  scan(eq('statuss', 'x'));
  // @ts-expect-error text is not compared with a number
  scan(eq('status', 4));
  // @ts-expect-error a long is not compared with text
  scan(eq('id', '4'));
  // @ts-expect-error a decimal is compared with text
  scan(eq('total', 4));
  // @ts-expect-error a date is text, never a Date
  scan(eq('day', new Date(0)));
  // @ts-expect-error null is asked for with isNull
  scan(eq('status', null));
  // @ts-expect-error undefined is no value
  scan(eq('status', undefined));
  // @ts-expect-error the second condition names no column
  scan(and(gt('id', 1), eq('nope', 1)));
  // @ts-expect-error the wrong condition is within not and or
  scan(not(or(gt('id', 1), eq('nope', 1))));
  // @ts-expect-error everyRow beside it does not hide a wrong column
  scan(and(everyRow, eq('nope', 1)));
  // @ts-expect-error no such field
  scan(eq(['address', 'town'], 'Oslo'));
  // @ts-expect-error a field of another type
  scan(eq(['address', 'city'], 1));
  // @ts-expect-error an array is not compared
  scan(eq('tags', 'x'));
  // @ts-expect-error like is for text
  scan(like('id', '1%'));
  // @ts-expect-error no such column
  scan(isNull('nope'));
  // @ts-expect-error a condition within SQL names no column
  scan(sql`id = ${1} and ${eq('nope', 1)}`);
  // @ts-expect-error SQL beside it does not hide a wrong column
  scan(and(sql`id = ${1}`, eq('nope', 1)));
  // @ts-expect-error null is asked for with IS NULL
  scan(sql`id = ${null}`);
  // @ts-expect-error no column's value
  scan(sql`id = ${{}}`);
  // @ts-expect-error a list of another type
  scan(isIn('status', [1]));
}
