import { expect, test } from 'vitest';
import { startMatomoSite } from '../../support/matomo-site.js';
import { environmentOf, runSetup } from '../../support/setup.js';

test('sites of services are refused before Matomo is asked', async () => {
  const matomo = await startMatomoSite();
  const env = { ...environmentOf(matomo), MATOMO_SITE_ID: 'shop=1,blog=2' };
  const { code, stderr } = await runSetup(env, ['--yes']);
  expect(stderr).toContain('MATOMO_SITE_ID');
  expect(code).toBe(2);
  expect(matomo.writes()).toEqual([]);
});
