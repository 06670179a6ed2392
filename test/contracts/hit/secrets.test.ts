import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, onTestFinished, test } from 'vitest';
import { ROOT } from '../../support/child-process.js';
import { sampled } from '../../support/long.js';
import { seededRuns } from '../../support/seed.js';
import { words } from '../../support/words.js';
import { openBuilder } from '../doors/build.js';

/** A URL without an origin, and what nothing that is sent of it may contain. */
interface Planted {
  readonly path: string;
  readonly query?: string;
  readonly secrets: readonly string[];
}

const OF_URLS = /^(?:url|urlref|_ref|download|action_name|dimension\d)$/;

/** Sends URLs in all places that have one, and returns what is sent there, decoded until nothing changes. */
function openPlaces(): (planted: Omit<Planted, 'secrets'>) => string {
  const builder = openBuilder({
    actionName: '{method} {route} {path}',
    siteSearch: true,
    dimensions: { 1: 'url.full', 2: 'http.target', 3: 'http.request.header.x-url', 4: 'app.url' },
  });
  onTestFinished(() => builder.close());
  return function sentOf({ path, query }) {
    const url = `https://x.example${path}${query === undefined ? '' : `?${query}`}`;
    const { hits } = builder.build({
      ...{ path, route: '', ...(query !== undefined && { query }) },
      headers: { host: 'x.example', referer: url, 'x-url': url },
      attributes: { 'app.url': url },
      calls: [
        ['annotate', { _ref: url }],
        ['trackOrder', { id: 1, revenue: 1 }, { url }],
        ['trackHit', { download: url, urlref: url }],
      ],
    });
    expect(hits).toHaveLength(3);
    const sent = hits.flatMap(({ parameters }) =>
      Object.entries(parameters).flatMap(([name, value]) => (OF_URLS.test(name) ? value : [])),
    );
    return decoded(sent.join('\n'));
  };
}

function decoded(text: string): string {
  const next = text.replace(/%([\da-f]{2})/gi, (_, hex) => String.fromCharCode(parseInt(hex, 16)));
  return next === text ? text : decoded(next);
}

const runsOf = (text: string) => new Set(text.match(/[\p{L}\p{N}]{2,}/gu));

function expectHidden(sent: string, { secrets, ...planted }: Planted): void {
  const runs = runsOf(sent);
  const leaks = secrets.filter(
    (secret) => runs.has(secret) || (secret.length > 3 && sent.includes(secret)),
  );
  expect(leaks, JSON.stringify(planted)).toEqual([]);
}

test('no planted secret is sent', () => {
  const sentOf = openPlaces();
  const text = readFileSync(`${ROOT}test/fixtures/planted-secrets.jsonl`, 'utf8').trim();
  const rows: Planted[] = text.split('\n').map((line) => JSON.parse(line));
  for (const row of rows) expectHidden(sentOf(row), row);
});

const LOWER = 'abcdefghijklmnopqrstuvwxyz';
const DIGITS = '0123456789';
const ALL = LOWER + LOWER.toUpperCase() + DIGITS;
const text = (letters: string, min: number, max = min) =>
  fc.string({ unit: fc.constantFrom(...letters), minLength: min, maxLength: max });

/** A value that no rule may miss where it stands, and that no other text contains. */
const secret = fc
  .stringMatching(/^[a-z]{3}\d[A-Z]{3}\d[a-z]{3}\d[A-Z]{3}\d[a-z]{3}\d[A-Z]{3}\d$/)
  .map((value) => `${value}Zq9`);
const short = fc
  .tuple(text(LOWER, 2), text(DIGITS, 1), text(ALL, 6))
  .map((parts) => parts.join(''));

const SECRET_NAMES = words(`
  token access_token X-Api-Key sessionId password mdp sig code credit_card csrfmiddlewaretoken reset_token passwort otp
`);
const encoded = (value: string, times: number): string =>
  times === 0 ? value : encodeURIComponent(encoded(value, times - 1));

const named = fc
  .record({
    value: fc.oneof(secret, short),
    name: fc.constantFrom(...SECRET_NAMES),
    times: fc.nat(7),
    before: fc.constantFrom('', 'a=1&', 'x[]=2&', 'b;', 'a=1;', 'b&amp;', '&lt;', 'x==;'),
    start: fc.constantFrom('', '/a', '/users/42', '/a%20b', '/v2'),
    after: fc.constantFrom('', '&a=1', ';a=1', ';', '%', '&amp;b'),
  })
  .chain(({ value, name, times, before, start, after }) => {
    const path = start || '/';
    const inner = encodeURIComponent(encoded(`/x?${name}=${value}`, times));
    return fc.constantFrom<Planted>(
      ...[
        { path: `${start}/token/${value}` },
        { path: `${start}/${name}=${value}/x` },
        { path: `${start}/x;${name}=${value}` },
        { path: `${start}/${value}@x.example` },
        { path: `${start}/reset/${value}/a` },
        { path: `${start}/${name}:${value}` },
        { path: `${start}/fetch/https://user:${value}@x.example/` },
        { path, query: `${before}${name}=${value}${after}` },
        { path, query: `${before}${encodeURIComponent(name)}=${encoded(value, times)}&z=1` },
        { path, query: `${before}next=${inner}${after}` },
        { path, query: `${before}x=${value}%40x.example` },
        { path, query: `f=${encodeURIComponent(`{"${name}":"${value}"}`)}` },
        { path, query: `x=${encodeURIComponent(`https://h.example/${name}/${value}`)}` },
        { path, query: `h=Bearer%20${value}` },
      ].map((target) => ({ ...target, secrets: [value] })),
    );
  });

/** Keys as services make them: what they begin with, of what, and how long they are at least. */
const KEYS: readonly (readonly [prefix: string, letters: string, length: number])[] = [
  ...words('sk-proj- sk-ant- sk- whsec_ ghp_ ghs_ github_pat_ npm_ hf_ shpat_ dop_v1_').map(
    (prefix) => [prefix, ALL, 24] as const,
  ),
  ...words('sk_live_ rk_live_ sk_test_').map((prefix) => [prefix, ALL, 8] as const),
  ['AKIA', LOWER.toUpperCase() + DIGITS, 16],
  ['AIza', ALL, 35],
  ['private-', `abcdef${DIGITS}`, 32],
  ['bot71234567:', ALL, 35],
  ['%2B49', DIGITS, 8],
  ['+49', DIGITS, 8],
  ['Bearer%20', ALL, 4],
  ['token:', LOWER, 20],
];

/** Something that is a secret by itself, where anything may stand. */
const key = fc
  .oneof(
    ...KEYS.map(([prefix, letters, length]) =>
      text(letters, length, length + 8).map((body) => ({ prefix, body })),
    ),
    secret.map((body) => ({ prefix: '', body })),
  )
  .chain(({ prefix, body }) => {
    const value = prefix + body;
    // A token may be an ID of a campaign.
    const names = words(prefix === '' ? 'x ref id next' : 'x utm_content gclid mtm_cid ref');
    const sent = [value, encodeURIComponent(decodeURIComponent(value)), `/p/${value}`];
    const queries = [...sent, `https://h.example/${value}`].flatMap((each) =>
      names.map((name) => ({ path: '/', query: `${name}=${each}` })),
    );
    return fc
      .constantFrom(...queries, { path: `/a/${value}` }, { path: `/${value}/b` })
      .map((target): Planted => ({ ...target, secrets: [body] }));
  });

test.each([
  ['behind its name', named],
  ['by its form', key],
])('no generated secret that is one %s is sent', (_what, planted) => {
  const sentOf = openPlaces();
  fc.assert(
    fc.property(planted, (each) => expectHidden(sentOf(each), each)),
    seededRuns(sampled(200, 3000)),
  );
});
