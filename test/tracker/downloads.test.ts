import type { RequestListener } from 'node:http';
import { expect, test } from 'vitest';
import { annotate, trackEvent } from '../../src/index.js';
import { serverSpan } from '../support/builders.js';
import { CHATGPT } from '../support/chatbots.js';
import { startExporter } from '../support/senders.js';
import { startTracedService } from '../support/traced-service.js';

/** Serves `/guide` as a PDF, parts of it if the request has a range, and everything else as a page. */
const library: RequestListener = (request, response) => {
  const isPdf = request.url?.startsWith('/guide');
  response.statusCode = request.headers.range ? 206 : request.url === '/guide/gone' ? 404 : 200;
  response.setHeader('Content-Type', isPdf ? 'application/pdf; v=1' : 'text/html');
  if (request.url === '/guide?moved') annotate({ download: 'https://files.example.org/guide.pdf' });
  if (request.url === '/guide?read') trackEvent('guide', 'read');
  annotate({ dimension1: 'ann', cvar: { plan: 'pro' }, pf_dm1: 5 });
  response.end('content');
};

async function run(
  downloads: 'documents' | 'off',
  requests: readonly (readonly [path: string, headers?: Record<string, string>, method?: string])[],
) {
  const service = await startTracedService(library, { downloads, scheduledDelayMillis: 60_000 });
  for (const [path, headers = {}, method = 'GET'] of requests)
    await service.fetch(path, { headers, method });
  await service.requests(requests.length);
  return { hits: await service.hits(), stats: service.processor.stats() };
}

test('a document is a download, with variables and dimensions, without title, timing and query', async () => {
  const { hits } = await run('documents', [['/guide?page=2']]);
  const [hit] = hits;
  expect(hit?.stored).toMatchObject({
    type: 'download',
    custom_dimension_1: 'ann',
    custom_var_v3: 'pro',
  });
  expect(hit?.params.download).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/guide$/);
  expect(hit?.params.url).toMatch(/\/guide\?page=2$/);
  const names = Object.keys(hit?.params ?? {});
  expect(names.filter((name) => /^(?:action_name|gt_ms|pf_)/.test(name))).toEqual([]);
});

test('of a document that is read in parts, the request from byte 0 counts', async () => {
  const ranges = ['bytes=0-', 'bytes=0-99', 'bytes=100-199', 'bytes=-50', 'nonsense'];
  const { hits, stats } = await run(
    'documents',
    ranges.map((range) => ['/guide', { range }] as const),
  );
  expect(hits.map(({ stored }) => stored?.type)).toEqual(['download', 'download']);
  expect(stats.ignored).toMatchObject({ partial: 3 });
});

test('HEAD, errors, pages and other kinds of hits are no downloads', async () => {
  const { hits } = await run('documents', [
    ['/page'],
    ['/page', { range: 'bytes=5-' }],
    ['/guide', {}, 'HEAD'],
    ['/guide/gone'],
    ['/guide?moved'],
    ['/guide?read'],
  ]);
  const types = hits.map(({ stored, params }) => params.download ?? stored?.type);
  expect(types.slice(0, 5)).toEqual([
    ...Array(4).fill('page'),
    'https://files.example.org/guide.pdf',
  ]);
  expect(types.slice(5).map((type) => type?.replace(/^http.*\//, '/'))).toEqual([
    '/guide',
    'event',
  ]);
});

const range = { range: 'bytes=5-' };

test('off, documents are page views', async () => {
  const { hits, stats } = await run('off', [['/guide'], ['/guide', range]]);
  expect(hits.map(({ stored }) => stored?.type)).toEqual(['page', 'page']);
  expect(stats.ignored).toMatchObject({ partial: 0 });
});

test('requests by AI chatbots stay what they are', async () => {
  const asked = await run('documents', [
    ['/guide', { 'user-agent': CHATGPT }],
    ['/guide', { 'user-agent': CHATGPT, ...range }],
  ]);
  expect(asked.hits.map(({ aiRequest }) => aiRequest?.kind)).toEqual(['document']);
  expect(asked.stats.ignored).toMatchObject({ ai_chatbot: 1, partial: 0 });
});

test('an exporter makes downloads of what the attributes show', async () => {
  const { exporter, inspector } = await startExporter({ downloads: 'documents' });
  exporter.export(
    [
      { 'url.path': '/a', 'http.response.header.content-type': ['application/zip'] },
      { 'url.path': '/b.pdf' },
      { 'url.path': '/c.pdf', 'http.response.header.content-type': ['text/html'] },
      {
        'url.path': '/d.mp4',
        'http.response.status_code': 206,
        'http.request.header.range': ['bytes=7-'],
      },
    ].map((attributes) => serverSpan('/a', attributes as never)),
    () => undefined,
  );
  await exporter.forceFlush();
  expect(inspector.hits().map(({ stored }) => stored?.type)).toEqual([
    'download',
    'download',
    'page',
  ]);
  expect(exporter.stats().ignored.partial).toBe(1);
});
