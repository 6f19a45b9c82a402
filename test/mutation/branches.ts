/** A module that counts which of its branches were taken. */
import { type Edit, edited, isNode, lineOf, type Node, visitCode } from './syntax.js';

/** The name under which a counting module leaves the numbers of the branches taken. */
export const TAKEN = '__varveBranchesTaken';

export interface Counted {
  readonly code: string;
  /** Of each branch, by its number: where it is and which one. */
  readonly branches: readonly string[];
}

/**
 * The module with every branch counted: both ways of an `if` and of a conditional, the right side of `&&`, `||` and `??`,
 * each case of a switch, and each default value.
 */
export function counting(code: string): Counted {
  const branches: string[] = [];
  const opening: Edit[] = [];
  /** What ends at one place is closed from the inside out. */
  const closing: Edit[] = [];
  const hit = (at: number, what: string): string => {
    branches.push(`line ${lineOf(code, at)}: ${what}`);
    return `(globalThis.${TAKEN} ??= new Set()).add(${branches.length - 1})`;
  };
  const open = (at: number, text: string): void => {
    opening.push({ start: at, end: at, text });
  };
  const close = (at: number, text: string): void => {
    closing.unshift({ start: at, end: at, text });
  };
  const expression = (node: unknown, what: string): void => {
    if (!isNode(node)) return;
    open(node.start, `(${hit(node.start, what)}, `);
    close(node.end, ')');
  };
  const statement = (node: Node, what: string): void => {
    open(node.start, `{ ${hit(node.start, what)}; `);
    close(node.end, ' }');
  };
  visitCode(code, (node) => {
    const { consequent, alternate } = node;
    switch (node.type) {
      case 'IfStatement':
        if (isNode(alternate)) statement(alternate, 'else');
        else close(node.end, ` else { ${hit(node.start, 'no else')}; }`);
        if (isNode(consequent)) statement(consequent, 'if');
        break;
      case 'ConditionalExpression':
        expression(consequent, 'then');
        expression(alternate, 'otherwise');
        break;
      case 'LogicalExpression':
        expression(node['right'], String(node['operator']));
        break;
      case 'SwitchCase':
        countCase(node, open, hit);
        break;
      case 'AssignmentPattern':
        expression(node['right'], 'default value');
        break;
      default:
        break;
    }
    return true;
  });
  return { code: edited(code, [...closing, ...opening]), branches };
}

function countCase(
  node: Node,
  open: (at: number, text: string) => void,
  hit: (at: number, what: string) => string,
): void {
  const first = Array.isArray(node['consequent']) ? (node['consequent'][0] as unknown) : undefined;
  if (isNode(first)) open(first.start, `${hit(node.start, 'case')}; `);
}
