/** What a run read, as it is recorded with it. */
import type { PredicateJson } from '../index.js';
import type { RowSplit } from './split.js';

/** One input of a run: which rows of which version of which table, and their digest. */
export interface InputRecord {
  readonly name: string;
  readonly tableId: string;
  readonly url: string;
  readonly version: number;
  /** When the version was committed, ISO 8601. */
  readonly committedAt: string;
  /** The pin that keeps the version. */
  readonly pin: string;
  /** Equal digests mean the same rows in the same order. */
  readonly digest: string;
  /** The schema's JSON, as the table had it. */
  readonly schema: string;
  readonly select?: readonly string[] | undefined;
  readonly where?: PredicateJson | undefined;
  readonly split?: RowSplit | undefined;
  /** MLflow's label: `training`, `evaluation`, ... */
  readonly context?: string | undefined;
}
