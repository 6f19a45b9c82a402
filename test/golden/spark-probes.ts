import { cpSync, existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type At, DeltaTable } from '../../src/index.js';
import { corpusFolder } from '../support/oracles.js';
import {
  type ExpectedError,
  expectRefusal,
  failure,
  type Outcome,
  type Probe,
  pass,
} from './outcome.js';
import { readChanges } from './table-changes.js';
import { compareFiles, readRows } from './table-rows.js';

interface CaseProbe {
  readonly id: string;
  readonly kind: 'read' | 'changes' | 'error';
  readonly kind_of?: 'read' | 'changes' | 'append';
  readonly version?: number;
  readonly timestampMs?: number;
  readonly where?: string;
  readonly columns?: readonly string[];
  readonly start?: number;
  readonly end?: number | null;
  readonly rows?: number;
  readonly sha256?: string;
  readonly file?: string;
  readonly expect?: string;
  readonly feature?: string;
}

interface Facts {
  readonly numFiles: number;
  readonly sizeInBytes: number;
  readonly minReaderVersion: number;
  readonly minWriterVersion: number;
  readonly tableFeatures: readonly string[];
  readonly partitionColumns: readonly string[];
  readonly properties: Readonly<Record<string, string>>;
  readonly tableId: string;
  readonly clusteringColumns: readonly string[];
  readonly version: number;
}

interface Case {
  readonly probes: readonly CaseProbe[];
  readonly facts?: Facts;
  readonly transactions?: Readonly<Record<string, number>>;
  readonly inCommitTimestamps?: readonly number[];
}

/** The README's meanings of errors in our codes. */
const CODES: Readonly<Record<string, string>> = {
  'version-not-found': 'NOT_FOUND',
  'timestamp-before-first': 'NOT_FOUND',
  'timestamp-after-last': 'NOT_FOUND',
  'change-feed-not-enabled': 'NOT_FOUND',
  'file-not-found': 'DATA_GONE',
  'log-corrupt': 'CORRUPT_DATA',
  'data-corrupt': 'CORRUPT_DATA',
  'unsupported-feature': 'UNSUPPORTED_FEATURE',
};

/** The tables that Spark wrote, with the questions and answers of their `case.json`. */
export function sparkProbes(scratch: string): Probe[] {
  const root = corpusFolder('spark');
  return readdirSync(root)
    .filter((name) => existsSync(join(root, name, 'case.json')))
    .flatMap((name) => {
      const folder = join(root, name);
      const said = JSON.parse(readFileSync(join(folder, 'case.json'), 'utf8')) as Case;
      const { probes, facts } = said;
      const asked = probes.map((probe) => ({
        id: `spark/${name}/${probe.id}`,
        run: () => answerOf(folder, probe, scratch),
      }));
      if (facts === undefined) return asked;
      return [
        ...asked,
        { id: `spark/${name}/facts`, run: () => compareFacts(folder, said, facts) },
      ];
    });
}

async function answerOf(folder: string, probe: CaseProbe, scratch: string): Promise<Outcome> {
  const kind = probe.kind === 'error' ? (probe.kind_of ?? 'read') : probe.kind;
  const table = join(folder, 'delta');
  if (probe.kind === 'error') {
    const run =
      kind === 'append'
        ? () => appendTo(table, scratch)
        : kind === 'changes'
          ? () => readChanges(table, rangeOf(probe))
          : () => readRows(table, { at: atOf(probe) });
    return await expectRefusal(run, expectedError(probe));
  }
  const out = join(scratch, 'ours.jsonl');
  const { columns, where } = probe;
  const read = await (kind === 'changes'
    ? readChanges(table, rangeOf(probe), out)
    : readRows(table, { at: atOf(probe), out, columns, where }));
  if (read.sha256 === probe.sha256 && read.rows === probe.rows)
    return await compareCount(table, probe);
  const difference = compareFiles(out, join(folder, probe.file ?? ''));
  return difference.status === 'fail' ? difference : failure(`sha256 ${read.sha256}`);
}

/** What the log says of the number of rows, where a probe read them all, must be right or nothing. */
async function compareCount(table: string, probe: CaseProbe): Promise<Outcome> {
  if (probe.kind !== 'read' || probe.where !== undefined) return pass;
  const { rowCount } = await (await DeltaTable.open(table)).snapshot(atOf(probe));
  if (rowCount === undefined || rowCount === probe.rows) return pass;
  return failure(`rowCount ${rowCount}, not ${probe.rows}`);
}

function expectedError({ id, expect = '', feature }: CaseProbe): ExpectedError {
  const code = CODES[expect];
  if (code === undefined) throw new TypeError(`${id}: no code for ${expect}`);
  return { code, ...(feature === undefined ? {} : { feature }) };
}

function rangeOf({ start = 0, end }: CaseProbe): { from: number; to?: number } {
  return typeof end === 'number' ? { from: start, to: end } : { from: start };
}

function atOf({ version, timestampMs }: CaseProbe): At {
  if (version !== undefined) return { version };
  return timestampMs === undefined ? {} : { timestamp: new Date(timestampMs) };
}

/** Tries to append a row of nulls to a copy. */
async function appendTo(table: string, scratch: string): Promise<void> {
  const copy = join(scratch, 'copy');
  rmSync(copy, { recursive: true, force: true });
  cpSync(table, copy, { recursive: true });
  await (await DeltaTable.open(copy)).append([{}] as never);
}

async function compareFacts(folder: string, said: Case, facts: Facts): Promise<Outcome> {
  const table = await DeltaTable.open(join(folder, 'delta'));
  const detail = await table.detail();
  const ours: Facts = {
    numFiles: detail.numFiles,
    sizeInBytes: detail.sizeBytes,
    minReaderVersion: detail.minReaderVersion,
    minWriterVersion: detail.minWriterVersion,
    tableFeatures: detail.features,
    partitionColumns: detail.partitionColumns,
    properties: Object.fromEntries(detail.properties) as Record<string, string>,
    tableId: detail.tableId,
    clusteringColumns: detail.clusteringColumns.map((path) => path.join('.')),
    version: detail.version,
  };
  const wrong = differing({ ...ours }, { ...facts });
  if (said.transactions !== undefined) {
    const { transactions } = await table.snapshot();
    // Beside those that the case names there is a streaming query's, whose id is made by chance.
    const named = Object.keys(said.transactions).map((id) => [id, transactions.get(id)]);
    wrong.push(...differing(Object.fromEntries(named), said.transactions));
  }
  if (said.inCommitTimestamps !== undefined) {
    const times = (await table.history()).map(({ timestamp }) => timestamp.getTime()).toReversed();
    wrong.push(...differing({ times }, { times: said.inCommitTimestamps }));
  }
  return wrong.length === 0 ? pass : failure(wrong.join('; '));
}

/** The facts of `ours` that are others than Spark's; properties in any order. */
function differing(
  ours: Readonly<Record<string, unknown>>,
  theirs: Readonly<Record<string, unknown>>,
): string[] {
  return Object.keys(theirs).flatMap((name) => {
    const [said, expected] = [ours[name], theirs[name]].map((fact) => JSON.stringify(sorted(fact)));
    return said === expected ? [] : [`${name} ${said}, not ${expected}`];
  });
}

function sorted(fact: unknown): unknown {
  if (typeof fact !== 'object' || fact === null || Array.isArray(fact)) return fact;
  return Object.entries(fact).toSorted(([a], [b]) => (a < b ? -1 : 1));
}
