import { expect, test } from 'vitest';
import { CHATGPT } from '../../support/chatbots.js';
import { words } from '../../support/words.js';
import { type Facts, type MatomoOptions, NOON, openBuilder } from '../doors/build.js';
import { additional, chatbot, type Differences, golden } from './golden.js';

const HEADERS = { 'user-agent': CHATGPT };
const PAGE = 'https://shop.example.org/users/42';

const bot = (what: string, more: Facts = {}, options: MatomoOptions = {}) => ({
  name: `an AI chatbot: ${what}`,
  facts: {
    headers: HEADERS,
    bodyBytes: 1234,
    responseHeaders: { 'content-type': 'text/html' },
    ...more,
  },
  options,
});
const read = (what: string, more: Facts, differences: Differences = {}) => ({
  ...bot(what, { route: '', ...more }, { actionName: 'read' }),
  chatbot: { action_name: 'read', ...differences },
});
const notRead = (what: string, more: Facts) => ({ ...bot(what, more), ignored: 'ai_chatbot' });

const withHeader = (name: string, value: string, more: Facts = {}): [string, Facts] => [
  `${name}: ${value}`,
  { headers: { ...HEADERS, [name]: value }, ...more },
];
const PART = { path: '/a', status: 206 };

golden([
  ...[301, 302, 303, 307, 308].map((status) => notRead(`status ${status}`, { status })),
  ...[300, 400, 404, 499, 503].map((status) => read(`status ${status}`, { status })),
  ...words('/a.css /robots.txt /a.mp4').map((path) => notRead(path, { path })),
  ...words('/llms.txt /a.md /feed.xml').map((path) => read(path, { path })),
  notRead(...withHeader('cookie', 'a=b; matomo_has_js=1; c=d')),
  read(...withHeader('cookie', 'matomo_has_js=10')),
  notRead(...withHeader('range', 'bytes=10-', PART)),
  notRead(...withHeader('range', 'bytes=-500', PART)),
  read(...withHeader('range', 'Bytes = 00 - 5, 7-9', PART)),
]);

golden([
  ...words('utm_source UTM_ID mtm_campaign pk_kwd piwik_campaign gclid').map((name) =>
    read(`without ${name}`, { query: `a=1&${name}=x&b=2` }, { url: `${PAGE}?a=1&b=2` }),
  ),
]);

// Documents, by the content type, the extension and the status.
golden(
  (
    [
      [true, '/a', 200, 'Application/PDF; x=y'],
      [true, '/a.PDF', 404, 'text/html'],
      [true, '/a.pdf', 200, 'application/octet-stream'],
      [false, '/a.pdf', 200, 'text/html'],
      [false, '/a.json', 200, 'application/json'],
      [false, '/pdf', 200, 'binary/octet-stream'],
    ] as const
  ).map(([isDocument, path, status, type]) =>
    read(
      `${path} with ${status} and ${type} is a document: ${isDocument}`,
      { path, status, responseHeaders: { 'content-type': type } },
      isDocument ? { url: null, download: `https://shop.example.org${path}` } : {},
    ),
  ),
);

const NAMES = words(`
  http.response.body.size http.response_content_length http.response.header.content_length http.wrote_bytes response_size
`);

const sized = (value: number | string | boolean | readonly string[], size: string | null) =>
  read(
    `a size of ${JSON.stringify(value)}`,
    { bodyBytes: undefined, attributes: { 'http.response.body.size': value } },
    { bw_bytes: size },
  );

golden([
  ...NAMES.map((name, i) => {
    const weaker = Object.fromEntries(NAMES.slice(i + 1).map((each) => [each, 9]));
    const facts = { bodyBytes: undefined, attributes: { ...weaker, [name]: 5 } };
    return read(`the size of ${name} wins`, facts, { bw_bytes: '5' });
  }),
  sized(0, '0'),
  sized('4294967295', '4294967295'),
  ...['', -1, 1.5, ' 5', 4_294_967_296, true].map((value) => sized(value, null)),
]);

const ALONE = { bots: null, cid: null, lang: null, action_name: null, gt_ms: null, cvar: null };
const EVENT: Facts = { calls: [['trackEvent', 'a', 'b']] };
const NOT_IN_SAMPLE = { sampleRate: 1e-9 };

golden([
  { ...bot('HEAD', { method: 'HEAD' }), chatbot: { bw_bytes: null } },
  { ...bot('POST', { method: 'POST' }) },
  { ...bot('304', { status: 304 }), chatbot: { bw_bytes: null } },
  {
    ...bot('a stream', { responseHeaders: { 'content-type': 'text/event-stream' } }),
    chatbot: { gt_ms: null, pf_srv: null },
  },
  {
    ...bot('annotations', {
      calls: [
        ['annotate', { http_status: 201, bw_bytes: 1, source: 'x', pf_srv: 1, dimension1: 'y' }],
        ['annotate', { url: 'https://x.example/', download: 'https://x.example/a' }],
      ],
    }),
    chatbot: { dimension1: 'y' },
  },
  {
    ...bot('an event of an open request', { ...EVENT, isOpen: true }, NOT_IN_SAMPLE),
    hits: [additional({ e_c: 'a', e_a: 'b' })],
  },
  {
    ...bot('an event of a document', {
      ...EVENT,
      query: 'a=1',
      responseHeaders: { 'content-type': 'application/pdf' },
    }),
    hits: [chatbot({ url: null, download: PAGE }), additional({ e_c: 'a', e_a: 'b' })],
  },
  { ...bot('without page views', {}, { pageViews: false }), chatbot: ALONE },
  { ...bot('aiChatbots: off', {}, { aiChatbots: 'off' }) },
  { ...bot('a sample', {}, NOT_IN_SAMPLE), chatbot: {} },
  {
    ...bot('beforeSend', {}, { beforeSend: (hit) => ({ ...hit, recMode: '0', http_status: 201 }) }),
    chatbot: { http_status: '201' },
  },
]);

test('without page views, each request of an AI chatbot has its own time', () => {
  const builder = openBuilder({ pageViews: false });
  const seconds = [0, 3600, 7200].map((later) => NOON / 1000 + later);
  const sent = seconds.map((second) => {
    const startMillis = second * 1000;
    const facts = { headers: HEADERS, startMillis, nowMillis: startMillis + 1000 };
    return builder.build(facts).hits[0]?.parameters.cdt;
  });
  builder.close();
  expect(sent).toEqual(seconds.map(String));
});
