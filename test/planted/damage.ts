/** Logs that are damaged in one place: the same rows, or an error that says what is wrong; never other rows. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { isVarveError } from '../../src/errors.js';
import { DeltaTable } from '../../src/table/delta-table.js';
import { memoryStorage, seededNumbers } from '../../src/testing/index.js';

const BASES = ['classic', 'v2', 'v2-json'] as const;
const URL_TEXT = 'memory://lake/t';
type Objects = Map<string, Uint8Array>;

const bases = new Map<string, { readonly objects: Objects; readonly answer: string }>();

/** Damages one of the tables that Spark made; every rule that was broken. */
export async function damage(seed: number): Promise<readonly string[]> {
  const random = seededNumbers(seed * 7919);
  const pick = <T>(list: readonly T[]): T | undefined => list[Math.floor(random() * list.length)];
  const name = pick(BASES) ?? 'v2';
  const { objects, answer } = await baseOf(name);
  const damaged: Objects = new Map(objects);
  const what = (pick(DAMAGES) ?? gap)(damaged, pick, random);
  if (what === undefined) return [];
  const found = await answerOf(damaged);
  // A hint only saves time: with any hint at all the rows are the same.
  const mayFail = !what.startsWith('the hint');
  return found === answer || (mayFail && found.startsWith('error '))
    ? []
    : [`${name}, ${what}: ${found.slice(0, 200)} instead of ${answer.slice(0, 200)}`];
}

type Damage = (
  objects: Objects,
  pick: <T>(list: readonly T[]) => T | undefined,
  random: () => number,
) => string | undefined;

/** A commit that others follow is gone, and so are the checkpoints behind it. */
const gap: Damage = (objects, pick) => {
  const commits = keysOf(objects, /\/\d{20}\.json$/u);
  const key = pick(commits.slice(1, -1));
  if (key === undefined) return undefined;
  objects.delete(key);
  for (const other of keysOf(objects, /checkpoint/u)) {
    if (other > key) objects.delete(other);
  }
  return `${key} is gone`;
};

/** A line ends in the midst of it. */
const line: Damage = (objects, pick, random) => {
  const key = pick(keysOf(objects, /\/\d{20}\.json$/u));
  const bytes = objects.get(key ?? '');
  if (key === undefined || bytes === undefined) return undefined;
  const lines = new TextDecoder().decode(bytes).trimEnd().split('\n');
  const at = Math.floor(random() * lines.length);
  lines[at] = (lines[at] ?? '').slice(0, -1 - Math.floor(random() * 20));
  objects.set(key, new TextEncoder().encode(`${lines.join('\n')}\n`));
  for (const other of keysOf(objects, /checkpoint/u)) objects.delete(other);
  return `line ${at} of ${key} is cut`;
};

/** A sidecar is gone. */
const sidecar: Damage = (objects, pick) => {
  const key = pick(keysOf(objects, /\/_sidecars\//u));
  if (key === undefined) return undefined;
  objects.delete(key);
  return `${key} is gone`;
};

/** The hint names a version that has no checkpoint, or none that is whole. */
const hint: Damage = (objects, _pick, random) => {
  const version = Math.floor(random() * 9);
  const text = JSON.stringify({ version, size: 3 });
  objects.set('_delta_log/_last_checkpoint', new TextEncoder().encode(text));
  return `the hint names version ${version}`;
};

/** A bit of a deletion vector is another. */
const vector: Damage = (objects, pick, random) => {
  const key = pick(keysOf(objects, /deletion_vector/u));
  const bytes = objects.get(key ?? '')?.slice();
  if (key === undefined || bytes === undefined) return undefined;
  const at = 5 + Math.floor(random() * (bytes.length - 5));
  bytes[at] = (bytes[at] ?? 0) ^ (1 << Math.floor(random() * 8));
  objects.set(key, bytes);
  return `a bit of ${key} is another at ${at}`;
};

const DAMAGES: readonly Damage[] = [gap, line, sidecar, hint, vector];

function keysOf(objects: Objects, pattern: RegExp): readonly string[] {
  return [...objects.keys()].filter((key) => pattern.test(key)).toSorted();
}

async function baseOf(name: string) {
  const known = bases.get(name);
  if (known !== undefined) return known;
  const folder = join('test/fuzz/bases', name);
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  const objects: Objects = new Map();
  for (const file of files) {
    if (statSync(join(folder, file)).isFile()) {
      objects.set(file, new Uint8Array(readFileSync(join(folder, file))));
    }
  }
  const base = { objects, answer: await answerOf(objects) };
  if (base.answer.startsWith('error ')) throw new Error(`${name} cannot be read: ${base.answer}`);
  bases.set(name, base);
  return base;
}

async function answerOf(objects: Objects): Promise<string> {
  const lake = memoryStorage();
  const store = lake.open(new URL(URL_TEXT));
  for (const [key, bytes] of objects) await store.put(key, bytes);
  try {
    const table = await DeltaTable.open(URL_TEXT, { storage: lake });
    const rows = await table.scan().toArray();
    return rows
      .map((row) => JSON.stringify(row, plain))
      .toSorted()
      .join();
  } catch (error) {
    if (!isVarveError(error) || error.code === 'INTERNAL') return `untyped ${String(error)}`;
    return `error ${error.code}`;
  }
}

function plain(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : value;
}
