import { expect, test } from 'vitest';
import { environmentOf, runSetup, runSetupAsJson } from '../../support/cli.js';
import { startMatomoSite } from '../matomo-site.js';

/** Applies setup to a site with dimensions, of which `mapping` maps some. */
async function applyTo(mapping: string, dimensions: { name: string; active?: boolean }[]) {
  const matomo = await startMatomoSite({ dimensions });
  const env = { ...environmentOf(matomo), MATOMO_DIMENSIONS: mapping };
  const { code, result } = await runSetupAsJson(env, ['--yes', '--segments']);
  const [failed, status, method, route] = result.plan;
  const mapped = result.environment.MATOMO_DIMENSIONS?.split(',');
  return { matomo, code, plan: { method, status, route, failed }, mapped, steps: result.plan };
}

const CREATED = ['matomo.failed_endpoint', 'http.response.status_code', 'http.request.method'].map(
  (attribute, i) => `${i + 2}=${attribute}`,
);

test.each([true, false])(
  'a dimension with a wanted name that is mapped to another attribute is a conflict, and stays as it is (active: %s)',
  async (active) => {
    const { matomo, code, plan, mapped } = await applyTo('1=app.route', [
      { name: 'Route', active },
    ]);
    expect(code).toBe(3);
    expect(plan.route).toMatchObject({
      action: 'blocked',
      reason: expect.stringMatching(/^dimension 1 has that name.*"app\.route".*MATOMO_DIMENSIONS/),
    });
    expect(mapped).toEqual(['1=app.route', ...CREATED]);
    expect(matomo.dimensions[0]).toMatchObject({ name: 'Route', active });
    expect(matomo.writes()).not.toContain('CustomDimensions.configureExistingCustomDimension');
  },
);

test('a segment of a dimension in conflict is blocked, too', async () => {
  const { steps } = await applyTo('1=app.status', [{ name: 'HTTP status' }]);
  const segments = steps.filter(({ kind }) => kind === 'segment');
  expect(segments.map(({ action }) => action)).toEqual(['blocked', 'blocked', 'create']);
});

test('the mapping wins over the name', async () => {
  const { plan, mapped } = await applyTo('2=http.route', [{ name: 'Route' }, { name: 'Endpoint' }]);
  expect(plan.route).toMatchObject({ action: 'present', id: 2 });
  expect(mapped).toContain('2=http.route');
  expect(mapped).not.toContain('1=http.route');
});

test('an attribute that is mapped twice stays so', async () => {
  const given = [{ name: 'Route' }, { name: 'Endpoint' }];
  const { mapped } = await applyTo('1=http.route,2=http.route', given);
  expect(mapped).toEqual(expect.arrayContaining(['1=http.route', '2=http.route']));
});

const CREDENTIALS = 'dXNlcjpwYXNzd29yZA==';
const HEADERS = `x-forwarded-proto=http,x-tenant=1,authorization=Basic ${CREDENTIALS},x-api-key=127.0.0.1`;

test('credentials in headers are not shown, but other headers are, and the environment is as it is', async () => {
  const site = { idsite: 1, name: `Shop 1 over http ${CREDENTIALS}`, sitesearch: 0 };
  const matomo = await startMatomoSite({
    answer: ({ method }) => (method === 'SitesManager.getSiteFromId' ? site : undefined),
  });
  const env = { ...environmentOf(matomo), MATOMO_HEADERS: HEADERS };
  const { result, output } = await runSetupAsJson(env, ['--dry-run']);
  expect(result.environment).toMatchObject({ MATOMO_URL: matomo.url, MATOMO_SITE_ID: '1' });
  const asText = await runSetup(env, ['--yes']);
  expect(asText.stdout).toContain(`\nexport MATOMO_URL=${matomo.url}\n`);
  expect(asText.stdout).toContain('Site 1 "Shop 1 over http …"');
  expect(output + asText.output).not.toContain(CREDENTIALS);
});
