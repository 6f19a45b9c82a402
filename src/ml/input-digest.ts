/** What a run read, as one number: equal digests mean the same rows in the same order. */
import { createHash } from 'node:crypto';
import type { Snapshot, StructType } from '../index.js';
import { canonicalJson, type PlainJson } from './canonical-json.js';
import type { RowSplit } from './split.js';

/** What was selected of a version. */
export interface Selection {
  /** Columns in order; undefined for all of the table's. */
  readonly select: readonly string[] | undefined;
  /** The condition's JSON. */
  readonly where: PlainJson | undefined;
  readonly split: RowSplit | undefined;
}

/**
 * SHA-256, in hex, over the canonical JSON of everything that decides which rows come in which order: the table's id
 * and version, its files by decoded path with deletion vector and size, the columns read with their types, the
 * condition and the split. Statistics, times and the log's order do not count.
 */
export function inputDigest(snapshot: Snapshot<never>, selection: Selection): string {
  const digest = createHash('sha256');
  for (const piece of canonicalJson(content(snapshot, selection))) digest.update(piece, 'utf8');
  return digest.digest('hex');
}

function content(snapshot: Snapshot<never>, selection: Selection): PlainJson {
  const { select, where, split } = selection;
  return {
    tableId: snapshot.tableId,
    version: snapshot.version,
    files: snapshot.files().map(({ path, sizeBytes, deletionVectorId }) => ({
      path,
      size: sizeBytes,
      dvId: deletionVectorId ?? null,
    })),
    columns: columns(snapshot.schema, select),
    where: where ?? null,
    split: split === undefined ? null : { ...split, key: [...split.key] },
  };
}

function columns(schema: StructType, select: readonly string[] | undefined): PlainJson {
  const names = select ?? schema.fields.map(({ name }) => name);
  return names.map((name) => {
    const field = schema.fields.find((candidate) => candidate.name === name);
    return { name, type: JSON.stringify(field?.type ?? null) };
  });
}
