import { expect, test } from 'vitest';
import { environmentOf, runSetup, runSetupAsJson } from '../../support/cli.js';
import type { ApiCall } from '../../support/matomo-api.js';
import { startMatomoSite } from '../matomo-site.js';

test('the plugin CustomDimensions off: its name, and who can activate it', async () => {
  const matomo = await startMatomoSite({ notes: ['plugin off'] });
  const args = ['--yes', '--segments', '--goal', 'Orders=/orders'];
  const { code, result } = await runSetupAsJson(environmentOf(matomo), args);
  expect(code).toBe(3);
  expect(result.plan[0]).toMatchObject({
    action: 'blocked',
    reason: expect.stringMatching(/CustomDimensions.*super user/),
  });
  expect(result.plan.map(({ kind, action }) => `${kind} ${action}`).slice(4)).toEqual([
    'goal create',
    'segment blocked',
    'segment blocked',
    'segment create',
  ]);
  expect(matomo.writes()).toEqual(['Goals.addGoal', 'SegmentEditor.add']);
});

test('no free slot: the console command that makes as many as are missing; the others are created', async () => {
  const dimensions = [{ name: 'a' }, { name: 'b', active: false }, { name: 'c' }];
  const matomo = await startMatomoSite({ dimensions });
  const { code, result } = await runSetupAsJson(environmentOf(matomo), ['--yes']);
  expect(code).toBe(3);
  expect(result.applied).toBe(true);
  expect(result.advice).toMatch(
    / \.\/console customdimensions:add-custom-dimension --scope=action --count=2 .*log_link_visit_action/,
  );
  expect(result.plan.map(({ action }) => action)).toEqual([
    'create',
    'create',
    'blocked',
    'blocked',
  ]);
  expect(result.environment.MATOMO_DIMENSIONS).toBe(
    '4=matomo.failed_endpoint,5=http.response.status_code',
  );
});

test('an inactive dimension is reactivated, and keeps its name and extractions', async () => {
  const extractions = [{ dimension: 'url', pattern: 'x=(.*)' }];
  const matomo = await startMatomoSite({
    dimensions: [{ name: 'ROUTE', active: false, extractions }],
  });
  const { code, result } = await runSetupAsJson(environmentOf(matomo), ['--yes']);
  expect(code).toBe(0);
  expect(result.plan[3]).toMatchObject({ action: 'reactivate', id: 1, name: 'Route' });
  expect(matomo.dimensions[0]).toMatchObject({ name: 'ROUTE', active: true });
  expect(matomo.dimensions[0]?.params).toMatchObject({
    idSite: '1',
    'extractions[0][dimension]': 'url',
    'extractions[0][pattern]': 'x=(.*)',
  });
  expect(matomo.dimensions).toHaveLength(4);
});

test('a visit dimension of that name is explained, and an action dimension created beside it', async () => {
  const matomo = await startMatomoSite({ dimensions: [{ name: 'Route', scope: 'visit' }] });
  const { result } = await runSetupAsJson(environmentOf(matomo), ['--yes']);
  expect(result.plan[3]).toMatchObject({
    action: 'create',
    id: 5,
    reason: expect.stringMatching(/\b1\b.*visit/),
  });
});

/** Answers as a Matomo of that version. */
const versionOf =
  (value: string) =>
  ({ method }: ApiCall) =>
    method === 'API.getMatomoVersion' ? { value } : undefined;

test.each(['4.16.1', '3.14.1'])('in Matomo %s, nothing is changed', async (version) => {
  const matomo = await startMatomoSite({ answer: versionOf(version) });
  const { code, stderr } = await runSetup(environmentOf(matomo), ['--yes']);
  expect(code).toBe(1);
  expect(stderr).toMatch(new RegExp(`${version}.*Nothing was changed.*\\[matomo-too-old\\]`));
  expect(matomo.writes()).toEqual([]);
});

test('active action dimensions that are not mapped are listed before others are created', async () => {
  const matomo = await startMatomoSite({
    dimensions: [
      { name: 'Endpoint' },
      { name: 'plan' },
      { name: 'HTTP status' },
      { name: 'old', active: false },
      { name: 'of visits', scope: 'visit' },
    ],
    slots: 9,
  });
  const env = { ...environmentOf(matomo), MATOMO_DIMENSIONS: '2=app.plan' };
  const { stdout } = await runSetup(env, ['--dry-run']);
  const text = stdout.replace(/\s+/g, ' ');
  expect(text).toContain(
    'not mapped: 1 "Endpoint". If one of these was renamed, set MATOMO_DIMENSIONS. +',
  );
  const mapped = { ...env, MATOMO_DIMENSIONS: '1=http.route,2=app.plan' };
  const again = await runSetup(mapped, ['--dry-run']);
  expect(again.stdout).not.toContain('not mapped');
  expect(again.stdout).toContain('= dimension  Route                      ID 1');
});

test('an inactive dimension that MATOMO_DIMENSIONS names is reactivated, whatever its name is', async () => {
  const matomo = await startMatomoSite({ dimensions: [{ name: 'Endpoint', active: false }] });
  const env = { ...environmentOf(matomo), MATOMO_DIMENSIONS: '1=http.route' };
  const { result } = await runSetupAsJson(env, ['--yes']);
  expect(result.plan[3]).toMatchObject({ action: 'reactivate', id: 1 });
});

test('a goal or segment of that name with another meaning is left alone and explained', async () => {
  const matomo = await startMatomoSite({
    goals: [
      { idgoal: 3, name: 'orders', match_attribute: 'title', pattern: 'x', pattern_type: 'exact' },
    ],
    segments: [{ idsegment: 8, name: 'Visits with a 404', definition: 'pageUrl==x' }],
  });
  const args = ['--yes', '--goal', 'Orders=/orders', '--segments'];
  const { code, result } = await runSetupAsJson(environmentOf(matomo), args);
  expect(code).toBe(3);
  const reasons = result.plan.flatMap(({ action, reason }) =>
    action === 'blocked' ? [reason] : [],
  );
  expect(reasons).toEqual([
    expect.stringMatching(/\bgoal 3\b.*title exact "x"/),
    expect.stringMatching(/\bsegment 8\b.*"pageUrl==x"/),
  ]);
});

test('site search is only mentioned if search parameters are sent; custom variables that are dropped need not be sent', async () => {
  const matomo = await startMatomoSite({
    answer: ({ method, params }) =>
      method === 'API.isPluginActivated' && params.pluginName === 'CustomVariables'
        ? { value: false }
        : undefined,
  });
  const env = environmentOf(matomo);
  const searching = await runSetup({ ...env, MATOMO_SITE_SEARCH: 'true' }, ['--dry-run']);
  expect(searching.stdout).toMatch(/site search/i);
  const { stdout } = await runSetup(env, ['--yes']);
  expect(stdout).not.toContain('earch');
  expect(stdout).toContain('CustomVariables');
  expect(stdout).toContain('export MATOMO_MAX_CUSTOM_VARIABLES=0');
});

test.each([
  ['CustomDimensions.getConfiguredCustomDimensions', 'dimension'],
  ['Goals.getGoals', 'goal'],
  ['SegmentEditor.getAll', 'segment'],
  ['SitesManager.getSitesIdFromSiteUrl', 'site'],
])('if Matomo does not show %s, no %s is created that may be there', async (method, kind) => {
  const message =
    "You can't access this resource as it requires 'view' access for the website id = 1.";
  const matomo = await startMatomoSite({
    answer: (call) => (call.method === method ? { result: 'error', message } : undefined),
  });
  const site = kind === 'site' ? ['--create-site', 'A', '--site-url', 'https://a.example'] : [];
  const args = ['--yes', '--segments', '--goal', 'Orders=/orders', ...site];
  const { code, result } = await runSetupAsJson(environmentOf(matomo, 'super'), args);
  expect(code).toBe(kind === 'site' ? 1 : 3);
  const blocked = result.plan.filter((step) => step.kind === kind);
  expect(blocked.map(({ action }) => action).filter((action) => action !== 'blocked')).toEqual([]);
  const reasons = [result.error, ...blocked.map(({ reason }) => reason)].join();
  expect(reasons).toContain(message);
});

test('what has no slot is blocked, comes last and once, with one command for all of it', async () => {
  const matomo = await startMatomoSite();
  const { code, stdout } = await runSetup(environmentOf(matomo), ['--yes', '--consumers']);
  expect(code).toBe(3);
  const after = stdout.slice(stdout.indexOf('export MATOMO_DIMENSIONS'));
  expect(after).toMatch(/,5=matomo\.deprecated_endpoint\n/);
  expect(after.match(/^ {2}! [a-z]+ .*/gm)).toEqual([
    '  ! dimension  Client',
    '  ! dimension  Client version',
  ]);
  expect(stdout.match(/^ {2}! [a-z]+ /gm)).toHaveLength(2);
  expect(stdout.trimEnd().split('\n').at(-2)).toBe(
    './console customdimensions:add-custom-dimension --scope=action --count=2',
  );
});

test('--consumers without a slot: neither its dimensions nor its segment', async () => {
  const matomo = await startMatomoSite({ dimensions: [{ name: 'a' }] });
  const { code, result } = await runSetupAsJson(environmentOf(matomo), ['--yes', '--consumers']);
  expect(code).toBe(3);
  expect(result.applied).toBe(true);
  expect(result.plan.slice(4).map(({ action }) => action)).toEqual(Array(4).fill('blocked'));
});
