/** The types of one table's rows and columns, with loose ones for a table whose schema the compiler does not know. */
import type { AnyNewRow, AnyRow, NewRow, Row, TableSchema } from './row-types.js';

/** A row of a table with schema `S`, as it is read. */
export type RowIn<S extends TableSchema> = string extends keyof S ? AnyRow : Row<S>;

/** A row of a table with schema `S`, as it may be written. */
export type NewRowIn<S extends TableSchema> = string extends keyof S ? AnyNewRow : NewRow<S>;

/** The names of the columns of a table with schema `S`. */
export type ColumnsIn<S extends TableSchema> = keyof RowIn<S> & string;
