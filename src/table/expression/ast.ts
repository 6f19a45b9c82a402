/**
 * The one form of every condition, whichever door it came through: frozen plain data that knows no
 * table. Binding it to a schema (`bind.ts`) gives what evaluation and pruning work on.
 */
import type { Literal } from './literal.js';

export const COMPARISONS = ['eq', 'ne', 'gt', 'gte', 'lt', 'lte'] as const;
export type Comparison = (typeof COMPARISONS)[number];

/** A top-level column and then fields of structs, each by its exact name. */
export type ColumnPath = readonly string[];

export type Node =
  | { readonly op: Comparison; readonly column: ColumnPath; readonly value: Literal }
  | { readonly op: 'isIn'; readonly column: ColumnPath; readonly values: readonly Literal[] }
  | {
      readonly op: 'between';
      readonly column: ColumnPath;
      readonly low: Literal;
      readonly high: Literal;
    }
  | { readonly op: 'isNull'; readonly column: ColumnPath }
  | { readonly op: 'like'; readonly column: ColumnPath; readonly pattern: string }
  | { readonly op: 'startsWith'; readonly column: ColumnPath; readonly prefix: string }
  | { readonly op: 'and' | 'or'; readonly conditions: readonly Node[] }
  | { readonly op: 'not'; readonly condition: Node }
  /** A comparison of values of which neither is a constant beside a column. */
  | {
      readonly op: 'compare';
      readonly comparison: Comparison;
      readonly left: Expression;
      readonly right: Expression;
    }
  | { readonly op: 'everyRow' }
  /** Neither true nor false in any row: what a comparison with null is. */
  | { readonly op: 'unknown' };

/** What has a value in each row; null where a part of it is. */
export type Expression =
  | { readonly op: 'column'; readonly column: ColumnPath }
  | { readonly op: 'literal'; readonly value: Literal }
  /** With the sign of `left`; null where `right` is 0. */
  | { readonly op: 'remainder'; readonly left: Expression; readonly right: Expression }
  | { readonly op: 'concat'; readonly parts: readonly Expression[] }
  /** Empty where `times` is negative. */
  | { readonly op: 'repeat'; readonly text: Expression; readonly times: Expression };

/** How deep conditions may nest: each level is a call on the stack wherever one is walked. */
export const MAX_PREDICATE_DEPTH = 200;
