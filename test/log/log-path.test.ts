import { describe, expect, it } from 'vitest';
import {
  checkpointKey,
  commitKey,
  crcKey,
  LOG,
  type LogName,
  parseLogName,
} from '../../src/log/log-path.js';

const V = '00000000000000000010';
const UUID = '80a083e8-7026-4e79-81be-64bd76c43a11';
const OTHER: LogName = { kind: 'other' };

describe('parseLogName', () => {
  it.each<[string, LogName]>([
    [`${V}.json`, { kind: 'commit', version: 10 }],
    [`${V}.crc`, { kind: 'crc', version: 10 }],
    [`${V}.checkpoint.parquet`, { kind: 'checkpoint', version: 10 }],
    [
      `${V}.checkpoint.0000000001.0000000003.parquet`,
      { kind: 'checkpoint-part', version: 10, part: 1, parts: 3 },
    ],
    [
      `${V}.checkpoint.${UUID}.json`,
      { kind: 'checkpoint-v2', version: 10, uuid: UUID, format: 'json' },
    ],
    [
      `${V}.checkpoint.${UUID}.parquet`,
      { kind: 'checkpoint-v2', version: 10, uuid: UUID, format: 'parquet' },
    ],
    [`${V}.00000000000000000012.compacted.json`, { kind: 'compaction', from: 10, to: 12 }],
    [`${V}.00000000000000000010.compacted.json`, OTHER],
    [`${V}.checkpoint.0000000004.0000000003.parquet`, OTHER],
    [`${V}.checkpoint.0000000000.0000000003.parquet`, OTHER],
    [`${V}.checkpoint.1.3.parquet`, OTHER],
    [`${V}.checkpoint.nouuid.parquet`, OTHER],
    [`0${V}.json`, OTHER],
    [`${V.slice(1)}.json`, OTHER],
    [`.${V}.json.crc`, OTHER],
    [`${V}.json.crc`, OTHER],
    [`${V}.json.tmp`, OTHER],
    [`${V}.JSON`, OTHER],
    [V, OTHER],
    [`${V}.checkpoint.parquet\n`, OTHER],
    ['_last_checkpoint', OTHER],
    [`_staged_commits/${V}.${UUID}.json`, OTHER],
    ['', OTHER],
  ])('%j', (name, expected) => {
    expect(parseLogName(name)).toEqual(expected);
  });

  it('reads the names it makes, up to the largest version', () => {
    for (const version of [0, 7, Number.MAX_SAFE_INTEGER]) {
      expect(parseLogName(commitKey(version).slice(LOG.length))).toMatchObject({ version });
      expect(parseLogName(checkpointKey(version).slice(LOG.length))).toMatchObject({ version });
      expect(parseLogName(crcKey(version).slice(LOG.length))).toMatchObject({ version });
    }
    expect(commitKey(10)).toBe(`_delta_log/${V}.json`);
    expect(() => commitKey(-1)).toThrow(expect.objectContaining({ code: 'INTERNAL' }));
    expect(() => parseLogName('00009007199254740993.json')).toThrow(
      expect.objectContaining({ code: 'LIMIT' }),
    );
  });
});
