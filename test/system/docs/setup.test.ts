import { stripVTControlCharacters } from 'node:util';
import { expect, test } from 'vitest';
import { runNode } from '../../support/child-process.js';
import { tokenOf } from '../../support/matomo-api.js';
import { startMatomoSite } from '../../support/matomo-site.js';
import { environmentOf, MAIN } from '../../support/setup.js';
import { requires } from '../../support/skips.js';
import { startTerminal } from '../../support/terminal.js';
import { read, rowsWith } from './pages.js';

const PAGE = 'docs/status-and-method-in-matomo-5.md';

test('the terminal session of the page is what setup shows', async () => {
  requires('terminal');
  const matomo = await startMatomoSite({
    dimensions: [{ name: 'Route', active: false }],
    answer({ method }) {
      if (method === 'API.getMatomoVersion') return { value: '5.2.0' };
      if (method !== 'SitesManager.getSiteFromId') return undefined;
      return { idsite: 1, name: 'Shop API', sitesearch: 0 };
    },
  });
  const { MATOMO_SETUP_TOKEN: _, ...env } = environmentOf(matomo);
  const terminal = startTerminal([MAIN, 'setup'], env);
  await terminal.answer('(not shown): ', `${tokenOf('write')}\r`);
  await terminal.answer('[y/N] ', 'y\r');
  expect(await terminal.exit()).toBe(0);
  const screen = stripVTControlCharacters(terminal.screen()).replaceAll('\r', '');
  const [, shown] = /```text\n(.*?)```/s.exec(read(PAGE)) ?? [];
  const trimmed = screen.replaceAll(matomo.url, 'https://matomo.example.org').replace(/ +$/gm, '');
  expect(trimmed).toBe(shown);
});

test('the page lists every flag of setup', async () => {
  const { stdout } = await runNode([MAIN, 'setup', '--help']);
  const known = stdout.match(/--[a-z-]+/g) ?? [];
  const listed = rowsWith(PAGE, 'flag').flatMap(({ flag = '' }) => flag.match(/--[a-z-]+/g) ?? []);
  expect(new Set(listed)).toEqual(new Set(known));
});
