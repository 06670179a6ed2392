import { expect, test } from 'vitest';
import { runNode } from '../../support/child-process.js';
import { MAIN, runChecks } from '../../support/cli.js';
import { startMatomo } from '../../support/matomo.js';
import { type ApiRole, startMatomoApi, tokenOf } from '../../support/matomo-api.js';

/** What doctor finds out about goals of site 4, which was recorded with the goals 1, 2, 3. */
async function goalsOf(ids: string, role: ApiRole = 'write') {
  const inspector = await startMatomo();
  const matomo = await startMatomoApi({ tracker: inspector.url });
  const env = { MATOMO_URL: matomo.url, MATOMO_SITE_ID: '4', MATOMO_TOKEN_AUTH: tokenOf(role) };
  const { about, code } = await runChecks(env, { goals: ids.split(',').map(Number) });
  return { code, findings: about('goals') };
}

test('a goal that the site does not have is a problem, because Matomo rejects its conversions', async () => {
  const { code, findings } = await goalsOf('2,7,9');
  expect(code).toBe(1);
  expect(findings).toMatchObject([
    {
      verdict: 'problem',
      code: 'hits-invalid',
      found: expect.stringMatching(/\b4\b.*\b1, 2, 3\b.*\b7, 9\b/),
    },
  ]);
});

test('goals that exist are fine', async () => {
  const { code, findings } = await goalsOf('3');
  expect(findings).toEqual([
    { check: 'goals', verdict: 'ok', found: expect.stringMatching(/\b4\b.*\b3\b/) },
  ]);
  expect(code).toBe(0);
});

test('a token without access cannot tell', async () => {
  const { findings } = await goalsOf('3', 'noaccess');
  expect(findings).toMatchObject([{ verdict: 'unknown' }]);
});

test('what is no list of IDs is refused', async () => {
  const { code, stderr } = await runNode([MAIN, 'doctor', '--goals', '1,x']);
  expect(code).toBe(2);
  expect(stderr).toContain('--goals');
});
