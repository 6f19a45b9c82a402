/** The JSON text of a schema, both ways. PROTOCOL.md "Schema Serialization Format". */
import { CorruptDataError, LimitError } from '../../errors.js';
import { formatJson, isJsonObject, type Json, parseJson } from '../json.js';
import { MAX_DECIMAL_PRECISION } from './describe-type.js';
import {
  type ArrayType,
  type DataType,
  type DecimalName,
  type MapType,
  PRIMITIVES,
  type StructField,
  type StructType,
} from './types.js';

/**
 * How deep types may nest. A struct takes three levels of JSON, so every schema within this limit
 * also stays within the depth of a JSON text.
 */
export const MAX_SCHEMA_DEPTH = 160;

/** How long a schema's text may be: some hundred thousand columns, in about a second and 300 MB. */
export const MAX_SCHEMA_CHARACTERS: number = 16 * 1024 * 1024;

type JsonObject = { readonly [key: string]: Json | undefined };

/**
 * Parses the text of `metaData.schemaString`. Metadata keeps every digit; a type that Varve does
 * not know becomes an `UnknownType` with its JSON; `decimal` alone means `decimal(10,0)`, as in
 * Spark.
 *
 * @param key - what the text was read from, for the error
 * @throws CorruptDataError when the text is no JSON, no struct, lacks a member, or names a field
 * twice in one struct
 * @throws LimitError when types nest deeper than {@link MAX_SCHEMA_DEPTH}, or the text is longer than
 * {@link MAX_SCHEMA_CHARACTERS}
 */
export function parseSchemaString(text: string, key = 'metaData.schemaString'): StructType {
  if (text.length > MAX_SCHEMA_CHARACTERS) {
    throw new LimitError({
      message: `the schema of the table is too long to read key=${key}`,
      limit: 'MAX_SCHEMA_CHARACTERS',
      value: text.length,
      max: MAX_SCHEMA_CHARACTERS,
    });
  }
  const json = parseJson(text, { key });
  const reader: SchemaReader = new SchemaReader(key);
  const type = reader.type(json, '', 0);
  if (typeof type === 'string' || type.type !== 'struct') reader.fail('', 'it is not a struct');
  return type;
}

/**
 * The JSON text of a schema, members in Spark's order and without spaces.
 *
 * @throws LimitError when it nests deeper than a JSON text may
 */
export function formatSchemaString(schema: StructType): string {
  return formatJson(typeJson(schema));
}

/** The JSON of any type, as it stands in a schema's text. */
export function typeJson(type: DataType): Json {
  if (typeof type === 'string') return type;
  switch (type.type) {
    case 'struct':
      return { type: 'struct', fields: type.fields.map(fieldJson) };
    case 'array': {
      const { elementType, containsNull } = type;
      return { type: 'array', elementType: typeJson(elementType), containsNull };
    }
    case 'map': {
      const { keyType, valueType, valueContainsNull } = type;
      return {
        type: 'map',
        keyType: typeJson(keyType),
        valueType: typeJson(valueType),
        valueContainsNull,
      };
    }
    case 'unknown':
      return type.json;
  }
}

function fieldJson({ name, type, nullable, metadata }: StructField): Json {
  return { name, type: typeJson(type), nullable, metadata };
}

const TYPE_NAMES: ReadonlySet<string> = new Set([...PRIMITIVES, 'variant']);
const DECIMAL = /^decimal\(\s*(\d{1,2})\s*,\s*(\d{1,2})\s*\)$/;
/** Spark's other spelling of a type that the protocol has under one name only. */
const ALIASES: ReadonlyMap<string, DataType> = new Map([
  ['decimal', 'decimal(10,0)'],
  ['timestamp_ltz', 'timestamp'],
]);

class SchemaReader {
  readonly #key: string;

  constructor(key: string) {
    this.#key = key;
  }

  type(json: Json | undefined, column: string, depth: number): DataType {
    if (typeof json === 'string') return typeNamed(json) ?? { type: 'unknown', name: json, json };
    if (!isJsonObject(json)) this.fail(column, 'its type is neither a name nor an object');
    if (depth >= MAX_SCHEMA_DEPTH) {
      throw new LimitError({
        message: `the schema in ${this.#key} nests too deeply`,
        limit: 'MAX_SCHEMA_DEPTH',
        value: depth + 1,
        max: MAX_SCHEMA_DEPTH,
      });
    }
    switch (json['type']) {
      case 'struct':
        return this.#struct(json, column, depth + 1);
      case 'array':
        return this.#array(json, column, depth + 1);
      case 'map':
        return this.#map(json, column, depth + 1);
      default: {
        const name = json['type'];
        if (typeof name !== 'string') this.fail(column, 'its type has no name');
        return { type: 'unknown', name, json };
      }
    }
  }

  fail(column: string, problem: string): never {
    const subject = column === '' ? 'the schema' : 'a field of the schema';
    const field = column === '' ? undefined : column;
    throw new CorruptDataError({
      message: `${subject} is not as the protocol says: ${problem}`,
      key: this.#key,
      field,
    });
  }

  #struct(json: JsonObject, column: string, depth: number): StructType {
    const { fields } = json;
    if (!Array.isArray(fields)) this.fail(column, 'a struct has no list of fields');
    const seen = new Set<string>();
    const read = fields.map((field: Json): StructField => {
      const parsed = this.#field(field, column, depth);
      if (seen.has(parsed.name)) this.fail(dotted(column, parsed.name), 'the name is there twice');
      seen.add(parsed.name);
      return parsed;
    });
    return { type: 'struct', fields: read };
  }

  #field(json: Json, parent: string, depth: number): StructField {
    if (!isJsonObject(json)) this.fail(parent, 'a field is not an object');
    const { name, nullable, metadata = {} } = json;
    if (typeof name !== 'string') this.fail(parent, 'a field has no name');
    const column = dotted(parent, name);
    if (typeof nullable !== 'boolean') this.fail(column, 'nullable is neither true nor false');
    if (!isJsonObject(metadata)) this.fail(column, 'its metadata is not an object');
    const type = this.type(json['type'], column, depth);
    return { name, type, nullable, metadata: metadata as StructField['metadata'] };
  }

  #array(json: JsonObject, column: string, depth: number): ArrayType {
    const { containsNull } = json;
    if (typeof containsNull !== 'boolean') {
      this.fail(column, 'containsNull is neither true nor false');
    }
    const elementType = this.type(json['elementType'], dotted(column, 'element'), depth);
    return { type: 'array', elementType, containsNull };
  }

  #map(json: JsonObject, column: string, depth: number): MapType {
    const { valueContainsNull } = json;
    if (typeof valueContainsNull !== 'boolean') {
      this.fail(column, 'valueContainsNull is neither true nor false');
    }
    const keyType = this.type(json['keyType'], dotted(column, 'key'), depth);
    const valueType = this.type(json['valueType'], dotted(column, 'value'), depth);
    return { type: 'map', keyType, valueType, valueContainsNull };
  }
}

/** The type of that name in a schema's text; `undefined` when Varve knows none. */
export function typeNamed(name: string): DataType | undefined {
  if (TYPE_NAMES.has(name)) return name as DataType;
  const parts = DECIMAL.exec(name);
  if (parts === null) return ALIASES.get(name);
  const precision = Number(parts[1]);
  const scale = Number(parts[2]);
  const valid = precision >= 1 && precision <= MAX_DECIMAL_PRECISION && scale <= precision;
  return valid ? (`decimal(${precision},${scale})` satisfies DecimalName) : undefined;
}

function dotted(parent: string, name: string): string {
  return parent === '' ? name : `${parent}.${name}`;
}
