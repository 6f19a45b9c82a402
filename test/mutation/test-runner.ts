/** Runs the tests of one module again and again, with the module's text as it is given each time. */
import { resolve } from 'node:path';
import { createVitest, type Vitest } from 'vitest/node';
import type { Held } from './modules.js';

/** Where a module that counts leaves what it counted: one file for each test file. */
export const COUNTS: string = resolve('.cache/mutation');

const ONE_TEST_MS = 10_000;

export class TestRunner {
  readonly #vitest: Vitest;
  readonly #module: string;
  readonly #tests: readonly string[];
  readonly #text: { code: string | undefined };

  private constructor(vitest: Vitest, held: Held, text: { code: string | undefined }) {
    this.#vitest = vitest;
    this.#module = resolve(held.file);
    this.#tests = held.tests.map((test) => resolve(test));
    this.#text = text;
  }

  static async of(held: Held): Promise<TestRunner> {
    const text: { code: string | undefined } = { code: undefined };
    const module = resolve(held.file);
    const source = (path: string): string => resolve('src', path);
    const vitest = await createVitest(
      'test',
      {
        config: false,
        watch: false,
        include: [...held.tests],
        reporters: [{}],
        bail: 1,
        testTimeout: ONE_TEST_MS,
        setupFiles: [resolve('test/mutation/leave-counts.ts')],
      },
      {
        resolve: {
          alias: {
            '#local-store': source('storage/local-store.ts'),
            '#page-bytes': source('storage/parquet/page-bytes-node.ts'),
            '#parquet-host': source('storage/parquet/host-node.ts'),
          },
        },
        plugins: [
          {
            name: 'module-under-test',
            enforce: 'pre',
            load: (id: string) => (id.split('?')[0] === module ? text.code : undefined),
          },
        ],
      },
    );
    return new TestRunner(vitest, held, text);
  }

  /** Whether every test passes when the module's text is `code`. */
  async passes(code: string): Promise<boolean> {
    this.#text.code = code;
    this.#vitest.invalidateFile(this.#module);
    const specifications = await this.#vitest.globTestSpecifications([...this.#tests]);
    const { testModules, unhandledErrors } = await this.#vitest.runTestSpecifications(
      specifications,
      true,
    );
    return unhandledErrors.length === 0 && testModules.every((module) => module.ok());
  }

  async close(): Promise<void> {
    await this.#vitest.close();
  }
}
