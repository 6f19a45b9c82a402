/**
 * `npm run test:planted`: shows that the harness has teeth. Histories without a fault break no rule; each planted fault
 * is caught. `--fault NAME --seed S` replays one history and prints its trace.
 */
import { parseArgs } from 'node:util';
import { type Planted, runHistory } from '../model/history.js';
import { judge, type Violation } from '../model/judge.js';
import { programOf } from '../model/program.js';
import { PLANTED } from './faults.js';

/** Histories without a fault, and the most that a fault may take to be caught. */
const HISTORIES = 400;

interface Caught {
  readonly seed: number;
  readonly histories: number;
  readonly violation: Violation;
}

/** The first history that breaks a rule. */
async function firstViolation(planted: Planted): Promise<Caught | undefined> {
  for (let seed = 1; seed <= HISTORIES; seed++) {
    const [violation] = judge(await runHistory(programOf(seed), seed, planted));
    if (violation !== undefined) return { seed, histories: seed, violation };
  }
  return undefined;
}

async function replayOne(name: string, seed: number): Promise<number> {
  const planted = name === 'none' ? {} : PLANTED[name];
  if (planted === undefined) {
    console.error(`there is no fault ${name}; there are: none, ${Object.keys(PLANTED).join(', ')}`);
    return 2;
  }
  const history = await runHistory(programOf(seed), seed, planted);
  console.log(history.trace.join('\n'));
  for (const { op, step, result } of history.outcomes) {
    console.log(`${op} ${step.kind}: ${JSON.stringify(result)}`);
  }
  const violations = judge(history);
  for (const { rule, detail } of violations) console.log(`broken: ${rule}; ${detail}`);
  return violations.length === 0 ? 0 : 1;
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: { fault: { type: 'string' }, seed: { type: 'string' } },
  });
  if (values.fault !== undefined) return await replayOne(values.fault, Number(values.seed ?? 1));
  const clean = await firstViolation({});
  if (clean !== undefined) {
    console.log(
      `without a fault: broken at seed ${clean.seed}: ${clean.violation.rule}; ${clean.violation.detail}`,
    );
    return 1;
  }
  console.log(`without a fault: ${HISTORIES} histories, 0 violations`);
  const names = Object.keys(PLANTED);
  let caught = 0;
  for (const name of names) {
    const found = await firstViolation(PLANTED[name] ?? {});
    if (found === undefined) {
      console.log(`${name}: missed in ${HISTORIES} histories`);
      continue;
    }
    caught++;
    const { seed, histories, violation } = found;
    console.log(
      `${name}: seed ${seed}, ${histories} histories, broken: ${violation.rule}; ${violation.detail}`,
    );
  }
  console.log(`caught ${caught} of ${names.length}`);
  return caught === names.length ? 0 : 1;
}

process.exitCode = await main();
