import { expect, test } from 'vitest';
import { trackEvent } from '../../src/index.js';
import type { MatomoOptions } from '../../src/options.js';
import { finishedSpan } from '../support/builders.js';
import { CHATGPT } from '../support/chatbots.js';
import { eventually } from '../support/child-process.js';
import { sendSpans, startGateway } from '../support/gateway.js';
import { exportRequest, requestSpan } from '../support/otlp-spans.js';
import { startExporter } from '../support/senders.js';
import { startTracedService } from '../support/traced-service.js';

type Service = Awaited<ReturnType<typeof start>>;

function start(options: MatomoOptions = {}) {
  return startTracedService((_request, response) => void response.end(), {
    scheduledDelayMillis: 60_000,
    ...options,
  });
}

/** The reasons that count, and the titles or URLs of the hits. */
async function outcomeOf(service: Service, requestCount: number) {
  await service.requests(requestCount);
  const hits = await service.hits();
  const ignored = Object.entries(service.processor.stats().ignored).filter(([, count]) => count);
  return { hits: hits.map(({ params }) => params.url ?? ''), ignored: Object.fromEntries(ignored) };
}

const PREFETCHES: readonly Record<string, string>[] = [
  { 'sec-purpose': 'prefetch' },
  { 'sec-purpose': 'prefetch;prerender' },
  { purpose: 'prefetch' },
  { 'x-moz': 'prefetch' },
  { 'next-router-prefetch': '1' },
];

test('static files, prefetches and the polls of a session make no page views', async () => {
  const service = await start();
  await service.fetch('/');
  await service.fetch('/app.js?v=1');
  for (const headers of PREFETCHES) await service.fetch('/next', { headers });
  await service.fetch('/socket.io/?EIO=4&transport=polling&t=abc');
  for (const method of ['GET', 'POST'])
    await service.fetch('/socket.io/?EIO=4&transport=polling&t=abd&sid=x', { method });
  const { hits, ignored } = await outcomeOf(service, 10);
  expect(hits.map((url) => url.replace(/^.*?:\d+/, ''))).toEqual([
    '/',
    '/socket.io/?EIO=4&transport=polling',
  ]);
  expect(ignored).toEqual({ static: 1, prefetch: 5, polling: 2 });
});

test('with track, they are page views, and the URL has no _rsc', async () => {
  const service = await start({ staticFiles: 'track', prefetches: 'track', query: 'keep' });
  await service.fetch('/app.js');
  await service.fetch('/a?_rsc=1xyz&b=2', { headers: { 'next-router-prefetch': '1' } });
  const { hits, ignored } = await outcomeOf(service, 2);
  expect(hits.map((url) => url.replace(/^.*?:\d+/, ''))).toEqual(['/app.js', '/a?b=2']);
  expect(ignored).toEqual({});
});

test('what an AI chatbot reads is sent, also with the header of a prefetch', async () => {
  const service = await start({ pageViews: false });
  await service.fetch('/page', { headers: { 'user-agent': CHATGPT, purpose: 'prefetch' } });
  expect((await outcomeOf(service, 1)).hits).toHaveLength(1);
});

test('the events of such a request are sent', async () => {
  const service = await startTracedService((_request, response) => {
    trackEvent('at', 'once');
    response.end();
  });
  await service.fetch('/app.js');
  await service.fetch('/a', { headers: { purpose: 'prefetch' } });
  await service.requests(2);
  const hits = await service.hits();
  expect(hits.map(({ params }) => params.e_a)).toEqual(['once', 'once']);
});

test('an exporter ignores what the attributes show', async () => {
  const { exporter, inspector } = await startExporter();
  const spanOf = (attributes: Record<string, string | string[]>) =>
    finishedSpan({ attributes: { 'http.request.method': 'GET', ...attributes } });
  exporter.export(
    [
      { 'url.path': '/a' },
      { 'url.path': '/a', 'http.request.header.sec-purpose': ['prefetch'] },
      { 'url.path': '/a', 'http.request.header.next_router_prefetch': ['1'] },
      { 'url.path': '/a.js' },
      { 'url.path': '/a.js', 'http.route': '/{file}' },
      { 'url.path': '/s/', 'url.query': 'EIO=4&transport=polling&sid=REDACTED' },
    ].map(spanOf as never),
    () => undefined,
  );
  await exporter.forceFlush();
  expect(inspector.hits().map(({ params }) => params.action_name)).toEqual([
    'GET /a',
    'GET /{file}',
  ]);
  expect(exporter.stats().ignored).toMatchObject({ prefetch: 2, static: 1, polling: 1 });
});

test('a gateway ignores what the attributes show', async () => {
  const { gateway, inspector } = await startGateway({ downloads: 'documents' });
  const spans = [
    requestSpan('/a'),
    requestSpan('/a', {}, { 'http.request.header.sec-purpose': ['prefetch'] }),
    requestSpan('/a.js'),
    requestSpan('/s/', {}, { 'url.query': 'EIO=4&transport=polling&sid=x' }),
    requestSpan('/b.pdf', {}, { 'http.response.status_code': 206 }),
  ];
  await sendSpans(gateway, exportRequest(spans));
  await eventually(() => gateway.stats().tracked === 1);
  await eventually(() => Object.values(gateway.stats().ignored).filter(Boolean).length === 4);
  expect(inspector.hits().map(({ params }) => params.action_name)).toEqual(['GET /a']);
  expect(gateway.stats().ignored).toMatchObject({ prefetch: 1, static: 1, polling: 1, partial: 1 });
});
