import { codeOf } from '../common/describe-error.js';
import { PREFIX } from '../common/diagnostics.js';
import { problemOf } from '../options/option.js';
import { VERSION } from '../version.js';
import { isUsageError, UsageError } from './flags.js';
import { HELP, HELP_END, OVERVIEW } from './help.js';
import { createCleaner } from './terminal.js';

type Command = (args: string[]) => Promise<void>;

/** Commands by name. Only the code of the requested command is loaded. */
const COMMANDS = new Map<string, () => Promise<Command>>([
  ['doctor', async () => (await import('./doctor.js')).doctor],
  ['setup', async () => (await import('./setup.js')).setup],
  ['inspect', async () => (await import('./inspect.js')).inspect],
  ['pseudonym', async () => (await import('./pseudonym.js')).pseudonym],
  ['gateway', async () => (await import('./gateway.js')).gateway],
]);

const FAILED = 1;
const USAGE_ERROR = 2;

/** Runs the command in the arguments. An error becomes an exit code and one line, or the object of `doctor --json`. */
export async function runCommand([name = '', ...args]: readonly string[]): Promise<void> {
  const end = args.indexOf('--');
  const flags = args.slice(0, end < 0 ? args.length : end);
  try {
    await run(name, args, flags);
  } catch (thrown) {
    const isUsage = isUsageError(thrown);
    process.exitCode = isUsage ? USAGE_ERROR : FAILED;
    const error = createCleaner([])(problemOf(thrown));
    if (name === 'doctor' && flags.includes('--json'))
      return console.log(JSON.stringify({ error }, null, 2));
    const known = COMMANDS.has(name) ? ` ${name}` : '';
    const hint = isUsage ? `\nSee npx opentelemetry-matomo${known} --help` : '';
    console.error(`${PREFIX}${error}${hint}`);
  }
}

/**
 * Keeps a command running if the reader of its pipe exits first, as `head`
 * does. Without listeners, that would end the command halfway.
 */
export function surviveClosedPipes(): void {
  process.stderr.on('error', () => undefined);
  process.stdout.on('error', (error) => {
    if (codeOf(error) !== 'EPIPE') throw error;
  });
}

async function run(name: string, args: string[], flags: readonly string[]): Promise<void> {
  if (name === '--version' || name === '-v') return console.log(VERSION);
  if (name === '' || isHelp(name)) return showHelp();
  if (name === 'help') return showHelp(args[0]);
  const load = COMMANDS.get(name);
  if (load === undefined) throw new UsageError(`there is no command ${JSON.stringify(name)}`);
  if (flags.some(isHelp)) return showHelp(name);
  await (await load())(args);
}

function isHelp(text: string): boolean {
  return text === '--help' || text === '-h';
}

function showHelp(name = ''): void {
  process.stdout.write((HELP.get(name) ?? OVERVIEW) + HELP_END);
}
