/** Builders of structs, arrays and maps. */
import type { DataType as ArrowType, Data } from 'apache-arrow';
import { LimitError } from '../../errors.js';
import { makeColumn } from '../../log/schema/arrow-data.js';
import {
  arrowData,
  type BuiltColumn,
  ColumnBuilder,
  type Place,
  refuse,
} from './column-builder.js';
import { tagOf } from './describe-value.js';
import { isRecord, type ObjectFields } from './object-fields.js';

/** Arrow's offsets have 32 bits. */
const MAX_ELEMENTS = 2 ** 31 - 1;

/** struct: an object with the struct's fields. */
export class StructBuilder extends ColumnBuilder {
  private readonly fields: ObjectFields;

  constructor(place: Place, type: ArrowType, fields: ObjectFields) {
    super(place, type);
    this.fields = fields;
  }

  override get sizeBytes(): number {
    return this.fields.sizeBytes;
  }

  protected override put(value: unknown): void {
    if (!isRecord(value)) refuse(this.place, value);
    this.fields.append(value);
  }

  protected override putNull(): void {
    this.fields.skip();
  }

  protected override resize(): void {}

  protected override identityAt(index: number): string {
    return JSON.stringify(this.fields.builders.map((builder) => builder.identity(index) ?? null));
  }

  protected override build(column: BuiltColumn): Data {
    return arrowData(column, { children: this.fields.finish() });
  }
}

/** A column of runs of child values. */
abstract class RunsBuilder extends ColumnBuilder {
  protected offsets: Int32Array = new Int32Array(1);

  protected end(childLength: number): void {
    if (childLength > MAX_ELEMENTS) {
      throw new LimitError({
        message: `column ${JSON.stringify(this.place.column)} has too many elements for one batch`,
        limit: 'MAX_ELEMENTS',
        value: childLength,
        max: MAX_ELEMENTS,
      });
    }
    this.offsets[this.length + 1] = childLength;
  }

  protected override putNull(): void {
    this.offsets[this.length + 1] = this.offsets[this.length] ?? 0;
  }

  protected override resize(capacity: number): void {
    const grown = new Int32Array(capacity + 1);
    if (this.length > 0) grown.set(this.offsets.subarray(0, this.length + 1));
    this.offsets = grown;
  }
}

/** array: an array or a typed array; a hole is null. */
export class ArrayBuilder extends RunsBuilder {
  private readonly element: ColumnBuilder;

  constructor(place: Place, type: ArrowType, element: ColumnBuilder) {
    super(place, type);
    this.element = element;
  }

  override get sizeBytes(): number {
    return this.element.sizeBytes + this.length * Int32Array.BYTES_PER_ELEMENT;
  }

  protected override put(value: unknown): void {
    if (!isList(value)) refuse(this.place, value);
    const { element } = this;
    for (let at = 0; at < value.length; at += 1) element.append(value[at]);
    this.end(element.length);
  }

  protected override identityAt(index: number): string {
    const texts: (string | null)[] = [];
    const end = this.offsets[index + 1] ?? 0;
    for (let at = this.offsets[index] ?? 0; at < end; at += 1) {
      texts.push(this.element.identity(at) ?? null);
    }
    return JSON.stringify(texts);
  }

  protected override build(column: BuiltColumn): Data {
    const valueOffsets = this.offsets.subarray(0, column.length + 1);
    return arrowData(column, { valueOffsets, children: [this.element.finish()] });
  }
}

/** What a map is made of. */
export interface MapParts {
  readonly key: ColumnBuilder;
  readonly value: ColumnBuilder;
  /** The Arrow struct of the two. */
  readonly entries: ArrowType;
  readonly stringKeys: boolean;
}

/** map: a Map, or an object when the keys are strings. Two keys that are one value once written are refused. */
export class MapBuilder extends RunsBuilder {
  private readonly parts: MapParts;

  constructor(place: Place, type: ArrowType, parts: MapParts) {
    super(place, type);
    this.parts = parts;
  }

  override get sizeBytes(): number {
    const { key, value } = this.parts;
    return key.sizeBytes + value.sizeBytes + this.length * Int32Array.BYTES_PER_ELEMENT;
  }

  protected override put(map: unknown): void {
    const { key, value, stringKeys } = this.parts;
    const start = key.length;
    for (const [name, item] of this.entriesOf(map)) {
      key.append(name);
      value.append(item);
    }
    this.end(key.length);
    if (!stringKeys && key.length - start > 1) this.refuseRepeats(start, map);
  }

  protected override identityAt(index: number): string {
    const { key, value } = this.parts;
    const texts: (readonly [string | undefined, string | null])[] = [];
    const end = this.offsets[index + 1] ?? 0;
    for (let at = this.offsets[index] ?? 0; at < end; at += 1) {
      texts.push([key.identity(at), value.identity(at) ?? null]);
    }
    return JSON.stringify(texts);
  }

  protected override build(column: BuiltColumn): Data {
    const { key, value, entries } = this.parts;
    const { length } = key;
    const child = makeColumn(entries, length, { children: [key.finish(), value.finish()] });
    const valueOffsets = this.offsets.subarray(0, column.length + 1);
    return arrowData(column, { valueOffsets, children: [child] });
  }

  private entriesOf(map: unknown): Iterable<readonly [unknown, unknown]> {
    if (map instanceof Map || tagOf(map) === '[object Map]') return map as Map<unknown, unknown>;
    if (!this.parts.stringKeys || !isRecord(map)) refuse(this.place, map);
    return Object.entries(map);
  }

  private refuseRepeats(start: number, map: unknown): void {
    const { key } = this.parts;
    const seen = new Set<string | undefined>();
    for (let at = start; at < key.length; at += 1) seen.add(key.identity(at));
    if (seen.size === key.length - start) return;
    const { column } = this.place;
    refuse(this.place, map, `two keys of the map in column ${JSON.stringify(column)} are equal`);
  }
}

function isList(value: unknown): value is ArrayLike<unknown> {
  return Array.isArray(value) || (ArrayBuffer.isView(value) && !(value instanceof DataView));
}
