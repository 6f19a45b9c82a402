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
  | { readonly op: 'everyRow' };

/** How deep conditions may nest: each level is a call on the stack wherever one is walked. */
export const MAX_PREDICATE_DEPTH = 200;
