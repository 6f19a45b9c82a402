/**
 * What the parts of a row group need, read into the small files that are decoded. Where a store can, it reads straight
 * into them: a copy of each chunk would cost as much as reading it, and the buffers would set off garbage collections.
 */
import { InternalError } from '../../errors.js';
import type { ByteRange } from '../object-store.js';
import { pageError } from './decode-error.js';
import type { ParquetFooter, RowGroupInfo } from './footer-types.js';
import {
  emptyMiniFile,
  fillMiniFile,
  type MiniChunk,
  type MiniFile,
  miniChunk,
} from './mini-file.js';
import { PageFaultError } from './page-walk.js';
import type { PartPlan } from './part-plan.js';
import { beginRanges, type ParquetSource } from './source.js';

interface RowGroupReading {
  readonly footer: ParquetFooter;
  readonly group: RowGroupInfo;
  readonly signal: AbortSignal | undefined;
}

/**
 * Begins to read what the parts need.
 * @returns each, to be called once, at once, gives the file of a part as soon as its bytes are there: one is decoded
 *   while another is read
 */
export function readMiniFiles(
  source: ParquetSource,
  { footer, group, signal }: RowGroupReading,
  parts: readonly PartPlan[],
): (() => Promise<MiniFile>)[] {
  const files = parts.map((part) => new PartFile({ footer, group }, part));
  const wanted = files.flatMap(({ ranges }) => ranges);
  const roomFor = (request: ByteRange): Uint8Array | undefined => {
    const inside = wanted.filter((range) => overlap(range, request)).length;
    for (const file of files) {
      const room = file.roomFor(request, inside);
      if (room !== undefined) return room;
    }
    return undefined;
  };
  const bytes = beginRanges(source, wanted, { signal, roomFor });
  let next = 0;
  return files.map((file) => {
    const pieces = bytes.slice(next, next + file.ranges.length);
    next += pieces.length;
    return async () => file.build(await Promise.all(pieces));
  });
}

class PartFile {
  /** Everything that is read, in the order in which it lies in the small file. */
  readonly ranges: readonly ByteRange[];
  readonly #place: Pick<RowGroupReading, 'footer' | 'group'>;
  readonly #part: PartPlan;
  /** Made when something is read into it, else when all was read. */
  #mini: MiniFile | undefined;

  constructor(place: Pick<RowGroupReading, 'footer' | 'group'>, part: PartPlan) {
    this.#place = place;
    this.#part = part;
    this.ranges = part.chunks.flatMap(({ ranges }) => ranges);
  }

  /**
   * Where in the file a request belongs, when it holds nothing else than what follows each other there.
   * @param inside - how many of all ranges that are wanted lie in the request
   */
  roomFor(request: ByteRange, inside: number): Uint8Array | undefined {
    const first = this.ranges.findIndex((range) => overlap(range, request));
    const run = this.ranges.slice(first, first + inside);
    let { start } = request;
    for (const range of run) {
      if (range.start !== start) return undefined;
      start = range.end;
    }
    if (first < 0 || run.length !== inside || start !== request.end) return undefined;
    this.#mini ??= this.#empty();
    const place = this.#mini?.chunks.flatMap(({ pieces }) => pieces)[first]?.start;
    return place === undefined
      ? undefined
      : this.#mini?.file.subarray(place, place + request.end - request.start);
  }

  /** @param bytes - of each range */
  build(bytes: readonly Uint8Array[]): MiniFile {
    const mini = this.#mini ?? this.#empty(bytes);
    if (mini === undefined) throw new InternalError({ message: 'values were not counted' });
    fillMiniFile(mini, bytes);
    return mini;
  }

  /** Undefined when the bytes are needed to know what it holds. */
  #empty(bytes?: readonly Uint8Array[]): MiniFile | undefined {
    const { numRows, leaves } = this.#part;
    const { footer } = this.#place;
    const chunks = this.#chunks(bytes);
    return chunks && emptyMiniFile({ footer, numRows, leaves, chunks });
  }

  #chunks(bytes: readonly Uint8Array[] | undefined): readonly MiniChunk[] | undefined {
    const { chunks, numRows } = this.#part;
    let next = 0;
    const minis = chunks.map((plan) => {
      const pieces =
        bytes &&
        plan.ranges.map(({ start: position }) => {
          const piece = bytes[next++];
          if (piece === undefined) throw new InternalError({ message: 'a range was not read' });
          return { position, bytes: piece };
        });
      try {
        return miniChunk(this.#place, plan, { numRows, ...(pieces && { pieces }) });
      } catch (error) {
        if (error instanceof PageFaultError) throw pageError(error.fault, this.#place.footer.key);
        throw error;
      }
    });
    const known = minis.filter((mini) => mini !== undefined);
    return known.length === minis.length ? known : undefined;
  }
}

function overlap(a: ByteRange, b: ByteRange): boolean {
  return a.start < b.end && b.start < a.end;
}
