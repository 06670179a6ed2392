import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { connect as connectHttp2 } from 'node:http2';
import { text } from 'node:stream/consumers';
import { expect, onTestFinished, test } from 'vitest';
import { type Handler, startBoth, TRACKED } from '../support/both-services.js';
import { rawRequest, sendRaw } from '../support/raw-request.js';

type Headers = Readonly<Record<string, string | readonly string[]>>;

const SENT = {
  'user-agent': 'Firefox of the client',
  'accept-language': 'de',
  referer: 'https://search.example/',
};

type Http = 1 | 2;

async function visit(
  handle: Handler,
  http: Http,
  isTraced: boolean,
  more: Headers = {},
  options = {},
) {
  const service = await startBoth(TRACKED[isTraced ? 1 : 0], handle, { http, options });
  const headers = { ...SENT, ...more };
  if (http === 1) {
    const sent = Object.entries({ Host: 'shop.example', ...headers, Expect: '100-continue' });
    const lines = sent.flatMap(([name, values]) =>
      [values].flat().map((each) => `${name}: ${each}`),
    );
    await sendRaw(service, rawRequest('/r', lines, 'HEAD'));
  } else {
    const session = connectHttp2(service.url);
    onTestFinished(() => session.destroy());
    const target = { ':method': 'HEAD', ':path': '/r', ':authority': 'shop.example' };
    const stream = session.request({ ...target, ...headers }, { endStream: true });
    await text(stream);
    if (!stream.closed) await once(stream, 'close');
  }
  return service.hitsOf(1);
}

type Writable = { -readonly [key in keyof IncomingMessage]: IncomingMessage[key] };

function replace(target: object, name: string, value: unknown): void {
  Object.defineProperty(target, name, { value, configurable: true, writable: true });
}

const CHANGES: readonly (readonly [
  what: string,
  change: (request: Writable, response: ServerResponse) => void,
])[] = [
  [
    'sets the host, the user agent, the method, the URL, and later the status',
    (request, response) => {
      const backend = { host: 'backend', ':authority': 'backend', 'user-agent': 'proxy' };
      Object.assign(request.headers, backend);
      Object.assign(request, { method: 'DELETE', url: '/rewritten?token=1' });
      response.once('finish', () => replace(response, 'statusCode', 500));
    },
  ],
  ['replaces the raw headers', (request) => replace(request, 'rawHeaders', [])],
];
/** Each change over both protocols, with and without tracing in turns. */
const BOTH: readonly Http[] = [1, 2];
const IN_TURNS = CHANGES.flatMap((row, i) =>
  BOTH.map((http) => [http, (i + http) % 2 === 0, ...row] as const),
);

test.each(IN_TURNS)(
  'HTTP/%i, tracing: %s: what the client sent counts if the application %s',
  async (http, isTraced, _what, change) => {
    const handle: Handler = (request, response) => {
      change(request, response);
      response.writeHead(203).end();
    };
    const hits = await visit(handle, http, isTraced);
    expect(hits).toHaveLength(1);
    expect(hits[0]?.params).toMatchObject({
      action_name: 'HEAD /r',
      url: 'https://shop.example/r',
      ua: SENT['user-agent'],
      lang: 'de',
      urlref: SENT.referer,
    });
    expect(hits[0]?.status).toBe(203);
  },
);

test.each(
  BOTH.flatMap((http) => [[http, undefined] as const, [http, '203.0.113.7, 127.0.0.1'] as const]),
)(
  'HTTP/%i: the address that a proxy names counts if the application makes %j of the header',
  async (http, replaced) => {
    const handle: Handler = ({ headers }, response) => {
      if (replaced === undefined) delete headers['x-forwarded-for'];
      else headers['x-forwarded-for'] = replaced;
      response.end();
    };
    const options = { trustProxy: 1, tokenAuth: 'a'.repeat(32) };
    const sent = { 'x-forwarded-for': '203.0.113.7' };
    const [hit] = await visit(handle, http, false, sent, options);
    expect(hit?.params.cip).toBe('203.0.113.7');
  },
);

test.each(BOTH)(
  'HTTP/%i: a referrer and a language are not sent if the application deletes them',
  async (http) => {
    const deleteHeaders: Handler = ({ headers }, response) => {
      for (const name of ['user-agent', 'referer', 'accept-language']) delete headers[name];
      response.end();
    };
    const [hit] = await visit(deleteHeaders, http, true);
    expect(hit?.params).toMatchObject({ ua: SENT['user-agent'] });
    for (const name of ['urlref', 'lang']) expect(hit?.params).not.toHaveProperty(name);
  },
);

test.each(BOTH)(
  'HTTP/%i: options get what the application has set, and lists of headers, also of those that it deletes',
  async (http) => {
    const handle: Handler = (request, response) => {
      Object.assign(request.headers, { 'x-plan': 'pro', 'accept-language': 'fr' });
      delete request.headers['set-cookie'];
      response.setHeader('x-labels', ['a', 'b']);
      response.end();
    };
    type Read = { header(name: string): string | undefined };
    const dimensions = {
      1: (request: Read) => `${request.header('X-Plan')} ${request.header('accept-language')}`,
      2: (request: Read) => request.header('set-cookie'),
      3: 'http.response.header.x-labels',
    };
    const list = { 'set-cookie': ['c=1', 'd=2'] };
    const [hit] = await visit(handle, http, true, list, { dimensions });
    expect(hit?.params).toMatchObject({
      dimension1: 'pro fr',
      dimension2: 'c=1, d=2',
      dimension3: 'a, b',
    });
  },
);

test('without tracing, callbacks get the attributes that an instrumentation would set', async () => {
  const seen: unknown[] = [];
  const ignore = ({ attributes }: { readonly attributes: unknown }) => seen.push(attributes) > 0;
  const service = await startBoth('without tracing', (_, response) => void response.end(), {
    options: { ignore },
  });
  const more = 'Host: shop.example\r\nUser-Agent: curl/8\r\nExpect: 100-continue';
  for (const target of ['/a?b=c', '/d'])
    await sendRaw(service, `GET ${target} HTTP/1.1\r\n${more}\r\nConnection: close\r\n\r\n`);
  expect(await service.hitsOf(2)).toEqual([]);
  const common = {
    'http.request.method': 'GET',
    'http.response.status_code': 200,
    'url.scheme': 'http',
    'network.protocol.version': '1.1',
    'network.peer.address': '127.0.0.1',
    'user_agent.original': 'curl/8',
  };
  expect(seen).toEqual([
    expect.objectContaining({ ...common, 'url.path': '/a', 'url.query': 'b=c' }),
    expect.objectContaining({ ...common, 'url.path': '/d' }),
  ]);
  expect(seen[1]).not.toHaveProperty('url.query');
});
