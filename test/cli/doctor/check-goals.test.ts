import { expect, test } from 'vitest';
import { runChecks } from '../../support/cli.js';
import { startMatomo } from '../../support/matomo.js';
import { type ApiRole, startMatomoApi, tokenOf } from '../../support/matomo-api.js';

/** Site 4 was recorded with the goals 1, 2, 3. Matomo rejects conversions of others. */
test.each<[goals: number[], role: ApiRole, exit: number, finding: object]>([
  [
    [2, 7, 9],
    'write',
    1,
    {
      verdict: 'problem',
      code: 'hits-invalid',
      found: expect.stringMatching(/\b4\b.*\b1, 2, 3\b.*\b7, 9\b/),
    },
  ],
  [[3], 'write', 0, { verdict: 'ok', found: expect.stringMatching(/\b4\b.*\b3\b/) }],
  [[3], 'noaccess', 0, { verdict: 'unknown' }],
])('goals %j with the token of role %s', async (goals, role, exit, finding) => {
  const inspector = await startMatomo();
  const matomo = await startMatomoApi({ tracker: inspector.url });
  const env = { MATOMO_URL: matomo.url, MATOMO_SITE_ID: '4', MATOMO_TOKEN_AUTH: tokenOf(role) };
  const { about, code } = await runChecks(env, { goals });
  expect(about('goals')).toMatchObject([finding]);
  expect(code).toBe(exit);
});
