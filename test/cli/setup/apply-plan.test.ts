import { expect, test } from 'vitest';
import { environmentOf, runSetupAsJson } from '../../support/cli.js';
import type { ApiCall } from '../../support/matomo-api.js';
import { type SiteContents, startMatomoSite } from '../matomo-site.js';

/** Applies the plan of these flags. `last` is what comes after the dimensions. */
async function apply(args: string[], contents: SiteContents = {}) {
  const matomo = await startMatomoSite(contents);
  const run = () => runSetupAsJson(environmentOf(matomo), ['--yes', ...args]);
  const { plan, applied } = (await run()).result;
  expect(matomo.unrecorded).toEqual([]);
  return { matomo, run, plan, applied, last: plan.slice(4) };
}

test('what another run has created since the plan was shown is not created again', async () => {
  const names = ['Failed endpoint', 'HTTP status', 'HTTP method', 'Route'];
  let reads = 0;
  const { matomo, plan } = await apply([], {
    dimensions: names.map((name) => ({ name })),
    answer: (
      { method }, // two answers of one read
    ) =>
      /getConfiguredCustomDimensions|getAvailableScopes/.test(method) && ++reads <= 2
        ? []
        : undefined,
  });
  expect(plan.map(({ action, id }) => [action, id])).toEqual(
    names.map((_, index) => ['create', index + 1]),
  );
  expect(matomo.writes()).toEqual([]);
});

const NOT_IN_REAL_TIME = 'Real time segments are disabled. You need to enable auto archiving.';
const BY_BROWSER =
  'Pre-processed segments can only be created if browser triggered archiving is disabled.';

/** A Matomo that refuses segments with these values of `autoArchive`, in the words of its code. */
const refusing =
  (messages: Readonly<Record<string, string>>) =>
  ({ method, params }: ApiCall) => {
    const message = messages[params.autoArchive ?? ''];
    if (method !== 'SegmentEditor.add' || message === undefined) return undefined;
    return { result: 'error', message };
  };

test.each<[string, string[], Record<string, string>, string, string[]]>([
  ['nothing is refused', [], {}, 'create', ['0']],
  ['real-time segments are off', [], { 0: NOT_IN_REAL_TIME }, 'create', ['0', '1']],
  ['both are refused', [], { 0: NOT_IN_REAL_TIME, 1: BY_BROWSER }, 'blocked', ['0', '1']],
  ['--auto-archive', ['--auto-archive'], { 0: NOT_IN_REAL_TIME }, 'create', ['1']],
  ['--auto-archive is refused', ['--auto-archive'], { 1: BY_BROWSER }, 'failed', ['1']],
])('a segment if %s', async (_what, flags, refusals, action, attempts) => {
  const { matomo, last } = await apply(['--mcp', ...flags], { answer: refusing(refusals) });
  const segment = last.at(-1);
  expect(segment).toMatchObject({ kind: 'segment', name: 'MCP clients', action });
  const calls = matomo.calls.filter(({ method }) => method === 'SegmentEditor.add');
  expect(calls.map(({ params }) => params.autoArchive)).toEqual(attempts);
  const quoted = action === 'create' ? [] : Object.values(refusals);
  for (const message of quoted) expect(segment?.reason).toContain(message);
  if (quoted.includes(BY_BROWSER)) expect(segment?.reason).toMatch(/core:archive/);
  expect(/without --auto-archive/.test(segment?.reason ?? '')).toBe(action === 'failed');
});

test('a weekly report is created with the dimension of failed endpoints, and not again', async () => {
  const { matomo, run } = await apply(['--weekly-report', 'team@shop.example']);
  const last = (await run()).result.plan.slice(4);
  expect(last).toMatchObject([{ action: 'present', kind: 'report', id: 1 }]);
  const added = matomo.calls.filter(({ method }) => method === 'ScheduledReports.addReport');
  expect(added).toHaveLength(1);
  expect(added[0]?.params).toEqual({
    idSite: '1',
    description: last[0]?.name,
    period: 'week',
    hour: '6',
    reportType: 'email',
    reportFormat: 'html',
    'parameters[emailMe]': '0',
    'parameters[displayFormat]': '4',
    'parameters[additionalEmails][0]': 'team@shop.example',
    'reports[0]': 'Actions_getPageTitles',
    'reports[1]': 'CustomDimensions_getCustomDimension_idDimension--1',
    'reports[2]': 'UserId_getUsers',
  });
});

const FULL = Array.from({ length: 5 }, () => ({ name: 'other' }));

test.each([
  ['the dimension is blocked', { dimensions: FULL }, { action: 'create' }, 2],
  [
    'Matomo refuses it',
    { answer: refuse('ScheduledReports.addReport', "The email doesn't have a valid format.") },
    { action: 'failed', reason: expect.stringContaining("The email doesn't have a valid format.") },
    3,
  ],
  [
    'the plugin is off',
    { answer: refuse('ScheduledReports.getReports', 'The plugin ScheduledReports is off.') },
    { action: 'blocked', reason: expect.stringContaining('ScheduledReports is off') },
    0,
  ],
])('a weekly report if %s', async (_what, contents, expected, parts) => {
  const { matomo, last } = await apply(['--weekly-report', 'team@shop.example'], contents);
  expect(last).toMatchObject([expected]);
  const added = matomo.calls.find(({ method }) => method === 'ScheduledReports.addReport');
  const given = Object.keys(added?.params ?? {}).filter((name) => name.startsWith('reports['));
  expect(given).toHaveLength(parts);
});

function refuse(refused: string, message: string) {
  return ({ method }: ApiCall) => (method === refused ? { result: 'error', message } : undefined);
}

test('what needs a rejected step is blocked', async () => {
  const { plan, applied } = await apply(['--segments'], {
    answer: ({ method, params }) =>
      method === 'CustomDimensions.configureNewCustomDimension' && params.name === 'HTTP status'
        ? { result: 'error', message: 'No.' }
        : undefined,
  });
  expect(applied).toBe(false);
  expect(plan.map(({ name, action }) => `${name} ${action}`)).toEqual([
    'Failed endpoint create',
    'HTTP status failed',
    'HTTP method create',
    'Route create',
    'Visits with a server error blocked',
    'Visits with a 404 blocked',
    'Without user ID create',
  ]);
});
