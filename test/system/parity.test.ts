/**
 * What asgi-matomo, the Python middleware that this package follows, does for an application ("row"), and what it does wrong and
 * this package does not ("bug"), each in a request or two. docs/coming-from-asgi-matomo.md is for those who come from it. Rules in
 * full are tested beside their code; delivery, aborted requests and secrets in `secrecy`, `truth` and `test/delivery`.
 */
import type { RequestListener } from 'node:http';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { trace } from '@opentelemetry/api';
import express from 'express';
import { expect, onTestFinished, test } from 'vitest';
import { annotate, ignore, type MatomoOptions, measure } from '../../src/index.js';
import { captureOutput } from '../support/output.js';
import { rawRequest, sendRaw, statusOf } from '../support/raw-request.js';
import { seededRandom } from '../support/seed.js';
import { requires } from '../support/skips.js';
import { sorted } from '../support/sorted.js';
import { temporaryFolder } from '../support/spool.js';
import { startTracedService } from '../support/traced-service.js';

/** The server of all rows. */
function createApplication(): RequestListener {
  const app = express();
  app.get('/annotated', (_request, response) => {
    annotate({ action_name: 'Checkout', cvar: { plan: 'free' }, dimension1: 'first' });
    annotate({ url: 'https://shop.example/order', cvar: { plan: 'pro' }, uid: 'ann' });
    response.end();
  });
  app.get('/event', (_request, response) => {
    annotate({ e_c: 'shop', e_a: 'buy', e_n: 'book', e_v: 12.5 });
    response.end();
  });
  app.get('/half-an-event', (_request, response) => {
    annotate({ e_a: 'buy' });
    response.end();
  });
  app.get('/by-its-span', (_request, response) => {
    trace.getActiveSpan()?.setAttribute('matomo.action_name', 'From the span');
    response.end();
  });
  app.get('/measured', async (_request, response) => {
    await measure('pf_dm1', () => wait(20));
    response.end();
  });
  app.get('/error', (_request, response) => {
    trace.getActiveSpan()?.recordException(new TypeError('card of ann@example.org declined'));
    response.status(502).end();
  });
  const untracked: express.RequestHandler = (_request, _response, next) => {
    ignore();
    next();
  };
  app.get('/untracked', untracked, (_request, response) => void response.end());
  app.all('/users/:id', (_request, response) => void response.end());
  const mounted = express.Router();
  mounted.get('/items/:id', (_request, response) => void response.end());
  app.use('/shop', mounted);
  app.all('/status/:code', (request, response) => {
    response.status(Number(request.params.code)).end();
  });
  // As a server without a framework.
  return (request, response) => {
    if (request.url?.startsWith('/raw')) response.end();
    else app(request, response);
  };
}

interface Row {
  readonly options?: MatomoOptions;
  readonly requests: readonly string[];
  /** What is sent and what is stored of the hits, in any order, in all fields that a row names. */
  readonly hits: readonly Record<string, unknown>[];
  readonly log?: RegExp;
}

const TOKEN = { tokenAuth: 'writer' };
const LANGUAGE = 'sv-SE, sv;q=0.9, en;q=0.5';
const REFERRER = 'https://search.example/find?q=red+shoes&page=2';
const GOOGLEBOT = 'Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)';
const UTF8_AGENT = 'räksmörgås \\x41/日本 100%&=+?#';

const ROWS: Record<string, Row> = {
  'row 3: with a token, the address of the client is sent': {
    options: TOKEN,
    requests: [rawRequest('/raw')],
    hits: [{ cip: '127.0.0.1' }],
  },
  'row 3: without a token, it is not': {
    requests: [rawRequest('/raw')],
    hits: [{ cip: undefined }],
  },
  'row 4: a base URL replaces scheme and host': {
    options: { baseUrl: 'http://www.example.org:8080/api/' },
    requests: [rawRequest('/users/1?a=1', ['Host: other.test'])],
    hits: [{ url: 'http://www.example.org:8080/api/users/1?a=1' }],
  },
  'row 5: ignored paths are compared exactly, without the query': {
    options: { ignorePaths: ['/raw/health'] },
    requests: ['/raw/health', '/raw/health?deep=1', '/raw/healthz'].map((path) => rawRequest(path)),
    hits: [{ title: 'GET /raw/healthz' }],
  },
  'row 6: ignored patterns match anywhere in the path, never in the query': {
    options: { ignorePatterns: [/\/internal\//i] },
    requests: ['/raw/INTERNAL/x', '/raw?y=/internal/'].map((path) => rawRequest(path)),
    hits: [{ title: 'GET /raw' }],
  },
  'row 7: ignored user agents match anywhere': {
    options: { ignoreUserAgents: [/monitor/i] },
    requests: ['My-Monitor/2', 'curl/8'].map((agent) =>
      rawRequest('/raw', [`User-Agent: ${agent}`]),
    ),
    hits: [{ ua: 'curl/8' }],
  },
  'rows 8 and 9: only allowed methods are tracked, ignored ones win, and case does not count': {
    options: { allowedMethods: ['get', 'Post'], ignoredMethods: ['post'] },
    requests: ['GET', 'POST', 'PUT'].map((method) => rawRequest('/raw', [], method)),
    hits: [{ title: 'GET /raw' }],
  },
  'row 10: details of a route are merged over the defaults, those of its strongest key': {
    options: {
      routeDetails: {
        '/users/:id': { action_name: 'Users', dimension2: 'any method' },
        'GET /users/:id': { action_name: 'A user', cvar: { area: 'people' }, idsite: 4 },
      },
    },
    requests: [rawRequest('/users/7')],
    hits: [
      {
        title: 'A user',
        idsite: 4,
        custom_dimension_2: undefined,
        custom_var_v2: 'GET',
        custom_var_k3: 'area',
        custom_var_v3: 'people',
      },
    ],
  },
  'row 11: the title is the route, else Not Found for a 404, else the path without IDs': {
    requests: ['/users/7', '/none/1', '/raw/7'].map((path) => rawRequest(path)),
    hits: [{ title: 'GET /users/:id' }, { title: 'GET Not Found' }, { title: 'GET /raw/:id' }],
  },
  'row 12: the user agent of the client is sent, and bots are tracked': {
    requests: [rawRequest('/raw', [`User-Agent: ${GOOGLEBOT}`])],
    hits: [{ ua: GOOGLEBOT, verdict: 'tracked' }],
  },
  'row 13, bug 2: the whole Accept-Language is sent, however its name is written': {
    requests: [rawRequest('/raw', [`ACCEPT-language: ${LANGUAGE}`]), rawRequest('/raw/b')],
    hits: [
      { title: 'GET /raw', lang: LANGUAGE },
      { title: 'GET /raw/b', lang: undefined },
    ],
  },
  'row 14: the Referer is sent': {
    requests: [rawRequest('/raw', [`Referer: ${REFERRER}`])],
    hits: [{ urlref: REFERRER }],
  },
  'row 15, bug 15: status and method are stored, as numbered custom variables and as dimensions': {
    options: { dimensions: { 1: 'http.request.method', 5: 'http.response.status_code' } },
    requests: [rawRequest('/status/418', [], 'DELETE')],
    hits: [
      {
        custom_var_k1: 'http_status_code',
        custom_var_v1: '418',
        custom_var_k2: 'http_method',
        custom_var_v2: 'DELETE',
        custom_dimension_1: 'DELETE',
        custom_dimension_5: '418',
      },
    ],
  },
  'rows 16 and 17, bug 14: durations are whole milliseconds, those of the request and of its steps':
    {
      requests: [rawRequest('/measured')],
      hits: [
        {
          gt_ms: expect.stringMatching(/^\d{2,5}$/),
          pf_srv: expect.stringMatching(/^\d{1,5}$/),
          pf_dm1: expect.stringMatching(/^[1-9]\d{1,4}$/),
        },
      ],
    },
  'row 18, bug 13: an application replaces parameters and adds custom variables': {
    requests: [rawRequest('/annotated')],
    hits: [
      {
        title: 'Checkout',
        url: 'https://shop.example/order',
        uid: 'ann',
        custom_dimension_1: 'first',
        custom_var_k3: 'plan',
        custom_var_v3: 'pro',
      },
    ],
  },
  'bug 13: attributes of the span do so too': {
    requests: [rawRequest('/by-its-span')],
    hits: [{ title: 'From the span' }],
  },
  'bug 13: a request can become an event': {
    requests: [rawRequest('/event')],
    hits: [{ type: 'event', event_category: 'shop', event_action: 'buy', custom_float: 12.5 }],
  },
  'bug 13: half an event is left out and logged': {
    requests: [rawRequest('/half-an-event')],
    hits: [{ type: 'page', e_a: undefined }],
    log: /e_c and e_a.*\[parameter-invalid\]/,
  },
  'row 19, bug 17: the class of an exception is captured, its message is not': {
    requests: [rawRequest('/error')],
    hits: [{ custom_var_v1: '502', custom_var_k3: 'error_type', custom_var_v3: 'TypeError' }],
  },
  'row 21: single routes are ignored by a middleware': {
    requests: [rawRequest('/untracked'), rawRequest('/users/1')],
    hits: [{ title: 'GET /users/:id' }],
  },
  'bug 1: headers are sent as text': {
    requests: [rawRequest('/raw', [`User-Agent: ${Buffer.from(UTF8_AGENT).toString('latin1')}`])],
    hits: [{ ua: UTF8_AGENT }],
  },
  'bugs 3 and 4: the address is read from the right, as far as proxies are trusted, over all lines':
    {
      options: { ...TOKEN, trustProxy: 2 },
      requests: [
        rawRequest('/raw', ['X-Forwarded-For: 6.6.6.6', 'X-FORWARDED-FOR: 203.0.113.9,10.0.0.1']),
        rawRequest('/raw', ['X-Forwarded-For: testserver, unknown']),
      ],
      hits: [{ cip: '203.0.113.9' }, { cip: '127.0.0.1' }],
    },
  'bug 5: the query is part of the URL': {
    requests: [rawRequest('/raw?utm_campaign=spring&x=1')],
    hits: [{ sentUrl: 'https://shop.example/raw?utm_campaign=spring&x=1' }],
  },
  'bug 6: host, scheme and port are those of the client or of a trusted proxy': {
    options: { trustProxy: true },
    requests: [
      rawRequest('/raw', ['Host: shop.example:8443']),
      rawRequest('/raw', ['X-Forwarded-Host: www.example.org', 'X-Forwarded-Proto: http']),
    ],
    hits: [{ url: 'https://shop.example:8443/raw' }, { url: 'http://www.example.org/raw' }],
  },
  'bug 8: the path of a mounted router appears once': {
    requests: [rawRequest('/shop/items/1')],
    hits: [{ title: 'GET /shop/items/:id', url: 'https://shop.example/shop/items/1' }],
  },
  'bug 9: the URL keeps the encoding of the path': {
    requests: [rawRequest('/users/a%2Fb%20c%C3%A5')],
    hits: [{ title: 'GET /users/:id', url: 'https://shop.example/users/a%2Fb%20c%C3%A5' }],
  },
  'bug 19: every method is tracked under its name': {
    requests: ['PROPFIND', 'M-SEARCH'].map((method) => rawRequest('/raw', [], method)),
    hits: [{ title: 'PROPFIND /raw' }, { title: 'M-SEARCH /raw' }],
  },
  'bug 20: a pattern with state matches each time anew': {
    options: { ignorePatterns: [/ping/g] },
    requests: [rawRequest('/raw/ping'), rawRequest('/raw/ping'), rawRequest('/raw')],
    hits: [{ title: 'GET /raw', ua: '-' }],
  },
  'bug 22: without a token, each client is a visitor': {
    requests: ['a', 'b'].map((agent) => rawRequest('/raw', [`User-Agent: ${agent}`])),
    hits: ['a', 'b'].map((ua) => ({ ua, cid: expect.stringMatching(/^[\da-f]{16}$/) })),
  },
  'bug 22: health checks and those who do not want to be tracked are left out': {
    options: { doNotTrack: true },
    requests: [
      rawRequest('/raw', ['User-Agent: kube-probe/1.29']),
      rawRequest('/raw', ['DNT: 1']),
      rawRequest('/raw/tracked'),
    ],
    hits: [{ title: 'GET /raw/tracked' }],
  },
  'bug 22: addresses are masked, and secrets redacted': {
    options: { ...TOKEN, trustProxy: true, anonymizeIp: 2 },
    requests: [rawRequest('/raw?access_token=abc&x=1', ['X-Forwarded-For: 198.51.100.77'])],
    hits: [{ cip: '198.51.0.0', url: 'https://shop.example/raw?access_token=redacted&x=1' }],
  },
};

function pick(fields: Record<string, unknown>, names: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(names.map((name) => [name, fields[name]]));
}

test.each(Object.entries(ROWS))('%s', async (_row, { options, requests, hits, log }) => {
  const output = captureOutput();
  const service = await startTracedService(createApplication, options);
  for (const request of requests) await sendRaw(service, request);
  await service.requests(requests.length);
  const received = await service.hits();
  expect(JSON.stringify(received)).not.toContain('ann@example.org');
  const fields = received.map(({ verdict, params, stored }) => ({
    ...params,
    sentUrl: params.url,
    ...stored,
    verdict,
  }));
  const names = hits.flatMap(Object.keys);
  const expected = hits.map((hit) => ({ verdict: 'tracked', ...hit }));
  expect(fields).toHaveLength(hits.length);
  expect(fields.map((hit) => pick(hit, ['verdict', ...names]))).toEqual(
    expect.arrayContaining(expected),
  );
  if (log) expect(output.join('')).toMatch(log);
});

test('bug 22: the visitors of two clients differ, and those of one do not', async () => {
  const service = await startTracedService(createApplication);
  for (const agent of ['a', 'b', 'a'])
    await sendRaw(service, rawRequest('/raw', [`User-Agent: ${agent}`]));
  await service.requests(3);
  const visitors = (await service.hits()).map(({ params }) => `${params.ua} ${params.cid}`);
  expect(new Set(visitors).size).toBe(2);
  expect(new Set(visitors.map((visitor) => visitor.split(' ')[1])).size).toBe(2);
});

test('bug 16: no value of one request reaches another one or the configuration', async () => {
  const routeDetails = { '/shared': { cvar: { area: 'shop' } } };
  const service = await startTracedService(
    async (request, response) => {
      const user = String(request.headers['x-user']);
      if (user !== 'nobody') annotate({ cvar: { user }, dimension1: user, uid: user });
      await wait(user.length % 3);
      response.end();
    },
    { routeDetails },
  );
  const before = structuredClone(routeDetails);
  const users = Array.from({ length: 30 }, (_, i) =>
    i % 3 === 2 ? 'nobody' : `u${'x'.repeat(i)}`,
  );
  await Promise.all(
    users.map((user) =>
      service.fetch('/shared', { headers: { 'x-user': user, 'user-agent': user } }),
    ),
  );
  await service.requests(users.length);
  const seen = (await service.hits()).map(({ params, stored }) =>
    [params.ua, params.uid, stored?.custom_dimension_1, stored?.custom_var_v4].join(),
  );
  const expected = users.map((user) =>
    user === 'nobody' ? 'nobody,,,' : [user, user, user, user].join(),
  );
  expect(sorted(seen)).toEqual(sorted(expected));
  expect(routeDetails).toEqual(before);
});

const HEADERS = [
  'User-Agent',
  'Accept-Language',
  'Referer',
  'Cookie',
  'Host',
  'X-Forwarded-For',
  'X-Forwarded-Host',
  'X-Forwarded-Proto',
  'Forwarded',
  'Sec-CH-UA',
  'Sec-CH-UA-Platform',
  'DNT',
  'traceparent',
];

test('bug 7: no bytes in a header make a request fail', async () => {
  const output = captureOutput();
  const service = await startTracedService(createApplication, {
    ...TOKEN,
    trustProxy: true,
    visitorId: 'cookie',
    doNotTrack: true,
  });
  const values = [
    '\xff\xfe\xfd',
    '\xc3\x28',
    '\xed\xa0\x80',
    '"'.repeat(400),
    '%',
    ',;=, ,',
    '[',
    '::',
  ];
  const random = seededRandom();
  while (values.length < 40) values.push(randomBytes(random));
  const requests = values.flatMap((value, i) => [
    rawRequest(`/raw/${i}`, [`${HEADERS[i % HEADERS.length]}: ${value}`]),
    rawRequest(
      `/raw/all/${i}`,
      HEADERS.filter((name) => name !== 'Host').map((name) => `${name}: ${value}`),
    ),
  ]);
  const answers = await Promise.all(requests.map((request) => sendRaw(service, request)));
  expect(new Set(answers.map(statusOf))).toEqual(new Set([200]));
  await service.requests(requests.length);
  const verdicts = (await service.hits()).map(({ verdict }) => verdict);
  expect(verdicts).toEqual(requests.map(() => 'tracked'));
  expect(output).toEqual([]);
});

/** Bytes that a header value may have: all but control characters. */
function randomBytes(random: () => number): string {
  const below = (limit: number) => Math.floor(random() * limit);
  const bytes = Array.from({ length: 1 + below(60) }, () => 0x21 + below(0xdf));
  return bytes.map((byte) => String.fromCharCode(byte === 0x7f ? 0x80 : byte)).join('');
}

test('bug 7: a Unix socket makes no request fail', async () => {
  requires('Unix sockets');
  const service = await startTracedService(createApplication, { ...TOKEN, trustProxy: true });
  const folder = temporaryFolder();
  const path = join(folder, 's');
  // The instrumentation hooks `require`, not `import`.
  const { createServer } = createRequire(import.meta.url)(
    'node:http',
  ) as typeof import('node:http');
  const server = createServer((_request, response) => void response.end());
  await new Promise<void>((resolve) => server.listen(path, resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const answer = await sendRaw(
    { path },
    rawRequest('/unix', ['X-Forwarded-For: \xff, 203.0.113.5']),
  );
  expect(statusOf(answer)).toBe(200);
  await service.requests(1);
  expect((await service.hits())[0]?.params).toMatchObject({
    url: 'https://shop.example/unix',
    cip: '203.0.113.5',
  });
});

test('bug 11: data that cannot be sent reaches neither the application nor its errors', async () => {
  const output = captureOutput();
  const raise = () => {
    throw new RangeError('not readable');
  };
  const circular: Record<string, unknown> = {};
  circular.self = circular;
  const unsendable = {
    dimension1: 10n,
    dimension2: circular,
    action_name: Symbol('x'),
    uid: { toString: raise },
    cvar: { big: 10n, circular, symbol: Symbol('x'), fine: 'yes', thrower: { toString: raise } },
  };
  const own = new TypeError('of the application');
  const seen: unknown[] = [];
  const service = await startTracedService(() => {
    const app = express();
    app.get('/fails', () => {
      annotate(unsendable as never);
      annotate(new Proxy({}, { ownKeys: raise }) as never);
      throw own;
    });
    app.use(((error, _request, response, _next) => {
      seen.push(error);
      response.status(500).send(error.message);
    }) satisfies express.ErrorRequestHandler);
    return app;
  });
  expect(await service.fetch('/fails')).toMatchObject({ status: 500, body: own.message });
  expect(seen).toEqual([own]);
  await service.requests(1);
  const [hit] = await service.hits();
  expect(hit?.stored).toMatchObject({
    title: 'GET /fails',
    custom_var_k3: 'fine',
    custom_var_v3: 'yes',
  });
  for (const absent of ['custom_var_k4', 'custom_dimension_1', 'custom_dimension_2'])
    expect(hit?.stored).not.toHaveProperty(absent);
  expect(output.join('')).toContain('[parameter-invalid]');
});
