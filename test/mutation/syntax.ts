/** The syntax tree of a module, as far as its branches and operators go. */
import { parseAst } from 'rolldown/parseAst';

export interface Node {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [member: string]: unknown;
}

/** Below an expression of these types only the value is code; every other TypeScript node is a type. */
const VALUES = new Set(['TSAsExpression', 'TSNonNullExpression', 'TSSatisfiesExpression']);
/** Words for people: not part of the API, so no test looks at them. */
const WORDING = new Set(['message', 'expected', 'remedy', 'key', 'option']);

/** Visits every node that is run, from the outside in; a visit that answers false leaves out what is below. */
export function visitCode(code: string, visit: (node: Node) => boolean): void {
  const walk = (value: unknown): void => {
    if (Array.isArray(value)) value.forEach(walk);
    if (!isNode(value) || isNoCode(value)) return;
    if (!visit(value)) return;
    for (const [name, member] of Object.entries(value)) {
      if (name === 'key' && value['computed'] !== true) continue;
      walk(member);
    }
  };
  walk(parseAst(code, { lang: 'ts' }));
}

export function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && 'type' in value && 'start' in value;
}

function isNoCode(node: Node): boolean {
  if (node.type === 'ImportDeclaration') return true;
  if (node.type.startsWith('TS')) return !VALUES.has(node.type);
  if (node.type !== 'Property') return false;
  const { key } = node;
  return isNode(key) && WORDING.has(String(key['name']));
}

/** A stretch of the text that is replaced by another. */
export interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** The text with every edit made; they do not overlap. Of several at one place the first stands first. */
export function edited(code: string, edits: readonly Edit[]): string {
  let out = '';
  let at = 0;
  for (const { start, end, text } of [...edits].toSorted((one, other) => one.start - other.start)) {
    out += code.slice(at, start) + text;
    at = end;
  }
  return out + code.slice(at);
}

export function lineOf(code: string, position: number): number {
  return code.slice(0, position).split('\n').length;
}
