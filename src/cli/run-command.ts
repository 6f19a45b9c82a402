/** One call of `varve`: its arguments to a command, and every failure to words and a status. */
import { parseArgs } from 'node:util';
import { isVarveError, VERSION } from '../index.js';
import { changes } from './changes.js';
import type { Command, CommandOptions } from './command.js';
import { head } from './head.js';
import { history } from './history.js';
import { pins } from './pins.js';
import { show } from './show.js';

/** Where a command's words go. */
export interface Terminal {
  readonly print: (text: string) => void;
  readonly complain: (text: string) => void;
}

const COMMANDS: ReadonlyMap<string, Command> = new Map<string, Command>([
  ['show', show],
  ['history', history],
  ['head', head],
  ['changes', changes],
  ['pins', pins],
]);

export const USAGE = `usage: varve <command> URL [--json]

  varve show URL                   version, schema, files and properties
  varve history URL                what was committed, newest first
  varve head URL [--version N] [--where CONDITION]
                                   the first rows, of those that meet a condition in SQL
  varve changes URL [--from N] [--to N]
                                   what each version changed; --json: a line for each changed row
  varve pins URL                   names for versions that are kept

URL is a folder, a file: URL or an https: URL. --json prints JSON. varve --help shows this, varve --version the version.`;

const FAILED = 1;
const WRONG_CALL = 2;

/** Runs a command. @returns the exit status: 0, 1 when it failed, 2 for a wrong call */
export async function runCommand(args: readonly string[], terminal: Terminal): Promise<number> {
  if (args.includes('--help')) {
    terminal.print(USAGE);
    return 0;
  }
  if (args.length === 1 && args[0] === '--version') {
    terminal.print(VERSION);
    return 0;
  }
  const call = parseCall(args);
  if (typeof call === 'string') {
    terminal.complain(`varve: ${call}\n\n${USAGE}`);
    return WRONG_CALL;
  }
  try {
    const said = call.command(call.url, call.options);
    if (Symbol.asyncIterator in said) for await (const line of said) terminal.print(line);
    else terminal.print(await said);
    return 0;
  } catch (error) {
    if (!isVarveError(error)) throw error;
    terminal.complain(`varve: ${error.code}: ${error.message}`);
    return error.code === 'INVALID_ARGUMENT' ? WRONG_CALL : FAILED;
  }
}

interface Call {
  readonly command: Command;
  readonly url: string;
  readonly options: CommandOptions;
}

/** The call, or what is wrong with it. */
function parseCall(args: readonly string[]): Call | string {
  let parsed: ReturnType<typeof parse>;
  try {
    parsed = parse(args);
  } catch (error) {
    return error instanceof Error ? error.message : 'the arguments cannot be read';
  }
  const [name, url, ...more] = parsed.positionals;
  if (name === undefined) return 'name a command';
  const command = COMMANDS.get(name);
  if (command === undefined) return `there is no command ${name}`;
  if (url === undefined) return `${name} needs the URL of a table`;
  if (more.length > 0) return `${name} takes one URL`;
  const { json, where, ...numbers } = parsed.values;
  if (where !== undefined && name !== 'head') return '--where goes with head';
  const options: { [option in NumberOption]?: number } = {};
  for (const [option, text] of Object.entries(numbers) as [NumberOption, string][]) {
    if (NUMBER_OPTIONS[option] !== name) return `--${option} goes with ${NUMBER_OPTIONS[option]}`;
    if (!/^\d{1,15}$/.test(text)) return `--${option} takes a number`;
    options[option] = Number(text);
  }
  const { version, from, to } = options;
  return { command, url, options: { json, version, from, to, where } };
}

/** Options that take a number, each with its command. */
const NUMBER_OPTIONS = { version: 'head', from: 'changes', to: 'changes' } as const;
type NumberOption = keyof typeof NUMBER_OPTIONS;

function parse(args: readonly string[]): {
  readonly positionals: readonly string[];
  readonly values: { readonly json: boolean; readonly where?: string | undefined } & {
    readonly [option in NumberOption]?: string | undefined;
  };
} {
  return parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      json: { type: 'boolean', default: false },
      version: { type: 'string' },
      from: { type: 'string' },
      to: { type: 'string' },
      where: { type: 'string' },
    },
  });
}
