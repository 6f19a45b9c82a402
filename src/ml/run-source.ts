/** Who runs what: the user, and the commit of the code, as far as the machine can tell. */
import { execFile } from 'node:child_process';
import { userInfo } from 'node:os';
import { promisify } from 'node:util';
import type { SourceVersion } from './run-record.js';

const run = promisify(execFile);
const GIT_TIMEOUT_MS = 10_000;

/** The git commit of the folder the process works in; undefined outside a git tree, or without git. */
export async function sourceVersion(): Promise<SourceVersion | undefined> {
  const git = async (...args: readonly string[]): Promise<string> =>
    (await run('git', [...args], { timeout: GIT_TIMEOUT_MS })).stdout.trim();
  try {
    const gitCommit = await git('rev-parse', 'HEAD');
    const changes = await git('status', '--porcelain');
    return { gitCommit, dirty: changes !== '' };
  } catch {
    // No git, no repository, or no commit in it: then there is nothing to record, which is no failure of the run.
    return undefined;
  }
}

/** The name of the user the process runs as. */
export function userName(): string | undefined {
  try {
    return userInfo().username;
  } catch {
    // A user without an entry in the system's list, as in some containers.
    return undefined;
  }
}
