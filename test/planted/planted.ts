/** A known mistake, put in from outside, and the check that must catch it. */
import type { Planted } from '../model/history.js';

export interface PlantedFault {
  readonly name: string;
  readonly check: CheckName;
  /** In the place of a decision, or around a store. */
  readonly seam?: Planted | undefined;
  /** In the text of the sources, when they are bundled. */
  readonly edits?: readonly Edit[] | undefined;
}

/** `from` occurs exactly once in the file. */
export interface Edit {
  /** Below src. */
  readonly file: string;
  readonly from: string;
  readonly to: string;
}

export type CheckName =
  | 'histories'
  | 'races'
  | 'failing calls'
  | 'failing calls of a tracker'
  | 'power cuts'
  | 'damaged logs'
  | 'checkpoints';

/** What caught a fault. */
export interface Caught {
  /** How many seeds it took. */
  readonly seeds: number;
  readonly violation: string;
}

/** Runs a check, seed after seed, until a rule is broken; undefined when none is within `limit` seeds. */
export type SeededCheck = (limit: number, planted: Planted) => Promise<Caught | undefined>;

/** Most seeds that a fault may take. */
export const LIMIT = 1000;
