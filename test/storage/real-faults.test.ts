import { spawnSync } from 'node:child_process';
import { chmodSync, closeSync, mkdirSync, openSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { DeltaTable } from '../../src/index.js';
import { diskFs, localStore } from '../../src/storage/local-store.js';
import { temporaryFolder } from '../support/temporary-folder.js';

const PROGRAM = fileURLToPath(new URL('real-faults.mjs', import.meta.url));
const folder = temporaryFolder();
const isLinux = process.platform === 'linux';

interface Answer {
  readonly failed: string;
  readonly next: string;
  readonly opened: number;
}

async function tableIn(name: string): Promise<string> {
  const place = join(folder, name);
  mkdirSync(place);
  const table = await DeltaTable.create(join(place, 'table'), {
    schema: { id: 'long', text: 'string' },
  });
  await table.append([{ id: 0n, text: 'first' }]);
  return place;
}

/** Runs the program in a shell that has set a limit for it. */
function under(shell: string, limit: string, place: string): Answer {
  const command = `${shell} exec "$0" "$1" "$2" "$3"`;
  const args = ['-c', command, process.execPath, PROGRAM, limit, place];
  const { status, stdout, stderr } = spawnSync('sh', args, { encoding: 'utf8' });
  expect(`${String(status)} ${stderr}`).toMatch(/^0 /u);
  return JSON.parse(stdout) as Answer;
}

/** Every file of the table, temporary ones among them. */
function filesOf(place: string): readonly string[] {
  const names = readdirSync(join(place, 'table'), { recursive: true, encoding: 'utf8' });
  return names.filter((name) => /\.[a-z]+$|tmp/u.test(name)).toSorted();
}

async function rowsOf(place: string): Promise<number> {
  return await (await DeltaTable.open(join(place, 'table'))).scan().count();
}

// Real limits of a real system, and no planted error: what the kernel says is what the store must understand.
describe.runIf(isLinux)('a local table, when the system refuses', () => {
  it('a descriptor (ulimit -n): fails by name, leaves nothing and goes on', async () => {
    const place = await tableIn('descriptors');
    const before = filesOf(place);
    const answer = under('ulimit -n 1024;', 'descriptors', place);
    expect(answer).toEqual({ failed: 'STORAGE_UNAVAILABLE', next: 'ok', opened: 0 });
    expect(filesOf(place)).toHaveLength(before.length + 2);
    expect(await rowsOf(place)).toBe(2);
  });

  it('a large file (ulimit -f): fails by name, leaves nothing and goes on', async () => {
    const place = await tableIn('size');
    const before = filesOf(place);
    const answer = under('trap "" XFSZ; ulimit -f 128;', 'size', place);
    expect(answer).toEqual({ failed: 'STORAGE_UNAVAILABLE', next: 'ok', opened: 0 });
    expect(filesOf(place)).toHaveLength(before.length + 2);
    expect(await rowsOf(place)).toBe(2);
  });

  it('a folder (read-only): fails by name, leaves nothing and is still read', async () => {
    const place = await tableIn('read-only');
    chmodSync(folder, 0o755);
    mkdirSync(join(place, 'spare'));
    const folders = [join(place, 'table'), join(place, 'table', '_delta_log')];
    for (const path of folders) chmodSync(path, 0o555);
    const before = filesOf(place);
    const answer = under('', 'read-only', place);
    for (const path of folders) chmodSync(path, 0o755);
    expect(answer).toEqual({ failed: 'ACCESS_DENIED', next: 'ok', opened: 0 });
    expect(filesOf(place)).toEqual(before);
  });

  it('room (/dev/full): fails by name, leaves nothing and goes on', async () => {
    const root = join(folder, 'full');
    const store = localStore(root);
    await store.put('a', new Uint8Array([1]));
    const device = openSync('/dev/full', 'w');
    try {
      const full = localStore(root, {
        fs: { ...diskFs, write: (_fd, bytes, position) => diskFs.write(device, bytes, position) },
      });
      const body = new Uint8Array(10_000);
      const refused = { code: 'STORAGE_UNAVAILABLE', cause: { code: 'ENOSPC' } };
      await expect(full.put('a', body)).rejects.toMatchObject(refused);
      await expect(full.putIfAbsent('b', body)).rejects.toMatchObject(refused);
      expect(readdirSync(root)).toEqual(['a']);
      expect((await full.get('a'))?.bytes).toEqual(new Uint8Array([1]));
      expect(await store.putIfAbsent('b', body)).toBe('created');
    } finally {
      closeSync(device);
    }
  });
});
