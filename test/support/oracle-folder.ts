import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The repository's root; the same from test/support, from dist-test/support and from .cache/tools. */
export const repositoryRoot: string = fileURLToPath(new URL('../../', import.meta.url));

/** Where corpora and peers are looked for: `$VARVE_ORACLES`, else `shared` beside the repository. */
export const oracleFolder: string =
  process.env['VARVE_ORACLES'] ?? join(repositoryRoot, '..', 'shared');

/** Other engines that answer JSON lines; `varve` is our own peer program, driven in the same way. */
export type Engine = 'delta-rs' | 'spark' | 'varve';

/** What a test can ask for. */
export type Oracle = 'corpora' | 'benchmark' | Engine;

/** Programs that `peers/setup.sh` cannot install by itself. */
const PROGRAMS: Readonly<Record<Engine, readonly string[]>> = {
  'delta-rs': ['bash', 'python3'],
  spark: ['bash', 'python3', 'java', 'mvn'],
  varve: [],
};

/** Why `oracle` cannot be used on this machine, or undefined when it can. */
export function missingOracle(oracle: Oracle): string | undefined {
  const path = locationOf(oracle);
  if (!existsSync(path)) return `${path} does not exist`;
  if (oracle === 'corpora' || oracle === 'benchmark') return undefined;
  const absent = PROGRAMS[oracle].filter((program) => !isOnPath(program));
  return absent.length === 0 ? undefined : `${absent.join(', ')} not installed`;
}

function locationOf(oracle: Oracle): string {
  switch (oracle) {
    case 'corpora':
      return join(oracleFolder, 'corpora');
    case 'benchmark':
      return join(oracleFolder, 'bench');
    case 'varve':
      return join(repositoryRoot, 'dist-test', 'peer', 'main.js');
    case 'delta-rs':
    case 'spark':
      return join(oracleFolder, 'peers', 'peer.sh');
  }
}

/** The program and arguments that start a peer. */
export function peerCommand(engine: Engine): readonly [string, ...string[]] {
  return engine === 'varve'
    ? [process.execPath, locationOf(engine)]
    : ['bash', locationOf(engine), engine];
}

function isOnPath(program: string): boolean {
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  return folders.some((folder) => existsSync(join(folder, program)));
}
