import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { CheckedHit } from '../../src/hit/additional-hit.js';
import { createHitBuilder, type ToHitsOptions } from '../../src/hit/hit-builder.js';
import type { HttpRequest } from '../../src/hit/http-request.js';
import { PARAMETERS, RESERVED } from '../../src/hit/parameters/parameter-table.js';
import { assembleRequests } from '../../src/spans/assemble-requests.js';
import {
  annotations,
  createBuildHits,
  finishedSpan,
  HIT_OPTIONS,
  hitsOf,
  httpRequest,
  NOON,
  READING,
} from '../support/builders.js';
import { startMatomo } from '../support/matomo.js';
import { seededRuns } from '../support/seed.js';
import { words } from '../support/words.js';

const RUNS = 150;

// Text as attackers and mistakes make it: any UTF-16, long runs, characters of every UTF-8 length, HTML, controls.
const nastyText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.string({
    unit: fc.constantFrom('\ud800', '\udfff', ...'\0\né日€😀&<"\'x%#?;='),
  }),
  fc
    .tuple(fc.constantFrom('é', '日', '😀', '&', '"', 'x', '%C3'), fc.nat(3000))
    .map(([unit, n]) => unit.repeat(n)),
);
const nastyValue = fc.oneof(
  nastyText,
  fc.double(),
  fc.integer(),
  fc.boolean(),
  fc.constantFrom(
    null,
    undefined,
    Number.POSITIVE_INFINITY,
    -2,
    16_777_216,
    {},
    [],
    ['a', null],
    Symbol.iterator,
    () => 1,
    10n,
  ),
);
const parameterName = fc.oneof(
  fc.constantFrom(
    ...Object.keys(PARAMETERS),
    ...RESERVED,
    ...words('dimension1 dimension999 token_auth ca __proto__ constructor'),
  ),
  nastyText,
);
const anyAnnotations = fc
  .record({
    parameters: fc.dictionary(parameterName, nastyValue, { maxKeys: 8, noNullPrototype: true }),
    cvar: fc.dictionary(nastyText, nastyValue, { maxKeys: 8, noNullPrototype: true }),
    timings: fc.record({ pf_dm1: fc.double(), pf_net: fc.double() }, { requiredKeys: [] }),
    userId: fc.option(nastyText, { nil: undefined }),
    errorType: fc.option(nastyText, { nil: undefined }),
  })
  .map((said) => annotations(said));

const anyRequest = fc
  .record({
    method: nastyText,
    path: nastyText.map((text) => `/${text}`),
    query: fc.option(nastyText, { nil: undefined }),
    route: fc.option(nastyText, { nil: undefined }),
    host: fc.option(nastyText, { nil: undefined }),
    statusCode: fc.integer({ min: 100, max: 599 }),
    userAgent: fc.option(nastyText, { nil: undefined }),
    acceptLanguage: fc.option(nastyText, { nil: undefined }),
    referrer: fc.option(nastyText, { nil: undefined }),
    clientHints: fc.option(nastyText, { nil: undefined }),
    address: fc.option(fc.oneof(fc.ipV4(), fc.ipV6()), { nil: undefined }),
    spanName: nastyText,
    durationMillis: fc.double(),
    annotations: fc.array(anyAnnotations, { maxLength: 3 }),
    optionParameters: fc.option(
      fc.dictionary(parameterName, nastyValue, { maxKeys: 5, noNullPrototype: true }),
      { nil: undefined },
    ),
  })
  .map((request) => httpRequest({ ...request, startMillis: Date.now() - 1000 }));

test('any request with anything said about it makes hits that a strict Matomo takes, in one bulk', async () => {
  const inspector = await startMatomo({ tokens: { t: 'write' } });
  await fc.assert(
    fc.asyncProperty(
      fc.array(anyRequest, { minLength: 1, maxLength: 10 }),
      fc.boolean(),
      async (requests, hasToken) => {
        inspector.clear();
        const buildHits = createBuildHits({ ...OPTIONS, hasToken });
        const oldest = hasToken ? 0 : Date.now() / 1000 - 24 * 3600 + 600; // what delivery drops
        const bodies = requests
          .flatMap((request) => buildHits(request, 1, Date.now()))
          .filter(({ startSeconds }) => startSeconds > oldest)
          .map((hit) => hit.query);
        const body = `{"requests":["${bodies.join('","')}"]${hasToken ? ',"token_auth":"t"' : ''}}`;
        const response = await fetch(`${inspector.url}/matomo.php`, { method: 'POST', body });
        expect(response.status).toBe(200);
        // Another site may be named; a goal or a visitor that Matomo does not know is refused alone.
        const answer = (await response.json()) as { tracked: number; invalid: number };
        expect(answer.tracked + answer.invalid).toBe(bodies.length);
        for (const { verdict, reason } of inspector.hits()) {
          expect([verdict, reason]).toSatisfy(
            ([got]) => got === 'tracked' || /idgoal|spam|prefetch|ec_id/.test(reason ?? ''),
          );
        }
      },
    ),
    seededRuns(RUNS),
  );
}, 300_000);

const OPTIONS = {
  ...HIT_OPTIONS,
  actionName: '{method} {route} {span}',
  dimensions: { 1: 'url.query', 2: 'user_agent.original' },
};

test('beforeSend that returns its parameters makes the same query strings as none, of page views and additional hits', () => {
  const options = fc.record({
    hasToken: fc.boolean(),
    visitorId: fc.constantFrom('auto', 'none'),
    actionName: fc.constantFrom('{method} {route}', OPTIONS.actionName),
    titlePaths: fc.constantFrom<ToHitsOptions['titlePaths']>('template', 'raw'),
    urlPaths: fc.constantFrom<ToHitsOptions['urlPaths']>('full', 'template'),
    referrers: fc.constantFrom<ToHitsOptions['referrers']>('full', 'origin'),
    redactPathPatterns: fc.constantFrom([], [/x+/i]),
    routeDetails: fc.constantFrom({}, { '/x': { dimension2: 'x' } }),
    dimensions: fc.constantFrom({}, OPTIONS.dimensions),
    maxCustomVariables: fc.constantFrom(0, 1, 5),
    anonymizeIp: fc.constantFrom(0, 2),
    trackBots: fc.boolean(),
    errors: fc.constantFrom<ToHitsOptions['errors']>('off', 'type'),
    query: fc.constantFrom<ToHitsOptions['query']>('redact', 'keep', 'strip', ['x', 'a']),
    siteSearch: fc.boolean(),
    pageViews: fc.boolean(),
  });
  const client = fc.record({
    userAgent: fc.constantFrom(undefined, '', 'curl/8', 'Mozilla/5.0 "é" & co'),
    acceptLanguage: fc.constantFrom(undefined, '', 'sv-SE'),
    clientHints: fc.constantFrom(undefined, '"Chromium";v="130"'),
    address: fc.constantFrom(undefined, '192.0.2.1', '2001:db8::1'),
    isAiAgent: fc.boolean(),
  });
  const known = fc.constantFrom(
    {},
    { route: '/x' },
    { query: 'x=1&token=2', referrer: 'https://r/?q=1' },
  );
  const time = fc.record({
    startMillis: fc.constantFrom(Date.now() - 1000, Date.now() - 90_000_000, Number.NaN),
  });
  const one = fc
    .tuple(fc.boolean(), anyRequest, client, known, time)
    .map(([isPlain, generated, ...others]) => {
      const plain = isPlain ? { annotations: [], optionParameters: undefined } : {};
      // The titles of 400, 401 and 403 depend on what a builder has seen.
      const statusCode = [400, 401, 403].includes(generated.statusCode ?? 0)
        ? 500
        : generated.statusCode;
      return Object.assign({}, generated, { statusCode }, ...others, plain) as typeof generated;
    });
  // Each twice, for two sites: by builders that remember others, and by one that has seen nothing.
  const requests = fc.array(one, { minLength: 1, maxLength: 4 });
  const event = { parameters: { e_c: 'a', e_a: 'b' }, epochMillis: Date.now() - 500 };
  fc.assert(
    fc.property(requests, options, (list, varied) => {
      const now = Date.now();
      const createBuild = (beforeSend?: (parameters: object) => object) => {
        const settings = { ...OPTIONS, ...varied, beforeSend };
        const builder = createHitBuilder(settings, () => undefined);
        const checked = builder.check(event) as CheckedHit;
        return (request: HttpRequest, site: number) => {
          const page = builder.read(request, site, now);
          const hit = builder.buildPageView(page);
          return [hit, builder.buildAdditionalHit(checked, builder.share(page), now)];
        };
      };
      const [plain, general] = [createBuild(), createBuild((parameters) => parameters)];
      for (const request of [...list, ...list]) {
        for (const site of [1, 2]) {
          const hits = createBuild()(request, site);
          expect(plain(request, site)).toEqual(hits);
          expect(general(request, site)).toEqual(hits);
        }
      }
    }),
    seededRuns(RUNS),
  );
});

test('nothing of one request is in the next one’s hit', () => {
  const routeDetails = { '/users/:id': { cvar: { plan: 'free' }, dimension1: 'details' } };
  const buildHits = createBuildHits({ ...OPTIONS, routeDetails, hasToken: false });
  const plain = () => buildHits(httpRequest(), 1, NOON + 1000).map((hit) => hit.query);
  const before = plain();
  fc.assert(
    fc.property(anyRequest, (request) => {
      buildHits({ ...request, route: '/users/:id' }, 1, Date.now());
      expect(plain()).toEqual(before);
    }),
    seededRuns(),
  );
});

test('any heap of spans is read without a throw', () => {
  const attributeName = fc.oneof(
    fc.constantFrom(
      ...words(`
        http.request.method http.method url.path http.target url.full http.url url.query http.route
        server.port http.response.status_code http.status_code matomo.perf_key matomo.ignore
        matomo.cvar.x enduser.id error.type network.peer.address
      `),
    ),
    nastyText,
  );
  const span = fc.record({
    kind: fc.constantFrom(0, 1, 1, 1, 2),
    attributes: fc.dictionary(attributeName, nastyValue as fc.Arbitrary<never>, {
      maxKeys: 8,
      noNullPrototype: true,
    }),
    status: fc.record({ code: fc.constantFrom(0, 1, 2) }),
    id: fc.constantFrom('1'.repeat(16), '2'.repeat(16), '3'.repeat(16)),
    parentSpanId: fc.option(fc.constantFrom('1'.repeat(16), '2'.repeat(16), '3'.repeat(16)), {
      nil: undefined,
    }),
  });
  fc.assert(
    fc.property(fc.array(span, { maxLength: 6 }), (spans) => {
      const heap = spans.map(({ parentSpanId, ...rest }) =>
        finishedSpan({ ...rest, ...(parentSpanId && { parentSpanId }) }),
      );
      for (const { request } of assembleRequests(heap, READING)) hitsOf(request.http, OPTIONS);
    }),
    seededRuns(RUNS),
  );
});
