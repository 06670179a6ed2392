import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { environmentOf, runSetup } from '../support/cli.js';
import { startFaultProxy } from '../support/fault-proxy.js';
import { listen } from '../support/listen.js';
import { startMatomoApi, tokenOf } from '../support/matomo-api.js';
import { startMatomoSite } from './matomo-site.js';

const HTML = { 'content-type': 'text/html' };
const LOG_IN = { 'www-authenticate': 'Basic realm="x"' };

test.each<[status: number, object, body: string, code: string, says: string]>([
  [200, HTML, '<h1>Hello</h1>', 'not-matomo', 'answered 200'],
  [403, HTML, '<h1>No</h1>', 'request-rejected', 'index.php'],
  [401, LOG_IN, '<h1>No</h1>', 'request-rejected', 'MATOMO_HEADERS'],
  [503, HTML, '<h1>Hello</h1>', 'unavailable', 'answered 503'],
  [301, { location: 'https://u:pass@a.test/?next=1' }, '', 'redirected', '"https://a.test/"'],
])(
  'in place of Matomo %i with %o and %j: %s, and it never sees the token',
  async (status, headers, body, code, says) => {
    const bodies: string[] = [];
    const url = await listen((request, response) => {
      void text(request).then((sent) => {
        bodies.push(sent);
        response.writeHead(status, headers as Record<string, string>).end(body);
      });
    });
    const { code: exit, stderr, output } = await runSetup(environmentOf({ url }), ['--yes']);
    expect(exit).toBe(1);
    for (const part of [says, 'Nothing was changed', `[${code}]`]) expect(stderr).toContain(part);
    expect(output).not.toContain(tokenOf('write'));
    expect(output).not.toContain('pass@');
    expect(bodies).toEqual(['']);
  },
);

test('a Matomo in a subfolder is found by MATOMO_URL, however it ends', async () => {
  const matomo = await startMatomoSite();
  for (const path of ['/stats', '/stats/', '/stats/piwik.php']) {
    const env = { ...environmentOf(matomo), MATOMO_URL: matomo.url + path };
    const { stdout } = await runSetup(env, ['--yes']);
    expect(stdout).toContain(`export MATOMO_URL=${matomo.url}/stats`);
  }
  const others = matomo.requests.filter(({ url }) => !url.startsWith('/stats/index.php?'));
  expect(others).toEqual([]);
});

test.each([
  [{}, /\[token-rejected\]/],
  [{ isLocked: true }, /"Too many failed logins.*an hour.*\[unavailable\]/],
])('a refused token is sent once, and why it is refused is quoted (%o)', async (options, says) => {
  const matomo = await startMatomoApi(options);
  const wrong = 'ab'.repeat(16);
  const env = { ...environmentOf(matomo), MATOMO_SETUP_TOKEN: wrong };
  const { code, stdout, stderr, output } = await runSetup(env, ['--yes']);
  expect([code, stdout]).toEqual([1, '']);
  expect(stderr).toMatch(says);
  expect(output).not.toContain(wrong);
  expect(matomo.requests.filter(({ body }) => body.includes('token_auth'))).toHaveLength(1);
});

test('a time-out while something is created: what is there stays, and the next run continues', async () => {
  const matomo = await startMatomoSite();
  const wire = await startFaultProxy();
  wire.forwardTo(matomo.url);
  function where(body: string): boolean {
    if (body.includes('name=HTTP+method')) void wire.play({ kind: 'stall' });
    return false;
  }
  await wire.play({ kind: 'answer', where, status: '' });
  const env = { ...environmentOf(wire), MATOMO_EXPORT_TIMEOUT: '5000' };
  const first = await runSetup(env, ['--yes']);
  expect(first.code).toBe(1);
  expect(first.stderr).toMatch(/\b5000 ms\b.*\[no-answer\]/);
  expect(matomo.writes()).toHaveLength(2);
  await wire.play();
  const { stdout } = await runSetup(env, ['--yes']);
  expect(stdout.match(/^ {2}[=+]/gm)).toEqual(['  =', '  =', '  +', '  +']);
});

test('a token over plain http is warned of before it is sent', async () => {
  const { url } = await startMatomoSite();
  const env = environmentOf({ url: url.replace('127.0.0.1', '0.0.0.0') });
  expect((await runSetup(env, ['--dry-run'])).stderr).toMatch(/^.*\[not-private\]\n/);
});
