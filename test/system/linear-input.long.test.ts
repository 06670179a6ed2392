import { afterAll, describe, expect, test } from 'vitest';
import { readOperation } from '../../src/request/operations/index.js';
import { routeOf } from '../../src/request/routes/index.js';
import { Mount, NO_MOUNT } from '../../src/request/routes/mount-path.js';
import { assembleRequests } from '../../src/spans/assemble-requests.js';
import { type Facts, type MatomoOptions, openBuilder } from '../contracts/doors/build.js';
import { finishedSpan, openRequest, READING } from '../support/builders.js';
import { CHATGPT } from '../support/chatbots.js';
import { excessOf, GROWTH, KIB } from '../support/linear-input.js';
import { sampled } from '../support/long.js';

/** Units that come again and again: characters that expressions and loops look for, and what ends or begins with them. */
const UNITS = [
  'a',
  '1',
  'é',
  '\ud800',
  ' ',
  ' , ',
  '.',
  ';',
  ':',
  '-',
  '=',
  '/',
  '%41',
  '"',
  '<',
  '@',
];
const OF_URLS = [
  ...[
    '//',
    '\\',
    '%25',
    '&',
    '&amp;',
    '#',
    '@a.',
    'a1',
    '/a1',
    'a=1&',
    ';a=1',
    'token=1&',
    '/token',
  ],
  ...[
    '/v1',
    '.eyJ',
    '.js',
    '{a',
    '[/{a}',
    '((:a',
    '*',
    ':a(',
    '/:a?',
    '{/:a}',
    'https://',
    '/graphql',
  ],
];
const OF_HEADERS = [
  ...['::1 ', '1.', '192.0.2.1,', '"::1",', '"a";v="1",', '; _pk_id.1.aaaa', '; matomo_has_js=1 '],
  ...['consent=yes;', 'e30.', '"a":1,', '{"a":', '\\u0061', '<https://a/?b=c>,', 'Basic ', 'x/1 '],
];

/** What all requests of a service may make it read. */
const OPTIONS: MatomoOptions = {
  tokenAuth: 'a-token',
  trustProxy: true,
  visitorId: 'cookie',
  userId: 'jwt.sub',
  anonymizeIp: 2,
  urlPaths: 'template',
  doNotTrack: true,
  ignorePatterns: [/never/],
  redactPathPatterns: [/never/],
  deprecated: [/never/],
  dimensions: {
    1: 'url.full',
    2: 'http.target',
    3: 'http.request.header.x-note',
    4: 'matomo.content_format',
    5: 'user_agent.name',
    6: 'matomo.deprecated_endpoint',
    7: 'http.request.header.x-forwarded-for',
    8: 'http.request.header.link',
  },
};
/** Quadratic, as those of users may be. */
const PATTERN = /a*b/;

const header = (name: string) => (text: string) => ({ headers: { [name]: text } });
const bearer = (claims: string) => `Bearer e30.${Buffer.from(claims).toString('base64url')}.c2ln`;
const annotated = (parameters: Readonly<Record<string, unknown>>): Facts => ({
  calls: [['annotate', parameters]],
});
const named = (text: string, count: number) =>
  Object.fromEntries(
    Array.from({ length: count }, (_, i) => [`${text.slice(0, 8)}${1e6 + i}`, 'v']),
  );

/** What others can send, and the options with which it is read. */
const PLACES: Readonly<Record<string, [(text: string) => Facts, MatomoOptions?]>> = {
  'a path': [(text) => ({ path: `/${text}`, route: '' })],
  'a path behind a secret word': [(text) => ({ path: `/token/${text}/7`, route: '' })],
  'a path, and patterns of users': [
    (text) => ({ path: `/${text}`, route: '', headers: { 'user-agent': text } }),
    { redactPathPatterns: [PATTERN], ignorePatterns: [PATTERN], ignoreUserAgents: [PATTERN] },
  ],
  'a query': [(query) => ({ query })],
  'a query of a list': [(query) => ({ query }), { query: ['q'] }],
  'a query of polling': [(text) => ({ query: `transport=polling&EIO=4&${text}`, route: '' })],
  'a route': [(text) => ({ route: `/${text}`, path: `/a/${text}` })],
  'a route without a slash, and patterns of users': [
    (route) => ({ route }),
    { deprecated: [PATTERN] },
  ],
  'a host': [header('host')],
  'a user agent': [header('user-agent')],
  'a product': [(text) => header('user-agent')(`a/${text}`)],
  'a language': [header('accept-language')],
  'a referrer': [(text) => header('referer')(`https://a.example/${text}`)],
  'a referrer that is no URL': [header('referer')],
  'client hints': [header('sec-ch-ua')],
  'brands of client hints': [(text) => header('sec-ch-ua')(`"a";v="1"\n?1\n"${text}`)],
  'a cookie': [header('cookie')],
  'a cookie of consent': [header('cookie'), { consent: 'cookie:consent=yes' }],
  'addresses of proxies': [header('x-forwarded-for')],
  'a standard header of proxies': [header('forwarded')],
  'the address of a peer': [(peer) => ({ peer })],
  'a key': [header('x-api-key'), { userId: 'http.request.header.x-api-key' }],
  credentials: [header('authorization'), { userId: 'http.request.header.authorization' }],
  'a bearer token': [(text) => header('authorization')(`Bearer ${text}`)],
  claims: [(text) => header('authorization')(bearer(`{${text}`))],
  'a claim': [(text) => header('authorization')(bearer(`{"a":[1],"sub":"${text}"}`))],
  'a header that is a dimension': [header('x-note')],
  'links in a header': [header('link')],
  'a content type': [(text) => ({ responseHeaders: { 'content-type': text } })],
  'a path for an AI chatbot': [
    (text) => ({
      path: `/${text}`,
      query: text,
      headers: { 'user-agent': CHATGPT, range: `bytes=${text}`, cookie: text },
    }),
  ],
  'attributes of a span': [
    (text) => ({
      spanName: text,
      attributes: { 'url.full': text, 'error.type': text, 'matomo.perf_key': text },
      exception: text,
      status: 500,
    }),
  ],
  'parameters of annotate': [
    (text) =>
      annotated({
        action_name: text,
        uid: text,
        dimension1: text,
        cvar: { [text]: text },
        lang: text,
      }),
  ],
  'a URL of annotate': [(text) => annotated({ url: `https://a.example/${text}`, urlref: text })],
  'names of annotate': [
    (text) => annotated({ [text]: 1, ...named(text, text.length / 16), cvar: named(text, 100) }),
  ],
  'an event': [(text) => ({ calls: [['trackEvent', text, text, { name: text, uid: text }]] })],
};

const builders = new Map<string, ReturnType<typeof openBuilder>>();
afterAll(() => {
  for (const builder of builders.values()) builder.close();
});

/** Of a function that gets a text of one unit again and again. */
function excessOfRun(
  run: (text: string) => unknown,
  unit: string,
  size = 8 * KIB,
  enoughMillis?: number,
): number {
  const of = (length: number) => {
    const text = unit.repeat(Math.ceil(length / unit.length)).slice(0, length);
    return () => run(text);
  };
  const characters = GROWTH * size;
  return excessOf({ small: of(size), large: of(characters), characters }, enoughMillis);
}

/** Whether a place has a path, a query, a route or a URL. */
const IS_OF_URLS = /path|query|route|referrer|URL|event|annotate/;
/** Each fourth one, but every night all. */
function unitsOf(place: string): readonly string[] {
  const units = [...UNITS, ...(IS_OF_URLS.test(place) ? OF_URLS : OF_HEADERS)];
  return sampled(
    units.filter((_, i) => (i + place.length) % 4 === 0),
    units,
  );
}

describe.each(Object.entries(PLACES))('%s', (place, [factsOf, more]) => {
  test.each(unitsOf(place))('of many "%s" is read in linear time', (unit) => {
    const builder = builders.get(place) ?? openBuilder({ ...OPTIONS, ...more });
    builders.set(place, builder);
    expect(excessOfRun((text) => builder.build(factsOf(text)), unit)).toBeLessThan(1);
  });
});

const POSTED = {
  method: 'POST',
  path: '/mcp',
  query: undefined,
  route: undefined,
  statusCode: 200,
};
const META = 'io.modelcontextprotocol/clientInfo';
const sourceOf = (body: object) => openRequest({ incoming: { body } });
/** As Express 4 compiles `/*`. */
const MOUNT = new Mount({ regexp: /^\/(.*)\/?(?=\/|$)/i, keys: [{ name: 0 }] });

/** What Node's requests have, and the door of hits has not. */
const OF_NODE: Readonly<Record<string, (text: string) => unknown>> = {
  'a name of GraphQL': (operationName) =>
    readOperation(sourceOf({ query: '', operationName }), POSTED, true),
  'a method of JSON-RPC': (method) =>
    readOperation(sourceOf({ jsonrpc: '2.0', method }), POSTED, true),
  'a call of MCP': (name) => {
    const params = { name, _meta: { [META]: { name } } };
    return readOperation(sourceOf({ jsonrpc: '2.0', method: 'tools/call', params }), POSTED, true);
  },
  'headers of MCP': (text) => {
    const names = ['mcp-method', 'mcp-name', 'mcp-session-id', 'mcp-protocol-version'];
    const headers = names.map((name) => [`http.request.header.${name}`, text]);
    return readOperation(openRequest({ attributes: Object.fromEntries(headers) }), POSTED, true);
  },
  'a mount path of Express': (text) => {
    const incoming = { route: { path: ['/a/:id', '/b'] }, baseUrl: `/${text}` };
    routeOf(openRequest({ incoming }), { 'http.status_code': 500 }, `/${text}`);
    MOUNT.enter(NO_MOUNT, `/${text}`);
  },
  'a list of routes': (text) => routeOf(openRequest(), { 'http.route': `/a,/${text}` }, `/${text}`),
};

describe.each(Object.entries(OF_NODE))('%s', (place, run) => {
  test.each(unitsOf(place))('of many "%s" is read in linear time', (unit) => {
    expect(excessOfRun(run, unit)).toBeLessThan(1);
  });
});

const REQUEST = { 'http.request.method': 'GET', 'http.response.status_code': 500 };

test.each([
  ['spans', { kind: 0, attributes: { 'matomo.ignore': false } }],
  ['requests', { attributes: REQUEST }],
])('a chain of %s, each below the one before, is read in linear time', (_what, below) => {
  const idOf = (i: number) => i.toString(16).padStart(16, '0');
  const run = (text: string) => {
    const chain = Array.from(text, (_, i) =>
      finishedSpan({
        ...(i === 0 ? { attributes: REQUEST } : below),
        ...(i > 0 && { parentSpanId: idOf(i) }),
        id: idOf(i + 1),
      }),
    );
    return assembleRequests(chain, READING);
  };
  expect(excessOfRun(run, 'a', 500)).toBeLessThan(1);
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
