/** The API report in etc/ of each entry of package.json's `exports`, made from dist/. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inRoot, root } from './steps.mjs';

const manifest = JSON.parse(readFileSync(inRoot('package.json'), 'utf8'));

/** The entries that have types: name of the report, and the declaration file it is made from. */
const entries = Object.entries(manifest.exports)
  .filter(([, target]) => typeof target === 'object')
  .map(([name, target]) => ({
    report: ['varve', ...name.split('/').slice(1)].join('-'),
    declaration: inRoot(target.types),
  }));

/**
 * Writes the reports; with `check` nothing is written, and one that differs is a fault.
 * @returns whether all is well
 */
export async function reportApi({ check }) {
  const { Extractor, ExtractorConfig } = await import('@microsoft/api-extractor');
  mkdirSync(inRoot('etc'), { recursive: true });
  const temporary = mkdtempSync(join(tmpdir(), 'varve-api-'));
  let isGood = true;
  for (const { report, declaration } of entries) {
    if (!existsSync(declaration)) {
      console.error(`${report}: ${declaration} does not exist`);
      isGood = false;
      continue;
    }
    const extractorConfig = ExtractorConfig.prepare({
      configObject: configFor(report, declaration, temporary),
      configObjectFullPath: undefined,
      packageJsonFullPath: inRoot('package.json'),
    });
    const result = Extractor.invoke(extractorConfig, {
      localBuild: !check,
      showVerboseMessages: false,
      messageCallback: (message) => {
        if (message.messageId === 'console-compiler-version-notice') message.handled = true;
      },
    });
    const isCurrent = result.succeeded && !(check && result.apiReportChanged);
    console.log(
      `${report}.api.md: ${isCurrent ? 'ok' : 'differs, or has errors: run npm run api'}`,
    );
    isGood &&= isCurrent;
  }
  rmSync(temporary, { recursive: true, force: true });
  return isGood;
}

function configFor(report, declaration, temporary) {
  const silent = { logLevel: 'none' };
  const strict = { logLevel: 'error' };
  return {
    projectFolder: root,
    mainEntryPointFilePath: declaration,
    apiReport: {
      enabled: true,
      reportFileName: `${report}.api.md`,
      reportFolder: inRoot('etc'),
      reportTempFolder: temporary,
    },
    docModel: { enabled: false },
    dtsRollup: { enabled: false },
    tsdocMetadata: { enabled: false },
    compiler: { tsconfigFilePath: inRoot('tsconfig.api.json') },
    messages: {
      compilerMessageReporting: { default: strict },
      // Field names that say it all need no words, and what an entry lends from the root is in the root's report.
      extractorMessageReporting: {
        default: strict,
        'ae-missing-release-tag': silent,
        'ae-undocumented': silent,
        'ae-forgotten-export': silent,
      },
      tsdocMessageReporting: { default: strict },
    },
  };
}
