/** The data files of a version in canonical order. */
import { fileKey, type TableRoots } from '../log/file-key.js';
import type { FileEntry } from '../log/file-list.js';
import type { Snapshot } from '../log/table-snapshot.js';
import { canonicalOrder, NumberedFiles } from './file-order.js';

/** One data file: where it is, and its row in the snapshot's columns. */
export interface DataFile {
  /** The decoded path, relative to the table's root; of a file below an allowed root the whole URL. */
  readonly key: string;
  readonly sizeBytes: number;
  readonly entry: FileEntry;
}

/**
 * The active files by the UTF-8 bytes of their decoded paths. Together with the order of rows in a file this is the
 * one order in which a version is read: it depends on nothing but the version.
 *
 * @throws UnsupportedFeatureError when a file lies outside the table's root, as those of a shallow clone do, and below no
 * root that was allowed
 */
export function dataFiles(snapshot: Snapshot): readonly DataFile[] {
  const numbered = new NumberedFiles(snapshot.files);
  return Array.from(orderedNumbers(snapshot), (number) =>
    fileOf(numbered.entry(number), snapshot.log),
  );
}

/** The numbers of the active files in that order; kept with the version. */
export function orderedNumbers({ files, log }: Snapshot): Uint32Array {
  return canonicalOrder(files, (path) => fileKey(path, log));
}

/** @throws UnsupportedFeatureError when the file lies outside the table's roots */
export function fileOf(entry: FileEntry, roots: TableRoots): DataFile {
  return { key: fileKey(entry.path, roots), sizeBytes: entry.size, entry };
}
