/** The footer's flat list of schema elements, as a tree with its leaves. */
import { LimitError } from '../../errors.js';
import { schemaElement } from './footer-fields.js';
import {
  type LeafColumn,
  type LogicalType,
  PHYSICAL_TYPES,
  type PlainLogicalKind,
  REPETITIONS,
  type SchemaNode,
  type TimeUnit,
} from './footer-types.js';
import type { ThriftView } from './thrift-view.js';

/** Deeper than any schema in use; keeps the recursion off the stack's end. */
export const MAX_SCHEMA_DEPTH = 100;

/** Columns and groups of a file: each costs about a kilobyte once it is read. */
export const MAX_SCHEMA_ELEMENTS = 100_000;

export interface DecodedSchema {
  readonly root: SchemaNode;
  readonly leaves: readonly LeafColumn[];
}

/**
 * @param elements - the footer's schema elements in their order, depth first
 * @param footer - for errors
 * @throws CorruptDataError when the elements do not make exactly one tree
 * @throws LimitError when there are more than {@link MAX_SCHEMA_ELEMENTS}
 */
export function decodeSchema(elements: readonly ThriftView[], footer: ThriftView): DecodedSchema {
  if (elements.length > MAX_SCHEMA_ELEMENTS) {
    throw new LimitError({
      message: 'a Parquet file has too many columns',
      limit: 'MAX_SCHEMA_ELEMENTS',
      value: elements.length,
      max: MAX_SCHEMA_ELEMENTS,
    });
  }
  const builder = new SchemaBuilder(elements, footer);
  const root = builder.node([], { definition: 0, repetition: 0 });
  if (builder.next !== elements.length || root.leafIndex !== undefined) {
    footer.fail('the schema is not one tree', 'schema');
  }
  return { root, leaves: builder.leaves };
}

interface Levels {
  readonly definition: number;
  readonly repetition: number;
}

class SchemaBuilder {
  next = 0;
  readonly leaves: LeafColumn[] = [];
  readonly #elements: readonly ThriftView[];
  readonly #footer: ThriftView;

  constructor(elements: readonly ThriftView[], footer: ThriftView) {
    this.#elements = elements;
    this.#footer = footer;
  }

  node(parents: readonly string[], above: Levels): SchemaNode {
    const elementIndex = this.next;
    const element = this.#elements[elementIndex];
    if (element === undefined) this.#footer.fail('the schema ends too early', 'schema');
    if (parents.length > MAX_SCHEMA_DEPTH) element.fail('the schema nests too deep', 'schema');
    this.next += 1;
    const isRoot = elementIndex === 0;
    const name = element.text(schemaElement.name, 'SchemaElement.name');
    const repetition = isRoot ? 'required' : repetitionOf(element);
    const levels = isRoot ? above : levelsBelow(above, repetition);
    const path = isRoot ? [] : [...parents, name];
    const logicalType = logicalTypeOf(element);
    const fieldId = element.optionalInt(schemaElement.fieldId, 'SchemaElement.field_id');
    const node = { name, repetition, fieldId, logicalType, elementIndex } as const;
    // Some writers give a leaf `num_children = 0`, so the type decides; the root never has one.
    if (!isRoot && element.has(schemaElement.type)) {
      const leafIndex = this.leaves.length;
      this.leaves.push(leafOf(element, { path, logicalType, fieldId, levels }));
      return { ...node, children: [], leafIndex };
    }
    return { ...node, children: this.#children(element, path, levels), leafIndex: undefined };
  }

  #children(element: ThriftView, path: readonly string[], levels: Levels): readonly SchemaNode[] {
    const count = element.optionalInt(schemaElement.numChildren, 'SchemaElement.num_children') ?? 0;
    if (count < 0 || count > this.#elements.length - this.next) {
      element.fail('a group has more children than the schema', 'SchemaElement.num_children');
    }
    const children: SchemaNode[] = [];
    for (let index = 0; index < count; index += 1) children.push(this.node(path, levels));
    return children;
  }
}

function repetitionOf(element: ThriftView): SchemaNode['repetition'] {
  const code = element.int(schemaElement.repetitionType, 'SchemaElement.repetition_type');
  return (
    REPETITIONS[code] ?? element.fail('unknown repetition type', 'SchemaElement.repetition_type')
  );
}

function levelsBelow(above: Levels, repetition: SchemaNode['repetition']): Levels {
  return {
    definition: above.definition + (repetition === 'required' ? 0 : 1),
    repetition: above.repetition + (repetition === 'repeated' ? 1 : 0),
  };
}

function leafOf(
  element: ThriftView,
  known: Pick<LeafColumn, 'path' | 'logicalType' | 'fieldId'> & { readonly levels: Levels },
): LeafColumn {
  const code = element.int(schemaElement.type, 'SchemaElement.type');
  const { levels, ...rest } = known;
  return {
    ...rest,
    physicalType:
      PHYSICAL_TYPES[code] ?? element.fail('unknown physical type', 'SchemaElement.type'),
    typeLength: element.optionalInt(schemaElement.typeLength, 'SchemaElement.type_length'),
    maxDefinitionLevel: levels.definition,
    maxRepetitionLevel: levels.repetition,
  };
}

function logicalTypeOf(element: ThriftView): LogicalType | undefined {
  const union = element.optionalStruct(schemaElement.logicalType, 'SchemaElement.logicalType');
  return (union && fromUnion(union)) ?? fromConverted(element);
}

const PLAIN_KINDS: Readonly<Record<number, PlainLogicalKind>> = {
  1: 'string',
  2: 'map',
  3: 'list',
  4: 'enum',
  6: 'date',
  11: 'null',
  12: 'json',
  13: 'bson',
  14: 'uuid',
  15: 'float16',
  16: 'variant',
  17: 'geometry',
  18: 'geography',
};

const TIME_UNITS: Readonly<Record<number, TimeUnit>> = { 1: 'millis', 2: 'micros', 3: 'nanos' };

function fromUnion(union: ThriftView): LogicalType | undefined {
  const id = union.struct.fields[0]?.id;
  if (id === undefined) return undefined;
  const plain = PLAIN_KINDS[id];
  if (plain !== undefined) return { kind: plain };
  const type = union.optionalStruct(id, 'LogicalType');
  if (type === undefined) return undefined;
  if (id === 5) {
    const scale = type.int(1, 'DecimalType.scale');
    return { kind: 'decimal', scale, precision: type.int(2, 'DecimalType.precision') };
  }
  if (id === 7 || id === 8) {
    const unitId = type.optionalStruct(2, 'TimeUnit')?.struct.fields[0]?.id ?? 0;
    const unit = TIME_UNITS[unitId] ?? type.fail('unknown time unit', 'TimeUnit');
    const isUtc = type.optionalBool(1, 'isAdjustedToUTC') ?? false;
    return { kind: id === 7 ? 'time' : 'timestamp', unit, isUtc };
  }
  if (id === 10) {
    const bitWidth = type.int(1, 'IntType.bitWidth');
    return {
      kind: 'integer',
      bitWidth,
      isSigned: type.optionalBool(2, 'IntType.isSigned') ?? true,
    };
  }
  return { kind: 'unknown' };
}

/** By parquet.thrift's `ConvertedType`; 5 (decimal) needs two more fields of the element. */
const CONVERTED: Readonly<Record<number, LogicalType>> = {
  0: { kind: 'string' },
  1: { kind: 'map' },
  // MAP_KEY_VALUE, which some old writers put on the map itself.
  2: { kind: 'map' },
  3: { kind: 'list' },
  4: { kind: 'enum' },
  6: { kind: 'date' },
  7: { kind: 'time', unit: 'millis', isUtc: true },
  8: { kind: 'time', unit: 'micros', isUtc: true },
  9: { kind: 'timestamp', unit: 'millis', isUtc: true },
  10: { kind: 'timestamp', unit: 'micros', isUtc: true },
  11: { kind: 'integer', bitWidth: 8, isSigned: false },
  12: { kind: 'integer', bitWidth: 16, isSigned: false },
  13: { kind: 'integer', bitWidth: 32, isSigned: false },
  14: { kind: 'integer', bitWidth: 64, isSigned: false },
  15: { kind: 'integer', bitWidth: 8, isSigned: true },
  16: { kind: 'integer', bitWidth: 16, isSigned: true },
  17: { kind: 'integer', bitWidth: 32, isSigned: true },
  18: { kind: 'integer', bitWidth: 64, isSigned: true },
  19: { kind: 'json' },
  20: { kind: 'bson' },
  21: { kind: 'interval' },
};

function fromConverted(element: ThriftView): LogicalType | undefined {
  const code = element.optionalInt(schemaElement.convertedType, 'SchemaElement.converted_type');
  if (code === undefined) return undefined;
  if (code !== 5) return CONVERTED[code];
  return {
    kind: 'decimal',
    scale: element.optionalInt(schemaElement.scale, 'SchemaElement.scale') ?? 0,
    precision: element.int(schemaElement.precision, 'SchemaElement.precision'),
  };
}
