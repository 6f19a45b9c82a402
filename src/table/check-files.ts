/** Whether the files of a version are all there. */

import { inOrder } from '../log/in-order.js';
import type { Snapshot } from '../log/table-snapshot.js';
import { dataFiles } from './data-files.js';
import type { FileCheck } from './results.js';

const HEADS_AT_ONCE = 16;

/** Looks at every data file of the version, one request each. */
export async function checkFiles(
  snapshot: Snapshot,
  signal: AbortSignal | undefined,
): Promise<FileCheck> {
  const { store } = snapshot.log;
  const missing: string[] = [];
  const resized: string[] = [];
  let files = 0;
  const heads = inOrder(dataFiles(snapshot), HEADS_AT_ONCE, signal, async (file, stop) => ({
    file,
    info: await store.head(file.key, { signal: stop }),
  }));
  for await (const { file, info } of heads) {
    files++;
    if (info === undefined) missing.push(file.key);
    else if (info.sizeBytes !== file.sizeBytes) resized.push(file.key);
  }
  return { files, missing, resized };
}
