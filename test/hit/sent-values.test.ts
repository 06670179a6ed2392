import { expect, test } from 'vitest';
import { checkAdditionalHit } from '../../src/hit/additional-hit.js';
import type { Hit } from '../../src/hit/hit.js';
import { createHitBuilder, type ToHitsOptions } from '../../src/hit/hit-builder.js';
import type { HttpRequest } from '../../src/hit/http-request.js';
import { createSentUrls } from '../../src/hit/page/sent-urls.js';
import { createToSentAttribute } from '../../src/hit/parameters/attributes.js';
import { PARAMETERS } from '../../src/hit/parameters/parameter-table.js';
import { annotations, HIT_OPTIONS, httpRequest, NOON } from '../support/builders.js';

const OPTIONS: ToHitsOptions = {
  ...HIT_OPTIONS,
  redactPathPatterns: [/customer-\w+/],
  dimensions: { 1: 'url.full', 2: 'http.request.header.referer', 3: 'http.target' },
};

/** What no hit may contain, each in a place of a URL that a rule of its own protects. */
const URLS = [
  ['a secret in the path', 'https://user:hidden@x.example/reset/hidDen45fG7hI9jK1lM3'],
  ['a secret word in the path', 'https://user:hidden@x.example/token/hidden1'],
  ['what a pattern matches', 'https://user:hidden@x.example/customer-hidden'],
  ['a secret in the query', 'https://user:hidden@x.example/a?token=hidden'],
  ['a secret that another URL contains', 'https://x.example/a?next=%2Fb%3Fpassword%3Dhidden'],
  ['an email address', 'https://x.example/hidden@x.example?m=hidden%40x.example'],
  [
    'more than Matomo has room for',
    `https://x.example/${'a/'.repeat(600)}?b=${'hidden'.repeat(9)}`,
  ],
] as const;

const URL_PARAMETERS = Object.keys(PARAMETERS).filter((name) =>
  ['url', 'referrer'].includes(PARAMETERS[name]?.kind ?? ''),
);

function hitsOf(
  request: Partial<HttpRequest>,
  options: Partial<ToHitsOptions> = {},
): (Hit | undefined)[] {
  const builder = createHitBuilder({ ...OPTIONS, ...options }, () => undefined);
  return [builder.buildPageView(builder.read(httpRequest(request), 1, NOON))];
}

function additionalHits(
  parameters: Readonly<Record<string, unknown>>,
  options: Partial<ToHitsOptions> = {},
): (Hit | undefined)[] {
  const report = () => undefined;
  const builder = createHitBuilder({ ...OPTIONS, ...options }, report);
  const redactUrl = createSentUrls(OPTIONS).ofApplication;
  const given = { parameters: { e_c: 'a', e_a: 'b', ...parameters }, epochMillis: NOON };
  const hit = checkAdditionalHit(given, {
    hasToken: true,
    maxCustomVariables: 5,
    report,
    redactUrl,
  });
  const shared = builder.share(builder.read(httpRequest(), 1, NOON));
  if (!hit) throw new Error('no hit');
  return [
    builder.buildAdditionalHit(hit, shared, NOON),
    builder.buildHitWithoutRequest(hit, 1, NOON),
  ];
}

/** A request to this URL. */
function requestTo(url: string): Partial<HttpRequest> {
  const { pathname, search, host } = new URL(url);
  return { path: pathname, query: search.slice(1) || undefined, host, route: undefined };
}

const GRAPHQL = {
  kind: 'graphql',
  name: 'Q',
  count: 1,
  hasFailed: false,
  isEvident: true,
} as const;
const SEARCH = { siteSearch: true };
const ALONE = { pageViews: false };
const PDF = { contentType: 'application/pdf', bodyBytes: 1 };
const chatbotResponse = { contentType: 'text/html', bodyBytes: 1 };
const toSentAttribute = createToSentAttribute({ ...OPTIONS, anonymizeIp: 0 });

function hitsOfDimension(attribute: string, url: string): (Hit | undefined)[] {
  return hitsOf({ optionParameters: { dimension4: toSentAttribute(attribute, url) } });
}

/** Every way on which a URL comes into a hit. */
const WAYS: readonly (readonly [string, (url: string) => unknown])[] = [
  ['the URL of a request', (url) => hitsOf(requestTo(url))],
  ['the template of a path', (url) => hitsOf(requestTo(url), { urlPaths: 'template' })],
  ['a GraphQL request', (url) => hitsOf({ ...requestTo(url), operation: GRAPHQL }, SEARCH)],
  ['a download', (url) => hitsOf({ ...requestTo(url), isDownload: true })],
  ['an AI chatbot', (url) => hitsOf({ ...requestTo(url), chatbotResponse })],
  ['an AI chatbot alone', (url) => hitsOf({ ...requestTo(url), chatbotResponse }, ALONE)],
  ['a document of an AI chatbot', (url) => hitsOf({ ...requestTo(url), chatbotResponse: PDF })],
  ['a referrer', (referrer) => hitsOf({ referrer })],
  ['the origin of a referrer', (referrer) => hitsOf({ referrer }, { referrers: 'origin' })],
  ['a dimension of a header', (url) => hitsOfDimension('http.request.header.x-url', url)],
  ['a dimension of an attribute', (url) => hitsOfDimension('app.url', url)],
  ...URL_PARAMETERS.flatMap((name): [string, (url: string) => unknown][] => [
    [
      `${name} of annotate`,
      (url) => hitsOf({ annotations: [annotations({ parameters: { [name]: url } })] }),
    ],
    [`${name} of an option`, (url) => hitsOf({ optionParameters: { [name]: url } })],
    [
      `${name} of routeDetails`,
      (url) => hitsOf({}, { routeDetails: { '/users/:id': { [name]: url } } }),
    ],
    [`${name} of an additional hit`, (url) => additionalHits({ [name]: url })],
  ]),
];

test.each(WAYS)('%s is sent without what options hide', (_way, send) => {
  for (const [what, url] of URLS) {
    const sent = decodeURIComponent(JSON.stringify(send(url)));
    expect(sent, what).toMatch(/(?:url|download)=https:/);
    expect(sent.toLowerCase(), what).not.toContain('hidden');
  }
});

const USER_ATTRIBUTE = 'the attribute of the user';
/** They have what the option `userId` names. */
const BY_OPTION = ['an option', USER_ATTRIBUTE];

type User = Readonly<Record<string, unknown>>;

/** Every way on which a user or visitor ID comes into a hit, with the options that the way needs. */
const ID_WAYS: readonly (readonly [
  string,
  (user: User, options: Partial<ToHitsOptions>) => unknown,
])[] = [
  ['an option', (user, options) => hitsOf({ optionParameters: user }, options)],
  [
    'annotate',
    (parameters, options) => hitsOf({ annotations: [annotations({ parameters })] }, options),
  ],
  [
    USER_ATTRIBUTE,
    ({ uid }, options) => hitsOf({ annotations: [annotations({ userId: String(uid) })] }, options),
  ],
  [
    'routeDetails',
    (user, options) => hitsOf({}, { ...options, routeDetails: { '/users/:id': user } }),
  ],
  [
    'beforeSend',
    (user, options) => hitsOf({}, { ...options, beforeSend: (given) => ({ ...given, ...user }) }),
  ],
  ['an additional hit', (user, options) => additionalHits(user, options)],
];

test.each(ID_WAYS)('%s names no user that is nobody, and no invalid visitor', (_way, send) => {
  for (const uid of ['', ' ', '0', 'null', 'Anonymous', 'undefined', '0.0.0.0', '::']) {
    const sent = JSON.stringify(send({ uid, cid: 'no ID' }, {}));
    expect(sent).toContain('rec=1');
    expect(sent, uid).not.toMatch(/&uid=|no%20ID/);
  }
});

test.each(ID_WAYS)(
  'with hidesOtherUserIds, %s names a user only if the option does',
  (way, send) => {
    const sent = JSON.stringify(send({ uid: 'jane' }, { hidesOtherUserIds: true }));
    expect(sent.includes('&uid=jane')).toBe(BY_OPTION.includes(way));
  },
);

test.each(ID_WAYS.filter(([way]) => way !== USER_ATTRIBUTE))(
  '%s sends an address as it sends that of the client',
  (_way, send) => {
    for (const [cip, masked] of [
      ['198.51.100.23', '198.51.0.0'],
      ['::ffff:198.51.100.23', '198.51.0.0'],
      ['2001:db8:1:2:3:4:5:6', '2001:db8:1::'],
    ]) {
      const of = (options: Partial<ToHitsOptions>) => {
        const sent = JSON.stringify(send({ cip }, { hasToken: true, ...options }));
        return new Set(Array.from(sent.matchAll(/&cip=([^&"]*)/g), ([, address]) => address));
      };
      expect(of({ anonymizeIp: 0 })).toEqual(new Set([cip]));
      expect(of({ anonymizeIp: 2 })).toEqual(new Set([masked]));
      expect(of({ anonymizeIp: 2, hidesAddress: true })).toEqual(new Set(['0.0.0.0']));
    }
  },
);

test('a value that cannot even be looked at, such as a revoked proxy, is left out and costs no hit', () => {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  const reports: string[] = [];
  const builder = createHitBuilder(OPTIONS, (_key, message) => reports.push(message()));
  const request = httpRequest({
    annotations: [annotations({ parameters: { search_cat: proxy, uid: 'ann' } })],
  });
  const hit = builder.buildPageView(builder.read(request, 1, NOON));
  expect(hit?.query).toContain('&uid=ann');
  expect(reports).toEqual([expect.stringContaining('"search_cat" must be text')]);
});
