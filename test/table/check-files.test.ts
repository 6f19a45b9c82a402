import { cpSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { DeltaTable } from '../../src/index.js';
import { corpusFolder, describeWithOracles } from '../support/oracles.js';
import { temporaryFolder } from '../support/temporary-folder.js';

describeWithOracles('checkFiles', ['corpora'], () => {
  it('names a deletion vector file that is gone, as reading the version does', async () => {
    const path = join(temporaryFolder(), 'table');
    cpSync(join(corpusFolder('spark'), 'dv_basic', 'delta'), path, { recursive: true });
    const snapshot = await (await DeltaTable.open(path)).snapshot();
    const whole = await snapshot.checkFiles();
    expect(whole).toMatchObject({ missing: [], resized: [] });
    expect(whole.files).toBeGreaterThan(snapshot.numFiles);
    const vectors = readdirSync(path).filter((name) => name.endsWith('.bin'));
    for (const name of vectors) rmSync(join(path, name));
    const { missing } = await snapshot.checkFiles();
    expect(missing.length).toBe(whole.files - snapshot.numFiles);
    expect(vectors).toEqual(expect.arrayContaining([...missing]));
    await expect(snapshot.scan().toArray()).rejects.toMatchObject({
      code: 'DATA_GONE',
      missing: [expect.stringMatching(/^deletion_vector_.*\.bin$/)],
    });
  });
});
