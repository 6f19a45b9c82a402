/** What the scripts share: where things are, how a child is run, and an install that happens only when it is due. */
import { spawnSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The package's root folder. */
export const root = fileURLToPath(new URL('..', import.meta.url));

/** @param {string} path - relative to the package's root */
export const inRoot = (path) => join(root, path);

/**
 * Runs a program in the package's root with this process's streams.
 * @returns its exit status; a signal or a failed start is 1
 */
export function run(command, args, options = {}) {
  const done = spawnSync(command, args, { cwd: root, stdio: 'inherit', ...options });
  if (done.error !== undefined) console.error(`${command}: ${done.error.message}`);
  return done.status ?? 1;
}

/** Runs this Node on a script of the package or of its `node_modules`. */
export const runNode = (script, args = [], options = {}) =>
  run(process.execPath, [inRoot(script), ...args], options);

/**
 * Installs what package-lock.json lists when nothing is installed, or something older.
 * @returns whether it is there now
 */
export function ensureInstalled() {
  const installed = inRoot('node_modules/.package-lock.json');
  const wanted = statSync(inRoot('package-lock.json')).mtimeMs;
  if (existsSync(installed) && statSync(installed).mtimeMs >= wanted) return true;
  console.error('installing packages (npm ci)');
  // Standard output may be a protocol's, so npm's own words go to standard error.
  return run('npm', ['ci', '--no-audit', '--no-fund'], { stdio: ['ignore', 2, 2] }) === 0;
}

/** The compiler's start script. */
export const TSC = 'node_modules/typescript/bin/tsc';
