/** A user's project, compiled against the package as it is published: DESIGN.md decision 17. */
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { repositoryRoot } from '../support/oracle-folder.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { manifest, unpackInto } from './packed.js';

const project = temporaryFolder();
const installed = join(project, 'node_modules', 'varve');

/** Compilers that only this test needs; they live outside the project and are installed on first use. */
const OLDER_COMPILERS = { ts54: 'typescript@5.4.5', ts59: 'typescript@5.9.3' } as const;

const COMPILERS: readonly (readonly [name: string, path: () => string])[] = [
  ['TypeScript 5.4', () => olderCompiler('ts54')],
  ['TypeScript 5.9', () => olderCompiler('ts59')],
  ['TypeScript 7', () => join(repositoryRoot, 'node_modules/typescript/bin/tsc')],
];

beforeAll(() => {
  unpackInto(installed);
  copyDependencies();
  const sources = join(repositoryRoot, 'test/api/consumer');
  cpSync(sources, project, { recursive: true });
  const options = {
    target: 'ES2022',
    lib: ['ES2022', 'DOM'],
    module: 'NodeNext',
    moduleResolution: 'NodeNext',
    strict: true,
    exactOptionalPropertyTypes: true,
    isolatedModules: true,
    skipLibCheck: false,
    types: [],
    noEmit: true,
  };
  const files = readdirSync(sources).filter((file) => file.endsWith('.ts'));
  writeFileSync(join(project, 'package.json'), '{ "type": "module" }');
  writeFileSync(
    join(project, 'tsconfig.json'),
    JSON.stringify({ compilerOptions: options, files }),
  );
});

describe('the published types', () => {
  it.each(COMPILERS)('compile in a project of %s', (_name, compiler) => {
    const { stdout, status } = spawnSync(process.execPath, [compiler(), '-p', project], {
      encoding: 'utf8',
    });
    expect({ stdout, status }).toEqual({ stdout: '', status: 0 });
  });

  it('import no package, nor anything of Node', () => {
    const reached = new Map<string, string>();
    for (const target of Object.values(manifest().exports)) {
      const entry = typeof target === 'object' ? target['types'] : undefined;
      if (entry !== undefined) follow(join(installed, entry), '', reached);
    }
    expect(reached.size).toBeGreaterThan(0);
    expect([...reached].filter(([name]) => !name.startsWith('/'))).toEqual([]);
  });
});

/** Notes every module that a declaration file leads to, with the chain of files that leads there. */
function follow(path: string, chain: string, reached: Map<string, string>): void {
  if (reached.has(path)) return;
  const here = `${chain} > ${relative(installed, path)}`;
  reached.set(path, here);
  const text = readFileSync(path, 'utf8').replace(/\/\*[\s\S]*?\*\//gu, '');
  for (const [, specifier = ''] of text.matchAll(/(?:from|import|import\()\s*['"]([^'"]+)['"]/gu)) {
    if (!specifier.startsWith('.')) reached.set(specifier, here);
    else follow(join(dirname(path), specifier.replace(/\.js$/u, '.d.ts')), here, reached);
  }
}

/** What npm would install with the package: the lock file's packages that are not for development. */
function copyDependencies(): void {
  const lock = JSON.parse(readFileSync(join(repositoryRoot, 'package-lock.json'), 'utf8')) as {
    readonly packages: Readonly<
      Record<
        string,
        { readonly dev?: boolean; readonly optional?: boolean; readonly devOptional?: boolean }
      >
    >;
  };
  for (const [path, { dev, devOptional }] of Object.entries(lock.packages)) {
    if (path === '' || dev === true || devOptional === true) continue;
    if (existsSync(join(project, path))) continue;
    cpSync(join(repositoryRoot, path), join(project, path), { recursive: true });
  }
}

function olderCompiler(name: keyof typeof OLDER_COMPILERS): string {
  const cache = join(
    process.env['VARVE_CACHE'] ?? join(homedir(), '.cache', 'varve'),
    'typescript',
  );
  const compiler = join(cache, 'node_modules', name, 'bin', 'tsc');
  if (!existsSync(compiler)) {
    mkdirSync(cache, { recursive: true });
    const wanted = Object.entries(OLDER_COMPILERS).map(([alias, spec]) => `${alias}@npm:${spec}`);
    execFileSync('npm', ['install', '--prefix', cache, '--no-audit', '--no-fund', ...wanted]);
  }
  return compiler;
}
