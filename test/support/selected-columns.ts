import { CanonicalRows, type StructSchema } from './canonical.js';

type Field = StructSchema['fields'][number];

/** A column that is asked for, and what it is called in the answer. */
export interface SelectedColumn {
  readonly name: string;
  readonly field: Field;
}

const METADATA_TYPES: Readonly<Record<string, string>> = {
  file_path: 'string',
  file_name: 'string',
  file_modification_time: 'timestamp',
};

/**
 * `columns` as peers take it: names, `*` for every column of the table, `name as other` for another name in the answer.
 * Every column when it is not given.
 */
export function selectedColumns(
  schema: StructSchema,
  columns: readonly string[] = ['*'],
): readonly SelectedColumn[] {
  return columns.flatMap((text) => {
    if (text === '*') return schema.fields.map((field) => ({ name: field.name, field }));
    const isColumn = schema.fields.some((field) => field.name === text);
    const [, name = text, alias = text] =
      (isColumn ? undefined : /^(\S+) as (\S+)$/iu.exec(text)) ?? [];
    return [{ name, field: { ...fieldOf(schema, name), name: alias } }];
  });
}

/** Collects batches that have the selected columns under their own names. */
export function canonicalRows(columns: readonly SelectedColumn[]): CanonicalRows {
  const names = columns.map(({ name }) => name);
  return new CanonicalRows({ type: 'struct', fields: columns.map(({ field }) => field) }, names);
}

function fieldOf(schema: StructSchema, name: string): Field {
  const own = schema.fields.find((field) => field.name === name);
  if (own !== undefined) return own;
  if (name.startsWith('_metadata.')) {
    const type = METADATA_TYPES[name.slice('_metadata.'.length)] ?? 'long';
    return { name, type, nullable: false };
  }
  // A name that is not there is left for the scan to refuse.
  return { name, type: 'void', nullable: true };
}
