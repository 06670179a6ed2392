import type { RequestListener } from 'node:http';
import type { Span } from '@opentelemetry/api';
import { expect, test } from 'vitest';
import { eventually } from '../support/child-process.js';
import { stopMonotonicClock } from '../support/clocks.js';
import { listen } from '../support/listen.js';
import { titles } from '../support/registered-app.js';
import { startProcessor } from '../support/senders.js';
import { sorted } from '../support/sorted.js';
import { decided } from '../support/traced-service.js';

/** A server that starts a SERVER span for each request, and never ends it. */
async function startService(listener: RequestListener = (_request, response) => response.end()) {
  const { processor, tracer, hits, inspector } = await startProcessor();
  const spans: Span[] = [];
  const url = await listen((request, response) => {
    const http = { 'http.request.method': 'GET', 'url.path': request.url ?? '/' };
    spans.push(
      tracer.startSpan('GET', { kind: 1, attributes: request.url === '/other' ? {} : http }),
    );
    listener(request, response);
  });
  return {
    url,
    spans,
    processor,
    inspector,
    hits,
    counted: () => decided(processor),
    /** Title or action, status and referrer. */
    async rows() {
      const rows = (await hits()).map(({ status, params: { action_name, e_a, urlref } }) =>
        [action_name ?? e_a, status, urlref].filter(Boolean).join(' '),
      );
      return sorted(rows);
    },
  };
}

test('a request whose SERVER span does not end makes one hit a second after its response, which ends its duration', async () => {
  const add = stopMonotonicClock();
  const service = await startService((_request, response) => {
    add(70);
    response.statusCode = 418;
    response.end();
  });
  const { url, spans, counted, rows, processor } = service;
  await fetch(`${url}/before`);
  add(1);
  await fetch(`${url}/tea`, { headers: { referer: 'https://ref.example/' } });
  const [, span] = spans;
  span?.setAttributes({ 'http.route': '/:drink', 'matomo.cvar.plan': 'pro' });
  const event = { 'matomo.e_c': 'tea', 'matomo.cid': 'c'.repeat(16) };
  span?.addEvent('matomo.hit', { ...event, 'matomo.e_a': 'poured' });
  add(929);
  await eventually(() => counted() === 1); // the one before
  add(71);
  await eventually(() => counted() === 2);
  const ofTea = ['GET /:drink 418 https://ref.example/', 'poured https://ref.example/'];
  expect(await rows()).toEqual(sorted(['GET /before 418', ...ofTea]));
  expect((await service.hits()).find(({ params }) => params.e_a === undefined)?.params.pf_srv).toBe(
    '70',
  );
  // It ends much later.
  span?.addEvent('matomo.hit', { ...event, 'matomo.e_a': 'cold' });
  span?.setAttribute('http.route', '/late').end();
  await fetch(`${url}/after`);
  add(5000);
  await eventually(() => counted() === 3);
  expect(await rows()).toEqual(sorted(['GET /after 418', 'GET /before 418', ...ofTea]));
  expect(processor.stats()).toMatchObject({ hits: 4, additionalHits: 1, tracked: 4 });
});

test('what a SERVER span says counts if it ends within a second after the response', async () => {
  const add = stopMonotonicClock();
  const { url, spans, counted, rows } = await startService();
  await fetch(`${url}/7`);
  add(990);
  spans[0]?.setAttributes({ 'http.route': '/:id', 'http.response.status_code': 202 }).end();
  add(20);
  await eventually(() => counted() === 1);
  expect(await rows()).toEqual(['GET /:id 202']);
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
    response.once('close', () => span?.setAttribute('http.route', '/:late').end());
    response.once('finish', () => {
      flushed = service.processor.forceFlush();
    });
    response.end();
  });
  await fetch(`${service.url}/7`);
  await flushed;
  expect(await service.rows()).toEqual(['GET /:late 200']);
});

test('a request that only has a SERVER span of something else makes no hit', async () => {
  const add = stopMonotonicClock();
  const { url, spans, counted, processor } = await startService();
  await fetch(`${url}/other`);
  await fetch(`${url}/http`);
  add(5000);
  await eventually(() => counted() === 1);
  await processor.forceFlush();
  spans[0]?.end();
  expect(counted()).toBe(1);
});
