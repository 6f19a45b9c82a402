/// <reference lib="esnext.disposable" preserve="true" />
/**
 * Delta Lake for TypeScript: versioned Parquet tables that Spark, delta-rs and Databricks read and write too.
 *
 * @example
 * ```ts
 * import { DeltaTable, gt } from 'varve';
 *
 * const penguins = { id: 'long not null', species: 'string', body_mass_g: 'long' } as const;
 * const table = await DeltaTable.create('./lake/penguins', { schema: penguins, ifExists: 'open' });
 * await table.append([{ id: 1n, species: 'Adelie', body_mass_g: 3750n }]);
 * for await (const row of table.scan({ where: gt('body_mass_g', 3000) })) row.species;
 * const before = await table.snapshot({ version: 0 });
 * ```
 *
 * @packageDocumentation
 */
export { type Clock, type Entropy, systemClock, systemEntropy } from './clock.js';
export type { CommitAttempt, ErrorCode, Retry, ThingKind, Winner } from './errors.js';
export {
  AccessDeniedError,
  AlreadyExistsError,
  type AnyVarveError,
  CommitConflictError,
  CommitStateUnknownError,
  CorruptDataError,
  DataGoneError,
  type ErrorContext,
  InternalError,
  InvalidArgumentError,
  isVarveError,
  LimitError,
  NotFoundError,
  SchemaMismatchError,
  StorageUnavailableError,
  UnsupportedFeatureError,
  VarveError,
} from './errors.js';
export type { AddFile, DeletionVectorDescriptor, Protocol, StringMap } from './log/actions.js';
export type { IsolationLevel } from './log/isolation.js';
export type { Json, JsonNumber } from './log/json.js';
export type {
  ArrayType,
  DataType,
  DecimalName,
  MapType,
  PrimitiveName,
  StructField,
  StructType,
  UnknownType,
  VariantName,
} from './log/schema/types.js';
export type {
  Body,
  ByteRange,
  CallContext,
  DeleteOptions,
  DeleteOutcome,
  GetOptions,
  ListOptions,
  ObjectInfo,
  ObjectStore,
  PutIfAbsentOptions,
  PutOutcome,
  StorageProvider,
  StoredObject,
} from './storage/object-store.js';
export { openStore } from './storage/open-store.js';
export type { ArrowBatch, ArrowColumn, ArrowField, ArrowTable } from './table/arrow-shape.js';
export type {
  Change,
  ChangesOptions,
  ChangeType,
  VersionChanges,
} from './table/changes-types.js';
export { DeltaTable } from './table/delta-table.js';
export {
  and,
  between,
  eq,
  everyRow,
  gt,
  gte,
  isIn,
  isNull,
  like,
  lt,
  lte,
  ne,
  not,
  or,
  startsWith,
} from './table/expression/builders.js';
export { predicateFromJson } from './table/expression/json.js';
export type {
  ColumnRef,
  Comparable,
  Has,
  Needs,
  Predicate,
  RowsOf,
  Where,
} from './table/expression/predicate-types.js';
export {
  predicateFromSql,
  type RowsOfParameters,
  type SqlParameter,
  sql,
} from './table/expression/sql/sql.js';
export type { ColumnJson, ExpressionJson, PredicateJson } from './table/expression/to-json.js';
export type { MetadataColumn, MetadataRow } from './table/metadata-row.js';
export type {
  AlterOptions,
  AppendOptions,
  CallOptions,
  CreateOptions,
  CreatePinOptions,
  CreateRowsOptions,
  HistoryOptions,
  Idempotency,
  OpenOptions,
  OpenSchemaOptions,
  OverwriteOptions,
  Progress,
  TransactionOptions,
  TransactionOverwriteOptions,
  WriteOptions,
  WriterAppendOptions,
  WriterOptions,
} from './table/options.js';
export type { Pins } from './table/pins.js';
export type {
  CheckpointResult,
  Commit,
  CommitMetrics,
  CommitResolution,
  FileCheck,
  HistoryEntry,
  LogCleanUp,
  Pin,
  PinCheck,
  TableDetail,
} from './table/results.js';
export { type JsonRow, type JsonValue, toJsonRow } from './table/row/json-row.js';
export type {
  AnyNewRow,
  AnyRow,
  AnySchema,
  ColumnOverrides,
  ColumnType,
  NewRow,
  PrimitiveText,
  Row,
  SchemaFor,
  SchemaLiteral,
  TableSchema,
  TypeText,
  Value,
} from './table/row/row-types.js';
export type { SchemaInputOf, SchemaOutputOf, StandardSchema } from './table/row/standard-schema.js';
export type { ColumnsIn, NewRowIn, RowIn } from './table/row/table-types.js';
export { Timestamp } from './table/row/timestamp.js';
export type { ArrowTableLike, ReadableStreamLike, Rows } from './table/rows.js';
export type {
  BatchOptions,
  RowFilter,
  Scan,
  ScanMetrics,
  ScanOptions,
  ScanPlan,
  Selected,
} from './table/scan-types.js';
export type { At, Snapshot, TableFile } from './table/snapshot-types.js';
export type { Transaction } from './table/transaction-handle.js';
export type { Writer } from './table/writer.js';
export { VERSION } from './version.js';
