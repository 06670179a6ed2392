import type { Facts, MatomoOptions } from '../doors/build.js';
import { additional, chatbot, golden, page, variables } from './golden.js';

const CHATGPT = {
  'user-agent': 'Mozilla/5.0; compatible; ChatGPT-User/1.0; +https://openai.com/bot',
};
const document = (path: string, type: string | undefined, more = {}) => ({
  name: `${path}, ${type}, ${JSON.stringify(more)}`,
  facts: {
    path,
    route: '',
    ...(type !== undefined && { responseHeaders: { 'content-type': type } }),
    ...more,
  },
  options: { downloads: 'documents' as const },
});
const bot = (what: string, more: Facts = {}, options: MatomoOptions = {}) => ({
  name: `an AI chatbot: ${what}`,
  facts: {
    headers: CHATGPT,
    bodyBytes: 1234,
    responseHeaders: { 'content-type': 'text/html' },
    ...more,
  },
  options,
});

golden([
  {
    ...document('/a.pdf', 'application/pdf', { query: 'x=1' }),
    hits: [
      additional({
        url: 'https://shop.example.org/a.pdf?x=1',
        cdt: '1795176000',
        cvar: variables(200, 'GET'),
        download: 'https://shop.example.org/a.pdf',
      }),
    ],
  },
  {
    ...document('/a', 'application/pdf; x=y'),
    hits: [
      additional({
        url: 'https://shop.example.org/a',
        cdt: '1795176000',
        cvar: variables(200, 'GET'),
        download: 'https://shop.example.org/a',
      }),
    ],
  },
  {
    ...document('/a.pdf', 'text/html'),
    hits: [page({ url: 'https://shop.example.org/a.pdf', action_name: 'GET /a.pdf' })],
  },
  {
    ...document('/a.pdf', undefined),
    hits: [
      additional({
        url: 'https://shop.example.org/a.pdf',
        cdt: '1795176000',
        cvar: variables(200, 'GET'),
        download: 'https://shop.example.org/a.pdf',
      }),
    ],
  },
  {
    ...document('/a.zip', 'application/octet-stream'),
    hits: [
      additional({
        url: 'https://shop.example.org/a.zip',
        cdt: '1795176000',
        cvar: variables(200, 'GET'),
        download: 'https://shop.example.org/a.zip',
      }),
    ],
  },
  {
    ...document('/a.bin', 'application/octet-stream'),
    hits: [page({ url: 'https://shop.example.org/a.bin', action_name: 'GET /a.bin' })],
  },
  {
    ...document('/v', 'video/mp4'),
    hits: [
      additional({
        url: 'https://shop.example.org/v',
        cdt: '1795176000',
        cvar: variables(200, 'GET'),
        download: 'https://shop.example.org/v',
      }),
    ],
  },
  {
    ...document('/a.csv', 'text/csv'),
    hits: [
      additional({
        url: 'https://shop.example.org/a.csv',
        cdt: '1795176000',
        cvar: variables(200, 'GET'),
        download: 'https://shop.example.org/a.csv',
      }),
    ],
  },
  {
    ...document('/x', 'application/vnd.openxmlformats-officedocument.wordprocessingml.document'),
    hits: [
      additional({
        url: 'https://shop.example.org/x',
        cdt: '1795176000',
        cvar: variables(200, 'GET'),
        download: 'https://shop.example.org/x',
      }),
    ],
  },
  {
    ...document('/a.json', 'application/json'),
    hits: [page({ url: 'https://shop.example.org/a.json', action_name: 'GET /a.json' })],
  },
  {
    ...document('/a.pdf', 'application/pdf', { method: 'HEAD' }),
    hits: [
      page({
        url: 'https://shop.example.org/a.pdf',
        action_name: 'HEAD /a.pdf',
        cvar: variables(200, 'HEAD'),
      }),
    ],
  },
  {
    ...document('/a.pdf', 'application/pdf', { method: 'POST' }),
    hits: [
      page({
        url: 'https://shop.example.org/a.pdf',
        action_name: 'POST /a.pdf',
        cvar: variables(200, 'POST'),
      }),
    ],
  },
  {
    ...document('/a.pdf', 'text/html', { status: 404 }),
    hits: [
      page({
        url: 'https://shop.example.org/a.pdf',
        action_name: 'GET Not Found',
        cvar: variables(404, 'GET'),
      }),
    ],
  },
  {
    ...document('/a.pdf', undefined, { status: 304 }),
    hits: [
      page({
        url: 'https://shop.example.org/a.pdf',
        action_name: 'GET /a.pdf',
        cvar: variables(304, 'GET'),
      }),
    ],
  },
  {
    ...document('/a.pdf', 'application/pdf', { status: 206, headers: { range: 'bytes=0-99' } }),
    hits: [
      additional({
        url: 'https://shop.example.org/a.pdf',
        cdt: '1795176000',
        cvar: variables(206, 'GET'),
        download: 'https://shop.example.org/a.pdf',
      }),
    ],
  },
  {
    ...document('/a.pdf', 'application/pdf', { status: 206, headers: { range: 'bytes=100-' } }),
    ignored: 'partial',
  },
  { ...document('/a.pdf', 'application/pdf', { status: 206 }), ignored: 'partial' },
  {
    ...document('/a.pdf', 'application/pdf', { calls: [['annotate', { e_c: 'a', e_a: 'b' }]] }),
    hits: [
      page({
        url: 'https://shop.example.org/a.pdf',
        action_name: 'GET /a.pdf',
        e_c: 'a',
        e_a: 'b',
      }),
    ],
  },
  {
    ...document('/a.pdf', 'application/pdf', {
      calls: [
        ['annotate', { dimension1: 'x', cvar: { a: 1 } }],
        ['timing', 'pf_dm1', 1],
      ],
    }),
    hits: [
      additional({
        url: 'https://shop.example.org/a.pdf',
        cdt: '1795176000',
        cvar: variables(200, 'GET', { a: '1' }),
        dimension1: 'x',
        download: 'https://shop.example.org/a.pdf',
      }),
    ],
  },
  {
    ...document('/a.pdf', 'application/pdf'),
    options: { downloads: 'off' },
    name: 'downloads: off',
    hits: [page({ url: 'https://shop.example.org/a.pdf', action_name: 'GET /a.pdf' })],
  },
  {
    ...document('/token/9fK2mQ7x.pdf', 'application/pdf'),
    hits: [
      additional({
        url: 'https://shop.example.org/token/redacted',
        cdt: '1795176000',
        cvar: variables(200, 'GET'),
        download: 'https://shop.example.org/token/redacted',
      }),
    ],
  },
  {
    ...bot('a page'),
    hits: [
      chatbot({
        ua: 'Mozilla/5.0; compatible; ChatGPT-User/1.0; +https://openai.com/bot',
        recMode: '1',
        http_status: '200',
        bw_bytes: '1234',
        source: 'opentelemetry-matomo',
      }),
    ],
  },
  {
    ...bot('HEAD', { method: 'HEAD' }),
    hits: [
      chatbot({
        ua: 'Mozilla/5.0; compatible; ChatGPT-User/1.0; +https://openai.com/bot',
        action_name: 'HEAD /users/:id',
        cvar: variables(200, 'HEAD'),
        recMode: '1',
        http_status: '200',
        source: 'opentelemetry-matomo',
      }),
    ],
  },
  {
    ...bot('POST', { method: 'POST' }),
    hits: [
      page({
        ua: 'Mozilla/5.0; compatible; ChatGPT-User/1.0; +https://openai.com/bot',
        action_name: 'POST /users/:id',
        cvar: variables(200, 'POST'),
      }),
    ],
  },
  {
    ...bot('204', { status: 204 }),
    hits: [
      chatbot({
        ua: 'Mozilla/5.0; compatible; ChatGPT-User/1.0; +https://openai.com/bot',
        cvar: variables(204, 'GET'),
        recMode: '1',
        http_status: '204',
        source: 'opentelemetry-matomo',
      }),
    ],
  },
  {
    ...bot('304', { status: 304 }),
    hits: [
      chatbot({
        ua: 'Mozilla/5.0; compatible; ChatGPT-User/1.0; +https://openai.com/bot',
        cvar: variables(304, 'GET'),
        recMode: '1',
        http_status: '304',
        source: 'opentelemetry-matomo',
      }),
    ],
  },
  {
    ...bot('404', { status: 404, path: '/x', route: '' }),
    hits: [
      chatbot({
        ua: 'Mozilla/5.0; compatible; ChatGPT-User/1.0; +https://openai.com/bot',
        action_name: 'GET Not Found',
        cvar: variables(404, 'GET'),
        recMode: '1',
        url: 'https://shop.example.org/x',
        http_status: '404',
        bw_bytes: '1234',
        source: 'opentelemetry-matomo',
      }),
    ],
  },
  { ...bot('a redirect', { status: 302 }), ignored: 'ai_chatbot' },
  {
    ...bot('no redirect', { status: 305 }),
    hits: [
      chatbot({
        ua: 'Mozilla/5.0; compatible; ChatGPT-User/1.0; +https://openai.com/bot',
        cvar: variables(305, 'GET'),
        recMode: '1',
        http_status: '305',
        bw_bytes: '1234',
        source: 'opentelemetry-matomo',
      }),
    ],
  },
  { ...bot('a script', { path: '/a.js', route: '' }), ignored: 'ai_chatbot' },
  { ...bot('audio', { path: '/a.mp3', route: '' }), ignored: 'ai_chatbot' },
  {
    ...bot('one that runs JavaScript', { headers: { ...CHATGPT, cookie: 'a=1; matomo_has_js=1' } }),
    ignored: 'ai_chatbot',
  },
  {
    ...bot('a document', {
      path: '/a.pdf',
      route: '',
      query: 'x=1',
      responseHeaders: { 'content-type': 'application/pdf' },
    }),
    hits: [
      chatbot({
        url: null,
        ua: 'Mozilla/5.0; compatible; ChatGPT-User/1.0; +https://openai.com/bot',
        action_name: 'GET /a.pdf',
        recMode: '1',
        download: 'https://shop.example.org/a.pdf',
        http_status: '200',
        bw_bytes: '1234',
        source: 'opentelemetry-matomo',
      }),
    ],
  },
  {
    ...bot('the error page of a document', { path: '/a.pdf', route: '', status: 404 }),
    hits: [
      chatbot({
        url: null,
        ua: 'Mozilla/5.0; compatible; ChatGPT-User/1.0; +https://openai.com/bot',
        action_name: 'GET Not Found',
        cvar: variables(404, 'GET'),
        recMode: '1',
        download: 'https://shop.example.org/a.pdf',
        http_status: '404',
        bw_bytes: '1234',
        source: 'opentelemetry-matomo',
      }),
    ],
  },
  {
    ...bot('an error page that is a document', {
      path: '/a',
      route: '',
      status: 500,
      responseHeaders: { 'content-type': 'application/pdf' },
    }),
    hits: [
      chatbot({
        ua: 'Mozilla/5.0; compatible; ChatGPT-User/1.0; +https://openai.com/bot',
        action_name: 'GET /a',
        cvar: variables(500, 'GET'),
        recMode: '1',
        url: 'https://shop.example.org/a',
        http_status: '500',
        bw_bytes: '1234',
        source: 'opentelemetry-matomo',
      }),
    ],
  },
  {
    ...bot('a later part', {
      path: '/a.pdf',
      route: '',
      status: 206,
      headers: { ...CHATGPT, range: 'bytes=100-' },
    }),
    ignored: 'ai_chatbot',
  },
  {
    ...bot('campaigns', { query: 'utm_source=a&gclid=b&pk_x=c&x=1&token=2' }),
    hits: [
      chatbot({
        ua: 'Mozilla/5.0; compatible; ChatGPT-User/1.0; +https://openai.com/bot',
        recMode: '1',
        url: 'https://shop.example.org/users/42?x=1&token=redacted',
        http_status: '200',
        bw_bytes: '1234',
        source: 'opentelemetry-matomo',
      }),
    ],
  },
  {
    ...bot('a host in capitals', { headers: { ...CHATGPT, host: 'Shop.Example.org' } }),
    hits: [
      chatbot({
        ua: 'Mozilla/5.0; compatible; ChatGPT-User/1.0; +https://openai.com/bot',
        recMode: '1',
        http_status: '200',
        bw_bytes: '1234',
        source: 'opentelemetry-matomo',
      }),
    ],
  },
  {
    ...bot('no size', { bodyBytes: undefined }),
    hits: [
      chatbot({
        ua: 'Mozilla/5.0; compatible; ChatGPT-User/1.0; +https://openai.com/bot',
        recMode: '1',
        http_status: '200',
        source: 'opentelemetry-matomo',
      }),
    ],
  },
  {
    ...bot('a size in a header', {
      bodyBytes: undefined,
      responseHeaders: { 'content-type': 'text/html', 'content-length': '77' },
    }),
    hits: [
      chatbot({
        ua: 'Mozilla/5.0; compatible; ChatGPT-User/1.0; +https://openai.com/bot',
        recMode: '1',
        http_status: '200',
        bw_bytes: '77',
        source: 'opentelemetry-matomo',
      }),
    ],
  },
  {
    ...bot('a size that does not fit', { bodyBytes: 4_294_967_296 }),
    hits: [
      chatbot({
        ua: 'Mozilla/5.0; compatible; ChatGPT-User/1.0; +https://openai.com/bot',
        recMode: '1',
        http_status: '200',
        source: 'opentelemetry-matomo',
      }),
    ],
  },
  {
    ...bot('a size that fits', { bodyBytes: 4_294_967_295 }),
    hits: [
      chatbot({
        ua: 'Mozilla/5.0; compatible; ChatGPT-User/1.0; +https://openai.com/bot',
        recMode: '1',
        http_status: '200',
        bw_bytes: '4294967295',
        source: 'opentelemetry-matomo',
      }),
    ],
  },
  {
    ...bot('a stream', { responseHeaders: { 'content-type': 'text/event-stream' } }),
    hits: [
      chatbot({
        gt_ms: null,
        pf_srv: null,
        ua: 'Mozilla/5.0; compatible; ChatGPT-User/1.0; +https://openai.com/bot',
        recMode: '1',
        http_status: '200',
        bw_bytes: '1234',
        source: 'opentelemetry-matomo',
      }),
    ],
  },
  {
    ...bot('annotations', {
      calls: [
        [
          'annotate',
          {
            http_status: 201,
            bw_bytes: 1,
            source: 'x',
            url: 'https://x.example/',
            dimension1: 'y',
            pf_srv: 1,
            download: 'https://x.example/a',
          },
        ],
      ],
    }),
    hits: [
      chatbot({
        ua: 'Mozilla/5.0; compatible; ChatGPT-User/1.0; +https://openai.com/bot',
        dimension1: 'y',
        recMode: '1',
        http_status: '200',
        bw_bytes: '1234',
        source: 'opentelemetry-matomo',
      }),
    ],
  },
  {
    ...bot('annotate names another client', { calls: [['annotate', { ua: 'curl/1' }]] }),
    hits: [page({ ua: 'curl/1' })],
  },
  {
    name: 'annotate names an AI chatbot',
    facts: { calls: [['annotate', { ua: 'ChatGPT-User/1.0' }]] },
    hits: [
      chatbot({
        ua: 'ChatGPT-User/1.0',
        recMode: '1',
        http_status: '200',
        source: 'opentelemetry-matomo',
      }),
    ],
  },
  {
    ...bot('an event', { calls: [['trackEvent', 'a', 'b']] }),
    hits: [
      chatbot({
        ua: 'Mozilla/5.0; compatible; ChatGPT-User/1.0; +https://openai.com/bot',
        recMode: '1',
        http_status: '200',
        bw_bytes: '1234',
        source: 'opentelemetry-matomo',
      }),
      additional({
        ua: 'Mozilla/5.0; compatible; ChatGPT-User/1.0; +https://openai.com/bot',
        e_c: 'a',
        e_a: 'b',
      }),
    ],
  },
  {
    ...bot(
      'an event of an open request',
      { isOpen: true, calls: [['trackEvent', 'a', 'b']] },
      { sampleRate: 1e-9 },
    ),
    hits: [
      additional({
        ua: 'Mozilla/5.0; compatible; ChatGPT-User/1.0; +https://openai.com/bot',
        e_c: 'a',
        e_a: 'b',
      }),
    ],
  },
  {
    ...bot('without page views', {}, { pageViews: false }),
    hits: [
      chatbot({
        bots: null,
        cid: null,
        lang: null,
        action_name: null,
        gt_ms: null,
        cvar: null,
        recMode: '1',
        http_status: '200',
        bw_bytes: '1234',
        source: 'opentelemetry-matomo',
        ua: 'Mozilla/5.0; compatible; ChatGPT-User/1.0; +https://openai.com/bot',
      }),
    ],
  },
  {
    ...bot(
      'without page views, annotated',
      { calls: [['annotate', { dimension1: 'x', uid: 'ada' }]] },
      { pageViews: false, tokenAuth: 'f'.repeat(32) },
    ),
    hits: [
      chatbot({
        bots: null,
        cid: null,
        lang: null,
        action_name: null,
        gt_ms: null,
        cvar: null,
        recMode: '1',
        http_status: '200',
        bw_bytes: '1234',
        source: 'opentelemetry-matomo',
        ua: 'Mozilla/5.0; compatible; ChatGPT-User/1.0; +https://openai.com/bot',
      }),
    ],
  },
  {
    ...bot('aiChatbots: off', {}, { aiChatbots: 'off' }),
    hits: [page({ ua: 'Mozilla/5.0; compatible; ChatGPT-User/1.0; +https://openai.com/bot' })],
  },
  {
    ...bot('a sample', {}, { sampleRate: 1e-9 }),
    hits: [
      chatbot({
        ua: 'Mozilla/5.0; compatible; ChatGPT-User/1.0; +https://openai.com/bot',
        recMode: '1',
        http_status: '200',
        bw_bytes: '1234',
        source: 'opentelemetry-matomo',
      }),
    ],
  },
  {
    ...bot('other names', {}, { aiChatbotUserAgents: ['Claude-User'] }),
    hits: [page({ ua: 'Mozilla/5.0; compatible; ChatGPT-User/1.0; +https://openai.com/bot' })],
  },
  {
    ...bot(
      'an own name',
      { headers: { 'user-agent': 'x my-BOT/1' } },
      { aiChatbotUserAgents: ['My-Bot'] },
    ),
    hits: [
      chatbot({
        ua: 'x my-BOT/1',
        recMode: '1',
        http_status: '200',
        bw_bytes: '1234',
        source: 'opentelemetry-matomo',
      }),
    ],
  },
  {
    ...bot('a name that is cut off', {
      headers: { 'user-agent': `${'x'.repeat(1024)}ChatGPT-User` },
    }),
    hits: [page({ ua: 'x'.repeat(1024) })],
  },
  {
    ...bot(
      'beforeSend sees the hit',
      {},
      { beforeSend: (hit) => ({ ...hit, recMode: '0', http_status: 201 }) },
    ),
    hits: [
      chatbot({
        ua: 'Mozilla/5.0; compatible; ChatGPT-User/1.0; +https://openai.com/bot',
        recMode: '1',
        http_status: '201',
        bw_bytes: '1234',
        source: 'opentelemetry-matomo',
      }),
    ],
  },
  { ...bot('beforeSend drops the hit', {}, { beforeSend: () => null }), ignored: 'predicate' },
  {
    ...bot('a call of MCP', {
      method: 'GET',
      below: [{ attributes: { 'mcp.method.name': 'tools/list' } }],
    }),
    hits: [
      chatbot({
        ua: 'Mozilla/5.0; compatible; ChatGPT-User/1.0; +https://openai.com/bot',
        recMode: '1',
        http_status: '200',
        bw_bytes: '1234',
        source: 'opentelemetry-matomo',
      }),
    ],
  },
]);
