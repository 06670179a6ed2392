#!/usr/bin/env node
import { PREFIX, withoutUserInfo } from '../common/diagnostics.js';
import { problemOf } from '../options/option-error.js';
import { VERSION } from '../version.js';
import { HELP, HELP_END, OVERVIEW } from './help.js';
import { isUsageError, UsageError } from './usage-error.js';

type Command = (args: string[]) => Promise<void>;

/** Commands by name. Only the code of one is loaded. */
const COMMANDS: Readonly<Record<string, () => Promise<Command>>> = {
  doctor: async () => (await import('./doctor.js')).doctor,
  setup: async () => (await import('./setup.js')).setup,
  inspect: async () => (await import('./inspect.js')).inspect,
  pseudonym: async () => (await import('./pseudonym.js')).pseudonym,
  spool: async () => (await import('./spool.js')).spool,
  gateway: async () => (await import('./gateway.js')).gateway,
  replay: async () => (await import('./replay.js')).replay,
};

const FAILED = 1;
const USAGE_ERROR = 2;

const [name, ...args] = process.argv.slice(2);
try {
  await run(name, args);
} catch (error) {
  const isUsage = isUsageError(error);
  const known = name !== undefined && Object.hasOwn(COMMANDS, name) ? ` ${name}` : '';
  const hint = isUsage ? `\nSee npx opentelemetry-matomo${known} --help` : '';
  console.error(`${PREFIX}${withoutUserInfo(problemOf(error))}${hint}`);
  process.exitCode = isUsage ? USAGE_ERROR : FAILED;
}

async function run(name: string | undefined, args: string[]): Promise<void> {
  if (name === '--version' || name === '-v') return console.log(VERSION);
  if (name === undefined || isHelp(name)) return showHelp(OVERVIEW);
  if (name === 'help') return showHelp(helpOf(args[0]));
  const load = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (load === undefined) throw new UsageError(`there is no command ${JSON.stringify(name)}`);
  const end = args.indexOf('--');
  if (args.slice(0, end < 0 ? args.length : end).some(isHelp)) return showHelp(helpOf(name));
  await (await load())(args);
}

function isHelp(text: string): boolean {
  return text === '--help' || text === '-h';
}

function helpOf(name: string | undefined): string {
  return (name !== undefined && Object.hasOwn(HELP, name) && HELP[name]) || OVERVIEW;
}

function showHelp(text: string): void {
  process.stdout.write(text + HELP_END);
}
