import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { environmentOf, runSetup, runSetupAsJson } from '../../support/cli.js';
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

test('a plugin that drops hits of clouds is warned about, with the lines that keep them', async () => {
  const matomo = await startMatomoSite({
    answer: ({ params }) =>
      params.pluginName === 'TrackingSpamPrevention' ? { value: true } : undefined,
  });
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

test('running it again changes nothing, also without a terminal', async () => {
  const matomo = await startMatomoSite();
  const env = environmentOf(matomo, 'super');
  const args = ['--goal', 'Orders=/orders', '--goal', 'A & B=x=y', '--segments', '--bots'];
  expect((await runSetup(env, [...args, '--yes'])).code).toBe(0);
  const writes = matomo.writes();
  expect(writes).toHaveLength(11);
  const { code, stdout } = await runSetup(env, args);
  expect(code).toBe(0);
  expect(matomo.writes()).toEqual(writes);
  expect(stdout.match(/^ {2}= /gm)).toHaveLength(12);
  expect(stdout).toContain(`export MATOMO_DIMENSIONS=${DIMENSIONS},5=user_agent.bot.name`);
});

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
  const { result: planned, code } = await runSetupAsJson(env);
  expect(code).toBe(1);
  expect(planned).toEqual({
    plan: NAMES.map((name) => ({
      action: name === 'Route' ? 'present' : 'create',
      kind: 'dimension',
      name,
      ...(name === 'Route' && { id: 1 }),
    })),
    applied: false,
    environment: expect.objectContaining({ MATOMO_DIMENSIONS: '1=http.route' }),
  });
  const { result, code: applied, stderr } = await runSetupAsJson(env, ['--yes']);
  expect(applied).toBe(0);
  expect(stderr).toBe('');
  expect(result.applied).toBe(true);
  expect(result.plan.map(({ action, id }) => [action, id])).toEqual([
    ['create', 2],
    ['create', 3],
    ['create', 4],
    ['present', 1],
  ]);
  expect(result.environment).toEqual({
    MATOMO_URL: matomo.url,
    MATOMO_SITE_ID: '1',
    MATOMO_TOKEN_AUTH: '<your token>',
    MATOMO_DIMENSIONS:
      '1=http.route,2=matomo.failed_endpoint,3=http.response.status_code,4=http.request.method',
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
  expect(result.plan.filter(({ action }) => action === 'failed')).toEqual([
    {
      action: 'failed',
      kind: 'dimension',
      name: 'Route',
      reason: expect.stringContaining('does not list it'),
    },
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
