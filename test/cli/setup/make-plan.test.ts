import { expect, test } from 'vitest';
import { toDimension } from '../../../src/cli/matomo-api.js';
import { adviseSlots, findUnmapped, makePlan } from '../../../src/cli/setup/make-plan.js';
import type { MatomoState } from '../../../src/cli/setup/read-site.js';
import { toEnvironment } from '../../../src/cli/setup/report.js';
import { parseArguments } from '../../../src/cli/setup/wanted.js';

interface StoredDimension {
  readonly name: string;
  readonly scope?: string;
  readonly active?: boolean;
  readonly extractions?: readonly object[];
}

/** What setup would do with these flags at a site with these dimensions, of which `mapped` maps some. */
function plan(
  args: string[],
  given: readonly StoredDimension[] = [],
  more: Partial<MatomoState> & { readonly mapped?: Readonly<Record<string, string>> } = {},
) {
  const { mapped = {}, ...settings } = more;
  const dimensions = given.map((one, index) =>
    toDimension({ scope: 'action', active: true, ...one, idcustomdimension: index + 1 }),
  );
  const state: MatomoState = {
    version: '5.2.0',
    role: 'write',
    hasCustomVariables: true,
    hasSpamPrevention: false,
    site: { id: 1, name: 'Shop', hasSiteSearch: false },
    dimensions,
    freeSlots: 5 - given.length,
    goals: [],
    segments: [],
    reports: [],
    reportIds: [],
    hidden: { dimension: undefined, goal: undefined, segment: undefined, report: undefined },
    ...settings,
  };
  const parsed = parseArguments(args);
  const url = new URL('https://a.test');
  const site = parsed.newSite ?? { id: 1 };
  const wanted = { ...parsed, url, site, mapped, keepsSearch: false };
  const steps = makePlan(state, wanted);
  const [failed, status, method, route] = steps;
  const { MATOMO_DIMENSIONS = '' } = toEnvironment(state, wanted);
  return {
    steps,
    actions: steps.map(({ action }) => action),
    ...{ failed, status, method, route },
    mapping: MATOMO_DIMENSIONS.split(','),
    unmapped: findUnmapped(state, wanted).map(({ name }) => name),
  };
}

const SEGMENTS = ['--segments'];
const SHARED = { isPrivate: false, isComputedLate: false };
const ORDERS = ['--goal', 'Orders=/orders'];
const NEW_SITE = ['--create-site', 'API', '--site-url', 'https://api.example'];

test('without free slots the rest is blocked, with the console command that makes as many as are missing', () => {
  const { steps, actions } = plan(['--consumers'], [{ name: 'a' }, { name: 'b', active: false }]);
  expect(actions).toEqual(['create', 'create', 'create', ...Array(5).fill('blocked')]);
  expect(adviseSlots(steps).join(' ')).toMatch(
    / \.\/console customdimensions:add-custom-dimension --scope=action --count=4 .*log_link_visit_action/,
  );
  expect(adviseSlots(plan([]).steps)).toEqual([]);
});

test('an inactive dimension is reactivated, and keeps its name and extractions', () => {
  const extractions = [{ dimension: 'url', pattern: 'x=(.*)' }];
  const { route } = plan([], [{ name: 'ROUTE', active: false, extractions }]);
  expect(route).toMatchObject({ action: 'reactivate', id: 1, name: 'Route' });
  expect(route?.call?.params).toEqual({
    idSite: '1',
    idDimension: '1',
    name: 'ROUTE',
    active: '1',
    'extractions[0][dimension]': 'url',
    'extractions[0][pattern]': 'x=(.*)',
  });
});

test('a visit dimension of that name is explained, and an action dimension created beside it', () => {
  const { route } = plan([], [{ name: 'Route', scope: 'visit' }]);
  expect(route).toMatchObject({ action: 'create', reason: expect.stringMatching(/\b1\b.*visit/) });
});

test('active action dimensions that are not mapped are found', () => {
  const dimensions = [
    { name: 'Endpoint' },
    { name: 'plan' },
    { name: 'HTTP status' },
    { name: 'old', active: false },
    { name: 'of visits', scope: 'visit' },
  ];
  expect(plan([], dimensions, { mapped: { 2: 'app.plan' } }).unmapped).toEqual(['Endpoint']);
  const mapped = plan([], dimensions, { mapped: { 1: 'http.route', 2: 'app.plan' } });
  expect(mapped.unmapped).toEqual([]);
  expect(mapped.route).toMatchObject({ action: 'present', id: 1 });
});

test('a goal or segment of that name with another meaning is left alone and explained', () => {
  const match = { matchAttribute: 'title', pattern: 'x', patternType: 'exact' };
  const { steps } = plan([...ORDERS, ...SEGMENTS], [], {
    goals: [{ id: 3, name: 'orders', ...match }],
    segments: [{ id: 8, name: 'Visits with a 404', definition: 'pageUrl==x', ...SHARED }],
  });
  const blocked = steps.filter(({ action }) => action === 'blocked');
  expect(blocked.map(({ reason }) => reason)).toEqual([
    expect.stringMatching(/\bgoal 3\b.*title exact "x"/),
    expect.stringMatching(/\bsegment 8\b.*"pageUrl==x"/),
  ]);
});

const GOAL = {
  id: 3,
  name: 'Orders',
  matchAttribute: 'url',
  patternType: 'contains',
  pattern: '/orders',
};
const OTHER_GOAL = { ...GOAL, id: 7, pattern: '/other' };

test.each<[what: string, goals: MatomoState['goals'], action: string, id?: number]>([
  ['no goal', [], 'create'],
  ['the same one', [GOAL], 'present', 3],
  ['one whose name differs in case and spaces', [{ ...GOAL, name: ' orders ' }], 'present', 3],
  ['the same one beside another with its name', [OTHER_GOAL, GOAL], 'present', 3],
  ['one for titles', [{ ...GOAL, matchAttribute: 'title' }], 'blocked'],
  ['one for exact URLs', [{ ...GOAL, patternType: 'exact' }], 'blocked'],
  ['one with a longer pattern', [{ ...GOAL, pattern: '/orders/1' }], 'blocked'],
  ['one with that condition and another name', [{ ...GOAL, name: 'Sales' }], 'create'],
])('a goal, if the site has %s', (_what, goals, action, id) => {
  const goal = plan(ORDERS, [], { goals }).steps.at(-1);
  expect([goal?.kind, goal?.action, goal?.id]).toEqual(['goal', action, id]);
  expect(goal?.call !== undefined).toBe(action === 'create');
});

test('a goal is created for URLs that contain its pattern, in either case and once per visit', () => {
  const call = (more?: Partial<MatomoState>) => plan(ORDERS, [], more).steps.at(-1)?.call;
  expect(call()).toEqual({
    method: 'Goals.addGoal',
    params: {
      idSite: '1',
      name: 'Orders',
      description: expect.stringContaining('/orders'),
      matchAttribute: 'url',
      patternType: 'contains',
      pattern: '/orders',
      caseSensitive: '0',
      allowMultipleConversionsPerVisit: '0',
    },
  });
  expect(call({ site: undefined })).toBeUndefined();
});

test.each(['dimension', 'goal', 'segment'] as const)(
  'if Matomo hides each %s, none is created that may be there',
  (kind) => {
    const hidden = { dimension: undefined, goal: undefined, segment: undefined, report: undefined };
    const { steps } = plan([...ORDERS, ...SEGMENTS], [], { hidden: { ...hidden, [kind]: 'why' } });
    const reasons = steps.filter((step) => step.kind === kind).map(({ reason }) => reason);
    expect(new Set(reasons)).toEqual(new Set(['why']));
    const needed = steps.filter(({ reason }) => reason?.startsWith('it needs the dimension'));
    expect(needed).toHaveLength(kind === 'dimension' ? 2 : 0);
  },
);

test('with view access only segments are created, and the reason names who can grant more', () => {
  const { steps, failed } = plan([...ORDERS, ...SEGMENTS], [{ name: 'HTTP status' }], {
    role: 'view',
  });
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

test.each(['admin', 'write', 'none'] as const)(
  'a token of role %s cannot create a site, and the reason names who can',
  (role) => {
    const { steps, actions } = plan(NEW_SITE, [], { role, site: undefined });
    expect(actions).toEqual(Array(5).fill('blocked'));
    expect(steps[0]?.reason).toContain('super user');
  },
);

test.each([true, false])(
  'a dimension with a wanted name that is mapped to another attribute is a conflict, and stays as it is (active: %s)',
  (active) => {
    const { route, mapping } = plan([], [{ name: 'Route', active }], {
      mapped: { 1: 'app.route' },
    });
    expect(route).toMatchObject({
      action: 'blocked',
      reason: expect.stringMatching(/^dimension 1 has that name.*"app\.route".*MATOMO_DIMENSIONS/),
    });
    expect(mapping).toEqual(['1=app.route']);
  },
);

test('a private segment of somebody else is not present for a super user, and blocks no name', () => {
  const definition = 'userId==';
  const name = 'Visits with a 404';
  const segments = [
    { id: 1, name: 'Mine', definition, ...SHARED, isPrivate: true },
    { id: 2, name, definition: 'pageUrl==x', ...SHARED, isPrivate: true },
  ];
  const actions = (role: MatomoState['role']) =>
    plan(SEGMENTS, [{ name: 'HTTP status' }], { role, segments })
      .steps.filter(({ kind }) => kind === 'segment')
      .map(({ action }) => action);
  expect(actions('write')).toEqual(['create', 'blocked', 'present']);
  expect(actions('super')).toEqual(['create', 'create', 'create']);
});

test('--auto-archive says that a segment stays as it is', () => {
  const segments = [{ id: 1, name: 'Mine', definition: 'userId==', ...SHARED }];
  const reasonOf = (isComputedLate: boolean) =>
    plan([...SEGMENTS, '--auto-archive'], [], {
      segments: segments.map((segment) => ({ ...segment, isComputedLate })),
    }).steps.at(-1)?.reason;
  expect(reasonOf(true)).toMatch(/^--auto-archive changes no segment/);
  expect(reasonOf(false)).toBeUndefined();
});

test('a segment of a dimension in conflict is blocked, too', () => {
  const { steps } = plan(SEGMENTS, [{ name: 'HTTP status' }], { mapped: { 1: 'app.status' } });
  const segments = steps.filter(({ kind }) => kind === 'segment');
  expect(segments.map(({ action }) => action)).toEqual(['blocked', 'blocked', 'create']);
});

test('the mapping wins over the name, whether the dimension is active or not', () => {
  const both = [{ name: 'Route' }, { name: 'Endpoint' }];
  const { route, mapping } = plan([], both, { mapped: { 2: 'http.route' } });
  expect(route).toMatchObject({ action: 'present', id: 2, reason: 'named "Endpoint"' });
  expect(mapping).toEqual(['2=http.route']);
  const inactive = [{ name: 'Endpoint', active: false }];
  const { route: found } = plan([], inactive, { mapped: { 1: 'http.route' } });
  expect(found).toMatchObject({ action: 'reactivate', id: 1 });
});

test('the mapping of what setup does not want stays, and so does an attribute that is mapped twice', () => {
  const given = [{ name: 'Route' }, { name: 'Endpoint' }, { name: 'plan' }];
  const mapped = { 1: 'http.route', 2: 'http.route', 3: 'app.plan', 9: 'http.request.method' };
  const { mapping } = plan([], given, { mapped });
  expect(mapping).toEqual(['1=http.route', '2=http.route', '3=app.plan', '9=http.request.method']);
  const moved = plan([], [{ name: 'HTTP method' }], { mapped: { 9: 'http.request.method' } });
  expect(moved.mapping).toEqual(['1=http.request.method']);
});
