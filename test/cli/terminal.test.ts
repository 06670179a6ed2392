import { stripVTControlCharacters } from 'node:util';
import { describe, expect, test } from 'vitest';
import { createToPseudonym } from '../../src/hit/visitor/pseudonym.js';
import { environmentOf, MAIN } from '../support/cli.js';
import { tokenOf } from '../support/matomo-api.js';
import { requires } from '../support/skips.js';
import { startMatomoSite } from './matomo-site.js';
import { startTerminal } from './terminal.js';

const TOKEN = tokenOf('write');
const GREEN_PLUS = '\x1b[32m+\x1b[0m';

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
    expect(screen).toContain(`${GREEN_PLUS} dimension  HTTP method`);
    expect(stripVTControlCharacters(screen)).toContain('[y/N] y');
    expect(screen).toContain('Creating the dimension "Route" … done');
    expect(screen).toContain("export MATOMO_TOKEN_AUTH='<your token>'");
    expect(screen).not.toContain(TOKEN);
    expect(matomo.dimensions).toHaveLength(4);
  });

  test.each([
    ['n', 'n\r'],
    ['Enter', '\r'],
    ['anything else', 'yeah\r'],
    ['Ctrl+C', '\x03'],
    ['Ctrl+D', '\x04'],
  ])('%s at the confirmation changes nothing', async (_what, typed) => {
    const matomo = await startMatomoSite();
    const terminal = startTerminal([MAIN, 'setup'], environmentOf(matomo));
    await terminal.answer('[y/N]', typed);
    expect(await terminal.exit()).toBe(1);
    expect(terminal.screen()).toContain('Nothing was changed.');
    expect(terminal.screen()).not.toContain('export');
    expect(matomo.writes()).toEqual([]);
  });

  test.each([
    ['Ctrl+C', '\x03'],
    ['Ctrl+D', '\x04'],
    ['Enter', '\r'],
  ])('%s at the prompt for the token asks nothing of Matomo', async (_what, typed) => {
    const matomo = await startMatomoSite();
    const { MATOMO_SETUP_TOKEN: _, ...env } = environmentOf(matomo);
    const terminal = startTerminal([MAIN, 'setup'], env);
    await terminal.answer('(not shown): ', typed);
    expect(await terminal.exit()).toBe(2);
    expect(matomo.requests).toEqual([]);
  });

  test('pseudonym reads a key without an echo', async () => {
    const env = { MATOMO_VISITOR_KEY: 'a-visitor-key' };
    const terminal = startTerminal([MAIN, 'pseudonym'], env);
    await terminal.answer('(not shown): ', 'key5ec2e7\r');
    expect(await terminal.exit()).toBe(0);
    expect(terminal.screen()).toContain(createToPseudonym('a-visitor-key')('key5ec2e7'));
    expect(terminal.screen()).not.toContain('5ec2e7');
  });

  test('a token that is mistyped is not shown, and there is no second prompt', async () => {
    const matomo = await startMatomoSite();
    const { MATOMO_SETUP_TOKEN: _, ...env } = environmentOf(matomo);
    const terminal = startTerminal([MAIN, 'setup'], env);
    await terminal.answer('(not shown): ', `${TOKEN} x\r`);
    expect(await terminal.exit()).toBe(2);
    expect(terminal.screen()).not.toContain(TOKEN);
    expect(terminal.screen().match(/not shown/g)).toHaveLength(1);
  });

  test.each<[string, string[], Record<string, string>]>([
    ['NO_COLOR', ['--dry-run'], { NO_COLOR: '1' }],
    ['a dumb terminal', ['--dry-run'], { TERM: 'dumb' }],
  ])('%s: no colors', async (_what, args, given) => {
    const matomo = await startMatomoSite();
    const terminal = startTerminal([MAIN, 'setup', ...args], {
      ...environmentOf(matomo),
      ...given,
    });
    expect(await terminal.exit()).toBe(0);
    expect(terminal.screen()).toContain('  + dimension  Route');
    expect(terminal.screen()).not.toContain('\x1b[3');
  });

  test('--json does not ask, and is not colored', async () => {
    const matomo = await startMatomoSite();
    const terminal = startTerminal([MAIN, 'setup', '--json'], environmentOf(matomo));
    expect(await terminal.exit()).toBe(1);
    expect(JSON.parse(terminal.screen())).toMatchObject({ applied: false });
    expect(matomo.writes()).toEqual([]);
  });
});
