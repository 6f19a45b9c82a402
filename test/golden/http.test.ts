/** Every table of the corpora, read from a server that lists nothing and refuses what is not there. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { systemClock } from '../../src/clock.js';
import { isVarveError } from '../../src/errors.js';
import { loadSnapshot } from '../../src/log/snapshot.js';
import type { Snapshot } from '../../src/log/table-snapshot.js';
import { httpStore } from '../../src/storage/http-store.js';
import { fileUrl, localStore } from '../../src/storage/local-store.js';
import type { ObjectStore } from '../../src/storage/object-store.js';
import { type HttpFiles, serveFiles } from '../support/http-files.js';
import { corpusFolder, describeWithOracles } from '../support/oracles.js';
import { stateOf } from './log-state.js';

/** A log with a gap ends before it for whoever can only ask for the next version. */
const GAP = 'spark/damaged_gap';

describeWithOracles('the corpora over HTTP', ['corpora'], () => {
  const tables = (['dat', 'spark'] as const).flatMap((corpus) =>
    readdirSync(corpusFolder(corpus))
      .filter((name) => !name.endsWith('.md'))
      .map((name) => `${corpus}/${name}`),
  );
  const root = join(corpusFolder('spark'), '..');
  let server: HttpFiles;
  beforeAll(async () => {
    server = await serveFiles(localStore(root), { absent: 403 });
  });
  afterAll(async () => {
    await server.close();
  });

  it.each(tables)('%s is the same', async (id) => {
    const place = `${id}/delta`;
    const there = httpStore(new URL(`${server.url}/${place}`), systemClock);
    const here = localStore(join(root, place));
    const local = await load(here, fileUrl(join(root, place)).href);
    const remote = await load(there, `${server.url}/${place}`);
    if (id === GAP) {
      expect(local).toBe('CORRUPT_DATA');
      expect(remote).toMatchObject({ version: 1 });
      return;
    }
    if (typeof local === 'string' || typeof remote === 'string') {
      expect(remote).toEqual(local);
      return;
    }
    expect(remote.version).toBe(local.version);
    expect(stateOf(remote, true)).toEqual(stateOf(local, true));
  });
});

async function load(store: ObjectStore, url: string): Promise<Snapshot | string> {
  try {
    return await loadSnapshot({ store, url, clock: systemClock });
  } catch (error) {
    if (isVarveError(error)) return error.code;
    throw error;
  }
}
