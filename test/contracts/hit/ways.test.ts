import { expect, test } from 'vitest';
import { build, type Facts, type MatomoOptions } from '../doors/build.js';

type Way = readonly [name: string, facts: Facts, options?: MatomoOptions];
type Parameters = Readonly<Record<string, unknown>>;

const TOKEN = { tokenAuth: 'f'.repeat(32) };
const CHATBOT = { 'user-agent': 'ChatGPT-User/1.0' };
const HTML = { 'content-type': 'text/html' };
const PDF = { 'content-type': 'application/pdf' };

/** Every way in which the application sets parameters. */
const waysOf = (parameters: Parameters): readonly Way[] => [
  ['annotate', { calls: [['annotate', parameters]] }],
  [
    'attributes of the span',
    {
      attributes: Object.fromEntries(
        Object.entries(parameters).map(([name, value]) => [`matomo.${name}`, String(value)]),
      ),
    },
  ],
  ['routeDetails', {}, { routeDetails: { '/users/:id': parameters } as never }],
  ['an event', { calls: [['trackEvent', 'a', 'b', parameters]] }],
  ['an event of a job', { isOutside: true, calls: [['trackEvent', 'a', 'b', parameters]] }],
];

const sentBy = ([, facts, options]: Way, more: MatomoOptions = {}): string =>
  build(facts, { ...TOKEN, ...options, ...more })
    .hits.map(({ text }) => text)
    .join('\n');

/** Each has what no hit may contain in a place that a rule of its own protects. */
const URLS = [
  'https://user:hidden@x.example/reset/hidDen45fG7hI9jK1lM3',
  'https://user:hidden@x.example/token/hidden1',
  'https://user:hidden@x.example/customer-hidden',
  'https://user:hidden@x.example/a?token=hidden',
  'https://x.example/a?next=%2Fb%3Fpassword%3Dhidden',
  'https://x.example/hidden@x.example?m=hidden%40x.example',
  `https://x.example/${'a/'.repeat(600)}?b=${'hidden'.repeat(9)}`, // beyond what Matomo has room for
];

/** Every way in which a URL comes into a hit. */
function waysOfUrl(url: string): readonly Way[] {
  const { pathname, search, host } = new URL(url);
  const to = { path: pathname, query: search.slice(1), route: '', headers: { host } };
  const chatbot = { ...to, headers: { host, ...CHATBOT } };
  const graphql = { ...to, method: 'POST', attributes: { 'graphql.operation.name': 'Q' } };
  return [
    ['the URL of a request', to],
    ['the template of a path', to, { urlPaths: 'template' }],
    ['a GraphQL request', graphql, { siteSearch: true }],
    ['an AI chatbot alone', { ...chatbot, responseHeaders: HTML }, { pageViews: false }],
    ['a document of an AI chatbot', { ...chatbot, responseHeaders: PDF }],
    ['a referrer', { headers: { referer: url } }],
    ['the origin of a referrer', { headers: { referer: url } }, { privacy: 'strict' }],
    [
      'dimensions',
      { headers: { 'x-url': url }, attributes: { 'app.url': url } },
      { dimensions: { 1: 'http.request.header.x-url', 2: 'app.url' } },
    ],
    ['dimensions of the URL', to, { dimensions: { 1: 'url.full', 2: 'http.target' } }],
    ...['url', 'urlref', 'link', 'download', '_ref'].flatMap((name) =>
      waysOf({ [name]: url, uid: 'ada' }).map(
        ([way, ...given]): Way => [`${name} of ${way}`, ...given],
      ),
    ),
  ];
}

test.each(waysOfUrl('https://x.example/').map(([way], i) => [way, i] as const))(
  'a URL by %s is sent without what options hide',
  (_way, i) => {
    for (const url of URLS) {
      const sent = sentBy(waysOfUrl(url)[i] as Way, { redactPathPatterns: [/customer-\w+/] });
      expect(sent).toContain('rec=1');
      expect(decodeURIComponent(sent).toLowerCase(), url).not.toContain('hidden');
    }
  },
);

const allWaysOf = (parameters: Parameters): readonly Way[] => [
  ...waysOf(parameters),
  ['beforeSend', {}, { beforeSend: (hit) => ({ ...hit, ...parameters }) as never }],
];
const WAYS = allWaysOf({}).map(([way], i) => [way, i] as const);
const wayOf = (parameters: Parameters, i: number) => allWaysOf(parameters)[i] as Way;

test.each(WAYS)('%s names no user that is nobody, and no invalid visitor', (_way, i) => {
  for (const uid of ['', ' ', '0', 'null', 'Anonymous', 'undefined', '0.0.0.0', '::']) {
    expect(sentBy(wayOf({ uid, cid: 'no ID' }, i)), uid).not.toMatch(/&uid=|no%20ID/);
  }
  expect(sentBy(wayOf({ uid: 'ada' }, i))).toContain('&uid=ada');
});

test.each(WAYS)('with privacy: strict, %s names no user', (_way, i) => {
  const sent = sentBy(wayOf({ uid: 'ada', cid: 'abcdef0123456789' }, i), { privacy: 'strict' });
  expect(sent).toContain('rec=1');
  expect(sent).not.toContain('ada');
});

test.each(WAYS)('%s sends an address as masked as that of the client', (_way, i) => {
  for (const [cip, masked] of [
    ['198.51.100.23', '198.51.0.0'],
    ['::ffff:198.51.100.23', '198.51.0.0'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1::'],
  ]) {
    const of = (options: MatomoOptions) => {
      const sent = sentBy(wayOf({ cip, uid: 'ada', cid: 'abcdef0123456789' }, i), options);
      return Array.from(sent.matchAll(/&cip=([^&\n]*)/g), ([, address]) => address).at(-1);
    };
    expect(of({})).toBe(cip);
    expect(of({ anonymizeIp: 2 })).toBe(masked);
    expect(of({ privacy: 'strict' })).toBe('0.0.0.0');
  }
});
