import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { environmentOf, runSetup, runSetupAsJson } from '../../support/cli.js';
import { type ApiRole, answering } from '../../support/matomo-api.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { startMatomoSite } from '../matomo-site.js';

const NAMES = ['Failed endpoint', 'HTTP status', 'HTTP method', 'Route'];
const DIMENSIONS =
  '1=matomo.failed_endpoint,2=http.response.status_code,3=http.request.method,4=http.route';

test.each(['admin', 'super'] as const)(
  'an empty site gets all as %s, verified, and the lines to export are printed; a second run changes nothing, also without a terminal',
  async (role) => {
    const matomo = await startMatomoSite();
    const env = environmentOf(matomo, role);
    const goals = ['--goal', 'Orders=/orders', '--goal', 'A & B=x=y'];
    const args = [...goals, '--segments', '--weekly-report', 'team@shop.example'];
    const planned = await runSetup(env, args);
    expect(planned.code).toBe(1);
    expect(planned.stdout).toContain('\n  + dimension  HTTP method\n');
    expect(planned.stdout).not.toContain('export');
    expect(planned.stderr).toContain('--yes');
    expect(matomo.writes()).toEqual([]);
    const { code, stdout, stderr } = await runSetup(env, [...args, '--yes']);
    expect(code).toBe(0);
    expect(stderr).toContain('Creating the dimension "HTTP method" … done\n');
    expect(stdout).toMatch(
      /^Matomo 5\.13\.0 .*\nSite 1 "Inspected site".*(?:admin access|super user)/,
    );
    expect(stdout).toContain('Verified: 10 of 10 changes made.');
    expect(stdout).not.toContain('not mapped');
    expect(stdout.trimEnd().split('\n').slice(-5)).toEqual([
      `export MATOMO_URL=${matomo.url}`,
      'export MATOMO_SITE_ID=1',
      "export MATOMO_TOKEN_AUTH='<your token>'",
      `export MATOMO_DIMENSIONS=${DIMENSIONS}`,
      expect.stringMatching(/^# MATOMO_URL_PATHS=template /),
    ]);
    const again = await runSetup(env, args);
    expect(again.code).toBe(0);
    expect(matomo.writes()).toHaveLength(10);
    expect(again.stdout.match(/^ {2}= /gm)).toHaveLength(11);
    const segments = matomo.calls.filter(({ method }) => method === 'SegmentEditor.add');
    const shared = { params: { enabledAllUsers: role === 'super' ? '1' : '0' } };
    expect(segments).toMatchObject(Array(3).fill(shared));
    expect(matomo.unrecorded).toEqual([]);
  },
);

test('in a Matomo that is too old, nothing is changed', async () => {
  const answer = answering('API.getMatomoVersion', { value: '4.16.1' });
  const matomo = await startMatomoSite({ answer });
  const { code, stderr } = await runSetup(environmentOf(matomo), ['--yes']);
  expect(code).toBe(1);
  expect(stderr).toMatch(/4\.16\.1.*Nothing was changed.*\[matomo-too-old\]/);
  expect(matomo.writes()).toEqual([]);
});

test('site search is only mentioned if search parameters are sent; custom variables that are dropped need not be sent', async () => {
  const matomo = await startMatomoSite({ answer: answering('CustomVariables', { value: false }) });
  const env = environmentOf(matomo);
  const searching = await runSetup({ ...env, MATOMO_SITE_SEARCH: 'true' }, ['--dry-run']);
  expect(searching.stdout).toMatch(/site search/i);
  const { stdout } = await runSetup(env, ['--yes']);
  expect(stdout).not.toContain('earch');
  expect(stdout).toContain('CustomVariables');
  expect(stdout).toContain('export MATOMO_MAX_CUSTOM_VARIABLES=0');
});

test('a plugin that drops hits of clouds is warned about, with the lines that keep them', async () => {
  const matomo = await startMatomoSite({
    answer: answering('TrackingSpamPrevention', { value: true }),
  });
  const env = environmentOf(matomo);
  const { stdout, stderr } = await runSetup(env, ['--dry-run']);
  expect(stderr).toMatch(/TrackingSpamPrevention is active\. .*\[spam-prevention\]\n/);
  expect(stdout).toContain(
    '\n[TrackingSpamPrevention]\nblock_clouds = 0\ncloud_blocking_mode = "off"\nblock_headless = 0\n',
  );
  expect((await runSetup(environmentOf(await startMatomoSite()))).output).not.toContain('Spam');
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
  const { result, code } = await runSetupAsJson(env, [...args, '--yes']);
  expect(result.plan[0]).toEqual({ action: 'create', kind: 'site', name: 'API', id: 2 });
  expect(result.environment).toMatchObject({ MATOMO_SITE_ID: '2', MATOMO_DIMENSIONS: DIMENSIONS });
  expect(code).toBe(0);
  const created = { siteName: 'API', 'urls[0]': 'https://api.example' };
  expect(matomo.calls.filter(({ method }) => method === 'SitesManager.addSite')).toMatchObject([
    { params: created },
  ]);
  const again = await runSetupAsJson(env, args);
  expect(again.code).toBe(0);
  expect(again.result.plan.map(({ action }) => action)).toEqual(Array(8).fill('present'));
  expect(matomo.writes()).toHaveLength(8);
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
