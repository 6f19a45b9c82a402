#!/usr/bin/env node
/** `varve`: looking at tables from a terminal. */
import process from 'node:process';
import { runCommand } from './run-command.js';

process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  // Who reads has enough, as `head` has after its lines.
  if (error.code === 'EPIPE') process.exit(0);
  console.error(`varve: the output cannot be written: ${error.message}`);
  process.exit(1);
});

process.exitCode = await runCommand(process.argv.slice(2), {
  print: (text) => console.log(text),
  complain: (text) => console.error(text),
});
