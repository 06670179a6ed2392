import { once } from 'node:events';
import type { RequestListener } from 'node:http';
import { connect } from 'node:net';
import type { Attributes, Span } from '@opentelemetry/api';
import { expect, test } from 'vitest';
import type { InspectedHit } from '../../src/inspector/index.js';
import { eventually } from '../support/child-process.js';
import { stopMonotonicClock } from '../support/clocks.js';
import { collectGarbage } from '../support/kept-bytes.js';
import { listen } from '../support/listen.js';
import { get, startRegistered, titles } from '../support/registered-app.js';
import { startProcessor } from '../support/senders.js';
import { sorted } from '../support/sorted.js';
import { decided } from '../support/traced-service.js';

/** A server that starts a SERVER span for each request, and never ends it. */
async function startService(listener: RequestListener = (_request, response) => response.end()) {
  const { processor, tracer, hits, inspector } = await startProcessor();
  const spans: Span[] = [];
  const startSpan = (path = '/', more: Attributes = {}) => {
    const attributes = { 'http.request.method': 'GET', 'url.path': path, ...more };
    spans.push(tracer.startSpan('GET', { kind: 1, attributes }));
  };
  const url = await listen((request, response) => {
    startSpan(request.url);
    listener(request, response);
  });
  return {
    url,
    spans,
    startSpan,
    processor,
    inspector,
    hits,
    counted: () => decided(processor),
    rows: async () => sorted((await hits()).map(({ stored, params }) => rowOf(stored, params))),
  };
}

const rowOf = (stored: InspectedHit['stored'], { e_a, urlref }: Readonly<Record<string, string>>) =>
  [stored?.title ?? e_a, stored?.custom_var_v1, urlref].filter(Boolean).join(' ');

test('a request whose SERVER span does not end makes one hit a second after its response', async () => {
  const add = stopMonotonicClock();
  const { url, spans, counted, rows, processor } = await startService((_request, response) => {
    response.statusCode = 418;
    response.end();
  });
  await fetch(`${url}/before`);
  add(1);
  await fetch(`${url}/tea`, { headers: { referer: 'https://ref.example/' } });
  const [, span] = spans;
  span?.setAttributes({ 'http.route': '/:drink', 'matomo.cvar.plan': 'pro' });
  const event = { 'matomo.e_c': 'tea', 'matomo.cid': 'c'.repeat(16) };
  span?.addEvent('matomo.hit', { ...event, 'matomo.e_a': 'poured' });
  add(999);
  await eventually(() => counted() === 1); // the one before
  add(1);
  await eventually(() => counted() === 2);
  const ofTea = ['GET /:drink 418 https://ref.example/', 'poured https://ref.example/'];
  expect(await rows()).toEqual(sorted(['GET /before 418', ...ofTea]));
  // It ends much later.
  span?.setAttribute('http.route', '/late');
  span?.addEvent('matomo.hit', { ...event, 'matomo.e_a': 'cold' });
  span?.end();
  await fetch(`${url}/after`);
  add(5000);
  await eventually(() => counted() === 3);
  expect(await rows()).toEqual(sorted(['GET /after 418', 'GET /before 418', ...ofTea]));
  expect(processor.stats()).toMatchObject({ hits: 4, additionalHits: 1, tracked: 4 });
});

test('what a SERVER span says counts if it ends within a second after the response', async () => {
  const add = stopMonotonicClock();
  const { url, spans, counted, rows } = await startService();
  await fetch(`${url}/before`);
  add(800);
  await fetch(`${url}/7`);
  add(200);
  await eventually(() => counted() === 1); // the one before
  spans[1]?.setAttributes({ 'http.route': '/:id', 'http.response.status_code': 202 }).end();
  add(20);
  await eventually(() => counted() === 2);
  await fetch(`${url}/after`);
  add(5000);
  await eventually(() => counted() === 3);
  expect(await rows()).toEqual(['GET /:id 202', 'GET /after 200', 'GET /before 200']);
});

test('the duration of such a request ends with its response', async () => {
  const add = stopMonotonicClock();
  const { url, counted, hits } = await startService((_request, response) => {
    add(70);
    response.end();
  });
  await fetch(url);
  add(1000);
  await eventually(() => counted() === 1);
  expect((await hits()).map(({ params }) => params.pf_srv)).toEqual(['70']);
});

test.each(['forceFlush', 'shutdown'] as const)('%s does not wait for such a span', async (name) => {
  stopMonotonicClock();
  const { url, spans, processor, inspector } = await startService();
  await fetch(url);
  await processor[name]();
  expect(titles(inspector)).toEqual(['GET /']);
  spans[0]?.end();
  await processor[name]();
  expect(titles(inspector)).toEqual(['GET /']);
});

test('forceFlush in a listener of the response waits for a span that ends with the response', async () => {
  stopMonotonicClock();
  let flushed: Promise<void> | undefined;
  const service = await startService((_request, response) => {
    const [span] = service.spans;
    response.once('close', () => span?.setAttribute('http.route', '/of-span').end());
    response.once('finish', () => {
      flushed = service.processor.forceFlush();
    });
    response.end();
  });
  await fetch(service.url);
  await flushed;
  expect(await service.rows()).toEqual(['GET /of-span 200']);
});

test('a request that only has a SERVER span of something else makes no hit', async () => {
  const add = stopMonotonicClock();
  const { processor, tracer } = await startProcessor();
  const spans: Span[] = [];
  const url = await listen((request, response) => {
    const attributes = request.url === '/http' ? { 'http.request.method': 'GET' } : {};
    spans.push(tracer.startSpan('consume', { kind: 1, attributes }));
    response.end();
  });
  await fetch(url);
  await fetch(`${url}/http`);
  add(5000);
  await eventually(() => decided(processor) === 1);
  await processor.forceFlush();
  spans[0]?.end();
  expect(decided(processor)).toBe(1);
});

test('what later happens to the connection does not change the status of such a request', async () => {
  const add = stopMonotonicClock();
  let isClosed = false;
  const { url, counted, rows } = await startService(({ url: path }, response) => {
    if (path === '/second') {
      response.once('close', () => {
        isClosed = true;
      });
      socket.resetAndDestroy();
      response.write('fails'); // before the server knows of the reset
    } else response.end();
  });
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  const requestFor = (path: string) => `GET ${path} HTTP/1.1\r\nHost: shop.example\r\n\r\n`;
  socket.write(requestFor('/first'));
  await once(socket, 'data');
  socket.write(requestFor('/second'));
  await eventually(() => isClosed);
  add(1000);
  await eventually(() => counted() === 2);
  expect(await rows()).toEqual(['GET /first 200', 'GET /second 499']);
});

test('one in a hundred requests without an end leaves nothing in memory', async () => {
  const requests: WeakRef<object>[] = [];
  const service = await startService((request, response) => {
    requests.push(new WeakRef(request));
    const span = service.spans.at(-1);
    if (requests.length % 100 !== 0) response.once('close', () => span?.end());
    response.end();
  });
  const ends: WeakRef<Span>[] = [];
  for (let i = 0; i < 300; i++) {
    await (await fetch(service.url)).arrayBuffer();
    ends.push(new WeakRef(service.spans.pop() as Span));
  }
  await eventually(() => service.counted() === 300);
  await service.hits();
  await eventually(() => {
    collectGarbage();
    return [...requests, ...ends].every((each) => each.deref() === undefined);
  });
});

test('process.exit() and SIGTERM do not wait for such a span', async () => {
  for (const end of ['exit', 'SIGTERM']) {
    const { inspector, app } = await startRegistered('unended-spans.cjs', {});
    await get(`${app.url}/first`);
    if (end === 'exit') await get(`${app.url}/exit`).catch(() => undefined);
    if (end === 'exit') await app.exit();
    else await app.stop();
    expect(sorted(titles(inspector))).toEqual(
      end === 'exit' ? ['GET /exit', 'GET /first'] : ['GET /first'],
    );
    expect(app.stderr()).toBe('');
  }
});
