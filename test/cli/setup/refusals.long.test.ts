import { expect, test } from 'vitest';
import { environmentOf, runSetup, runSetupAsJson } from '../../support/cli.js';
import { type ApiRole, startMatomoApi } from '../../support/matomo-api.js';
import { startMatomoSite } from '../matomo-site.js';

test.each(['write', 'admin', 'super'] as const)(
  'a token of role %s can create all that is wanted',
  async (role) => {
    const matomo = await startMatomoSite();
    const args = ['--yes', '--goal', 'Orders=/orders', '--segments'];
    const { code, result } = await runSetupAsJson(environmentOf(matomo, role), args);
    expect(result.plan.map(({ action }) => action)).toEqual(Array(8).fill('create'));
    expect(code).toBe(0);
    const shared = matomo.segments.map(
      ({ params }) => (params as Record<string, string>).enabledAllUsers,
    );
    expect(shared).toEqual(Array(3).fill(role === 'super' ? '1' : '0'));
    expect(matomo.unrecorded).toEqual([]);
  },
);

test('a token with view access is enough if there is nothing to do', async () => {
  const names = ['http METHOD', 'HTTP status', 'Route', 'Failed endpoint'];
  const matomo = await startMatomoSite({ dimensions: names.map((name) => ({ name })) });
  const { code, stdout } = await runSetup(environmentOf(matomo, 'view'));
  expect(code).toBe(0);
  expect(stdout).toContain('export MATOMO_DIMENSIONS=');
  expect(stdout).toMatch(/^export MATOMO_TOKEN_AUTH='<.*>'$/m);
});

test.each<[ApiRole, string]>([
  ['noaccess', '1'],
  ['write', '9'],
  ['super', '9'],
])(
  'no access to the site, role %s and site %s: the message names who can grant it',
  async (role, site) => {
    const matomo = await startMatomoSite();
    const env = { ...environmentOf(matomo, role), MATOMO_SITE_ID: site };
    const { code, stderr } = await runSetup(env, ['--yes']);
    expect(code).toBe(1);
    expect(stderr).toMatch(/\bsite \d\b.*administrator.*\[site-unknown\]/);
    expect(matomo.writes()).toEqual([]);
  },
);

test('a site as recorded, with its slots used: the calls are those that were recorded', async () => {
  const matomo = await startMatomoApi({
    answer({ method }) {
      if (method.endsWith('WithWriteAccess')) return [1, 2, 3, 4, 4];
      if (method === 'SitesManager.getSiteFromId') return { idsite: 4, name: 'API test' };
      if (!method.endsWith('getAvailableScopes')) return undefined;
      return [{ value: 'action', numSlotsAvailable: 5, numSlotsUsed: 5, numSlotsLeft: 0 }];
    },
  });
  const env = { ...environmentOf(matomo), MATOMO_SITE_ID: '4' };
  const planned = await runSetupAsJson(env);
  expect(planned.result.plan.map(({ action }) => action)).toEqual([
    'blocked',
    'blocked',
    'blocked',
    'reactivate',
  ]);
  expect(planned.result.advice).toContain('--count=3');
  const { result } = await runSetupAsJson(env, ['--yes']);
  expect(matomo.calls).toContainEqual({
    role: 'write',
    method: 'CustomDimensions.configureExistingCustomDimension',
    params: { idDimension: '3', idSite: '4', name: 'Route', active: '1' },
  });
  expect(matomo.unrecorded).toEqual([]);
  // What was recorded before stays as it was, so that this change shows nowhere.
  expect(result.plan[3]).toMatchObject({ action: 'failed', name: 'Route' });
});
