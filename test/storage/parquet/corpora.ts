/** The Parquet files of the corpora, for tests that want bytes of other writers. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { oracleFolder } from '../../support/oracle-folder.js';

export interface CorpusFile {
  readonly path: string;
  readonly bytes: Uint8Array;
}

const folder = join(oracleFolder, 'corpora');

/** Every Parquet file of the corpora that is a whole one. */
export function corpusFiles(): readonly CorpusFile[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.parquet'))
    .sort()
    .map((path) => ({ path, bytes: new Uint8Array(readFileSync(join(folder, path))) }))
    .filter(({ bytes }) => new TextDecoder('latin1').decode(bytes.subarray(-4)) === 'PAR1');
}

/** The Thrift bytes of a whole file's footer. */
export function footerBytes({ bytes }: CorpusFile): Uint8Array {
  const end = bytes.length - 8;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return bytes.subarray(end - view.getUint32(end, true), end);
}
