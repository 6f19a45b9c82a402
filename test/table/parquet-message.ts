/** Parquet files under another schema than they were written with: the same bytes, other words for them. */
import { encodeFooter, intField } from '../../src/storage/parquet/footer-encode.js';
import {
  columnChunk,
  columnMetaData,
  fileMetaData,
  rowGroup,
  schemaElement,
} from '../../src/storage/parquet/footer-fields.js';
import { PHYSICAL_TYPES } from '../../src/storage/parquet/footer-types.js';
import {
  type ThriftField,
  type ThriftList,
  ThriftStruct,
  type ThriftValue,
  thriftType,
} from '../../src/storage/parquet/thrift.js';
import { decodeThrift } from '../../src/storage/parquet/thrift-decode.js';

/**
 * The file with the columns of `message`: a column or group a line, as `optional group m (MAP)`, what is in a
 * group indented below it. Levels and physical types must stay what they are; INT96 stands for 12 bytes.
 */
export function relabelled(file: Uint8Array, message: string): Uint8Array {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const start = file.length - 8 - view.getUint32(file.length - 8, true);
  const footer = decodeThrift(file.subarray(start, file.length - 8), 'f.parquet').value;
  const lines = linesOf(message);
  const leaves = lines.filter(({ type }) => type !== 'group');
  const groups = listOf(footer, fileMetaData.rowGroups).map((group) => {
    const chunks = listOf(group, rowGroup.columns).map((chunk, at) => {
      const meta = chunk.field(columnChunk.metaData)?.value as ThriftStruct;
      const leaf = leaves[at];
      if (leaf === undefined) throw new TypeError('the message has fewer columns than the file');
      const path = leaf.path.map((name) => Buffer.from(name));
      const changed = meta
        .without(columnMetaData.statistics)
        .with(
          intField(columnMetaData.type, typeCode(leaf.type)),
          listField(columnMetaData.pathInSchema, thriftType.binary, path),
        );
      return chunk.with({ id: columnChunk.metaData, type: thriftType.struct, value: changed });
    });
    return group.with(listField(rowGroup.columns, thriftType.struct, chunks));
  });
  const root = new ThriftStruct([
    nameField('schema'),
    intField(schemaElement.numChildren, lines.filter(({ depth }) => depth === 0).length),
  ]);
  const elements = [root, ...lines.map(elementOf)];
  const changed = footer
    .without(fileMetaData.columnOrders)
    .with(
      listField(fileMetaData.schema, thriftType.struct, elements),
      listField(fileMetaData.rowGroups, thriftType.struct, groups),
    );
  return Buffer.concat([file.subarray(0, start), encodeFooter(changed)]);
}

interface Line {
  readonly depth: number;
  readonly repetition: string;
  readonly type: string;
  readonly name: string;
  readonly annotation: string;
  readonly path: readonly string[];
  readonly children: number;
}

const LINE = /^( *)(required|optional|repeated) (\S+?)(?:\[(\d+)\])? (\S+)(?: \((.+)\))?$/u;

function linesOf(message: string): Line[] {
  const texts = message.split('\n').filter((text) => text.trim() !== '');
  const indent = Math.min(...texts.map((text) => text.search(/\S/u)));
  const above: string[] = [];
  const depths = texts.map((text) => (text.search(/\S/u) - indent) / 2);
  return texts.map((text, at) => {
    const parts = LINE.exec(text);
    if (parts === null) throw new TypeError(`no line of a message: ${text}`);
    const [, , repetition = '', type = '', length = '', name = '', annotation = ''] = parts;
    const depth = depths[at] ?? 0;
    above.length = depth;
    above.push(name);
    const end = depths.findIndex((other, index) => index > at && other <= depth);
    const below = depths.slice(at + 1, end < 0 ? undefined : end);
    const children = below.filter((other) => other === depth + 1).length;
    const full = length === '' ? type : `${type}[${length}]`;
    return { depth, repetition, type: full, name, annotation, path: [...above], children };
  });
}

function elementOf({ repetition, type, name, annotation, children }: Line): ThriftStruct {
  const [bare = '', length] = type.replace(']', '').split('[');
  const own =
    bare === 'group'
      ? [intField(schemaElement.numChildren, children)]
      : [intField(schemaElement.type, typeCode(type))];
  if (length !== undefined) own.push(intField(schemaElement.typeLength, Number(length)));
  const repetitionCode = ['required', 'optional', 'repeated'].indexOf(repetition);
  return new ThriftStruct([]).with(
    ...own,
    ...annotationFields(annotation),
    nameField(name),
    intField(schemaElement.repetitionType, repetitionCode),
  );
}

const CONVERTED: readonly string[] = (
  'UTF8 MAP MAP_KEY_VALUE LIST ENUM DECIMAL DATE TIME_MILLIS TIME_MICROS TIMESTAMP_MILLIS ' +
  'TIMESTAMP_MICROS UINT_8 UINT_16 UINT_32 UINT_64 INT_8 INT_16 INT_32 INT_64 JSON BSON INTERVAL'
).split(' ');

/** `DECIMAL(5,2)`, `TIMESTAMP(NANOS,true)`, `NULL`, or the name of a converted type. */
function annotationFields(annotation: string): ThriftField[] {
  if (annotation === '') return [];
  const [name = '', ...parameters] = annotation.split(/[(),]+/u).filter((part) => part !== '');
  if (name === 'TIMESTAMP') {
    const unit = ['MILLIS', 'MICROS', 'NANOS'].indexOf(parameters[0] ?? '') + 1;
    const timestamp = new ThriftStruct([
      { id: 1, type: thriftType.bool, value: parameters[1] === 'true' },
      structOf(2, structOf(unit, new ThriftStruct([]))),
    ]);
    return [structOf(schemaElement.logicalType, structOf(8, timestamp))];
  }
  if (name === 'NULL') {
    return [structOf(schemaElement.logicalType, structOf(11, new ThriftStruct([])))];
  }
  const code = CONVERTED.indexOf(name);
  if (code < 0) throw new TypeError(`no annotation: ${annotation}`);
  const converted = intField(schemaElement.convertedType, code);
  if (name !== 'DECIMAL') return [converted];
  const [precision, scale] = parameters.map(Number);
  return [
    converted,
    intField(schemaElement.precision, precision ?? 0),
    intField(schemaElement.scale, scale ?? 0),
  ];
}

function structOf(id: number, value: ThriftStruct | ThriftField): ThriftField {
  const struct = value instanceof ThriftStruct ? value : new ThriftStruct([value]);
  return { id, type: thriftType.struct, value: struct };
}

function typeCode(type: string): number {
  const names: Readonly<Record<string, string>> = {
    binary: 'BYTE_ARRAY',
    fixed: 'FIXED_LEN_BYTE_ARRAY',
  };
  const [bare = ''] = type.split('[');
  return PHYSICAL_TYPES.indexOf((names[bare] ?? bare.toUpperCase()) as 'INT32');
}

function nameField(name: string): ThriftField {
  return { id: schemaElement.name, type: thriftType.binary, value: Buffer.from(name) };
}

function listField(id: number, elementType: number, values: readonly ThriftValue[]): ThriftField {
  return { id, type: thriftType.list, value: { kind: 'list', elementType, values } };
}

function listOf(struct: ThriftStruct, id: number): readonly ThriftStruct[] {
  const list = struct.field(id)?.value as ThriftList | undefined;
  return (list?.values ?? []) as readonly ThriftStruct[];
}
