/**
 * `npm run test:faults -- [--only R2,R4] [--seed N] [--scale S]`: attacks the commit and prints a line for each check;
 * the last is `N lines, 0 violations`. Two checks run at a time, each in a process of its own.
 * `--only R2 --seed N --history M [--variant V]` runs one history again and tells it turn by turn.
 */
import { fork } from 'node:child_process';
import { parseArgs } from 'node:util';
import { CHECKS } from './checks.js';
import { tellHistory } from './histories.js';
import { type FaultLine, type FaultOptions, formatLine, VARIANTS } from './line.js';

const AT_ONCE = 2;
/** How many violations of a check are shown. */
const SHOWN = 10;
/** A check that takes longer has found something, if only a hang. */
const LIMIT_MS = 10 * 60_000;

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      only: { type: 'string' },
      seed: { type: 'string', default: '1' },
      scale: { type: 'string', default: '1' },
      check: { type: 'string' },
      history: { type: 'string' },
      variant: { type: 'string' },
    },
  });
  const options: FaultOptions = { seed: Number(values.seed), scale: Number(values.scale) };
  if (values.history !== undefined) {
    const variant = VARIANTS.find((name) => name === values.variant);
    const lines = await tellHistory(options.seed, Number(values.history), variant);
    console.log(lines.join('\n'));
    return lines.some((line) => line.startsWith('broken: ')) ? 1 : 0;
  }
  if (values.check !== undefined) return await runHere(values.check, options);
  const ids = values.only?.split(',') ?? Object.keys(CHECKS);
  const absent = ids.filter((id) => !(id in CHECKS));
  if (absent.length > 0) {
    console.error(`there is no ${absent.join(', ')}; there are: ${Object.keys(CHECKS).join(', ')}`);
    return 2;
  }
  let violations = 0;
  const waiting = [...ids];
  const work = async (): Promise<void> => {
    for (let id = waiting.shift(); id !== undefined; id = waiting.shift()) {
      const start = performance.now();
      const line = await runApart(id, options);
      violations += line.violations.length;
      report(line, performance.now() - start);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  console.log(`${ids.length} lines, ${violations} violations`);
  return violations === 0 ? 0 : 1;
}

function report(line: FaultLine, ms: number): void {
  console.log(formatLine(line, ms));
  for (const violation of line.violations.slice(0, SHOWN)) console.log(`   ${violation}`);
}

/** Runs a check in a process of its own; however that ends, there is a line. */
function runApart(id: string, { seed, scale }: FaultOptions): Promise<FaultLine> {
  const args = ['--check', id, '--seed', String(seed), '--scale', String(scale)];
  const child = fork(process.argv[1] ?? '', args, {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    // The AWS client's notice to users of Node 20 is eight lines for each check that loads it.
    env: { ...process.env, AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true' },
  });
  const timer = setTimeout(() => child.kill('SIGKILL'), LIMIT_MS);
  let line: FaultLine | undefined;
  child.on('message', (message) => (line = message as FaultLine));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (status, signal) => {
      clearTimeout(timer);
      if (line !== undefined && status === 0) resolve(line);
      else resolve(fallen(id, seed, `the check ended with ${signal ?? String(status)}`));
    });
  });
}

function fallen(id: string, seed: number, violation: string): FaultLine {
  return { id, what: 'the check itself', count: 0, seed, violations: [violation] };
}

async function runHere(id: string, options: FaultOptions): Promise<number> {
  const check = CHECKS[id];
  if (check === undefined) return 2;
  const start = performance.now();
  const line = await check(options);
  if (process.send === undefined) report(line, performance.now() - start);
  else process.send(line, () => process.disconnect());
  return 0;
}

process.exitCode = await main();
