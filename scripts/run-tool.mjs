/**
 * Runs a TypeScript tool of test/ or bench/ on any Node: Node 20 loads no TypeScript, so the tool and the sources it
 * imports are bundled into .cache/tools/ first; packages, and `varve` itself by name, stay outside the bundle.
 * Usage: run-tool.mjs TOOL.ts [arguments of the tool]
 */
import { existsSync } from 'node:fs';
import { build } from './build.mjs';
import { inRoot, runNode } from './steps.mjs';

const [tool, ...args] = process.argv.slice(2);
if (tool === undefined || !existsSync(inRoot(tool))) {
  console.error(`usage: run-tool.mjs TOOL.ts [arguments]; there is no ${tool ?? 'tool named'}`);
  process.exit(2);
}

if (!build()) process.exit(1);
const { rolldown } = await import('rolldown');
const isPackage = /^(node:|[a-z@])/u;
const bundle = await rolldown({
  input: inRoot(tool),
  platform: 'node',
  external: (name) => isPackage.test(name),
  resolve: {
    alias: {
      '#local-store': inRoot('src/storage/local-store.ts'),
      '#page-bytes': inRoot('src/storage/parquet/page-bytes-node.ts'),
      '#parquet-host': inRoot('src/storage/parquet/host-node.ts'),
    },
  },
});
const output = `.cache/tools/${tool.replaceAll('/', '-').replace(/\.ts$/u, '.mjs')}`;
await bundle.write({ file: inRoot(output), format: 'esm', sourcemap: true, codeSplitting: false });
await bundle.close();
process.exit(runNode(output, args));
