/**
 * A condition bound to a schema: columns found, constants turned into scalars of each column's
 * type.
 */
import type { DataType } from '../../log/schema/types.js';
import type { LikePattern } from './like-pattern.js';
import type { Value } from './order.js';

/** A column that a condition looks at. */
export interface BoundColumn {
  /** The top-level column as the schema spells it. */
  readonly name: string;
  /** Logical names from the top-level column down, as the schema spells them. */
  readonly path: readonly string[];
  /** Physical names, as statistics spell them. */
  readonly physicalPath: readonly string[];
  readonly type: DataType;
}

/** Every comparison that is left after binding; `ne` is a negated `eq`. */
export type BoundComparison = 'eq' | 'lt' | 'lte' | 'gt' | 'gte';

/** How the values of an expression are held while a batch is evaluated. */
export type Form =
  /** Integers that a double holds exactly. */
  | { readonly of: 'small' }
  /** Exact numbers as bigint, times 10^scale. */
  | { readonly of: 'wide'; readonly scale: number }
  | { readonly of: 'floating' | 'boolean' | 'days' | 'micros' | 'text' | 'binary' };

export type BoundExpression = { readonly form: Form } & (
  | { readonly kind: 'column'; readonly column: BoundColumn }
  | { readonly kind: 'literal'; readonly value: number | bigint | Uint8Array }
  /** As bigint, times `factor`. */
  | { readonly kind: 'widened'; readonly of: BoundExpression; readonly factor: bigint }
  | {
      readonly kind: 'remainder';
      readonly left: BoundExpression;
      readonly right: BoundExpression;
    }
  | { readonly kind: 'concat'; readonly parts: readonly BoundExpression[] }
  | { readonly kind: 'repeat'; readonly text: BoundExpression; readonly times: BoundExpression }
);

export type BoundNode =
  /** Null is unknown. */
  | { readonly kind: 'constant'; readonly value: boolean | null }
  /** Both sides are of one form, but that numbers of scale 0 may meet floating ones. */
  | {
      readonly kind: 'compareValues';
      readonly op: BoundComparison;
      readonly left: BoundExpression;
      readonly right: BoundExpression;
    }
  /**
   * `value` in every row in which the column is not null: a constant that the type cannot hold
   * decides it alone.
   */
  | { readonly kind: 'known'; readonly column: BoundColumn; readonly value: boolean }
  | {
      readonly kind: 'compare';
      readonly column: BoundColumn;
      readonly op: BoundComparison;
      readonly value: Value;
    }
  /** `values` in ascending order, each once, two at least. */
  | { readonly kind: 'in'; readonly column: BoundColumn; readonly values: readonly Value[] }
  | { readonly kind: 'isNull'; readonly column: BoundColumn }
  | { readonly kind: 'prefix'; readonly column: BoundColumn; readonly prefix: string }
  | { readonly kind: 'like'; readonly column: BoundColumn; readonly pattern: LikePattern }
  | { readonly kind: 'and' | 'or'; readonly nodes: readonly BoundNode[] }
  | { readonly kind: 'not'; readonly node: BoundNode };

export interface BoundPredicate {
  readonly root: BoundNode;
  /** Each column once, in the order in which the condition names them. */
  readonly columns: readonly BoundColumn[];
}
