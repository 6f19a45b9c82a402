import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { repositoryRoot } from '../support/oracle-folder.js';
import { type Digest, describeWithOracles, peer } from '../support/oracles.js';
import { temporaryFolder } from '../support/temporary-folder.js';

describeWithOracles('the quickstart', ['delta-rs', 'spark'], () => {
  const folder = temporaryFolder();

  it('ends with the digest that other engines compute, the same in every run', async () => {
    const closing = (): ReadonlyMap<string, string> => {
      const output = execFileSync(process.execPath, ['examples/quickstart.mjs'], {
        cwd: project(),
        encoding: 'utf8',
      });
      const lines = output.trimEnd().split('\n').slice(-5);
      return new Map(lines.map((line) => line.split(': ') as [string, string]));
    };
    const last = closing();
    expect([...last.keys()]).toEqual(['table', 'version', 'rows', 'sha256', 'input']);
    const path = join(folder, 'varve-quickstart/penguins');
    for (const engine of ['delta-rs', 'spark'] as const) {
      const { sha256 } = await peer(engine).ask<Digest>('read', { path, out: join(folder, 'out') });
      expect({ engine, sha256 }).toEqual({ engine, sha256: last.get('sha256') });
    }
    expect(closing().get('sha256')).toBe(last.get('sha256'));
  });

  /** The built package and its examples in a folder of their own, so that the lake is not made in the repository. */
  function project(): string {
    mkdirSync(folder, { recursive: true });
    for (const name of ['examples', 'dist', 'package.json']) {
      cpSync(join(repositoryRoot, name), join(folder, name), { recursive: true });
    }
    try {
      symlinkSync(join(repositoryRoot, 'node_modules'), join(folder, 'node_modules'));
    } catch (error) {
      if ((error as { code?: string }).code !== 'EEXIST') throw error;
    }
    return folder;
  }
});
