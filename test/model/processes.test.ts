import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { DeltaTable } from '../../src/index.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { judge } from './judge.js';
import { race } from './race.js';

const folder = temporaryFolder();

describe('processes on one local table', () => {
  it('commit contiguous versions, each exactly once', async () => {
    const table = join(folder, 'raced');
    await DeltaTable.create(table, {
      schema: { op: 'string', part: 'string' },
      partitionBy: ['part'],
    });
    const outcomes = await race(table, [
      { name: 'a', count: 15, kind: 'append' },
      { name: 'b', count: 15, kind: 'append' },
      { name: 'c', count: 15, kind: 'append' },
      { name: 'd', count: 10, kind: 'replace' },
    ]);
    expect(outcomes).toHaveLength(55);
    const log = new Map<string, string>();
    const files = new Set<string>();
    for (const name of readdirSync(table, { recursive: true, encoding: 'utf8' })) {
      if (/^_delta_log\/\d+\.json$/u.test(name)) {
        log.set(basename(name), readFileSync(join(table, name), 'utf8'));
      } else if (name.endsWith('.parquet') && !name.startsWith('_')) files.add(name);
    }
    expect(log.size).toBe(56);
    expect(judge({ outcomes, hadOutage: false, log, files, trace: [], traceHash: '' })).toEqual([]);
    const opened = await DeltaTable.open(table);
    expect(await opened.scan().count()).toBe(46);
  });
});
