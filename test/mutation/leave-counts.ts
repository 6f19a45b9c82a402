/** Set up before each test file: leaves behind which branches its tests took. */
import { randomUUID } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll } from 'vitest';

afterAll(() => {
  const taken = (globalThis as Record<string, unknown>)['__varveBranchesTaken'];
  if (!(taken instanceof Set)) return;
  const folder = join('.cache', 'mutation');
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, `${randomUUID()}.json`), JSON.stringify([...taken]));
});
