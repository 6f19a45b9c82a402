import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const source = (path: string): string => fileURLToPath(new URL(`src/${path}`, import.meta.url));

const PEER_TIMEOUT_MS = 180_000;

/** The suites that ask other engines: slow to start, and run by scripts of their own. */
const ORACLE_SUITES = ['golden', 'interop'] as const;

export default defineConfig({
  resolve: {
    alias: {
      '#local-store': source('storage/local-store.ts'),
      '#page-bytes': source('storage/parquet/page-bytes-node.ts'),
      '#parquet-host': source('storage/parquet/host-node.ts'),
    },
  },
  test: {
    projects: [
      {
        extends: true,
        test: {
          name: 'main',
          include: ['test/**/*.test.ts'],
          exclude: [...ORACLE_SUITES, 'accounts'].map((suite) => `test/${suite}/**`),
          globalSetup: ['test/support/peer-broker.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      ...ORACLE_SUITES.map((suite) => ({
        extends: true as const,
        test: {
          name: suite,
          include: [`test/${suite}/**/*.test.ts`],
          globalSetup: ['test/support/peer-broker.ts'],
          testTimeout: PEER_TIMEOUT_MS,
          hookTimeout: PEER_TIMEOUT_MS,
        },
      })),
      {
        extends: true,
        test: {
          name: 'accounts',
          include: ['test/accounts/**/*.test.ts'],
          testTimeout: PEER_TIMEOUT_MS,
        },
      },
    ],
  },
});
