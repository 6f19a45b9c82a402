/** Files of runs, kept in the lake. */
import { readdir, readFile, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import {
  InvalidArgumentError,
  NotFoundError,
  type ObjectStore,
  type OpenOptions,
  openStore,
} from '../index.js';
import { checkText } from './check-text.js';
import { TRACKING } from './event.js';

/** The artifacts of one lake: objects `<run>/<path>` below `varve-tracking/artifacts`. */
export class ArtifactStore {
  readonly #store: ObjectStore;

  constructor(lakeUrl: string, options: OpenOptions) {
    this.#store = openStore(`${lakeUrl}/${TRACKING}/artifacts`, options);
  }

  /**
   * Stores bytes, a local file, or a local folder with everything in it.
   *
   * @param path - where, relative to the run's artifacts
   * @returns the paths that were stored
   * @throws NotFoundError when there is no such local file; InvalidArgumentError for content of another kind
   */
  async put(runId: string, path: string, content: Uint8Array | string): Promise<readonly string[]> {
    if (typeof content !== 'string') {
      if (!((content as unknown) instanceof Uint8Array)) throw noContent();
      await this.#store.put(`${runId}/${path}`, content);
      return [path];
    }
    const files = await localFiles(content);
    const stored: string[] = [];
    for (const file of files) {
      const target = file.relative === '' ? path : `${path}/${file.relative}`;
      await this.#store.put(`${runId}/${target}`, await readFile(file.path));
      stored.push(target);
    }
    return stored;
  }

  /** @throws NotFoundError when the run has no such artifact */
  async get(runId: string, path: string): Promise<Uint8Array> {
    checkArtifactPath(path);
    const object = await this.#store.get(`${runId}/${path}`);
    if (object !== undefined) return object.bytes;
    throw new NotFoundError({
      message: `run ${runId} has no artifact at this path`,
      kind: 'artifact',
      thing: path,
    });
  }
}

/** @throws InvalidArgumentError unless `path` is relative and stays below the run's folder */
export function checkArtifactPath(path: string): void {
  const segments = checkText(path, 'path').split('/');
  const plain = segments.every((segment) => segment !== '' && segment !== '.' && segment !== '..');
  if (plain && !path.includes('\\') && !path.includes('\0')) return;
  throw new InvalidArgumentError({
    message: `${JSON.stringify(path)} cannot be the path of an artifact`,
    option: 'path',
    expected: 'segments joined by `/`, none of them empty, `.` or `..`',
  });
}

function noContent(): InvalidArgumentError {
  return new InvalidArgumentError({
    message: 'the content of an artifact is of no kind that can be stored',
    option: 'content',
    expected: 'a Uint8Array, or the path of a local file or folder',
  });
}

interface LocalFile {
  readonly path: string;
  /** Below the folder that was given; empty for a file that was given itself. */
  readonly relative: string;
}

/** The file, or all files of the folder in the order of their names; links lead on, as where models are cached. */
async function localFiles(path: string): Promise<readonly LocalFile[]> {
  const found: LocalFile[] = [];
  await collect({ path, relative: '' }, [], found);
  return found;
}

async function collect(at: LocalFile, within: readonly string[], into: LocalFile[]): Promise<void> {
  const { path, relative } = at;
  const target = await realpath(path).catch((cause: unknown) => {
    throw notReadable(path, cause);
  });
  const found = await stat(target);
  if (!found.isDirectory()) {
    // A folder may hold sockets and pipes; what was named itself is read, whatever it is.
    if (found.isFile() || relative === '') into.push(at);
    return;
  }
  if (within.includes(target)) {
    throw new InvalidArgumentError({
      message: 'the folder of an artifact leads back into itself by a link',
      option: 'content',
      expected: `a folder without such a link as ${path}`,
    });
  }
  for (const name of (await readdir(target)).sort()) {
    const inside = {
      path: join(path, name),
      relative: relative === '' ? name : `${relative}/${name}`,
    };
    await collect(inside, [...within, target], into);
  }
}

function notReadable(path: string, cause: unknown): NotFoundError {
  return new NotFoundError({
    message: 'the local file cannot be read',
    kind: 'artifact',
    thing: path,
    cause,
  });
}
