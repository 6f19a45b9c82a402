/** What may be given as rows. */

/** An Arrow table, whoever's copy of apache-arrow made it. */
export interface ArrowTableLike {
  readonly numRows: number;
  readonly schema: { readonly fields: readonly unknown[] };
  readonly batches: readonly unknown[];
}

/** The part of a Web stream that is used. */
export interface ReadableStreamLike<T> {
  getReader(): {
    read(): Promise<{ done: boolean; value?: T | undefined }>;
    releaseLock(): void;
    cancel?(reason?: unknown): Promise<void>;
  };
}

/**
 * Rows to write: an array, an iterable or async iterable of row objects, a Web or Node stream of them, or Arrow: a
 * table, batches, a reader, or IPC bytes.
 */
export type Rows<N> =
  | Iterable<N>
  | AsyncIterable<N>
  | ReadableStreamLike<N>
  | ArrowTableLike
  | Uint8Array;
