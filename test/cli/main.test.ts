import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { DeltaTable } from '../../src/index.js';
import { temporaryFolder } from '../support/temporary-folder.js';

const MAIN = new URL('../../dist/cli/main.js', import.meta.url).pathname;
const folder = temporaryFolder();

async function text(stream: AsyncIterable<Buffer | string>): Promise<string> {
  let all = '';
  for await (const part of stream) all += String(part);
  return all;
}

describe('the command', () => {
  it('ends in silence when its reader has enough', async () => {
    const path = join(folder, 'many');
    const table = await DeltaTable.create(path, {
      schema: { id: 'long', note: 'string' },
      properties: { 'delta.enableChangeDataFeed': 'true' },
    });
    const note = 'x'.repeat(1000);
    await table.append(Array.from({ length: 2000 }, (_, id) => ({ id, note })));
    const child = spawn(process.execPath, [MAIN, 'changes', path, '--json'], { stdio: 'pipe' });
    const said = text(child.stderr);
    await once(child.stdout, 'data');
    child.stdout.destroy();
    const [status] = (await once(child, 'close')) as [number | null];
    expect([status, await said]).toEqual([0, '']);
  });

  it.skipIf(process.platform !== 'linux')('says that its output cannot be written', async () => {
    const full = openSync('/dev/full', 'w');
    const child = spawn(process.execPath, [MAIN, '--help'], { stdio: ['ignore', full, 'pipe'] });
    const said = child.stderr === null ? '' : await text(child.stderr);
    closeSync(full);
    expect(said).toMatch(/^varve: the output cannot be written: ENOSPC.*\n$/u);
    expect(child.exitCode ?? (await once(child, 'close'))[0]).toBe(1);
  });
});
