/** Small mistakes, one at a time, that a module's tests must notice. */
import { type Edit, edited, isNode, lineOf, type Node, visitCode } from './syntax.js';

export interface Mutant {
  readonly line: number;
  /** What is written instead of what. */
  readonly what: string;
  readonly code: string;
}

const OPERATORS: Readonly<Record<string, string>> = {
  '===': '!==',
  '!==': '===',
  '<': '<=',
  '<=': '<',
  '>': '>=',
  '>=': '>',
  '+': '-',
  '-': '+',
  '*': '/',
  '/': '*',
};

/** Every mutant of a module. */
export function mutantsOf(code: string): readonly Mutant[] {
  const mutants: Mutant[] = [];
  const replace = ({ start, end }: Pick<Edit, 'start' | 'end'>, text: string): void => {
    const before = code.slice(start, end);
    if (before === text) return;
    const what = `${shown(before)} -> ${text === '' ? 'nothing' : shown(text)}`;
    mutants.push({ line: lineOf(code, start), what, code: edited(code, [{ start, end, text }]) });
  };
  visitCode(code, (node) => {
    for (const { at, text } of replacements(code, node)) replace(at, text);
    return true;
  });
  return mutants;
}

interface Replacement {
  readonly at: Pick<Edit, 'start' | 'end'>;
  readonly text: string;
}

function replacements(code: string, node: Node): readonly Replacement[] {
  switch (node.type) {
    case 'IfStatement':
    case 'ConditionalExpression':
      return both(node['test'], 'true', 'false');
    case 'LogicalExpression':
      return logical(code, node);
    case 'BinaryExpression':
      return binary(code, node);
    case 'UnaryExpression':
      return node['operator'] === '!' ? unwrapped(code, node, node['argument']) : [];
    case 'Literal':
      return literal(node);
    case 'ExpressionStatement':
      return [{ at: node, text: ';' }];
    case 'ReturnStatement':
      return isNothing(node['argument']) ? [] : [{ at: node, text: 'return undefined as never;' }];
    case 'CallExpression':
      return call(code, node);
    case 'SpreadElement':
      return [{ at: node, text: '...[]' }];
    default:
      return [];
  }
}

/** What a caller cannot tell from undefined. */
function isNothing(value: unknown): boolean {
  if (!isNode(value)) return true;
  return value['name'] === 'undefined' || (value.type === 'Literal' && value['value'] === false);
}

function both(at: unknown, ...texts: readonly string[]): readonly Replacement[] {
  return isNode(at) ? texts.map((text) => ({ at, text })) : [];
}

function logical(code: string, node: Node): readonly Replacement[] {
  return [...unwrapped(code, node, node['left']), ...unwrapped(code, node, node['right'])];
}

function binary(code: string, node: Node): readonly Replacement[] {
  const { left, right, operator } = node;
  const other = OPERATORS[String(operator)];
  if (other === undefined || !isNode(left) || !isNode(right)) return [];
  const text = `${code.slice(left.start, left.end)} ${other} ${code.slice(right.start, right.end)}`;
  return [{ at: node, text }];
}

function unwrapped(code: string, node: Node, part: unknown): readonly Replacement[] {
  return isNode(part) ? [{ at: node, text: `(${code.slice(part.start, part.end)})` }] : [];
}

function literal(node: Node): readonly Replacement[] {
  const { value, raw } = node;
  if (typeof value === 'boolean') return [{ at: node, text: String(!value) }];
  if (typeof value === 'number') return [{ at: node, text: String(value + 1) }];
  if (typeof value === 'bigint') return [{ at: node, text: `${value + 1n}n` }];
  if (typeof value === 'string' && value !== '' && raw !== "'use strict'") {
    return [{ at: node, text: "'mutant'" }];
  }
  return [];
}

function call(code: string, node: Node): readonly Replacement[] {
  const { callee } = node;
  if (!isNode(callee) || !isNode(callee['property'])) return [];
  const name = String(callee['property']['name']);
  const other = { some: 'every', every: 'some', max: 'min', min: 'max' }[name];
  if (other !== undefined) return [{ at: callee['property'], text: other }];
  return name === 'filter' || name === 'toSorted' ? unwrapped(code, node, callee['object']) : [];
}

const SHOWN_CHARACTERS = 60;

function shown(text: string): string {
  const line = text.replaceAll(/\s+/gu, ' ');
  return line.length > SHOWN_CHARACTERS ? `${line.slice(0, SHOWN_CHARACTERS)}…` : line;
}
