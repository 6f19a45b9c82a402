import { describe, expect, it } from 'vitest';
import type { Action } from '../../src/log/actions.js';
import { checkActions } from '../../src/log/check-actions.js';
import type { FileList } from '../../src/log/file-list.js';
import { loadSnapshot } from '../../src/log/snapshot.js';
import type { Snapshot } from '../../src/log/table-snapshot.js';
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
async function table(): Promise<Snapshot> {
  const fixture = new LogFixture();
  await fixture.commit(0, [...CREATE, add('plain'), add('marked', vector('v1'))]);
  return await loadSnapshot(fixture.log);
}

function check(actions: readonly Action[], url: string, live: FileList | undefined): string {
  try {
    checkActions(actions, url, live);
    return 'passes';
  } catch (error) {
    const { code, message } = error as { code?: string; message: string };
    return `${code}: ${message}`;
  }
}

const TWICE = (subject: string): RegExp =>
  new RegExp(`^INVALID_ARGUMENT: one transaction cannot set ${subject} twice`, 'u');
const AGAIN = /^INTERNAL: a commit adds a file twice: (\.\/)?new/u;
const ALIKE = /^INTERNAL: a commit adds and removes a file as it is: /u;
const NOT_REPLACED = (path: string): RegExp =>
  new RegExp(`^INTERNAL: a commit changes the deletion vector .* remove it first: ${path}`, 'u');
const PASSES = /^passes$/u;

describe('checkActions', () => {
  it.each<[string, readonly Action[], RegExp]>([
    ['a write', [txn('a'), txn('b'), remove('plain'), add('new')], PASSES],
    ['a creation', [protocol, metaData, domain('d'), domain('e')], PASSES],
    ['two sequences of an application', [txn('a'), txn('a')], TWICE('.* application a')],
    ['two metadata', [metaData, metaData], TWICE('the metadata')],
    ['two protocols', [protocol, protocol], TWICE('the protocol')],
    ['a domain twice', [domain('d'), domain('d')], TWICE('the metadata domain d')],
    ['two adds of a path', [add('new'), add('./new')], AGAIN],
    ['two adds with vectors', [add('new'), add('new', vector('v'))], AGAIN],
    [
      'two removes of a path',
      [remove('plain'), remove('plain', vector('v'))],
      /^INTERNAL: a commit removes a file twice: plain/u,
    ],
    ['an add and a remove alike', [add('plain'), remove('plain')], ALIKE],
    [
      'an add and a remove of one vector',
      [add('marked', vector('v1')), remove('./marked', vector('v1'))],
      ALIKE,
    ],
    ['a first vector', [remove('plain'), add('plain', vector('v'))], PASSES],
    ['a next vector', [remove('marked', vector('v1')), add('marked', vector('v2'))], PASSES],
    ['a vector undone', [remove('marked', vector('v1')), add('marked')], PASSES],
    ['new statistics', [add('plain', same), add('marked', { ...same, ...vector('v1') })], PASSES],
    ['a vector that nothing gives way to', [add('plain', vector('v'))], NOT_REPLACED('plain')],
    ['a vector lost', [add('marked', same)], NOT_REPLACED('marked')],
    [
      'a vector lost by a file with ids',
      [add('marked', { baseRowId: 0n })],
      NOT_REPLACED('marked'),
    ],
    [
      'another vector removed',
      [remove('marked'), add('marked', vector('v2'))],
      NOT_REPLACED('marked'),
    ],
    [
      'another vector removed, and none added',
      [remove('marked', vector('v2')), add('./marked')],
      NOT_REPLACED('marked'),
    ],
  ])('of %s', async (_what, actions, expected) => {
    const { files, url } = await table();
    expect(check(actions, url, files)).toMatch(expected);
  });

  it('of a table that is not there yet looks at the actions alone', async () => {
    const { url } = await table();
    const first = add('plain', { ...same, ...vector('v') });
    expect(check([first, add('new')], url, undefined)).toBe('passes');
    expect(check([first, remove('plain', vector('v'))], url, undefined)).toMatch(ALIKE);
  });

  it('does not go through the files of a table to add new ones', async () => {
    const { files, url } = await table();
    let looked = 0;
    const live = Object.create(files, {
      files: {
        value: () => {
          looked++;
          return files.files();
        },
      },
    }) as FileList;
    expect(check([txn('a'), remove('plain'), add('new'), add('more')], url, live)).toBe('passes');
    expect(looked).toBe(0);
    expect(check([add('new', same)], url, live)).toBe('passes');
    expect(looked).toBe(1);
  });
});
