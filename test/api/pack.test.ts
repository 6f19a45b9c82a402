import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { expect, it } from 'vitest';
import { repositoryRoot } from '../support/oracle-folder.js';
import { listPacked, type Manifest, manifest } from './packed.js';

it('holds the build, the licence and what a reader needs, and nothing else', () => {
  const paths = listPacked().map((file) => file.path);
  expect(paths.filter((path) => !isMeant(path))).toEqual([]);
  expect(paths).toEqual(expect.arrayContaining(['README.md', 'CHANGELOG.md', 'LICENSE']));
});

it('holds every file that package.json leads to', () => {
  const paths = listPacked().map((file) => `./${file.path}`);
  expect(targetsOf(manifest()).filter((target) => !paths.includes(target))).toEqual([]);
});

it('can run its command', () => {
  const { bin } = manifest();
  const commands = listPacked().filter((file) => Object.values(bin).includes(`./${file.path}`));
  expect(commands.map((file) => file.mode & 0o111)).toEqual([0o111]);
});

it('gives publint nothing to say', async () => {
  const { messages, pkg } = await publint({ pkgDir: repositoryRoot, strict: true, pack: 'npm' });
  expect(messages.map((message) => formatMessage(message, pkg ?? {}))).toEqual([]);
});

it('exports a list, never a wildcard', () => {
  expect(Object.keys(manifest().exports)).toEqual([
    '.',
    './ml',
    './testing',
    './storage/azure',
    './storage/gcs',
    './storage/s3',
    './package.json',
  ]);
});

function isMeant(path: string): boolean {
  return (
    ['package.json', 'README.md', 'CHANGELOG.md', 'LICENSE'].includes(path) ||
    /^dist\/[\w./-]+(?<!\.test)(?<!\.test-d)\.(?:js|d\.ts)$/u.test(path)
  );
}

function targetsOf({ bin, imports, exports }: Manifest): readonly string[] {
  const conditions = [...Object.values(imports), ...Object.values(exports)];
  const targets = conditions.flatMap((target) =>
    typeof target === 'string' ? [target] : Object.values(target),
  );
  return [...Object.values(bin), ...targets];
}
