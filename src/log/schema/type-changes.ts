/** The history of a column's types, and which changes are legal. PROTOCOL.md "Type Widening". */
import { isJsonObject, type Json } from '../json.js';
import { decimalParts } from './describe-type.js';
import { typeNamed } from './schema-json.js';
import type { DataType, StructType } from './types.js';

/** The member of a field's metadata that keeps the history. */
export const TYPE_CHANGES = 'delta.typeChanges';

/**
 * Every type change in a schema's history after which files of the older type cannot be read, each as
 * `column: from -> to`. Empty for a schema without history.
 */
export function unsupportedTypeChanges(schema: StructType): readonly string[] {
  return changesIn(schema, '');
}

/** Whether a file that holds `from` may be read as `to`: a type change that the protocol allows. */
export function isSupportedChange(from: DataType, to: DataType): boolean {
  // void is in no file, so what it became needs no conversion.
  if (from === 'void' || from === to) return true;
  if (typeof from !== 'string' || typeof to !== 'string') return false;
  const decimal = decimalParts(to);
  if (decimal !== undefined) {
    const held = decimalParts(from) ?? INTEGER_DIGITS[from];
    if (held === undefined) return false;
    const moreScale = decimal.scale - held.scale;
    return moreScale >= 0 && decimal.precision - held.precision >= moreScale;
  }
  return WIDER[from]?.includes(to) === true;
}

/** The decimal that a column of integers counts as when it becomes a decimal. */
const INTEGER_DIGITS: Readonly<Record<string, { precision: number; scale: number }>> = {
  byte: { precision: 10, scale: 0 },
  short: { precision: 10, scale: 0 },
  integer: { precision: 10, scale: 0 },
  long: { precision: 20, scale: 0 },
};

const WIDER: Readonly<Record<string, readonly string[]>> = {
  byte: ['short', 'integer', 'long', 'double'],
  short: ['integer', 'long', 'double'],
  integer: ['long', 'double'],
  float: ['double'],
  date: ['timestamp_ntz'],
};

function changesIn(type: DataType, column: string): readonly string[] {
  if (typeof type === 'string') return [];
  switch (type.type) {
    case 'struct':
      return type.fields.flatMap((field) => {
        const path = column === '' ? field.name : `${column}.${field.name}`;
        const own = refusedChanges(field.metadata[TYPE_CHANGES], path);
        return [...own, ...changesIn(field.type, path)];
      });
    case 'array':
      return changesIn(type.elementType, `${column}.element`);
    case 'map':
      return [
        ...changesIn(type.keyType, `${column}.key`),
        ...changesIn(type.valueType, `${column}.value`),
      ];
    case 'unknown':
      return [];
  }
}

function refusedChanges(json: Json | undefined, column: string): readonly string[] {
  if (json === undefined) return [];
  if (!Array.isArray(json)) return [`${column}: a history that is not a list`];
  return json.flatMap((change: Json) => {
    const { fromType, toType, fieldPath } = isJsonObject(change) ? change : {};
    const from = typeof fromType === 'string' ? typeNamed(fromType) : undefined;
    const to = typeof toType === 'string' ? typeNamed(toType) : undefined;
    if (from !== undefined && to !== undefined && isSupportedChange(from, to)) return [];
    const place = typeof fieldPath === 'string' ? `${column}.${fieldPath}` : column;
    return [`${place}: ${nameOf(fromType)} -> ${nameOf(toType)}`];
  });
}

function nameOf(type: Json | undefined): string {
  return typeof type === 'string' ? type : 'no type name';
}
