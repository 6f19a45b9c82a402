/** What Varve makes of one Parquet file, as one text; and where the file's pages lie. */
import { decodeRowGroup } from '../../src/storage/parquet/decode.js';
import { parseFile, readFooter } from '../../src/storage/parquet/footer.js';
import { bytesSource } from '../../src/storage/parquet/source.js';
import { decodeThrift } from '../../src/storage/parquet/thrift-decode.js';
import { batchText } from './arrow-text.js';
import { FILE } from './bases.js';
import type { Region } from './mutate-bytes.js';
import type { Objects } from './overlay-store.js';

/** The columns and every row. */
export async function fileText(objects: Objects): Promise<string> {
  const source = bytesSource(objects.get(FILE) ?? new Uint8Array(), FILE);
  const footer = await readFooter(source);
  const lines: string[] = [];
  for (let group = 0; group < footer.rowGroups.length; group++) {
    const { columns, rows } = batchText(await decodeRowGroup(source, footer, group));
    if (lines.length === 0) lines.push(columns);
    lines.push(...rows);
  }
  return lines.join('\n');
}

/** One page of a file. */
export interface PagePlace {
  readonly header: Region;
  readonly body: Region;
  readonly hasCrc: boolean;
}

/** Fields of parquet.thrift's `PageHeader`. */
const COMPRESSED_SIZE = 3;
const CRC = 4;

/** Every page of an undamaged file, in the order of the chunks. */
export function pagesOf(file: Uint8Array): readonly PagePlace[] {
  const pages: PagePlace[] = [];
  for (const { chunks } of parseFile(file, FILE).rowGroups) {
    for (const { start, end } of chunks) {
      for (let at = start; at < end; ) {
        const { value, length } = decodeThrift(file.subarray(at, end), FILE);
        const bodyStart = at + length;
        const bodyEnd = bodyStart + Number(value.field(COMPRESSED_SIZE)?.value);
        pages.push({
          header: { start: at, end: bodyStart },
          body: { start: bodyStart, end: bodyEnd },
          hasCrc: value.field(CRC) !== undefined,
        });
        at = bodyEnd;
      }
    }
  }
  return pages;
}

/** Where the footer's Thrift lies. */
export function footerRegion(file: Uint8Array): Region {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const end = file.length - 8;
  return { start: end - view.getUint32(end, true), end };
}
