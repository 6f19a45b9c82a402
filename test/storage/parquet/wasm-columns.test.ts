import type { FFIStream } from 'parquet-wasm/esm';
import { expect, it, vi } from 'vitest';
import { type BodyRegion, copyColumns } from '../../../src/storage/parquet/wasm-columns.js';

// Memory as a process leaves it: what is not written shows.
vi.mock('#page-bytes', async (original) => ({
  ...(await original<typeof import('../../../src/storage/parquet/page-bytes-node.js')>()),
  unfilledBytes: (length: number) => new Uint8Array(length).fill(0xab),
}));

/** Arrays of Arrow's C data interface, for a machine of 32 bits. */
class ForeignMemory {
  readonly bytes = new ArrayBuffer(4096);
  readonly #view = new DataView(this.bytes);
  // Address 0 is none.
  #next = 64;

  put(bytes: Uint8Array): number {
    const at = this.#take(bytes.length);
    new Uint8Array(this.bytes).set(bytes, at);
    return at;
  }

  schema(format: string, children: readonly number[] = []): number {
    const at = this.#take(44);
    this.#view.setUint32(at, this.put(new TextEncoder().encode(`${format}\0`)), true);
    this.#view.setBigInt64(at + 24, BigInt(children.length), true);
    this.#view.setUint32(at + 32, this.#pointers(children), true);
    return at;
  }

  array(length: number, buffers: readonly number[], children: readonly number[] = []): number {
    const at = this.#take(64);
    this.#view.setBigInt64(at, BigInt(length), true);
    this.#view.setBigInt64(at + 32, BigInt(children.length), true);
    this.#view.setUint32(at + 40, this.#pointers(buffers), true);
    this.#view.setUint32(at + 44, this.#pointers(children), true);
    return at;
  }

  #pointers(addresses: readonly number[]): number {
    return this.put(new Uint8Array(Uint32Array.from(addresses).buffer));
  }

  #take(size: number): number {
    const at = this.#next;
    this.#next += Math.ceil(size / 8) * 8;
    return at;
  }
}

it('leaves nothing in its memory that the columns do not say', () => {
  const memory = new ForeignMemory();
  const int = memory.array(1, [0, memory.put(Uint8Array.of(1, 2, 3, 4))]);
  // Arrow lets an array without items have no buffers at all, and still it has one offset.
  const text = memory.array(0, [0, 0, 0]);
  const root = memory.array(1, [0], [int, text]);
  const schema = memory.schema('+s', [memory.schema('i'), memory.schema('u')]);
  const stream = { schemaAddr: () => schema, arrayAddr: () => root } as unknown as FFIStream;

  const copied = copyColumns(stream, memory.bytes);

  const bytesOf = (region: BodyRegion | undefined): number[] =>
    Array.from(
      copied?.body.subarray(region?.start, (region?.start ?? 0) + (region?.length ?? 0)) ?? [],
    );
  const [ints, texts] = copied?.columns ?? [];
  expect(bytesOf(ints?.values)).toEqual([1, 2, 3, 4]);
  expect(bytesOf(texts?.offsets)).toEqual([0, 0, 0, 0]);
  expect(copied?.body).toEqual(Uint8Array.of(1, 2, 3, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0));
});
