import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runCommand, USAGE } from '../../src/cli/run-command.js';
import { DeltaTable } from '../../src/index.js';
import { temporaryFolder } from '../support/temporary-folder.js';

async function run(...args: string[]): Promise<{ status: number; out: string[]; err: string[] }> {
  const out: string[] = [];
  const err: string[] = [];
  const status = await runCommand(args, {
    print: (text) => out.push(text),
    complain: (text) => err.push(text),
  });
  return { status, out, err };
}

describe('varve', () => {
  const folder = temporaryFolder();

  async function table(name: string): Promise<string> {
    const path = join(folder, name);
    const made = await DeltaTable.create(path, {
      schema: { id: 'long not null', city: 'string' },
      partitionBy: ['city'],
      name: 'places',
      description: 'where it was',
      properties: { 'delta.enableChangeDataFeed': 'true' },
    });
    await made.append([{ id: 1, city: 'Bonn' }], { idempotency: { appId: 'etl', sequence: 7 } });
    await made.overwrite([{ id: 2, city: 'Ulm' }]);
    return path;
  }

  it('show tells what a table is', async () => {
    const path = await table('show');
    const { status, out } = await run('show', path);
    expect(status).toBe(0);
    const facts = out[0]?.split('\n').map((line) => line.replaceAll(/ {2,}/gu, ' | ').trim());
    expect(facts).toEqual(
      expect.arrayContaining([
        'name | places',
        'description | where it was',
        expect.stringMatching(/^version \| 2, committed 20/u),
        expect.stringMatching(/^created \| 20/u),
        'rows | 1',
        'partitioned by | city',
        'clustered by | -',
        expect.stringMatching(/^protocol \| reader 1, writer 7 .*changeDataFeed/u),
        'delta.enableChangeDataFeed | true',
        'application etl | 7',
        '| id | long | not null',
      ]),
    );
  });

  it('show has no date for a time that none can hold', async () => {
    const path = join(folder, 'beyond');
    cpSync(await table('within'), path, { recursive: true });
    const log = join(path, '_delta_log', '00000000000000000000.json');
    const text = readFileSync(log, 'utf8');
    writeFileSync(log, text.replace(/"createdTime":\d+/u, '"createdTime":9000000000000000'));
    const { status, out } = await run('show', path);
    expect(status).toBe(0);
    expect(out[0]).toMatch(/^created +-$/mu);
  });

  it('show --json tells it as JSON', async () => {
    const { out } = await run('show', await table('json'), '--json');
    expect(JSON.parse(out.join('\n'))).toMatchObject({
      name: 'places',
      version: 2,
      numFiles: 1,
      rowCount: 1,
      partitionColumns: ['city'],
      clusteringColumns: [],
      properties: { 'delta.enableChangeDataFeed': 'true' },
      features: ['appendOnly', 'changeDataFeed', 'invariants'],
      domains: {},
      transactions: { etl: 7 },
    });
  });

  it('head --where prints the rows that meet a condition, or points at what is wrong with it', async () => {
    const path = await table('head');
    const where = async (text: string): Promise<Awaited<ReturnType<typeof run>>> =>
      await run('head', path, '--json', '--where', text);
    const found = await where("id % 2 = 0 and city like 'U%'");
    expect(JSON.parse(found.out.join('\n'))).toEqual([{ id: '2', city: 'Ulm' }]);
    expect(JSON.parse((await where('id > 2')).out.join('\n'))).toEqual([]);
    const wrong = await where('id = = 2');
    expect(wrong.status).toBe(2);
    expect(wrong.err[0]).toMatch(/at character 6 of the condition\n {2}id = = 2\n {7}\^/u);
    expect((await run('show', path, '--where', 'id = 1')).err[0]).toMatch(
      /--where goes with head/u,
    );
  });

  it('prints what moves the cursor of a terminal as characters', async () => {
    const path = await table('control');
    const opened = await DeltaTable.open(path);
    await opened.overwrite([{ id: 3, city: '\u001b[2J\u009b1mUlm\nBonn' }]);
    await opened.pins.create('p', { note: '\u0007' });
    const said = [...(await run('head', path)).out, ...(await run('pins', path)).out].join('\n');
    expect(said).toContain('\\u001b[2J\\u009b1mUlm\\u000aBonn');
    expect(said).toContain('\\u0007');
    expect(said).not.toMatch(/[^\n\P{Cc}]/u);
  });

  it('changes prints a line for each version, and as JSON one for each row', async () => {
    const path = await table('changes');
    const { status, out } = await run('changes', path);
    expect(status).toBe(0);
    expect(out.map((line) => line.replace(/^ +(\d) .*Z {2}/u, '$1: '))).toEqual([
      '0: 0 inserted, 0 updated, 0 deleted',
      '1: 1 inserted, 0 updated, 0 deleted',
      '2: 1 inserted, 0 updated, 1 deleted',
    ]);
    const json = await run('changes', path, '--json', '--from', '2', '--to', '2');
    expect(json.out.map((line) => JSON.parse(line) as unknown)).toEqual([
      { version: 2, type: 'delete', row: { id: '1', city: 'Bonn' } },
      { version: 2, type: 'insert', row: { id: '2', city: 'Ulm' } },
    ]);
  });

  it.each([
    [['changes'], 'changes needs the URL of a table'],
    [['changes', 'x', '--from', 'yesterday'], '--from takes a number'],
    [['show', 'x', '--from', '1'], '--from goes with changes'],
    [['changes', 'x', '--version', '1'], '--version goes with head'],
    [['nothing', 'x'], 'there is no command nothing'],
  ])('refuses %j', async (args, message) => {
    const { status, err } = await run(...args);
    expect([status, err]).toEqual([2, [`varve: ${message}\n\n${USAGE}`]]);
  });

  it('ends with 1 and the code of an error', async () => {
    const { status, out, err } = await run('changes', join(folder, 'nowhere'));
    expect([status, out]).toEqual([1, []]);
    expect(err.join('')).toMatch(/^varve: NOT_FOUND: /u);
  });
});
