/**
 * The undamaged inputs: tables that Spark wrote and single Parquet files that pyarrow wrote, committed beside this file
 * (bases/make.py made them), and a table that our own writer makes here, the same bytes each time.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { DeltaTable } from '../../src/index.js';
import { LOG } from '../../src/log/log-path.js';
import { memoryStorage } from '../../src/storage/memory-store.js';
import type { StorageProvider } from '../../src/storage/object-store.js';
import { seededEntropy } from '../../src/testing/seeded.js';
import type { Base, Objects } from './overlay-store.js';
import { vectorBases } from './vector-answer.js';

/** The key of the file in the base of a single Parquet file. */
export const FILE = 'file.parquet';

const CHECKPOINT = /^_delta_log\/(?:_last_checkpoint$|_sidecars\/|\d{20}\.checkpoint\.)/u;
const CHECKSUM = /\.crc$/u;

/** The folder `test/fuzz/bases` below the package's root, in which every script runs. */
const FOLDER = 'test/fuzz/bases';

/** Every base by name: `own`, `classic`, `v2`, `v2-json`; each with `-log` and `-bare`; `pages/...`, `pages-crc/...`. */
export async function loadBases(): Promise<ReadonlyMap<string, Base>> {
  const bases = new Map<string, Base>();
  const put = (name: string, objects: Objects): void => {
    bases.set(name, { name, objects });
  };
  const tables: [string, Objects][] = [['own', await ownTable()]];
  for (const name of ['classic', 'v2', 'v2-json']) tables.push([name, folder(name)]);
  for (const [name, objects] of tables) {
    put(name, objects);
    // Read from its commits alone.
    put(
      `${name}-log`,
      only(objects, (key) => !CHECKPOINT.test(key) && !CHECKSUM.test(key)),
    );
    put(`${name}-bare`, withoutHistory(objects));
  }
  for (const name of ['pages', 'pages-crc']) {
    for (const [key, bytes] of folder(name)) {
      put(`${name}/${key.replace('.parquet', '')}`, new Map([[FILE, bytes]]));
    }
  }
  for (const { name, objects } of vectorBases()) put(name, objects);
  return bases;
}

function folder(name: string): Objects {
  const root = join(FOLDER, name);
  const objects = new Map<string, Uint8Array>();
  for (const entry of readdirSync(root, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    objects.set(relative(root, path).split(sep).join('/'), new Uint8Array(readFileSync(path)));
  }
  return objects;
}

function only(objects: Objects, wanted: (key: string) => boolean): Objects {
  return new Map([...objects].filter(([key]) => wanted(key)));
}

/** Without the commits and checksums up to the newest checkpoint: then nothing stands in for it when it is damaged. */
function withoutHistory(objects: Objects): Objects {
  const versions = [...objects.keys()].map((key) => /(\d{20})\.checkpoint\./u.exec(key)?.[1] ?? '');
  const newest = versions.reduce((max, version) => (version > max ? version : max), '');
  return only(objects, (key) => {
    const version = /^_delta_log\/(\d{20})\.(?:json|crc)$/u.exec(key)?.[1];
    return version === undefined || version > newest;
  });
}

const CLOCK = { now: () => Date.UTC(2026, 0, 1), sleep: () => Promise.resolve() };

async function ownTable(): Promise<Objects> {
  const storage: StorageProvider = {
    ...memoryStorage({ clock: CLOCK }),
    clock: CLOCK,
    entropy: seededEntropy(1),
  };
  const url = 'memory://fuzz/own';
  const table = await DeltaTable.create(url, {
    storage,
    schema: { id: 'long', s: 'string', d: 'decimal(10,2)', t: 'timestamp', p: 'string' },
    partitionBy: ['p'],
    properties: { 'delta.checkpointInterval': '3' },
  });
  for (let commit = 0; commit < 4; commit++) {
    const rows = Array.from({ length: 12 }, (_, row) => ({
      id: BigInt(commit * 12 + row),
      s: row % 4 === 3 ? null : `row ${row}`,
      d: `${row}.25`,
      t: new Date(1_700_000_000_000 + row * 1003),
      p: row % 2 === 0 ? 'even/0' : `odd ${commit}`,
    }));
    await table.append(rows, { idempotency: { appId: 'fuzz', sequence: commit } });
  }
  const store = storage.open(new URL(url));
  const objects = new Map<string, Uint8Array>();
  for await (const { key } of store.list('')) {
    const object = await store.get(key);
    if (object !== undefined) objects.set(key, object.bytes);
  }
  return objects;
}

/** The versions' commits, ascending. */
export function commitKeys({ objects }: Base): readonly string[] {
  return [...objects.keys()].filter((key) => COMMIT.test(key)).toSorted();
}

const COMMIT = new RegExp(`^${LOG}\\d{20}\\.json$`, 'u');
