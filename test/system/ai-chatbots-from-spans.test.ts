import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { MatomoSpanExporter } from '../../src/index.js';
import { startInspector } from '../../src/inspector/index.js';
import type { MatomoOptions } from '../../src/options.js';
import { finishedSpan } from '../support/builders.js';
import { CHATGPT, FIREFOX } from '../support/chatbots.js';
import { runNode } from '../support/child-process.js';
import { sendSpans, startGateway } from '../support/gateway.js';
import { exportRequest, requestSpan } from '../support/otlp-spans.js';
import { captureOutput } from '../support/output.js';
import { until } from '../support/traced-service.js';

type Attributes = Record<string, string | number | string[]>;

const CHATBOT = {
  'user_agent.original': CHATGPT,
  'server.address': 'SHOP.example',
  'url.query': 'utm_source=x&page=2',
};

/** Spans of requests that differ in how they say what the response was. */
const requests: readonly (readonly [path: string, attributes: Attributes])[] = [
  ['/int', { 'http.response.body.size': 142 }],
  // As PHP sends it.
  ['/text', { 'http.response.body.size': '142' }],
  ['/empty', { 'http.response.body.size': '' }],
  ['/list', { 'http.response.header.content_length': ['142'] }],
  ['/dashed', { 'http.response.header.content-length': ['142'] }],
  ['/nginx', { 'http.response_content_length': 142, 'http.wrote_bytes': 900 }],
  ['/document', { 'http.response.header.content_type': ['application/pdf'] }],
  ['/head.pdf', { 'http.request.method': 'HEAD', 'http.response.body.size': 142 }],
];
const URL = 'https://shop.example';
const EXPECTED = [
  [`${URL}/int?page=2`, 142],
  [`${URL}/text?page=2`, 142],
  [`${URL}/empty?page=2`, undefined],
  [`${URL}/list?page=2`, 142],
  [`${URL}/dashed?page=2`, 142],
  [`${URL}/nginx?page=2`, 142],
  [`${URL}/document`, undefined],
  [`${URL}/head.pdf`, undefined],
];
/** Ignored: by a person, a redirect, a part of a document that is not the first, and a page that tracks itself. */
const others: typeof requests = [
  ['/', { 'user_agent.original': FIREFOX }],
  ['/', { 'http.response.status_code': 301 }],
  ['/a.pdf', { 'http.response.status_code': 206, 'http.request.header.range': ['bytes=5-'] }],
  ['/', { 'http.request.header.cookie': ['matomo_has_js=1'] }],
];
const all = [...requests, ...others].map(([path, attributes]) => ({
  path,
  attributes: { ...CHATBOT, ...attributes },
}));

const IGNORED = { page_views: 1, ai_chatbot: 3 };

test('the gateway sends requests by AI chatbots with the sizes that spans have', async () => {
  const { gateway, inspector } = await startGateway({ pageViews: false });
  const spans = all.map(({ path, attributes }) => requestSpan(path, {}, attributes));
  await sendSpans(gateway, exportRequest(spans));
  await until(() => gateway.stats().tracked === requests.length);
  const rows = inspector.aiRequests().map(({ url, bytes }) => [url, bytes]);
  expect(new Map(rows as [string, number][])).toEqual(new Map(EXPECTED as [string, number][]));
  expect(gateway.stats()).toMatchObject({ aiChatbots: requests.length, ignored: IGNORED });
});

async function exportAll(options: MatomoOptions): Promise<MatomoSpanExporter> {
  const exporter = new MatomoSpanExporter({ siteId: 1, ...options });
  onTestFinished(() => exporter.shutdown());
  const spans = all.map(({ path, attributes }) => {
    const request = { 'http.request.method': 'GET', 'http.response.status_code': 200 };
    return finishedSpan({
      attributes: { ...request, 'url.path': path, 'url.scheme': 'https', ...attributes },
    });
  });
  exporter.export(spans, () => undefined);
  await exporter.forceFlush();
  return exporter;
}

test('the exporter sends the same', async () => {
  const inspector = await startInspector();
  onTestFinished(() => inspector.close());
  const exporter = await exportAll({ url: inspector.url, pageViews: false });
  const rows = inspector.aiRequests().map(({ url, bytes }) => [url, bytes]);
  expect(new Map(rows as [string, number][])).toEqual(new Map(EXPECTED as [string, number][]));
  expect(exporter.stats()).toMatchObject({ aiChatbots: requests.length, ignored: IGNORED });
});

test('a dry run shows them and sends nothing', async () => {
  const output = captureOutput();
  const url = 'http://127.0.0.1:1';
  const exporter = await exportAll({ url, pageViews: false, dryRun: true });
  expect(exporter.stats()).toMatchObject({
    accepted: requests.length,
    aiChatbots: requests.length,
  });
  const lines = output
    .join('')
    .split('\n')
    .filter((line) => line.includes('recMode'));
  expect(lines).toHaveLength(requests.length);
});

test('replay sends the requests of a file by AI chatbots', async () => {
  const inspector = await startInspector();
  const folder = mkdtempSync(join(tmpdir(), 'matomo-replay-'));
  onTestFinished(async () => {
    rmSync(folder, { recursive: true });
    await inspector.close();
  });
  const file = join(folder, 'spans.jsonl');
  const spans = all.map(({ path, attributes }) => requestSpan(path, {}, attributes));
  writeFileSync(file, `${exportRequest(spans)}\n`);
  const { code } = await runNode(['dist/esm/cli/main.js', 'replay', file], {
    env: { MATOMO_URL: inspector.url, MATOMO_SITE_ID: '1', MATOMO_PAGE_VIEWS: 'false' },
  });
  expect(code).toBe(0);
  expect(inspector.aiRequests()).toHaveLength(requests.length);
});

test('a request that an AI agent has signed says so, from headers on the span', async () => {
  const { gateway, inspector } = await startGateway();
  const signed = (agent: string) => ({
    'user_agent.original': FIREFOX,
    'http.request.header.signature': ['sig1=:abc:'],
    'http.request.header.signature_input': ['sig1=()'],
    'http.request.header.signature-agent': [agent],
  });
  const spans = ['"https://chatgpt.com"', 'https://chatgpt.com', '"https://other.example"'];
  await sendSpans(
    gateway,
    exportRequest(spans.map((agent) => requestSpan('/', {}, signed(agent)))),
  );
  await until(() => inspector.hits().length === 3);
  const agents = inspector.hits().map(({ params }) => [params.ai_s, params.ai_si, params.ai_sa]);
  expect(agents.filter(([flag]) => flag === '1')).toEqual([['1', '1', '"https://chatgpt.com"']]);
});
