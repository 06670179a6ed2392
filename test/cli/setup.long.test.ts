import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { SETUP_TOKEN } from '../../src/cli/setup.js';
import { createCleaner } from '../../src/cli/terminal.js';
import { show } from '../../src/common/diagnostics.js';
import { ROOT, runNode } from '../support/child-process.js';
import { environmentOf, MAIN, runSetup } from '../support/cli.js';
import { listen } from '../support/listen.js';
import { type ApiRole, answering, tokenOf } from '../support/matomo-api.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { startMatomoSite } from './matomo-site.js';

const NAMES = ['Failed endpoint', 'HTTP status', 'HTTP method', 'Route'];
const DIMENSIONS =
  '1=matomo.failed_endpoint,2=http.response.status_code,3=http.request.method,4=http.route';

/** The marks and names of the plan. */
const planOf = (stdout: string) =>
  [...stdout.matchAll(/^ {2}([+=!]) \w+ +(\S.*)$/gm)].map(([, mark, name]) => `${mark} ${name}`);
const variable = (stdout: string, name: string) =>
  RegExp(`^export ${name}=(.*)$`, 'm').exec(stdout)?.[1];

test('an empty site gets all dimensions once, and the lines to export are printed', async () => {
  const matomo = await startMatomoSite();
  const env = environmentOf(matomo);
  for (const args of [['--dry-run'], []]) {
    const planned = await runSetup(env, args);
    expect(planned.code).toBe(args.length === 0 ? 1 : 0);
    expect(planOf(planned.stdout)).toEqual(NAMES.map((name) => `+ ${name}`));
    expect(planned.stdout).not.toContain('export');
    expect(planned.stderr.includes('--yes')).toBe(args.length === 0); // there is no terminal
  }
  expect(matomo.writes()).toEqual([]);
  const { code, stdout } = await runSetup(env, ['--yes']);
  expect(code).toBe(0);
  expect(stdout.trimEnd().split('\n').slice(-4)).toEqual([
    `export MATOMO_URL=${matomo.url}`,
    'export MATOMO_SITE_ID=1',
    "export MATOMO_TOKEN_AUTH='<your token>'",
    `export MATOMO_DIMENSIONS=${DIMENSIONS}`,
  ]);
  const again = await runSetup(env);
  expect(again.code).toBe(0);
  expect(planOf(again.stdout)).toEqual(NAMES.map((name, i) => `= ${name.padEnd(15)} ID ${i + 1}`));
  expect(matomo.writes()).toHaveLength(4);
  expect(matomo.unrecorded).toEqual([]);
});

const row = (name: string, more = {}) => ({ name, ...more });
const FULL = Array.from({ length: 5 }, (_, i) => row(`Own ${i}`));

type Rows = readonly Record<string, string>[];

test.each<[string, dimensions: Rows, env: string, plan: string, written: string]>([
  ['others of that name', [row('ROUTE '), row('Route')], '', '+++=', '1=http.route,3=matomo'],
  ['one that is renamed', [row('Verb')], '1=http.request.method', '++=+', '1=http.request'],
  ['one that is about something else', [row('Route')], '1=app.route', '++++', '1=app.route,2=mat'],
  ['one of scope visit', [row('Route', { scope: 'visit' })], '', '++++', '2=matomo'],
  ['one that is inactive', [row('Route', { active: '0' })], '', '+++!', '2=matomo'],
  ['too few slots', FULL.slice(2), '', '++!!', '4=matomo.failed_endpoint,5=http.response'],
])('a site with %s', async (_what, dimensions, MATOMO_DIMENSIONS, plan, written) => {
  const matomo = await startMatomoSite({ dimensions });
  const env = { ...environmentOf(matomo), MATOMO_DIMENSIONS };
  const { code, stdout } = await runSetup(env, ['--yes']);
  const marks = planOf(stdout).map(([mark]) => mark);
  expect(marks.join('')).toBe(plan);
  expect(variable(stdout, 'MATOMO_DIMENSIONS')?.startsWith(written)).toBe(true);
  expect(code).toBe(plan.includes('!') ? 3 : 0);
  if (plan.includes('!')) expect(stdout).toMatch(/it is inactive|no free slot: run \.\/console/);
});

test('a token with view access is enough if there is nothing to do, and else the plan says who can grant more', async () => {
  const matomo = await startMatomoSite({ dimensions: NAMES.map((name) => ({ name })) });
  const { code, stdout } = await runSetup(environmentOf(matomo, 'view'));
  expect(code).toBe(0);
  expect(variable(stdout, 'MATOMO_TOKEN_AUTH')).toBe("'<token with write access>'");
  const empty = await startMatomoSite();
  const blocked = await runSetup(environmentOf(empty, 'view'), ['--yes']);
  expect([blocked.code, empty.writes()]).toEqual([3, []]);
  expect(blocked.stdout).toContain('administrator');
});

test.each<[ApiRole, site: string, answer: Parameters<typeof answering> | undefined, says: RegExp]>([
  ['noaccess', '1', undefined, /\bsite 1\b.*administrator.*\[site-unknown\]/],
  ['write', '9', undefined, /\bsite 9\b.*administrator.*\[site-unknown\]/],
  ['write', '1', ['API.getMatomoVersion', { value: '4.16.1' }], /4\.16\.1.*\[matomo-too-old\]/],
  [
    'write',
    '1',
    ['CustomDimensions.getConfiguredCustomDimensions', { result: 'error', message: 'off' }],
    /plugin CustomDimensions.*\[request-rejected\]/,
  ],
])('role %s and site %s, with %j: nothing is changed', async (role, site, answer, says) => {
  const matomo = await startMatomoSite(answer && { answer: answering(...answer) });
  const env = { ...environmentOf(matomo, role), MATOMO_SITE_ID: site };
  const { code, stderr } = await runSetup(env, ['--yes']);
  expect(code).toBe(1);
  expect(stderr).toMatch(says);
  expect(stderr).toContain('Nothing was changed');
  expect(matomo.writes()).toEqual([]);
});

test('a dimension that Matomo refuses is named, and the next run continues', async () => {
  const CREATE = 'CustomDimensions.configureNewCustomDimension';
  const refused = await startMatomoSite({
    answer: ({ method, params }) =>
      method === CREATE && params.name === 'HTTP method'
        ? { result: 'error', message: 'no more' }
        : undefined,
  });
  const { code, stderr } = await runSetup(environmentOf(refused), ['--yes']);
  expect(code).toBe(1);
  expect(stderr).toMatch(
    /dimension HTTP method: "no more"\. What was created before stays.*\[request-rejected\]/,
  );
});

test('custom variables that Matomo would drop need not be sent', async () => {
  const matomo = await startMatomoSite({ answer: answering('CustomVariables', { value: false }) });
  const { stdout } = await runSetup(environmentOf(matomo), ['--yes']);
  expect(variable(stdout, 'MATOMO_MAX_CUSTOM_VARIABLES')).toBe('0');
});

test('MATOMO_SETUP_TOKEN wins over MATOMO_TOKEN_AUTH, which may be in a file', async () => {
  const matomo = await startMatomoSite();
  const { MATOMO_SETUP_TOKEN: write = '', ...env } = environmentOf(matomo);
  const file = join(temporaryFolder(), 'token');
  writeFileSync(file, `${write}\n`);
  for (const given of [
    { MATOMO_TOKEN_AUTH: write },
    { MATOMO_TOKEN_AUTH: 'f'.repeat(32), MATOMO_SETUP_TOKEN: write },
    { MATOMO_TOKEN_AUTH_FILE: file },
  ]) {
    const all = { ...env, ...given } as Record<string, string>;
    const { code, stderr } = await runSetup(all, ['--dry-run']);
    expect([code, stderr]).toEqual([0, '']);
  }
});

const TOKEN = tokenOf('super');

test('the token is in no URL, header, output or file, and once in a body, while Node.js tells what it does', async () => {
  const matomo = await startMatomoSite();
  const folder = temporaryFolder();
  const HOME = join(folder, 'home');
  mkdirSync(HOME);
  const own = { NODE_DEBUG: 'http,net,tls,timer,stream,fs', HOME, TMPDIR: folder };
  const { code, stdout, stderr } = await runNode([resolve(ROOT, MAIN), 'setup', '--yes'], {
    env: { ...environmentOf(matomo, 'super'), ...own },
    cwd: folder,
  });
  expect(code).toBe(0);
  expect(stdout + stderr).not.toContain(TOKEN);
  expect(matomo.requests).toHaveLength(7); // whether it is Matomo, two readings, four changes
  for (const [index, { url, headers, body }] of matomo.requests.entries()) {
    expect(url + JSON.stringify(headers)).not.toContain(TOKEN);
    expect(body.split(TOKEN), `request ${index}`).toHaveLength(index === 0 ? 1 : 2);
  }
  expect(readdirSync(folder, { recursive: true })).toEqual(['home']);
});

test('an error of Matomo that repeats the token is not shown as it is', async () => {
  const url = await listen((request, response) => {
    void text(request).then((message) => {
      const answer = message === '' ? { value: '5.2.0' } : { result: 'error', message };
      response.end(JSON.stringify(answer));
    });
  });
  const { code, output } = await runSetup(environmentOf({ url }), ['--yes']);
  expect(code).toBe(1);
  expect(output).not.toContain(tokenOf('write'));
});

test('an invalid token is named by where it comes from, and not shown', async () => {
  const env = { MATOMO_URL: 'http://127.0.0.1:1', MATOMO_SITE_ID: '1' };
  const twice = `${TOKEN} ${TOKEN}`;
  for (const [name, value] of [
    [SETUP_TOKEN, twice],
    ['MATOMO_TOKEN_AUTH', twice],
    ['MATOMO_TOKEN_AUTH_FILE', TOKEN],
    ['MATOMO_URL', `http://user:${TOKEN}@127.0.0.1:1`],
  ] as const) {
    const { code, output } = await runSetup({ ...env, [name]: value });
    expect(code).toBe(2);
    expect(output).toContain(name);
    expect(output).not.toContain(TOKEN);
  }
});

test('nothing of a token is shown if the message that repeats it is cut', () => {
  for (let before = 60; before < 100; before++) {
    const shown = createCleaner([TOKEN])(show('x'.repeat(before) + TOKEN));
    expect(shown).not.toContain(TOKEN.slice(0, 4));
  }
});
