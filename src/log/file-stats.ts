/**
 * The statistics of one data file: JSON in its `add`, scalars here. PROTOCOL.md "Per-file
 * Statistics".
 */
import type { StringMap } from './actions.js';
import { isJsonObject, type Json, parseJson } from './json.js';
import type { Scalar } from './schema/scalar.js';
import type { PrimitiveName, StructType } from './schema/types.js';
import type { BoundValue } from './stat-bounds.js';
import { type StatsColumn, statsColumns } from './stats-columns.js';
import { type Bound, formatBound, parseBound, type StatValue } from './stats-value.js';

/**
 * What is known of a file's rows without reading it. `undefined` is always "not known", never 0 or
 * "no bound": every value lies between min and max, except NaN, which some writers leave out of
 * both.
 */
export interface FileStats {
  /** Rows in the file, those that a deletion vector hides included. */
  readonly numRecords: number | undefined;
  /**
   * False when the bounds cover rows that a deletion vector hides: then `nullCount` means something
   * only when it is 0 or `numRecords`.
   */
  readonly tightBounds: boolean;
  /** A value that no row is below; not always one that occurs. `path` is of physical names. */
  min(path: readonly string[]): BoundValue | undefined;
  /** A value that no row is above; not always one that occurs. */
  max(path: readonly string[]): BoundValue | undefined;
  /** Rows in which the column, or a struct around it, is null. */
  nullCount(path: readonly string[]): number | undefined;
}

/** Statistics of a file by itself. */
export interface ScalarStats extends FileStats {
  min(path: readonly string[]): NonNullable<Scalar> | undefined;
  max(path: readonly string[]): NonNullable<Scalar> | undefined;
}

/** A column to read statistics of. */
export interface WantedColumn {
  /** Physical names from the top-level column down. */
  readonly path: readonly string[];
  readonly type: PrimitiveName;
}

/** The part of a Parquet writer's findings that statistics are made of. */
export interface LeafFindings {
  readonly path: readonly string[];
  readonly nullCount: number;
  readonly min?: StatValue | undefined;
  readonly max?: StatValue | undefined;
}

/**
 * Reads the statistics of the wanted columns only, exactly. Text that is not JSON, or not an
 * object, is as good as none: statistics only ever save work.
 */
export function parseFileStats(
  text: string | undefined,
  wanted: readonly WantedColumn[],
): ScalarStats | undefined {
  if (text === undefined) return undefined;
  const json = parseObject(() => JSON.parse(text) as Json);
  return json === undefined ? undefined : new ParsedStats(json, text, wanted);
}

/**
 * The statistics JSON of a file just written.
 *
 * @param leaves - what the writer found, by physical path
 * @param schema - the columns that are in the file, so without partition columns
 * @param configuration - the table's properties, which say which columns get statistics
 * @throws InvalidArgumentError when a property that says so cannot be read
 */
export function buildStats(
  leaves: readonly LeafFindings[],
  numRecords: number,
  schema: StructType,
  configuration: StringMap,
): string {
  const found = new Map(leaves.map((leaf) => [JSON.stringify(leaf.path), leaf]));
  const trees = { min: new TextTree(), max: new TextTree(), nullCount: new TextTree() };
  for (const column of statsColumns(schema, configuration)) {
    const leaf = found.get(JSON.stringify(column.path));
    if (leaf === undefined) continue;
    trees.min.set(column.path, boundText(leaf.min, column, 'min'));
    trees.max.set(column.path, boundText(leaf.max, column, 'max'));
    trees.nullCount.set(column.path, String(leaf.nullCount));
  }
  return (
    `{"numRecords":${numRecords},"minValues":${trees.min.text()},` +
    `"maxValues":${trees.max.text()},"nullCount":${trees.nullCount.text()}}`
  );
}

function boundText(
  value: StatValue | undefined,
  column: StatsColumn,
  bound: Bound,
): string | undefined {
  if (value === undefined || typeof column.type !== 'string' || column.type === 'variant') {
    return undefined;
  }
  return formatBound(value, column.type, bound);
}

/** A JSON object made of finished member texts, nested by path. */
class TextTree {
  readonly #members = new Map<string, string | TextTree>();

  set(path: readonly string[], text: string | undefined): void {
    if (text === undefined) return;
    const [name = '', ...rest] = path;
    if (rest.length === 0) {
      this.#members.set(name, text);
      return;
    }
    const inner = this.#members.get(name);
    const tree = inner instanceof TextTree ? inner : new TextTree();
    this.#members.set(name, tree);
    tree.set(rest, text);
  }

  text(): string {
    const members = [...this.#members].map(
      ([name, item]) => `${JSON.stringify(name)}:${typeof item === 'string' ? item : item.text()}`,
    );
    return `{${members.join(',')}}`;
  }
}

type JsonObject = { readonly [key: string]: Json | undefined };

function parseObject(parse: () => Json): JsonObject | undefined {
  try {
    const json = parse();
    return isJsonObject(json) ? json : undefined;
  } catch {
    // Some writers put a bare NaN here; the protocol lets readers do without statistics.
    return undefined;
  }
}

/** Reads a bound when it is asked for: of a million files most are asked for one. */
class ParsedStats implements ScalarStats {
  readonly #json: JsonObject;
  readonly #text: string;
  readonly #wanted: readonly WantedColumn[];

  constructor(json: JsonObject, text: string, wanted: readonly WantedColumn[]) {
    this.#json = json;
    this.#text = text;
    this.#wanted = wanted;
  }

  get numRecords(): number | undefined {
    return countOf(member(this.#json, 'numRecords'));
  }

  get tightBounds(): boolean {
    return member(this.#json, 'tightBounds') !== false;
  }

  min(path: readonly string[]): NonNullable<Scalar> | undefined {
    return this.#bound('minValues', path, 'min');
  }

  max(path: readonly string[]): NonNullable<Scalar> | undefined {
    return this.#bound('maxValues', path, 'max');
  }

  nullCount(path: readonly string[]): number | undefined {
    return countOf(at(member(this.#json, 'nullCount'), path));
  }

  #bound(name: string, path: readonly string[], bound: Bound): NonNullable<Scalar> | undefined {
    const column = this.#wanted.find((one) => one.path === path || isSame(one.path, path));
    if (column === undefined) return undefined;
    let json = at(member(this.#json, name), path);
    if (column.type === 'long' && typeof json === 'number' && !Number.isSafeInteger(json)) {
      // JSON.parse has rounded it. Bounds of decimals allow for that; other types lose nothing.
      const exact = parseObject(() => parseJson(this.#text));
      json = exact && at(member(exact, name), path);
    }
    return parseBound(json, column.type, bound);
  }
}

function isSame(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((name, index) => name === b[index]);
}

function at(json: Json | undefined, path: readonly string[]): Json | undefined {
  let value = json;
  for (const name of path) value = isJsonObject(value) ? member(value, name) : undefined;
  return value;
}

/** An own member only: a column may be named `constructor`. */
function member(json: JsonObject, name: string): Json | undefined {
  return Object.hasOwn(json, name) ? json[name] : undefined;
}

/** A statistics text as an object, its numbers exact; undefined when it is none. */
export function statsObject(text: string): JsonObject | undefined {
  return parseObject(() => parseJson(text));
}

/** A count in a statistics object. */
export function countOf(json: Json | undefined): number | undefined {
  return typeof json === 'number' && Number.isSafeInteger(json) && json >= 0 ? json : undefined;
}
