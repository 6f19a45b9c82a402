/**
 * What the host itself can do to a page's bytes: faster, or within bounds that parquet-wasm does not keep. `#page-bytes` is page-bytes-node.ts
 * under Node and page-bytes-web.ts elsewhere; both export a {@link PageBytes}' members.
 */
export interface PageBytes {
  /** CRC-32 as gzip and Parquet define it, as an unsigned number. */
  crc32(bytes: Uint8Array): number;
  /**
   * Whether {@link PageBytes.inflate} knows the codec, by its name in parquet.thrift.
   */
  canInflate(codec: string): boolean;
  /**
   * Decompresses; takes no more memory than `size` bytes of output need.
   * @param size - the bytes that come out
   * @throws Error when the bytes are damaged or hold more
   */
  inflate(codec: string, bytes: Uint8Array, size: number): Uint8Array;
  /**
   * Bytes with a buffer of their own that hold anything: every one of them must be written before it is read or handed
   * on. Saves a pass over memory that is about to be filled.
   */
  unfilledBytes(length: number): Uint8Array;
}
