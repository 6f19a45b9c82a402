/** Conditions on Arrow batches: a column at a time, on the raw buffers, in three-valued logic. */
import { type Data, DataType, type RecordBatch } from 'apache-arrow';
import { InternalError } from '../../errors.js';
import type { BoundNode, BoundPredicate } from './bound.js';
import { columnData, markNulls } from './column-data.js';
import { compareColumn, findInColumn } from './compare-column.js';
import { compareValues } from './compare-values.js';
import { matchColumn } from './match-column.js';
import { FALSE, type Outcomes, TRUE, UNKNOWN } from './outcome.js';

/**
 * What the condition is in each row of `batch`: {@link FALSE}, {@link UNKNOWN} or {@link TRUE}. The
 * batch holds the predicate's top-level columns by their logical names, in exactly the Arrow type
 * of the schema.
 *
 * @throws InternalError when it does not
 */
export function evaluate(predicate: BoundPredicate, batch: RecordBatch): Outcomes {
  const outcomes = new Uint8Array(batch.numRows);
  evaluateNode(predicate.root, batch, outcomes);
  return outcomes;
}

/** The indexes, ascending, of the rows for which the condition is true. */
export function selectRows(predicate: BoundPredicate, batch: RecordBatch): Uint32Array {
  const outcomes = evaluate(predicate, batch);
  const rows = new Uint32Array(outcomes.length);
  let count = 0;
  // Every row is written and only what is true counts: a branch that depends on the data costs ten times as much.
  for (let row = 0; row < outcomes.length; row++) {
    rows[count] = row;
    count += (outcomes[row] as number) >> 1;
  }
  return rows.slice(0, count);
}

function evaluateNode(node: BoundNode, batch: RecordBatch, out: Outcomes): void {
  switch (node.kind) {
    case 'constant':
      out.fill(node.value === null ? UNKNOWN : node.value ? TRUE : FALSE);
      return;
    case 'compareValues':
      compareValues(node, batch, out);
      return;
    case 'not':
      evaluateNode(node.node, batch, out);
      for (let row = 0; row < out.length; row++) out[row] = TRUE - (out[row] ?? 0);
      return;
    case 'and':
    case 'or':
      evaluateAll(node.kind, node.nodes, batch, out);
      return;
    default:
      evaluateTest(node, columnData(batch, node.column), out);
  }
}

/** The codes are in Kleene's order, so "and" is the lesser of two and "or" the greater. */
function evaluateAll(
  kind: 'and' | 'or',
  nodes: readonly BoundNode[],
  batch: RecordBatch,
  out: Outcomes,
): void {
  const [first, ...others] = nodes;
  if (first === undefined) throw new InternalError({ message: `${kind} has no condition` });
  evaluateNode(first, batch, out);
  if (others.length === 0) return;
  const more = new Uint8Array(out.length);
  for (const node of others) {
    evaluateNode(node, batch, more);
    if (kind === 'and') lesser(out, more);
    else greater(out, more);
  }
}

function lesser(out: Outcomes, more: Outcomes): void {
  for (let row = 0; row < out.length; row++) {
    const other = more[row] ?? 0;
    if (other < (out[row] ?? 0)) out[row] = other;
  }
}

function greater(out: Outcomes, more: Outcomes): void {
  for (let row = 0; row < out.length; row++) {
    const other = more[row] ?? 0;
    if (other > (out[row] ?? 0)) out[row] = other;
  }
}

type ColumnNode = Exclude<BoundNode, { kind: 'constant' | 'compareValues' | 'not' | 'and' | 'or' }>;

/** @param chain - the column's data and, before it, those of the structs around it */
function evaluateTest(node: ColumnNode, chain: readonly Data[], out: Outcomes): void {
  if (node.kind === 'isNull') {
    out.fill(FALSE);
    for (const data of chain) markNulls(data, TRUE, out);
    return;
  }
  const data = chain[chain.length - 1] as Data;
  // Also because a column of nulls alone may come without a buffer of values.
  if (DataType.isNull(data.type) || data.nullCount === data.length) {
    out.fill(UNKNOWN);
    return;
  }
  switch (node.kind) {
    case 'known':
      out.fill(node.value ? TRUE : FALSE);
      break;
    case 'compare':
      compareColumn(data, node, out);
      break;
    case 'in':
      findInColumn(data, node, out);
      break;
    case 'prefix':
    case 'like':
      matchColumn(data, node, out);
      break;
  }
  for (const part of chain) markNulls(part, UNKNOWN, out);
}
