/** Whether the files of a version are all there. */

import { deletionVectorKey } from '../log/deletion-vector/read-deletion-vector.js';
import { inOrder } from '../log/in-order.js';
import type { Snapshot } from '../log/table-snapshot.js';
import { dataFiles } from './data-files.js';
import type { FileCheck } from './results.js';

const HEADS_AT_ONCE = 16;

/** Looks at every data file and every deletion vector file of the version, one request each. */
export async function checkFiles(
  snapshot: Snapshot,
  signal: AbortSignal | undefined,
): Promise<FileCheck> {
  const { store } = snapshot.log;
  const missing: string[] = [];
  const resized: string[] = [];
  let files = 0;
  const heads = inOrder(neededFiles(snapshot), HEADS_AT_ONCE, signal, async (file, stop) => ({
    file,
    info: await store.head(file.key, { signal: stop }),
  }));
  for await (const { file, info } of heads) {
    files++;
    if (info === undefined) missing.push(file.key);
    // The log does not say the size of a deletion vector file.
    else if (file.sizeBytes !== undefined && info.sizeBytes !== file.sizeBytes) {
      resized.push(file.key);
    }
  }
  return { files, missing, resized };
}

interface NeededFile {
  readonly key: string;
  readonly sizeBytes?: number | undefined;
}

/** Data files in canonical order, then each deletion vector file once. */
function* neededFiles(snapshot: Snapshot): Generator<NeededFile, void, undefined> {
  const vectors = new Set<string>();
  for (const file of dataFiles(snapshot)) {
    yield file;
    const { deletionVector } = file.entry;
    if (deletionVector !== undefined && deletionVector.storageType !== 'i') {
      vectors.add(deletionVectorKey(deletionVector, snapshot.log));
    }
  }
  for (const key of vectors) yield { key };
}
