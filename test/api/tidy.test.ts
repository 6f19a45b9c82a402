import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { repositoryRoot } from '../support/oracle-folder.js';
import { type Files, tidy } from './tidy-rules.js';

/** Files of ours that hold bytes, not words. */
const BINARY = /\.(?:png|jpe?g|parquet|arrow|wasm|gz|zst)$/u;

describe('the house', () => {
  it('keeps every rule', () => {
    const findings = tidy(committedFiles());
    expect(findings.map(({ rule, path, detail }) => `${rule}: ${path}: ${detail}`)).toEqual([]);
  });

  it('finds nothing in a house that keeps them', () => {
    expect(tidy(house({}))).toEqual([]);
  });
});

/** Put together here, because this file keeps the rules too. */
const UNFINISHED = ['TO', 'DO'].join('');
const MENDED = ['FIX', 'ME'].join('');
const ADDRESS = ['regis', 'try'].join('');

/** A fault for each row of the import table and each rule: its name, and the files that break it. */
const FAULTS: readonly (readonly [rule: string, files: Readonly<Record<string, string>>])[] = [
  ['imports of errors.ts', { 'src/errors.ts': `import { now } from './clock.js';` }],
  ['imports of clock.ts', { 'src/clock.ts': `import { VarveError } from './errors.js';` }],
  ['imports of version.ts', { 'src/version.ts': `import type { A } from './errors.js';` }],
  ['imports of storage', { 'src/storage/a.ts': `import { b } from '../log/b.js';` }],
  ['imports of storage', { 'src/storage/a.ts': `import { b } from '../version.js';` }],
  ['imports of log', { 'src/log/a.ts': `import type { Eq } from '../table/expression/ast.js';` }],
  ['imports of log', { 'src/log/a.ts': `import { r } from '../storage/retrying-store.js';` }],
  ['imports of log', { 'src/log/a.ts': `import { localStore } from '#local-store';` }],
  ['imports of table', { 'src/table/a.ts': `import { Tracker } from '../ml/index.js';` }],
  ['imports of table', { 'src/table/row/a.ts': `export const a = import('../../storage/x.js');` }],
  ['imports of table', { 'src/table/a.ts': `import { DeltaTable } from '../index.js';` }],
  ['imports of ml', { 'src/ml/a.ts': `import { DeltaTable } from '../table/delta-table.js';` }],
  ['imports of ml', { 'src/ml/a.ts': `import { VarveError } from '../errors.js';` }],
  ['imports of testing', { 'src/testing/a.ts': `import { b } from '../log/b.js';` }],
  ['imports of testing', { 'src/testing/a.ts': `import { b } from '../index.js';` }],
  ['imports of cli', { 'src/cli/a.ts': `export type A = import('../errors.js').VarveError;` }],
  ['imports of cli', { 'src/cli/a.ts': `import { b } from '../ml/b.js';` }],
  ['imports of index.ts', { 'src/index.ts': `export { Tracker } from './ml/index.js';` }],
  ['concrete store', { 'src/storage/a.ts': `import { localStore } from '#local-store';` }],
  ['concrete store', { 'src/storage/a.ts': `import { m } from './memory-store.js';` }],
  ['concrete store', { 'src/storage/a.ts': `import { m } from './azure/azure-store.js';` }],
  ['concrete store', { 'src/storage/a.ts': `import { m } from './s3/s3-store.js';` }],
  ['unknown folder', { 'src/extras/a.ts': '', 'src/extras/b.ts': '' }],
  ['unknown folder', { 'src/log/v2/a.ts': '', 'src/log/v2/b.ts': '' }],
  ['lonely folder', { 'src/storage/azure/index.ts': '' }],
  ['unknown root file', { 'src/globals.ts': '' }],
  ['long file', { 'src/log/a.ts': '\n'.repeat(501) }],
  ['file without a subject', { 'src/log/utils.ts': '' }],
  ['default export', { 'src/log/a.ts': 'export default 1;' }],
  ['default export', { 'src/log/a.ts': 'const a = 1; export { a as default };' }],
  ['barrel', { 'src/log/index.ts': '' }],
  ['barrel', { 'src/log/a.ts': `export { b } from './b.js';` }],
  ['barrel', { 'src/index.ts': `export * from './errors.js';` }],
  ['enum', { 'src/log/a.ts': 'export enum Codec { Zstd }' }],
  ['any', { 'src/log/a.ts': 'export const a = (b: any): void => b();' }],
  ['non-null assertion', { 'src/log/a.ts': 'export const a = [1][0]!;' }],
  ['bare error', { 'src/log/a.ts': `throw new Error('a');` }],
  ['bare error', { 'src/log/a.ts': `throw new RangeError('a');` }],
  ['ambient time', { 'src/log/a.ts': 'export const a = new Date();' }],
  ['ambient time', { 'src/log/a.ts': 'export const a = Date.now();' }],
  ['ambient time', { 'src/log/a.ts': 'export const a = Math.random();' }],
  ['ambient time', { 'src/log/a.ts': 'export const a = performance.now();' }],
  ['ambient time', { 'src/cli/a.ts': 'export const a = process.hrtime();' }],
  ['ambient time', { 'src/cli/a.ts': 'export const a = crypto.randomUUID();' }],
  ['ambient time', { 'src/log/a.ts': 'crypto.getRandomValues(new Uint8Array(1));' }],
  ['ambient time', { 'src/log/a.ts': 'setTimeout(() => undefined, 1);' }],
  ['console', { 'src/table/a.ts': 'console.log(1);' }],
  ['node in portable code', { 'src/storage/a.ts': `import { readFileSync } from 'node:fs';` }],
  ['node in portable code', { 'src/log/a.ts': 'export const a = Buffer.alloc(1);' }],
  ['node in portable code', { 'src/log/a.ts': 'export const a = process.env;' }],
  ['cloud client', { 'src/storage/a.ts': `import { BlobClient } from '@azure/storage-blob';` }],
  ['cloud client', { 'src/storage/a.ts': `import { S3Client } from '@aws-sdk/client-s3';` }],
  ['unfinished', { 'docs/a.md': `${UNFINISHED}: write this` }],
  ['unfinished', { 'src/log/a.ts': `// ${MENDED}: wrong` }],
  ['registry address', { 'docs/a.md': `from https://${ADDRESS}.example.org/` }],
  ['registry address', { '.npmrc': `${ADDRESS}=https://example.org/` }],
  ['registry address', { 'package-lock.json': '{ "resolved": "https://example.org/a.tgz" }' }],
];

describe('each rule finds its fault', () => {
  it.each(FAULTS)('%s: %j', (rule, files) => {
    expect(tidy(house(files)).map((finding) => finding.rule)).toEqual([rule]);
  });
});

/** What looks like a fault and is none. */
const HARMLESS: readonly Readonly<Record<string, string>>[] = [
  { 'src/clock.ts': 'export const now = (): number => Date.now() + performance.now();' },
  { 'src/log/a.ts': `// new Date(), console.log\nexport const a = 'Math.random() process.env';` },
  { 'src/log/a.ts': 'export const a = new Date(0);' },
  { 'src/cli/a.ts': `import { stdout } from 'node:process'; console.log(stdout, process.argv);` },
  { 'src/testing/a.ts': `import { MemoryStore } from '../storage/memory-store.js';` },
  { 'src/index.ts': `import { localStorage } from '#local-store';` },
  {
    'src/storage/azure/a.ts': `import { S } from './azure-store.js';`,
    'src/storage/azure/b.ts': '',
  },
  { 'src/table/a.ts': `import type { S } from '../storage/object-store.js';` },
  { 'docs/a.md': 'a model registry' },
];

describe('what is allowed', () => {
  it.each(HARMLESS)('%j', (files) => {
    expect(tidy(house(files))).toEqual([]);
  });
});

/** A small house without a fault, with `files` put in or over. */
function house(files: Readonly<Record<string, string>>): Files {
  const rooms = ['log', 'storage', 'table', 'table/row', 'ml', 'testing', 'cli'];
  const tenants = rooms.flatMap((room) => [
    [`src/${room}/first.ts`, 'export const first = 1;'] as const,
    [`src/${room}/second.ts`, `import { first } from './first.js';\nfirst;`] as const,
  ]);
  return new Map([...tenants, ...Object.entries(files)]);
}

function committedFiles(): Files {
  const listed = execFileSync(
    'git',
    ['ls-files', '-z', '--cached', '--others', '--exclude-standard'],
    {
      cwd: repositoryRoot,
      encoding: 'utf8',
    },
  );
  const paths = listed.split('\0').filter((path) => path !== '' && !BINARY.test(path));
  const present = paths.filter((path) => existsSync(join(repositoryRoot, path)));
  return new Map(present.map((path) => [path, readFileSync(join(repositoryRoot, path), 'utf8')]));
}
