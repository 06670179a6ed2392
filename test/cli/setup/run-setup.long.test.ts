import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { environmentOf, runSetup, runSetupAsJson } from '../../support/cli.js';
import type { ApiCall, ApiRole } from '../../support/matomo-api.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { startMatomoSite } from '../matomo-site.js';

const NAMES = ['Failed endpoint', 'HTTP status', 'HTTP method', 'Route'];
const DIMENSIONS =
  '1=matomo.failed_endpoint,2=http.response.status_code,3=http.request.method,4=http.route';

test('an empty site gets its dimensions, verified, and the lines to export are printed', async () => {
  const matomo = await startMatomoSite();
  const { code, stdout, stderr } = await runSetup(environmentOf(matomo), ['--yes']);
  expect(stderr).toContain('Creating the dimension "HTTP method" … done\n');
  expect(stdout).toContain('Matomo 5.2.0-b5');
  expect(stdout).toMatch(/Site 1 "Shop API".*write access/);
  expect(stdout).toMatch(/ {2}\+ dimension {2}HTTP method\n/);
  expect(stdout).toContain('Verified: 4 of 4 changes made.');
  expect(stdout.trimEnd().split('\n').slice(-5)).toEqual([
    `export MATOMO_URL=${matomo.url}`,
    'export MATOMO_SITE_ID=1',
    "export MATOMO_TOKEN_AUTH='<your token>'",
    `export MATOMO_DIMENSIONS=${DIMENSIONS}`,
    expect.stringMatching(/^# MATOMO_URL_PATHS=template /),
  ]);
  expect(code).toBe(0);
  expect(matomo.dimensions.map(({ name, scope, active }) => [name, scope, active])).toEqual(
    NAMES.map((name) => [name, 'action', true]),
  );
});

/** Answers a method, or a question about a plugin. */
const answering =
  (wanted: string, value: unknown) =>
  ({ method, params }: ApiCall) =>
    [method, params.pluginName].includes(wanted) ? { value } : undefined;

test('in a Matomo that is too old, nothing is changed', async () => {
  const answer = answering('API.getMatomoVersion', '4.16.1');
  const matomo = await startMatomoSite({ answer });
  const { code, stderr } = await runSetup(environmentOf(matomo), ['--yes']);
  expect(code).toBe(1);
  expect(stderr).toMatch(/4\.16\.1.*Nothing was changed.*\[matomo-too-old\]/);
  expect(matomo.writes()).toEqual([]);
});

test('site search is only mentioned if search parameters are sent; custom variables that are dropped need not be sent', async () => {
  const matomo = await startMatomoSite({ answer: answering('CustomVariables', false) });
  const env = environmentOf(matomo);
  const searching = await runSetup({ ...env, MATOMO_SITE_SEARCH: 'true' }, ['--dry-run']);
  expect(searching.stdout).toMatch(/site search/i);
  const { stdout } = await runSetup(env, ['--yes']);
  expect(stdout).not.toContain('earch');
  expect(stdout).toContain('CustomVariables');
  expect(stdout).toContain('export MATOMO_MAX_CUSTOM_VARIABLES=0');
});

test('a plugin that drops hits of clouds is warned about, with the lines that keep them', async () => {
  const matomo = await startMatomoSite({ answer: answering('TrackingSpamPrevention', true) });
  const env = environmentOf(matomo);
  const { stdout, stderr } = await runSetup(env, ['--dry-run']);
  expect(stderr).toMatch(/TrackingSpamPrevention is active\. .*\[spam-prevention\]\n/);
  expect(stdout).toContain(
    '\n[TrackingSpamPrevention]\nblock_clouds = 0\ncloud_blocking_mode = "off"\nblock_headless = 0\n',
  );
  const json = await runSetupAsJson(env, ['--dry-run']);
  expect(json.stderr).toContain('[spam-prevention]');
  expect((await runSetup(environmentOf(await startMatomoSite()))).output).not.toContain('Spam');
});

test.each(['admin', 'super'] as const)(
  'running it again as %s changes nothing, also without a terminal',
  async (role) => {
    const matomo = await startMatomoSite();
    const env = environmentOf(matomo, role);
    const args = ['--goal', 'Orders=/orders', '--goal', 'A & B=x=y', '--segments', '--bots'];
    expect((await runSetup(env, [...args, '--yes'])).code).toBe(0);
    const writes = matomo.writes();
    expect(writes).toHaveLength(11);
    const { code, stdout } = await runSetup(env, args);
    expect(code).toBe(0);
    expect(matomo.writes()).toEqual(writes);
    expect(stdout.match(/^ {2}= /gm)).toHaveLength(12);
    expect(stdout).toContain(`export MATOMO_DIMENSIONS=${DIMENSIONS},5=user_agent.bot.name`);
    const enabledAllUsers = role === 'super' ? '1' : '0';
    const shared = Array(4).fill({ params: expect.objectContaining({ enabledAllUsers }) });
    expect(matomo.segments).toMatchObject(shared);
    expect(matomo.unrecorded).toEqual([]);
  },
);

test('without a terminal and without --yes there is a plan, and exit 1', async () => {
  const matomo = await startMatomoSite();
  const { code, stdout, stderr } = await runSetup(environmentOf(matomo));
  expect(code).toBe(1);
  expect(stdout).toContain('+ dimension  Route');
  expect(stdout).not.toContain('export');
  expect(stderr).toContain('--yes');
  expect(matomo.writes()).toEqual([]);
});

test('--json is one object with plan, applied and environment', async () => {
  const matomo = await startMatomoSite({ dimensions: [{ name: 'route' }] });
  const env = environmentOf(matomo);
  const kind = 'dimension';
  const route = { action: 'present', kind, name: 'Route', id: 1 };
  const planned = await runSetupAsJson(env);
  expect(planned.code).toBe(1);
  expect(planned.result).toEqual({
    plan: [...NAMES.slice(0, 3).map((name) => ({ action: 'create', kind, name })), route],
    applied: false,
    environment: expect.objectContaining({ MATOMO_DIMENSIONS: '1=http.route' }),
  });
  const { result, code, stderr } = await runSetupAsJson(env, ['--yes']);
  expect([code, stderr]).toEqual([0, '']);
  expect(result).toEqual({
    plan: [
      ...NAMES.slice(0, 3).map((name, i) => ({ action: 'create', kind, name, id: i + 2 })),
      route,
    ],
    applied: true,
    environment: {
      MATOMO_URL: matomo.url,
      MATOMO_SITE_ID: '1',
      MATOMO_TOKEN_AUTH: '<your token>',
      MATOMO_DIMENSIONS:
        '1=http.route,2=matomo.failed_endpoint,3=http.response.status_code,4=http.request.method',
    },
  });
});

test('--create-site makes one site, with everything in it, and finds it again', async () => {
  const matomo = await startMatomoSite();
  const { MATOMO_SITE_ID: _, ...env } = environmentOf(matomo, 'super');
  const args = ['--create-site', 'API', '--site-url', 'https://api.example/', '--segments'];
  const dry = await runSetupAsJson(env, [...args, '--dry-run']);
  expect(dry.code).toBe(0);
  expect(dry.result.plan.map(({ action }) => action)).toEqual(Array(8).fill('create'));
  expect(matomo.writes()).toEqual([]);
  const { result, code } = await runSetupAsJson(env, [...args, '--yes']);
  expect(result.plan[0]).toEqual({ action: 'create', kind: 'site', name: 'API', id: 11 });
  expect(result.environment).toMatchObject({ MATOMO_SITE_ID: '11', MATOMO_DIMENSIONS: DIMENSIONS });
  expect(code).toBe(0);
  expect(matomo.sites.at(-1)).toMatchObject({ name: 'API', main_url: 'https://api.example' });
  const again = await runSetupAsJson(env, args);
  expect(again.code).toBe(0);
  expect(again.result.plan.map(({ action }) => action)).toEqual(Array(8).fill('present'));
  expect(matomo.sites).toHaveLength(2);
});

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

test('what Matomo confirms and does not list is not called done', async () => {
  const matomo = await startMatomoSite({
    answer: ({ method, params }) =>
      method.endsWith('configureNewCustomDimension') && params.name === 'Route'
        ? { value: 77 }
        : undefined,
  });
  const { result, code } = await runSetupAsJson(environmentOf(matomo), ['--yes']);
  expect(code).toBe(1);
  expect(result.applied).toBe(false);
  const reason = expect.stringContaining('does not list it');
  expect(result.plan.filter(({ action }) => action === 'failed')).toEqual([
    { action: 'failed', kind: 'dimension', name: 'Route', reason },
  ]);
});

test('a token file wins over MATOMO_SETUP_TOKEN, which wins over MATOMO_TOKEN_AUTH', async () => {
  const matomo = await startMatomoSite();
  const { MATOMO_SETUP_TOKEN: write = '', ...env } = environmentOf(matomo);
  const wrong = 'f'.repeat(32);
  for (const [given, args] of [
    [{ MATOMO_TOKEN_AUTH: write }, []],
    [{ MATOMO_TOKEN_AUTH: wrong, MATOMO_SETUP_TOKEN: write }, []],
    [{ MATOMO_TOKEN_AUTH_FILE: tokenFile(write) }, []],
    [{ MATOMO_TOKEN_AUTH: wrong, MATOMO_SETUP_TOKEN: wrong }, ['--token-file', tokenFile(write)]],
  ] as const) {
    const { code, stdout } = await runSetup({ ...env, ...given }, ['--dry-run', ...args]);
    expect(stdout).toContain('write access');
    expect(code).toBe(0);
  }
});

function tokenFile(token: string): string {
  const file = join(temporaryFolder(), 'token');
  writeFileSync(file, `${token}\n`);
  return file;
}
