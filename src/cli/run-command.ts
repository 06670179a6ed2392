import { PREFIX, withoutUserInfo } from '../common/diagnostics.js';
import { problemOf } from '../options/parser.js';
import { VERSION } from '../version.js';
import { HELP, HELP_END, OVERVIEW } from './help.js';
import { isUsageError, UsageError } from './usage-error.js';

type Command = (args: string[]) => Promise<void>;

/** Commands by name. Only the code of one is loaded. */
const COMMANDS = new Map<string, () => Promise<Command>>([
  ['doctor', async () => (await import('./doctor.js')).doctor],
  ['setup', async () => (await import('./setup.js')).setup],
  ['inspect', async () => (await import('./inspect.js')).inspect],
  ['pseudonym', async () => (await import('./pseudonym.js')).pseudonym],
  ['spool', async () => (await import('./spool.js')).spool],
  ['gateway', async () => (await import('./gateway.js')).gateway],
  ['replay', async () => (await import('./replay.js')).replay],
]);

const FAILED = 1;
const USAGE_ERROR = 2;

/** Runs the command that the arguments name. An error becomes one line and an exit code. */
export async function runCommand([name = '', ...args]: readonly string[]): Promise<void> {
  try {
    await run(name, args);
  } catch (error) {
    const isUsage = isUsageError(error);
    const known = COMMANDS.has(name) ? ` ${name}` : '';
    const hint = isUsage ? `\nSee npx opentelemetry-matomo${known} --help` : '';
    console.error(`${PREFIX}${withoutUserInfo(problemOf(error))}${hint}`);
    process.exitCode = isUsage ? USAGE_ERROR : FAILED;
  }
}

async function run(name: string, args: string[]): Promise<void> {
  if (name === '--version' || name === '-v') return console.log(VERSION);
  if (name === '' || isHelp(name)) return showHelp();
  if (name === 'help') return showHelp(args[0]);
  const load = COMMANDS.get(name);
  if (load === undefined) throw new UsageError(`there is no command ${JSON.stringify(name)}`);
  const end = args.indexOf('--');
  if (args.slice(0, end < 0 ? args.length : end).some(isHelp)) return showHelp(name);
  await (await load())(args);
}

function isHelp(text: string): boolean {
  return text === '--help' || text === '-h';
}

function showHelp(name = ''): void {
  process.stdout.write((HELP.get(name) ?? OVERVIEW) + HELP_END);
}
