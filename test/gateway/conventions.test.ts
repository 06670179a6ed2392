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

// What a gateway reads differently than a processor does; what all read of spans is in test/contracts/spans.
const ROWS: readonly (readonly [
  name: string,
  language: string,
  attributes: string,
  params: string,
])[] = [
  [
    'an absolute request target with stable names',
    'php',
    `http.request.method=GET, http.response.status_code=200,
      url.full=http://other.test/a?x=1, url.path=/a, server.address=shop.example.org,
      server.port=80`,
    'url=https://shop.example.org/a?x=1, action_name=GET /a',
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
    'Ruby, Rack with stable names: the port is in server.address',
    'ruby',
    `http.request.method=GET, http.response.status_code=200,
      server.address=shop.example.org:9292, url.scheme=http, url.path=/users/42,
      url.query=page=2, user_agent.original=curl/8.5.0`,
    'url=https://shop.example.org:9292/users/42?page=2, ua=curl/8.5.0',
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
