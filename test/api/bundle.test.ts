import { join } from 'node:path';
import { type OutputChunk, rolldown } from 'rolldown';
import { expect, it } from 'vitest';
import { repositoryRoot } from '../support/oracle-folder.js';

it('the root bundles for a browser, with nothing of Node left in it', async () => {
  const { chunks, warnings } = await bundleForBrowser('dist/index.js');
  const own = new Set(chunks.map((chunk) => chunk.fileName));
  const outside = chunks
    .flatMap((chunk) => [...chunk.imports, ...chunk.dynamicImports])
    .filter((name) => !own.has(name));
  expect(warnings).toEqual([]);
  expect(outside).toEqual([]);
});

it('the bundle does not hold the local store', async () => {
  const { chunks } = await bundleForBrowser('dist/index.js');
  const modules = chunks.flatMap((chunk) => chunk.moduleIds);
  const nodeOnly =
    /[\\/](?:local-store|host-node|page-bytes-node|proper-lockfile[\\/].*|graceful-fs[\\/].*)\.js$/u;
  expect(modules.length).toBeGreaterThan(0);
  expect(modules.filter((id) => nodeOnly.test(id) && !id.endsWith('no-local-store.js'))).toEqual(
    [],
  );
});

async function bundleForBrowser(
  entry: string,
): Promise<{ readonly chunks: readonly OutputChunk[]; readonly warnings: readonly string[] }> {
  const warnings: string[] = [];
  const bundle = await rolldown({
    input: join(repositoryRoot, entry),
    platform: 'browser',
    onLog: (_level, log) => {
      // The sizes of packages are theirs; what could not be resolved is ours.
      if (/UNRESOLVED|EXTERNAL|MISSING/u.test(log.code ?? '')) warnings.push(log.message);
    },
  });
  try {
    const { output } = await bundle.generate({ format: 'esm' });
    return { chunks: output.filter((file) => file.type === 'chunk'), warnings };
  } finally {
    await bundle.close();
  }
}
