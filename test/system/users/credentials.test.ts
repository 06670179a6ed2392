import { once } from 'node:events';
import { request as requestByHttp } from 'node:http';
import { createRequire } from 'node:module';
import { trace } from '@opentelemetry/api';
import { expect, test } from 'vitest';
import { withoutTracing } from '../../../src/common/otel-global.js';
import { createToPseudonym } from '../../../src/hit/visitor/pseudonym.js';
import * as matomo from '../../../src/index.js';
import type { MatomoOptions } from '../../../src/options.js';
import { hitEventOf, spanOfClient } from '../../support/builders.js';
import { CHATGPT } from '../../support/chatbots.js';
import { eventually } from '../../support/child-process.js';
import { sendSpans, startGateway } from '../../support/gateway.js';
import { jwt } from '../../support/jwt.js';
import { exportOf } from '../../support/otlp-spans.js';
import { APPS, REGISTER, startTracked } from '../../support/registered-app.js';
import { startExporter } from '../../support/senders.js';
import { fetchFrom, startTracedService } from '../../support/traced-service.js';

// `localhost` may have two addresses.
const host = '127.0.0.1';

const { createListener } = createRequire(import.meta.url)('../../support/apps/users.cjs');
const VISITOR_KEY = 'a-key';
const VICTIM = createToPseudonym(VISITOR_KEY)('victim');
const OPTIONS = { userId: 'jwt.sub', visitorKey: VISITOR_KEY, scheduledDelayMillis: 60_000 };

/** Statuses, and whether a response with one shows that the application has let the credential in. */
const STATUSES: readonly (readonly [status: number, isLetIn: boolean])[] = [
  ...[200, 201, 204, 206, 304].map((status) => [status, true] as const),
  ...[300, 302, 400, 401, 403, 404, 405, 429, 499, 500, 503].map(
    (status) => [status, false] as const,
  ),
];
/** One of each: other statuses have an event, beside its page view. */
const isWithAllKinds = (status: number) => status === 200 || status === 401 || status === 499;
const MCP_CALL = '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"find_order"}}';

/** What a request can make, and how many hits with a success. */
const KINDS: Readonly<
  Record<string, { hits: number; path?: string; headers?: object; body?: string }>
> = {
  page: { hits: 1 },
  event: { hits: 2 },
  goal: { hits: 2 },
  order: { hits: 2 },
  outlink: { hits: 2 },
  'for request': { hits: 2 },
  'span event': { hits: 2 },
  document: { hits: 1, path: '/a.pdf', headers: { 'x-type': 'application/pdf' } },
  'AI chatbot': { hits: 1, headers: { 'user-agent': CHATGPT } },
  'MCP call': {
    hits: 1,
    path: '/mcp',
    headers: { 'content-type': 'application/json' },
    body: MCP_CALL,
  },
};

/** A token of the same subject, which nobody has signed. */
let tokens = 0;
const bearer = () => ({ authorization: `Bearer ${jwt({ sub: 'victim', jti: String(tokens++) })}` });

/** A request that the client leaves before it is answered. */
async function leave(
  port: number,
  path: string,
  headers: Record<string, string>,
  hasArrived: () => boolean,
) {
  const request = withoutTracing(() => requestByHttp({ host, port, path, headers, agent: false }));
  request.on('error', () => undefined).end();
  await eventually(hasArrived);
  request.destroy();
}

async function start(options: MatomoOptions = {}) {
  let arrived = 0;
  const service = await startTracedService(
    () => {
      const listener = createListener({ ...matomo, trace });
      return (request: object, response: object) => {
        arrived += 1;
        listener(request, response);
      };
    },
    { ...OPTIONS, ...options },
  );
  return {
    ...service,
    async send(path: string, headers: Record<string, string>, body?: string) {
      const expected = arrived + 1;
      if (headers['x-status'] === '499')
        return leave(service.port, path, headers, () => arrived === expected);
      const method = body === undefined ? 'GET' : 'POST';
      await service.fetch(path, { method, headers, ...(body !== undefined && { body }) });
    },
  };
}

/** In the query of the request's URL, which all of its hits have. */
const mark = (name: string, kind: string) => `?${name}=${kind.replaceAll(' ', '-')}`;

test.each(STATUSES)(
  '%i: a new credential names its user: %s; a known one does',
  async (status, isLetIn) => {
    const { send, requests, hits } = await start();
    const all = Object.entries(KINDS).filter(
      ([kind]) => isWithAllKinds(status) || kind === 'event',
    );
    for (const [kind, { path = '/a', headers, body }] of all) {
      const own = { 'x-kind': kind, 'x-status': String(status), ...headers };
      const known = bearer();
      await send('/before', known);
      await send(path + mark('new', kind), { ...own, ...bearer() }, body);
      await send(path + mark('known', kind), { ...own, ...known }, body);
    }
    await requests(3 * all.length);
    const sent = (await hits()).map(({ params }) => params);
    const usersOf = (query: string) =>
      sent.filter(({ url, download }) => (download ?? url)?.endsWith(query)).map(({ uid }) => uid);
    for (const [kind, { hits: count }] of all) {
      for (const [name, user] of [
        ['new', isLetIn ? VICTIM : undefined],
        ['known', VICTIM],
      ] as const) {
        const users = usersOf(mark(name, kind));
        if (status === 200) expect(users, `${name} ${kind}`).toHaveLength(count);
        expect(users, `${name} ${kind}`).toEqual(users.map(() => user));
      }
    }
  },
);

type Headers = Record<string, string>;
interface SentRequest {
  readonly target: string;
  readonly headers: Headers;
  readonly status: number;
}

/** With each status a request of a new credential, and one of a credential that was let in before. */
const REQUESTS: readonly SentRequest[] = STATUSES.flatMap(([status]) => {
  const known = bearer();
  return [
    { target: '/before', headers: known, status: 200 },
    { target: `/a${mark('known', String(status))}`, headers: known, status },
    { target: `/a${mark('new', String(status))}`, headers: bearer(), status },
  ];
});

/** Each makes two hits with the URL of the request: a page view, and an event before the response. */
const NAMED = STATUSES.flatMap(([status, isLetIn]) => [
  ...Array(2).fill(`known=${status} ${VICTIM}`),
  ...Array(2).fill(`new=${status} ${isLetIn ? VICTIM : undefined}`),
]).sort();

const named = (hits: readonly { readonly params: Readonly<Record<string, string>> }[]) =>
  hits
    .flatMap(({ params: { url = '', uid } }) =>
      url.includes('?') ? [`${url.split('?')[1]} ${uid}`] : [],
    )
    .sort();

const SPANS = REQUESTS.map(({ target, headers, status }) =>
  spanOfClient(
    target,
    headers,
    { 'http.route': '/*', 'http.response.status_code': status },
    { events: [hitEventOf({ e_c: 'in', e_a: 'span' })] },
  ),
);

test('exporter: spans of a new credential name its user only with a success', async () => {
  const { inspector, exporter } = await startExporter(OPTIONS);
  exporter.export(SPANS, () => undefined);
  await exporter.forceFlush();
  expect(named(inspector.hits())).toEqual(NAMED);
});

const ENV = { MATOMO_USER_ID: 'jwt.sub', MATOMO_VISITOR_KEY: VISITOR_KEY };

test('gateway: spans of a new credential name its user only with a success', async () => {
  const { gateway, inspector } = await startGateway(OPTIONS);
  await sendSpans(gateway, exportOf(SPANS));
  await gateway.close();
  expect(named(inspector.hits())).toEqual(NAMED);
});

const START = JSON.stringify({ userId: 'jwt.sub', visitorKey: VISITOR_KEY });

const PLACES = [
  ['the main thread without tracing', REGISTER, ENV],
  ['a worker thread, options in code', [], { WORKER: '1', START }],
] as const;

test.each(PLACES)(
  'register in %s: a new credential names its user only with a success, and not with a response that never begins',
  async (_where, args, more) => {
    const { inspector, app } = await startTracked([...args, `${APPS}/users.cjs`], {
      MATOMO_SCHEDULE_DELAY: '100',
      ...more,
    });
    const port = Number(new URL(app.url).port);
    for (const { target, headers, status } of REQUESTS) {
      const sent = { ...headers, 'x-kind': 'event', 'x-status': String(status) };
      if (status !== 499) await fetchFrom(port, target, { headers: sent });
    }
    const headers = { ...bearer(), 'x-kind': 'event', 'x-status': '499' };
    const request = requestByHttp({ host, port, path: '/a?open', headers, agent: false });
    request.on('error', () => undefined).end();
    const open = () => named(inspector.hits()).filter((text) => text === 'open undefined').length;
    await eventually(() => open() === 1);
    request.destroy();
    await eventually(() => open() === 2);
    await app.stop();
    const answered = NAMED.filter((text) => !text.includes('=499 '));
    expect(named(inspector.hits())).toEqual(
      [...answered, ...Array(2).fill('open undefined')].sort(),
    );
  },
);

test('a token is no proof for another one of the same subject', async () => {
  const { send, requests, hits } = await start();
  await send('/real', bearer());
  await send('/forged', { ...bearer(), 'x-status': '401' });
  await requests(2);
  // A bulk is ordered by visitor IDs, which change every day.
  const users = (await hits()).map(({ params }) => [
    new URL(params.url ?? '').pathname,
    params.uid,
  ]);
  expect(Object.fromEntries(users)).toEqual({ '/real': VICTIM, '/forged': undefined });
});

test('a response that has begun with a success counts, also if the client leaves before its end', async () => {
  const { requests, hits, port } = await start();
  const headers = { ...bearer(), 'x-kind': 'stream' };
  const request = withoutTracing(() =>
    requestByHttp({ host, port, path: '/a', headers, agent: false }),
  );
  request.on('error', () => undefined).end();
  const [response] = await once(request, 'response');
  response.on('error', () => undefined).destroy();
  await requests(1);
  expect((await hits()).map(({ params }) => params.uid)).toEqual([VICTIM]);
});

test('an event of an open request has its user if the credential is known or the response has begun', async () => {
  let end = () => {};
  const service = await startTracedService(
    (request, response) => {
      matomo.trackEvent('in', String(request.url));
      if (request.url === '/known') response.end();
      else if (request.url === '/begun') response.write('open');
      end = () => response.end();
    },
    { ...OPTIONS, scheduledDelayMillis: 50 },
  );
  const users = async (path: string, headers: Headers) => {
    const answer = service.fetch(path, { headers });
    const events = () => service.inspector.hits().filter(({ params }) => params.e_a === path);
    await eventually(() => events().length === 1);
    end();
    await answer;
    return events().map(({ params }) => params.uid);
  };
  const known = bearer();
  expect(await users('/known', known)).toEqual([VICTIM]);
  expect(await users('/open', known)).toEqual([VICTIM]);
  expect(await users('/open-forged', bearer())).toEqual([undefined]);
  expect(await users('/begun', bearer())).toEqual([VICTIM]);
});
