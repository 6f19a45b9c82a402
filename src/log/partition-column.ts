/** A partition column of many files: each distinct text is parsed once, and kept as long as the files are. */
import type { FileColumns } from './file-list.js';
import { parsePartitionValue } from './partition-value.js';
import type { Scalar } from './schema/scalar.js';
import type { PrimitiveName } from './schema/types.js';
import type { TextCodes } from './text-codes.js';

export class PartitionColumn {
  readonly #files: FileColumns;
  readonly #name: string;
  readonly #type: PrimitiveName;
  readonly #codes: TextCodes;
  readonly #values: (Scalar | undefined)[] = [];

  /** Use {@link partitionColumn}, which keeps what was read. */
  constructor(files: FileColumns, physicalName: string, type: PrimitiveName) {
    this.#files = files;
    this.#name = physicalName;
    this.#type = type;
    this.#codes = files.partitionCodes(physicalName);
  }

  /** @throws CorruptDataError when the text is no value of the column's type */
  at(row: number): Scalar {
    const code = this.#codes.codes[row] ?? 0;
    const known = this.#values[code];
    if (known !== undefined) return known;
    const place = { key: this.#files.path(row), column: this.#name };
    const value = parsePartitionValue(this.#codes.texts[code] ?? null, this.#type, place);
    this.#values[code] = value;
    return value;
  }
}

const columns = new WeakMap<FileColumns, Map<string, PartitionColumn>>();

/** The values of a partition column of these files; the same object each time. */
export function partitionColumn(
  files: FileColumns,
  physicalName: string,
  type: PrimitiveName,
): PartitionColumn {
  const known = columns.get(files) ?? new Map<string, PartitionColumn>();
  columns.set(files, known);
  const key = `${type} ${physicalName}`;
  const column = known.get(key) ?? new PartitionColumn(files, physicalName, type);
  known.set(key, column);
  return column;
}
