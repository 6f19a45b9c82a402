/** Every error Varve throws: one closed table of kinds, each of them something a caller does differently. */

/** What a caller may do with the same call: never again as it is, again later, or again on a fresh snapshot. */
export type Retry = 'never' | 'same' | 'rebase';

/** What could not be found or was there already. */
export type ThingKind =
  | 'table'
  | 'version'
  | 'changes'
  | 'pin'
  | 'run'
  | 'experiment'
  | 'object'
  | 'artifact';

/** A commit that was tried: enough to ask later, even after a restart, whether it landed. */
export interface CommitAttempt {
  /** The table version the commit tried to create. */
  readonly version: number;
  /** The id the commit carries in its `commitInfo.txnId`. */
  readonly txnId: string;
}

type Details = Readonly<Record<string, unknown>>;

/** What every constructor takes beside its fields. */
export interface ErrorContext {
  /** A lowercase sentence: what happened, where, and what to do next. Not part of the API. */
  readonly message: string;
  /** The foreign error behind this one. */
  readonly cause?: unknown;
}

const BRAND = Symbol.for('varve.error');

/**
 * The base of every error Varve throws. `code` and the fields of each class are API; the message is not.
 * Narrow with {@link isVarveError}, which also works when two copies of Varve are installed.
 */
export abstract class VarveError extends Error {
  abstract readonly code: ErrorCode;
  /** Whether, and how, the same call may be tried again. */
  abstract readonly retry: Retry;

  static {
    // On the prototype and out of the types: a computed member has no declaration that stands by itself.
    Object.defineProperty(this.prototype, BRAND, { value: true });
  }

  protected constructor(context: ErrorContext, details: Details) {
    const shown = Object.entries(details)
      .filter(([, value]) => value !== undefined)
      .map(([key, value]) => `${key}=${show(value)}`);
    super(
      [context.message, ...shown].join(' '),
      context.cause === undefined ? undefined : { cause: context.cause },
    );
    this.name = new.target.name;
  }
}

const SHOWN_CHARACTERS = 200;

function show(value: unknown): string {
  const text =
    typeof value === 'string'
      ? value
      : (JSON.stringify(value, (_key, item: unknown) =>
          typeof item === 'bigint' ? String(item) : item,
        ) ?? String(value));
  return text.length > SHOWN_CHARACTERS ? `${text.slice(0, SHOWN_CHARACTERS)}…` : text;
}

/** The call is wrong; fix the call. Nothing of it was committed. */
export class InvalidArgumentError extends VarveError {
  readonly code = 'INVALID_ARGUMENT';
  readonly retry = 'never';
  /** The option or argument that is wrong. */
  readonly option: string;
  /** What would have been accepted. */
  readonly expected: string | undefined;
  constructor(context: ErrorContext & { readonly option: string; readonly expected?: string }) {
    super(context, { option: context.option, expected: context.expected });
    this.option = context.option;
    this.expected = context.expected;
  }
}

/** Rows do not fit the table, or a schema is not the table's; fix the rows or the schema. */
export class SchemaMismatchError extends VarveError {
  readonly code = 'SCHEMA_MISMATCH';
  readonly retry = 'never';
  /** The index of the first wrong row of the input, from 0; undefined when the schema itself differs. */
  readonly row: number | undefined;
  /** The column, dotted for a field of a struct. */
  readonly column: string | undefined;
  readonly expected: string | undefined;
  readonly actual: string | undefined;
  constructor(
    context: ErrorContext & {
      readonly row?: number | undefined;
      readonly column?: string | undefined;
      readonly expected?: string | undefined;
      readonly actual?: string | undefined;
    },
  ) {
    const { row, column, expected, actual } = context;
    super(context, { row, column, expected, actual });
    this.row = row;
    this.column = column;
    this.expected = expected;
    this.actual = actual;
  }
}

/** A place, version or name that does not exist. */
export class NotFoundError extends VarveError {
  readonly code = 'NOT_FOUND';
  readonly retry = 'never';
  readonly kind: ThingKind;
  /** The name that was asked for; `name` is the class, as on every Error. */
  readonly thing: string;
  /** What there is instead, for example the range of versions. */
  readonly available: string | undefined;
  constructor(
    context: ErrorContext & {
      readonly kind: ThingKind;
      readonly thing: string;
      readonly available?: string | undefined;
    },
  ) {
    super(context, { kind: context.kind, thing: context.thing, available: context.available });
    this.kind = context.kind;
    this.thing = context.thing;
    this.available = context.available;
  }
}

/** Something of that name exists already; open it, or take another name. */
export class AlreadyExistsError extends VarveError {
  readonly code = 'ALREADY_EXISTS';
  readonly retry = 'never';
  readonly kind: ThingKind;
  /** The name that was asked for; `name` is the class, as on every Error. */
  readonly thing: string;
  constructor(context: ErrorContext & { readonly kind: ThingKind; readonly thing: string }) {
    super(context, { kind: context.kind, thing: context.thing });
    this.kind = context.kind;
    this.thing = context.thing;
  }
}

/** The store refused the credentials or the right to do this. */
export class AccessDeniedError extends VarveError {
  readonly code = 'ACCESS_DENIED';
  readonly retry = 'never';
  readonly key: string;
  readonly operation: string;
  constructor(context: ErrorContext & { readonly key: string; readonly operation: string }) {
    super(context, { operation: context.operation, key: context.key });
    this.key = context.key;
    this.operation = context.operation;
  }
}

/** The store did not answer, or cannot at present; no commit was made. Try the same call later. */
export class StorageUnavailableError extends VarveError {
  readonly code = 'STORAGE_UNAVAILABLE';
  readonly retry = 'same';
  readonly key: string;
  readonly operation: string;
  /** How long the store asked to wait, in milliseconds, when it said so. */
  readonly retryAfterMs: number | undefined;
  constructor(
    context: ErrorContext & {
      readonly key: string;
      readonly operation: string;
      readonly retryAfterMs?: number | undefined;
    },
  ) {
    const { key, operation, retryAfterMs } = context;
    super(context, { operation, key, retryAfterMs });
    this.key = key;
    this.operation = operation;
    this.retryAfterMs = retryAfterMs;
  }
}

/** The commit that was in the way. */
export interface Winner {
  readonly version: number;
  readonly operation: string;
}

/** Another commit changed what this one read; nothing of this one was committed. Do it again on a fresh snapshot. */
export class CommitConflictError extends VarveError {
  readonly code = 'COMMIT_CONFLICT';
  readonly retry = 'rebase';
  /** Delta's own name of the conflict, for example `ConcurrentAppendException`. */
  readonly conflict: string;
  readonly winner: Winner;
  /**
   * What both commits touch: the path of a file as in its action, the appId of an idempotent write, a metadata domain,
   * or the action `protocol` or `metaData`. Undefined when the winner could not be compared or was not the reason.
   */
  readonly subject: string | undefined;
  constructor(
    context: ErrorContext & {
      readonly conflict: string;
      readonly winner: Winner;
      readonly subject?: string | undefined;
    },
  ) {
    const { conflict, winner, subject } = context;
    super(context, { conflict, winner, subject });
    this.conflict = conflict;
    this.winner = winner;
    this.subject = subject;
  }
}

/**
 * The store never said whether the commit landed. Ask `table.resolveCommit(error.attempt)`; do not write again before.
 * Of a creation, where there may be no table to ask: call `DeltaTable.create` again, as it says.
 */
export class CommitStateUnknownError extends VarveError {
  readonly code = 'COMMIT_STATE_UNKNOWN';
  readonly retry = 'never';
  readonly attempt: CommitAttempt;
  constructor(context: ErrorContext & { readonly attempt: CommitAttempt }) {
    super(context, { version: context.attempt.version, txnId: context.attempt.txnId });
    this.attempt = context.attempt;
  }
}

/** The table, or a file of it, needs a feature this version of Varve does not have; it is refused, not guessed at. */
export class UnsupportedFeatureError extends VarveError {
  readonly code = 'UNSUPPORTED_FEATURE';
  readonly retry = 'never';
  /** The names of the features as the protocol spells them. */
  readonly features: readonly string[];
  /** Whether reading or writing needs them. */
  readonly side: 'read' | 'write';
  /** What the caller can do about it. */
  readonly remedy: string;
  constructor(
    context: ErrorContext & {
      readonly features: readonly string[];
      readonly side: 'read' | 'write';
      readonly remedy: string;
    },
  ) {
    const { features, side, remedy } = context;
    super({ ...context, message: `${context.message}; ${remedy}` }, { features, side });
    this.features = features;
    this.side = side;
    this.remedy = remedy;
  }
}

/** Data files of a version are gone, removed by a VACUUM for example. Take another version, a pin or a copy. */
export class DataGoneError extends VarveError {
  readonly code = 'DATA_GONE';
  readonly retry = 'never';
  readonly version: number;
  /** The keys of the missing files, relative to the table's root. */
  readonly missing: readonly string[];
  readonly reason: string | undefined;
  constructor(
    context: ErrorContext & {
      readonly version: number;
      readonly missing: readonly string[];
      readonly reason?: string | undefined;
    },
  ) {
    const { version, missing, reason } = context;
    super(context, { version, missing, reason });
    this.version = version;
    this.missing = missing;
    this.reason = reason;
  }
}

/** Stored bytes are not what the protocol says; repair them. Never answered by guessing. */
export class CorruptDataError extends VarveError {
  readonly code = 'CORRUPT_DATA';
  readonly retry = 'never';
  readonly key: string;
  /** Byte offset, line or row group, as the message says. */
  readonly position: number | undefined;
  readonly field: string | undefined;
  constructor(
    context: ErrorContext & {
      readonly key: string;
      readonly position?: number | undefined;
      readonly field?: string | undefined;
    },
  ) {
    const { key, position, field } = context;
    super(context, { key, position, field });
    this.key = key;
    this.position = position;
    this.field = field;
  }
}

/** A named limit was met; raise it or split the work. */
export class LimitError extends VarveError {
  readonly code = 'LIMIT';
  readonly retry = 'never';
  readonly limit: string;
  readonly value: number;
  readonly max: number;
  constructor(
    context: ErrorContext & {
      readonly limit: string;
      readonly value: number;
      readonly max: number;
    },
  ) {
    const { limit, value, max } = context;
    super(context, { limit, value, max });
    this.limit = limit;
    this.value = value;
    this.max = max;
  }
}

/** A mistake of Varve's own; please report it. */
export class InternalError extends VarveError {
  readonly code = 'INTERNAL';
  readonly retry = 'never';
  constructor(context: ErrorContext) {
    super(
      { ...context, message: `${context.message}; this is a bug in varve, please report it` },
      {},
    );
  }
}

/** Any error Varve throws, as a union that narrows on `code`. */
export type AnyVarveError =
  | InvalidArgumentError
  | SchemaMismatchError
  | NotFoundError
  | AlreadyExistsError
  | AccessDeniedError
  | StorageUnavailableError
  | CommitConflictError
  | CommitStateUnknownError
  | UnsupportedFeatureError
  | DataGoneError
  | CorruptDataError
  | LimitError
  | InternalError;

/** The closed list of codes. */
export type ErrorCode = AnyVarveError['code'];

/**
 * Whether `error` is Varve's, and of one of `codes` when any are given; narrows to that class.
 * By brand, not by `instanceof`: two copies of Varve in one process understand each other.
 */
export function isVarveError<C extends ErrorCode = ErrorCode>(
  error: unknown,
  ...codes: readonly C[]
): error is Extract<AnyVarveError, { readonly code: C }> {
  if (typeof error !== 'object' || error === null || !(BRAND in error)) return false;
  const { code } = error as { readonly code?: unknown };
  return codes.length === 0 || codes.some((wanted) => wanted === code);
}

/** Throws {@link InternalError} unless `condition` holds: an invariant of our own, never a check of input. */
export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new InternalError({ message });
}
