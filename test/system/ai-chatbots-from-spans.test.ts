import { expect, test } from 'vitest';
import type { Inspector } from '../../src/inspector/index.js';
import type { MatomoStats } from '../../src/tracker/stats.js';
import { serverSpan } from '../support/builders.js';
import { CHATGPT, FIREFOX } from '../support/chatbots.js';
import { eventually } from '../support/child-process.js';
import { sendSpans, startGateway } from '../support/gateway.js';
import { below, exportOf, exportRequest, requestSpan, SERVER } from '../support/otlp-spans.js';
import { startExporter } from '../support/senders.js';

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
const SITE = 'https://shop.example';
const EXPECTED = [
  [`${SITE}/int?page=2`, 142],
  [`${SITE}/text?page=2`, 142],
  [`${SITE}/empty?page=2`, undefined],
  [`${SITE}/list?page=2`, 142],
  [`${SITE}/dashed?page=2`, 142],
  [`${SITE}/nginx?page=2`, 142],
  [`${SITE}/document`, undefined],
  [`${SITE}/head.pdf`, undefined],
];
/** Ignored: by a person, a redirect, a part of a document that is not the first, and a page that tracks itself. */
const others: typeof requests = [
  ['/', { 'user_agent.original': FIREFOX }],
  ['/', { 'http.response.status_code': 301 }],
  ['/a.pdf', { 'http.response.status_code': 206, 'http.request.header.range': ['bytes=5-'] }],
  ['/', { 'http.request.header.cookie': ['matomo_has_js=1'] }],
];
const SPANS = [...requests, ...others].map(([path, attributes]) =>
  serverSpan(path, { 'url.scheme': 'https', ...CHATBOT, ...attributes }),
);

const IGNORED = { page_views: 1, ai_chatbot: 3 };

function expectSizes(inspector: Inspector, stats: MatomoStats): void {
  const rows = inspector.aiRequests().map(({ url, bytes }) => [url, bytes]);
  expect(new Map(rows as [string, number][])).toEqual(new Map(EXPECTED as [string, number][]));
  expect(stats).toMatchObject({ aiChatbots: requests.length, ignored: IGNORED });
}

test('gateway and exporter send requests by AI chatbots with the sizes that spans have', async () => {
  const { gateway, inspector } = await startGateway({ pageViews: false });
  await sendSpans(gateway, exportOf(SPANS));
  await gateway.close();
  expectSizes(inspector, gateway.stats());

  const { exporter, inspector: direct } = await startExporter({ pageViews: false });
  exporter.export(SPANS, () => undefined);
  await exporter.forceFlush();
  expectSizes(direct, exporter.stats());
});

test('a request that an AI agent has signed is marked, from headers on the span', async () => {
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
  await eventually(() => inspector.hits().length === 3);
  const agents = inspector.hits().map(({ params }) => [params.ai_s, params.ai_si, params.ai_sa]);
  expect(agents.filter(([flag]) => flag === '1')).toEqual([['1', '1', '"https://chatgpt.com"']]);
});

test('11.11 of SERVER spans inside one another only the outermost is a request', async () => {
  const { gateway, inspector } = await startGateway();
  const outer = requestSpan('/page', {}, CHATBOT);
  const nested = { 'http.request.method': 'GET', 'url.path': '/page', ...CHATBOT };
  const inner = below(outer, nested, { kind: SERVER, name: 'render' });
  const innermost = below(inner, nested, { kind: SERVER, name: 'fetch' });
  await sendSpans(gateway, exportRequest([innermost, outer, inner]));
  await eventually(() => gateway.stats().spans.waiting === 0 && gateway.stats().tracked > 0);
  expect(gateway.stats()).toMatchObject({ hits: 1, aiChatbots: 1 });
  expect(inspector.aiRequests()).toHaveLength(1);
});

test('a name of a bot is a dimension, of the span or else by the user agent', async () => {
  const dimensions = { 1: 'user_agent.bot.name' };
  const { gateway, inspector } = await startGateway({ dimensions });
  const agents: [userAgent: string, onSpan: string | undefined, name: string | undefined][] = [
    ['Mozilla/5.0 (compatible; GPTBot/1.2)', undefined, 'GPTBot'],
    ['Mozilla/5.0 (compatible; GPTBot/1.2)', 'GPT', 'GPT'],
    ['mine/1', 'Mine', 'Mine'],
    ['mine/1', undefined, undefined],
    [FIREFOX, undefined, undefined],
    [CHATGPT, undefined, 'ChatGPT-User'],
  ];
  const spans = agents.map(([userAgent, onSpan], i) =>
    requestSpan(
      `/${i}`,
      {},
      {
        'user_agent.original': userAgent,
        ...(onSpan !== undefined && { 'user_agent.bot.name': onSpan }),
      },
    ),
  );
  await sendSpans(gateway, exportRequest(spans));
  await eventually(() => inspector.hits().length === agents.length);
  const names = inspector.hits().map(({ params }) => [params.url?.slice(-1), params.dimension1]);
  expect(new Map(names as [string, string][])).toEqual(
    new Map(agents.map(([, , name], i) => [String(i), name])),
  );
});
