import fc from 'fast-check';
import { expect, test } from 'vitest';
import { CHATGPT } from '../../support/chatbots.js';
import { sampled } from '../../support/long.js';
import { startMatomo } from '../../support/matomo.js';
import { seededRuns } from '../../support/seed.js';
import { words } from '../../support/words.js';
import { type Facts, openBuilder } from '../doors/build.js';

/** Text with whatever may be in a request: signs of URLs, JSON and HTML, escapes, searches, long runs, and what is no Unicode. */
const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.string({
    unit: fc.constantFrom(...'ab1/?&=;%+#@:.<>"\'\\ \u00e4\u20ac😀\n\u0000\ud800'),
    maxLength: 40,
  }),
  fc
    .array(fc.constantFrom(...words('q k search [] = == & ; &amp; amp; &lt; / 1')), {
      maxLength: 14,
    })
    .map((pieces) => pieces.join('')),
  fc
    .tuple(fc.constantFrom('é', '日', '😀', '&', '"', 'x', '%C3'), fc.nat(3000))
    .map(([unit, count]) => unit.repeat(count)),
);
const value = fc.oneof(
  text,
  fc.double(),
  fc.boolean(),
  fc.constantFrom(null, undefined, -2, 16_777_216, {}, [], ['a', null], Symbol('x'), () => 1, 10n),
);
const parameters = fc.dictionary(
  fc.oneof(
    fc.constantFrom(
      ...words(`
        action_name bots bw_bytes c_i c_n c_p cdo cdt cid cip city country e_a e_c e_n e_v ec_id ec_items gt_ms h
        http_status idgoal idsite lang lat link new_visit pf_dm1 pf_srv ping pv_id region res revenue search
        search_cat search_count source ua uadata uid url urlref _cvar _id _pkp _rcn _ref _refts
        dimension1 dimension999 token_auth ca rec recMode __proto__ constructor
      `),
    ),
    text,
  ),
  value,
  { maxKeys: 8, noNullPrototype: true },
);
const attributes = fc.dictionary(
  fc.constantFrom(
    ...words('matomo.perf_key matomo.cvar.x matomo.uid matomo.url matomo.dimension1 error.type'),
    ...words('mcp.method.name graphql.operation.name rpc.method http.target url.full server.port'),
  ),
  fc.oneof(text, fc.double(), fc.boolean(), fc.array(text, { maxLength: 2 })),
  { maxKeys: 4, noNullPrototype: true },
);

const facts: fc.Arbitrary<Facts> = fc.record(
  {
    method: fc.constantFrom('GET', 'POST', 'HEAD', 'FOO'),
    path: text.map((path) => `/${path}`),
    query: text,
    route: fc.oneof(fc.constantFrom('', '/users/:id', '/*', '/a/{b}'), text),
    status: fc.integer({ min: 100, max: 599 }),
    headers: fc.dictionary(
      fc.constantFrom(...words('host user-agent accept-language referer cookie sec-ch-ua')),
      fc.oneof(text, fc.constantFrom(CHATGPT, '"Chromium";v="130"')),
    ),
    responseHeaders: fc.record({
      'content-type': fc.oneof(text, fc.constantFrom('text/html', 'application/pdf')),
    }),
    bodyBytes: fc.integer(),
    peer: fc.oneof(fc.ipV4(), fc.ipV6(), text),
    spanName: text,
    attributes,
    service: attributes,
    below: fc.array(fc.record({ attributes, exception: text }), { maxLength: 2 }),
    calls: fc.array(
      fc.oneof(
        fc.tuple(fc.constant('annotate' as const), parameters),
        fc.tuple(fc.constant('annotate' as const), fc.record({ cvar: parameters })),
        fc.tuple(fc.constant('trackEvent' as const), text, text),
        fc.tuple(fc.constant('trackHit' as const), parameters),
      ),
      { maxLength: 3 },
    ),
  },
  { requiredKeys: [] },
);

const TOKEN = 'f'.repeat(32);

test.each([
  { dimensions: { 1: 'url.query' }, actionName: '{method} {route} {span}' },
  { query: 'keep', tokenAuth: TOKEN, titlePaths: 'raw' },
  { pageViews: false, siteSearch: true, maxCustomVariables: 1, redactPathPatterns: [/x+/i] },
  { urlPaths: 'template', privacy: 'strict', tokenAuth: TOKEN, capturedHeaders: [] },
] as const)(
  'any requests with %j make ASCII text that a strict Matomo takes, the same each time',
  async (options) => {
    const inspector = await startMatomo();
    const startMillis = Date.now() - 1000;
    const at = { startMillis, nowMillis: startMillis + 1000 };
    const builder = openBuilder(options as never);
    const plain = builder.build(at).hits;
    const checkText = (given: Facts) => {
      const { hits, counts } = builder.build(given);
      for (const { text: sent, parameters } of hits) {
        expect(sent).toMatch(/^\?idsite=\d+&rec=1&apiv=1[!$%&'()*+,./:;=?@\w~-]*$/);
        expect(sent.slice(1).split('&')).toHaveLength(Object.keys(parameters).length);
        decodeURIComponent(sent); // throws if an escape is cut off
        for (const [name, value] of Object.entries(parameters)) {
          expect(value, name).not.toBe('');
          // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
          expect(value, name).not.toMatch(/[\u0000-\u001f\u007f]|\p{Surrogate}/u);
        }
        expect(Buffer.byteLength(parameters.url ?? '')).toBeLessThanOrEqual(1024);
      }
      expect(counts.hits).toBe(hits.length);
      const build = (each: object) => {
        const another = openBuilder(each as never);
        another.build(at); // its route succeeds
        const built = another.build(given).hits;
        another.close();
        return built;
      };
      expect(build({ ...options, beforeSend: (hit: object) => hit })).toEqual(build(options));
      expect(builder.build(at).hits).toEqual(plain);
      return hits;
    };
    await fc.assert(
      fc.asyncProperty(fc.array(facts, { minLength: 1, maxLength: 5 }), async (list) => {
        inspector.clear();
        const oldest = 'tokenAuth' in options ? 0 : startMillis / 1000 - 24 * 3600 + 600; // what delivery drops
        const hits = list
          .flatMap((given) => checkText({ ...given, ...at }))
          .filter(({ parameters }) => Number(parameters.cdt) > oldest);
        const body = JSON.stringify({
          requests: hits.map(({ text: sent }) => sent),
          ...('tokenAuth' in options && { token_auth: TOKEN }),
        });
        const answer = await fetch(`${inspector.url}/matomo.php`, { method: 'POST', body });
        expect(answer.status).toBe(200);
        const judged = inspector.hits();
        expect(judged).toHaveLength(hits.length);
        for (const { verdict, reason, stored, params } of judged) {
          // A goal or a visitor that Matomo does not know is refused alone.
          if (!/idgoal|spam|prefetch|ec_id/.test(reason ?? ''))
            expect(verdict, reason).toBe(params.recMode ? 'ai_chatbot' : 'tracked');
          if (!('siteSearch' in options) && !params.search && params.action_name)
            expect(stored?.type, params.url).not.toBe('search');
        }
      }),
      seededRuns(sampled(25, 100)),
    );
    builder.close();
  },
);
