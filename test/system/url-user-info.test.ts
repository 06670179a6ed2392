// User name and password of a URL are in no message, however it came to be in one.

import { expect, test } from 'vitest';
import { show, withoutUserInfo } from '../../src/common/diagnostics.js';
import { runNode } from '../support/child-process.js';
import { MAIN, runChecks } from '../support/cli.js';

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
  { MATOMO_URL: `admin:${SECRET}@matomo.test` },
  { MATOMO_URL: 'http://a.test', NO_PROXY: `http://u:${SECRET}@a.test` },
  { MATOMO_URL: 'http://127.0.0.1:9', MATOMO_SPOOL: `u:${SECRET}@redis.test` },
])('doctor tells nobody the user info in %o', async (env: Readonly<Record<string, string>>) => {
  const { output } = await runChecks({ MATOMO_SITE_ID: '1', ...env });
  expect(output).not.toContain(SECRET);
});

test('a command is refused without the user info in its arguments', async () => {
  const args = ['gateway', '--listen', `http://admin:${SECRET}@127.0.0.1:0`];
  const { code, stdout, stderr } = await runNode([MAIN, ...args]);
  expect(code).toBe(2);
  expect(stdout + stderr).not.toContain(SECRET);
});
