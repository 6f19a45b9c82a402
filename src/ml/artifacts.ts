/** Files of runs, kept in the lake. */
import { readdir, readFile, stat } from 'node:fs/promises';
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

async function localFiles(
  path: string,
): Promise<readonly { readonly path: string; readonly relative: string }[]> {
  const found = await stat(path).catch((cause: unknown) => {
    throw new NotFoundError({
      message: 'the local file cannot be read',
      kind: 'artifact',
      thing: path,
      cause,
    });
  });
  if (!found.isDirectory()) return [{ path, relative: '' }];
  const entries = await readdir(path, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
    .map((file) => ({
      path: file,
      relative: file.slice(join(path, '/').length).replaceAll('\\', '/'),
    }));
}
