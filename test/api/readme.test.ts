/** The README's samples, compiled and run as they stand there. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { repositoryRoot } from '../support/oracle-folder.js';
import { temporaryFolder } from '../support/temporary-folder.js';

/** What the samples take from the reader's own program. */
const GIVEN = `
  const rows = [
    { id: 1n, species: 'Adelie', island: 'Dream', body_mass_g: 3700n },
    { id: 2n, species: 'Gentoo', island: 'Biscoe', body_mass_g: 5000n },
    { id: 3n, species: null, island: 'Dream', body_mass_g: null },
  ];
  const fixed = rows.filter(({ island }) => island === 'Dream');
  const requests = rows;
  const stop = new AbortController();
  const { signal } = stop;
  async function* messages(first: number) {
    for (let offset = first; offset < 3; offset++) {
      yield { offset, rows: [{ id: BigInt(100 + offset), species: 'Chinstrap', island: 'Dream' }] };
    }
  }
  const copy = new Map<bigint, unknown>();
  const load = async (): Promise<number> => 0;
  const save = async (next: number): Promise<void> => {
    if (next > (await table.snapshot()).version) stop.abort();
  };
`;
/** What came of them. */
const REPORT = `
  const ids = (await table.scan().toArray()).map(({ id }) => Number(id)).sort((a, b) => a - b);
  console.log(JSON.stringify({
    ids,
    copied: [...copy.keys()].map(Number).sort((a, b) => a - b),
    counted: Number((copy.get(99n) as { body_mass_g: bigint }).body_mass_g),
    inputs: [...inputs.keys()],
    pins: (await table.pins.list()).map(({ name }) => name).filter((name) => name === 'paper-2026'),
  }));
`;

const readme = readFileSync(join(repositoryRoot, 'README.md'), 'utf8');
const samples = [...readme.matchAll(/^\x60\x60\x60ts\n(.*?)^\x60\x60\x60$/gmsu)].map(
  ([, code = '']) => code,
);
const isOfCloud = (code: string): boolean => code.includes("'varve/storage/");
const [first = '', ...others] = samples.filter((code) => !isOfCloud(code));
const clouds = samples.filter(isOfCloud);
const project = temporaryFolder();

beforeAll(() => {
  mkdirSync(join(project, 'node_modules'));
  symlinkSync(repositoryRoot, join(project, 'node_modules/varve'));
  for (const name of ['@aws-sdk', '@types', 'google-auth-library']) {
    symlinkSync(join(repositoryRoot, 'node_modules', name), join(project, 'node_modules', name));
  }
  // To follow changes ends with an abort.
  const rest = others.map(
    (code) => `try {\n${code}} catch (error) { if (!signal.aborted) throw error; }`,
  );
  writeFileSync(join(project, 'local.ts'), [GIVEN, first, ...rest, REPORT].join('\n'));
  const given = `import { DeltaTable } from 'varve';
    declare const credential: import('varve/storage/azure').TokenCredentialLike;\n`;
  for (const [at, code] of clouds.entries()) {
    writeFileSync(join(project, `cloud-${at}.ts`), given + code);
  }
  const compilerOptions = {
    target: 'ES2022',
    lib: ['ES2023', 'DOM', 'ESNext.Disposable'],
    module: 'NodeNext',
    strict: true,
    skipLibCheck: true,
    types: ['node'],
    noEmitOnError: true,
  };
  writeFileSync(join(project, 'package.json'), '{ "type": "module" }');
  writeFileSync(join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions }));
});

describe('the samples of the README', () => {
  it('are found', () => {
    expect(clouds).toHaveLength(3);
    expect(others).toHaveLength(3);
  });

  it('compile, and run on the local disk', () => {
    expect(run(join(repositoryRoot, 'node_modules/typescript/bin/tsc'), '-p', project)).toBe('');
    expect(JSON.parse(run(join(project, 'local.js')))).toEqual({
      // Version 3 with its rows of Dream replaced, the rows that came in a group, and then Dream replaced again.
      ids: [1, 2, 2, 2, 3, 99],
      copied: [1, 2, 3, 99],
      // Of Dream: two of version 3, two of the group, three of the stream.
      counted: 7,
      inputs: ['train'],
      pins: ['paper-2026'],
    });
  });
});

/** What a program of Node writes to the standard output; it must end well. */
function run(...args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(process.execPath, args, {
    cwd: project,
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`${args.join(' ')} ended with ${status}:\n${stdout}${stderr}`);
  return stdout;
}
