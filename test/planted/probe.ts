/**
 * One planted fault, or none, and the check that must catch it: `probe [NAME] --check CHECK --limit N`. Bundled with the
 * fault's edits made. The last line is what caught it, as JSON, or `null`.
 */
import { parseArgs } from 'node:util';
import { SEEDED_CHECKS } from './checks.js';
import { PLANTED_FAULTS } from './faults.js';
import type { CheckName } from './planted.js';

const { values, positionals } = parseArgs({
  options: { check: { type: 'string' }, limit: { type: 'string' } },
  allowPositionals: true,
});
const fault = PLANTED_FAULTS.find(({ name }) => name === positionals[0]);
const check = SEEDED_CHECKS[values.check as CheckName];
const caught = await check(Number(values.limit), fault?.seam ?? {});
process.stdout.write(`\n${JSON.stringify(caught ?? null)}\n`);
// A crashed process of the sweeps waits for ever.
process.exit(0);
