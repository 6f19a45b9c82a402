/**
 * Which files hold the changes of one version, and which of their rows: the decision, without reading them.
 * PROTOCOL.md "Add CDC File", "Change Data Files".
 */
import { CorruptDataError } from '../errors.js';
import { reconcileKey } from '../log/action-path.js';
import type {
  Action,
  AddFile,
  DeletionVectorDescriptor,
  RemoveFile,
  StringMap,
} from '../log/actions.js';
import { deletionVectorId } from '../log/file-history.js';

/** A file in which rows of a change are. */
export interface ChangedFile {
  /** As the log spells it. */
  readonly path: string;
  /** Undefined when a `remove` does not say them. */
  readonly partitionValues: StringMap | undefined;
  /** Bytes; undefined when a `remove` does not say it. */
  readonly sizeBytes: number | undefined;
  readonly rows: ChangedRows;
}

/**
 * Which rows of a file. `live`: all but those that its deletion vector marks. `marked`: only those that one vector
 * marks and another, if there is one, does not.
 */
export type ChangedRows =
  | { readonly kind: 'live'; readonly deletionVector: DeletionVectorDescriptor | undefined }
  | {
      readonly kind: 'marked';
      readonly by: DeletionVectorDescriptor;
      readonly notBy: DeletionVectorDescriptor | undefined;
    };

/** The changes of one version: as a writer recorded them, or as they follow from its data files. */
export type ChangedFiles =
  | { readonly kind: 'recorded'; readonly files: readonly ChangedFile[] }
  | {
      readonly kind: 'derived';
      readonly deletes: readonly ChangedFile[];
      readonly inserts: readonly ChangedFile[];
    };

export interface CommitPlace {
  /** The table's canonical URL: lends its scheme to absolute paths. */
  readonly tableUrl: string;
  /** The commit's key, for errors. */
  readonly key: string;
}

/**
 * The changes of a commit. One `cdc` action hides all adds and removes. Without one, what an `add` or `remove` with
 * `dataChange` brings or takes away has changed; of a file that is both removed and added, the rows in which its two
 * deletion vectors differ.
 *
 * @throws CorruptDataError when a commit adds, or removes, one path with two deletion vectors
 */
export function changesOf(actions: Iterable<Action>, place: CommitPlace): ChangedFiles {
  const collector = new ChangeCollector(place);
  for (const action of actions) collector.take(action);
  return collector.finish();
}

interface Touched {
  add?: Slim;
  remove?: Slim;
}

/** What is kept of an action: of three hundred thousand adds the statistics alone would be hundreds of megabytes. */
interface Slim {
  readonly path: string;
  readonly partitionValues: StringMap | undefined;
  readonly sizeBytes: number | undefined;
  readonly deletionVector: DeletionVectorDescriptor | undefined;
}

/** {@link changesOf}, an action at a time, for commits whose actions are never all in memory. */
export class ChangeCollector {
  readonly #place: CommitPlace;
  readonly #recorded: ChangedFile[] = [];
  readonly #touched = new Map<string, Touched>();

  constructor(place: CommitPlace) {
    this.#place = place;
  }

  take(action: Action): void {
    if (action.kind === 'cdc') {
      const { path, partitionValues, size: sizeBytes } = action.cdc;
      const rows = { kind: 'live', deletionVector: undefined } as const;
      this.#recorded.push({ path, partitionValues, sizeBytes, rows });
      this.#touched.clear();
    } else if (this.#recorded.length > 0) {
      return;
    } else if (action.kind === 'add' && action.add.dataChange) {
      this.#note('add', action.add);
    } else if (action.kind === 'remove' && action.remove.dataChange) {
      this.#note('remove', action.remove);
    }
  }

  finish(): ChangedFiles {
    if (this.#recorded.length > 0) return { kind: 'recorded', files: this.#recorded };
    const deletes: ChangedFile[] = [];
    const inserts: ChangedFile[] = [];
    for (const { add, remove } of this.#touched.values()) {
      if (add !== undefined && remove !== undefined) {
        const [before, after] = [remove.deletionVector, add.deletionVector];
        if (deletionVectorId(before) === deletionVectorId(after)) continue;
        if (after !== undefined) deletes.push(marked(add, after, before));
        if (before !== undefined) inserts.push(marked(add, before, after));
      } else if (add !== undefined) {
        inserts.push(live(add));
      } else if (remove !== undefined) {
        deletes.push(live(remove));
      }
    }
    return { kind: 'derived', deletes, inserts };
  }

  #note(side: 'add' | 'remove', file: AddFile | RemoveFile): void {
    const { path, partitionValues, size: sizeBytes, deletionVector } = file;
    const { tableUrl, key } = this.#place;
    const name = reconcileKey(path, tableUrl);
    const touched = this.#touched.get(name) ?? {};
    const earlier = touched[side];
    if (
      earlier !== undefined &&
      deletionVectorId(earlier.deletionVector) !== deletionVectorId(deletionVector)
    ) {
      throw new CorruptDataError({
        message: `a commit has two ${side} actions for ${path} with different deletion vectors, so what it changed is not known`,
        key,
        field: side,
      });
    }
    touched[side] = { path, partitionValues, sizeBytes, deletionVector };
    this.#touched.set(name, touched);
  }
}

function live({ path, partitionValues, sizeBytes, deletionVector }: Slim): ChangedFile {
  return { path, partitionValues, sizeBytes, rows: { kind: 'live', deletionVector } };
}

function marked(
  { path, partitionValues, sizeBytes }: Slim,
  by: DeletionVectorDescriptor,
  notBy: DeletionVectorDescriptor | undefined,
): ChangedFile {
  return { path, partitionValues, sizeBytes, rows: { kind: 'marked', by, notBy } };
}
