#!/usr/bin/env node
/** `varve`: looking at tables from a terminal. */
import process from 'node:process';
import { runCommand } from './run-command.js';

process.exitCode = await runCommand(process.argv.slice(2), {
  print: (text) => console.log(text),
  complain: (text) => console.error(text),
});
