/**
 * The main job on real data: a versioned table, written by several processes, read at any version, and the version
 * that fed a training run pinned and given back row for row. Run it with `npm run quickstart`.
 */
import { spawn } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { DeltaTable, eq } from 'varve';
import { hashSplit, Tracker } from 'varve/ml';
import { canonicalDigest } from './canonical.mjs';
import { loadPenguins, penguins } from './penguins.mjs';

const LAKE = './varve-quickstart';
const say = (text) => console.log(text);
const step = (title) => say(`\n== ${title}`);

await rm(LAKE, { recursive: true, force: true });
const rows = await loadPenguins();

step('create a table, and append to it in three commits');
const table = await DeltaTable.create(`${LAKE}/penguins`, {
  schema: penguins,
  partitionBy: ['island'],
});
for (const [from, to] of [[0, 100], [100, 200], [200, 300]]) {
  const commit = await table.append(rows.slice(from, to));
  say(`version ${commit.version}: ${commit.metrics.rowsAdded} rows in ${commit.metrics.filesAdded} files`);
}

step('overwrite one partition: the penguins of Torgersen were weighed again');
const reweighed = rows
  .filter((row) => row.island === 'Torgersen')
  .map((row) => ({ ...row, body_mass_g: row.body_mass_g === null ? null : row.body_mass_g + 25 }));
const overwritten = await table.overwrite(reweighed, { where: eq('island', 'Torgersen') });
say(`version ${overwritten.version}: ${overwritten.metrics.rowsRemoved} rows replaced`);

step('travel in time: penguin 1 in each version');
for (let version = 0; version <= overwritten.version; version++) {
  const past = await table.snapshot({ version });
  const [penguin] = await past.scan({ where: eq('id', 1), select: ['species', 'body_mass_g'] }).toArray();
  const shown = penguin === undefined ? 'not there yet' : `${penguin.species}, ${penguin.body_mass_g} g`;
  say(`version ${version}: ${await past.scan().count()} rows; penguin 1: ${shown}`);
}

step('two processes commit at the same time, five commits each');
const late = rows.slice(300);
const half = Math.ceil(late.length / 2);
await Promise.all([writer(300, 300 + half), writer(300 + half, rows.length)]);
say(`${(await table.history()).length} versions, no commit lost and none twice`);

step('train a model on version 3, and record what it saw');
const tracker = await Tracker.open(LAKE);
const parts = hashSplit({ key: ['id'], parts: { train: 0.8, test: 0.2 } });
const trained = await tracker.withRun({ experiment: 'penguins', name: 'mass-by-flipper' }, async (run) => {
  const select = ['flipper_length_mm', 'body_mass_g'];
  const train = await run.use(table, { name: 'train', version: 3, select, split: parts.train });
  const test = await run.use(table, { name: 'test', version: 3, select, split: parts.test });
  const model = fitLine(await train.scan().toArray());
  const r2 = score(model, await test.scan().toArray());
  await run.logParams({ model: 'least squares', slope: model.slope, intercept: model.intercept });
  await run.logMetrics({ r2 });
  say(`run ${run.id}: body mass = ${model.slope.toFixed(1)} g/mm x flipper ${model.intercept.toFixed(0)} g, r2 ${r2.toFixed(3)} on the test rows`);
  return { runId: run.id, digest: train.digest, rows: await train.scan().toArray() };
});
say(`pins: ${(await table.pins.list()).map((pin) => `${pin.name} -> version ${pin.version}`).join(', ')}`);

step('the table goes on changing');
await table.overwrite([], { where: eq('species', 'Chinstrap') });
await table.append(rows.filter((row) => row.species === 'Chinstrap'));
say(`now at version ${(await table.snapshot()).version}`);

step('reproduce: the same rows, in the same order, next year too');
const { inputs } = await tracker.reproduce(trained.runId);
const again = inputs.get('train');
const same = JSON.stringify(await again.scan().toArray(), replacer) === JSON.stringify(trained.rows, replacer);
if (!same || again.digest !== trained.digest) throw new Error('the run could not be reproduced');
say(`${trained.rows.length} training rows, equal one by one`);

step('follow the changes of a table, and keep a copy in step');
const properties = { 'delta.enableChangeDataFeed': 'true' };
const weights = await DeltaTable.create(`${LAKE}/weights`, {
  schema: { id: 'long not null', grams: 'long' },
  properties,
});
await weights.append([{ id: 1, grams: 3750 }, { id: 2, grams: 3800 }]);
await weights.overwrite([{ id: 1, grams: 3775 }]);
const copy = new Map();
for await (const { version, rows: changes } of weights.changes({ from: 0 })) {
  for await (const { type, row } of changes()) {
    if (type === 'insert' || type === 'update_postimage') copy.set(row.id, row.grams);
    else copy.delete(row.id);
  }
  say(`version ${version}: ${[...copy].map(([id, grams]) => `penguin ${id} ${grams} g`).join(', ') || 'nothing yet'}`);
}

step('the history of the table');
for (const entry of (await table.history()).toReversed()) {
  const { operation, operationParameters: asked, operationMetrics: did } = entry;
  const bar = '▒'.repeat(Math.ceil(Number(did.numOutputRows ?? 0) / 6));
  const pinned = (await table.pins.list()).some((pin) => pin.version === entry.version) ? ' ← pinned' : '';
  say(`${String(entry.version).padStart(3)} ${`${operation} ${asked.mode ?? ''}`.padEnd(16)} ${bar}${pinned}`);
}

const latest = await table.snapshot();
const content = await latest.scan().toArray();
step('next: npx varve show ./varve-quickstart/penguins, npx varve history ..., README.md');
say(`table: ${LAKE}/penguins`);
say(`version: ${latest.version}`);
say(`rows: ${content.length}`);
say(`sha256: ${canonicalDigest(latest.schema, content)}`);
say(`input: ${again.digest}`);

/** A second process that appends its rows in five commits. */
function writer(from, to) {
  const script = fileURLToPath(new URL('./quickstart-writer.mjs', import.meta.url));
  const child = spawn(process.execPath, [script, `${LAKE}/penguins`, String(from), String(to)], {
    stdio: 'inherit',
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (code) =>
      code === 0 ? resolve() : reject(new Error(`a writer ended with status ${code}`)),
    );
  });
}

function complete(samples) {
  return samples
    .filter((row) => row.flipper_length_mm !== null && row.body_mass_g !== null)
    .map((row) => [Number(row.flipper_length_mm), Number(row.body_mass_g)]);
}

function mean(values) {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Least squares with one variable. */
function fitLine(samples) {
  const points = complete(samples);
  const meanX = mean(points.map(([x]) => x));
  const meanY = mean(points.map(([, y]) => y));
  const covariance = mean(points.map(([x, y]) => (x - meanX) * (y - meanY)));
  const variance = mean(points.map(([x]) => (x - meanX) ** 2));
  const slope = covariance / variance;
  return { slope, intercept: meanY - slope * meanX };
}

/** The share of the variance that the line explains. */
function score({ slope, intercept }, samples) {
  const points = complete(samples);
  const meanY = mean(points.map(([, y]) => y));
  const left = mean(points.map(([x, y]) => (y - intercept - slope * x) ** 2));
  return 1 - left / mean(points.map(([, y]) => (y - meanY) ** 2));
}

function replacer(_key, value) {
  return typeof value === 'bigint' ? String(value) : value;
}
