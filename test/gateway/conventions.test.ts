import { expect, test } from 'vitest';
import { eventually } from '../support/child-process.js';
import { sendSpans, startGateway } from '../support/gateway.js';
import { exportRequest, otlpSpan, SERVER } from '../support/otlp-spans.js';

/** Reads `name=value, name=value`. */
function read(text: string): Record<string, string | number> {
  const pairs = text.split(/,\s+/).map((each) => {
    const [, name = '', value = ''] = /^(.+?)=(.*)$/.exec(each) ?? [];
    return [name, /(?:port|status_code)$/.test(name) ? Number(value) : value];
  });
  return Object.fromEntries(pairs);
}

// As the instrumentations' own documentation and sources give them; what others send is in the recordings.
const ROWS: readonly (readonly [
  name: string,
  language: string,
  attributes: string,
  params: string,
])[] = [
  [
    'Java agent 2, Tomcat: signatures in the query come redacted',
    'java',
    `http.request.method=GET, http.response.status_code=200, http.route=/users/{id},
      url.scheme=https, url.path=/users/42, url.query=page=2&sig=REDACTED,
      server.address=shop.example.org, server.port=443, client.address=203.0.113.7,
      network.peer.address=10.0.0.2, network.peer.port=40000, network.protocol.version=1.1,
      user_agent.original=curl/8.5.0, error.type=500`,
    `url=https://shop.example.org/users/42?page=2&sig=redacted, action_name=GET /users/{id},
      ua=curl/8.5.0, cip=10.0.0.2`,
  ],
  [
    'Java agent 1',
    'java',
    `http.method=POST, http.status_code=201, http.route=/orders, http.scheme=http,
      http.target=/orders?x=1, net.host.name=shop.example.org, net.host.port=8080,
      http.client_ip=203.0.113.7, net.sock.peer.addr=10.0.0.2, user_agent.original=curl/8.5.0`,
    'url=https://shop.example.org:8080/orders?x=1, action_name=POST /orders, cip=10.0.0.2',
  ],
  [
    'an absolute request target, whose host is not the site',
    'nodejs',
    `http.method=GET, http.status_code=200, http.scheme=http, http.target=/a?x=1,
      http.url=http://other.test/a?x=1, http.host=shop.example.org,
      net.host.name=shop.example.org, net.host.port=8080`,
    'url=https://shop.example.org/a?x=1, action_name=GET /a',
  ],
  [
    'an absolute request target with stable names',
    'php',
    `http.request.method=GET, http.response.status_code=200,
      url.full=http://other.test/a?x=1, url.path=/a, server.address=shop.example.org,
      server.port=80`,
    'url=https://shop.example.org/a?x=1, action_name=GET /a',
  ],
  [
    'a request target whose path begins with two slashes',
    'nodejs',
    `http.method=GET, http.status_code=200, http.scheme=http,
      http.target=//reset-password/9fK2mQ7x?x=1, http.host=shop.example.org`,
    'url=https://shop.example.org//reset-password/redacted?x=1, action_name=GET //reset-password/redacted',
  ],
  [
    'the same with nothing but the full URL',
    'php',
    'http.request.method=GET, url.full=https://shop.example.org//reset-password/9fK2mQ7x?x=1',
    'url=https://shop.example.org//reset-password/redacted?x=1, action_name=GET //reset-password/redacted',
  ],
  [
    '.NET, ASP.NET Core',
    'dotnet',
    `http.request.method=GET, http.response.status_code=200, http.route=users/{id},
      url.scheme=https, url.path=/users/42, url.query=?page=2,
      server.address=shop.example.org, user_agent.original=curl/8.5.0,
      network.protocol.version=2`,
    'url=https://shop.example.org/users/42?page=2, action_name=GET users/{id}',
  ],
  [
    '.NET before the stable names',
    'dotnet',
    `http.method=GET, http.status_code=200, http.route=users/{id}, http.scheme=https,
      http.target=/users/42, http.url=https://shop.example.org/users/42?page=2,
      net.host.name=shop.example.org, http.user_agent=curl/8.5.0`,
    'url=https://shop.example.org/users/42?page=2, action_name=GET users/{id}',
  ],
  [
    '.NET 11 without the instrumentation package',
    'dotnet',
    `http.request.method=_OTHER, http.request.method_original=PURGE,
      http.response.status_code=200, http.route=Store/Checkout/{id?}, url.scheme=http,
      url.path=/store/checkout, server.address=shop.example.org, server.port=80,
      network.protocol.version=1.1, user_agent.original=curl/8.5.0`,
    `url=https://shop.example.org/store/checkout, action_name=PURGE Store/Checkout/{id},
      ua=curl/8.5.0`,
  ],
  [
    'PHP, Laravel: the query is in the path',
    'php',
    `http.request.method=GET, http.response.status_code=200, http.route=users/{id},
      url.full=https://shop.example.org/users/42?page=2&token=secret, url.scheme=https,
      url.path=/users/42?page=2&token=secret, server.address=shop.example.org,
      server.port=443, client.address=203.0.113.7, network.peer.address=10.0.0.2,
      user_agent.original=curl/8.5.0`,
    `url=https://shop.example.org/users/42?page=2&token=redacted, action_name=GET users/{id},
      cip=10.0.0.2`,
  ],
  [
    'PHP, Laravel of 2025: and the path without a slash',
    'php',
    `http.request.method=GET, url.full=https://shop.example.org/users/42?page=2,
      url.path=users/42?page=2, network.peer.address=10.0.0.2`,
    'url=https://shop.example.org/users/42?page=2, cip=10.0.0.2',
  ],
  [
    'PHP, WordPress: client.address is the host',
    'php',
    `http.request.method=GET, url.full=https://blog.example.org/a/?p=1, url.scheme=https,
      url.path=/a/, client.address=blog.example.org, user_agent.original=curl/8.5.0`,
    'url=https://blog.example.org/a/?p=1, ua=curl/8.5.0',
  ],
  [
    'PHP, Yii: nothing but the full URL',
    'php',
    `http.request.method=GET, http.route=site/index,
      url.full=https://shop.example.org/site/index?page=2, url.scheme=https`,
    'url=https://shop.example.org/site/index?page=2, action_name=GET site/index',
  ],
  [
    'Ruby, Rack with stable names: the port is in server.address',
    'ruby',
    `http.request.method=GET, http.response.status_code=200,
      server.address=shop.example.org:9292, url.scheme=http, url.path=/users/42,
      url.query=page=2, user_agent.original=curl/8.5.0`,
    'url=https://shop.example.org:9292/users/42?page=2, ua=curl/8.5.0',
  ],
  [
    'Go, otelhttp with stable names',
    'go',
    `http.request.method=GET, http.response.status_code=200, http.route=/users/{id},
      url.scheme=http, url.path=/users/42, server.address=shop.example.org, server.port=8080,
      client.address=203.0.113.7, network.peer.address=10.0.0.2,
      user_agent.original=curl/8.5.0`,
    'url=https://shop.example.org:8080/users/42, action_name=GET /users/{id}, cip=10.0.0.2',
  ],
  [
    'Python behind a proxy: the port is of the listener',
    'python',
    `http.request.method=GET, http.response.status_code=200, url.path=/a b,
      server.address=shop.example.org, server.port=8000, client.address=10.0.0.2`,
    'url=https://shop.example.org/a%20b, cip=10.0.0.2',
  ],
  [
    'elsewhere client.address is what anybody wrote',
    'nodejs',
    'http.request.method=GET, url.path=/a, client.address=203.0.113.7',
    'url=https://localhost/a, action_name=GET /a',
  ],
  [
    'Envoy',
    'cpp',
    `component=proxy, http.method=GET, http.url=http://shop.example.org/products/7?page=2,
      http.protocol=HTTP/1.1, http.status_code=200, peer.address=203.0.113.7, response_flags=-,
      user_agent=curl/8.5.0`,
    `url=https://shop.example.org/products/7?page=2, action_name=GET /products/:id,
      cip=203.0.113.7, ua=curl/8.5.0`,
  ],
  [
    'Traefik 3',
    'go',
    `entry_point=web, http.request.method=GET, url.path=/products/7, url.query=page=2,
      url.scheme=http, server.address=shop.example.org, network.peer.address=203.0.113.7,
      client.address=198.51.100.1, user_agent.original=curl/8.5.0, http.response.status_code=404`,
    `url=https://shop.example.org/products/7?page=2, action_name=GET Not Found, cip=203.0.113.7,
      ua=curl/8.5.0`,
  ],
  [
    'ngx_otel_module of nginx',
    'cpp',
    `http.method=GET, http.target=/products/7?page=2, http.scheme=http, http.flavor=1.1,
      http.user_agent=curl/8.5.0, net.host.name=shop.example.org, net.sock.peer.addr=203.0.113.7,
      http.status_code=200`,
    `url=https://shop.example.org/products/7?page=2, action_name=GET /products/:id,
      cip=203.0.113.7, ua=curl/8.5.0`,
  ],
  [
    'the nginx module of opentelemetry-cpp',
    'cpp',
    `http.method=GET, http.flavor=1.1, http.target=/products/7, http.server_name=_,
      http.host=shop.example.org, http.user_agent=curl/8.5.0, http.scheme=http, net.host.port=80,
      net.peer.ip=203.0.113.7, http.status_code=200`,
    'url=https://shop.example.org/products/7, cip=203.0.113.7, ua=curl/8.5.0',
  ],
  [
    'an IPv6 address for a host',
    'go',
    'http.method=GET, http.target=/a, net.host.name=[::1]:8080',
    'url=http://[::1]:8080/a',
  ],
];

/** The parameters of the hits, by the names of the rows. One gateway gets them all. */
async function trackAll(): Promise<Map<string | undefined, Record<string, string>>> {
  const { gateway, inspector } = await startGateway({ dimensions: { 1: 'row' } });
  for (const [row, language, attributes] of ROWS) {
    const span = otlpSpan({ ...read(attributes), row }, { kind: SERVER });
    const resource = { 'service.name': 'shop', 'telemetry.sdk.language': language };
    await sendSpans(gateway, exportRequest([span], resource));
  }
  await gateway.close();
  return new Map(inspector.hits().map(({ params }) => [params.dimension1, params]));
}

let tracked: ReturnType<typeof trackAll> | undefined;

test.each(ROWS)('%s', async (row, _language, _attributes, params) => {
  tracked ??= trackAll();
  const hit = (await tracked).get(row);
  const expected = read(params);
  expect(hit).toMatchObject(expected);
  expect(hit?.cip).toBe(expected.cip);
});

test('the title of a request without a path is the name of its span without secrets', async () => {
  const { gateway, inspector } = await startGateway();
  const attributes = { 'http.request.method': 'GET' };
  const span = otlpSpan(attributes, { kind: SERVER, name: 'GET /token/9fK2mQ7x' });
  await sendSpans(gateway, exportRequest([span]));
  await eventually(() => gateway.stats().tracked === 1);
  expect(inspector.hits()[0]?.params.action_name).toBe('GET /token/redacted');
});
