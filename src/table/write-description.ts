/** What a write says of itself in `commitInfo`, in Spark's words, so that `DESCRIBE HISTORY` shows it everywhere. */
import type { AddFile } from '../log/actions.js';
import type { CommitDescription } from '../log/commit-info.js';
import type { WrittenFiles } from './write-files.js';

export interface Described {
  readonly mode: 'Append' | 'Overwrite';
  readonly partitionColumns: readonly string[];
  readonly written: WrittenFiles;
  /** Files taken out of the table. */
  readonly removed?: readonly AddFile[] | undefined;
  /** SQL text of the condition that limits an overwrite. */
  readonly predicate?: string | undefined;
  /** Whether rows were written again, which then have new row ids. */
  readonly losesRowIds?: boolean | undefined;
}

/** The `WRITE` operation with its parameters and metrics. */
export function writeDescription(what: Described): CommitDescription {
  const { mode, written, removed } = what;
  return {
    operation: 'WRITE',
    operationParameters: {
      mode,
      partitionBy: JSON.stringify(what.partitionColumns),
      ...(what.predicate === undefined ? {} : { predicate: what.predicate }),
    },
    operationMetrics: {
      numFiles: String(written.adds.length),
      numOutputRows: String(written.rows),
      numOutputBytes: String(written.bytes),
      ...(removed === undefined ? {} : removedMetrics(removed)),
    },
    losesRowIds: what.losesRowIds,
  };
}

function removedMetrics(removed: readonly AddFile[]): Record<string, string> {
  const bytes = removed.reduce((sum, file) => sum + file.size, 0);
  return { numRemovedFiles: String(removed.length), numRemovedBytes: String(bytes) };
}
