import { expect, test } from 'vitest';
import { checkWithApi, runChecks } from '../../support/cli.js';
import type { ApiCall, ApiRole } from '../../support/matomo-api.js';

/** Site 4 was recorded with the goals 1, 2, 3. Matomo rejects conversions of others. */
test.each<[goals: number[], role: ApiRole, exit: number, finding: object, found: RegExp]>([
  [
    [2, 7, 9],
    'write',
    1,
    { verdict: 'problem', code: 'hits-invalid' },
    /\b4\b.*\b1, 2, 3\b.*\b7, 9\b/,
  ],
  [[3], 'write', 0, { verdict: 'ok' }, /\b4\b.*\b3\b/],
  [[3], 'noaccess', 1, { verdict: 'unknown' }, /\b4\b/],
])('goals %j with the token of role %s', async (goals, role, exit, finding, found) => {
  // The access of each role was recorded before there was a site 4.
  const answer = ({ method }: ApiCall) =>
    role === 'write' && method === 'SitesManager.getSitesIdWithWriteAccess' ? [4] : undefined;
  const env = { MATOMO_SITE_ID: '4' };
  const { about, code } = await checkWithApi({ answer }, { role, env, goals });
  expect(about('goals')).toMatchObject([{ ...finding, found: expect.stringMatching(found) }]);
  expect(code).toBe(exit);
});

test.each<[string, Record<string, string>, string[]]>([
  ['the proxy is unusable', { MATOMO_SITE_ID: '4', HTTP_PROXY: 'proxy.test:3128' }, ['4']],
  ['nobody answers', { MATOMO_SITE_ID: 'a=4,b=5' }, ['4', '5']],
])('%s: goals are a question mark for each site', async (_what, env, sites) => {
  const { about } = await runChecks({ MATOMO_URL: 'http://127.0.0.1:1', ...env }, { goals: [3] });
  expect(about('goals')).toMatchObject(
    sites.map((site) => ({
      verdict: 'unknown',
      found: expect.stringMatching(new RegExp(`\\b${site}\\b`)),
    })),
  );
});
