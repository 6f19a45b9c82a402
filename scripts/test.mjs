/**
 * `npm test`: installs if needed, builds, runs the tests; the last line is `N passed, N failed`.
 * Usage: test.mjs [--project main|golden|interop|accounts]... [vitest's filters and options]      (no project: main)
 */
import { readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from './build.mjs';
import { closingLine } from './closing-line.mjs';
import { runNode } from './steps.mjs';

const args = process.argv.slice(2);
const projects = args.some((arg) => arg.startsWith('--project')) ? [] : ['--project', 'main'];

console.log(`node ${process.version}`);
if (!build()) {
  console.log('the build failed; no test ran');
  console.log(closingLine({ passed: 0, failed: 1, skipped: 0 }));
  process.exit(1);
}

const report = join(tmpdir(), `varve-test-${process.pid}.json`);
const status = runNode('node_modules/vitest/vitest.mjs', [
  'run',
  ...projects,
  '--reporter=default',
  '--reporter=json',
  `--outputFile.json=${report}`,
  ...args,
]);
const counts = readCounts();
if (status !== 0 && counts.failed === 0) {
  console.log(`vitest ended with status ${status}: an error outside of any test`);
  counts.failed = 1;
}
if (counts.passed + counts.failed === 0) {
  console.log('no test ran');
  counts.failed = 1;
}
console.log(closingLine(counts));
process.exit(counts.failed === 0 ? 0 : 1);

function readCounts() {
  let results;
  try {
    results = JSON.parse(readFileSync(report, 'utf8'));
  } catch {
    console.log('vitest left no report');
    return { passed: 0, failed: 1, skipped: 0 };
  } finally {
    rmSync(report, { force: true });
  }
  const brokenFiles = results.testResults.filter(
    (file) =>
      file.status === 'failed' && file.assertionResults.every((test) => test.status !== 'failed'),
  );
  return {
    passed: results.numPassedTests,
    failed: results.numFailedTests + brokenFiles.length,
    skipped: results.numPendingTests + results.numTodoTests,
  };
}
