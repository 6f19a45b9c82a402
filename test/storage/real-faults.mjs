/**
 * A process that meets a real limit of the system: `real-faults.mjs LIMIT FOLDER`. The table in FOLDER/table is there;
 * FOLDER/spare is for what must be loaded before the limit is met. Prints what came of it, as JSON.
 */
import { closeSync, openSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { DeltaTable, isVarveError } from 'varve';

const [limit, folder] = process.argv.slice(2);
const url = join(folder, 'table');
const descriptors = () => readdirSync('/proc/self/fd').length;

async function attempt(table, rows) {
  try {
    await table.append(rows);
    return 'ok';
  } catch (error) {
    return isVarveError(error) ? error.code : `untyped ${String(error)}`;
  }
}

/** Texts that no codec makes smaller. */
function large(bytes) {
  const letters = Array.from({ length: bytes }, () => String.fromCharCode(33 + Math.random() * 90));
  return [{ id: 1n, text: letters.join('') }];
}

const small = [{ id: 2n, text: 'small' }];
const spare = await DeltaTable.create(join(folder, 'spare'), {
  schema: { id: 'long', text: 'string' },
});
await spare.append(small);
const table = await DeltaTable.open(url);
await table.scan().toArray();
const before = descriptors();
let failed;
let next = 'not asked';
if (limit === 'descriptors') {
  const held = [];
  try {
    for (;;) held.push(openSync('/dev/null', 'r'));
  } catch (error) {
    if (error.code !== 'EMFILE') throw error;
  }
  failed = await attempt(table, small);
  for (const fd of held) closeSync(fd);
  next = await attempt(table, small);
} else if (limit === 'size') {
  failed = await attempt(table, large(300_000));
  next = await attempt(table, small);
} else {
  // The superuser may write anywhere.
  if (process.getuid() === 0) process.setuid(65_534);
  failed = await attempt(table, small);
  next = (await table.scan().count()) === 1 ? 'ok' : 'other rows';
}
console.log(JSON.stringify({ failed, next, opened: descriptors() - before }));
