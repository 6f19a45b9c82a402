/** What is held to: the modules that decide whether a commit is right, and the tests that must notice. */
export interface Held {
  readonly file: string;
  readonly tests: readonly string[];
}

const log = (name: string, ...tests: readonly string[]): Held => ({
  file: `src/log/${name}.ts`,
  tests: tests.map((test) => `test/log/${test}.test.ts`),
});

export const MODULES: readonly Held[] = [
  log('commit', 'commit', 'commit-races'),
  log('committer', 'committer'),
  log('conflict', 'conflict'),
  log('conflict-metadata', 'conflict-metadata'),
  log('isolation', 'isolation'),
  log('rebase', 'rebase'),
  log('rebase-metadata', 'rebase'),
  log('row-tracking', 'row-tracking', 'rebase', 'conflict'),
  log('check-actions', 'check-actions'),
  log('replay', 'replay'),
  log('action-path', 'action-path'),
  log('log-path', 'log-path'),
];
