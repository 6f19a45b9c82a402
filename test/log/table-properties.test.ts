import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatInterval, parseInterval } from '../../src/log/interval.js';
import {
  checkProperties,
  type TableProperties,
  tableProperties,
} from '../../src/log/table-properties.js';

const DAY = 86_400_000;
const of = (values: Record<string, string>): TableProperties =>
  tableProperties(new Map(Object.entries(values)));

describe('tableProperties', () => {
  it('has the defaults of the protocol', () => {
    const names = Object.getOwnPropertyNames(Object.getPrototypeOf(of({})));
    const empty = of({}) as unknown as Record<string, unknown>;
    expect(Object.fromEntries(names.map((name) => [name, empty[name]]))).toMatchObject({
      checkpointInterval: 10,
      appendOnly: false,
      enableChangeDataFeed: false,
      logRetentionMs: 30 * DAY,
      deletedFileRetentionMs: 7 * DAY,
      setTransactionRetentionMs: undefined,
      dataSkippingNumIndexedCols: 32,
      dataSkippingStatsColumns: undefined,
      checkpointWriteStatsAsJson: true,
      checkpointWriteStatsAsStruct: undefined,
      isolationLevel: 'Serializable',
      compressionCodec: 'zstd',
      parquetPageVersion: 1,
      targetFileSizeBytes: undefined,
    });
  });

  it.each<[keyof TableProperties, string, string, unknown]>([
    ['checkpointInterval', 'delta.checkpointInterval', '100', 100],
    ['checkpointInterval', 'delta.checkpointInterval', '2147483647', 2 ** 31 - 1],
    ['appendOnly', 'delta.appendOnly', 'TRUE', true],
    ['enableChangeDataFeed', 'delta.enableChangeDataFeed', 'true', true],
    ['logRetentionMs', 'delta.logRetentionDuration', 'interval 1 week 2 days', 9 * DAY],
    ['deletedFileRetentionMs', 'delta.deletedFileRetentionDuration', '7 DAYS', 7 * DAY],
    ['setTransactionRetentionMs', 'delta.setTransactionRetentionDuration', '1 hour', DAY / 24],
    ['dataSkippingNumIndexedCols', 'delta.dataSkippingNumIndexedCols', '-1', -1],
    ['dataSkippingStatsColumns', 'delta.dataSkippingStatsColumns', 'a,b.c', 'a,b.c'],
    ['checkpointPolicy', 'delta.checkpointPolicy', 'V2', 'v2'],
    ['enableExpiredLogCleanup', 'delta.enableExpiredLogCleanup', 'false', false],
    ['checkpointWriteStatsAsJson', 'delta.checkpoint.writeStatsAsJson', 'false', false],
    ['checkpointWriteStatsAsStruct', 'delta.checkpoint.writeStatsAsStruct', 'true', true],
    ['isolationLevel', 'delta.isolationLevel', 'writeserializable', 'WriteSerializable'],
    ['compressionCodec', 'delta.parquet.compression.codec', 'SNAPPY', 'snappy'],
    ['compressionCodec', 'delta.parquet.compression.codec', 'none', 'uncompressed'],
    ['parquetPageVersion', 'delta.parquet.format.version', '2.12.0', 2],
    ['targetFileSizeBytes', 'delta.targetFileSize', '104857600', 104857600],
    ['targetFileSizeBytes', 'delta.targetFileSize', '100mb', 104857600],
    ['targetFileSizeBytes', 'delta.targetFileSize', '1 K', 1024],
  ])('%s reads %s = %j', (getter, name, text, expected) => {
    expect(of({ [name]: text })[getter]).toBe(expected);
    expect(() => checkProperties(new Map([[name, text]]))).not.toThrow();
  });

  it.each<[keyof TableProperties, string, string]>([
    ['checkpointInterval', 'delta.checkpointInterval', '0'],
    ['checkpointInterval', 'delta.checkpointInterval', '1.5'],
    ['checkpointInterval', 'delta.checkpointInterval', '2147483648'],
    ['appendOnly', 'delta.appendOnly', 'yes'],
    ['logRetentionMs', 'delta.logRetentionDuration', 'interval 1 month'],
    ['dataSkippingNumIndexedCols', 'delta.dataSkippingNumIndexedCols', '-2'],
    ['isolationLevel', 'delta.isolationLevel', 'none'],
    ['compressionCodec', 'delta.parquet.compression.codec', 'lz4'],
    ['parquetPageVersion', 'delta.parquet.format.version', '2'],
    ['targetFileSizeBytes', 'delta.targetFileSize', 'big'],
  ])('%s refuses %s = %j, and only when it is asked for', (getter, name, text) => {
    const invalid = expect.objectContaining({ code: 'INVALID_ARGUMENT', option: name });
    const properties = of({ [name]: text });
    expect(() => properties[getter]).toThrow(invalid);
    expect(() => checkProperties(new Map([[name, text]]))).toThrow(invalid);
  });
});

describe('checkProperties', () => {
  it('passes names of other owners and open families', () => {
    const values = { mine: 'x', 'delta.constraints.c': 'a > 1' };
    expect(() => checkProperties(new Map(Object.entries(values)))).not.toThrow();
  });

  it.each([
    ['delta.apendOnly', 'true'],
    ['delta.appendonly', 'true'],
    ['delta.minReaderVersion', '3'],
    ['delta.feature.deletionVectors', 'supported'],
    ['delta.enableDeletionVectors', 'perhaps'],
    ['delta.universalFormat.enabledFormats', 'iceberg'],
  ])('refuses %s = %s', (name, value) => {
    expect(() => checkProperties(new Map([[name, value]]))).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT', option: name }),
    );
  });
});

describe('checkProperties gives what is stored', () => {
  it.each<[string, string]>([
    ['7 days', 'interval 1 weeks'],
    ['INTERVAL 9 DAYS', 'interval 9 days'],
    ['interval 1 week 2 days 3 hours', 'interval 219 hours'],
    [' interval  2  minutes ', 'interval 2 minutes'],
    ['0 days', 'interval 0 seconds'],
    ['interval 30 days', 'interval 30 days'],
    ['interval 1 week', 'interval 1 week'],
  ])('of the interval %j %j', (given, stored) => {
    for (const name of ['logRetention', 'deletedFileRetention', 'setTransactionRetention']) {
      const properties = new Map([[`delta.${name}Duration`, given]]);
      const expected = new Map([[`delta.${name}Duration`, stored]]);
      expect(checkProperties(properties)).toEqual(expected);
    }
  });

  it.each([
    ['delta.appendOnly', 'TRUE', 'true'],
    ['delta.enableRowTracking', 'False', 'false'],
    ['delta.checkpointPolicy', 'V2', 'v2'],
    ['delta.columnMapping.mode', 'NONE', 'none'],
  ])('of the word %s = %s %s', (name, given, stored) => {
    expect(checkProperties(new Map([[name, given]]))).toEqual(new Map([[name, stored]]));
  });

  it('and of all other properties what was given', () => {
    const given = new Map([
      ['mine', '7 days'],
      ['Mine', 'TRUE'],
      ['delta.parquet.compression.codec', 'GZIP'],
    ]);
    expect(checkProperties(given)).toEqual(given);
  });

  it('but no interval that Delta does not have', () => {
    const given = new Map([['delta.checkpointRetentionDuration', '1 month']]);
    expect(() => checkProperties(given)).toThrow(
      expect.objectContaining({ option: 'delta.checkpointRetentionDuration' }),
    );
  });
});

describe('intervals', () => {
  it.each<[string, number | undefined]>([
    ['interval 30 days', 30 * DAY],
    ['INTERVAL 1 WEEK', 7 * DAY],
    ['7 days', 7 * DAY],
    ['interval 1 week 2 days 3 hours', 9 * DAY + 3 * 3_600_000],
    ['interval 0 seconds', 0],
    ['1.5 seconds', 1500],
    ['1500 microseconds', 1],
    ['  interval   2   minutes  ', 120_000],
    ['', undefined],
    ['interval', undefined],
    ['7', undefined],
    ['days 7', undefined],
    ['-7 days', undefined],
    ['7 days ago', undefined],
    ['interval 1 month', undefined],
    ['1 year', undefined],
    ['7 days,', undefined],
    ['99999999999999 weeks', undefined],
  ])('reads %j as %j', (text, expected) => {
    expect(parseInterval(text)).toBe(expected);
  });

  it('reads what it writes', () => {
    expect(formatInterval(7 * DAY)).toBe('interval 1 weeks');
    expect(formatInterval(9 * DAY)).toBe('interval 9 days');
    fc.assert(
      fc.property(fc.maxSafeNat(), (milliseconds) => {
        expect(parseInterval(formatInterval(milliseconds))).toBe(milliseconds);
      }),
    );
  });
});
