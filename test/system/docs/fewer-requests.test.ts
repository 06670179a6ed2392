import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { get, startRegistered } from '../../support/registered-app.js';
import { requires } from '../../support/skips.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { PAGES, read } from './pages.js';

requires('jq');

const commands = PAGES.flatMap((page) => [...read(page).matchAll(/^sed .* app\.log \| jq .*$/gm)]);

test('the command about counts reads the lines that are logged', async () => {
  const more = { MATOMO_STATS_INTERVAL: '60000', MATOMO_IGNORE_PATHS: '/a' };
  const { app } = await startRegistered('plain-http.cjs', more);
  await get(`${app.url}/a`);
  await get(`${app.url}/stop`);
  await app.exit();
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'app.log'), `before\n${app.stderr()}after\n`);
  expect(commands.length).toBeGreaterThan(0);
  for (const [command] of commands) {
    const { stdout } = spawnSync('sh', ['-c', command], { cwd: folder, encoding: 'utf8' });
    expect(JSON.parse(stdout), command).toMatchObject({ pid: expect.any(Number), pending: 0 });
    if (command.includes('ignored'))
      expect(JSON.parse(stdout)).toMatchObject({ requests: 2, ignored: { path: 1 } });
  }
});
