/**
 * A writer in a process of its own: `worker.mjs TASK`, where TASK is the JSON of a WorkerTask (writer.ts). Each step is a
 * line of JSON before it begins and another when it has ended, so that nothing is in doubt but what was under way when
 * the process was killed.
 */
import { DeltaTable, eq, isVarveError } from 'varve';
import { storageOf } from './worker-storage.mjs';

/** How often an overwrite that lost to another is done again. */
const ATTEMPTS = 20;

const task = JSON.parse(process.argv[2]);
const table = await DeltaTable.open(task.url, { storage: await storageOf(task) });
for (let index = 0; index < task.count; index++) {
  const step = { op: `${task.name}.${index}`, kind: task.kind, part: task.part };
  say({ ...step, state: 'began' });
  say({ ...step, ...(await perform(step)) });
}

async function perform({ op, kind, part }) {
  const rows = [{ op, part, slot: 0 }];
  try {
    const commit =
      kind === 'append'
        ? await table.append(rows)
        : await table.overwrite(rows, { where: eq('part', part), attempts: ATTEMPTS });
    return { state: 'committed', version: commit.version };
  } catch (error) {
    if (isVarveError(error, 'COMMIT_STATE_UNKNOWN')) {
      return { state: 'unknown', resolved: await resolved(error.attempt) };
    }
    if (!isVarveError(error)) throw error;
    return { state: 'failed', code: error.code, message: error.message };
  }
}

async function resolved(attempt) {
  try {
    return (await table.resolveCommit(attempt)).outcome;
  } catch (error) {
    if (isVarveError(error, 'STORAGE_UNAVAILABLE')) return 'unknown';
    throw error;
  }
}

/** Written before the next line is run: a pipe takes it at once. */
function say(line) {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}
