// User name and password of a URL are in no message, however it came to be in one.

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { show, withoutUserInfo } from '../../src/common/diagnostics.js';
import { runNode } from '../support/child-process.js';
import { MAIN, runChecks, runDoctor } from '../support/cli.js';
import { matomo } from '../support/registered-app.js';
import { temporaryFolder } from '../support/temporary-folder.js';

const SECRET = 's3cret';

test.each([
  ['see https://u:s3cret@h/a@b', 'see //…@h/a@b'],
  ['//s3cret@h and ftp://u:s3cret@h', '//…@h and //…@h'],
  ['redis://:s3cr@et?s3cret#s3cret@h:6379', '//…@h:6379'],
  ['npm install a@1 @b/c@2', 'npm install a@1 @b/c@2'],
])('%s is shown as %s', (text, shown) => {
  expect(withoutUserInfo(text).replace(/[a-z]+:(?=\/\/…)/g, '')).toBe(shown);
  expect(show(text)).not.toContain(SECRET);
});

test.each([
  { MATOMO_URL: `admin:${SECRET}@matomo.test`, MATOMO_SITE_ID: '1' },
  { MATOMO_URL: 'http://127.0.0.1:9', MATOMO_SITE_ID: `https://admin:${SECRET}@matomo.test` },
  { MATOMO_URL: 'http://127.0.0.1:9', MATOMO_SITE_ID: '1', MATOMO_SPOOL: `u:${SECRET}@redis.test` },
  {
    MATOMO_URL: 'http://matomo.test',
    MATOMO_SITE_ID: '1',
    NO_PROXY: `http://u:${SECRET}@a.test`,
    HTTP_PROXY: `http://u:${SECRET}@127.0.0.1:9`,
  },
])('doctor tells nobody the user info in %o', async (env: Readonly<Record<string, string>>) => {
  const isReadByNode = 'HTTP_PROXY' in env;
  const { output } = await (isReadByNode ? runDoctor : runChecks)(env);
  expect(output).not.toContain(SECRET);
});

test('doctor shows a spool of a Matomo with user info without it', async () => {
  const folder = join(temporaryFolder(), 'spool');
  mkdirSync(folder, { mode: 0o700 });
  const url = `https://admin:${SECRET}@matomo.test/matomo.php`;
  writeFileSync(join(folder, 'spool.json'), JSON.stringify({ format: 1, url }));
  const env = { MATOMO_URL: 'http://127.0.0.1:9', MATOMO_SITE_ID: '1', MATOMO_SPOOL: folder };
  const { output, about } = await runChecks(env);
  expect(about('spool')[0]?.found).toContain('it belongs to "https://…@matomo.test/matomo.php"');
  expect(output).not.toContain(SECRET);
});

test.each([
  [['gateway', '--listen', `http://admin:${SECRET}@127.0.0.1:0`]],
  [[`https://admin:${SECRET}@matomo.test`]],
])('the command %j is refused without its user info', async (args) => {
  const { env } = await matomo();
  const { code, stdout, stderr } = await runNode([MAIN, ...args], { env });
  expect(code).toBe(2);
  expect(stdout + stderr).not.toContain(SECRET);
});
