import type { Span } from '../doors/spans.js';
import { request } from './request-span.js';
import { type Row, trackInTurns } from './row.js';

const EXCEPTION = { name: 'exception', attributes: { 'exception.type': 'Boom' } };
const OLD = { 'http.method': 'GET', 'http.target': '/old' };

/** A SERVER span with these attributes only. */
const server = (attributes: NonNullable<Span['attributes']>, more: Partial<Span> = {}): Span => ({
  id: 'server',
  kind: 'SERVER',
  attributes,
  ...more,
});

const row = (name: string, span: Span, hit: string, params = {}, more: Partial<Row> = {}): Row => ({
  name,
  spans: [span],
  hits: [{ hit, params }],
  ...more,
});

const withStatus = (status: string | number, found: number): Row =>
  row(
    `the status ${JSON.stringify(status)} means ${found}`,
    request('a', { attributes: { 'http.response.status_code': status } }),
    `GET /a ${found}`,
  );

trackInTurns([
  withStatus('204', 204),
  withStatus(0, 499),
  withStatus(100, 100),
  withStatus(999, 999),
  withStatus(1000, 200),
  withStatus(200.5, 200),
  withStatus('abc', 200),
  row('no status', server(OLD), 'GET /old 200'),
  row('no status, ERROR', server(OLD, { status: 'ERROR' }), 'GET /old 500'),
  row('no status, an exception', server(OLD, { events: [EXCEPTION] }), 'GET /old 500'),
  row(
    'no status, an exception that was handled',
    server(OLD, { status: 'OK', events: [EXCEPTION] }),
    'GET /old 200',
  ),
  row(
    'an old status beside one that is none',
    server({ ...OLD, 'http.response.status_code': '', 'http.status_code': 503 }),
    'GET /old 503',
  ),
]);

trackInTurns([
  {
    name: 'the class of an exception of a SERVER span below',
    spans: [
      request('nested', { parent: 'a', events: [EXCEPTION] }),
      request('a', { attributes: { 'http.response.status_code': 500 } }),
    ],
    hits: [{ hit: 'GET /a 500', params: { cvar: /"Boom"/ } }],
    ways: ['exporter', 'gateway'],
  },
]);

/** Content types of streams, of which nothing is the time of the server. */
const ENDLESS = [
  'Text/Event-Stream; charset=utf-8',
  'multipart/x-mixed-replace; boundary=frame',
  'application/x-ndjson',
  'application/jsonl',
  'application/geo+json-seq',
  'application/stream+json',
  'application/json;stream=watch',
  'audio/mpeg',
];
const FINITE = ['application/json; profile=stream', 'text/plain; charset=video/mp4'];

const withType = (
  type: readonly string[],
  more: NonNullable<Span['attributes']>,
  time: RegExp | undefined,
) =>
  row(
    `the time of the server, of a response of ${type}, ${JSON.stringify(more)}`,
    request('a', { attributes: { 'http.response.header.content-type': type, ...more } }),
    'GET /a 200',
    { pf_srv: time },
  );

// Methods, targets, hosts and clients, by the names of several conventions.
const HOST = 'shop.example.org';
const SHOP = { ...request('a').attributes, 'server.address': HOST };
const GET = { 'http.method': 'GET' };
const OLD_HOST = { ...GET, 'http.host': HOST };

trackInTurns([
  row(
    'a method that is not known',
    request('a', {
      attributes: { 'http.request.method': '_OTHER', 'http.request.method_original': 'PURGE' },
    }),
    'PURGE /a 200',
  ),
  ...(
    [
      ['a query in the path', { ...SHOP, 'url.path': '/a?page=2' }, '/a', '?page=2'],
      ['a query in url.full only', { ...SHOP, 'url.full': 'https://b.test/b?x=1' }, '/a', '?x=1'],
      ['a path without a slash', { ...SHOP, 'url.path': 'a/b' }, '/a/b', ''],
      ['nothing but url.full', { ...GET, 'url.full': `https://${HOST}/a?x=1` }, '/a', '?x=1'],
      ['nothing but http.url', { ...GET, 'http.url': `http://${HOST}/a?x=1` }, '/a', '?x=1'],
      ['the path of Zipkin', { ...OLD_HOST, 'http.path': '/zipkin' }, '/zipkin', ''],
      ['a target with two slashes', { ...OLD_HOST, 'http.target': '//a/b' }, '//a/b', ''],
      ['an absolute target', { ...OLD_HOST, 'http.target': 'http://b.test/a?x=1' }, '/a', '?x=1'],
    ] as const
  ).map(([name, attributes, path, query]) =>
    row(name, server(attributes), `GET ${path} 200`, {
      url: `https://${HOST}${path}${query}`,
    }),
  ),
  ...(
    [
      [{ 'http.host': 'one.example.org' }, 'https://one.example.org'],
      [{ 'net.host.name': 'one.example.org' }, 'https://one.example.org'],
      [{ 'net.host.name': 'one.example.org', 'net.host.port': 81 }, 'https://one.example.org:81'],
      [{ 'server.address': '[::1]' }, 'http://[::1]'],
      [{ 'http.host': 'one.example.org', 'server.address': 'b.test' }, 'https://one.example.org'],
    ] as const
  ).map(([attributes, origin]) =>
    row(
      `the host of ${JSON.stringify(attributes)}`,
      server({ ...OLD, ...attributes }),
      'GET /old 200',
      { url: `${origin}/old` },
    ),
  ),
  ...(
    [
      ['net.sock.peer.addr', '203.0.113.7', '203.0.113.7'],
      ['net.peer.ip', '203.0.113.7', '203.0.113.7'],
      ['peer.address', '[2001:db8::7]:9211', '2001:db8::7'],
      ['client.address', '203.0.113.7', undefined],
    ] as const
  ).map(([name, value, cip]) =>
    row(`the address ${name} ${value}`, server({ ...OLD, [name]: value }), 'GET /old 200', { cip }),
  ),
  ...(
    [
      ['http.user_agent', 'curl/8.5.0', 'curl/8.5.0'],
      ['user_agent', 'curl/8.5.0', 'curl/8.5.0'],
      ['user_agent', '-', '-'],
      ['http.request.header.user_agent', ['curl/8.5.0'], 'curl/8.5.0'],
      ['http.request.header.User-Agent', 'curl/8.5.0', 'curl/8.5.0'],
    ] as const
  ).map(([name, value, ua]) =>
    row(`the user agent ${name} ${value}`, server({ ...OLD, [name]: value }), 'GET /old 200', {
      ua,
    }),
  ),
  row(
    'a header that is captured under two names is one',
    server({
      ...OLD,
      'http.request.header.referer': ['https://other.example/from', 'https://second.example/'],
      'http.request.header.Referer': ['https://other.example/from'],
    }),
    'GET /old 200',
    { urlref: 'https://other.example/from' },
  ),
  ...ENDLESS.map((type) => withType([type], {}, undefined)),
  ...FINITE.map((type) => withType([type], {}, /^\d+$/)),
  withType(['audio/mpeg'], { 'http.response.header.content-length': ['9'] }, /^\d+$/),
]);

// Micrometer has names of its own.
const SPRING = {
  exception: 'none',
  'http.url': '/owners/7',
  method: 'GET',
  outcome: 'SUCCESS',
  status: '200',
  uri: '/owners/{ownerId}',
};
const spring = (
  name: string,
  attributes: NonNullable<Span['attributes']>,
  hit: string,
  more: Partial<Row> = {},
): Row => row(`Micrometer: ${name}`, server({ ...SPRING, ...attributes }), hit, {}, more);

trackInTurns([
  spring('a request', {}, 'GET /owners/{ownerId} 200'),
  ...['UNKNOWN', '/**'].map((uri) => spring(`${uri} is no route`, { uri }, 'GET /owners/:id 200')),
  spring('the client left', { status: 'UNKNOWN' }, 'GET /owners/{ownerId} 499'),
  row(
    'Micrometer: an exception',
    server({ ...SPRING, status: '500', exception: 'IllegalState' }, { status: 'ERROR' }),
    'GET /owners/{ownerId} 500',
    { cvar: /"IllegalState"/ },
  ),
  { ...spring('no method', { method: 'UNKNOWN' }, ''), hits: [], codes: ['spans-without-method'] },
]);

trackInTurns([
  {
    name: 'a timing of the service is none',
    spans: [request('a', { attributes: { 'matomo.ignore': 'no' } })],
    resource: { 'matomo.perf_key': 'pf_dm1' },
    hits: [{ hit: 'GET /a 200', params: { pf_dm1: undefined } }],
  },
]);

/** What a gateway reads differently than a processor does. */
const by = (language: string): Partial<Row> => ({
  resource: { 'telemetry.sdk.language': language },
  ways: ['gateway'],
});
const NEW = { 'http.request.method': 'GET', 'url.path': '/a' };

trackInTurns([
  row(
    '.NET before the stable names',
    server({ ...OLD_HOST, 'http.target': '/a', 'http.url': 'https://shop.example.org/a?page=2' }),
    'GET /a 200',
    { url: 'https://shop.example.org/a?page=2' },
    by('dotnet'),
  ),
  row(
    'Python behind a proxy: the port is of the listener',
    server({ ...NEW, 'server.address': HOST, 'server.port': 8000, 'client.address': '10.0.0.2' }),
    'GET /a 200',
    { url: 'https://shop.example.org/a', cip: '10.0.0.2' },
    by('python'),
  ),
  row(
    'elsewhere client.address is what anybody wrote',
    server({ ...NEW, 'client.address': '203.0.113.7' }),
    'GET /a 200',
    { cip: undefined },
    by('nodejs'),
  ),
  row(
    'the title of a request without a path is the name of its span without secrets',
    server({ 'http.request.method': 'GET' }, { name: 'GET /token/9fK2mQ7x' }),
    'GET /token/redacted 200',
    {},
    by('go'),
  ),
  {
    name: 'a call of MCP that fails, with a class of error and without a status, as in Python',
    spans: [
      server({ 'mcp.method.name': 'tools/call', 'error.type': 'tool_error' }, { parent: 'a' }),
      request('a', { attributes: { 'http.request.method': 'POST', 'url.path': '/mcp' } }),
    ],
    options: { dimensions: { 1: 'matomo.failed_endpoint' } },
    hits: [{ hit: 'MCP tools/call 200', params: { dimension1: 'error MCP tools/call' } }],
  },
]);
