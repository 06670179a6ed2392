import { expect, test } from 'vitest';
import { build, type Facts, IGNORE_REASONS, type MatomoOptions } from '../doors/build.js';
import { additional, golden, page, variables } from './golden.js';

const at = (path: string, more = {}, options = {}) => ({
  name: `${path} ${JSON.stringify(more)} ${JSON.stringify(options)}`,
  facts: { path, route: '', ...more },
  options,
});
const options = (name: string, options: object, facts = {}) => ({ name, options, facts });
const agent = (text: string) => ({ headers: { 'user-agent': text } });

golden([
  { ...options('ignorePaths: a path', { ignorePaths: ['/users/42'] }), ignored: 'path' },
  { ...options('ignorePaths: with a slash', { ignorePaths: ['/users/42/'] }), ignored: 'path' },
  {
    ...options(
      'ignorePaths: a path with a slash',
      { ignorePaths: ['/users'] },
      { path: '/users/', route: '' },
    ),
    ignored: 'path',
  },
  { ...options('ignorePaths: a route', { ignorePaths: ['/users/:id'] }), ignored: 'path' },
  {
    ...options('ignorePaths: a route in other syntax', { ignorePaths: ['/users/:id(\\d+)'] }),
    ignored: 'path',
  },
  {
    ...options(
      'ignorePaths: a route without a slash',
      { ignorePaths: ['/users/:id'] },
      { route: 'users/:id' },
    ),
    ignored: 'path',
  },
  { ...options('ignorePaths: another path', { ignorePaths: ['/users', '/42', '/users/42/x'] }) },
  {
    ...options('ignorePaths: the root', { ignorePaths: ['/'] }, { path: '/', route: '/' }),
    ignored: 'path',
  },
  {
    ...options(
      'ignorePaths: the root and another path with its route',
      { ignorePaths: ['/'] },
      { path: '/x', route: '/' },
    ),
    hits: [page({ url: 'https://shop.example.org/x', action_name: 'GET /x' })],
  },
  {
    ...options(
      'ignorePaths: a wildcard is no route',
      { ignorePaths: ['/users/*'] },
      { route: '/users/*' },
    ),
    hits: [page({ action_name: 'GET /users/*' })],
  },
  { ...options('allowedMethods', { allowedMethods: ['post'] }), ignored: 'method' },
  { ...options('allowedMethods: the method', { allowedMethods: ['get'] }) },
  { ...options('ignoredMethods', { ignoredMethods: ['get'] }), ignored: 'method' },
  {
    ...options('ignoredMethods: lower case', { ignoredMethods: ['GET'] }, { method: 'get' }),
    ignored: 'method',
  },
  { ...options('ignoredMethods: another', { ignoredMethods: ['OPTIONS'] }) },
  { ...options('ignoreUserAgents', { ignoreUserAgents: [/CURL/i] }), ignored: 'user_agent' },
  {
    ...options(
      'ignoreUserAgents: none',
      { ignoreUserAgents: [/./] },
      { headers: { 'user-agent': undefined } },
    ),
    hits: [page({ ua: '-' })],
  },
  {
    ...options(
      'ignoreUserAgents: beyond what patterns see',
      { ignoreUserAgents: [/end/] },
      agent(`${'x'.repeat(2048)}end`),
    ),
    hits: [page({ ua: 'x'.repeat(1024) })],
  },
  {
    ...options(
      'ignoreUserAgents: the client that annotate names',
      { ignoreUserAgents: [/bad/] },
      { calls: [['annotate', { ua: 'bad/1' }]] },
    ),
    ignored: 'user_agent',
  },
  {
    ...options(
      'ignoreUserAgents: the client that was read',
      { ignoreUserAgents: [/curl/] },
      { calls: [['annotate', { ua: 'good/1' }]] },
    ),
    ignored: 'user_agent',
  },
  {
    ...options(
      'ignoreAddresses: the address that annotate names',
      { ignoreAddresses: ['198.51.100.0/255.255.255.0'], tokenAuth: 'f'.repeat(32) },
      {
        calls: [
          ['annotate', { cip: '198.51.100.1' }],
          ['trackGoal', 1],
        ],
      },
    ),
    ignored: 'address',
  },
  { ...options('Prometheus', {}, agent('Prometheus/2.5')), ignored: 'user_agent' },
  {
    ...options('Cloudflare', {}, agent('Mozilla/5.0 (compatible; Cloudflare-Healthchecks/1.0)')),
    ignored: 'user_agent',
  },
  { ...options('health checks are ignored', {}, agent('kube-probe/1.30')), ignored: 'user_agent' },
  { ...options('ELB', {}, agent('ELB-HealthChecker/2.0')), ignored: 'user_agent' },
  { ...options('ignorePatterns', { ignorePatterns: [/^\/users\//] }), ignored: 'pattern' },
  {
    ...options(
      'ignorePatterns: decoded',
      { ignorePatterns: [/^\/users\//] },
      { path: '/%75sers/42', route: '' },
    ),
    ignored: 'pattern',
  },
  {
    ...options('ignorePatterns: not the query', { ignorePatterns: [/x=1/] }, { query: 'x=1' }),
    hits: [page({ url: 'https://shop.example.org/users/42?x=1' })],
  },
  { ...options('ignoreAddresses', { ignoreAddresses: ['192.0.2.0/24'] }), ignored: 'address' },
  {
    ...options('ignoreAddresses: unmasked', { ignoreAddresses: ['192.0.2.10'], anonymizeIp: 4 }),
    ignored: 'address',
  },
  {
    ...options('ignoreAddresses: another', { ignoreAddresses: ['192.0.2.11', '::1', 'loopback'] }),
  },
  {
    ...options(
      'ignoreAddresses: a name',
      { ignoreAddresses: ['uniquelocal'] },
      { peer: '172.31.0.1' },
    ),
    ignored: 'address',
  },
  {
    ...options(
      'ignoreAddresses: IPv6',
      { ignoreAddresses: ['2001:db8::/32'] },
      { peer: '2001:db8::1' },
    ),
    ignored: 'address',
  },
  {
    ...options(
      'ignoreAddresses: unknown',
      { ignoreAddresses: ['0.0.0.0/0', '::/0'] },
      { peer: '/run/app.sock' },
    ),
  },
  {
    ...options(
      'ignoreAddresses: a proxy',
      { ignoreAddresses: ['192.0.2.10'] },
      { headers: { 'x-forwarded-for': '198.51.100.1' } },
    ),
    ignored: 'address',
    problems: ['proxy-ignored'],
  },
  {
    ...options(
      'ignoreAddresses: behind a trusted proxy',
      { ignoreAddresses: ['198.51.100.1'], trustProxy: true },
      { headers: { 'x-forwarded-for': '198.51.100.1' } },
    ),
    ignored: 'address',
  },
  {
    ...options(
      'ignoreAddresses: the events, too',
      { ignoreAddresses: ['192.0.2.10'] },
      { calls: [['trackEvent', 'a', 'b']] },
    ),
    ignored: 'address',
  },
  {
    ...options('doNotTrack', { doNotTrack: true }, { headers: { dnt: '1' } }),
    ignored: 'do_not_track',
  },
  {
    ...options('doNotTrack: GPC', { doNotTrack: true }, { headers: { 'sec-gpc': '1' } }),
    ignored: 'do_not_track',
  },
  { ...options('doNotTrack: 0', { doNotTrack: true }, { headers: { dnt: '0', 'sec-gpc': '0' } }) },
  {
    ...options('doNotTrack: several values', { doNotTrack: true }, { headers: { dnt: '0, 1' } }),
    ignored: 'do_not_track',
  },
  { ...options('doNotTrack: off', {}, { headers: { dnt: '1' } }) },
  {
    ...options('doNotTrack: not known', { doNotTrack: true, capturedHeaders: ['dnt'] }),
    ignored: 'do_not_track',
    problems: ['headers-not-captured'],
  },
  {
    ...options(
      'doNotTrack: the events, too',
      { doNotTrack: true },
      {
        headers: { dnt: '1' },
        calls: [['trackEvent', 'a', 'b']],
        callsAfter: [['trackGoal', 1]],
        events: [{ idgoal: 2 }],
      },
    ),
    ignored: 'do_not_track',
  },
  {
    ...options(
      'doNotTrack: an event of an open request',
      { doNotTrack: true },
      { headers: { dnt: '1' }, isOpen: true, calls: [['trackEvent', 'a', 'b']] },
    ),
    hits: [],
  },
  {
    ...options(
      'consent: a cookie',
      { consent: 'cookie:consent=yes' },
      { headers: { cookie: 'a=1; consent=yes' } },
    ),
  },
  {
    ...options(
      'consent: another value',
      { consent: 'cookie:consent=yes' },
      { headers: { cookie: 'consent=yesno' } },
    ),
    ignored: 'no_consent',
  },
  {
    ...options(
      'consent: two values',
      { consent: 'cookie:consent=yes' },
      { headers: { cookie: 'consent=yes; consent=no' } },
    ),
    ignored: 'no_consent',
  },
  { ...options('consent: no cookie', { consent: 'cookie:consent=yes' }), ignored: 'no_consent' },
  {
    ...options('consent: no cookie, not known', {
      consent: 'cookie:consent=yes',
      capturedHeaders: [],
    }),
    ignored: 'no_consent',
    problems: ['headers-not-captured'],
  },
  {
    ...options(
      'consent: a header',
      { consent: 'header:x-consent=yes' },
      { headers: { 'x-consent': 'yes' } },
    ),
  },
  {
    ...options(
      'consent: another value of a header',
      { consent: 'header:x-consent=yes' },
      { headers: { 'x-consent': 'Yes' } },
    ),
    ignored: 'no_consent',
  },
  {
    ...options(
      'consent: the events, too',
      { consent: 'header:x-consent=yes' },
      { calls: [['trackEvent', 'a', 'b']] },
    ),
    ignored: 'no_consent',
  },
  {
    ...options(
      'a request that is ignored twice counts under the first reason, and its events are private',
      { doNotTrack: true, ignorePaths: ['/users/42'] },
      { headers: { dnt: '1' }, calls: [['trackEvent', 'a', 'b']] },
    ),
    ignored: 'path',
  },
  {
    ...options('ignore: true', { ignore: () => true }, { calls: [['trackEvent', 'a', 'b']] }),
    hits: [additional({ e_c: 'a', e_a: 'b' })],
    ignored: 'predicate',
  },
  { ...options('ignore: a text', { ignore: () => 'yes' }), ignored: 'predicate' },
  { ...options('ignore: nothing', { ignore: () => undefined }) },
  {
    ...options(
      'ignore: throws',
      {
        ignore: () => {
          throw new Error('x');
        },
      },
      { calls: [['trackEvent', 'a', 'b']] },
    ),
    ignored: 'predicate',
    problems: ['callback-failed'],
  },
  {
    ...options('ignore: a promise', { ignore: () => Promise.reject(new Error('x')) }),
    ignored: 'predicate',
    problems: ['callback-failed'],
  },
  {
    ...options(
      'ignore: an event of an open request',
      {
        ignore: () => {
          throw new Error('x');
        },
      },
      { isOpen: true, calls: [['trackEvent', 'a', 'b']] },
    ),
    hits: [],
    problems: ['callback-failed'],
  },
  {
    ...options('ignore: what it sees', {
      ignore: (request: { path: string; statusCode: number }) =>
        request.path === '/users/42' && request.statusCode === 200,
    }),
    ignored: 'predicate',
  },
  { ...at('/socket.io/', { query: 'EIO=4&transport=polling&sid=1' }), ignored: 'polling' },
  {
    ...at('/socket.io/', { query: 'EIO=4&transport=polling' }),
    hits: [
      page({
        url: 'https://shop.example.org/socket.io/?EIO=4&transport=polling',
        action_name: 'GET /socket.io/',
      }),
    ],
  },
  {
    ...at('/socket.io/', { query: 'EIO=4&transport=websocket&sid=1' }),
    hits: [
      page({
        url: 'https://shop.example.org/socket.io/?EIO=4&transport=websocket&sid=redacted',
        action_name: 'GET /socket.io/',
      }),
    ],
  },
  {
    ...at('/users/42', { route: '/users/:id', query: 'EIO=4&transport=polling&sid=1' }),
    hits: [page({ url: 'https://shop.example.org/users/42?EIO=4&transport=polling&sid=redacted' })],
  },
  { ...at('/2018-06-01/runtime/invocation/next'), ignored: 'polling' },
  { ...at('/2020-01-01/extension/register'), ignored: 'polling' },
  { ...at('/2020-08-15/logs'), ignored: 'polling' },
  {
    ...at('/2018-06-01/runtime/other'),
    hits: [
      page({
        url: 'https://shop.example.org/2018-06-01/runtime/other',
        action_name: 'GET /2018-06-01/runtime/other',
      }),
    ],
  },
  { ...at('/a', { headers: { 'sec-purpose': 'prefetch;prerender' } }), ignored: 'prefetch' },
  { ...at('/a', { headers: { purpose: 'prefetch' } }), ignored: 'prefetch' },
  { ...at('/a', { headers: { 'x-moz': 'prefetch' } }), ignored: 'prefetch' },
  { ...at('/a', { headers: { 'next-router-prefetch': '1' } }), ignored: 'prefetch' },
  {
    ...at('/a', { headers: { purpose: 'other' } }),
    hits: [page({ url: 'https://shop.example.org/a', action_name: 'GET /a' })],
  },
  {
    ...at('/a', { headers: { purpose: 'prefetch' } }, { prefetches: 'track' }),
    hits: [page({ url: 'https://shop.example.org/a', action_name: 'GET /a' })],
  },
  { ...at('/a.js'), ignored: 'static' },
  {
    ...at('/a.js', { method: 'POST' }),
    hits: [
      page({
        url: 'https://shop.example.org/a.js',
        action_name: 'POST /a.js',
        cvar: variables(200, 'POST'),
      }),
    ],
  },
  { ...at('/a.js', { method: 'HEAD' }), ignored: 'static' },
  {
    ...at('/a.js', { route: '/a.js' }),
    hits: [page({ url: 'https://shop.example.org/a.js', action_name: 'GET /a.js' })],
  },
  { ...at('/assets/a.js', { route: '/assets/*' }), ignored: 'static' },
  { ...at('/assets/a.js', { route: '/assets' }), ignored: 'static' },
  {
    ...at('/a.js', {}, { staticFiles: 'track' }),
    hits: [page({ url: 'https://shop.example.org/a.js', action_name: 'GET /a.js' })],
  },
  { ...at('/favicon.ico'), ignored: 'static' },
  { ...at('/a.woff2'), ignored: 'static' },
  { ...at('/a.js.map'), ignored: 'static' },
  { ...at('/sitemap.xml'), ignored: 'static' },
  { ...at('//robots.txt'), ignored: 'static' },
  {
    ...at('/x/robots.txt'),
    hits: [
      page({ url: 'https://shop.example.org/x/robots.txt', action_name: 'GET /x/robots.txt' }),
    ],
  },
  { ...at('/a.JSX'), ignored: 'static' },
  {
    ...at('/a.js/x'),
    hits: [page({ url: 'https://shop.example.org/a.js/x', action_name: 'GET /a.js/x' })],
  },
  { ...at('/node_modules/.vite/x'), ignored: 'static' },
  { ...at('/@vite/client'), ignored: 'static' },
  { ...at('/page-data/app-data.json'), ignored: 'static' },
  { ...at('/@react-refresh'), ignored: 'static' },
  { ...at('/ajs'), hits: [page({ url: 'https://shop.example.org/ajs', action_name: 'GET /ajs' })] },

  { ...at('/robots.txt'), ignored: 'static' },
  { ...at('/_next/static/x'), ignored: 'static' },
  { ...at('/_app/version.json'), ignored: 'static' },
  {
    ...at('/a.html'),
    hits: [page({ url: 'https://shop.example.org/a.html', action_name: 'GET /a.html' })],
  },
  {
    ...at('/a.mp4'),
    hits: [page({ url: 'https://shop.example.org/a.mp4', action_name: 'GET /a.mp4' })],
  },
  {
    ...options('pageViews: false', { pageViews: false }, { calls: [['trackEvent', 'a', 'b']] }),
    hits: [additional({ e_c: 'a', e_a: 'b' })],
    ignored: 'page_views',
  },
  {
    ...options('a request that is ignored counts as such, also outside of the sample', {
      ignorePaths: ['/users/42'],
      sampleRate: 1e-9,
    }),
    ignored: 'path',
  },
  {
    ...options(
      'MCP: a list',
      {},
      {
        method: 'POST',
        path: '/mcp',
        route: '/mcp',
        below: [{ attributes: { 'mcp.method.name': 'tools/list' } }],
      },
    ),
    ignored: 'mcp',
  },
  {
    ...options(
      'MCP: all',
      { mcp: 'all' },
      {
        method: 'POST',
        path: '/mcp',
        route: '/mcp',
        below: [{ attributes: { 'mcp.method.name': 'tools/list' } }],
      },
    ),
    hits: [
      page({
        url: 'https://shop.example.org/mcp',
        action_name: 'MCP tools/list',
        cvar: variables(200, 'POST'),
      }),
    ],
  },
  {
    ...options(
      'MCP: off',
      { mcp: 'off' },
      {
        method: 'POST',
        path: '/mcp',
        route: '/mcp',
        below: [{ attributes: { 'mcp.method.name': 'tools/list' } }],
      },
    ),
    hits: [
      page({
        url: 'https://shop.example.org/mcp',
        action_name: 'POST /mcp',
        cvar: variables(200, 'POST'),
      }),
    ],
  },
  {
    ...options(
      'an event of a static file',
      {},
      { path: '/a.js', route: '', calls: [['trackEvent', 'a', 'b']] },
    ),
    hits: [additional({ url: 'https://shop.example.org/a.js', e_c: 'a', e_a: 'b' })],
    ignored: 'static',
  },
]);

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
  ['ai_chatbot', { aiChatbotUserAgents: ['curl'] }, { method: 'GET' }],
  ['mcp', {}, { method: 'POST', below: [{ attributes: { 'mcp.method.name': 'tools/list' } }] }],
  ['polling', {}, { query: 'EIO=4&transport=polling&sid=1' }],
  ['prefetch', { prefetches: 'ignore' }],
  ['static', {}, { path: '/a.js' }],
  ['partial', { downloads: 'documents' }, { path: '/a.pdf' }],
  ['page_views', { pageViews: false }],
  ['sampled', { sampleRate: 1e-9 }],
];

test('each reason has a cause', () => {
  expect(CAUSES.map(([reason]) => reason)).toEqual(IGNORE_REASONS);
});

test.each(CAUSES.map(([reason], i) => [reason, CAUSES.slice(i)] as const))(
  'a request that is ignored for %s and all later reasons counts under the first',
  (reason, causes) => {
    const headers = { dnt: '1', range: 'bytes=5-', 'sec-purpose': 'prefetch' };
    const facts: Facts = { path: '/a', route: '', status: 206, headers };
    const reversed = [...causes].reverse();
    const { ignored, hits } = build(
      Object.assign({}, facts, ...reversed.map(([, , facts]) => facts)),
      Object.assign({ prefetches: 'track' }, ...reversed.map(([, options]) => options)),
    );
    expect({ ignored, hits }).toEqual({ ignored: reason, hits: [] });
  },
);
