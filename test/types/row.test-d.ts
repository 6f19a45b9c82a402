/** What rows compile with, and what they must not: checked by tsc, never run. */
import { expectTypeOf } from 'vitest';
import * as z from 'zod';
import type { DeltaTable } from '../../src/index.js';
import type { StructType } from '../../src/log/schema/types.js';
import type {
  AnyNewRow,
  AnyRow,
  AnySchema,
  NewRow,
  Row,
  SchemaFor,
  TableSchema,
  Value,
} from '../../src/table/row/row-types.js';
import type { Timestamp } from '../../src/table/row/timestamp.js';

const all = {
  id: 'long not null',
  n: 'integer',
  x: 'double not null',
  f: 'float',
  total: 'decimal(12,2)',
  name: 'string',
  ok: 'boolean not null',
  raw: 'binary',
  day: 'date',
  at: 'timestamp not null',
  wall: 'timestamp_ntz',
  odd: 'variant',
  tags: { array: 'string not null' },
  counts: { map: ['string', 'long'] },
  place: { struct: { city: 'string not null', lat: 'double' } },
} as const;
type All = typeof all;

interface AllRow {
  readonly id: bigint;
  readonly n: number | null;
  readonly x: number;
  readonly f: number | null;
  readonly total: string | null;
  readonly name: string | null;
  readonly ok: boolean;
  readonly raw: Uint8Array | null;
  readonly day: string | null;
  readonly at: Timestamp;
  readonly wall: string | null;
  readonly odd: Value;
  readonly tags: readonly string[] | null;
  readonly counts: ReadonlyMap<string, bigint | null> | null;
  readonly place: { readonly city: string; readonly lat: number | null } | null;
}

export function literals(row: Row<All>): void {
  expectTypeOf<{ readonly [K in keyof AllRow]: AllRow[K] }>().toEqualTypeOf<Row<All>>();
  const instant: Date = row.at;
  const micros: number = row.at.micros;
  void [instant, micros];
  // @ts-expect-error a long is not a number
  const id: number = row.id;
  // @ts-expect-error a row is not to be changed
  row.id = 1n;
  // @ts-expect-error may be null
  const name: string = row.name;
  // @ts-expect-error no such column
  void [id, name, row.nope];
}

export function newRows(): void {
  const at = new Date(0);
  const least: NewRow<All> = { id: 1, x: 1, ok: true, at };
  const texts: NewRow<All> = { id: '1', x: 1, ok: true, at: '2024-01-01T00:00:00Z', n: undefined };
  const rich: NewRow<All> = {
    ...least,
    id: 1n,
    total: 5n,
    tags: ['a'],
    counts: { a: 1 },
    place: { city: 'Ulm' },
    raw: new Uint8Array(1),
  };
  const vector: NewRow<{ readonly v: { readonly array: 'float' } }> = { v: new Float32Array(2) };
  const maps: NewRow<All> = { ...least, counts: new Map([['a', 1n]]), place: null };
  void [texts, rich, vector, maps];
  // @ts-expect-error not null
  const missing: NewRow<All> = { x: 1, ok: true, at };
  // @ts-expect-error not null
  const empty: NewRow<All> = { ...least, id: null };
  // @ts-expect-error unknown column
  const unknown: NewRow<All> = { ...least, wings: 2 };
  // @ts-expect-error a decimal is never a number
  const rounded: NewRow<All> = { ...least, total: 1.5 };
  // @ts-expect-error a date is never a Date
  const dated: NewRow<All> = { ...least, day: at };
  // @ts-expect-error a wall clock is never a Date
  const walled: NewRow<All> = { ...least, wall: at };
  // @ts-expect-error no integer
  const worded: NewRow<All> = { ...least, id: 'one' };
  // @ts-expect-error unknown field
  const placed: NewRow<All> = { ...least, place: { city: 'Ulm', zip: 1 } };
  // @ts-expect-error an element is not null
  const tagged: NewRow<All> = { ...least, tags: [null] };
  void [missing, empty, unknown, rounded, dated, walled, worded, placed, tagged];
}

export function schemas(): void {
  const dimension: TableSchema = { v: 'decimal(5,2) not null' };
  // @ts-expect-error no type
  const typo: TableSchema = { v: 'strng' };
  // @ts-expect-error no type
  const nothing: TableSchema = { v: 'void' };
  // @ts-expect-error a map has two types
  const map: TableSchema = { v: { map: ['string'] } };
  void [dimension, typo, nothing, map];
}

const reading = z.object({
  sensor: z.string(),
  at: z.date(),
  value: z.number().nullable(),
  note: z.string().optional(),
  count: z.int().default(0),
  tags: z.array(z.object({ name: z.string().optional() })),
  marks: z.map(z.string(), z.date().nullable()),
});
declare const read: Row<typeof reading>;

export function standardSchemas(): void {
  const { sensor, at, value, note, count, tags, marks } = read;
  expectTypeOf<string>().toEqualTypeOf<typeof sensor>();
  expectTypeOf<Timestamp>().toEqualTypeOf<typeof at>();
  expectTypeOf<number | null>().toEqualTypeOf<typeof value>();
  expectTypeOf<string | null>().toEqualTypeOf<typeof note>();
  expectTypeOf<number>().toEqualTypeOf<typeof count>();
  expectTypeOf<readonly { readonly name: string | null }[]>().toEqualTypeOf<typeof tags>();
  expectTypeOf<ReadonlyMap<string, Timestamp | null>>().toEqualTypeOf<typeof marks>();
  const least: NewRow<typeof reading> = {
    sensor: 'a',
    at: new Date(0),
    value: null,
    tags: [{}],
    marks: new Map(),
  };
  // @ts-expect-error sensor is not null
  const missing: NewRow<typeof reading> = { ...least, sensor: undefined };
  void missing;
}

interface Measured {
  readonly a: number;
  readonly b?: string | undefined;
}

export function unknownTables(row: Row<AnySchema>, fromSpark: Row<StructType>): void {
  expectTypeOf<AnyRow>().toEqualTypeOf<typeof row>();
  expectTypeOf<AnyRow>().toEqualTypeOf<typeof fromSpark>();
  expectTypeOf<AnyNewRow>().toEqualTypeOf<NewRow<AnySchema>>();
  expectTypeOf<AnyNewRow>().toEqualTypeOf<NewRow<StructType>>();
  const measured: Measured = { a: 1 };
  const accepted: NewRow<AnySchema> = measured;
  // @ts-expect-error no object
  const refused: NewRow<AnySchema> = 5;
  void [accepted, refused];
}

export function inferred(): void {
  interface Event {
    readonly id: bigint;
    readonly at: Date;
    readonly score?: number | undefined;
    readonly name: string | null;
    readonly ok: boolean;
    readonly raw: Uint8Array;
    readonly tags: (string | null)[];
    readonly vector: Float32Array;
    readonly counts: Map<string, number>;
    readonly place: { readonly city: string };
  }
  expectTypeOf<SchemaFor<Event>>().toEqualTypeOf<{
    readonly id: 'long';
    readonly at: 'timestamp';
    readonly score: 'double';
    readonly name: 'string';
    readonly ok: 'boolean';
    readonly raw: 'binary';
    readonly tags: { readonly array: 'string' };
    readonly vector: { readonly array: 'float' };
    readonly counts: { readonly map: readonly ['string', 'double'] };
    readonly place: { readonly struct: { readonly city: 'string' } };
  }>();
  expectTypeOf<Row<SchemaFor<{ a: number }>>>().toEqualTypeOf<{ readonly a: number | null }>();
}

export async function metadataColumns(table: DeltaTable<All>): Promise<void> {
  const scan = table.scan({ select: ['id', '_metadata.row_id', '_metadata.file_path'] });
  for await (const row of scan) {
    expectTypeOf(row).toEqualTypeOf<{
      readonly id: bigint;
      readonly '_metadata.row_id': bigint;
      readonly '_metadata.file_path': string;
    }>();
  }
  // @ts-expect-error there is no such column
  table.scan({ select: ['_metadata.nothing'] });
}
