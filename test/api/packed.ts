/** The package as npm would publish it. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryRoot } from '../support/oracle-folder.js';

/** A file of the package, and its permission bits. */
export interface PackedFile {
  readonly path: string;
  readonly mode: number;
}

/** The parts of package.json that say what can be reached from outside. */
export interface Manifest {
  readonly bin: Readonly<Record<string, string>>;
  readonly imports: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly exports: Readonly<Record<string, string | Readonly<Record<string, string>>>>;
}

export function manifest(): Manifest {
  return JSON.parse(readFileSync(join(repositoryRoot, 'package.json'), 'utf8')) as Manifest;
}

/** What `npm pack` would put into the package. */
export function listPacked(): readonly PackedFile[] {
  const [packed] = JSON.parse(npmPack('--dry-run')) as [{ readonly files: PackedFile[] }];
  return packed.files;
}

/** Packs, and unpacks into `folder`, which then is what a user has in `node_modules/varve`. */
export function unpackInto(folder: string): void {
  mkdirSync(folder, { recursive: true });
  const [packed] = JSON.parse(npmPack('--pack-destination', folder)) as [
    { readonly filename: string },
  ];
  execFileSync('tar', [
    '-xzf',
    join(folder, packed.filename),
    '--strip-components=1',
    '-C',
    folder,
  ]);
}

function npmPack(...options: readonly string[]): string {
  return execFileSync('npm', ['pack', '--json', '--ignore-scripts', ...options], {
    cwd: repositoryRoot,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}
