import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, it } from 'vitest';
import { repositoryRoot } from '../support/oracle-folder.js';
import { manifest } from './packed.js';

/**
 * What a program can import from each entry, without the types, which the reports in etc/ hold. A name added or taken
 * away here is a change of the public API.
 */
const NAMES: Readonly<Record<string, readonly string[]>> = {
  '.': [
    'AccessDeniedError',
    'AlreadyExistsError',
    'CommitConflictError',
    'CommitStateUnknownError',
    'CorruptDataError',
    'DataGoneError',
    'DeltaTable',
    'InternalError',
    'InvalidArgumentError',
    'LimitError',
    'NotFoundError',
    'SchemaMismatchError',
    'StorageUnavailableError',
    'Timestamp',
    'UnsupportedFeatureError',
    'VERSION',
    'VarveError',
    'and',
    'between',
    'eq',
    'everyRow',
    'gt',
    'gte',
    'isIn',
    'isNull',
    'isVarveError',
    'like',
    'lt',
    'lte',
    'ne',
    'not',
    'openStore',
    'or',
    'predicateFromJson',
    'predicateFromSql',
    'sql',
    'startsWith',
    'systemClock',
    'systemEntropy',
    'toJsonRow',
  ],
  './ml': ['Run', 'Tracker', 'hashSplit'],
  './testing': [
    'Scheduler',
    'faultStore',
    'memoryStorage',
    'scheduledStorage',
    'scheduledStore',
    'seededEntropy',
    'seededFaults',
    'seededNumbers',
  ],
  './storage/azure': ['azureStorage'],
  './storage/gcs': ['gcsStorage'],
  './storage/s3': ['s3Storage'],
};

it.each(Object.keys(NAMES))('the entry %s exports these names', async (entry) => {
  const target = manifest().exports[entry];
  if (typeof target !== 'object') throw new TypeError(`${entry} is no entry with types`);
  const module: unknown = await import(
    pathToFileURL(join(repositoryRoot, target['default'] ?? '')).href
  );
  expect(Object.keys(module as object).toSorted()).toEqual(NAMES[entry]);
});

it('every entry has its names listed', () => {
  const entries = Object.entries(manifest().exports).filter(
    ([, target]) => typeof target === 'object',
  );
  expect(Object.keys(NAMES)).toEqual(entries.map(([name]) => name));
});

it('the version that commits name is the package’s', async () => {
  const { VERSION } = (await import('../../src/version.js')) as { readonly VERSION: string };
  const { version } = JSON.parse(readFileSync(join(repositoryRoot, 'package.json'), 'utf8')) as {
    readonly version: string;
  };
  expect(VERSION).toBe(version);
});
