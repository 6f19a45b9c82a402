/**
 * The pages of a column chunk, each held against its header, its CRC and what the footer says of the chunk, before
 * anything is decoded: parquet-wasm trusts them, and answers a lie with other rows or with all the memory there is.
 */
import { crc32 } from '#page-bytes';
import { type PageHeader, PageHeaderError, readPageHeader } from './page-header.js';
import { areLevels } from './page-levels.js';
import { zstdBound } from './zstd-bound.js';

/** A page of more is refused: writers aim at 1 MiB, or put a whole chunk into one. */
export const MAX_PAGE_BYTES: number = 512 * 1024 * 1024;

/** Pages of a chunk; at 1 MiB each they would be beyond any row group. */
export const MAX_PAGES = 100_000;

/** Where some of a chunk's bytes came from. */
export interface ChunkPiece {
  /** Where the piece begins in the bytes at hand. */
  readonly start: number;
  /** Where it begins in the file it was read from. */
  readonly position: number;
}

/** A chunk, or the dictionary and some pages of one, and what the footer says of it. Crosses threads. */
export interface ChunkSpan {
  /** First byte in the bytes at hand, and the byte after the last. */
  readonly start: number;
  readonly end: number;
  /** At least one, ascending. */
  readonly pieces: readonly ChunkPiece[];
  /** The column's path with dots, for errors. */
  readonly column: string;
  readonly codec: string;
  /** Values and nulls of all data pages. */
  readonly numValues: number;
  /** Bytes of the pages when they are decompressed, by the footer. */
  readonly uncompressedBytes: number;
  readonly numRows: number;
  readonly maxDefinitionLevel: number;
  readonly maxRepetitionLevel: number;
  /** Encodings that occur in the chunk, and how many data pages have each where the footer says so. */
  readonly encodings: readonly number[];
  readonly pageCounts: readonly PageCount[] | undefined;
}

export interface PageCount {
  readonly encoding: number;
  readonly pages: number;
}

export interface PageSpan {
  /** Where its header begins in the bytes at hand. */
  readonly start: number;
  readonly bodyStart: number;
  readonly end: number;
  readonly header: PageHeader;
}

/** What is wrong with a chunk's pages, in words; crosses threads. */
export interface PageFault {
  readonly kind: 'corrupt' | 'unsupported' | 'limit';
  readonly problem: string;
  readonly column: string;
  /** Where the page begins in its file. */
  readonly position: number;
  /** Of a limit that was met. */
  readonly value?: number;
}

/** Carries a {@link PageFault} to where it becomes a value. */
export class PageFaultError extends Error {
  readonly fault: PageFault;
  constructor(fault: PageFault) {
    super(fault.problem);
    this.fault = fault;
  }
}

/**
 * Every page of the chunk, in order.
 * @throws PageFaultError when a page or the chunk is not what it says
 */
export function walkPages(bytes: Uint8Array, chunk: ChunkSpan): PageSpan[] {
  const pages: PageSpan[] = [];
  let offset = chunk.start;
  let expanded = 0;
  while (offset < chunk.end) {
    const page = nextPage(bytes, chunk, offset);
    checkPage(page, pages, chunk);
    checkSizes(page, bytes, chunk);
    checkCrc(page, bytes, chunk);
    checkSecondLevels(page, bytes, chunk);
    pages.push(page);
    expanded += page.header.uncompressedBytes;
    if (expanded > chunk.uncompressedBytes * 2 + SIZE_SLACK) {
      failPage(chunk, page.start, 'its chunk holds more bytes than the footer says');
    }
    offset = page.end;
    if (pages.length > MAX_PAGES) failPage(chunk, page.start, 'its chunk has too many pages');
  }
  checkCounts(pages, chunk);
  return pages;
}

/** Bytes of a chunk, and where they lie in the file. */
export interface PageBytes {
  readonly position: number;
  readonly bytes: Uint8Array;
}

/**
 * Values and nulls of the data pages in these pieces, by their headers alone.
 * @throws PageFaultError when a header is damaged
 */
export function countValues(pieces: readonly PageBytes[], column: string): number {
  let values = 0;
  for (const { bytes, position } of pieces) {
    for (let offset = 0; offset < bytes.length; ) {
      const header = headerAt(bytes, offset, { column, position: position + offset });
      if (isData(header)) values += header.numValues;
      offset += header.headerBytes + header.compressedBytes;
    }
  }
  return values;
}

/** Values and nulls of these pages. */
function valuesOf(pages: readonly PageSpan[]): number {
  return pages.reduce((sum, { header }) => sum + (isData(header) ? header.numValues : 0), 0);
}

export function isData({ kind }: PageHeader): boolean {
  return kind === 'data' || kind === 'data v2';
}

function nextPage(bytes: Uint8Array, chunk: ChunkSpan, start: number): PageSpan {
  const { column } = chunk;
  const position = positionOf(chunk, start);
  const header = headerAt(bytes.subarray(0, chunk.end), start, { column, position });
  const bodyStart = start + header.headerBytes;
  const end = bodyStart + header.compressedBytes;
  if (end > chunk.end) failPage(chunk, start, 'it reaches beyond its chunk');
  return { start, bodyStart, end, header };
}

function headerAt(
  bytes: Uint8Array,
  start: number,
  place: Pick<PageFault, 'column' | 'position'>,
): PageHeader {
  try {
    return readPageHeader(bytes, start);
  } catch (error) {
    if (!(error instanceof PageHeaderError)) throw error;
    const problem = `its header is damaged: ${error.message}`;
    throw new PageFaultError({ kind: 'corrupt', problem, ...place });
  }
}

const PLAIN = 0;
const PLAIN_DICTIONARY = 2;
const RLE = 3;
const RLE_DICTIONARY = 8;
const LAST_ENCODING = 9;

function checkPage({ start, header }: PageSpan, before: readonly PageSpan[], chunk: ChunkSpan) {
  const { kind, encoding } = header;
  if (kind === 'dictionary') {
    if (before.length > 0) failPage(chunk, start, 'a dictionary is not the first page');
    if (header.numValues > 0 && header.uncompressedBytes === 0) {
      failPage(chunk, start, 'its dictionary has entries and no bytes');
    }
    if (encoding !== PLAIN && encoding !== PLAIN_DICTIONARY) {
      failPage(chunk, start, `its dictionary has encoding ${encoding}`);
    }
  }
  if (!isData(header) || encoding === undefined) return;
  if (encoding < 0 || encoding > LAST_ENCODING) {
    failUnsupported(chunk, start, `encoding ${encoding}`);
  }
  const { encodings } = chunk;
  if (encodings.length > 0 && !encodings.some((listed) => isSameEncoding(listed, encoding))) {
    failPage(chunk, start, `its encoding ${encoding} is not among those of its chunk`);
  }
  const isDictionaryCoded = isSameEncoding(encoding, RLE_DICTIONARY);
  if (isDictionaryCoded && before[0]?.header.kind !== 'dictionary') {
    failPage(chunk, start, 'it needs a dictionary, and its chunk has none');
  }
  if (kind === 'data') checkLevels(start, header, chunk);
}

/** Levels have been written as RLE for as long as there are second versions of anything. */
function checkLevels(start: number, header: PageHeader, chunk: ChunkSpan): void {
  const definition = chunk.maxDefinitionLevel > 0 ? header.definitionEncoding : RLE;
  const repetition = chunk.maxRepetitionLevel > 0 ? header.repetitionEncoding : RLE;
  if (definition !== RLE || repetition !== RLE) {
    failUnsupported(chunk, start, 'levels that are not run-length encoded');
  }
}

/** Those of a second-version page, which are not compressed. */
function checkSecondLevels(
  { start, bodyStart, header }: PageSpan,
  bytes: Uint8Array,
  chunk: ChunkSpan,
): void {
  if (header.kind !== 'data v2') return;
  const { maxDefinitionLevel, maxRepetitionLevel } = chunk;
  const { numValues, repetitionBytes, levelBytes } = header;
  const definitionStart = bodyStart + repetitionBytes;
  const repetition = bytes.subarray(bodyStart, definitionStart);
  const definition = bytes.subarray(definitionStart, bodyStart + levelBytes);
  const isWhole =
    areLevels({ bytes: repetition, numValues, maxLevel: maxRepetitionLevel }) &&
    areLevels({ bytes: definition, numValues, maxLevel: maxDefinitionLevel });
  if (!isWhole) failPage(chunk, start, 'its levels are not as many as its values');
}

/** Two names of one encoding: the older is written in first-version pages. */
function isSameEncoding(one: number, other: number): boolean {
  const newer = (encoding: number): number =>
    encoding === PLAIN_DICTIONARY ? RLE_DICTIONARY : encoding;
  return newer(one) === newer(other);
}

/** How many bytes one compressed byte can stand for, at most; zstd and brotli have no such bound. */
const MAX_EXPANSION: Readonly<Record<string, number>> = {
  UNCOMPRESSED: 1,
  SNAPPY: 32,
  LZ4: 256,
  LZ4_RAW: 256,
  GZIP: 1040,
};

/** Writers differ in what they count: headers, or what an empty page holds. */
const SIZE_SLACK = 1024;

/** zstd streams that could be this much larger than they say are not decompressed. */
const ZSTD_SLACK = 64;
const ZSTD_SMALL: number = 64 * 1024 * 1024;

function checkSizes(
  { start, bodyStart, end, header }: PageSpan,
  bytes: Uint8Array,
  chunk: ChunkSpan,
) {
  const { compressedBytes, uncompressedBytes, levelBytes } = header;
  if (uncompressedBytes > MAX_PAGE_BYTES) {
    throw new PageFaultError({
      kind: 'limit',
      problem: 'is too large',
      column: chunk.column,
      position: positionOf(chunk, start),
      value: uncompressedBytes,
    });
  }
  const { codec } = chunk;
  if (codec === 'UNCOMPRESSED' && compressedBytes !== uncompressedBytes) {
    failPage(chunk, start, 'its two sizes differ although it is not compressed');
  }
  const most = (compressedBytes - levelBytes) * (MAX_EXPANSION[codec] ?? Number.POSITIVE_INFINITY);
  if (uncompressedBytes - levelBytes > most + SIZE_SLACK) {
    failPage(chunk, start, `it says that it holds ${uncompressedBytes} bytes, more than it can`);
  }
  if (codec !== 'ZSTD' || !header.isCompressed || uncompressedBytes === levelBytes) return;
  const bound = zstdBound(bytes.subarray(bodyStart + levelBytes, end));
  if (bound === undefined) return;
  if (bound < uncompressedBytes - levelBytes) {
    failPage(chunk, start, `it says that it holds ${uncompressedBytes} bytes, more than it can`);
  }
  if (bound > Math.max(ZSTD_SMALL, uncompressedBytes * ZSTD_SLACK)) {
    failPage(
      chunk,
      start,
      `it says that it holds ${uncompressedBytes} bytes, and may expand to ${bound}`,
    );
  }
}

function checkCrc(
  { start, bodyStart, end, header }: PageSpan,
  bytes: Uint8Array,
  chunk: ChunkSpan,
) {
  const { crc } = header;
  if (crc === undefined || crc32(bytes.subarray(bodyStart, end)) === crc) return;
  failPage(chunk, start, 'its bytes do not have its CRC');
}

function checkCounts(pages: readonly PageSpan[], chunk: ChunkSpan): void {
  const values = valuesOf(pages);
  const expected = chunk.maxRepetitionLevel === 0 ? chunk.numRows : chunk.numValues;
  if (values !== expected) {
    failPage(chunk, chunk.start, `its chunk holds ${values} values instead of ${expected}`);
  }
  const second = pages.filter(({ header }) => header.kind === 'data v2');
  const rows = second.reduce((sum, { header }) => sum + (header.numRows ?? 0), 0);
  const data = pages.filter(({ header }) => isData(header));
  if (second.length === data.length && second.length > 0 && rows !== chunk.numRows) {
    failPage(chunk, chunk.start, `its chunk holds ${rows} rows instead of ${chunk.numRows}`);
  }
  for (const { encoding, pages: said } of chunk.pageCounts ?? []) {
    const found = data.filter(
      ({ header }) => header.encoding !== undefined && isSameEncoding(header.encoding, encoding),
    );
    if (found.length !== said) {
      failPage(chunk, chunk.start, `its chunk has other encodings than its footer says`);
    }
  }
}

function positionOf({ pieces }: ChunkSpan, offset: number): number {
  const piece = pieces.findLast(({ start }) => start <= offset) ?? pieces[0];
  return piece === undefined ? offset : piece.position + offset - piece.start;
}

/** @throws PageFaultError that says which page is damaged, and how */
export function failPage(chunk: ChunkSpan, offset: number, problem: string): never {
  const { column } = chunk;
  throw new PageFaultError({
    kind: 'corrupt',
    problem,
    column,
    position: positionOf(chunk, offset),
  });
}

function failUnsupported(chunk: ChunkSpan, offset: number, problem: string): never {
  const { column } = chunk;
  const position = positionOf(chunk, offset);
  throw new PageFaultError({ kind: 'unsupported', problem, column, position });
}
