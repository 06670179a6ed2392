import fc from 'fast-check';
import { expect, test } from 'vitest';
import { seededRuns } from '../../support/seed.js';
import { build, type Facts, openBuilder } from '../doors/build.js';

/** Text with whatever may be in a request: signs of URLs and of JSON, escapes, and what is no Unicode. */
const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.string({
    unit: fc.constantFrom(...'ab1/?&=;%+#@:.<>"\'\\ \u00e4\u20ac\u0000\ud800'),
    maxLength: 40,
  }),
  fc.webPath(),
);

const facts: fc.Arbitrary<Facts> = fc.record(
  {
    method: fc.constantFrom('GET', 'POST', 'HEAD', 'FOO'),
    path: text.map((path) => `/${path}`),
    query: text,
    route: fc.constantFrom('', '/users/:id', '/*', '/a/{b}'),
    status: fc.integer({ min: 100, max: 599 }),
    headers: fc.record(
      { host: text, 'user-agent': text, 'accept-language': text, referer: text, cookie: text },
      { requiredKeys: [] },
    ),
    peer: fc.oneof(fc.ipV4(), fc.ipV6(), text),
    durationMillis: fc.double({ min: 0, max: 1e6, noNaN: true }),
    calls: fc.array(
      fc.oneof(
        fc.tuple(
          fc.constant('annotate' as const),
          fc.dictionary(
            fc.constantFrom(
              'action_name',
              'uid',
              'url',
              'urlref',
              'dimension1',
              'cid',
              'lang',
              'search',
            ),
            fc.oneof(text, fc.double(), fc.boolean()),
          ),
        ),
        fc.tuple(fc.constant('trackEvent' as const), text, text),
      ),
      { maxLength: 3 },
    ),
  },
  { requiredKeys: [] },
);

const OPTIONS = [
  {},
  { query: 'keep', tokenAuth: 'f'.repeat(32), siteSearch: true },
  {
    urlPaths: 'template',
    privacy: 'strict',
    tokenAuth: 'f'.repeat(32),
    capturedHeaders: ['dnt', 'sec-gpc'],
  },
] as const;

test.each(OPTIONS)(
  'any request with %j makes ASCII text that decodes to parameters, the same each time',
  (options) => {
    const builder = openBuilder(options as never);
    fc.assert(
      fc.property(facts, (given) => {
        const { hits, counts } = builder.build(given);
        for (const { text: sent, parameters } of hits) {
          expect(sent).toMatch(/^\?idsite=1&rec=1&apiv=1[!$%&'()*+,./:;=?@\w~-]*$/);
          expect(sent.slice(1).split('&')).toHaveLength(Object.keys(parameters).length);
          for (const pair of sent.slice(1).split('&')) decodeURIComponent(pair); // throws if it is cut off
          for (const [name, value] of Object.entries(parameters)) {
            expect(value, name).not.toBe('');
            // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
            expect(value, name).not.toMatch(/[\u0000-\u001f\u007f]|\p{Surrogate}/u);
          }
          if (parameters.url !== undefined) {
            expect(Buffer.byteLength(parameters.url)).toBeLessThanOrEqual(1024);
          }
        }
        expect(counts.hits).toBe(hits.length);
        expect(build(given, options as never).hits.map(({ kind }) => kind)).toEqual(
          hits.map(({ kind }) => kind),
        );
        const again = builder.build(given).hits;
        if (given.route !== '') expect(again).toEqual(hits);
      }),
      seededRuns(150),
    );
    builder.close();
  },
);

/** A value that no rule may miss where it stands, and that no other text contains. */
const secret = fc
  .stringMatching(/^[a-z]{3}\d[A-Z]{3}\d[a-z]{3}\d[A-Z]{3}\d[a-z]{3}\d[A-Z]{3}\d$/)
  .map((value) => `${value}Zq9`);

const SECRET_NAMES = [
  'token',
  'access_token',
  'X-Api-Key',
  'sessionId',
  'password',
  'mdp',
  'sig',
  'code',
  'credit_card',
];
const encoded = (value: string, times: number): string =>
  times === 0 ? value : encodeURIComponent(encoded(value, times - 1));

/** A URL without an origin that has a secret in one of the places that are documented. */
const target = fc
  .tuple(
    secret,
    fc.constantFrom(...SECRET_NAMES),
    fc.integer({ min: 0, max: 4 }),
    fc.integer({ min: 0, max: 9 }),
    fc.constantFrom('', 'a=1&', 'x[]=2&', 'b;', 'a=1;'),
    fc.constantFrom('', '/a', '/users/42', '/a%20b', '/v2'),
  )
  .map(([value, name, times, place, before, start]) => {
    const path = start === '' ? '/' : start;
    const inner = encodeURIComponent(encoded(`/x?${name}=${value}`, times));
    const targets = [
      { path: `${start}/token/${value}` },
      { path: `${start}/${value}/x` },
      { path: `${start}/${name}=${value}/x` },
      { path: `${start}/x;${name}=${value}` },
      { path: `${start}/${value}@x.example` },
      { path: `${start}/fetch/https://user:${value}@x.example/` },
      { path, query: `${before}${name}=${value}` },
      { path, query: `${before}${encodeURIComponent(name)}=${encoded(value, times)}&z=1` },
      { path, query: `${before}next=${inner}` },
      { path, query: `${before}x=${value}%40x.example` },
    ];
    return { value, ...(targets[place] as { path: string; query?: string }) };
  });

test('no secret of a URL is in any parameter of a page view, an event, a referrer or a dimension', () => {
  const builder = openBuilder({
    actionName: '{method} {route} {path}',
    dimensions: {
      1: 'url.full',
      2: 'http.target',
      3: 'http.request.header.referer',
      4: 'http.request.header.x-url',
      5: 'app.url',
    },
  });
  fc.assert(
    fc.property(target, ({ value, path, query }) => {
      const url = `https://x.example${path}${query === undefined ? '' : `?${query}`}`;
      const { hits } = builder.build({
        path,
        ...(query !== undefined && { query }),
        route: '',
        headers: { referer: url, 'x-url': url },
        attributes: { 'app.url': url },
        calls: [
          ['annotate', { _ref: url }],
          ['trackHit', { download: url, urlref: url }],
        ],
      });
      expect(hits).toHaveLength(2);
      for (const { text: sent } of hits) {
        expect(
          decodeURIComponent(
            decodeURIComponent(sent.replace(/%(?![\da-f]{2})/gi, '%25')).replace(
              /%(?![\da-f]{2})/gi,
              '%25',
            ),
          ).toLowerCase(),
        ).not.toContain(value.toLowerCase());
      }
    }),
    seededRuns(2000),
  );
  builder.close();
});

test('what is no secret stays as it is', () => {
  const plain = fc
    .stringMatching(/^[a-z]{1,12}$/)
    .filter(
      (word) =>
        !/(?:pass|token|key|code|pin|mail|sig|sid|otp|pw|mfa|sso|jwt|ssn|cv|auth|phone|reset|iban|magic|saml|hmac|nonce|confirm|q$|query|s$|search|k$)/.test(
          word,
        ),
    );
  fc.assert(
    fc.property(fc.array(plain, { minLength: 1, maxLength: 5 }), (words) => {
      const path = `/x/${words.map((word) => `w${word}w`).join('/')}`;
      const query = words.map((word, i) => `a${i}=${word}`).join('&');
      const { hits } = build({ path, query, route: '' });
      expect(hits[0]?.parameters.url).toBe(`https://shop.example.org${path}?${query}`);
      expect(hits[0]?.parameters.action_name).toBe(`GET ${path}`);
    }),
    seededRuns(500),
  );
});
