/**
 * The canonical row form (`peers/canonical.md` beside the corpora), made from Arrow's raw buffers. It judges what the
 * library delivers, so it shares no code with it, and it is strict: a column that is not of the Arrow type its Delta
 * type maps to is a fault, never converted.
 */
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { type Data, type RecordBatch, Type } from 'apache-arrow';
import { variantJson } from './variant-json.js';

/** A schema as the protocol's JSON has it; metadata is ignored. */
export interface StructSchema {
  readonly type: 'struct';
  readonly fields: readonly FieldSchema[];
}

interface FieldSchema {
  readonly name: string;
  readonly type: TypeSchema;
  readonly nullable: boolean;
}

interface ArraySchema {
  readonly type: 'array';
  readonly elementType: TypeSchema;
  readonly containsNull: boolean;
}

interface MapSchema {
  readonly type: 'map';
  readonly keyType: TypeSchema;
  readonly valueType: TypeSchema;
  readonly valueContainsNull: boolean;
}

interface OtherSchema {
  readonly type: 'unknown';
}

type TypeSchema = string | StructSchema | ArraySchema | MapSchema | OtherSchema;

/** The JSON text of the value at a row. */
type Encoder = (row: number) => string;

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Collects the rows of one table state; their order means nothing. */
export class CanonicalRows {
  readonly #schema: StructSchema;
  readonly #names: readonly string[];
  readonly #lines: Buffer[] = [];

  /** @param names - what the batches call the columns, where that is not what the answer calls them */
  constructor(schema: StructSchema, names: readonly string[] = schema.fields.map((f) => f.name)) {
    this.#schema = schema;
    this.#names = names;
  }

  /** Adds every row of a batch, whose columns are found by name. */
  add(batch: RecordBatch): void {
    const columns = this.#schema.fields.map((field, at) => {
      const name = this.#names[at];
      const index = batch.schema.fields.findIndex((column) => column.name === name);
      const data = batch.data.children[index];
      if (data === undefined) throw new TypeError(`the batch has no column ${field.name}`);
      return encoderFor(data, field.type, field.name);
    });
    for (let row = 0; row < batch.numRows; row++) {
      this.#lines.push(Buffer.from(`[${columns.map((encode) => encode(row)).join()}]\n`));
    }
  }

  /** The number of rows and the digest of the canonical form; with `path` the form is written there too. */
  finish(path?: string): { readonly rows: number; readonly sha256: string } {
    const head = Buffer.from(`${JSON.stringify(bareSchema(this.#schema))}\n`);
    const bytes = Buffer.concat([head, ...this.#lines.toSorted((a, b) => Buffer.compare(a, b))]);
    if (path !== undefined) writeFileSync(path, bytes);
    return {
      rows: this.#lines.length,
      sha256: createHash('sha256').update(bytes).digest('hex'),
    };
  }
}

/** The schema line's JSON: names, types and nullability in the protocol's order of keys, without metadata. */
function bareSchema(type: TypeSchema): unknown {
  if (typeof type === 'string') return type;
  switch (type.type) {
    case 'struct':
      return {
        type: 'struct',
        fields: type.fields.map(({ name, type: fieldType, nullable }) => ({
          name,
          type: bareSchema(fieldType),
          nullable,
        })),
      };
    case 'array':
      return {
        type: 'array',
        elementType: bareSchema(type.elementType),
        containsNull: type.containsNull,
      };
    case 'map':
      return {
        type: 'map',
        keyType: bareSchema(type.keyType),
        valueType: bareSchema(type.valueType),
        valueContainsNull: type.valueContainsNull,
      };
    case 'unknown':
      throw new TypeError('the canonical form has no text for a type that is not known');
  }
}

function encoderFor(data: Data, type: TypeSchema, column: string): Encoder {
  const encode =
    typeof type === 'string'
      ? primitiveEncoder(data, type, column)
      : nestedEncoder(data, type, column);
  const { nullBitmap, offset } = data;
  if (nullBitmap === undefined || nullBitmap === null || nullBitmap.length === 0) return encode;
  return (row) => (bit(nullBitmap, offset + row) ? encode(row) : 'null');
}

function nestedEncoder(data: Data, type: Exclude<TypeSchema, string>, column: string): Encoder {
  switch (type.type) {
    case 'struct': {
      expectNested(data, Type.Struct, column);
      const fields = type.fields.map((field, index) =>
        encoderFor(childOf(data, index, column), field.type, `${column}.${field.name}`),
      );
      return (row) => `[${fields.map((encode) => encode(row)).join()}]`;
    }
    case 'array': {
      expectNested(data, Type.List, column);
      const element = encoderFor(childOf(data, 0, column), type.elementType, `${column}.element`);
      return (row) => `[${eachOf(data, row, element).join()}]`;
    }
    case 'map': {
      expectNested(data, Type.Map, column);
      const entries = childOf(data, 0, column);
      const key = encoderFor(childOf(entries, 0, column), type.keyType, `${column}.key`);
      const value = encoderFor(childOf(entries, 1, column), type.valueType, `${column}.value`);
      const entry: Encoder = (row) => `[${key(row)},${value(row)}]`;
      return (row) => `[${eachOf(data, row, entry).toSorted(compareUtf8).join()}]`;
    }
    case 'unknown':
      throw new TypeError(`column ${column}: a type that is not known has no canonical form`);
  }
}

function primitiveEncoder(data: Data, type: string, column: string): Encoder {
  if (type === 'variant') return variantEncoder(data, column);
  if (type.startsWith('decimal')) return decimalEncoder(data, type, column);
  const arrowName = ARROW_NAMES[type];
  if (arrowName === undefined) {
    throw new TypeError(`column ${column}: the type ${type} has no canonical form here`);
  }
  expectType(data, arrowName, column);
  const { values } = data;
  switch (type) {
    case 'boolean':
      return (row) => String(bit(values as Uint8Array, data.offset + row));
    case 'float':
      return (row) => `"f32:${floatBits(Number(values[row]), 4)}"`;
    case 'double':
      return (row) => `"f64:${floatBits(Number(values[row]), 8)}"`;
    case 'string':
      return (row) => JSON.stringify(utf8.decode(bytesOf(data, row)));
    case 'binary':
      return (row) => `"${Buffer.from(bytesOf(data, row)).toString('hex')}"`;
    case 'void':
      return () => 'null';
    default:
      return (row) => `"${values[row]}"`;
  }
}

function variantEncoder(data: Data, column: string): Encoder {
  expectType(data, 'Struct<{metadata:Binary, value:Binary}>', column);
  const metadata = childOf(data, 0, column);
  const value = childOf(data, 1, column);
  return (row) => {
    const text = variantJson(Buffer.from(bytesOf(metadata, row)), Buffer.from(bytesOf(value, row)));
    return JSON.stringify({ variant: text });
  };
}

/** What each primitive must arrive as, in the words of Arrow's `toString`. */
const ARROW_NAMES: Readonly<Record<string, string>> = {
  boolean: 'Bool',
  byte: 'Int8',
  short: 'Int16',
  integer: 'Int32',
  long: 'Int64',
  float: 'Float32',
  double: 'Float64',
  string: 'Utf8',
  binary: 'Binary',
  date: 'Date32<DAY>',
  timestamp: 'Timestamp<MICROSECOND, UTC>',
  timestamp_ntz: 'Timestamp<MICROSECOND>',
  void: 'Null',
};

const WORDS_OF_128_BITS = 4;

function decimalEncoder(data: Data, type: string, column: string): Encoder {
  const [precision, scale] = [...type.matchAll(/\d+/gu)].map(Number);
  if (scale === undefined) throw new TypeError(`column ${column}: ${type} has no scale`);
  expectType(data, `Decimal[${precision}e${scale > 0 ? '+' : ''}${scale}]`, column);
  if (data.stride !== WORDS_OF_128_BITS) {
    throw new TypeError(`column ${column}: a decimal of ${data.stride} words`);
  }
  const words = data.values as Uint32Array;
  return (row) => {
    let unscaled = 0n;
    for (let word = WORDS_OF_128_BITS - 1; word >= 0; word--) {
      unscaled = (unscaled << 32n) | BigInt(words[row * WORDS_OF_128_BITS + word] ?? 0);
    }
    return `"${decimalText(BigInt.asIntN(128, unscaled), scale)}"`;
  };
}

function decimalText(unscaled: bigint, scale: number): string {
  const sign = unscaled < 0n ? '-' : '';
  const digits = String(unscaled < 0n ? -unscaled : unscaled).padStart(scale + 1, '0');
  if (scale === 0) return sign + digits;
  return `${sign}${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
}

const scratch = new DataView(new ArrayBuffer(8));

function floatBits(value: number, width: 4 | 8): string {
  if (Number.isNaN(value)) return width === 4 ? '7fc00000' : '7ff8000000000000';
  if (width === 4) scratch.setFloat32(0, value);
  else scratch.setFloat64(0, value);
  return Buffer.from(scratch.buffer, 0, width).toString('hex');
}

function eachOf(data: Data, row: number, encode: Encoder): string[] {
  const [from, to] = rangeOf(data, row);
  return Array.from({ length: to - from }, (_, index) => encode(from + index));
}

function bytesOf(data: Data, row: number): Uint8Array {
  const [from, to] = rangeOf(data, row);
  return (data.values as Uint8Array).subarray(from, to);
}

function rangeOf(data: Data, row: number): readonly [number, number] {
  const offsets = data.valueOffsets as Int32Array;
  const from = offsets[row];
  const to = offsets[row + 1];
  if (from === undefined || to === undefined) throw new RangeError(`no offsets of row ${row}`);
  return [from, to];
}

function childOf(data: Data, index: number, column: string): Data {
  const child = data.children[index] as Data | undefined;
  if (child === undefined) throw new TypeError(`column ${column}: part ${index} is missing`);
  return child;
}

function bit(bitmap: Uint8Array, index: number): boolean {
  return (((bitmap[index >> 3] ?? 0) >> (index & 7)) & 1) === 1;
}

function compareUtf8(left: string, right: string): number {
  return Buffer.compare(Buffer.from(left), Buffer.from(right));
}

function expectType(data: Data, arrowName: string, column: string): void {
  const actual = (data.type as { toString(): string }).toString();
  if (actual !== arrowName) {
    throw new TypeError(`column ${column}: arrow type ${actual}, expected ${arrowName}`);
  }
}

function expectNested(data: Data, typeId: Type, column: string): void {
  if (data.typeId !== typeId) throw new TypeError(`column ${column}: not arrow's ${Type[typeId]}`);
}
