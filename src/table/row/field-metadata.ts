/** Checks of what a caller's schema says beside a field's type. */
import { InvalidArgumentError } from '../../errors.js';
import { type Json, JsonNumber } from '../../log/json.js';
import { checkDepth } from './literal-schema.js';

type Metadata = Readonly<Record<string, Json>>;

/**
 * The metadata of a field: JSON, and of JSON what Spark can open. Its lists hold values of one kind, where whole and
 * fractional numbers are two, and neither null nor lists; a comment is text.
 *
 * @throws InvalidArgumentError that names, by its path, what is not so
 * @throws LimitError when it nests too deeply
 */
export function checkedMetadata(metadata: unknown, option: string): Metadata {
  if (kindOf(metadata) !== 'object') throw wrong(option, 'an object');
  const checked = metadata as Metadata;
  const comment = checked['comment'] ?? '';
  if (typeof comment !== 'string') throw wrong(`${option}.comment`, 'text');
  checkMembers(checked, option, 0);
  return checked;
}

type Kind = 'null' | 'text' | 'truth' | 'integer' | 'fraction' | 'list' | 'object';

function checkMembers(object: Metadata, option: string, depth: number): void {
  for (const [name, value] of Object.entries(object)) {
    if (value !== undefined) checkValue(value, `${option}.${name}`, depth + 1);
  }
}

function checkValue(value: Json, option: string, depth: number): void {
  checkDepth(depth, option);
  const kind = kindOf(value);
  if (kind === undefined) throw wrong(option, 'a value of JSON');
  if (kind === 'object') checkMembers(value as Metadata, option, depth);
  if (kind === 'list') checkItems(value as readonly Json[], option, depth);
}

function checkItems(items: readonly Json[], option: string, depth: number): void {
  const first = kindOf(items[0] ?? null);
  for (const [at, item] of items.entries()) {
    const kind = kindOf(item);
    checkValue(item, `${option}[${at}]`, depth + 1);
    if (kind === first && kind !== 'null' && kind !== 'list') continue;
    throw wrong(
      `${option}[${at}]`,
      'in a list texts, truth values, objects, integers or fractions',
    );
  }
}

/** Undefined for what JSON does not have. */
function kindOf(value: unknown): Kind | undefined {
  if (value === null) return 'null';
  if (typeof value === 'string') return 'text';
  if (typeof value === 'boolean') return 'truth';
  if (typeof value === 'bigint') return 'integer';
  if (typeof value === 'number' && !Number.isFinite(value)) return undefined;
  if (typeof value === 'number') return numberKind(String(value));
  if (value instanceof JsonNumber) return numberKind(value.text);
  if (Array.isArray(value)) return 'list';
  return isPlainObject(value) ? 'object' : undefined;
}

function numberKind(text: string): Kind {
  return /^-?\d+$/.test(text) ? 'integer' : 'fraction';
}

/** A Date or a Map is an object, and not of JSON. */
function isPlainObject(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

function wrong(option: string, expected: string): InvalidArgumentError {
  return new InvalidArgumentError({
    message: `${option} is not as the metadata of a field must be, for other engines to open the table`,
    option,
    expected,
  });
}
