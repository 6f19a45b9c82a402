import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DeltaTable } from '../../src/index.js';
import { corpusFolder } from '../support/oracles.js';
import { failure, type Outcome, type Probe, pass } from './outcome.js';
import { compareWithParquet } from './parquet-answer.js';

interface VersionFacts {
  readonly version: number;
  readonly properties: Readonly<Record<string, string>>;
  readonly min_reader_version: number;
  readonly min_writer_version: number;
}

/** The Delta Acceptance Tests: rows and facts of the latest and some earlier versions. */
export function datProbes(scratch: string): Probe[] {
  const root = corpusFolder('dat');
  return foldersIn(root).flatMap((name) => {
    const table = join(root, name, 'delta');
    return foldersIn(join(root, name, 'expected')).map((state) => ({
      id: `dat/${name}/${state}`,
      run: async () => {
        const folder = join(root, name, 'expected', state);
        const facts = JSON.parse(
          readFileSync(join(folder, 'table_version_metadata.json'), 'utf8'),
        ) as VersionFacts;
        const told = await compareFacts(
          table,
          state === 'latest' ? undefined : facts.version,
          facts,
        );
        if (told.status !== 'pass') return told;
        const answer = join(folder, 'table_content');
        return await compareWithParquet({ table, answer, at: { version: facts.version }, scratch });
      },
    }));
  });
}

async function compareFacts(
  table: string,
  version: number | undefined,
  facts: VersionFacts,
): Promise<Outcome> {
  const opened = await DeltaTable.open(table);
  const state = await (version === undefined ? opened.snapshot() : opened.snapshot({ version }));
  const ours: VersionFacts = {
    version: state.version,
    properties: Object.fromEntries(state.properties) as Record<string, string>,
    min_reader_version: state.protocol.minReaderVersion,
    min_writer_version: state.protocol.minWriterVersion,
  };
  const [said, expected] = [ours, facts].map((value) => JSON.stringify(sorted(value)));
  return said === expected ? pass : failure(`facts ${said}, expected ${expected}`);
}

function sorted({ properties, ...rest }: VersionFacts): unknown {
  const entries = Object.entries(properties).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return [rest.version, rest.min_reader_version, rest.min_writer_version, entries];
}

function foldersIn(path: string): string[] {
  return readdirSync(path, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name);
}
