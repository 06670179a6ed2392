import type { Span } from '../doors/spans.js';
import { request } from './request-span.js';
import { type Row, trackInTurns } from './row.js';

const routed = (
  name: string,
  path: string,
  route: string,
  hit: string,
  more: Partial<Row> = {},
): Row => ({
  name,
  spans: [request('a', { attributes: { 'url.path': path, 'http.route': route } })],
  hits: [hit],
  ...more,
});

const below = (
  name: string,
  path: string,
  spans: readonly Omit<Span, 'id' | 'parent'>[],
  hit: string,
  route?: string,
): Row => ({
  name,
  spans: [
    ...spans.map((span, i) => ({ id: `step-${i}`, parent: 'a', ...span })),
    request('a', { attributes: { 'url.path': path, 'http.route': route } }),
  ],
  hits: [hit],
});

const DJANGO = { resource: { 'telemetry.sdk.language': 'python' } };
const PHP = { resource: { 'telemetry.sdk.language': 'php' } };

// Routes; routes.test.ts has their syntax.
trackInTurns([
  routed('a route', '/users/7', '/users/:id', 'GET /users/:id 200'),
  routed(
    'below where the application is served, in Python',
    '/app/users/7',
    '/users/{id}',
    'GET /users/{id} 200',
    DJANGO,
  ),
  routed('the name of a route, in PHP', '/users/7', 'user_show', 'GET user_show 200', PHP),
  routed('the name of a route, elsewhere', '/users/7', 'user_show', 'GET /users/:id 200', DJANGO),
  routed('the data of a page', '/posts/7/__data.json', '/posts/[id]', 'GET /posts/[id] 200'),
  below(
    'the route of a span below',
    '/users/7',
    [{ attributes: { 'http.route': '/users/[id]' } }],
    'GET /users/[id] 200',
  ),
  below(
    'the own route wins',
    '/users/7',
    [{ attributes: { 'http.route': '/users/[id]' } }],
    'GET /users/:user 200',
    '/users/:user',
  ),
  below(
    'a route below that cannot have matched',
    '/users/7',
    [
      { attributes: { 'http.route': '/orders/[id]' } },
      { attributes: { 'http.route': '/users/[id]' } },
    ],
    'GET /users/[id] 200',
  ),
  below(
    'a route below with text wins over an own one of parameters',
    '/users/7',
    [{ attributes: { 'http.route': '/users/[id]' } }],
    'GET /users/[id] 200',
    '/:a/:b',
  ),
  ...['express.type', 'router.type', 'connect.type'].map((type) =>
    below(
      `a layer of ${type} has a part of a route only`,
      '/users/7',
      [{ attributes: { 'http.route': '/users/:part', [type]: 'router' } }],
      'GET /users/:id 200',
    ),
  ),
  below(
    'SvelteKit',
    '/users/7',
    [{ name: 'sveltekit.handle.root', attributes: { 'http.route': '/users/[user]' } }],
    'GET /users/[user] 200',
  ),
  below(
    'SvelteKit, another span',
    '/users/7',
    [{ name: 'sveltekit.load', attributes: { 'http.route': '/users/[user]' } }],
    'GET /users/:id 200',
  ),
  below(
    'SvelteKit, a request of a page to its own server',
    '/users/7',
    [
      {
        name: 'sveltekit.handle.root',
        attributes: { 'http.route': '/users/[user]', 'sveltekit.is_sub_request': true },
      },
    ],
    'GET /users/:id 200',
  ),
  below(
    'ten routes below are looked at',
    '/users/7',
    [
      ...Array.from({ length: 9 }, (_each, i) => ({ attributes: { 'http.route': `/other-${i}` } })),
      { attributes: { 'http.route': '/users/[tenth]' } },
    ],
    'GET /users/[tenth] 200',
  ),
]);

const message = (
  name: string,
  attributes: Span['attributes'],
  hit: Row['hits'][number],
  more: Partial<Span> = {},
  row: Partial<Row> = {},
): Row => ({
  name,
  spans: [
    { id: 'message', parent: 'a', attributes: attributes ?? {}, ...more },
    request('a', { attributes: { 'http.request.method': 'POST', 'url.path': '/rpc' } }),
  ],
  hits: hit === '' ? [] : [hit],
  ...row,
});
const TOOL = { 'mcp.method.name': 'tools/call', 'gen_ai.tool.name': 'find_order' };
const FAILED = { options: { errors: 'type' } } as const;

// Operations of GraphQL, JSON-RPC and MCP.
trackInTurns([
  message('GraphQL', { 'graphql.operation.name': 'FindOrder' }, 'POST /rpc FindOrder 200'),
  message(
    'JSON-RPC',
    { 'rpc.system': 'jsonrpc', 'rpc.method': 'getOrder' },
    'POST /rpc getOrder 200',
  ),
  message('another RPC', { 'rpc.system': 'dubbo', 'rpc.method': 'getOrder' }, 'POST /rpc 200'),
  message(
    'a call of JSON-RPC by the handler',
    { 'rpc.system': 'jsonrpc', 'rpc.method': 'getOrder' },
    'POST /rpc 200',
    { kind: 'CLIENT' },
  ),
  message('a name that is none', { 'graphql.operation.name': 'not a name' }, 'POST /rpc 200'),
  message(
    'a name that is too long',
    { 'graphql.operation.name': 'x'.repeat(129) },
    'POST /rpc 200',
  ),
  message('MCP', TOOL, 'MCP tools/call find_order 200'),
  message(
    'MCP by rpc.method',
    { 'rpc.system': 'mcp', 'rpc.method': 'resources/read' },
    'MCP resources/read 200',
  ),
  message(
    'a prompt of MCP',
    { 'mcp.method.name': 'prompts/get', 'gen_ai.prompt.name': 'review' },
    'MCP prompts/get review 200',
  ),
  message(
    'a tool of MCP, as Sentry names it',
    { 'mcp.method.name': 'tools/call', 'mcp.tool.name': 'find_order' },
    'MCP tools/call find_order 200',
  ),
  message(
    'a prompt of MCP, as Sentry names it',
    { 'mcp.method.name': 'prompts/get', 'mcp.prompt.name': 'review' },
    'MCP prompts/get review 200',
  ),
  {
    name: 'a call of MCP by captured headers',
    spans: [
      request('a', {
        attributes: {
          'http.request.method': 'POST',
          'url.path': '/mcp',
          'http.request.header.mcp-method': ['tools/call'],
          'http.request.header.mcp-name': ['find_order'],
          'http.request.header.mcp-protocol-version': ['2026-07-28'],
        },
      }),
    ],
    options: { dimensions: { 1: 'gen_ai.tool.name', 2: 'mcp.protocol.version' } },
    hits: [
      {
        hit: 'MCP tools/call find_order 200',
        params: { dimension1: 'find_order', dimension2: '2026-07-28' },
      },
    ],
    ways: ['exporter', 'gateway'],
  },
  message('a call of MCP by the handler', TOOL, 'POST /rpc 200', { kind: 'CLIENT' }),
  {
    name: 'MCP around GraphQL',
    spans: [
      {
        id: 'query',
        parent: 'message',
        durationMillis: 2,
        attributes: { 'graphql.operation.name': 'FindOrder' },
      },
      { id: 'message', parent: 'a', durationMillis: 5, attributes: TOOL },
      request('a', { attributes: { 'http.request.method': 'POST', 'url.path': '/rpc' } }),
    ],
    hits: ['MCP tools/call find_order 200'],
  },
  {
    name: 'of two queries of GraphQL, the first one',
    spans: [
      {
        id: 'one',
        parent: 'a',
        durationMillis: 2,
        attributes: { 'graphql.operation.name': 'First' },
      },
      {
        id: 'two',
        parent: 'a',
        durationMillis: 5,
        attributes: { 'graphql.operation.name': 'Second' },
      },
      request('a', { attributes: { 'http.request.method': 'POST', 'url.path': '/graphql' } }),
    ],
    hits: ['POST /graphql First 200'],
  },
  {
    name: 'a message of MCP in the trace of its client, with a link to the request',
    spans: [
      {
        id: 'message',
        parent: 'client',
        isParentRemote: true,
        kind: 'SERVER',
        attributes: TOOL,
        links: ['a'],
      },
      request('a', { attributes: { 'http.request.method': 'POST', 'url.path': '/rpc' } }),
    ],
    hits: ['MCP tools/call find_order 200'],
    ways: ['exporter', 'gateway'],
  },
  {
    name: 'links of a span that is no message, and of a message below its own request',
    spans: [
      {
        id: 'other',
        parent: 'client',
        isParentRemote: true,
        attributes: { 'matomo.action_name': 'taken' },
        links: ['a'],
      },
      { id: 'ping', parent: 'own', attributes: { 'mcp.method.name': 'ping' }, links: ['a'] },
      request('a', { attributes: { 'http.request.method': 'POST', 'url.path': '/any' } }),
      request('own', { attributes: { 'http.request.method': 'POST', 'url.path': '/own' } }),
    ],
    hits: ['POST /any 200'],
    ignored: { mcp: 1 },
    unused: 1,
    ways: ['exporter', 'gateway'],
  },
  message(
    'a query of GraphQL that failed',
    { 'graphql.operation.name': 'FindOrder', 'graphql.operation.type': 'query' },
    { hit: 'POST /rpc FindOrder 200', params: { cvar: /"NoOrder"/ } },
    {
      status: 'ERROR',
      events: [{ name: 'exception', attributes: { 'exception.type': 'NoOrder' } }],
    },
    FAILED,
  ),
  message(
    'a step of GraphQL that failed, without a status',
    {},
    { hit: 'POST /rpc 200', params: { cvar: /"NoOrder"/ } },
    {
      name: 'graphql.validate',
      events: [{ name: 'exception', attributes: { 'exception.type': 'NoOrder' } }],
    },
    { ...FAILED, ways: ['exporter', 'processor'] },
  ),
]);
