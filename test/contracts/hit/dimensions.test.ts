import { words } from '../../support/words.js';
import { golden, variables } from './golden.js';

const SOURCES = {
  1: 'http.request.method',
  2: 'http.response.status_code',
  3: 'http.route',
  4: 'url.full',
  5: 'http.target',
  6: 'url.path',
  7: 'url.query',
  8: 'url.scheme',
  9: 'client.address',
  10: 'user_agent.original',
  11: 'http.request.header.referer',
  12: 'matomo.failed_endpoint',
};
const FULL = 'https://shop.example.org/users/42?a=1&token=redacted';
const MD5 = 'd41d8cd98f00b204e9800998ecf8427e';
const MASKED = { anonymizeIp: 1 } as const;
const header = (name: string, value: string, options = {}) => ({
  name: `header ${name}: ${value}`.slice(0, 90),
  facts: { headers: { [name]: value } },
  options: { dimensions: { 1: `http.request.header.${name}` }, ...options },
});
const attribute = (name: string, value: string | number | readonly string[], options = {}) => ({
  name: `attribute ${name}: ${value}`.slice(0, 90),
  facts: { attributes: { [name]: value } },
  options: { dimensions: { 1: name }, ...options },
});
golden([
  {
    name: 'what the hit knows itself',
    options: { dimensions: SOURCES },
    facts: { query: 'a=1&token=x&q=y', headers: { referer: 'https://ref.example/?token=x' } },
    page: {
      url: FULL,
      urlref: 'https://ref.example/?token=redacted',
      dimension1: 'GET',
      dimension2: '200',
      dimension3: '/users/:id',
      dimension4: FULL,
      dimension5: '/users/42?a=1&token=redacted',
      dimension6: '/users/42',
      dimension7: 'a=1&token=redacted',
      dimension8: 'https',
      dimension9: '192.0.2.10',
      dimension10: 'curl/8.5.0',
      dimension11: 'https://ref.example/?token=redacted',
    },
  },
  // By old names, and what is derived.
  ...(
    [
      ['http.method', 'GET'],
      ['http.status_code', '200'],
      ['http.url', 'https://shop.example.org/users/42'],
      ['http.request.header.user-agent', 'curl/8.5.0'],
      ['trace_id', '1'.repeat(32)],
      ['span_id', '2222222222222222'],
      ['user_agent.name', 'curl'],
      ...words('net.peer.ip http.client_ip network.peer.address net.sock.peer.addr').map(
        (name) => [name, '192.0.2.10'] as const,
      ),
    ] as const
  ).map(([name, dimension1]) => ({ options: { dimensions: { 1: name } }, page: { dimension1 } })),
  {
    name: 'what the hit knows of a failure',
    options: {
      dimensions: { 1: SOURCES[1], 3: SOURCES[3], 9: SOURCES[9], 12: SOURCES[12] },
      ...MASKED,
    },
    facts: { method: 'FOO', status: 503, path: '/x', route: '' },
    page: {
      action_name: '_OTHER /x',
      cvar: variables(503, '_OTHER'),
      dimension1: '_OTHER',
      dimension9: '192.0.2.0',
      dimension12: '5xx _OTHER /x',
    },
  },
  {
    name: 'functions',
    options: {
      dimensions: {
        1: (request) => [request.header('X-Plan') ?? '', 'b'],
        2: (request) => request.attributes['app.tier'] === 'gold',
        3: ({ protocol, host, address, userAgent, query }) =>
          `${protocol} ${host} ${address} ${userAgent} ${query}`,
        4: ({ aborted, durationMillis, startTime }) => `${aborted} ${durationMillis} ${startTime}`,
        5: () => 0,
        6: () => undefined,
      },
    },
    facts: { query: 'x=1', headers: { 'x-plan': 'pro' }, attributes: { 'app.tier': 'gold' } },
    page: {
      dimension1: 'pro,b',
      dimension2: 'true',
      dimension3: 'https shop.example.org 192.0.2.10 curl/8.5.0 x=1',
      dimension4: 'false 12.4 1795176000000',
      dimension5: '0',
    },
  },
  ...(
    [
      ['x-plan', ' ', null],
      ['x-plan', 'x'.repeat(300), 'x'.repeat(250)],
      ['x-other', 'Bearer abc', 'redacted'],
      ['mcp-method', MD5, 'redacted'],
      ['x-checksum', MD5, MD5],
      ['x-original-url', 'token/9fK2mQ7x', 'token/redacted'],
      ['x-text', 'see a?token=1', 'see a?token=redacted'],
    ] as const
  ).map(([name, value, dimension1]) => ({ ...header(name, value), page: { dimension1 } })),
  {
    ...header('x-forwarded-for', '198.51.100.23, 010.0.0.1:80, "[2001:db8:1:2:3::1]:443"', MASKED),
    page: { dimension1: '198.51.100.0, 10.0.0.0, 2001:db8:1:2::' },
  },
  {
    ...header('x-note', 'v1.2.3.4.5 at 198.51.100.23. or 198.51.100.24:', MASKED),
    page: { dimension1: 'v1.2.3.4.5 at 198.51.100.0. or 198.51.100.0:' },
  },
  ...(
    [
      ['app.text', 'a?token=1', 'a?token=1'],
      ['app.number', 7.5, '7.5'],
      ['app.list', ['a', 'b'], 'a,b'],
      ['error.type', 'Ada was here', '_OTHER'],
      ['user_agent.name', 'Own', 'Own'], // otherwise, it is derived
    ] as const
  ).map(([name, value, dimension1]) => ({ ...attribute(name, value), page: { dimension1 } })),
  { ...attribute('app.number', Number.NaN), problems: ['parameter-invalid'] },
  { options: { dimensions: { 1: () => [1, Number.NaN] } }, problems: ['parameter-invalid'] },
  { ...attribute('app.ip', '198.51.100.23', MASKED), page: { dimension1: '198.51.100.0' } },
  {
    name: 'an attribute of the service',
    options: { dimensions: { 1: 'service.name', 2: 'service.version' } },
    facts: {
      service: { 'service.name': 'shop', 'service.version': '1' },
      attributes: { 'service.version': '2' },
    },
    page: { dimension1: 'shop', dimension2: '2' },
  },
  {
    name: 'the product of a user agent and its version',
    facts: { headers: { 'user-agent': `${'p'.repeat(70)}/${'1'.repeat(25)}` } },
    options: { dimensions: { 2: 'user_agent.name', 3: 'user_agent.version' } },
    page: {
      ua: `${'p'.repeat(40)}/${'1'.repeat(25)}`,
      dimension2: 'p'.repeat(64),
      dimension3: '1'.repeat(20),
    },
  },
]);
