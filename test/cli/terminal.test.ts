import { PassThrough } from 'node:stream';
import { stripVTControlCharacters } from 'node:util';
import { describe, expect, test } from 'vitest';
import { confirm, promptSecret } from '../../src/cli/terminal.js';
import { createToPseudonym } from '../../src/hit/visitor/pseudonym.js';
import { eventually, startProgram } from '../support/child-process.js';
import { environmentOf, MAIN } from '../support/cli.js';
import { tokenOf } from '../support/matomo-api.js';
import { requires } from '../support/skips.js';
import { startMatomoSite } from './matomo-site.js';

const TOKEN = tokenOf('write');
const CTRL_C = '\x03';

/** Streams of a terminal at which this was typed. */
function typing(text: string, redirected?: 'stdin' | 'stderr') {
  const stdin = Object.assign(new PassThrough(), { isTTY: redirected !== 'stdin' });
  const stderr = Object.assign(new PassThrough(), { isTTY: redirected !== 'stderr', columns: 80 });
  stdin.write(text);
  return { terminal: { stdin, stderr } as never, screen: () => String(stderr.read()) };
}

test.each<[typed: string, isYes: boolean]>([
  [' YES \r', true],
  ['\r', false],
  ['yeah\r', false],
  [CTRL_C, false],
])('a question is confirmed by yes only: %j', async (typed, isYes) => {
  const { terminal, screen } = typing(typed);
  expect(await confirm('Really?', terminal)).toBe(isYes);
  expect(stripVTControlCharacters(screen())).toMatch(/^Really\? \[y\/N\] /);
});

test.each(['stdin', 'stderr'] as const)('nobody is asked if %s is not a terminal', async (name) => {
  const { terminal, screen } = typing('y\r', name);
  expect(await confirm('Really?', terminal)).toBeUndefined();
  expect(await promptSecret('Token: ', terminal)).toBeUndefined();
  expect(screen()).toBe('null');
});

/** Runs `node ...args` at a terminal of its own that echoes what is typed, unless the command switches that off. */
function startTerminal(args: readonly string[], env: Readonly<Record<string, string>>) {
  const command = [process.execPath, ...args].map((word) => `'${word}'`).join(' ');
  const script = ['script', '-qe', '-E', 'always', '-c', command, '/dev/null'];
  const child = startProgram(script, { env: { TERM: 'xterm', ...env }, hasInput: true });
  const screen = child.stdout;
  let seen = 0;
  /** Waits for a text on the screen, then types. */
  async function answer(prompt: string, typed: string): Promise<void> {
    const describe = () => `${prompt} in:\n${screen()}`;
    await eventually(() => screen().slice(seen).includes(prompt), { describe });
    seen = screen().length;
    child.type(typed);
  }
  return { screen, answer, exit: async () => (await child.ended).code };
}

describe('at a terminal', () => {
  requires('terminal');

  test('the token is typed without an echo, the plan confirmed, and the lines are printed', async () => {
    const matomo = await startMatomoSite();
    const { MATOMO_SETUP_TOKEN: _, ...env } = environmentOf(matomo);
    const terminal = startTerminal([MAIN, 'setup'], env);
    await terminal.answer('(not shown): ', `${TOKEN}\r`);
    await terminal.answer('Make 4 changes in Matomo? [y/N]', 'y\r');
    expect(await terminal.exit()).toBe(0);
    const screen = terminal.screen();
    expect(screen).toContain('  + create   HTTP method');
    expect(stripVTControlCharacters(screen)).toContain('[y/N] y');
    expect(screen).toContain("export MATOMO_TOKEN_AUTH='<your token>'");
    expect(screen).not.toContain(TOKEN);
    expect(matomo.writes()).toHaveLength(4);
  });

  test('pseudonym reads a key without an echo', async () => {
    const env = { MATOMO_VISITOR_KEY: 'a-visitor-key' };
    const terminal = startTerminal([MAIN, 'pseudonym'], env);
    await terminal.answer('(not shown): ', 'key5ec2e7\r');
    expect(await terminal.exit()).toBe(0);
    expect(terminal.screen()).toContain(createToPseudonym('a-visitor-key')('key5ec2e7'));
    expect(terminal.screen()).not.toContain('5ec2e7');
  });
});
