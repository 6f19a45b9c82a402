import { describe, expect, it } from 'vitest';
import {
  checkpointKey,
  checkpointPartKey,
  commitKey,
  crcKey,
  LOG,
  type LogName,
  parseLogName,
  versionDigits,
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
      `${V}.checkpoint.0000000003.0000000003.parquet`,
      { kind: 'checkpoint-part', version: 10, part: 3, parts: 3 },
    ],
    [
      `${V}.checkpoint.${UUID}.json`,
      { kind: 'checkpoint-v2', version: 10, uuid: UUID, format: 'json' },
    ],
    [
      `${V}.checkpoint.${UUID}.parquet`,
      { kind: 'checkpoint-v2', version: 10, uuid: UUID, format: 'parquet' },
    ],
    [
      `${V}.checkpoint.${UUID.toUpperCase()}.parquet`,
      { kind: 'checkpoint-v2', version: 10, uuid: UUID.toUpperCase(), format: 'parquet' },
    ],
    [`${V}.checkpoint.${UUID}.JSON`, OTHER],
    [`${V}.checkpoint.${UUID}.json.parquet`, OTHER],
    [`${V}.CHECKPOINT.${UUID}.json`, OTHER],
    [`${V}.checkpoint.${UUID.replaceAll('-', '')}.json`, OTHER],
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
    [`${V}.`, OTHER],
    [`${V}.\n`, OTHER],
    [`${V}json`, OTHER],
    [`${V}.checkpoint.parquet\n`, OTHER],
    ['_last_checkpoint', OTHER],
    [`_staged_commits/${V}.${UUID}.json`, OTHER],
    ['', OTHER],
  ])('%j', (name, expected) => {
    expect(parseLogName(name)).toEqual(expected);
  });

  it('refuses a version that is no safe integer, also as the end of a compaction', () => {
    for (const name of [
      '00009007199254740992.json',
      '00009007199254740993.crc',
      '90000000000000000000.json',
      `${V}.99999999999999999999.compacted.json`,
    ]) {
      expect(() => parseLogName(name)).toThrow(
        expect.objectContaining({
          code: 'LIMIT',
          limit: 'Number.MAX_SAFE_INTEGER',
          max: Number.MAX_SAFE_INTEGER,
          message: expect.stringContaining(name) as string,
        }),
      );
    }
  });
});

describe('the names of a version', () => {
  it.each([
    [0, '00000000000000000000'],
    [10, V],
    [Number.MAX_SAFE_INTEGER, '00009007199254740991'],
  ])(
    'of %d begin with twenty digits, and are read as what they were made for',
    (version, digits) => {
      const read = (key: string): LogName => {
        expect(key.startsWith(LOG)).toBe(true);
        return parseLogName(key.slice(LOG.length));
      };
      expect(versionDigits(version)).toBe(digits);
      expect(commitKey(version)).toBe(`_delta_log/${digits}.json`);
      expect(read(commitKey(version))).toEqual({ kind: 'commit', version });
      expect(read(checkpointKey(version))).toEqual({ kind: 'checkpoint', version });
      expect(read(crcKey(version))).toEqual({ kind: 'crc', version });
      const part = { kind: 'checkpoint-part', version, part: 2, parts: 12 };
      expect(read(checkpointPartKey(version, 2, 12))).toEqual(part);
    },
  );

  it.each([-1, 1.5, Number.NaN, 2 ** 53])('are not made of %d', (version) => {
    expect(() => versionDigits(version)).toThrow(
      expect.objectContaining({
        code: 'INTERNAL',
        message: expect.stringContaining('a version is a safe integer from 0') as string,
      }),
    );
  });
});
