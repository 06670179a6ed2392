import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { isReadableByOthers } from '../../src/cli/matomo-api.js';
import { environmentOf, runSetup, runSetupAsJson } from '../support/cli.js';
import { listen } from '../support/listen.js';
import { type MatomoApi, startMatomoApi, tokenOf } from '../support/matomo-api.js';
import { startMatomoSite } from './matomo-site.js';

const TOKEN = tokenOf('write');
const MATOMO_REFUSES = JSON.stringify({ result: 'error', message: 'view access' });

type Answer = (request: IncomingMessage, response: ServerResponse, body: string) => void;

/** A server that is not, or not quite, a Matomo; and all bodies that it got. */
async function startServer(answer: Answer): Promise<{ url: string; bodies: string[] }> {
  const bodies: string[] = [];
  const url = await listen((request, response) => {
    text(request).then(
      (body) => {
        bodies.push(body);
        answer(request, response, body);
      },
      () => undefined,
    );
  });
  return { url, bodies };
}

/** What a Matomo answers to a request of `setup`. */
async function askMatomo(
  { url }: MatomoApi,
  request: IncomingMessage,
  body: string,
  path = request.url ?? '',
): Promise<string> {
  const headers = { 'content-type': request.headers['content-type'] ?? '' };
  return (await fetch(url + path, { method: 'POST', headers, body })).text();
}

function* endless(): Generator<string> {
  for (;;) yield '0'.repeat(65_536);
}

const html =
  (status: number, heading = 'Hello'): Answer =>
  (_request, response) => {
    response.writeHead(status, { 'content-type': 'text/html' }).end(`<h1>${heading}</h1>`);
  };
const NO_DATABASE = 'SQLSTATE[HY000] [2002]';
const MAINTENANCE = 'Matomo is undergoing maintenance';

test.each<[string, Answer, string, string]>([
  ['a page', html(200), 'not-matomo', 'answered 200 with "text/html"'],
  ['a page that is not there', html(404), 'request-rejected', 'MATOMO_URL'],
  ['a firewall', html(403), 'request-rejected', 'index.php'],
  ['a web server without PHP', html(503), 'unavailable', 'answered 503'],
  ['maintenance mode', html(503, MAINTENANCE), 'unavailable', 'maintenance_mode = 0'],
  ['maintenance mode of several servers', html(200, MAINTENANCE), 'unavailable', 'it stores hits'],
  [
    'a database that is down',
    (_request, response) => {
      const message = `${NO_DATABASE} Connection refused`;
      response.writeHead(500).end(JSON.stringify({ result: 'error', message }));
    },
    'unavailable',
    'Connection refused". Nothing was changed. Start Matomo\'s database',
  ],
  [
    'a page about a database that is down',
    html(500, `${NO_DATABASE} Connection refused`),
    'unavailable',
    "Start Matomo's database",
  ],
  [
    'an API of something else',
    (_request, response) => void response.end('{"ok":true}'),
    'not-matomo',
    'JSON',
  ],
  [
    'basic authentication',
    (_request, response) => {
      response.writeHead(401, { 'www-authenticate': 'Basic realm="x"' }).end('<h1>No</h1>');
    },
    'request-rejected',
    'MATOMO_HEADERS',
  ],
  [
    'several authentications',
    (_request, response) => {
      response.writeHead(401, { 'www-authenticate': ['Negotiate', 'Basic realm="x"'] }).end('No');
    },
    'request-rejected',
    '"Negotiate"',
  ],
  [
    'an answer with an empty content type',
    (_request, response) => void response.writeHead(200, { 'content-type': '' }).end('Hello'),
    'not-matomo',
    'no content type',
  ],
  [
    'an answer without end',
    (_request, response) => void Readable.from(endless()).pipe(response),
    'not-matomo',
    'answered more than',
  ],
])(
  '%s in place of Matomo is named, and never sees the token',
  async (_what, answer, code, says) => {
    const { url, bodies } = await startServer(answer);
    const { code: exit, stderr, output } = await runSetup(environmentOf({ url }), ['--yes']);
    expect(exit).toBe(1);
    expect(stderr).toContain(says);
    expect(stderr).toContain('Nothing was changed');
    expect(stderr).toContain(`[${code}]`);
    expect(output).not.toContain(TOKEN);
    expect(bodies.join()).not.toContain(TOKEN);
    expect(bodies).toHaveLength(1);
  },
);

test.each<[string, (port: string) => string | undefined, RegExp]>([
  ['to https', (port) => `https://127.0.0.1:${port}/index.php?x=1`, /Set MATOMO_URL=https:\/\/127/],
  [
    'elsewhere',
    () => 'https://user:pass@login.example/?next=1',
    /redirects to "https:\/\/login.example\/"/,
  ],
  ['without a target', () => undefined, /redirects (?!to ).*MATOMO_URL(?!=)/],
  ['to no URL', () => 'http://[', /redirects (?!to ).*MATOMO_URL(?!=)/],
])(
  'a redirect %s is not followed, and what is known of its target is named',
  async (_where, locate, says) => {
    const { url, bodies } = await startServer((request, response) => {
      const port = String(request.socket.localPort);
      const location = locate(port);
      response.writeHead(301, location === undefined ? {} : { location }).end();
    });
    const { code, stderr } = await runSetup(environmentOf({ url }), ['--yes']);
    expect(code).toBe(1);
    expect(stderr).toMatch(says);
    expect(stderr).toContain('[redirected]');
    expect(stderr).not.toContain('pass@');
    expect(bodies).toEqual(['']);
  },
);

test('a redirect after the first answer does not get the token either', async () => {
  let asked = 0;
  const target = await startServer((_request, response) => void response.end(MATOMO_REFUSES));
  const { url } = await startServer((_request, response) => {
    asked += 1;
    if (asked === 1) response.writeHead(401).end(MATOMO_REFUSES);
    else response.writeHead(308, { location: `${target.url}/index.php` }).end();
  });
  const { code, stderr } = await runSetup(environmentOf({ url }), ['--yes']);
  expect(code).toBe(1);
  expect(stderr).toContain(`Set MATOMO_URL=${target.url}`);
  expect(target.bodies).toEqual([]);
});

test.each(['/stats', '/stats/', '/stats/matomo.php', '/stats/piwik.php'])(
  'a Matomo in a subfolder is found by MATOMO_URL ending in %s',
  async (path) => {
    const matomo = await startMatomoSite();
    const { url } = await startServer((request, response, body) => {
      if (!request.url?.startsWith('/stats/index.php?')) return html(404)(request, response, body);
      void askMatomo(matomo, request, body, request.url.slice('/stats'.length)).then((answer) =>
        response.end(answer),
      );
    });
    const { code, stdout } = await runSetup({ ...environmentOf(matomo), MATOMO_URL: url + path }, [
      '--yes',
    ]);
    expect(code).toBe(0);
    expect(matomo.dimensions).toHaveLength(4);
    expect(stdout).toContain(`export MATOMO_URL=${url}/stats`);
  },
);

test('nobody listens: the address is named', async () => {
  const { code, stderr } = await runSetup(environmentOf({ url: 'http://127.0.0.1:1' }), ['--yes']);
  expect(code).toBe(1);
  expect(stderr).toMatch(/ECONNREFUSED: .*127\.0\.0\.1:1\b/);
  expect(stderr).toContain('[unreachable]');
});

const UNAUTHENTICATED =
  'Unable to authenticate with the provided token. It is either invalid or expired.';

test('a refused token is sent once', async () => {
  const matomo = await startMatomoApi();
  const wrong = 'ab'.repeat(16);
  const env = { ...environmentOf(matomo), MATOMO_SETUP_TOKEN: wrong };
  const { code, stderr, output } = await runSetup(env, ['--yes']);
  expect(code).toBe(1);
  expect(stderr).toMatch(/\[token-rejected\]/);
  expect(output).not.toContain(wrong);
  expect(matomo.requests.filter(({ body }) => body.includes('token_auth'))).toHaveLength(1);
});

test('a token that is refused on the way is tried once more, by reading', async () => {
  let isRefused = false;
  let later = 0;
  const matomo = await startMatomoSite({
    answer({ method }) {
      if (method !== 'CustomDimensions.configureNewCustomDimension') return undefined;
      isRefused = true;
      return { result: 'error', message: UNAUTHENTICATED };
    },
  });
  const { url } = await startServer((request, response, body) => {
    if (isRefused) {
      later += 1;
      response.writeHead(401, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ result: 'error', message: UNAUTHENTICATED }));
      return;
    }
    void askMatomo(matomo, request, body).then((answer) => response.end(answer));
  });
  const { code, result } = await runSetupAsJson(environmentOf({ url }), ['--yes']);
  expect(code).toBe(1);
  expect(result.error).toMatch(/"Unable to authenticate.*run setup again.*\[token-rejected\]/);
  expect(result.plan.map(({ action }) => action)).toEqual(Array(4).fill('create'));
  expect([matomo.writes().length, later]).toEqual([1, 1]);
});

test('a lock-out is quoted', async () => {
  const matomo = await startMatomoApi({ isLocked: true });
  const { code, result } = await runSetupAsJson(environmentOf(matomo), ['--yes']);
  expect(code).toBe(1);
  expect(result).toEqual({
    plan: [],
    applied: false,
    environment: {},
    error: expect.stringMatching(/"Too many failed logins.*an hour.*\[unavailable\]/),
  });
  expect(matomo.requests.filter(({ body }) => body.includes('token_auth'))).toHaveLength(1);
});

test('a time-out while something is created: what is there stays, and the next run continues', async () => {
  const matomo = await startMatomoSite();
  let isSlow = true;
  const { url } = await startServer((request, response, body) => {
    void askMatomo(matomo, request, body).then((answer) => {
      if (!isSlow || !body.includes('name=HTTP+status')) response.end(answer);
    });
  });
  const env = { ...environmentOf({ url }), MATOMO_EXPORT_TIMEOUT: '5000' };
  const first = await runSetup(env, ['--yes']);
  expect(first.code).toBe(1);
  expect(first.stderr).toMatch(/\b5000 ms\b.*\[no-answer\]/);
  expect(matomo.dimensions).toHaveLength(2);
  isSlow = false;
  const { code, result } = await runSetupAsJson(env, ['--yes']);
  expect(code).toBe(0);
  expect(result.plan.map(({ action }) => action)).toEqual([
    'present',
    'present',
    'create',
    'create',
  ]);
  expect(matomo.dimensions).toHaveLength(4);
});

test('a web server that asks for a password gets the headers of MATOMO_HEADERS, which are not shown', async () => {
  const matomo = await startMatomoSite();
  const { url } = await startServer((request, response, body) => {
    if (request.headers.authorization !== 'Basic dTpw') {
      response.writeHead(401, { 'www-authenticate': 'Basic realm="x"' }).end('No');
      return;
    }
    void askMatomo(matomo, request, body).then((answer) => response.end(answer));
  });
  const env = environmentOf({ url });
  const headers = { MATOMO_HEADERS: 'authorization=Basic dTpw' };
  const { code, output } = await runSetup({ ...env, ...headers }, ['--yes']);
  expect(code).toBe(0);
  expect(output).not.toContain('dTpw');
  const refused = await runSetup({ ...env, MATOMO_HEADERS: 'authorization=Basic eDp5' }, ['--yes']);
  expect(refused.code).toBe(1);
  expect(refused.stderr).toContain('"Basic"');
  expect(refused.output).not.toContain('eDp5');
  const invalid = await runSetup({ ...env, MATOMO_HEADERS: 'dTpw' });
  expect(invalid.code).toBe(2);
  expect(invalid.output).not.toContain('dTpw');
});

test('a token over plain http is warned of before it is sent', async () => {
  const matomo = await startMatomoSite();
  const env = environmentOf({ url: matomo.url.replace('127.0.0.1', '0.0.0.0') });
  const { stderr } = await runSetup(env, ['--dry-run']);
  expect(stderr).toMatch(/^.*\[not-private\]\nReading/);
  expect((await runSetup(environmentOf(matomo), ['--dry-run'])).stderr).not.toContain(
    '[not-private]',
  );
});

test.each([
  ['http://127.example.org', true],
  ['http://localhost.example', true],
  ['http://[::2]', true],
  ['http://127.1', false],
  ['http://matomo.localhost', false],
  ['http://[::1]', false],
  ['https://matomo.example', false],
])('whether others can read requests to %s: %s', (url, expected) => {
  expect(isReadableByOthers(new URL(url))).toBe(expected);
});
