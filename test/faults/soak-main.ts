/** `npm run soak -- [--minutes N] [--seed N]`: R15 for as long as wanted; tells how the heap's size went. */
import { parseArgs } from 'node:util';
import { formatLine } from './line.js';
import { soakFor } from './soak.js';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '1' },
    seed: { type: 'string', default: '1' },
  },
});
const seed = Number(values.seed);
const start = performance.now();
const { count, violations, heapMibPerMinute } = await soakFor(Number(values.minutes), seed);
const what = `steps of a soak, the heap ${heapMibPerMinute.toFixed(2)} MiB a minute`;
console.log(formatLine({ id: 'R15', what, count, seed, violations }, performance.now() - start));
for (const violation of violations.slice(0, 20)) console.log(`   ${violation}`);
process.exitCode = violations.length === 0 ? 0 : 1;
