import { expect, test } from 'vitest';
import { runNode } from '../../support/child-process.js';
import { MAIN } from '../../support/cli.js';
import { rowsWith } from './pages.js';

const PAGE = 'docs/status-and-method-in-matomo-5.md';

test('the page lists every flag of setup', async () => {
  const { stdout } = await runNode([MAIN, 'setup', '--help']);
  const known = stdout.match(/--[a-z-]+/g) ?? [];
  const listed = rowsWith(PAGE, 'flag').flatMap(({ flag = '' }) => flag.match(/--[a-z-]+/g) ?? []);
  expect(new Set(listed)).toEqual(new Set(known));
});
