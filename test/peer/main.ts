/**
 * Varve as a peer: what `npm run --silent peer` runs. JSON lines in, JSON lines out, as the last section of
 * peers/README.md beside the corpora says. It knows the package by its public name only, as any user does.
 */
import { Console } from 'node:console';
import { createInterface } from 'node:readline';
import { Arguments } from './arguments.js';
import { failure } from './failure.js';
import { operations } from './operations.js';

// Whatever else is printed in this process would be taken for an answer.
globalThis.console = new Console(process.stderr);

for await (const line of createInterface({ input: process.stdin, crlfDelay: Infinity })) {
  if (line.trim() === '') continue;
  const { id, answer, isLast } = await answerTo(line);
  process.stdout.write(`${JSON.stringify({ ...(id === undefined ? {} : { id }), ...answer })}\n`);
  if (isLast) break;
}

interface Reply {
  readonly id: unknown;
  readonly answer: object;
  readonly isLast: boolean;
}

async function answerTo(line: string): Promise<Reply> {
  let id: unknown;
  try {
    const args = Arguments.parse(line);
    id = args.id;
    const run = operations[args.op];
    if (run === undefined) throw args.invalid('op', `one of ${Object.keys(operations).join(', ')}`);
    const answer = await run(args);
    return { id, answer: { ok: true, ...answer }, isLast: args.op === 'shutdown' };
  } catch (error) {
    return { id, answer: failure(error), isLast: false };
  }
}
