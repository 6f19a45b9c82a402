import { join } from 'node:path';
import { expect, it } from 'vitest';
import { DeltaTable, eq } from '../../src/index.js';
import { readRows } from '../golden/table-rows.js';
import { type Digest, describeWithOracles, peer } from '../support/oracles.js';
import { temporaryFolder } from '../support/temporary-folder.js';

const DAYS = [
  '0001-01-01',
  '0004-02-29',
  '1000-01-06',
  '1100-03-01',
  '1500-02-28',
  '1582-10-04',
  '1582-10-15',
  '1700-02-28',
  '1883-11-18',
  '1891-03-15',
  '1899-12-31',
  '1900-01-01',
  '1969-12-31',
  '9999-12-31',
];
const TIMES = ['00:00:00', '11:59:59.999999', '12:03:58', '23:59:59.123456'];

describeWithOracles('what spark wrote in the calendar of old spark', ['spark'], () => {
  const folder = temporaryFolder();

  it.each([
    ['INT96', 'UTC'],
    ['INT96', 'America/Los_Angeles'],
    ['INT96', 'Europe/Paris'],
    ['TIMESTAMP_MICROS', 'UTC'],
    ['TIMESTAMP_MICROS', 'Asia/Tokyo'],
    ['TIMESTAMP_MICROS', 'Australia/Sydney'],
    ['TIMESTAMP_MICROS', '+05:30'],
    ['TIMESTAMP_MILLIS', 'America/St_Johns'],
    ['TIMESTAMP_MILLIS', 'Europe/London'],
  ])('is the same instants as %s from the zone %s', async (form, zone) => {
    const path = join(folder, `${form}-${zone.replaceAll(/\W/gu, '-')}`);
    const run = async (statement: string): Promise<void> => {
      await peer('spark').ask('sql', {
        path,
        statement,
        conf: {
          'spark.sql.session.timeZone': zone,
          'spark.sql.parquet.outputTimestampType': form,
          'spark.sql.parquet.datetimeRebaseModeInWrite': 'LEGACY',
          'spark.sql.parquet.int96RebaseModeInWrite': 'LEGACY',
        },
      });
    };
    await run('create table {path} (id int, d date, t timestamp, a array<timestamp>) using delta');
    // In a zone by offset Spark writes the new calendar's first day a day late, and its statistics as they should be.
    const days = DAYS.filter((day) => !zone.startsWith('+') || day !== '1582-10-15');
    const rows = days.flatMap((day) => TIMES.map((time) => [day, `${day} ${time}`] as const));
    const values = rows.map(
      ([day, instant], id) =>
        `(${id}, date'${day}', timestamp'${instant}', array(timestamp'${instant}', null))`,
    );
    await run(`insert into {path} values ${values.join(', ')}, (null, null, null, null)`);

    const ours = await readRows(path);
    const theirs = await peer('spark').ask<Digest>('read', { path, out: join(folder, 'theirs') });
    expect({ rows: theirs.rows, sha256: theirs.sha256 }).toEqual(ours);

    const snapshot = await (await DeltaTable.open(path)).snapshot();
    for (const day of days) {
      expect({ day, found: await snapshot.scan({ where: eq('d', day) }).count() }).toEqual({
        day,
        found: TIMES.length,
      });
    }
    for (const { id, t } of await snapshot.scan({ select: ['id', 't'] }).toArray()) {
      if (t === null) continue;
      const found = await snapshot.scan({ where: eq('t', t as Date), select: ['id'] }).toArray();
      expect(found).toContainEqual({ id });
    }
  });
});
