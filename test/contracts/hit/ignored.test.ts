import { expect, test } from 'vitest';
import { CHATGPT } from '../../support/chatbots.js';
import { words } from '../../support/words.js';
import { build, type Facts, IGNORE_REASONS, type MatomoOptions } from '../doors/build.js';
import { additional, golden } from './golden.js';

const at = (path: string, more = {}, options = {}) => ({
  facts: { path, route: '', ...more },
  options,
});
const TOOLS = {
  method: 'POST',
  path: '/mcp',
  route: '/mcp',
  below: [{ attributes: { 'mcp.method.name': 'tools/list' } }],
};
const STREAM = 'text/event-stream';
const throws = () => {
  throw new Error('x');
};
const AGENTS = [
  'Knative-Ingress-Probe',
  'synthetic-monitoring-agent/v0.24.2 (linux amd64; abc; def; +https://github.com/grafana/synthetic-monitoring-agent)',
];

/** A request with these options, and why it is ignored; without a reason, it has a page view. */
const row = (options: MatomoOptions, facts: Facts, ignored?: string) => ({
  ...{ options, facts, ...(ignored !== undefined && { ignored }) },
});
const annotated = (parameters: object): Facts => ({ calls: [['annotate', parameters]] });
const DNT = { doNotTrack: true };
const cookie = (text: string): Facts => ({ headers: { cookie: text } });
const CONSENT = { consent: 'cookie:consent=yes' };

golden([
  row({ ignorePaths: ['/users/42/'] }, {}, 'path'),
  row({ ignorePaths: ['/users/:id'] }, { route: 'users/:id' }, 'path'),
  row({ ignorePaths: ['/users', '/42', '/users/42/x'] }, {}),
  row({ ignorePaths: ['/'] }, { path: '/', route: '/' }, 'path'),
  { ...row({ ignorePaths: ['/'] }, { path: '/x', route: '/' }), page: { action_name: 'GET /x' } },
  row({ allowedMethods: ['post'] }, {}, 'method'),
  row({ ignoredMethods: ['GET'] }, { method: 'get' }, 'method'),
  ...AGENTS.map((text) => row({}, { headers: { 'user-agent': text } }, 'user_agent')),
  row({ ignoreUserAgents: [/CURL/i] }, {}, 'user_agent'),
  row({ ignoreUserAgents: [/bad/] }, annotated({ ua: 'bad/1' }), 'user_agent'),
  row({ ignoreUserAgents: [/curl/] }, annotated({ ua: 'good/1' }), 'user_agent'),
  row(
    { ignoreAddresses: ['198.51.100.0/255.255.255.0'], tokenAuth: 'f'.repeat(32) },
    annotated({ cip: '198.51.100.1' }),
    'address',
  ),
  row({ ignorePatterns: [/^\/users\//] }, { path: '/%75sers/42', route: '' }, 'pattern'),
  row({ ignoreAddresses: ['192.0.2.10'], anonymizeIp: 4 }, {}, 'address'),
  row({ ignoreAddresses: ['192.0.2.11', '::1', 'loopback'] }, {}),
  // An address that is not known may be an ignored one.
  row({ ignoreAddresses: ['192.0.2.11'] }, { peer: '/run/app.sock' }, 'address'),
  row({ ignoreAddresses: ['192.0.2.11'] }, { peer: '' }, 'address'),
  row({ ignoreAddresses: ['2001:db8::/32'] }, { peer: '2001:db8::1' }, 'address'),
  {
    ...row({ ignoreAddresses: ['192.0.2.10'] }, { headers: { 'x-forwarded-for': '198.51.100.1' } }),
    ...{ ignored: 'address', problems: ['proxy-ignored'] },
  },
  // Headers with which visitors say what they want.
  row(DNT, { headers: { dnt: '1' } }, 'do_not_track'),
  row(DNT, { headers: { 'sec-gpc': '1' } }, 'do_not_track'),
  row(DNT, { headers: { dnt: '0', 'sec-gpc': '0' } }),
  row(CONSENT, cookie('a=1; consent=yes')),
  row(CONSENT, cookie('consent=yesno'), 'no_consent'),
  row(CONSENT, cookie('consent=yes; consent=no'), 'no_consent'),
  row({ consent: 'cookie:Consent=a=b' }, cookie('x;Consent=a=b ; Consent=a=b')),
  row({ consent: 'header:X-Consent=yes' }, { headers: { 'x-consent': 'yes' } }),
  ...(
    [
      [{ doNotTrack: true, capturedHeaders: ['dnt'] }, 'do_not_track'],
      [{ consent: 'cookie:consent=yes', capturedHeaders: [] }, 'no_consent'],
    ] as const
  ).map(([options, ignored]) => ({ options, ignored, problems: ['headers-not-captured'] })),
  {
    options: { doNotTrack: true },
    facts: {
      headers: { dnt: '1' },
      calls: [['trackEvent', 'a', 'b']],
      callsAfter: [['trackGoal', 1]],
      events: [{ 'matomo.idgoal': 2 }],
    },
    ignored: 'do_not_track',
  },
  {
    name: 'a request that is ignored twice counts under the first reason, and its events are private',
    options: { doNotTrack: true, ignorePaths: ['/users/42'] },
    facts: { headers: { dnt: '1' }, calls: [['trackEvent', 'a', 'b']] },
    ignored: 'path',
  },
  {
    name: 'ignore: true',
    options: { ignore: () => true },
    facts: { calls: [['trackEvent', 'a', 'b']] },
    hits: [additional({ e_c: 'a', e_a: 'b' })],
    ignored: 'predicate',
  },
  {
    name: 'ignore: an event of an open request',
    options: { ignore: throws },
    facts: { isOpen: true, calls: [['trackEvent', 'a', 'b']] },
    hits: [],
    problems: ['callback-failed'],
  },
  ...[
    { 'sec-purpose': 'prefetch;prerender' },
    { purpose: 'prefetch' },
    { 'x-moz': 'prefetch' },
    { 'next-router-prefetch': '1' },
  ].map((headers) => ({ ...at('/a', { headers }), ignored: 'prefetch' })),
  ...words(`
    /a.js /favicon.ico /a.woff2 /a.js.map /a.JSX /robots.txt //robots.txt /sitemap.xml /node_modules/.vite/x
    /@vite/client /@react-refresh /page-data/app-data.json /_next/static/x /_app/version.json
  `).map((path) => ({ ...at(path), ignored: 'static' })),
  ...words('/x/robots.txt /a.js/x /ajs /a.html /a.mp4').map((path) => at(path)),
  { ...at('/a.js', { method: 'POST' }) },
  { ...at('/a.js', { method: 'HEAD' }), ignored: 'static' },
  { ...at('/a.js', { route: '/:file.js' }), page: { action_name: 'GET /:file.js' } },
  { ...at('/assets/a.js', { route: '/assets/*' }), ignored: 'static' },
  { ...at('/a.js', {}, { staticFiles: 'track' }) },
  { name: 'MCP: a list', facts: TOOLS, ignored: 'mcp' },
  { name: 'MCP: off', options: { mcp: 'off' }, facts: TOOLS },
  {
    name: 'MCP: a stream for an AI chatbot',
    facts: { path: '/mcp', route: '/mcp', headers: { 'user-agent': CHATGPT, accept: STREAM } },
    ignored: 'mcp',
  },
]);

const CAUSING = { dnt: '1', range: 'bytes=5-' };
const PREFETCH = { ...CAUSING, purpose: 'prefetch' };

/** In the order in which they count: a reason, and what causes it. */
const CAUSES: readonly (readonly [reason: string, options: MatomoOptions, facts?: Facts])[] = [
  ['attribute', {}, { calls: [['ignore']] }],
  ['path', { ignorePaths: ['/a', '/a.js', '/a.pdf'] }],
  ['method', { ignoredMethods: ['GET'] }],
  ['user_agent', { ignoreUserAgents: [/./] }],
  ['pattern', { ignorePatterns: [/a/] }],
  ['address', { ignoreAddresses: ['192.0.2.10'] }],
  ['do_not_track', { doNotTrack: true }],
  ['no_consent', { consent: 'cookie:consent=yes' }],
  ['predicate', { ignore: () => true }],
  ['site', { siteId: () => undefined }],
  ['ai_chatbot', {}, { method: 'GET', headers: { ...PREFETCH, 'user-agent': CHATGPT } }],
  ['mcp', {}, { method: 'POST', below: [{ attributes: { 'mcp.method.name': 'tools/list' } }] }],
  ['prefetch', {}, { headers: PREFETCH }],
  ['static', {}, { path: '/a.js' }],
  ['page_views', { pageViews: false }],
  ['sampled', { sampleRate: 1e-9 }],
];

test('each reason has a cause', () => {
  expect(CAUSES.map(([reason]) => reason)).toEqual(IGNORE_REASONS);
});

test.each(CAUSES.map(([reason], i) => [reason, CAUSES.slice(i)] as const))(
  'a request that is ignored for %s and all later reasons counts under the first',
  (reason, causes) => {
    const facts: Facts = { path: '/a', route: '', status: 206, headers: CAUSING };
    const reversed = [...causes].reverse();
    const { ignored, hits } = build(
      Object.assign({}, facts, ...reversed.map(([, , facts]) => facts)),
      Object.assign({}, ...reversed.map(([, options]) => options)),
    );
    expect({ ignored, hits }).toEqual({ ignored: reason, hits: [] });
  },
);
