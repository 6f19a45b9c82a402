/** Every checkpoint of the corpora says the same as the commits below it: what other engines wrote, twice. */
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { systemClock } from '../../src/clock.js';
import { isVarveError } from '../../src/errors.js';
import { LOG, parseLogName } from '../../src/log/log-path.js';
import { loadSnapshot } from '../../src/log/snapshot.js';
import type { LogContext, Snapshot } from '../../src/log/table-snapshot.js';
import { fileUrl, localStore } from '../../src/storage/local-store.js';
import type { ObjectStore } from '../../src/storage/object-store.js';
import { type Corpus, corpusFolder, describeWithOracles } from '../support/oracles.js';
import { stateOf } from './log-state.js';

/** Their own README says that what their checkpoint or log says is wrong. */
const DAMAGED = new Set([
  'damaged_checkpoint',
  'deltalog-state-reconstruction-from-checkpoint-missing-metadata',
  'no_replay',
]);

/** Tables whose checkpoint leaves out the statistics, in either form. */
const WITHOUT_STATS = new Set(['dat/no_stats', 'dat/stats_as_struct']);

interface Checkpointed {
  readonly id: string;
  readonly root: string;
  readonly version: number;
}

describeWithOracles('checkpoints of the corpora', ['corpora'], () => {
  const all = (['dat', 'golden', 'spark'] as const).flatMap(checkpointsOf);

  it('are many, of every kind', () => {
    expect(all.length).toBeGreaterThanOrEqual(20);
  });

  it.each(all)('$id at $version says what the commits say', async ({ id, root, version }) => {
    const fromCommits = await load(root, version, (key) => !key.includes('checkpoint'));
    const fromCheckpoint = await load(root, version, (key) => !isCommit(key, version - 1));
    if (typeof fromCheckpoint === 'string') {
      expect([fromCheckpoint, fromCommits]).toEqual(['UNSUPPORTED_FEATURE', 'UNSUPPORTED_FEATURE']);
      return;
    }
    expect(fromCheckpoint.checkpointVersion).toBe(version);
    // The commits below may have been cleaned up.
    if (typeof fromCommits === 'string') return;
    expect(fromCommits.checkpointVersion).toBeUndefined();
    const withStats = !WITHOUT_STATS.has(id);
    expect(stateOf(fromCheckpoint, withStats)).toEqual(stateOf(fromCommits, withStats));
  });
});

function checkpointsOf(corpus: Corpus): Checkpointed[] {
  const folder = corpusFolder(corpus);
  return readdirSync(folder)
    .filter((name) => !DAMAGED.has(name) && statSync(join(folder, name)).isDirectory())
    .flatMap((name) => {
      const root = join(folder, name, 'delta');
      const versions = new Set<number>();
      for (const file of filesOf(join(root, LOG))) {
        const named = parseLogName(file);
        if (named.kind.startsWith('checkpoint') && 'version' in named) versions.add(named.version);
      }
      return [...versions].map((version) => ({ id: `${corpus}/${name}`, root, version }));
    });
}

function filesOf(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function isCommit(key: string, upTo: number): boolean {
  const named = parseLogName(key.slice(LOG.length));
  return named.kind === 'commit' && named.version <= upTo;
}

async function load(
  root: string,
  version: number,
  shown: (key: string) => boolean,
): Promise<Snapshot | string> {
  const whole = localStore(root);
  const store: ObjectStore = {
    ...whole,
    get: async (key, options) => (shown(key) ? await whole.get(key, options) : undefined),
    head: async (key, options) => (shown(key) ? await whole.head(key, options) : undefined),
    list: async function* (prefix, options) {
      for await (const info of whole.list(prefix, options)) if (shown(info.key)) yield info;
    },
    putIfAbsent: () => Promise.reject(new TypeError('the corpora are not written')),
  };
  const log: LogContext = { store, url: fileUrl(root).href, clock: systemClock };
  try {
    return await loadSnapshot(log, { version });
  } catch (error) {
    if (isVarveError(error)) return error.code;
    throw error;
  }
}
