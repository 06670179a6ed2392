import { type Facts, type MatomoOptions, NOON } from '../doors/build.js';
import { additional, golden, variables } from './golden.js';

const CHATGPT = {
  'user-agent': 'Mozilla/5.0; compatible; ChatGPT-User/1.0; +https://openai.com/bot',
};
const document = (path: string, type: string | undefined, more = {}) => ({
  facts: {
    path,
    route: '',
    ...(type !== undefined && { responseHeaders: { 'content-type': type } }),
    ...more,
  },
  options: { downloads: 'documents' as const },
});
/** The only hit is the download of this path. */
const download = (path: string, differences = {}) => ({
  hits: [
    additional({
      cdt: String(NOON / 1000),
      cvar: variables(200, 'GET'),
      download: `https://shop.example.org${path}`,
      ...differences,
    }),
  ],
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
  { ...document('/a.pdf', 'application/pdf', { query: 'x=1' }), ...download('/a.pdf') },
  { ...document('/a', 'application/pdf; x=y'), ...download('/a') },
  { ...document('/a.pdf', 'text/html') },
  { ...document('/a.pdf', undefined), ...download('/a.pdf') },
  { ...document('/a.zip', 'application/octet-stream'), ...download('/a.zip') },
  { ...document('/a.bin', 'application/octet-stream') },
  { ...document('/v', 'video/mp4'), ...download('/v') },
  { ...document('/a.csv', 'text/csv'), ...download('/a.csv') },
  {
    ...document('/x', 'application/vnd.openxmlformats-officedocument.wordprocessingml.document'),
    ...download('/x'),
  },
  { ...document('/a.json', 'application/json') },
  { ...document('/a.pdf', 'application/pdf', { method: 'HEAD' }) },
  { ...document('/a.pdf', 'application/pdf', { method: 'POST' }) },
  { ...document('/a.pdf', 'text/html', { status: 404 }), page: { action_name: 'GET Not Found' } },
  { ...document('/a.pdf', undefined, { status: 304 }) },
  {
    ...document('/a.pdf', 'application/pdf', { status: 206, headers: { range: 'bytes=0-99' } }),
    ...download('/a.pdf', { cvar: variables(206, 'GET') }),
  },
  { ...document('/a.pdf', 'application/pdf', { status: 206 }), ignored: 'partial' },
  {
    ...document('/a.pdf', 'application/pdf', { calls: [['annotate', { e_c: 'a', e_a: 'b' }]] }),
    page: { e_c: 'a', e_a: 'b' },
  },
  {
    ...document('/a.pdf', 'application/pdf', {
      calls: [
        ['annotate', { dimension1: 'x', cvar: { a: 1 } }],
        ['timing', 'pf_dm1', 1],
      ],
    }),
    ...download('/a.pdf', { cvar: variables(200, 'GET', { a: '1' }), dimension1: 'x' }),
  },
  {
    ...document('/a.pdf', 'application/pdf'),
    options: { downloads: 'off' },
    name: 'downloads: off',
  },
  { ...bot('a page'), chatbot: {} },
  { ...bot('HEAD', { method: 'HEAD' }), chatbot: { bw_bytes: null } },
  { ...bot('POST', { method: 'POST' }) },
  { ...bot('204', { status: 204 }), chatbot: { bw_bytes: null } },
  {
    ...bot('a host in capitals', { headers: { ...CHATGPT, host: 'Shop.Example.org' } }),
    chatbot: {},
  },
  {
    ...bot('a size in a header', {
      bodyBytes: undefined,
      responseHeaders: { 'content-type': 'text/html', 'content-length': '77' },
    }),
    chatbot: { bw_bytes: '77' },
  },
  {
    ...bot('a stream', { responseHeaders: { 'content-type': 'text/event-stream' } }),
    chatbot: { gt_ms: null, pf_srv: null },
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
    chatbot: { dimension1: 'y' },
  },
  {
    ...bot('annotate names another client', { calls: [['annotate', { ua: 'curl/1' }]] }),
    page: { ua: 'curl/1' },
  },
  {
    ...bot(
      'an event of an open request',
      { isOpen: true, calls: [['trackEvent', 'a', 'b']] },
      { sampleRate: 1e-9 },
    ),
    hits: [additional({ e_c: 'a', e_a: 'b' })],
  },
  {
    ...bot('without page views', {}, { pageViews: false }),
    chatbot: { bots: null, cid: null, lang: null, action_name: null, gt_ms: null, cvar: null },
  },
  {
    ...bot(
      'without page views, annotated',
      { calls: [['annotate', { dimension1: 'x', uid: 'ada' }]] },
      { pageViews: false, tokenAuth: 'f'.repeat(32) },
    ),
    chatbot: { bots: null, cid: null, lang: null, action_name: null, gt_ms: null, cvar: null },
  },
  { ...bot('aiChatbots: off', {}, { aiChatbots: 'off' }) },
  { ...bot('a sample', {}, { sampleRate: 1e-9 }), chatbot: {} },
  { ...bot('other names', {}, { aiChatbotUserAgents: ['Claude-User'] }) },
  {
    ...bot(
      'an own name',
      { headers: { 'user-agent': 'x my-BOT/1' } },
      { aiChatbotUserAgents: ['My-Bot'] },
    ),
    chatbot: {},
  },
  {
    ...bot('a name that is cut off', {
      headers: { 'user-agent': `${'x'.repeat(1024)}ChatGPT-User` },
    }),
    page: { ua: 'x'.repeat(1024) },
  },
  {
    ...bot(
      'beforeSend sees the hit',
      {},
      { beforeSend: (hit) => ({ ...hit, recMode: '0', http_status: 201 }) },
    ),
    chatbot: { http_status: '201' },
  },
  { ...bot('beforeSend drops the hit', {}, { beforeSend: () => null }), ignored: 'predicate' },
  {
    ...bot('a call of MCP', {
      method: 'GET',
      below: [{ attributes: { 'mcp.method.name': 'tools/list' } }],
    }),
    chatbot: {},
  },
]);
