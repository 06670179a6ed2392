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
  13: 'matomo.deprecated_endpoint',
};
const MCP = { method: 'POST', path: '/mcp', route: '/mcp' };
const TOOL = { 'mcp.method.name': 'tools/call', 'gen_ai.tool.name': 'known_tool' };
const ENDPOINTS = { 12: SOURCES[12], 13: SOURCES[13] };
const header = (name: string, value: string, options = {}) => ({
  name: `header ${name}: ${value}`.slice(0, 90),
  facts: { headers: { [name]: value } },
  options: { dimensions: { 1: `http.request.header.${name}` }, ...options },
});
const attribute = (
  name: string,
  value: string | number | boolean | readonly string[],
  options = {},
) => ({
  name: `attribute ${name}: ${value}`.slice(0, 90),
  facts: { attributes: { [name]: value } },
  options: { dimensions: { 1: name }, ...options },
});
const format = (type: string, path = '/users/42', status = 200) => ({
  name: `format of ${type}, ${path}, ${status}`,
  facts: { path, status, responseHeaders: { 'content-type': type } },
  options: { dimensions: { 1: 'matomo.content_format' } },
});

golden([
  {
    name: 'what the hit knows itself',
    options: { dimensions: SOURCES },
    facts: { query: 'a=1&token=x&q=y', headers: { referer: 'https://ref.example/?token=x' } },
    page: {
      url: 'https://shop.example.org/users/42?a=1&token=redacted',
      urlref: 'https://ref.example/?token=redacted',
      dimension1: 'GET',
      dimension2: '200',
      dimension3: '/users/:id',
      dimension4: 'https://shop.example.org/users/42?a=1&token=redacted',
      dimension5: '/users/42?a=1&token=redacted',
      dimension6: '/users/42',
      dimension7: 'a=1&token=redacted',
      dimension8: 'https',
      dimension9: '192.0.2.10',
      dimension10: 'curl/8.5.0',
      dimension11: 'https://ref.example/?token=redacted',
    },
  },
  {
    name: 'the same by old names',
    options: {
      dimensions: {
        1: 'http.method',
        2: 'http.status_code',
        3: 'http.url',
        4: 'http.scheme',
        5: 'net.peer.ip',
        6: 'http.user_agent',
        7: 'http.client_ip',
        8: 'network.peer.address',
        9: 'net.sock.peer.addr',
        10: 'http.request.header.user-agent',
      },
    },
    page: {
      dimension1: 'GET',
      dimension2: '200',
      dimension3: 'https://shop.example.org/users/42',
      dimension4: 'https',
      dimension5: '192.0.2.10',
      dimension6: 'curl/8.5.0',
      dimension7: '192.0.2.10',
      dimension8: '192.0.2.10',
      dimension9: '192.0.2.10',
      dimension10: 'curl/8.5.0',
    },
  },
  {
    name: 'what the hit knows of a failure',
    options: { dimensions: SOURCES, anonymizeIp: 1 },
    facts: {
      method: 'FOO',
      status: 503,
      path: '/token/9fK2mQ7x',
      route: '',
      scheme: 'http',
      headers: { host: 'localhost' },
    },
    page: {
      url: 'http://localhost/token/redacted',
      action_name: '_OTHER /token/redacted',
      cvar: variables(503, '_OTHER'),
      dimension1: '_OTHER',
      dimension2: '503',
      dimension4: 'http://localhost/token/redacted',
      dimension5: '/token/redacted',
      dimension6: '/token/redacted',
      dimension8: 'http',
      dimension9: '192.0.2.0',
      dimension10: 'curl/8.5.0',
      dimension12: '5xx _OTHER /token/redacted',
    },
  },
  {
    name: 'a failure at 400 without a route',
    options: { dimensions: ENDPOINTS },
    facts: { status: 400, path: '/x', route: '' },
    page: { action_name: 'GET Bad Request', dimension12: '4xx GET Bad Request' },
  },
  { name: 'no failure at 399', options: { dimensions: ENDPOINTS }, facts: { status: 399 } },
  {
    name: 'a call of MCP that fails',
    options: {
      dimensions: {
        1: 'matomo.failed_endpoint',
        2: 'mcp.protocol.version',
        3: 'gen_ai.tool.name',
        4: 'mcp.method.name',
      },
    },
    facts: {
      ...MCP,
      below: [
        { attributes: { ...TOOL, 'mcp.protocol.version': '2025-06-18' }, exception: 'ToolError' },
      ],
    },
    before: [{ ...MCP, below: [{ attributes: TOOL }] }],
    page: {
      action_name: 'MCP tools/call known_tool',
      cvar: variables(200, 'POST', { error_type: 'ToolError' }),
      dimension1: 'error MCP tools/call known_tool',
      dimension2: '2025-06-18',
      dimension3: 'known_tool',
      dimension4: 'tools/call',
    },
  },
  {
    name: 'a prompt of MCP is no tool',
    options: { dimensions: { 1: 'gen_ai.tool.name', 2: 'mcp.method.name' } },
    facts: {
      ...MCP,
      below: [{ attributes: { 'mcp.method.name': 'prompts/get', 'gen_ai.prompt.name': 'review' } }],
    },
    page: { action_name: 'MCP prompts/get review', dimension2: 'prompts/get' },
  },
  {
    name: 'names of operations by kind',
    options: { dimensions: { 1: 'graphql.operation.name', 2: 'rpc.method' } },
    facts: {
      method: 'POST',
      path: '/graphql',
      route: '/graphql',
      attributes: { 'graphql.operation.name': 'CreateOrder' },
    },
    page: { action_name: 'POST /graphql CreateOrder', dimension1: 'CreateOrder' },
  },
  ...(
    [
      [{ deprecation: '@1688169599' }, 'GET /users/:id'],
      [{ sunset: 'Sat, 31 Dec 2026 23:59:59 GMT' }, 'GET /users/:id'],
      [{ deprecation: '?0' }, null],
      [{ deprecation: 'False' }, null],
    ] as const
  ).map(([responseHeaders, dimension13]) => ({
    facts: { responseHeaders },
    options: { dimensions: ENDPOINTS },
    page: { dimension13 },
  })),
  {
    name: 'a deprecated route',
    options: { dimensions: ENDPOINTS, deprecated: [/^\/users\/:id$/] },
    page: { dimension13: 'GET /users/:id' },
  },
  {
    name: 'a deprecated route without a slash',
    options: { dimensions: ENDPOINTS, deprecated: [/^\/users\/:id$/] },
    facts: { route: 'users/:id' },
    page: { dimension13: 'GET users/:id' },
  },
  {
    name: 'a deprecated response of a refused path',
    options: { dimensions: ENDPOINTS },
    facts: { status: 404, path: '/x', route: '', responseHeaders: { deprecation: 'true' } },
    page: { action_name: 'GET Not Found', dimension12: '4xx GET Not Found' },
  },
  {
    name: 'a deprecated endpoint that is gone',
    options: { dimensions: ENDPOINTS },
    facts: {
      status: 410,
      path: '/v1/users/42',
      route: '',
      responseHeaders: { deprecation: 'true' },
    },
    page: {
      action_name: 'GET Gone',
      dimension12: '4xx GET Gone',
      dimension13: 'GET /v1/users/:id',
    },
  },
  {
    name: 'functions',
    options: {
      dimensions: {
        1: (request) => request.header('X-Plan'),
        2: (request) => request.attributes['app.tier'] as string,
        3: () => undefined,
        4: () => 7,
        5: () => true as never,
        6: (request) =>
          [
            request.protocol,
            request.host,
            request.address,
            request.userAgent,
            request.query,
            request.aborted,
            request.durationMillis,
            request.startTime,
          ].join(' '),
      },
    },
    facts: { query: 'x=1', headers: { 'x-plan': 'pro' }, attributes: { 'app.tier': 'gold' } },
    page: {
      dimension1: 'pro',
      dimension2: 'gold',
      dimension4: '7',
      dimension5: 'true',
      dimension6: 'https shop.example.org 192.0.2.10 curl/8.5.0 x=1 false 12.4 1795176000000',
    },
  },
  { ...header('x-plan', 'pro'), page: { dimension1: 'pro' } },
  { ...header('x-plan', ' ') },
  { ...header('x-original-url', '#top') },
  { ...header('x-note', '\u0085') },
  { ...header('x-plan', 'x'.repeat(300)), page: { dimension1: 'x'.repeat(250) } },
  { ...header('x-other', 'Bearer abc'), page: { dimension1: 'redacted' } },
  ...['mcp-method', 'mcp-name', 'soapaction', 'x-amz-target', 'x-apollo-operation-name'].map(
    (name) => ({
      ...header(name, 'd41d8cd98f00b204e9800998ecf8427e'),
      page: { dimension1: 'redacted' },
    }),
  ),
  {
    ...header('x-checksum', 'd41d8cd98f00b204e9800998ecf8427e'),
    page: { dimension1: 'd41d8cd98f00b204e9800998ecf8427e' },
  },
  {
    ...header('x-forwarded-for', '198.51.100.23, 10.0.0.1:80, [2001:db8::1]:443'),
    page: { dimension1: '198.51.100.23, 10.0.0.1:80, [2001:db8::1]:443' },
  },
  {
    ...header('x-forwarded-for', '198.51.100.23, 010.0.0.1:80, "[2001:db8:1:2:3::1]:443"', {
      anonymizeIp: 1,
    }),
    page: { dimension1: '198.51.100.0, 10.0.0.0, 2001:db8:1:2::' },
  },
  {
    ...header('x-note', 'v1.2.3.4.5 at 198.51.100.23. or 198.51.100.24:', { anonymizeIp: 2 }),
    page: { dimension1: 'v1.2.3.4.5 at 198.51.0.0. or 198.51.0.0:' },
  },
  { ...header('x-original-url', 'token/9fK2mQ7x'), page: { dimension1: 'token/redacted' } },
  { ...header('x-text', 'see a?token=1'), page: { dimension1: 'see a?token=redacted' } },
  {
    ...header('host', 'u:p@shop.example.org/x'),
    page: { url: 'https://localhost/users/42', dimension1: 'shop.example.org' },
  },
  { ...attribute('app.plan', 'pro'), page: { dimension1: 'pro' } },
  { ...attribute('app.text', 'a?token=1'), page: { dimension1: 'a?token=1' } },
  { ...attribute('app.number', 7.5), page: { dimension1: '7.5' } },
  { ...attribute('app.flag', false), page: { dimension1: 'false' } },
  { ...attribute('app.list', ['a', 'b']), page: { dimension1: 'a,b' } },
  { ...attribute('app.number', Number.NaN), problems: ['parameter-invalid'] },
  { ...attribute('error.type', 'Ada was here'), page: { dimension1: '_OTHER' } },
  { ...attribute('exception.type', 'TypeError'), page: { dimension1: 'TypeError' } },
  { ...attribute('app.ip', '198.51.100.23', { anonymizeIp: 4 }), page: { dimension1: '0.0.0.0' } },
  {
    name: 'an attribute by its old name',
    options: {
      dimensions: { 1: 'server.address', 2: 'server.port', 3: 'network.protocol.version' },
    },
    facts: {
      attributes: { 'net.host.name': 'a.example', 'net.host.port': 81, 'http.flavor': '1.1' },
    },
    page: { dimension1: 'a.example', dimension2: '81', dimension3: '1.1' },
  },
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
    name: 'what is derived',
    options: {
      dimensions: {
        1: 'trace_id',
        2: 'span_id',
        3: 'user_agent.bot.name',
        4: 'user_agent.name',
        5: 'user_agent.version',
      },
    },
    page: {
      dimension1: '1'.repeat(32),
      dimension2: '2222222222222222',
      dimension4: 'curl',
      dimension5: '8.5.0',
    },
  },
  {
    name: 'the name of a bot',
    options: { dimensions: { 1: 'user_agent.bot.name', 2: 'user_agent.name' } },
    facts: {
      headers: { 'user-agent': 'Mozilla/5.0 (compatible; GPTBot/1.2; +https://openai.com/gptbot)' },
    },
    page: { dimension1: 'GPTBot' },
  },
  {
    name: 'a product without a version',
    options: { dimensions: { 1: 'user_agent.name', 2: 'user_agent.version' } },
    facts: { headers: { 'user-agent': ' python-requests (x)' } },
    page: { ua: 'python-requests (x)', dimension1: 'python-requests' },
  },
  {
    name: 'a derived value that the span has itself',
    options: { dimensions: { 1: 'user_agent.name' } },
    facts: { attributes: { 'user_agent.name': 'Own' } },
    page: { dimension1: 'Own' },
  },
  {
    name: 'a header of the response',
    options: { dimensions: { 1: 'http.response.header.x-cache' } },
    facts: { responseHeaders: { 'x-cache': ' HIT ' } },
    page: { dimension1: 'HIT' },
  },
  {
    name: 'a long product',
    options: { dimensions: { 1: 'user_agent.name', 2: 'user_agent.version' } },
    facts: { headers: { 'user-agent': `${'p'.repeat(70)}/${'1'.repeat(25)}` } },
    page: { dimension1: 'p'.repeat(64), dimension2: '11111111111111111111' },
  },
  {
    name: 'a browser is no product',
    options: { dimensions: { 1: 'user_agent.name' } },
    facts: { headers: { 'user-agent': 'Mozilla/5.0 x/1' } },
  },
  {
    ...format('text/plain', '/docs/llms.txt'),
    page: { action_name: 'GET /docs/llms.txt', dimension1: 'llms.txt' },
  },
  {
    ...format('text/plain', '/docs/a.md'),
    page: { action_name: 'GET /docs/a.md', dimension1: 'markdown' },
  },
  {
    ...format('text/plain', '/docs/a.md', 404),
    page: { action_name: 'GET Not Found', dimension1: 'text' },
  },
  { ...format('') },
]);

// Formats of content.
golden(
  Object.entries({
    'text/html; charset=utf-8': 'html',
    'text/markdown': 'markdown',
    'application/pdf': 'pdf',
    'text/xml': 'xml',
    'text/csv': 'csv',
    'application/yaml': 'yaml',
    'text/javascript': 'javascript',
    'text/css': 'css',
    'application/x-protobuf': 'protobuf',
    'application/msgpack': 'msgpack',
    'application/zip': 'archive',
    'application/octet-stream': 'binary',
    'TEXT/PLAIN': 'text',
    'application/vnd.api+json': 'json',
    'application/rss+xml': 'feed',
    'image/png': 'image',
    'application/x-unknown': 'other',
  }).map(([type, dimension1]) => ({ ...format(type), page: { dimension1 } })),
);

// Those of streams, which have no duration.
golden(
  Object.entries({
    'text/event-stream': 'event-stream',
    'application/x-ndjson': 'json-lines',
    'audio/ogg': 'audio',
    'video/mp4': 'video',
  }).map(([type, dimension1]) => ({
    ...format(type),
    page: { dimension1, gt_ms: null, pf_srv: null },
  })),
);
