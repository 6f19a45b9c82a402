import type { ActionBlock } from './action-block.js';
import type { CheckpointRows } from './checkpoint-reader.js';
import type { PathIndex } from './path-index.js';

/** What a checkpoint says. */
export interface CheckpointContent extends CheckpointRows {
  /** Finds the rows of the blocks by path. */
  readonly index: PathIndex;
  /** The adds and removes of a checkpoint in JSON, which has no blocks of its own. */
  readonly files: readonly ActionBlock[];
}
