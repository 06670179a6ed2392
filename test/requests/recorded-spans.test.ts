import { expect, test } from 'vitest';
import type { FinishedSpan } from '../../src/request/finished-span.js';
import { readRequest } from '../../src/request/read-request.js';
import { Request } from '../../src/request/request.js';
import { assembleRequests } from '../../src/spans/assemble-requests.js';
import { parametersOf, READING } from '../support/builders.js';
import { RECORDINGS, type RecordedResult, recording } from './recorded-spans.js';

// The requests: GET /users/42?x=1&token=s3cret&sig=abc&q=a%20b%C3%BC, GET /nope, for Express also GET /api/users/7.
const USERS = 'https://shop.example.org:8080/users/42';
const REDACTED = `${USERS}?x=1&token=redacted&sig=redacted`;
const NOPE = ['GET Not Found', 'https://shop.example.org:8080/nope', '404'];
const API = ['GET /api/users/:id', 'https://shop.example.org:8080/api/users/7', '200'];
/** A plain server answers 200 to everything. */
const NO_404 = ['GET /nope', 'https://shop.example.org:8080/nope', '200'];
/** Recordings of several versions with /users/42, /500 and PROPFIND /m. */
const OTHERS = [
  ['GET /:id', 'https://shop.example.org:8080/500', '500'],
  ['PROPFIND /m', 'https://shop.example.org:8080/m', '200'],
];

/** What each file's requests should make: title, URL, status. */
function expectedOf(file: string): string[][] {
  // The stable `url.query` came with instrumentation-http 0.203.
  const hasQuery =
    !/http0\.(57|200)-.*-http(-headers)?\.json$/.test(file) && !file.includes('http0.200');
  const url = hasQuery ? REDACTED : USERS;
  if (file.startsWith('nextjs16')) return NEXT[file] ?? [];
  if (file.includes('grpc')) return [];
  if (/http0\.(200|215|301)/.test(file)) return [['GET /users/:id', url, '200'], ...OTHERS];
  if (file.includes('express')) return [['GET /users/:id', url, '200'], NOPE, API];
  if (file.includes('hapi')) return [['GET /users/{id}', url, '200'], NOPE];
  if (/koa|restify|otel/.test(file)) return [['GET /users/:id', url, '200'], NOPE];
  if (/fastify|hono/.test(file)) return [['GET /users/:id', url, '200'], NOPE];
  return [['GET /users/:id', url, '200'], NO_404];
}

const NEXT: Record<string, string[][]> = {
  // Next.js' own spans know no host.
  'nextjs16-code.json': [
    ['GET /items/[id]', 'https://localhost/items/7?x=1', '200'],
    ['GET /api/hello/[id]', 'https://localhost/api/hello/9', '200'],
    ['GET Not Found', 'https://localhost/nope', '404'],
  ],
  'nextjs16-http.json': [
    ['GET /items/[id]', 'https://shop.example.org:8080/items/7?x=1', '200'],
    ['GET /api/hello/[id]', 'https://shop.example.org:8080/api/hello/9', '200'],
    NOPE,
    ['GET Not Found', 'https://shop.example.org:8080/_next/static/nope.js', '404'],
  ],
};

/** One request of some recordings is a bot's; Next.js' own spans know no user agent. */
const USER_AGENT =
  /^Mozilla\/5\.0 \((X11; Linux x86_64\) LabBrowser\/1\.0|compatible; Googlebot\/2\.1\))$/;

const ordinary = RECORDINGS.filter((file) => !file.includes('abort'));

test('every recording is read', () => {
  expect(RECORDINGS).toHaveLength(51);
  expect(ordinary).toHaveLength(48);
});

test.each(ordinary)('%s gives exactly the hits of its requests', (file) => {
  const hits = assembleRequests(recording(file).spans, READING).map(({ request }) => {
    const { parameters } = parametersOf(request.http);
    const { action_name, url, cvar, ua, pf_srv } = parameters;
    expect(ua).toMatch(file === 'nextjs16-code.json' ? /^-$/ : USER_AGENT);
    expect(pf_srv).toMatch(/^\d+$/);
    return [action_name, url, JSON.parse(cvar ?? '')[1][1]];
  });
  const byUrl = (a: (string | undefined)[], b: (string | undefined)[]) =>
    String(a[1]).localeCompare(String(b[1]));
  expect(hits.sort(byUrl)).toEqual(expectedOf(file).sort(byUrl));
});

test.each(['sdk1-http0.57-http-old-headers.json', 'sdk2-http0.223-http-http-headers.json'])(
  'captured-header attributes of %s give language and referrer',
  (file) => {
    const [first] = assembleRequests(recording(file).spans, READING);
    expect(first?.request.http).toMatchObject({
      acceptLanguage: 'de-DE,de;q=0.9,en;q=0.8',
      referrer: 'https://ref.example/page?x=1',
    });
  },
);

const CLIENT_GONE_AWAY = /^(\/never .*|\/late .*|\/stream .*|POST body cut)$/;
const DESTROYED_BY_SERVER = /^(\/destroy|\/destroyerr|\/sockdestroy|\/timeout)$/;

test.each(RECORDINGS.filter((file) => file.includes('abort')))(
  '%s: 499 if the client went away, 500 after a crash or if the server destroyed the response',
  (file) => {
    const { spans, results } = recording(file);
    const servers = spans.filter(({ kind }) => kind === 1);
    let next = 0;
    let aborted = 0;
    let destroyed = 0;
    for (const result of results) {
      for (const { kind } of result.spans ?? []) {
        if (kind !== 'SERVER') continue;
        const span = servers[next++] as FinishedSpan;
        const request = requestOf(span, result);
        const name = result.case ?? '';
        expect(request?.aborted, name).toBe(CLIENT_GONE_AWAY.test(name));
        if (CLIENT_GONE_AWAY.test(name)) aborted += 1;
        if (DESTROYED_BY_SERVER.test(name)) destroyed += 1;
        expect(request?.statusCode, name).toBe(expectedStatus(name));
      }
    }
    expect({ aborted, destroyed, next }).toEqual({
      aborted: 4,
      destroyed: 4,
      next: servers.length,
    });
  },
);

const EXPECTED_STATUS: Record<string, number> = { '/500': 500, '/304': 304, '/throw': 500 };

function expectedStatus(name: string): number {
  if (CLIENT_GONE_AWAY.test(name)) return 499;
  return DESTROYED_BY_SERVER.test(name) ? 500 : (EXPECTED_STATUS[name] ?? 200);
}

/** The span together with what Node's objects say at its end: a response that was cut off has not finished. */
function requestOf(span: FinishedSpan, { case: name = '' }: RecordedResult) {
  const isClientGone = CLIENT_GONE_AWAY.test(name);
  const isFinished = !isClientGone && !DESTROYED_BY_SERVER.test(name) && name !== '/throw';
  const announced = {
    incoming: {
      method: span.attributes['http.request.method'] ?? span.attributes['http.method'],
      headers: {},
      socket: { readableEnded: isClientGone, errored: null },
    },
    response: { destroyed: true, headersSent: false, statusCode: 200 },
    sending: isFinished ? 'finished' : 'unfinished',
  } as unknown as Pick<Request, 'incoming' | 'response' | 'sending'>;
  return readRequest(Object.assign(Request.ofSpan(span), announced), READING);
}
