import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { HttpRequest } from '../../../src/hit/http-request.js';
import { createBuildHits, HIT_OPTIONS, httpRequest } from '../../support/builders.js';
import { CHATGPT } from '../../support/chatbots.js';
import { startMatomo } from '../../support/matomo.js';
import { seededRuns } from '../../support/seed.js';

const RUNS = 150;

const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.string({
    unit: fc.constantFrom('\ud800', '\n', 'é', '😀', '&', '<', '%', '#', '?', ';', '='),
  }),
  fc
    .tuple(fc.constantFrom('é', '😀', '&', '"', 'x', '%C3'), fc.nat(3000))
    .map(([a, n]) => a.repeat(n)),
);
const pair = fc.tuple(fc.constantFrom('a', 'b', 'utm_source', 'gclid', 'token', 'q'), text);
const host = fc.constantFrom('shop.example', 'SHOP.Example:443', 'a b', 'u:p@x', '[::1]:80', '');
const size = fc.oneof(fc.integer(), fc.double(), fc.constant(undefined));

const anyRequest: fc.Arbitrary<HttpRequest> = fc
  .record({
    path: text.map((path) => `/${path.replaceAll('?', '')}`),
    query: fc.option(
      fc.array(pair).map((pairs) => pairs.map((one) => one.join('=')).join('&')),
      { nil: undefined },
    ),
    host,
    statusCode: fc.integer({ min: 100, max: 599 }),
    durationMillis: fc.double(),
    isAiChatbot: fc.constant(true),
    contentType: fc.option(fc.oneof(text, fc.constant('application/pdf')), { nil: undefined }),
    bodyBytes: size,
  })
  .map((overrides) => httpRequest({ userAgent: CHATGPT, ...overrides }));

test.each([true, false])(
  'Matomo stores a row of any request by an AI chatbot, with the URL of the same page for a person, with pageViews: %s',
  async (pageViews) => {
    const inspector = await startMatomo({ matomoVersion: 'newest' });
    const build = createBuildHits({ ...HIT_OPTIONS, pageViews });
    await fc.assert(
      fc.asyncProperty(fc.array(anyRequest, { minLength: 1, maxLength: 5 }), async (given) => {
        inspector.clear();
        const now = Date.now();
        const started = given.map((request) => ({ ...request, startMillis: now - 1000 }));
        const person = { userAgent: 'curl/8.5.0', isAiChatbot: false };
        const hits = started.flatMap((request) => [
          ...build(request, 1, now),
          ...build({ ...request, ...person }, 1, now),
        ]);
        const body = JSON.stringify({ requests: hits.map(({ query }) => query) });
        await fetch(`${inspector.url}/matomo.php`, { method: 'POST', body });
        const stored = inspector.hits();
        for (const [i, { bodyBytes, path, query }] of started.entries()) {
          const [asked, visited] = [stored[2 * i], stored[2 * i + 1]];
          expect([asked?.verdict, asked?.reason]).toEqual(['ai_chatbot', undefined]);
          const row = asked?.aiRequest;
          expect(row).toMatchObject({
            statusCode: given[i]?.statusCode,
            source: 'opentelemetry-matomo',
          });
          for (const name of ['bw_bytes', 'pf_srv'] as const) {
            expect(asked?.params[name] ?? '0').toMatch(/^(?:0|[1-9]\d*)$/);
          }
          expect(row?.bytes).toBe(asked?.params.bw_bytes && Number(asked.params.bw_bytes));
          if (bodyBytes === undefined) expect(row).not.toHaveProperty('bytes');
          expect(new URL(String(row?.url)).hash).toBe('');
          if (row?.kind === 'document') expect(row.url).not.toContain('?');
          // A campaign takes the place of other parameters near the limit, or of those behind its `;`.
          else if (/^[^;]{1,80}$/s.test(`${path}${query}`)) {
            expect(row?.url).toBe(visited?.stored?.url);
          }
        }
      }),
      seededRuns(RUNS),
    );
  },
);
