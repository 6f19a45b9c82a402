/** A checkpoint holds every live file, and every removed one that may still be read; told by another reader. */
import { tableFromIPC } from 'apache-arrow';
import { readParquet } from 'parquet-wasm/esm';
import { prepareWasm } from '#parquet-host';
import { DeltaTable } from '../../src/table/delta-table.js';
import { eq } from '../../src/table/expression/builders.js';
import { memoryStorage, seededNumbers } from '../../src/testing/index.js';

const URL_TEXT = 'memory://lake/t';
const SCHEMA = { op: 'string', part: 'string' } as const;

interface FileAction {
  readonly add?: { readonly path: string } | null;
  readonly remove?: { readonly path: string } | null;
}

export async function checkpointContent(seed: number): Promise<readonly string[]> {
  const random = seededNumbers(seed);
  const lake = memoryStorage();
  const table = await DeltaTable.create(URL_TEXT, {
    schema: SCHEMA,
    partitionBy: ['part'],
    storage: lake,
  });
  for (let step = 0; step < 4; step++) {
    const part = random() < 0.5 ? 'p' : 'q';
    const rows = [{ op: String(step), part }];
    if (random() < 0.5) await table.append(rows);
    else await table.overwrite(rows, { where: eq('part', part) });
  }
  await table.checkpoint();
  const store = lake.open(new URL(URL_TEXT));
  const live = new Set<string>();
  const gone = new Set<string>();
  const objects = new Map<string, Uint8Array>();
  for await (const { key } of store.list('_delta_log/')) {
    const bytes = (await store.get(key))?.bytes ?? new Uint8Array();
    objects.set(key, bytes);
    if (!/\/\d{20}\.json$/u.test(key)) continue;
    for (const line of new TextDecoder().decode(bytes).trimEnd().split('\n')) {
      const { add, remove } = JSON.parse(line) as FileAction;
      if (add) live.add(add.path);
      if (remove && live.delete(remove.path)) gone.add(remove.path);
    }
  }
  const [key] = [...objects.keys()].filter((name) => name.endsWith('.checkpoint.parquet'));
  await prepareWasm();
  const file = tableFromIPC(
    readParquet(objects.get(key ?? '') ?? new Uint8Array()).intoIPCStream(),
  );
  const pathsOf = (column: 'add' | 'remove'): readonly string[] =>
    Array.from({ length: file.numRows }, (_, row) => {
      const action = file.getChild(column)?.get(row) as { readonly path: string } | null;
      return action === null ? [] : [action.path];
    }).flat();
  const adds = pathsOf('add');
  const removes = pathsOf('remove');
  return [...differ('live files', adds, live), ...differ('tombstones', removes, gone)];
}

function differ(what: string, found: readonly string[], wanted: ReadonlySet<string>) {
  const isSame = found.toSorted().join() === [...wanted].toSorted().join();
  return isSame ? [] : [`${what}: ${found.length} are in the checkpoint, and ${wanted.size} are`];
}
