import { describe, expect, it } from 'vitest';
import type { Action } from '../../src/log/actions.js';
import {
  effectiveIsolation,
  ISOLATION_LEVELS,
  type IsolationLevel,
  isAtLeast,
} from '../../src/log/isolation.js';
import { add, metadata, PROTOCOL, remove } from './log-fixture.js';

const same = { dataChange: false };
const domain = (name: string): Action => ({
  kind: 'domainMetadata',
  domainMetadata: { domain: name, configuration: '{}', removed: false },
});
const txn: Action = { kind: 'txn', txn: { appId: 'app', version: 1n } };
const MOVED = [remove('a', same), add('b', same)];

describe('isAtLeast', () => {
  it('orders the levels from Serializable down', () => {
    const stricter = ISOLATION_LEVELS.map((wanted) =>
      ISOLATION_LEVELS.filter((floor) => isAtLeast(wanted, floor)),
    );
    expect(stricter).toEqual([
      [...ISOLATION_LEVELS],
      ['WriteSerializable', 'SnapshotIsolation'],
      ['SnapshotIsolation'],
    ]);
  });
});

describe('effectiveIsolation', () => {
  it.each<[string, readonly Action[], string, readonly IsolationLevel[]]>([
    ['a write', [add('a')], 'WRITE', ['Serializable', 'WriteSerializable']],
    [
      'a rewrite that changes no data',
      MOVED,
      'OPTIMIZE',
      ['SnapshotIsolation', 'SnapshotIsolation'],
    ],
    [
      'the same from an operation that does',
      MOVED,
      'MERGE',
      ['SnapshotIsolation', 'WriteSerializable'],
    ],
    ['with a row of data', [...MOVED, add('c')], 'OPTIMIZE', ['Serializable', 'WriteSerializable']],
    [
      'with data taken away',
      [...MOVED, remove('c')],
      'OPTIMIZE',
      ['Serializable', 'WriteSerializable'],
    ],
    [
      'with row ids',
      [...MOVED, domain('delta.rowTracking')],
      'OPTIMIZE',
      ['SnapshotIsolation', 'SnapshotIsolation'],
    ],
    [
      'with a domain',
      [...MOVED, domain('mine')],
      'OPTIMIZE',
      ['Serializable', 'WriteSerializable'],
    ],
    ['with a sequence', [...MOVED, txn], 'OPTIMIZE', ['Serializable', 'WriteSerializable']],
    [
      'new metadata',
      [{ kind: 'metaData', metaData: metadata() }],
      'SET TBLPROPERTIES',
      ['Serializable', 'WriteSerializable'],
    ],
    [
      'a new protocol',
      [{ kind: 'protocol', protocol: PROTOCOL }],
      'UPGRADE PROTOCOL',
      ['Serializable', 'WriteSerializable'],
    ],
    [
      'files of the change feed',
      [...MOVED, { kind: 'cdc', cdc: { path: 'c', partitionValues: new Map(), size: 1 } }],
      'OPTIMIZE',
      ['SnapshotIsolation', 'SnapshotIsolation'],
    ],
    ['nothing', [], 'WRITE', ['SnapshotIsolation', 'WriteSerializable']],
  ])('of %s', (_what, actions, operation, expected) => {
    const levels = ISOLATION_LEVELS.map((level) => effectiveIsolation(level, actions, operation));
    expect(levels).toEqual([...expected, 'SnapshotIsolation']);
  });
});

describe('effectiveIsolation, of WriteSerializable', () => {
  it.each([
    'WRITE',
    'STREAMING UPDATE',
    'DELETE',
    'UPDATE',
    'MERGE',
    'TRUNCATE',
    'CONVERT',
    'RESTORE',
    'CLONE',
    'CREATE TABLE AS SELECT',
    'REPLACE TABLE',
    'REPLACE TABLE AS SELECT',
    'CREATE OR REPLACE TABLE',
    'CREATE OR REPLACE TABLE AS SELECT',
  ])('stays what it is for a %s, whatever it did', (operation) => {
    expect(effectiveIsolation('WriteSerializable', MOVED, operation)).toBe('WriteSerializable');
  });
});
