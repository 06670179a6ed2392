import { AsyncResource } from 'node:async_hooks';
import { connect } from 'node:net';
import { trace } from '@opentelemetry/api';
import { expect, test } from 'vitest';
import { annotate, trackEvent } from '../src/index.js';
import { eventually } from './support/child-process.js';
import { seededRandom } from './support/seed.js';
import { startTracedService } from './support/traced-service.js';

test('a request becomes a page view with what only Node’s request knows', async () => {
  const service = await startTracedService((_request, response) => void response.end('ok'));
  const [hit] = await service.visit('/users/42?x=1&token=s3cret', {
    headers: {
      host: 'shop.example.org',
      'user-agent': 'curl/8.5.0',
      'accept-language': 'sv-SE,sv;q=0.9',
      referer: 'https://ref.example/page',
    },
  });
  expect(hit).toMatchObject({
    verdict: 'tracked',
    params: {
      idsite: '1',
      rec: '1',
      apiv: '1',
      ua: 'curl/8.5.0',
      lang: 'sv-SE,sv;q=0.9',
      urlref: 'https://ref.example/page',
      gt_ms: expect.stringMatching(/^\d+$/),
      cid: expect.stringMatching(/^[\da-f]{16}$/),
    },
    stored: {
      type: 'page',
      title: 'GET /users/:id',
      url: 'https://shop.example.org/users/42?x=1&token=redacted',
      time_server: expect.any(Number),
      custom_var_k1: 'http_status_code',
      custom_var_v1: '200',
      custom_var_k2: 'http_method',
      custom_var_v2: 'GET',
    },
  });
  const { received, stored } = hit ?? {};
  expect(Math.abs((received ?? 0) / 1000 - (stored?.server_time ?? 0))).toBeLessThan(5);
});

test('header bytes that are UTF-8 arrive as such', async () => {
  const hosts: unknown[] = [];
  const service = await startTracedService((_request, response) => void response.end(), {
    actionName: '{host}',
    ignore({ host }) {
      hosts.push(host);
      return false;
    },
  });
  const sent = (text: string) => Buffer.from(text).toString('latin1');
  const headers = {
    'user-agent': sent('räksmörgås/1'),
    referer: sent('https://shop.example/räksmörgås'),
    host: sent('smörgås.example'),
  };
  const [hit] = await service.visit('/', { headers });
  expect(hit?.params).toMatchObject({
    ua: 'räksmörgås/1',
    urlref: 'https://shop.example/räksmörgås',
    action_name: 'smörgås.example',
  });
  expect(hosts).toEqual(['smörgås.example']);
});

test('a hundred requests at once, some on one connection, keep what is theirs', async () => {
  const random = seededRandom();
  const service = await startTracedService((request, response) => {
    setTimeout(() => {
      annotate({ dimension1: String(request.url), cvar: { target: request.url } });
      response.end(request.url);
    }, random() * 20);
  });
  const one = (i: number) =>
    service.fetch(`/r/${i}`, {
      headers: { 'user-agent': `client-${i}`, 'accept-language': `x-${i}` },
    });
  await Promise.all(Array.from({ length: 95 }, (_, i) => one(i)));
  await pipeline(service.port, 95, 5);
  await service.requests(100);
  const hits = await service.hits();
  expect(hits).toHaveLength(100);
  for (const { params } of hits) {
    const i = params.url?.match(/\/r\/(\d+)$/)?.[1];
    expect([params.ua, params.lang]).toEqual([`client-${i}`, `x-${i}`]);
    expect(params.dimension1).toBe(`/r/${i}`);
    expect(JSON.parse(params.cvar ?? '')[3]).toEqual(['target', `/r/${i}`]);
  }
  expect(new Set(hits.map(({ params }) => params.url)).size).toBe(100);
});

/** Several requests on one connection, the next sent before the first is answered. */
async function pipeline(port: number, from: number, count: number): Promise<void> {
  const socket = connect(port, '127.0.0.1');
  let text = '';
  socket.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  for (let i = from; i < from + count; i++) {
    const headers = `Host: 127.0.0.1:${port}\r\nUser-Agent: client-${i}\r\nAccept-Language: x-${i}`;
    socket.write(`GET /r/${i} HTTP/1.1\r\n${headers}\r\n\r\n`);
  }
  await eventually(() => text.split('HTTP/1.1 200').length === count + 1);
  socket.destroy();
}

test('the URL is of this host, whatever the request target claims', async () => {
  const service = await startTracedService((_request, response) => void response.end());
  const socket = connect(service.port, '127.0.0.1');
  socket.write('GET http://evil.example/a?b=1 HTTP/1.1\r\nHost: good.example\r\n\r\n');
  socket.write('GET //evil.example/c HTTP/1.1\r\nHost: good.example\r\n\r\n');
  await service.requests(2);
  socket.destroy();
  expect((await service.hits()).map(({ stored }) => stored?.url)).toEqual([
    'https://good.example/a?b=1',
    'https://good.example//evil.example/c',
  ]);
});

test('SERVER spans that are no HTTP requests make no hit', async () => {
  const service = await startTracedService((_request, response) => void response.end());
  const tracer = trace.getTracer('test');
  tracer
    .startSpan('grpc', {
      kind: 1,
      attributes: { 'rpc.system': 'grpc', 'http.request.method': 'POST' },
    })
    .end();
  tracer.startSpan('lambda', { kind: 1, attributes: { 'faas.invocation_id': '1' } }).end();
  tracer.startSpan('client', { kind: 2, attributes: { 'http.request.method': 'GET' } }).end();
  expect(await service.visit('/')).toHaveLength(1);
});

test('a SERVER span nested in another makes no second hit and lends it its route, unless it ends later', async () => {
  let ended = 0;
  const service = await startTracedService((request, response) => {
    const end = () => {
      span.end();
      ended += 1;
    };
    const attributes = { 'http.request.method': 'GET', 'url.path': request.url ?? '' };
    const span = trace.getTracer('hono').startSpan('nested', { kind: 1, attributes });
    span.setAttribute('http.route', '/users/:id');
    span.setAttribute('matomo.dimension2', 'nested');
    if (request.url === '/users/1') end();
    response.end();
    if (request.url === '/users/2') setTimeout(end, 10);
  });
  await service.fetch('/users/1');
  await service.fetch('/users/2');
  await service.requests(2);
  await eventually(() => ended === 2);
  const stored = (await service.hits()).map((hit) => hit.stored);
  expect(stored).toMatchObject([
    { title: 'GET /users/:id', custom_dimension_2: 'nested' },
    { title: 'GET /users/:id' },
  ]);
  expect(stored[1]).not.toHaveProperty('custom_dimension_2');
  expect(service.processor.stats().spans.unused).toBe(1);
});

test('a SERVER span that starts below another one, whose hit was sent, makes no second hit', async () => {
  let goOn: (() => void) | undefined;
  const service = await startTracedService((request, response) => {
    goOn = AsyncResource.bind(() => {
      const attributes = { 'http.request.method': 'GET', 'url.path': request.url ?? '' };
      trace.getTracer('next').startActiveSpan('late', { kind: 1, attributes }, (span) => {
        trackEvent('Late', 'event');
        span.end();
      });
    });
    response.end();
  });
  await service.visit('/users', { headers: { 'user-agent': 'Mozilla/5.0 (X11) Firefox/140.0' } });
  goOn?.();
  const [page, ...others] = (await service.hits()).map(({ params }) => params);
  expect(page?.action_name).toBe('GET /users');
  expect(others).toMatchObject([{ e_c: 'Late', ua: page?.ua, url: page?.url, cid: page?.cid }]);
});

test.each([
  ['of HTTP', { 'http.method': 'GET', 'http.target': '/controller' }],
  ['of no HTTP', { 'rpc.system': 'jsonrpc' }],
])(
  'a SERVER span below another that gets attributes %s after its start makes no second hit, and lends it all else',
  async (_what, attributes) => {
    const service = await startTracedService((_request, response) => {
      const tracer = trace.getTracer('interceptor');
      tracer.startActiveSpan('controller', { kind: 1 }, (span) => {
        span.setAttributes(attributes);
        span.setAttribute('matomo.dimension1', 'own');
        tracer.startSpan('below', { attributes: { 'matomo.dimension2': 'below' } }).end();
        annotate({ dimension3: 'annotated' });
        trackEvent('Below', 'event');
        span.end();
      });
      response.end();
    });
    const hits = await service.visit('/nested');
    expect(hits.map(({ params }) => params.e_a ?? params.action_name)).toEqual([
      'GET /nested',
      'event',
    ]);
    expect(hits[0]?.params).toMatchObject({
      dimension1: 'own',
      dimension2: 'below',
      dimension3: 'annotated',
    });
    expect(hits[1]?.params.url).toBe(hits[0]?.params.url);
  },
);

test('one request makes one hit, however many HTTP SERVER spans start while it is served', async () => {
  const service = await startTracedService((request, response) => {
    const common = { 'http.request.method': 'GET', 'http.response.status_code': 200 };
    for (const path of ['/other', request.url ?? '']) {
      const attributes = { ...common, 'url.path': path };
      trace.getTracer('own').startSpan('own', { kind: 1, root: true, attributes }).end();
    }
    response.end();
  });
  const hits = (await service.visit('/this', { headers: { referer: 'https://ref.example/' } })).map(
    ({ stored, params }) => [stored?.title, params.urlref],
  );
  expect(hits).toEqual([['GET /this', 'https://ref.example/']]);
});
