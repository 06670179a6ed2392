// User name and password of a URL are in no message, however it came to be in one.

import { expect, test } from 'vitest';
import { show, withoutUserInfo } from '../../src/common/diagnostics.js';
import { runNode } from '../support/child-process.js';
import { MAIN, runChecks, runDoctor } from '../support/cli.js';
import { matomo } from '../support/registered-app.js';

const SECRET = 's3cret';

test.each([
  ['see https://u:s3cret@h/a@b', 'see //…@h/a@b'],
  ['//s3cret@h and ftp://u:s3cret@h', '//…@h and //…@h'],
  ['redis://:s3cr@et?s3cret#s3cret@h:6379', '//…@h:6379'],
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

test.each([
  [['gateway', '--listen', `http://admin:${SECRET}@127.0.0.1:0`]],
  [[`https://admin:${SECRET}@matomo.test`]],
])('the command %j is refused without its user info', async (args) => {
  const { env } = await matomo();
  const { code, stdout, stderr } = await runNode([MAIN, ...args], { env });
  expect(code).toBe(2);
  expect(stdout + stderr).not.toContain(SECRET);
});
