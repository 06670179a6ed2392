import { afterAll, describe, expect, test } from 'vitest';
import { readOperation } from '../../src/request/operations.js';
import type { Request } from '../../src/request/request.js';
import { routeOf } from '../../src/request/route-of.js';
import { type Facts, type MatomoOptions, openBuilder } from '../contracts/doors/build.js';
import { openRequest } from '../support/builders.js';
import { CHATGPT } from '../support/chatbots.js';
import { excessOf, GROWTH, KIB } from '../support/linear-input.js';
import { sampled } from '../support/long.js';
import { words } from '../support/words.js';

/** Units that come again and again: characters that expressions and loops look for, and what ends or begins with them. */
const UNITS = [
  ...['a', '1', 'é', '\ud800', ' ', ' , ', '.', ';', ':', '-', '=', '/', '%41', '"', '<', '@'],
  ...['//', '\\', '%25', '&', '&amp;', '#', '@a.', 'a1', '/a1', 'a=1&', ';a=1', 'token=1&'],
  ...['/token', '/v1', '.eyJ', '.js', '{a', '[/{a}', '((:a', '*', ':a(', '/:a?', '{/:a}'],
  ...['https://', '/graphql', '::1 ', '1.', '192.0.2.1,', '"::1",', '"a";v="1",'],
  ...['; _pk_id.1.aaaa', '; matomo_has_js=1 ', 'consent=yes;', 'e30.', '"a":1,', '{"a":'],
  ...['\\u0061', '<https://a/?b=c>,', 'Basic ', 'x/1 '],
];

/** What all requests of a service may make it read. */
const OPTIONS: MatomoOptions = {
  ...{ tokenAuth: 'a-token', trustProxy: true, visitorId: 'cookie', userId: 'jwt.sub' },
  ...{ anonymizeIp: 2, urlPaths: 'template', doNotTrack: true },
  ...{ ignorePatterns: [/never/], redactPathPatterns: [/never/] },
  dimensions: {
    ...{ 1: 'url.full', 2: 'http.target', 3: 'http.request.header.x-note', 5: 'user_agent.name' },
    ...{ 7: 'http.request.header.x-forwarded-for', 8: 'http.request.header.link' },
  },
};
/** Quadratic, as those of users may be. */
const PATTERN = /a*b/;
const ignoring: MatomoOptions = { ignorePatterns: [PATTERN], ignoreUserAgents: [PATTERN] };

const authorization = (value: string): Facts => ({ headers: { authorization: value } });
const bearer = (claims: string) =>
  authorization(`Bearer e30.${Buffer.from(claims).toString('base64url')}.c2ln`);
const named = (text: string, count: number) =>
  Object.fromEntries(
    Array.from({ length: count }, (_, i) => [`${text.slice(0, 8)}${1e6 + i}`, 'v']),
  );
const HEADERS = words(`
  host user-agent accept-language referer sec-ch-ua cookie x-forwarded-for forwarded x-api-key
  authorization x-note link
`);

/** What others can send, and the options with which it is read. */
const PLACES: Readonly<Record<string, [(text: string) => Facts, MatomoOptions?]>> = {
  'a URL': [(text) => ({ path: `/${text}`, query: text, route: '' })],
  'what patterns of users and lists see': [
    (text) => ({ path: `/${text}`, query: text, route: text, headers: { 'user-agent': text } }),
    { query: ['q'], redactPathPatterns: [PATTERN], ...ignoring },
  ],
  'a route': [(text) => ({ route: `/${text}`, path: `/a/${text}` })],
  headers: [
    (text) => ({
      peer: text,
      headers: Object.fromEntries(HEADERS.map((name) => [name, text])),
      responseHeaders: { 'content-type': text },
    }),
    { userId: 'http.request.header.x-api-key' },
  ],
  'headers that begin as usual': [
    (text) => ({
      headers: {
        ...{ 'user-agent': `a/${text}`, referer: `https://a.example/${text}` },
        ...{ 'sec-ch-ua': `"a";v="1"\n?1\n"${text}`, authorization: `Bearer ${text}` },
      },
    }),
  ],
  'a cookie of consent': [(cookie) => ({ headers: { cookie } }), { consent: 'cookie:consent=yes' }],
  credentials: [authorization, { userId: 'http.request.header.authorization' }],
  claims: [(text) => bearer(`{${text}`)],
  'a claim': [(text) => bearer(`{"a":[1],"sub":"${text}"}`)],
  'a request of an AI chatbot': [
    (text) => ({
      path: `/${text}`,
      query: text,
      headers: { 'user-agent': CHATGPT, range: `bytes=${text}`, cookie: text },
    }),
  ],
  'attributes of a span': [
    (text) => ({
      ...{ spanName: text, exception: text, status: 500 },
      attributes: { 'url.full': text, 'error.type': text, 'matomo.perf_key': text },
    }),
  ],
  'what the application says': [
    (text) => ({
      calls: [
        ['annotate', { action_name: text, uid: text, dimension1: text, lang: text }],
        ['annotate', { cvar: { [text]: text }, url: `https://a.example/${text}`, urlref: text }],
        ['annotate', { [text]: 1, ...named(text, text.length / 16), cvar: named(text, 100) }],
        ['trackEvent', text, text, { name: text, uid: text }],
      ],
    }),
  ],
};

const builders = new Map<string, ReturnType<typeof openBuilder>>();
afterAll(() => {
  for (const builder of builders.values()) builder.close();
});

type Run = (text: string) => unknown;

/** Of a function that gets a text of one unit again and again. */
function excessOfRun(run: Run, unit: string, size = 8 * KIB, enoughMillis?: number): number {
  const of = (length: number) => {
    const text = unit.repeat(Math.ceil(length / unit.length)).slice(0, length);
    return () => run(text);
  };
  const characters = GROWTH * size;
  return excessOf({ small: of(size), large: of(characters), characters }, enoughMillis);
}

/** Each eighth one, but every night all. */
const unitsOf = (place: string): readonly string[] =>
  sampled(
    UNITS.filter((_, i) => (i + place.length) % 8 === 0),
    UNITS,
  );

describe.each(Object.entries(PLACES))('%s', (place, [factsOf, more]) => {
  test.each(unitsOf(place))('of many "%s" is read in linear time', (unit) => {
    const builder = builders.get(place) ?? openBuilder({ ...OPTIONS, ...more });
    builders.set(place, builder);
    expect(excessOfRun((text) => builder.build(factsOf(text)), unit)).toBeLessThan(1);
  });
});

const READ = { query: undefined, titleRoute: undefined, statusCode: 200 };
const POSTED = { ...READ, method: 'POST', path: '/mcp' };
const META = 'io.modelcontextprotocol/clientInfo';
const MCP_HEADERS = words('mcp-method mcp-name mcp-session-id soapaction');
const readBody = (body: object) => readOperation(openRequest({ incoming: { body } }), POSTED, true);

/** What Node's requests have, and the door of hits has not. */
const OF_NODE: Readonly<Record<string, Run>> = {
  'names of operations': (text) => {
    readBody({ query: '', operationName: text });
    readBody({ jsonrpc: '2.0', method: text });
    const params = { name: text, _meta: { [META]: { name: text } } };
    readBody({ jsonrpc: '2.0', method: 'tools/call', params });
    const headers = MCP_HEADERS.map((name) => [`http.request.header.${name}`, text]);
    for (const path of ['/mcp', `/trpc/${text}`, `/${text}/a,b`]) {
      const request = openRequest({ attributes: Object.fromEntries(headers) });
      readOperation(request, { ...POSTED, path, query: text }, true);
    }
    const search = { ...POSTED, method: 'GET', path: '/graphql', query: `operationName=${text}` };
    readOperation(openRequest(), search, true);
  },
  'routes, and a long path': (text) => {
    const baseUrl = `/${text}`;
    const read = (request: Request) => routeOf(request, baseUrl, 500, (path) => path);
    const incoming = { route: { path: ['/a/:id', '/b'] }, baseUrl };
    read(openRequest({ incoming }));
    for (const route of [text.slice(0, 500), `/:a/*/${text.slice(0, 400)}`, '/{a?}/:b?/*', '/a'])
      read(openRequest({ attributes: { 'http.route': route } }));
  },
};

describe.each(Object.entries(OF_NODE))('%s', (place, run) => {
  test.each(unitsOf(place))('of many "%s" is read in linear time', (unit) => {
    expect(excessOfRun(run, unit)).toBeLessThan(1);
  });
});

// Cubic, because noise of a busy machine hides half of a factor of 16 now and then.
test('what takes more than linear time is found', () => {
  const run = (text: string) => {
    let count = 0;
    for (const a of text) for (const b of text) for (const c of text) if (a + b === c) count += 1;
    return count;
  };
  expect(excessOfRun(run, 'a', 32, 1_000)).toBeGreaterThan(1);
});
