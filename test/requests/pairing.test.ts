import { AsyncResource } from 'node:async_hooks';
import { channel } from 'node:diagnostics_channel';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { connect, createServer as createHttp2Server } from 'node:http2';
import { createRequire } from 'node:module';
import { context, ROOT_CONTEXT, trace } from '@opentelemetry/api';
import { expect, test } from 'vitest';
import { annotate, forRequest, ignore, trackEvent } from '../../src/index.js';
import { serverSpan } from '../support/builders.js';
import { eventually } from '../support/child-process.js';
import { listen } from '../support/listen.js';
import { captureOutput } from '../support/output.js';
import { rawRequest, sendRaw } from '../support/raw-request.js';
import { startProcessor } from '../support/senders.js';
import { sorted } from '../support/sorted.js';
import { startTracedService, type TracedService } from '../support/traced-service.js';

// The instrumentation hooks `require`, not `import`.
const _require = createRequire(import.meta.url);

/** A service behind a trusted proxy, whose handler annotates each request and ignores those whose target asks for it. */
function startAnnotatedService(): Promise<TracedService> {
  return startTracedService(
    (request, response) => {
      annotate({ dimension3: request.url ?? '' });
      if (request.headers['x-ignore'] !== undefined) ignore();
      response.end();
    },
    { trustProxy: 2, tokenAuth: 'a'.repeat(32) },
  );
}

/** Counted from the right, over both lines. */
const FORWARDED = 'X-Forwarded-For: 6.6.6.6, 198.51.100.7\r\nX-FORWARDED-FOR: 10.0.0.1';

const ORDER = { action_name: 'GET /orders/:id', url: 'https://localhost/orders/7?x=1' };
const onShop = (path: string) => ({ url: `https://shop.example${path}` });

test.each<[target: string, host: string, expected: object]>([
  // The URL leaves out a host that is none.
  ['/orders/7?x=1', 'a b', ORDER],
  ['/orders/7?x=1', 'a:b:c', ORDER],
  ['/orders/7?x=1', '[::1', ORDER],
  ['/orders/7?x=1', '%', ORDER],
  ['/orders/7?x=1', 'foo:99999', ORDER],
  ['/orders/7?x=1', '1.2.3.4.5', ORDER],
  ['//', 'shop.example', onShop('//')],
  ['/\\', 'shop.example', onShop('/%5C')],
  ['//a:b:c/x', 'shop.example', onShop('//a:b:c/x')],
  ['//evil.example/x', 'shop.example', onShop('//evil.example/x')],
  ['//reset-password/9fK2mQ7x?a=1', 'shop.example', onShop('//reset-password/redacted?a=1')],
  ['http://other.example//token/9fK2mQ7x', 'shop.example', onShop('//token/redacted')],
  ['http://a:b:c/x', 'shop.example', onShop('/x')],
  ['/%', 'shop.example', onShop('/%')],
])('a request for `%s` with `Host: %s` is recognized', async (target, host, expected) => {
  const service = await startAnnotatedService();
  await sendRaw(service, rawRequest(target, [`Host: ${host}`, FORWARDED]));
  await sendRaw(service, rawRequest(target, [`Host: ${host}`, 'X-Ignore: 1']));
  await service.requests(2);
  const [hit, ...others] = await service.hits();
  expect(others).toEqual([]);
  expect(hit?.params).toMatchObject({ ...expected, cip: '198.51.100.7', dimension3: target });
  expect(service.processor.stats().ignored).toMatchObject({ attribute: 1 });
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
    const target = request.url;
    if (target === '/rewritten') request.url = '/other';
    inner.emit('request', request, response);
  });
  const traceparent = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`;
  await service.fetch('/one');
  await service.fetch('/two', { headers: { traceparent } });
  await service.fetch('/rewritten');
  await service.fetch('/event');
  await service.requests(4);
  const hits = await service.hits();
  expect(
    hits.map(({ params }) => [
      params.e_a ?? params.action_name,
      params.dimension2,
      params.dimension3,
    ]),
  ).toEqual([
    ['GET /one', 'below', 'inner'],
    ['GET /two', 'below', 'inner'],
    ['GET /rewritten', 'below', 'inner'],
    ['GET /event', 'below', 'inner'],
    ['event', undefined, undefined],
  ]);
  await eventually(() => service.processor.stats().pending === 0);
  expect(service.processor.stats()).toMatchObject({ hits: 5, tracked: 5 });
});

test('additional hits follow the page view of their request', async () => {
  let lateEvent: () => void = () => undefined;
  const service = await startTracedService((request, response) => {
    trackEvent('Request', 'in its context');
    forRequest(request).trackEvent('Request', 'anywhere');
    lateEvent = AsyncResource.bind(() => trackEvent('Request', 'late'));
    response.end();
  });
  await service.visit('/a');
  lateEvent();
  const names = (await service.hits()).map(({ params }) => params.e_a ?? params.action_name);
  expect(names).toEqual(['GET /a', 'in its context', 'anywhere', 'late']);
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

test('work that goes on after the hit of its request adds nothing to a later request of the same trace', async () => {
  let goOn: () => void = () => undefined;
  let answer: (() => void) | undefined;
  const service = await startTracedService((request, response) => {
    if (request.url === '/later') {
      answer = () => void response.end();
      return;
    }
    const tracer = trace.getTracer('own');
    const outer = tracer.startSpan('outer');
    const inOuter = trace.setSpan(context.active(), outer);
    const work = context.bind(inOuter, () => {
      trackEvent('Work', 'outer');
      tracer.startActiveSpan('inner', (inner) => {
        annotate({ dimension3: 'work' });
        trackEvent('Work', 'inner');
        inner.setAttribute('matomo.dimension2', 'work').end();
      });
      outer.setAttribute('matomo.dimension1', 'work').end();
    });
    goOn = AsyncResource.bind(work);
    response.end();
  });
  // As on a page that a cache gives to everybody.
  const headers = { traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01` };
  await service.visit('/earlier', { headers });
  const visit = service.visit('/later', { headers });
  await eventually(() => answer !== undefined);
  goOn();
  answer?.();
  const rows = (await visit).map(({ params: { url, e_a, dimension1, dimension2, dimension3 } }) => [
    new URL(url ?? '').pathname,
    e_a,
    dimension1 ?? dimension2 ?? dimension3,
  ]);
  expect(sorted(rows.map(String))).toEqual(
    sorted(['/earlier,,', '/earlier,outer,', '/earlier,inner,', '/later,,']),
  );
});

const HTTP = { 'http.request.method': 'GET', 'http.response.status_code': 200 };
const REFERRER = { referer: 'https://ref.example/' };

test('a SERVER span that gets its attributes when it ends has Node’s request', async () => {
  const { processor, tracer, hits } = await startProcessor();
  const serverUrl = await listen((_request, response) => {
    const span = tracer.startSpan('own', { kind: 1 });
    annotate({ dimension3: 'annotated' });
    response.end(() => span.setAttributes(HTTP).end());
  });
  await fetch(`${serverUrl}/late`, { headers: REFERRER });
  await eventually(() => processor.stats().hits === 1);
  const [hit] = await hits();
  expect(hit?.params).toMatchObject({
    action_name: 'GET /late',
    urlref: REFERRER.referer,
    dimension3: 'annotated',
  });
});

test.each([
  ['404', 0],
  ['500', 2],
])(
  'status %s: a SERVER span with status code %i ends before the response, without its status',
  async (expected, code) => {
    const { tracer, processor, hits } = await startProcessor();
    const serverUrl = await listen((_request, response) => {
      const attributes = { 'http.request.method': 'GET' };
      tracer.startSpan('own', { kind: 1, attributes }).setStatus({ code }).end();
      setImmediate(() => response.writeHead(404).end());
    });
    await fetch(`${serverUrl}/early`, { headers: REFERRER });
    await eventually(() => processor.stats().hits === 1);
    const rows = (await hits()).map(({ params, stored }) => [params.urlref, stored?.custom_var_v1]);
    expect(rows).toEqual([[REFERRER.referer, expected]]);
  },
);

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
  const rows = (await hits()).map(({ params }) => [
    params.action_name,
    params.urlref,
    params.dimension3,
  ]);
  expect(rows).toEqual([
    ['GET /below', REFERRER.referer, 'outer'],
    ['GET /beside', REFERRER.referer, 'outer'],
  ]);
});

test('an HTTP SERVER span below a SERVER span of no HTTP is a request, as of a function that runs a framework', async () => {
  const { processor, tracer, hits } = await startProcessor();
  const outer = tracer.startSpan('function', { kind: 1, attributes: { 'faas.trigger': 'http' } });
  const attributes = { ...HTTP, 'url.path': '/called' };
  const parent = trace.setSpan(ROOT_CONTEXT, outer);
  tracer.startSpan('own', { kind: 1, attributes }, parent).end();
  outer.end();
  await eventually(() => processor.stats().hits === 1);
  expect((await hits()).map(({ params }) => params.action_name)).toEqual(['GET /called']);
});

test('a span that is frozen is tracked, and nothing is logged', async () => {
  const output = captureOutput();
  const { processor, hits } = await startProcessor();
  const serverUrl = await listen((_request, response) => {
    const span = Object.freeze(serverSpan('/frozen'));
    processor.onStart(span as never, ROOT_CONTEXT);
    response.end(() => processor.onEnd(span));
  });
  await fetch(`${serverUrl}/frozen`, { headers: REFERRER });
  await eventually(() => processor.stats().hits === 1);
  expect((await hits()).map(({ params }) => params.urlref)).toEqual([REFERRER.referer]);
  expect(output.join('')).not.toContain('onStart');
});

test('an event before the SERVER span of its request starts belongs to the same request', async () => {
  const { processor, tracer, hits: flushed } = await startProcessor();
  const serverUrl = await listen((_request, response) => {
    trackEvent('Early', 'event');
    annotate({ dimension3: 'early' });
    const attributes = { 'http.request.method': 'GET', 'http.response.status_code': 200 };
    const span = tracer.startSpan('own', { kind: 1, attributes });
    response.end(() => span.end());
  });
  await fetch(`${serverUrl}/early`);
  await eventually(() => processor.stats().hits === 2);
  const hits = (await flushed()).map(({ params }) => params);
  expect(hits.map(({ e_a, dimension3 }) => e_a ?? dimension3)).toEqual(['early', 'event']);
  expect(new Set(hits.map(({ url, _id }) => `${url} ${_id}`)).size).toBe(1);
});
