/**
 * The columns of a zod 4 object, read from `_zod.def` as zod documents it for library authors: by shape, never by
 * `instanceof`, since the caller's zod is rarely our copy.
 */
import { InvalidArgumentError } from '../../errors.js';
import { describeType } from '../../log/schema/describe-type.js';
import type {
  ArrayType,
  DataType,
  MapType,
  PrimitiveName,
  StructField,
  StructType,
} from '../../log/schema/types.js';
import { pathKey } from './column-reader.js';
import { checkDepth, type Declared, literalType } from './literal-schema.js';
import type { SchemaInput } from './row-types.js';

type Definition = Readonly<Record<string, unknown>>;

/** A zod type without its wrappers. */
interface Unwrapped {
  readonly definition: Definition;
  /** Whether it may be null once read: null itself, or absent and so written as null. */
  readonly nullable: boolean;
}

/** The Delta types whose values are of the JavaScript type that a zod type promises; the first is the usual one. */
const CANDIDATES: ReadonlyMap<unknown, readonly PrimitiveName[]> = new Map([
  ['string', ['string', 'date', 'timestamp_ntz']],
  ['enum', ['string']],
  ['boolean', ['boolean']],
  ['number', ['double', 'float', 'integer', 'short', 'byte', 'long']],
  ['bigint', ['long']],
  ['date', ['timestamp']],
]);

/** Whether this is a zod 4 type. */
export function isZodType(value: unknown): boolean {
  return definitionOf(value) !== undefined;
}

/**
 * The schema of a zod object, and the columns that zod promises as numbers though Delta holds them as long.
 *
 * `optional` and `nullable` make a column nullable; `default` does not, for it is the caller's to apply; `readonly`
 * and refinements say nothing about a type. `columns` gives Delta types of top-level columns: one whose values are of
 * the JavaScript type that zod promises, or any at all where zod's type is none that Varve knows.
 *
 * @throws InvalidArgumentError that names what has no Delta type, by its path
 */
export function zodSchema(input: unknown, columns: Readonly<Record<string, unknown>>): SchemaInput {
  const reader = new ZodReader();
  const { definition } = unwrap(input, 'schema', 0);
  if (definition['type'] !== 'object') throw noColumn('schema', definition, 'a zod object');
  const declared = Object.keys(columns).map((name): [string, Declared] => [
    name,
    literalType(columns[name], `columns.${name}`),
  ]);
  const schema = reader.struct(definition, [], new Map(declared));
  return { schema, asNumber: reader.asNumber };
}

class ZodReader {
  readonly asNumber: Set<string> = new Set();

  /** @param wanted - Delta types by field, instead of the usual ones */
  struct(
    definition: Definition,
    path: readonly string[],
    wanted: ReadonlyMap<string, Declared>,
  ): StructType {
    const { shape, catchall } = definition;
    const option = optionOf(path);
    if (catchall !== undefined && definitionOf(catchall)?.['type'] !== 'never') {
      throw noColumn(
        option,
        definition,
        'an object without catchall: a table has no other columns',
      );
    }
    const fields = Object.entries(shape as object).map(
      ([name, type]: [string, unknown]): StructField => {
        return { name, ...this.field(type, [...path, name], wanted.get(name)), metadata: {} };
      },
    );
    const unused = [...wanted.keys()].find((name) => !fields.some((field) => field.name === name));
    if (unused !== undefined) throw noSuchColumn(path, unused, fields);
    if (fields.length === 0) throw noColumn(option, definition, 'at least one column');
    return { type: 'struct', fields };
  }

  private field(type: unknown, path: readonly string[], wanted: Declared | undefined): Declared {
    const { definition, nullable } = unwrap(type, optionOf(path), path.length);
    return {
      type: this.type(definition, path, wanted?.type),
      nullable: nullable && (wanted?.nullable ?? true),
    };
  }

  private type(
    definition: Definition,
    path: readonly string[],
    wanted: DataType | undefined,
  ): DataType {
    switch (definition['type']) {
      case 'object': {
        const fields = partOf(wanted, 'struct', definition, path)?.fields;
        return this.struct(definition, path, new Map(fields?.map((field) => [field.name, field])));
      }
      case 'array':
        return this.array(definition, path, partOf(wanted, 'array', definition, path));
      case 'map':
        return this.map(definition, path, partOf(wanted, 'map', definition, path));
      default:
        return this.scalar(definition, path, wanted);
    }
  }

  private array(
    definition: Definition,
    path: readonly string[],
    wanted: ArrayType | undefined,
  ): ArrayType {
    const inner = wanted && { type: wanted.elementType, nullable: wanted.containsNull };
    const element = this.field(definition['element'], [...path, 'element'], inner);
    return { type: 'array', elementType: element.type, containsNull: element.nullable };
  }

  private map(
    definition: Definition,
    path: readonly string[],
    wanted: MapType | undefined,
  ): MapType {
    const { keyType, valueType } = definition;
    const keyPath = [...path, 'key'];
    const key = this.field(keyType, keyPath, wanted && { type: wanted.keyType, nullable: true });
    if (key.nullable) {
      throw noColumn(optionOf(keyPath), { type: 'nullable' }, 'a key that is never null');
    }
    const inner = wanted && { type: wanted.valueType, nullable: wanted.valueContainsNull };
    const value = this.field(valueType, [...path, 'value'], inner);
    return {
      type: 'map',
      keyType: key.type,
      valueType: value.type,
      valueContainsNull: value.nullable,
    };
  }

  private scalar(
    definition: Definition,
    path: readonly string[],
    wanted: DataType | undefined,
  ): DataType {
    const type = wanted ?? usualType(definition);
    if (type === undefined) throw noColumn(optionOf(path), definition);
    const candidates = CANDIDATES.get(definition['type']);
    if (wanted !== undefined && candidates !== undefined && !fits(wanted, candidates)) {
      throw misfit(definition, path, wanted);
    }
    if (type === 'long' && definition['type'] === 'number') this.asNumber.add(pathKey(path));
    return type;
  }
}

/** Takes off what only says whether a value may be missing. A default makes absence impossible, but not null. */
function unwrap(type: unknown, option: string, depth: number): Unwrapped {
  let absent: boolean | undefined;
  let nullable = false;
  let inner = type;
  for (let wrappers = depth; ; wrappers += 1) {
    checkDepth(wrappers, option);
    const definition = definitionOf(inner);
    if (definition === undefined) {
      const expected = 'a zod 4 type';
      throw new InvalidArgumentError({ message: `${option} is no zod 4 type`, option, expected });
    }
    switch (definition['type']) {
      case 'optional':
        absent ??= true;
        break;
      case 'nullable':
        nullable = true;
        break;
      case 'default':
        absent ??= false;
        break;
      case 'readonly':
        break;
      default:
        return { definition, nullable: nullable || absent === true };
    }
    inner = definition['innerType'];
  }
}

/** The Delta type of a zod type that is neither a wrapper nor a container; `undefined` when it has none. */
function usualType(definition: Definition): PrimitiveName | undefined {
  const formats = formatsOf(definition);
  switch (definition['type']) {
    case 'string':
      return formats.has('date') ? 'date' : 'string';
    case 'number':
      if (formats.has('uint32')) return undefined;
      if (formats.has('int32')) return 'integer';
      if (formats.has('safeint')) return 'long';
      return formats.has('float32') ? 'float' : 'double';
    case 'bigint':
      return formats.has('uint64') ? undefined : 'long';
    case 'enum': {
      const entries = Object.values(definition['entries'] as object);
      return entries.every((entry) => typeof entry === 'string') ? 'string' : undefined;
    }
    default:
      return CANDIDATES.get(definition['type'])?.[0];
  }
}

/** `z.int32()` is a format of its own, `z.number().int()` a check. */
function formatsOf(definition: Definition): ReadonlySet<unknown> {
  const { checks } = definition;
  const all = Array.isArray(checks) ? checks.map((check: unknown) => definitionOf(check)) : [];
  return new Set([definition['format'], ...all.map((check) => check?.['format'])]);
}

function fits(wanted: DataType, candidates: readonly PrimitiveName[]): boolean {
  const isDecimal = typeof wanted === 'string' && wanted.startsWith('decimal(');
  if (isDecimal) return candidates.includes('date');
  return candidates.some((candidate) => candidate === wanted);
}

function partOf<K extends 'struct' | 'array' | 'map'>(
  wanted: DataType | undefined,
  kind: K,
  definition: Definition,
  path: readonly string[],
): Extract<DataType, { readonly type: K }> | undefined {
  if (wanted === undefined) return undefined;
  if (typeof wanted === 'string' || wanted.type !== kind) throw misfit(definition, path, wanted);
  return wanted as Extract<DataType, { readonly type: K }>;
}

function definitionOf(type: unknown): Definition | undefined {
  if (typeof type !== 'object' || type === null) return undefined;
  const internals: unknown = Reflect.get(type, '_zod');
  if (typeof internals !== 'object' || internals === null) return undefined;
  const definition: unknown = Reflect.get(internals, 'def');
  return typeof definition === 'object' && definition !== null
    ? (definition as Definition)
    : undefined;
}

function optionOf(path: readonly string[]): string {
  return ['schema', ...path].join('.');
}

function noColumn(option: string, definition: Definition, expected?: string): InvalidArgumentError {
  const format = typeof definition['format'] === 'string' ? ` (${definition['format']})` : '';
  return new InvalidArgumentError({
    message: `${option}: zod's ${String(definition['type'])}${format} has no Delta type`,
    option,
    expected: expected ?? 'another zod type, or the Delta type of the column in columns',
  });
}

function misfit(
  definition: Definition,
  path: readonly string[],
  wanted: DataType,
): InvalidArgumentError {
  const option = ['columns', ...path].join('.');
  return new InvalidArgumentError({
    message: `${option}: rows of ${describeType(wanted)} would not hold what zod's ${String(definition['type'])} promises`,
    option,
    expected: 'a Delta type whose values are of the same JavaScript type',
  });
}

function noSuchColumn(
  path: readonly string[],
  name: string,
  fields: readonly StructField[],
): InvalidArgumentError {
  const option = ['columns', ...path, name].join('.');
  return new InvalidArgumentError({
    message: `${option}: the schema has no such column`,
    option,
    expected: fields.map((field) => field.name).join(', '),
  });
}
