/** Large blobs in blocks. */
import type { BlockBlobClient } from '@azure/storage-blob';
import { type Body, bodyParts } from '../object-store.js';
import { codeOf } from './azure-error.js';

/** A body above this is staged in blocks of at most this size. */
export const BLOCK_BYTES: number = 8 * 1024 * 1024;
/** Blocks on their way at once. */
const BLOCKS_AT_ONCE = 4;
/** Uploads of a blob that others write at the same time, each of which makes the service forget all blocks but its own. */
const MAX_UPLOADS = 5;

/** Where an upload goes. */
export interface BlockTarget {
  readonly blob: BlockBlobClient;
  /** For each upload another, so that two of one blob never share a block. */
  readonly newName: () => string;
}

/** Sends a request within its time, again where that helps. @param bytes - how many it carries */
export type Send = <T>(
  bytes: number,
  request: (abortSignal: AbortSignal) => Promise<T>,
) => Promise<T>;

/**
 * Replaces a blob whole. Where it fails no further block is begun, and it ends when none is on its way: the service has
 * no way to give back the blocks that it has, which are nobody's, and forgets them after a week or with the next write
 * of the blob. Where another write of the blob made it forget ours, they are sent again.
 */
export async function uploadInBlocks(
  { blob, newName }: BlockTarget,
  body: Body,
  send: Send,
): Promise<{ readonly etag?: string; readonly lastModified?: Date }> {
  const blocks = [...cut(body)];
  for (let uploads = 1; ; uploads++) {
    const name = newName();
    const ids = blocks.map((_block, at) => btoa(`${name}-${String(at).padStart(8, '0')}`));
    await stage(blob, { blocks, ids }, send);
    const committed = await send(0, async (abortSignal) => {
      try {
        return await blob.commitBlockList(ids, { abortSignal });
      } catch (error) {
        if (codeOf(error) === 'InvalidBlockList' && uploads < MAX_UPLOADS) return undefined;
        throw error;
      }
    });
    if (committed !== undefined) return committed;
  }
}

async function stage(
  blob: BlockBlobClient,
  { blocks, ids }: { readonly blocks: readonly Uint8Array[]; readonly ids: readonly string[] },
  send: Send,
): Promise<void> {
  const waiting = [...blocks.entries()];
  let hasFailed = false;
  const stageSome = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined && !hasFailed; next = waiting.shift()) {
      const [at, block] = next;
      try {
        await send(block.length, (abortSignal) =>
          blob.stageBlock(ids[at] ?? '', block, block.length, { abortSignal }),
        );
      } catch (error) {
        hasFailed = true;
        throw error;
      }
    }
  };
  const staging = await Promise.allSettled(Array.from({ length: BLOCKS_AT_ONCE }, stageSome));
  for (const end of staging) if (end.status === 'rejected') throw end.reason;
}

/** Pieces of at most a block. */
function* cut(body: Body): Generator<Uint8Array, void, undefined> {
  for (const part of bodyParts(body)) {
    for (let from = 0; from < part.length; from += BLOCK_BYTES) {
      yield part.subarray(from, from + BLOCK_BYTES);
    }
  }
}
