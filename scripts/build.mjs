/** `npm run build`: src/ to dist/, and the peer program to dist-test/. Installs first when that is due. */
import { chmodSync, existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ensureInstalled, inRoot, runNode, TSC } from './steps.mjs';

/** @returns whether everything was built; the compiler says what it found */
export function build() {
  if (!ensureInstalled() || runNode(TSC, ['-p', 'tsconfig.build.json']) !== 0) return false;
  dropStale(inRoot('dist'), inRoot('src'));
  const command = inRoot('dist/cli/main.js');
  if (existsSync(command)) chmodSync(command, 0o755);
  return runNode(TSC, ['-p', 'tsconfig.peer.json']) === 0;
}

/**
 * Removes outputs whose source is gone, so that dist/ holds what a fresh build would. Not by emptying it first:
 * programs may be running from it.
 */
function dropStale(outputs, sources) {
  for (const path of readdirSync(outputs, { recursive: true })) {
    const source = path.replace(/(\.d\.ts|\.js)(\.map)?$/u, '.ts');
    if (!existsSync(join(sources, source)))
      rmSync(join(outputs, path), { recursive: true, force: true });
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href && !build()) process.exit(1);
