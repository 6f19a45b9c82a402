/**
 * The checks that are not tests. Usage: check.mjs [lint] [types] [format] [api] [--write]      (none named: all)
 * `--write` mends the format and writes the API reports. The last line is `N passed, N failed`, a check counting one.
 */
import { reportApi } from './api.mjs';
import { build } from './build.mjs';
import { closingLine } from './closing-line.mjs';
import { ensureInstalled, runNode, TSC } from './steps.mjs';

const write = process.argv.includes('--write');

const checks = {
  lint: () => runNode('node_modules/oxlint/bin/oxlint') === 0,
  types: () => runNode(TSC, ['-p', 'tsconfig.json']) === 0,
  format: () =>
    runNode('node_modules/@biomejs/biome/bin/biome', write ? ['check', '--write'] : ['ci']) === 0,
  api: () => reportApi({ check: !write }),
};

const asked = process.argv.slice(2).filter((arg) => arg !== '--write');
const names = asked.length === 0 ? Object.keys(checks) : asked;
const unknown = names.filter((name) => !Object.hasOwn(checks, name));
if (unknown.length > 0) {
  console.error(`unknown check ${unknown.join(', ')}; there are ${Object.keys(checks).join(', ')}`);
  process.exit(2);
}

console.log(`node ${process.version}`);
// Types and reports are made from dist/: the peer program and the tests import the package by its name.
const needsBuild = names.some((name) => name === 'types' || name === 'api');
if (!(needsBuild ? build() : ensureInstalled())) {
  console.log(closingLine({ passed: 0, failed: names.length, skipped: 0 }));
  process.exit(1);
}

const failed = [];
for (const name of names) {
  const isGood = await checks[name]();
  console.log(`${name}: ${isGood ? 'ok' : 'failed'}`);
  if (!isGood) failed.push(name);
}
console.log(
  closingLine({ passed: names.length - failed.length, failed: failed.length, skipped: 0 }),
);
process.exit(failed.length === 0 ? 0 : 1);
