/** The Azure Storage emulator as a process: installed on first use, in memory, a container for each table. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { BlobServiceClient } from '@azure/storage-blob';
import { repositoryRoot } from './oracle-folder.js';

/** The emulator's own, publicly known account. */
const ACCOUNT = 'devstoreaccount1';
const KEY =
  'Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==';
const START_TRIES = 200;

/** An emulator that answers. */
export interface Azurite {
  /** With `port`, for a proxy in front of it. */
  connectionString(port?: number): string;
  readonly port: number;
  /** A new container. */
  container(): Promise<string>;
}

/** Files of a certificate and its key, for an emulator that takes tokens, which are sent over TLS only. */
export interface TlsFiles {
  readonly cert: string;
  readonly key: string;
}

/** An emulator that was started, and ends with this process at the latest. */
export interface RunningAzurite extends Azurite {
  close(): void;
}

/** @throws {Error} when it cannot be installed, or does not answer */
export async function startAzurite(tls?: TlsFiles): Promise<RunningAzurite> {
  const folder = azuriteFolder();
  if (folder === undefined) throw new Error('azurite cannot be installed: npm ci of test/azurite');
  const port = await freePort();
  const child = start(folder, port, tls);
  const scheme = tls === undefined ? 'http' : 'https';
  await answers(`${scheme}://127.0.0.1:${port}/`);
  const connectionString = (at = port): string =>
    `DefaultEndpointsProtocol=${scheme};AccountName=${ACCOUNT};AccountKey=${KEY};` +
    `BlobEndpoint=${scheme}://127.0.0.1:${at}/${ACCOUNT};`;
  let containers = 0;
  return {
    connectionString,
    port,
    container: async () => {
      const name = `test-${process.pid}-${containers++}`;
      const service = BlobServiceClient.fromConnectionString(connectionString());
      await service.createContainer(name);
      return name;
    },
    close: () => void child.kill('SIGKILL'),
  };
}

/** Where the emulator is installed; undefined when it cannot be. */
export function azuriteFolder(): string | undefined {
  const base = process.env['VARVE_CACHE'] ?? join(homedir(), '.cache', 'varve');
  const folder = join(base, 'azurite');
  const source = join(repositoryRoot, 'test/azurite');
  const lock = join(folder, 'package-lock.json');
  const isCurrent =
    existsSync(join(folder, 'node_modules/azurite/package.json')) &&
    existsSync(lock) &&
    readFileSync(lock, 'utf8') === readFileSync(join(source, 'package-lock.json'), 'utf8');
  if (isCurrent) return folder;
  mkdirSync(folder, { recursive: true });
  for (const file of ['package.json', 'package-lock.json']) {
    copyFileSync(join(source, file), join(folder, file));
  }
  const { status } = spawnSync('npm', ['ci', '--no-audit', '--no-fund', '--ignore-scripts'], {
    cwd: folder,
    stdio: 'ignore',
  });
  return status === 0 ? folder : undefined;
}

function start(folder: string, port: number, tls: TlsFiles | undefined): ChildProcess {
  const program = join(folder, 'node_modules/azurite/dist/src/blob/main.js');
  const options = ['--blobHost', '127.0.0.1', '--blobPort', String(port), '--inMemoryPersistence'];
  const quiet = ['--silent', '--skipApiVersionCheck', '--disableTelemetry'];
  const tokens =
    tls === undefined ? [] : ['--oauth', 'basic', '--cert', tls.cert, '--key', tls.key];
  const args = [program, ...options, ...quiet, ...tokens];
  const child = spawn(process.execPath, args, { stdio: 'ignore' });
  // A test run that ends in any way must not leave the emulator running.
  process.once('exit', () => child.kill('SIGKILL'));
  return child;
}

async function answers(url: string): Promise<void> {
  for (let tries = 0; tries < START_TRIES; tries++) {
    try {
      await fetch(url);
      return;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
  throw new Error(`azurite does not answer at ${url}`);
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address !== null ? address.port : 0;
}
