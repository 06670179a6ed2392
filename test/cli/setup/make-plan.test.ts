import { expect, test } from 'vitest';
import { environmentOf, runSetup, runSetupAsJson } from '../../support/cli.js';
import type { ApiCall, ApiRole } from '../../support/matomo-api.js';
import { type SiteContents, startMatomoSite } from '../matomo-site.js';

/** What setup would do with these flags, or does with `--yes`, at a site with these contents. */
async function plan(
  args: string[],
  contents: SiteContents = {},
  { mapped = '', role = 'write' as ApiRole } = {},
) {
  const matomo = await startMatomoSite(contents);
  const env = { ...environmentOf(matomo, role), MATOMO_DIMENSIONS: mapped };
  const { result } = await runSetupAsJson(
    env,
    args.includes('--yes') ? args : ['--dry-run', ...args],
  );
  const { plan: steps, advice, environment } = result;
  const [failed, status, method, route] = steps;
  return {
    steps,
    actions: steps.map(({ action }) => action),
    ...{ failed, status, method, route, advice },
    mapping: environment.MATOMO_DIMENSIONS?.split(','),
    writes: matomo.writes(),
    /** The parameters of a call. */
    sent: (name: string) => matomo.calls.find(({ method: called }) => called === name)?.params,
  };
}

const SEGMENTS = ['--segments'];
const ORDERS = ['--goal', 'Orders=/orders'];
const NEW_SITE = ['--create-site', 'API', '--site-url', 'https://api.example'];

test('without free slots the rest is blocked, with the console command that makes as many as are missing', async () => {
  const dimensions = [{ name: 'a' }, { name: 'b', active: false }];
  const { actions, advice } = await plan(['--consumers'], { dimensions });
  expect(actions).toEqual(['create', 'create', 'create', ...Array(5).fill('blocked')]);
  expect(advice).toMatch(
    / \.\/console customdimensions:add-custom-dimension --scope=action --count=4 .*log_link_visit_action/,
  );
  expect((await plan([])).advice).toBeUndefined();
});

test('an inactive dimension is reactivated, and keeps its name and extractions', async () => {
  const extractions = [{ dimension: 'url', pattern: 'x=(.*)' }];
  const dimensions = [{ name: 'ROUTE', active: false, extractions }];
  const { route, sent } = await plan(['--yes'], { dimensions });
  expect(route).toMatchObject({ action: 'reactivate', id: 1, name: 'Route' });
  expect(sent('CustomDimensions.configureExistingCustomDimension')).toEqual({
    idSite: '1',
    idDimension: '1',
    name: 'ROUTE',
    active: '1',
    'extractions[0][dimension]': 'url',
    'extractions[0][pattern]': 'x=(.*)',
  });
});

test('a visit dimension of that name is explained, and an action dimension created beside it', async () => {
  const { route } = await plan([], { dimensions: [{ name: 'Route', scope: 'visit' }] });
  expect(route).toMatchObject({ action: 'create', reason: expect.stringMatching(/\b1\b.*visit/) });
});

test('active action dimensions that are not mapped are listed', async () => {
  const dimensions = [
    { name: 'Endpoint' },
    { name: 'plan' },
    { name: 'HTTP status' },
    { name: 'old', active: false },
    { name: 'of visits', scope: 'visit' },
  ] as const;
  const matomo = await startMatomoSite({ dimensions });
  const env = { ...environmentOf(matomo), MATOMO_DIMENSIONS: '2=app.plan' };
  const { stdout } = await runSetup(env, ['--dry-run']);
  expect(stdout.replace(/\s+/g, ' ')).toContain(
    'not mapped: 1 "Endpoint". If one of these was renamed, set MATOMO_DIMENSIONS. +',
  );
  const all = { ...env, MATOMO_DIMENSIONS: '1=http.route,2=app.plan' };
  const mapped = await runSetup(all, ['--dry-run']);
  expect(mapped.stdout).not.toContain('not mapped');
  expect(mapped.stdout).toMatch(/= dimension {2}Route +ID 1\n/);
});

test('a goal or segment of that name with another meaning is left alone and explained', async () => {
  const match = { match_attribute: 'title', pattern: 'x', pattern_type: 'exact' };
  const { steps } = await plan([...ORDERS, ...SEGMENTS], {
    goals: [{ idgoal: 3, name: 'orders', ...match }],
    segments: [{ idsegment: 8, name: 'Visits with a 404', definition: 'pageUrl==x' }],
  });
  const blocked = steps.filter(({ action }) => action === 'blocked');
  expect(blocked.map(({ reason }) => reason)).toEqual([
    expect.stringMatching(/\bgoal 3\b.*title exact "x"/),
    expect.stringMatching(/\bsegment 8\b.*"pageUrl==x"/),
  ]);
});

const GOAL = {
  idgoal: 3,
  name: 'Orders',
  match_attribute: 'url',
  pattern_type: 'contains',
  pattern: '/orders',
};
const OTHER_GOAL = { ...GOAL, idgoal: 7, pattern: '/other' };

test.each<[what: string, goals: SiteContents['goals'], action: string, id?: number]>([
  ['no goal', [], 'create', 1],
  ['the same one', [GOAL], 'present', 3],
  ['one whose name differs in case and spaces', [{ ...GOAL, name: ' orders ' }], 'present', 3],
  ['the same one beside another with its name', [OTHER_GOAL, GOAL], 'present', 3],
  ['one for titles', [{ ...GOAL, match_attribute: 'title' }], 'blocked'],
  ['one for exact URLs', [{ ...GOAL, pattern_type: 'exact' }], 'blocked'],
  ['one with a longer pattern', [{ ...GOAL, pattern: '/orders/1' }], 'blocked'],
  ['one with that condition and another name', [{ ...GOAL, name: 'Sales' }], 'create', 2],
])('a goal, if the site has %s', async (_what, goals, action, id) => {
  const { steps, writes } = await plan(['--yes', ...ORDERS], { goals: goals ?? [] });
  const goal = steps.at(-1);
  expect([goal?.kind, goal?.action, goal?.id]).toEqual(['goal', action, id]);
  expect(writes.includes('Goals.addGoal')).toBe(action === 'create');
});

test('a goal is created for URLs that contain its pattern, in either case and once per visit', async () => {
  const { sent } = await plan(['--yes', ...ORDERS]);
  expect(sent('Goals.addGoal')).toEqual({
    idSite: '1',
    name: 'Orders',
    description: expect.stringContaining('/orders'),
    matchAttribute: 'url',
    patternType: 'contains',
    pattern: '/orders',
    caseSensitive: '0',
    allowMultipleConversionsPerVisit: '0',
  });
});

test.each([
  ['dimension', 'CustomDimensions.getConfiguredCustomDimensions'],
  ['goal', 'Goals.getGoals'],
  ['segment', 'SegmentEditor.getAll'],
])('if Matomo hides each %s, none is created that may be there', async (kind, hidden) => {
  const answer = ({ method }: ApiCall) =>
    method === hidden ? { result: 'error', message: 'why' } : undefined;
  const { steps } = await plan([...ORDERS, ...SEGMENTS], { answer });
  const reasons = steps.filter((step) => step.kind === kind).map(({ reason }) => reason);
  expect(new Set(reasons)).toEqual(new Set(['Matomo rejects it: "why"']));
  const needed = steps.filter(({ reason }) => reason?.startsWith('it needs the dimension'));
  expect(needed).toHaveLength(kind === 'dimension' ? 2 : 0);
});

test('with view access only segments are created, and the reason names who can grant more', async () => {
  const dimensions = [{ name: 'HTTP status' }];
  const { steps, failed } = await plan([...ORDERS, ...SEGMENTS], { dimensions }, { role: 'view' });
  expect(steps.map(({ action, name }) => `${action} ${name}`)).toEqual([
    'blocked Failed endpoint',
    'present HTTP status',
    'blocked HTTP method',
    'blocked Route',
    'blocked Orders',
    'create Visits with a server error',
    'create Visits with a 404',
    'create Without user ID',
  ]);
  expect(failed?.reason).toMatch(/view.*write access.*\bsite 1\b.*super user/);
});

test.each(['admin', 'write', 'noaccess'] as const)(
  'a token of role %s cannot create a site, and the reason names who can',
  async (role) => {
    const { steps, actions } = await plan(NEW_SITE, {}, { role });
    expect(actions).toEqual(Array(5).fill('blocked'));
    expect(steps[0]?.reason).toContain('super user');
  },
);

test.each([true, false])(
  'a dimension with a wanted name that is mapped to another attribute is a conflict, and stays as it is (active: %s)',
  async (active) => {
    const dimensions = [{ name: 'Route', active }];
    const { route, mapping } = await plan([], { dimensions }, { mapped: '1=app.route' });
    expect(route).toMatchObject({
      action: 'blocked',
      reason: expect.stringMatching(/^dimension 1 has that name.*"app\.route".*MATOMO_DIMENSIONS/),
    });
    expect(mapping).toEqual(['1=app.route']);
  },
);

test('a private segment of somebody else is not present for a super user, and blocks no name', async () => {
  const definition = 'userId==';
  const name = 'Visits with a 404';
  const dimensions = [{ name: 'HTTP status' }];
  const segments = [
    { idsegment: 1, name: 'Mine', definition, enable_all_users: 0 },
    { idsegment: 2, name, definition: 'pageUrl==x', enable_all_users: 0 },
  ];
  const actions = async (role: ApiRole) =>
    (await plan(SEGMENTS, { dimensions, segments }, { role })).actions.slice(4);
  expect(await actions('write')).toEqual(['create', 'blocked', 'present']);
  expect(await actions('super')).toEqual(['create', 'create', 'create']);
});

test('--auto-archive says that a segment stays as it is', async () => {
  const reasonOf = async (auto_archive: number) => {
    const segments = [{ idsegment: 1, name: 'Mine', definition: 'userId==', auto_archive }];
    return (await plan([...SEGMENTS, '--auto-archive'], { segments })).steps.at(-1)?.reason;
  };
  expect(await reasonOf(0)).toMatch(/^--auto-archive changes no segment/);
  expect(await reasonOf(1)).toBeUndefined();
});

test('the mapping wins over the name, whether the dimension is active or not', async () => {
  const dimensions = [{ name: 'Route' }, { name: 'Endpoint' }];
  const { route, mapping } = await plan([], { dimensions }, { mapped: '2=http.route' });
  expect(route).toMatchObject({ action: 'present', id: 2, reason: 'named "Endpoint"' });
  expect(mapping).toEqual(['2=http.route']);
  const inactive = [{ name: 'Endpoint', active: false }];
  const found = await plan([], { dimensions: inactive }, { mapped: '1=http.route' });
  expect(found.route).toMatchObject({ action: 'reactivate', id: 1 });
});

test('the mapping of what setup does not want stays, and so does an attribute that is mapped twice', async () => {
  const dimensions = [{ name: 'Route' }, { name: 'Endpoint' }, { name: 'plan' }];
  const mapped = '1=http.route,2=http.route,3=app.plan,9=http.request.method';
  expect((await plan([], { dimensions }, { mapped })).mapping).toEqual(mapped.split(','));
  const given = { dimensions: [{ name: 'HTTP method' }] };
  const moved = await plan([], given, { mapped: '9=http.request.method' });
  expect(moved.mapping).toEqual(['1=http.request.method']);
});
