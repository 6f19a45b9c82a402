/** `describe` with an Azure Storage emulator: one for a test file, a container for each test. */
import { afterAll, beforeAll, describe, it } from 'vitest';
import {
  type Azurite,
  azuriteFolder,
  type RunningAzurite,
  startAzurite,
  type TlsFiles,
} from './azurite-process.js';

export type { Azurite, TlsFiles } from './azurite-process.js';

/** `describe` with an emulator; skipped by name where it cannot be installed, which in CI is a failure. */
export function describeWithAzurite(
  title: string,
  body: (azurite: Azurite) => void,
  tls?: TlsFiles,
): void {
  if (azuriteFolder() === undefined) {
    if (process.env['CI'] === 'true') {
      it(`${title}: azurite cannot be installed`, () => {
        throw new Error('npm ci of test/azurite failed');
      });
    } else {
      it.skip(`${title}: azurite cannot be installed`, () => undefined);
    }
    return;
  }
  describe(title, () => {
    let running: RunningAzurite | undefined;
    const started = (): RunningAzurite => {
      if (running === undefined) throw new Error('the emulator runs during tests only');
      return running;
    };
    beforeAll(async () => {
      running = await startAzurite(tls);
    });
    afterAll(() => running?.close());
    body({
      connectionString: (port) => started().connectionString(port),
      get port() {
        return started().port;
      },
      container: async () => await started().container(),
    });
  });
}
