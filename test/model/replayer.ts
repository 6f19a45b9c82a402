/**
 * A second reading of the log, which shares no code with src: JSON commits folded into the live files of each version,
 * and everything that must not be in a log.
 */

/** One commit, as far as the judge looks at it. */
export interface ReplayedCommit {
  readonly version: number;
  readonly txnId: string | undefined;
  readonly adds: readonly ReplayedFile[];
  readonly removes: readonly string[];
  readonly sequences: readonly { readonly appId: string; readonly version: number }[];
}

export interface ReplayedFile {
  readonly path: string;
  readonly part: string | null;
  /** The writer that the file's statistics name: in these tables every row of a file has the same. */
  readonly op: string;
}

export interface Replay {
  readonly commits: readonly ReplayedCommit[];
  /** The live files after each version. */
  readonly live: readonly ReadonlyMap<string, ReplayedFile>[];
  /** What is wrong with the log itself. */
  readonly faults: readonly string[];
}

interface AddJson {
  readonly path: string;
  readonly stats: string;
  readonly partitionValues: Readonly<Record<string, string | null>>;
}

interface LineJson {
  readonly commitInfo?: { readonly txnId?: string };
  readonly add?: AddJson;
  readonly remove?: { readonly path: string };
  readonly txn?: { readonly appId: string; readonly version: number };
}

/** Folds the commits, given as the names and texts of the files in `_delta_log`. */
export function replay(files: ReadonlyMap<string, string>): Replay {
  const faults: string[] = [];
  const commits: ReplayedCommit[] = [];
  const names = [...files.keys()].filter((name) => /^\d{20}\.json$/u.test(name)).toSorted();
  for (const [at, name] of names.entries()) {
    const version = Number(name.slice(0, 20));
    if (version !== at) faults.push(`version ${at} is missing`);
    try {
      commits.push(parse(version, files.get(name) ?? ''));
    } catch (error) {
      faults.push(`version ${version} cannot be read: ${String(error)}`);
    }
  }
  const live: ReadonlyMap<string, ReplayedFile>[] = [];
  let current: ReadonlyMap<string, ReplayedFile> = new Map();
  const seen = new Set<string>();
  for (const commit of commits) {
    const next = new Map(current);
    for (const path of commit.removes) {
      if (!next.delete(path))
        faults.push(`version ${commit.version} removes ${path}, which is not live`);
    }
    for (const file of commit.adds) {
      if (seen.has(file.path)) faults.push(`version ${commit.version} adds ${file.path} again`);
      seen.add(file.path);
      next.set(file.path, file);
    }
    live.push(next);
    current = next;
  }
  return { commits, live, faults };
}

function parse(version: number, text: string): ReplayedCommit {
  if (!text.endsWith('\n')) throw new Error('the last line has no end');
  const lines = text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as LineJson);
  return {
    version,
    txnId: lines[0]?.commitInfo?.txnId,
    adds: lines.flatMap(({ add }) => (add === undefined ? [] : [fileOf(add)])),
    removes: lines.flatMap(({ remove }) => (remove === undefined ? [] : [remove.path])),
    sequences: lines.flatMap(({ txn }) => (txn === undefined ? [] : [txn])),
  };
}

function fileOf({ path, stats, partitionValues }: AddJson): ReplayedFile {
  const { minValues, maxValues } = JSON.parse(stats) as {
    readonly minValues: { readonly op: string };
    readonly maxValues: { readonly op: string };
  };
  if (minValues.op !== maxValues.op) throw new Error(`${path} mixes ${minValues.op} and others`);
  return { path, part: partitionValues['part'] ?? null, op: minValues.op };
}
