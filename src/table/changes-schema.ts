/** Whether a version can be read with the schema of a later one: a pure decision over two versions' metadata. */
import { SchemaMismatchError } from '../errors.js';
import type { Metadata, Protocol } from '../log/actions.js';
import { columnMapping } from '../log/protocol.js';
import { type ColumnMappingMode, physicalName } from '../log/schema/column-mapping.js';
import { columnKey } from '../log/schema/column-name.js';
import { describeField, describeType } from '../log/schema/describe-type.js';
import { isSupportedChange } from '../log/schema/type-changes.js';
import type { DataType, StructField, StructType } from '../log/schema/types.js';

/** How the files of one version are to be read. */
export interface TableDescription {
  readonly version: number;
  readonly protocol: Protocol;
  readonly metadata: Metadata;
  readonly schema: StructType;
}

/** The columns that the feed adds. */
export const CHANGE_COLUMNS = ['_change_type', '_commit_version', '_commit_timestamp'] as const;

/**
 * The names, in the schema of `target`, of the columns that were partition columns at `then`.
 *
 * Columns are the same when their physical names are. A column that `then` did not have reads as null, one that
 * `target` no longer has is left out, a type may be wider in `target`.
 *
 * @throws SchemaMismatchError naming version and column when files of `then` cannot be read with the schema of `target`
 */
export function readableWith(then: TableDescription, target: TableDescription): readonly string[] {
  const modes: Modes = {
    past: columnMapping(then.protocol, then.metadata),
    target: columnMapping(target.protocol, target.metadata),
  };
  const found = new Differences(then, target, modes);
  found.structs('', then.schema, target.schema);
  const physical = new Set(
    then.schema.fields
      .filter(({ name }) => then.metadata.partitionColumns.includes(name))
      .map((field) => columnKey(physicalName(field, modes.past))),
  );
  return target.schema.fields
    .filter((field) => physical.has(columnKey(physicalName(field, modes.target))))
    .map(({ name }) => name);
}

/** @throws SchemaMismatchError when a column of the table has the name of one that the feed adds */
export function refuseChangeColumns({ version, schema }: TableDescription): void {
  const taken = new Set<string>(CHANGE_COLUMNS);
  const clash = schema.fields.find(({ name }) => taken.has(columnKey(name)));
  if (clash === undefined) return;
  throw new SchemaMismatchError({
    message: `version ${version} has a column with the name of a column of the change feed; rename it`,
    column: clash.name,
  });
}

interface Modes {
  readonly past: ColumnMappingMode;
  readonly target: ColumnMappingMode;
}

class Differences {
  readonly #then: TableDescription;
  readonly #target: TableDescription;
  readonly #modes: Modes;

  constructor(then: TableDescription, target: TableDescription, modes: Modes) {
    this.#then = then;
    this.#target = target;
    this.#modes = modes;
  }

  structs(at: string, then: StructType, target: StructType): void {
    const known = new Map(
      then.fields.map((field) => [columnKey(physicalName(field, this.#modes.past)), field]),
    );
    const names = new Set(then.fields.map(({ name }) => columnKey(name)));
    for (const field of target.fields) {
      const column = `${at}${field.name}`;
      const before = known.get(columnKey(physicalName(field, this.#modes.target)));
      if (before !== undefined) {
        this.#fields(column, before, field);
      } else if (!field.nullable) {
        this.#refuse(column, describeField(field), 'no such column');
      } else if (this.#modes.target === 'none' && names.has(columnKey(field.name))) {
        // Mapping was turned off since: the files keep the column under a physical name that nobody knows any more.
        this.#refuse(column, 'a column under its own name', 'one under a physical name');
      }
    }
  }

  #fields(column: string, then: StructField, target: StructField): void {
    if (then.nullable && !target.nullable) {
      this.#refuse(column, describeField(target), describeField(then));
    }
    this.#types(column, then.type, target.type);
  }

  #types(column: string, then: DataType, target: DataType): void {
    if (typeof then !== 'string' && typeof target !== 'string') {
      if (then.type === 'struct' && target.type === 'struct') {
        return this.structs(`${column}.`, then, target);
      }
      if (then.type === 'array' && target.type === 'array') {
        return this.#types(`${column}.element`, then.elementType, target.elementType);
      }
      if (then.type === 'map' && target.type === 'map') {
        this.#types(`${column}.key`, then.keyType, target.keyType);
        return this.#types(`${column}.value`, then.valueType, target.valueType);
      }
    }
    if (isSupportedChange(then, target) || describeType(then) === describeType(target)) return;
    this.#refuse(column, describeType(target), describeType(then));
  }

  #refuse(column: string, expected: string, actual: string): never {
    const [then, target] = [this.#then.version, this.#target.version];
    throw new SchemaMismatchError({
      message:
        `the changes of version ${then} cannot be read with the schema of version ${target}; ` +
        `ask for a range that ends at version ${then} or before`,
      column,
      expected,
      actual,
    });
  }
}
