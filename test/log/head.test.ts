import { beforeEach, describe, expect, it } from 'vitest';
import { Head } from '../../src/log/head.js';
import { loadSnapshot } from '../../src/log/snapshot.js';
import { add, CREATE, LogFixture } from './log-fixture.js';

describe('what a process knows of a table', () => {
  let fixture: LogFixture;
  let head: Head;

  beforeEach(async () => {
    fixture = new LogFixture();
    await fixture.commit(0, CREATE);
    await fixture.commit(1, [add('f')]);
    head = new Head();
  });

  it('is nothing at first', () => {
    expect(head.latest).toBeUndefined();
    expect(head.known).toBe(-1);
  });

  it('is the newest version that was read, whichever was read last', async () => {
    const [old, young] = [
      await loadSnapshot(fixture.log, { version: 0 }),
      await loadSnapshot(fixture.log),
    ];
    expect(head.learn(old)).toBe(old);
    expect(head.learn(young)).toBe(young);
    expect(head.learn(old)).toBe(young);
    expect(head.latest).toBe(young);
  });

  it('is the last reading of one version, whose file may have been replaced', async () => {
    const [first, second] = [await loadSnapshot(fixture.log), await loadSnapshot(fixture.log)];
    head.learn(first);
    expect(head.learn(second)).toBe(second);
    expect(head.latest).toBe(second);
  });

  it('is of versions that exist, read or not, the newest', async () => {
    head.learn(await loadSnapshot(fixture.log));
    expect(head.known).toBe(1);
    head.meet(7);
    head.meet(3);
    expect(head.known).toBe(7);
    expect(head.latest?.version).toBe(1);
  });
});
