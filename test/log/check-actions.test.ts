import { describe, expect, it } from 'vitest';
import type { Action } from '../../src/log/actions.js';
import { checkActions } from '../../src/log/check-actions.js';
import { loadSnapshot } from '../../src/log/snapshot.js';
import { add, CREATE, LogFixture, metadata, PROTOCOL, remove } from './log-fixture.js';

const vector = (pathOrInlineDv: string) => ({
  deletionVector: { storageType: 'u', pathOrInlineDv, sizeInBytes: 34, cardinality: 2 },
});
const txn = (appId: string): Action => ({ kind: 'txn', txn: { appId, version: 1n } });
const domain = (name: string): Action => ({
  kind: 'domainMetadata',
  domainMetadata: { domain: name, configuration: '', removed: false },
});
const metaData: Action = { kind: 'metaData', metaData: metadata() };
const protocol: Action = { kind: 'protocol', protocol: PROTOCOL };
const same = { dataChange: false };

/** On a table that holds `plain`, and `marked` with the deletion vector `v1`. */
async function check(actions: readonly Action[]): Promise<string> {
  const fixture = new LogFixture();
  await fixture.commit(0, [...CREATE, add('plain'), add('marked', vector('v1'))]);
  const { files, url } = await loadSnapshot(fixture.log);
  try {
    checkActions(actions, url, files);
    return 'passes';
  } catch (error) {
    return String((error as { code?: string }).code);
  }
}

describe('checkActions', () => {
  it.each<[string, readonly Action[], string]>([
    ['a write', [txn('a'), txn('b'), remove('plain'), add('new')], 'passes'],
    ['a creation', [protocol, metaData, domain('d'), domain('e')], 'passes'],
    ['two sequences of an application', [txn('a'), txn('a')], 'INVALID_ARGUMENT'],
    ['two metadata', [metaData, metaData], 'INVALID_ARGUMENT'],
    ['two protocols', [protocol, protocol], 'INVALID_ARGUMENT'],
    ['a domain twice', [domain('d'), domain('d')], 'INVALID_ARGUMENT'],
    ['two adds of a path', [add('new'), add('./new')], 'INTERNAL'],
    ['two adds with vectors', [add('new'), add('new', vector('v'))], 'INTERNAL'],
    ['two removes of a path', [remove('plain'), remove('plain', vector('v'))], 'INTERNAL'],
    ['an add and a remove alike', [add('plain'), remove('plain')], 'INTERNAL'],
    ['a first vector', [remove('plain'), add('plain', vector('v'))], 'passes'],
    ['a next vector', [remove('marked', vector('v1')), add('marked', vector('v2'))], 'passes'],
    ['a vector undone', [remove('marked', vector('v1')), add('marked')], 'passes'],
    ['new statistics', [add('plain', same), add('marked', { ...same, ...vector('v1') })], 'passes'],
    ['a vector that nothing gives way to', [add('plain', vector('v'))], 'INTERNAL'],
    ['a vector lost', [add('marked', same)], 'INTERNAL'],
    ['another vector removed', [remove('marked'), add('marked', vector('v2'))], 'INTERNAL'],
  ])('of %s', async (_what, actions, expected) => {
    expect(await check(actions)).toBe(expected);
  });
});
