import { expect, test } from 'vitest';
import { environmentOf, runSetup, runSetupAsJson } from '../../support/cli.js';
import { type ApiRole, answering, refusing } from '../../support/matomo-api.js';
import { type SiteContents, startMatomoSite } from '../matomo-site.js';

/** What setup would do with these flags, or does with `--yes`, at a site with these contents. */
async function plan(
  args: string[],
  contents: SiteContents = {},
  { mapped = '', role = 'write' as ApiRole } = {},
) {
  const matomo = await startMatomoSite(contents);
  const env = { ...environmentOf(matomo, role), MATOMO_DIMENSIONS: mapped };
  const isDry = !args.includes('--yes');
  const { code, result } = await runSetupAsJson(env, [...args, ...(isDry ? ['--dry-run'] : [])]);
  expect(matomo.unrecorded).toEqual([]);
  const { plan: steps, applied, advice, environment } = result;
  return {
    ...{ code, steps, applied, advice },
    /** What comes after the dimensions. */
    last: steps.slice(4),
    actions: steps.map(({ action }) => action),
    route: steps.find(({ name }) => name === 'Route'),
    mapping: environment.MATOMO_DIMENSIONS?.split(','),
    writes: matomo.writes(),
    /** The parameters of the calls of a method. */
    sent: (name: string) =>
      matomo.calls.flatMap(({ method, params }) => (method === name ? [params] : [])),
  };
}

const SEGMENTS = ['--segments'];
const ORDERS = ['--goal', 'Orders=/orders'];
const NEW_SITE = ['--create-site', 'API', '--site-url', 'https://api.example'];

test('without free slots the rest is blocked, with the console command that makes as many as are missing', async () => {
  const dimensions = [{ name: 'a' }, { name: 'b', active: '0' }];
  const { actions, advice } = await plan(['--consumers'], { dimensions });
  expect(actions).toEqual(['create', 'create', 'create', ...Array(5).fill('blocked')]);
  expect(advice).toMatch(
    / \.\/console customdimensions:add-custom-dimension --scope=action --count=4 .*log_link_visit_action/,
  );
  expect((await plan([])).advice).toBeUndefined();
});

test('without the plugin CustomDimensions what needs none is created, and it is named who can activate it', async () => {
  const args = ['--yes', ...SEGMENTS, ...ORDERS];
  const answer = answering('CustomDimensions', { value: false });
  const { code, steps, writes } = await plan(args, { answer });
  expect(code).toBe(3);
  const reason = expect.stringMatching(/CustomDimensions.*super user/);
  expect(steps[0]).toMatchObject({ action: 'blocked', reason });
  expect(steps.map(({ kind, action }) => `${kind} ${action}`).slice(4)).toEqual([
    'goal create',
    'segment blocked',
    'segment blocked',
    'segment create',
  ]);
  expect(writes).toEqual(['Goals.addGoal', 'SegmentEditor.add']);
});

test('an inactive dimension is reactivated, and keeps its name and extractions', async () => {
  const extractions = [{ dimension: 'url', pattern: 'x=(.*)' }];
  const dimension = { idcustomdimension: 1, name: 'ROUTE', scope: 'action', active: false };
  const listed = [{ ...dimension, extractions }];
  const answer = answering('CustomDimensions.getConfiguredCustomDimensions', listed);
  const { code, sent, steps } = await plan(['--yes'], { answer });
  // This Matomo confirms the change and does not make it.
  const reason = expect.stringContaining('does not list it');
  expect(steps.at(-1)).toMatchObject({ name: 'Route', action: 'failed', reason });
  expect(code).toBe(1);
  expect(sent('CustomDimensions.configureExistingCustomDimension')).toEqual([
    {
      ...{ idSite: '1', idDimension: '1', name: 'ROUTE', active: '1' },
      'extractions[0][dimension]': 'url',
      'extractions[0][pattern]': 'x=(.*)',
    },
  ]);
});

const ROUTE = { name: 'Route' };
const OTHER = { name: 'Endpoint' };
const CONFLICT = /^dimension 1 has that name.*"app\.route".*MATOMO_DIMENSIONS/;

test.each<[SiteContents['dimensions'], string, object, RegExp?]>([
  // Another one with its name: of visits, or for something else.
  [[{ ...ROUTE, scope: 'visit' }], '', { action: 'create' }, /\b1\b.*visit/],
  [[ROUTE], '1=app.route', { action: 'blocked' }, CONFLICT],
  [[{ ...ROUTE, active: '0' }], '1=app.route', { action: 'blocked' }, CONFLICT],
  // The mapping wins over the name.
  [[ROUTE, OTHER], '2=http.route', { action: 'present', id: 2 }, /^named "Endpoint"$/],
  [[{ ...OTHER, active: '0' }], '1=http.route', { action: 'reactivate', id: 1 }],
])(
  'beside dimensions %j, mapped as %j, that of the route: %o',
  async (dimensions = [], mapped, step, text) => {
    const { route, mapping } = await plan([], { dimensions }, { mapped });
    const reason = text && expect.stringMatching(text);
    expect(route).toMatchObject({ ...step, ...(reason && { reason }) });
    if (dimensions[0]?.active !== '0' && mapped) expect(mapping).toEqual([mapped]);
  },
);

test('active action dimensions that are not mapped are listed', async () => {
  const dimensions = [
    ...[OTHER, { name: 'plan' }, { name: 'HTTP status' }, { name: 'old', active: '0' }],
    { name: 'of visits', scope: 'visit' },
  ];
  const matomo = await startMatomoSite({ dimensions });
  const env = { ...environmentOf(matomo), MATOMO_DIMENSIONS: '2=app.plan' };
  const { stdout } = await runSetup(env, ['--dry-run']);
  expect(stdout.replace(/\s+/g, ' ')).toContain(
    'not mapped: 1 "Endpoint". If one of these was renamed, set MATOMO_DIMENSIONS. +',
  );
});

test('the mapping of what setup does not want stays, and so does an attribute that is mapped twice', async () => {
  const mapped = '1=http.route,2=http.route,3=app.plan,9=http.request.method';
  const dimensions = [ROUTE, OTHER, { name: 'plan' }];
  expect((await plan([], { dimensions }, { mapped })).mapping).toEqual(mapped.split(','));
  const given = { dimensions: [{ name: 'HTTP method' }] };
  const moved = await plan([], given, { mapped: '9=http.request.method' });
  expect(moved.mapping).toEqual(['1=http.request.method']);
});

const MATCH = { match_attribute: 'url', pattern_type: 'contains', pattern: '/orders' };
const GOAL = { idgoal: 3, name: 'Orders', ...MATCH };

test.each<[what: string, goals: SiteContents['goals'], action: string, id?: number]>([
  ['no goal', [], 'create', 1],
  ['one whose name differs in case and spaces', [{ ...GOAL, name: ' orders ' }], 'present', 3],
  ['another with its name beside it', [{ ...GOAL, idgoal: 7, pattern: '/o' }, GOAL], 'present', 3],
  ['one for titles', [{ ...GOAL, match_attribute: 'title' }], 'blocked'],
  ['one for exact URLs', [{ ...GOAL, pattern_type: 'exact' }], 'blocked'],
  ['one with a longer pattern', [{ ...GOAL, pattern: '/orders/1' }], 'blocked'],
  ['one with that condition and another name', [{ ...GOAL, name: 'Sales' }], 'create', 1],
])('a goal, if the site has %s', async (_what, goals = [], action, id) => {
  const { steps, sent } = await plan(['--yes', ...ORDERS], { goals });
  const goal = steps.at(-1);
  expect([goal?.kind, goal?.action, goal?.id]).toEqual(['goal', action, id]);
  if (action === 'blocked') expect(goal?.reason).toMatch(/\bgoal 3\b.*(?:title|url) \w+ "\/orders/);
  const parameters = {
    idSite: '1',
    name: 'Orders',
    description: expect.stringContaining('/orders'),
    matchAttribute: 'url',
    patternType: 'contains',
    pattern: '/orders',
    caseSensitive: '0',
    allowMultipleConversionsPerVisit: '0',
  };
  expect(sent('Goals.addGoal')).toEqual(action === 'create' ? [parameters] : []);
});

test.each([
  ['dimension', 'CustomDimensions.getConfiguredCustomDimensions'],
  ['goal', 'Goals.getGoals'],
  ['segment', 'SegmentEditor.getAll'],
])('if Matomo hides each %s, none is created that may be there', async (kind, hidden) => {
  const { steps } = await plan([...ORDERS, ...SEGMENTS], { answer: refusing(hidden, 'why') });
  const reasons = steps.filter((step) => step.kind === kind).map(({ reason }) => reason);
  expect(new Set(reasons)).toEqual(new Set(['Matomo rejects it: "why"']));
  const needed = steps.filter(({ reason }) => reason?.startsWith('it needs the dimension'));
  expect(needed).toHaveLength(kind === 'dimension' ? 2 : 0);
});

test('with view access only segments are created, and the reason names who can grant more', async () => {
  const dimensions = [{ name: 'HTTP status' }];
  const { steps } = await plan([...ORDERS, ...SEGMENTS], { dimensions }, { role: 'view' });
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
  expect(steps[0]?.reason).toMatch(/view.*write access.*\bsite 1\b.*super user/);
});

test('an administrator cannot create a site, and the reason names who can', async () => {
  const { steps, actions } = await plan(NEW_SITE, {}, { role: 'admin' });
  expect(actions).toEqual(Array(5).fill('blocked'));
  expect(steps[0]?.reason).toContain('super user');
});

test('a private segment of somebody else is not present for a super user, and blocks no name', async () => {
  const name = 'Visits with a 404';
  const dimensions = [{ name: 'HTTP status' }];
  const segments = [
    { idsegment: 1, name: 'Mine', definition: 'userId==', enable_all_users: 0 },
    { idsegment: 2, name, definition: 'pageUrl==x', enable_all_users: 0 },
  ];
  const planAs = (role: ApiRole) => plan(SEGMENTS, { dimensions, segments }, { role });
  const { actions, steps } = await planAs('write');
  expect(actions.slice(4)).toEqual(['create', 'blocked', 'present']);
  expect(steps[5]?.reason).toMatch(/\bsegment 2\b.*"pageUrl==x"/);
  expect((await planAs('super')).actions.slice(4)).toEqual(['create', 'create', 'create']);
});

test.each([
  [0, /^--auto-archive changes no segment/],
  [1, /^undefined$/],
])('--auto-archive says that a segment stays as it is (%i)', async (auto_archive, reason) => {
  const segments = [{ idsegment: 1, name: 'Mine', definition: 'userId==', auto_archive }];
  const { steps } = await plan([...SEGMENTS, '--auto-archive'], { segments });
  expect(String(steps.at(-1)?.reason)).toMatch(reason);
});

test('what another run has created since the plan was shown is not created again', async () => {
  const names = ['Failed endpoint', 'HTTP status', 'HTTP method', 'Route'];
  let reads = 0;
  const { steps, writes } = await plan(['--yes'], {
    dimensions: names.map((name) => ({ name })),
    // Two answers of one read.
    answer: ({ method }) =>
      /getConfiguredCustomDimensions|getAvailableScopes/.test(method) && ++reads <= 2
        ? []
        : undefined,
  });
  expect(steps.map(({ action, id }) => [action, id])).toEqual(
    names.map((_, index) => ['create', index + 1]),
  );
  expect(writes).toEqual([]);
});

const NOT_IN_REAL_TIME = 'Real time segments are disabled. You need to enable auto archiving.';
const BY_BROWSER =
  'Pre-processed segments can only be created if browser triggered archiving is disabled.';

test.each<[string, string[], Record<string, string>, string, string[]]>([
  ['nothing is refused', [], {}, 'create', ['0']],
  ['real-time segments are off', [], { 0: NOT_IN_REAL_TIME }, 'create', ['0', '1']],
  ['both are refused', [], { 0: NOT_IN_REAL_TIME, 1: BY_BROWSER }, 'blocked', ['0', '1']],
  ['--auto-archive', ['--auto-archive'], { 0: NOT_IN_REAL_TIME }, 'create', ['1']],
  ['--auto-archive is refused', ['--auto-archive'], { 1: BY_BROWSER }, 'failed', ['1']],
])('a segment if %s', async (_what, flags, refusals, action, attempts) => {
  const { last, sent } = await plan(['--yes', '--mcp', ...flags], {
    answer({ method, params: { autoArchive = '' } }) {
      const message = refusals[autoArchive];
      return method === 'SegmentEditor.add' && message ? { result: 'error', message } : undefined;
    },
  });
  const segment = last.at(-1);
  expect(segment).toMatchObject({ kind: 'segment', name: 'MCP clients', action });
  expect(sent('SegmentEditor.add').map(({ autoArchive }) => autoArchive)).toEqual(attempts);
  const quoted = action === 'create' ? [] : Object.values(refusals);
  for (const message of quoted) expect(segment?.reason).toContain(message);
  if (quoted.includes(BY_BROWSER)) expect(segment?.reason).toMatch(/core:archive/);
  expect(/without --auto-archive/.test(segment?.reason ?? '')).toBe(action === 'failed');
});

const REPORT = ['--yes', '--weekly-report', 'team@shop.example'];

test('a weekly report is created with the dimension of failed endpoints', async () => {
  const { last, sent } = await plan(REPORT);
  expect(last).toMatchObject([{ action: 'create', kind: 'report', id: 1 }]);
  expect(sent('ScheduledReports.addReport')).toEqual([
    {
      ...{ idSite: '1', description: last[0]?.name, period: 'week', hour: '6' },
      ...{ reportType: 'email', reportFormat: 'html' },
      'parameters[emailMe]': '0',
      'parameters[displayFormat]': '4',
      'parameters[additionalEmails][0]': 'team@shop.example',
      'reports[0]': 'Actions_getPageTitles',
      'reports[1]': 'CustomDimensions_getCustomDimension_idDimension--1',
      'reports[2]': 'UserId_getUsers',
    },
  ]);
});

const FULL = Array.from({ length: 5 }, () => ({ name: 'other' }));

const INVALID = "The email doesn't have a valid format.";
const OFF = 'The plugin ScheduledReports is off.';

test.each<[string, SiteContents, action: string, reason: string, parts: number]>([
  ['the dimension is blocked', { dimensions: FULL }, 'create', '', 2],
  [
    'it is refused',
    { answer: refusing('ScheduledReports.addReport', INVALID) },
    'failed',
    INVALID,
    3,
  ],
  [
    'the plugin is off',
    { answer: refusing('ScheduledReports.getReports', OFF) },
    'blocked',
    OFF,
    0,
  ],
])('a weekly report if %s', async (_what, contents, action, reason, parts) => {
  const { last, sent } = await plan(REPORT, contents);
  expect(last).toMatchObject([{ action, reason: expect.stringContaining(reason) }]);
  const [added = {}] = sent('ScheduledReports.addReport');
  const given = Object.keys(added).filter((name) => name.startsWith('reports['));
  expect(given).toHaveLength(parts);
});

test('what needs a rejected step is blocked', async () => {
  const { steps, applied } = await plan(['--yes', ...SEGMENTS], {
    answer: ({ method, params }) =>
      method === 'CustomDimensions.configureNewCustomDimension' && params.name === 'HTTP status'
        ? { result: 'error', message: 'No.' }
        : undefined,
  });
  expect(applied).toBe(false);
  expect(steps.map(({ name, action }) => `${name} ${action}`)).toEqual([
    'Failed endpoint create',
    'HTTP status failed',
    'HTTP method create',
    'Route create',
    'Visits with a server error blocked',
    'Visits with a 404 blocked',
    'Without user ID create',
  ]);
});
