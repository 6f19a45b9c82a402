/** Damage to JSON that stays JSON: numbers at their edges, other types, names twice, names that objects inherit. */
import type { Chance } from './chance.js';

type Json = null | boolean | number | string | Json[] | { [name: string]: Json };

/** As text, because JavaScript would round or drop some of them. */
const NUMBERS = [
  '0',
  '-1',
  '-0',
  '1e3',
  '1.0',
  '0.5',
  '2147483648',
  '9007199254740991',
  '9007199254740993',
  '-9223372036854775808',
  '9223372036854775808',
  '1e308',
  '1e999',
  '123456789012345678901234567890',
];
const OTHERS = ['null', 'true', 'false', '[]', '{}', '""', '"0"', '[null]', '{"a":1}', '[[[[]]]]'];
const NAMES = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'add', 'path', ''];
const TEXTS = ['', '..', '%', '\u0000', '\ud800', '__HIVE_DEFAULT_PARTITION__', 'x'.repeat(3000)];

/** One change somewhere in a JSON text; the text itself when it is not JSON. */
export function damageJson(text: string, chance: Chance): string {
  let root: Json;
  try {
    root = JSON.parse(text) as Json;
  } catch {
    return text;
  }
  const places = placesIn(root, []);
  const target = chance.pick(places);
  return written(root, [], { target: target.join('\u0000'), chance });
}

type Path = readonly string[];

function placesIn(value: Json, path: Path): Path[] {
  if (typeof value !== 'object' || value === null) return [path];
  const below = Object.entries(value).flatMap(([name, item]) => placesIn(item, [...path, name]));
  return [path, ...below];
}

interface Edit {
  readonly target: string;
  readonly chance: Chance;
}

function written(value: Json, path: Path, edit: Edit): string {
  if (path.join('\u0000') === edit.target) return changed(value, edit.chance);
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const parts = Object.entries(value).map(([name, item]) => {
    const below = written(item, [...path, name], edit);
    return Array.isArray(value) ? below : `${JSON.stringify(name)}:${below}`;
  });
  return Array.isArray(value) ? `[${parts.join(',')}]` : `{${parts.join(',')}}`;
}

function changed(value: Json, chance: Chance): string {
  const text = JSON.stringify(value);
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  if (isObject && !chance.oneIn(4)) return changedObject(value, chance);
  if (typeof value === 'string' && chance.oneIn(2)) return changedText(value, chance);
  return chance.oneIn(2) ? chance.pick(NUMBERS) : chance.pick([...OTHERS, `[${text}]`]);
}

function changedText(value: string, chance: Chance): string {
  // Statistics, schemas and configurations are JSON inside a string.
  if (/^[[{]/u.test(value) && chance.oneIn(2)) return JSON.stringify(damageJson(value, chance));
  const at = chance.below(value.length + 1);
  return JSON.stringify(value.slice(0, at) + chance.pick(TEXTS) + value.slice(at));
}

function changedObject(value: { [name: string]: Json }, chance: Chance): string {
  const members = Object.entries(value).map(([name, item]) => [name, JSON.stringify(item)]);
  const at = chance.below(members.length);
  const [name = 'x', item = 'null'] = members[at] ?? [];
  switch (chance.below(4)) {
    case 0:
      members.splice(at, 1);
      break;
    case 1:
      members.splice(chance.below(members.length + 1), 0, [name, chance.pick([...OTHERS, item])]);
      break;
    case 2:
      members.push([chance.pick(NAMES), chance.pick([...OTHERS, item])]);
      break;
    default:
      members[at] = [chance.pick([...NAMES, name.toUpperCase(), `${name} `]), item];
  }
  return `{${members.map(([key, json]) => `${JSON.stringify(key)}:${json}`).join(',')}}`;
}
