import { AsyncResource } from 'node:async_hooks';
import { channel } from 'node:diagnostics_channel';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { connect, createServer as createHttp2Server } from 'node:http2';
import { createRequire } from 'node:module';
import { ROOT_CONTEXT, trace } from '@opentelemetry/api';
import { expect, test } from 'vitest';
import { annotate, forRequest, trackEvent } from '../../src/index.js';
import { eventually } from '../support/child-process.js';
import { listen } from '../support/listen.js';
import { rawRequest, sendRaw } from '../support/raw-request.js';
import { startProcessor } from '../support/senders.js';
import { startTracedService } from '../support/traced-service.js';

// The instrumentation hooks `require`, not `import`.
const _require = createRequire(import.meta.url);

// Targets that a parser of URLs would read otherwise.
test.each([
  ['/orders/7?x=1', 'a b', 'https://localhost/orders/7?x=1'],
  ['/\\', 'shop.example', 'https://shop.example/redacted'],
  ['//a:b:c/x', 'shop.example', 'https://shop.example//a:b:c/x'],
  ['http://a:b:c/x', 'shop.example', 'https://shop.example/x'],
])('a request for `%s` with `Host: %s` is recognized', async (target, host, url) => {
  const service = await startTracedService((request, response) => {
    annotate({ dimension3: request.url ?? '' });
    response.end();
  });
  await sendRaw(service, rawRequest(target, [`Host: ${host}`]));
  await service.requests(1);
  const [hit] = await service.hits();
  expect(hit?.params).toMatchObject({ url, dimension3: target });
});

test('one application behind two servers makes one hit per request', async () => {
  const inner = createServer((request, response) => {
    trace.getTracer('inner').startActiveSpan('below', (span) => {
      annotate({ dimension3: 'inner' });
      span.setAttribute('matomo.dimension2', 'below');
      if (request.url === '/event') trackEvent('Inner', 'event');
      span.end();
    });
    response.end(request.url);
  });
  const service = await startTracedService((request, response) => {
    if (request.url === '/rewritten') request.url = '/other';
    inner.emit('request', request, response);
  });
  const hits = await service.visit(['/one', '/rewritten', '/event']);
  const rows = hits.map(({ params: { e_a, action_name, dimension2, dimension3 } }) =>
    [e_a ?? action_name, dimension2, dimension3].join(' '),
  );
  expect(rows).toEqual([
    'GET /one below inner',
    'GET /rewritten below inner',
    'GET /event below inner',
    'event  ',
  ]);
});

test.each([
  ['1', []],
  ['0', ['/private']],
])(
  'with DNT: %s, an event of a stream of HTTP/2 that nothing else tracks makes hits of %j',
  async (dnt, expected) => {
    const { hits } = await startProcessor({ doNotTrack: true });
    const server = createHttp2Server();
    server.on('stream', (stream, headers) => {
      channel('http2.server.stream.created').publish({ stream, headers }); // as Node.js 24 does
      forRequest(stream).trackEvent('Private', 'event', { uid: 'alice' });
      stream.respond({ ':status': 200 });
      stream.end();
    });
    const client = connect(await listen(server));
    const stream = client.request({ ':path': '/private', dnt });
    stream.resume();
    await once(stream, 'close');
    client.close();
    const urls = (await hits()).map(({ params }) => new URL(params.url ?? '').pathname);
    expect(urls).toEqual(expected);
  },
);

const HTTP = { 'http.request.method': 'GET', 'http.response.status_code': 200 };
const REFERRER = { referer: 'https://ref.example/' };

test('a span that starts after the response, in the context of its request, is no part of it', async () => {
  const { tracer, processor, hits } = await startProcessor();
  let isStarted = false;
  const url = await listen((_request, response) => {
    const inRequest = AsyncResource.bind(() => {
      const attributes = { ...HTTP, 'url.path': '/job' };
      tracer.startSpan('job', { kind: 1, attributes }).end();
      isStarted = true;
    });
    response.on('close', () => setImmediate(inRequest));
    response.end();
  });
  await fetch(`${url}/this`, { headers: { ...REFERRER, connection: 'close' } });
  await eventually(() => isStarted);
  await eventually(() => processor.stats().hits === 1);
  const rows = (await hits()).map(({ params }) => [params.action_name, params.urlref]);
  expect(rows).toEqual([['GET /job', undefined]]);
});

test('a SERVER span that gets its attributes when it ends has Node’s request, and calls before it starts', async () => {
  const { processor, tracer, hits } = await startProcessor();
  const serverUrl = await listen((_request, response) => {
    trackEvent('Early', 'event');
    annotate({ dimension2: 'early' });
    const span = tracer.startSpan('own', { kind: 1 });
    annotate({ dimension3: 'annotated' });
    response.end(() => span.setAttributes(HTTP).end());
  });
  await fetch(`${serverUrl}/late`, { headers: REFERRER });
  await eventually(() => processor.stats().hits === 2);
  const [page, event] = (await hits()).map(({ params }) => params);
  expect(page).toMatchObject({
    action_name: 'GET /late',
    urlref: REFERRER.referer,
    dimension2: 'early',
    dimension3: 'annotated',
  });
  expect(event).toMatchObject({ e_a: 'event', url: page?.url, cid: page?.cid });
});

test('a SERVER span of no HTTP leaves Node’s request to one of HTTP, below it or not', async () => {
  const { processor, tracer, hits } = await startProcessor();
  const serverUrl = await listen((request, response) => {
    const outer = tracer.startSpan('outer', { kind: 1 });
    const parent = request.url === '/below' ? trace.setSpan(ROOT_CONTEXT, outer) : ROOT_CONTEXT;
    const span = tracer.startSpan('own', { kind: 1, attributes: HTTP }, parent);
    response.end(() => {
      span.end();
      outer.setAttribute('matomo.dimension3', 'outer').end();
    });
  });
  for (const path of ['/below', '/beside']) await fetch(serverUrl + path, { headers: REFERRER });
  await eventually(() => processor.stats().hits === 2);
  const rows = (await hits()).map(({ params: { action_name, urlref, dimension3 } }) => [
    ...[action_name, urlref, dimension3],
  ]);
  expect(rows).toEqual([
    ['GET /below', REFERRER.referer, 'outer'],
    ['GET /beside', REFERRER.referer, 'outer'],
  ]);
});
