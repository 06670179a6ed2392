import { expect, test } from 'vitest';
import type { ApiCall } from '../../support/matomo-api.js';
import { startMatomoSite } from '../../support/matomo-site.js';
import { environmentOf, runSetup, runSetupAsJson } from '../../support/setup.js';

test('the plugin CustomDimensions off: its name, and who can activate it', async () => {
  const matomo = await startMatomoSite({ notes: ['plugin off'] });
  const args = ['--yes', '--segments', '--goal', 'Orders=/orders'];
  const { code, result } = await runSetupAsJson(environmentOf(matomo), args);
  expect(code).toBe(1);
  expect(result.plan[0]).toMatchObject({
    action: 'blocked',
    reason: expect.stringMatching(/CustomDimensions.*super user/),
  });
  expect(result.plan.map(({ kind, action }) => `${kind} ${action}`).slice(4)).toEqual([
    'goal create',
    'segment blocked',
    'segment blocked',
  ]);
  expect(matomo.writes()).toEqual(['Goals.addGoal']);
});

test('no free slot: the console command that makes as many as are missing; the others are created', async () => {
  const dimensions = [{ name: 'a' }, { name: 'b', active: false }, { name: 'c' }];
  const matomo = await startMatomoSite({ dimensions });
  const { code, result } = await runSetupAsJson(environmentOf(matomo), ['--yes']);
  expect(code).toBe(1);
  expect(result.applied).toBe(true);
  const reason = expect.stringContaining(
    './console customdimensions:add-custom-dimension --scope=action --count=2',
  );
  expect(result.plan.map(({ action }) => action)).toEqual([
    'create',
    'create',
    'blocked',
    'blocked',
  ]);
  expect(result.plan[3]).toMatchObject({ reason });
  expect(result.environment.MATOMO_DIMENSIONS).toBe(
    '4=http.request.method,5=http.response.status_code',
  );
});

test('an inactive dimension is reactivated, and keeps its name and extractions', async () => {
  const extractions = [{ dimension: 'url', pattern: 'x=(.*)' }];
  const matomo = await startMatomoSite({
    dimensions: [{ name: 'ROUTE', active: false, extractions }],
  });
  const { code, result } = await runSetupAsJson(environmentOf(matomo), ['--yes']);
  expect(code).toBe(0);
  expect(result.plan[2]).toMatchObject({ action: 'reactivate', id: 1, name: 'Route' });
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
  expect(result.plan[2]).toMatchObject({
    action: 'create',
    id: 4,
    reason: expect.stringMatching(/\b1\b.*visit/),
  });
});

/** Answers as a Matomo of that version. */
const versionOf =
  (value: string) =>
  ({ method }: ApiCall) =>
    method === 'API.getMatomoVersion' ? { value } : undefined;

test('from Matomo 5.11 on, dimensions get a description, by which they are found if they are renamed', async () => {
  const matomo = await startMatomoSite({ answer: versionOf('5.11.0') });
  const first = await runSetupAsJson(environmentOf(matomo), ['--yes']);
  expect(matomo.dimensions[2]).toMatchObject({
    name: 'Route',
    description: 'http.route, sent by opentelemetry-matomo',
  });
  for (const dimension of matomo.dimensions) dimension.name = `My ${dimension.name}`;
  Object.assign(matomo.dimensions[1] ?? {}, { active: false });
  const writes = matomo.writes().length;
  const { code, result } = await runSetupAsJson(environmentOf(matomo), ['--yes']);
  expect(code).toBe(0);
  expect(result.plan.map(({ action, id }) => [action, id])).toEqual([
    ['present', 1],
    ['reactivate', 2],
    ['present', 3],
    ['present', 4],
  ]);
  expect(matomo.writes()).toHaveLength(writes + 1);
  expect(matomo.dimensions[1]).toMatchObject({ name: 'My HTTP status', active: true });
  expect(result.environment).toEqual(first.result.environment);
});

test('without descriptions, a dimension that may be a renamed one is named before another is created', async () => {
  const dimensions = [{ name: 'Endpoint' }, { name: 'plan' }, { name: 'HTTP status' }];
  const matomo = await startMatomoSite({ dimensions: [...dimensions], slots: 9 });
  const env = { ...environmentOf(matomo), MATOMO_DIMENSIONS: '2=app.plan' };
  const { result } = await runSetupAsJson(env, ['--dry-run']);
  expect(result.plan[2]).toMatchObject({
    action: 'create',
    reason: expect.stringContaining('MATOMO_DIMENSIONS=1=http.route'),
  });
  const mapped = { ...env, MATOMO_DIMENSIONS: '1=http.route,2=app.plan' };
  const again = await runSetupAsJson(mapped, ['--yes']);
  expect(again.result.plan[2]).toMatchObject({ action: 'present', id: 1 });
  const created = matomo.calls.filter(({ method }) =>
    method.endsWith('configureNewCustomDimension'),
  );
  expect(created.map(({ params }) => params)).not.toContainEqual(
    expect.objectContaining({ description: expect.anything() }),
  );
});

test('an inactive dimension that MATOMO_DIMENSIONS names is reactivated, whatever its name is', async () => {
  const matomo = await startMatomoSite({ dimensions: [{ name: 'Endpoint', active: false }] });
  const env = { ...environmentOf(matomo), MATOMO_DIMENSIONS: '1=http.route' };
  const { result } = await runSetupAsJson(env, ['--yes']);
  expect(result.plan[2]).toMatchObject({ action: 'reactivate', id: 1 });
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
  expect(code).toBe(1);
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
  expect(code).toBe(1);
  const blocked = result.plan.filter((step) => step.kind === kind);
  expect(blocked.map(({ action }) => action).filter((action) => action !== 'blocked')).toEqual([]);
  const reasons = [result.error, ...blocked.map(({ reason }) => reason)].join();
  expect(reasons).toMatch(/token.*\bsite 1\b/);
});

test('--consumers creates what fits, in order, with descriptions, and the rest is no failure', async () => {
  const matomo = await startMatomoSite({ answer: versionOf('5.11.0') });
  const { code, result } = await runSetupAsJson(environmentOf(matomo), ['--yes', '--consumers']);
  expect(code).toBe(0);
  expect(result.applied).toBe(true);
  expect(result.plan.slice(4)).toMatchObject([
    { action: 'create', kind: 'dimension', name: 'Deprecated endpoint' },
    {
      action: 'blocked',
      kind: 'dimension',
      name: 'Client',
      reason: expect.stringContaining(
        './console customdimensions:add-custom-dimension --scope=action --count=2',
      ),
    },
    { action: 'blocked', kind: 'dimension', name: 'Client version' },
    { action: 'create', kind: 'segment', name: 'Deprecated endpoints' },
  ]);
  expect(result.environment.MATOMO_DIMENSIONS).toMatch(/,5=matomo\.deprecated_endpoint$/);
  expect(matomo.dimensions[4]?.description).toMatch(/^matomo\.deprecated_endpoint, /);
});

test('--mcp creates what fits after the consumers, and prints the command for the rest', async () => {
  const matomo = await startMatomoSite({ answer: versionOf('5.11.0') });
  const { code, result } = await runSetupAsJson(environmentOf(matomo), ['--yes', '--mcp']);
  expect(code).toBe(0);
  expect(result.plan.slice(4)).toMatchObject([
    { action: 'create', kind: 'dimension', name: 'Tool' },
    {
      action: 'blocked',
      kind: 'dimension',
      name: 'MCP client',
      reason: expect.stringContaining('customdimensions:add-custom-dimension --scope=action'),
    },
  ]);
  expect(result.environment.MATOMO_DIMENSIONS).toMatch(/,5=gen_ai\.tool\.name$/);
  expect(matomo.dimensions[4]?.description).toMatch(/^gen_ai\.tool\.name, /);

  const args = ['--yes', '--mcp', '--consumers'];
  const both = await runSetupAsJson(environmentOf(await startMatomoSite()), args);
  expect(both.code).toBe(0);
  expect(both.result.plan.slice(4).map(({ name }) => name)).toEqual([
    'Deprecated endpoint',
    'Client',
    'Client version',
    'Tool',
    'MCP client',
    'Deprecated endpoints',
  ]);
});

test('--consumers without a slot: neither its dimensions nor its segment, and no failure', async () => {
  const matomo = await startMatomoSite({ dimensions: [{ name: 'a' }] });
  const { code, result } = await runSetupAsJson(environmentOf(matomo), ['--yes', '--consumers']);
  expect(code).toBe(0);
  expect(result.plan.slice(4).map(({ action }) => action)).toEqual(Array(4).fill('blocked'));
});
