import { beforeAll, describe, expect, it } from 'vitest';
import { writeCheckpoint } from '../../src/log/checkpoint-writer.js';
import { checkpointKey } from '../../src/log/log-path.js';
import { loadSnapshot } from '../../src/log/snapshot.js';
import { statsTable } from '../../src/log/stats-table.js';
import type { Snapshot } from '../../src/log/table-snapshot.js';
import { readFooter } from '../../src/storage/parquet/footer.js';
import { bytesSource } from '../../src/storage/parquet/source.js';
import { add, CREATE, LogFixture } from './log-fixture.js';

const FILES = 12_000;

function statsOf(index: number): string {
  return JSON.stringify({
    numRecords: index + 1,
    minValues: { id: index, text: `minimum of the file number ${index} ${'x'.repeat(index % 40)}` },
    maxValues: { id: index + 9, text: `maximum of the file number ${index}` },
    nullCount: { id: 0, text: index % 3 },
  });
}

describe('statistics that are decoded when somebody asks', () => {
  const fixture = new LogFixture();
  let snapshot: Snapshot;

  beforeAll(async () => {
    const adds = Array.from({ length: FILES }, (_, at) => add(`f${at}`, { stats: statsOf(at) }));
    await fixture.commit(0, [...CREATE, ...adds]);
    await writeCheckpoint(fixture.log, await loadSnapshot(fixture.log));
    fixture.forgetRequests();
    snapshot = await loadSnapshot(fixture.log);
  });

  it('are fetched with the rest, and not decoded', () => {
    const reads = fixture.requests.gets.filter((key) => key === checkpointKey(0));
    expect(snapshot.checkpointVersion).toBe(0);
    expect(snapshot.files.count).toBe(FILES);
    // The footer, and each of the row groups.
    expect(reads.length).toBeLessThanOrEqual(3);
    for (const { columns } of snapshot.files.blocks()) {
      const { loaded } = columns as unknown as {
        readonly loaded: { readonly statsTexts: unknown };
      };
      expect(loaded.statsTexts).toBeTypeOf('function');
    }
  });

  it('are those of their files', () => {
    let seen = 0;
    for (const file of snapshot.files.files()) {
      const index = Number(file.path.slice(1));
      if (index % 500 === 0) expect(file.stats).toBe(statsOf(index));
      seen++;
    }
    expect(seen).toBe(FILES);
    const [block] = snapshot.files.blocks();
    if (block === undefined) throw new Error('no block');
    const index = Number(block.columns.path(7).slice(1));
    expect(statsTable(block.columns).numRecords[7]).toBe(index + 1);
  });

  it('go into the next checkpoint as they were', async () => {
    await fixture.commit(1, [add('later', { stats: statsOf(99) })]);
    await writeCheckpoint(fixture.log, await loadSnapshot(fixture.log));
    const again = await loadSnapshot(fixture.log);
    expect(again.checkpointVersion).toBe(1);
    const stats = [...again.files.files()].map((file) => file.stats);
    expect(new Set(stats)).toEqual(new Set(Array.from({ length: FILES }, (_, at) => statsOf(at))));
  });

  it('are refused as damaged when they are, and nothing else is', async () => {
    const object = await fixture.store.get(checkpointKey(0));
    const bytes = object?.bytes.slice() ?? new Uint8Array(0);
    const footer = await readFooter(bytesSource(bytes, 'c'));
    const leaf = footer.leaves.findIndex(({ path }) => path.join('.') === 'add.stats');
    for (const { chunks } of footer.rowGroups) {
      const { start = 0, end = 0 } = chunks[leaf] ?? {};
      bytes.fill(0xff, start, end);
    }
    const broken = new LogFixture();
    await broken.commit(0, CREATE);
    await broken.put(checkpointKey(0), bytes);
    const opened = await loadSnapshot(broken.log);
    expect(opened.files.count).toBe(FILES);
    const [file] = opened.files.files();
    expect(() => file?.stats).toThrow(expect.objectContaining({ code: 'CORRUPT_DATA' }));
  });
});
