/** The data files of a version in canonical order. */
import { UnsupportedFeatureError } from '../errors.js';
import { resolveActionPath } from '../log/action-path.js';
import type { FileEntry } from '../log/file-list.js';
import type { Snapshot } from '../log/table-snapshot.js';
import { canonicalOrder, NumberedFiles } from './file-order.js';

/** One data file: where it is, and its row in the snapshot's columns. */
export interface DataFile {
  /** The decoded path, relative to the table's root. */
  readonly key: string;
  readonly sizeBytes: number;
  readonly entry: FileEntry;
}

/**
 * The active files by the UTF-8 bytes of their decoded paths. Together with the order of rows in a file this is the
 * one order in which a version is read: it depends on nothing but the version.
 *
 * @throws UnsupportedFeatureError when a file lies outside the table's root, as those of a shallow clone do
 */
export function dataFiles(snapshot: Snapshot): readonly DataFile[] {
  const numbered = new NumberedFiles(snapshot.files);
  return Array.from(orderedNumbers(snapshot), (number) =>
    fileOf(numbered.entry(number), snapshot.url),
  );
}

/** The numbers of the active files in that order; kept with the version. */
export function orderedNumbers({ files, url }: Snapshot): Uint32Array {
  return canonicalOrder(files, (path) => keyOf(path, url));
}

/** @throws UnsupportedFeatureError when the file lies outside the table's root */
export function fileOf(entry: FileEntry, tableUrl: string): DataFile {
  return { key: keyOf(entry.path, tableUrl), sizeBytes: entry.size, entry };
}

/** The store key of an action's path. */
export function keyOf(path: string, tableUrl: string): string {
  const place = resolveActionPath(path, tableUrl);
  if (place.kind === 'key') return place.key;
  throw new UnsupportedFeatureError({
    message: `the table names a file outside its own folder, as a shallow clone does: ${path}`,
    features: ['absolute file paths'],
    side: 'read',
    remedy: 'make the clone a deep one, or read the table it was cloned from',
  });
}
