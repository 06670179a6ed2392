import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { createCleaner } from '../../../src/cli/terminal.js';
import { show } from '../../../src/common/diagnostics.js';
import { ROOT, runNode } from '../../support/child-process.js';
import { environmentOf, MAIN, runSetup, runSetupAsJson } from '../../support/cli.js';
import { listen } from '../../support/listen.js';
import { tokenOf } from '../../support/matomo-api.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { words } from '../../support/words.js';
import { startMatomoSite } from '../matomo-site.js';

const TOKEN = tokenOf('super');
const EVERYTHING = words(`
  --yes --segments --goal Orders=/orders --create-site API --site-url https://api.example
`);

test('the token is in no URL, header, output or file, and once in a body, while Node.js tells what it does', async () => {
  const matomo = await startMatomoSite();
  const folder = temporaryFolder();
  const HOME = join(folder, 'home');
  mkdirSync(HOME);
  const own = { NODE_DEBUG: 'http,net,tls,timer,stream,fs', HOME, TMPDIR: folder };
  const { code, stdout, stderr } = await runNode([resolve(ROOT, MAIN), 'setup', ...EVERYTHING], {
    env: { ...environmentOf(matomo, 'super'), ...own },
    cwd: folder,
  });
  expect(code).toBe(0);
  expect(stdout + stderr).not.toContain(TOKEN);
  expect(matomo.requests.length).toBeGreaterThan(10);
  for (const [index, { method, url, headers, body }] of matomo.requests.entries()) {
    expect(method).toBe('POST');
    expect(url + JSON.stringify(headers)).not.toContain(TOKEN);
    const hasToken = !url.includes('API.getMatomoVersion');
    expect(body.split(TOKEN), `request ${index}`).toHaveLength(hasToken ? 2 : 1);
    expect(body.endsWith(`token_auth=${TOKEN}`)).toBe(hasToken);
  }
  expect(readdirSync(folder, { recursive: true })).toEqual(['home']);
});

test.each<[string, number, (echo: string) => string]>([
  ['an error of Matomo', 200, (echo) => JSON.stringify({ result: 'error', message: echo })],
  ['a page', 500, (echo) => `<h1>${echo}</h1>`],
  ['a list', 200, (echo) => JSON.stringify(Array(12).fill({ value: echo, name: echo, idsite: 1 }))],
])('%s that repeats the token is not shown as it is', async (_what, status, render) => {
  const url = await listen((request, response) => {
    void text(request).then((body) => {
      const isProbe = body === '';
      const headers = { location: `https://x.example/?${body}`, 'www-authenticate': body };
      response.writeHead(isProbe ? 200 : status, isProbe ? {} : headers);
      response.end(isProbe ? '{"value":"5.2.0"}' : render(body));
    });
  });
  for (const args of [[], ['--json'], ['--yes'], ['--yes', '--json']]) {
    const { code, output } = await runSetup(environmentOf({ url }), args);
    expect(code).toBe(1);
    expect(output).not.toContain(tokenOf('write'));
  }
});

test('an invalid token is named by where it comes from, and not shown', async () => {
  const folder = temporaryFolder();
  const file = join(folder, 'token');
  const twice = `${TOKEN} ${TOKEN}`;
  writeFileSync(file, twice);
  const env = { MATOMO_URL: 'http://127.0.0.1:1', MATOMO_SITE_ID: '1' };
  for (const [given, args, name] of [
    [{ MATOMO_SETUP_TOKEN: twice }, [], 'MATOMO_SETUP_TOKEN'],
    [{ MATOMO_TOKEN_AUTH: twice }, [], 'MATOMO_TOKEN_AUTH'],
    [{}, ['--token-file', file], '--token-file'],
    [{}, ['--token-file', folder], '--token-file'],
    [{}, ['--token-file', TOKEN], '--token-file'],
    [{ MATOMO_TOKEN_AUTH_FILE: TOKEN }, [], 'MATOMO_TOKEN_AUTH_FILE'],
    [{ MATOMO_URL: `http://user:${TOKEN}@127.0.0.1:1` }, [], 'MATOMO_URL'],
  ] as const) {
    const { code, output } = await runSetup({ ...env, ...given }, args);
    expect(code).toBe(2);
    expect(output).toContain(name);
    expect(output).not.toContain(TOKEN);
  }
});

const CLEAR = '\x1b[2J';
const CREDENTIALS = 'dXNlcjpwYXNzd29yZA==';
const HEADERS = `x-forwarded-proto=http,x-tenant=1,authorization=Basic ${CREDENTIALS},x-api-key=127.0.0.1`;

test('what is in Matomo cannot write to the terminal, nor show credentials in headers; other headers are shown', async () => {
  const name = `Shop 1 over http ${CREDENTIALS}${CLEAR}\nexport MATOMO_URL=https://evil.example`;
  const goal = { idgoal: 3, name: 'Orders', match_attribute: `url${CLEAR}`, pattern_type: CLEAR };
  const answers: Readonly<Record<string, unknown>> = {
    'SitesManager.getSiteFromId': { idsite: 1, name, sitesearch: 0 },
    'Goals.getGoals': [goal],
    'CustomDimensions.getConfiguredCustomDimensions': [
      { idcustomdimension: 1, name: `M${CLEAR}`, scope: 'action', active: true },
      { idcustomdimension: 2, name: 'Route', scope: `visit${CLEAR}`, active: true },
    ],
  };
  const matomo = await startMatomoSite({ answer: ({ method }) => answers[method] });
  const mapped = { MATOMO_DIMENSIONS: '1=http.request.method', MATOMO_HEADERS: HEADERS };
  const env = { ...environmentOf(matomo), ...mapped };
  const args = ['--dry-run', '--goal', 'Orders=/orders'];
  const { stdout, output } = await runSetup(env, args);
  expect(stdout).toContain('Site 1 "Shop 1 over http …');
  expect(stdout).toMatch(/goal 3 has that name/);
  expect(stdout).toMatch(/dimension 2 has that name/);
  expect(stdout).not.toContain('\x1b');
  expect(stdout).not.toMatch(/^export/m);
  const { result, output: json } = await runSetupAsJson(env, args);
  expect(result.environment).toMatchObject({ MATOMO_URL: matomo.url, MATOMO_SITE_ID: '1' });
  expect(output + json).not.toContain(CREDENTIALS);
  const asText = await runSetup(env, ['--yes']);
  expect(asText.stdout).toContain(`\nexport MATOMO_URL=${matomo.url}\n`);
});

test('nothing of a token is shown if the message that repeats it is too long', async () => {
  const token = tokenOf('write');
  for (let before = 60; before < 100; before++) {
    const clean = createCleaner([token]);
    expect(clean(show('x'.repeat(before) + token))).not.toContain(token.slice(0, 4));
  }
});
