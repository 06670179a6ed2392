import type { Span } from '../doors/spans.js';
import { request } from './request-span.js';
import { type Row, trackInTurns } from './row.js';

/** A request of `/users/7`, whose own route is `route`, and spans below it. */
const below = (
  name: string,
  attributes: readonly NonNullable<Span['attributes']>[],
  title: string,
  route?: string,
  spanName = 'span',
): Row => ({
  name,
  spans: [
    ...attributes.map((each, i) => ({
      id: `step-${i}`,
      parent: 'a',
      name: spanName,
      attributes: each,
    })),
    request('a', { attributes: { 'url.path': '/users/7', 'http.route': route } }),
  ],
  hits: [`GET ${title} 200`],
});

// Routes; routes.test.ts has their syntax, and that a span below may report them.
trackInTurns([
  {
    name: 'the data of a page',
    spans: [
      request('a', {
        attributes: { 'url.path': '/posts/7/__data.json', 'http.route': '/posts/[id]' },
      }),
    ],
    hits: ['GET /posts/[id] 200'],
  },
  below('the own route wins', [{ 'http.route': '/users/[id]' }], '/users/:user', '/users/:user'),
  below(
    'a route below that cannot have matched',
    [{ 'http.route': '/orders/[id]' }, { 'http.route': '/users/[id]' }],
    '/users/[id]',
  ),
  below(
    'a route below with text wins over an own one of parameters',
    [{ 'http.route': '/users/[id]' }],
    '/users/[id]',
    '/:a/:b',
  ),
  ...['express.type', 'router.type', 'connect.type'].map((type) =>
    below(
      `a layer of ${type} has a part of a route only`,
      [{ 'http.route': '/users/:part', [type]: 'router' }],
      '/users/:id',
    ),
  ),
  ...(
    [
      ['handle.root', {}, '/users/[user]'],
      ['load', {}, '/users/:id'],
      // A request of a page to its own server.
      ['handle.root', { 'sveltekit.is_sub_request': true }, '/users/:id'],
    ] as const
  ).map(([name, attributes, title]) =>
    below(
      `${name} of SvelteKit with ${JSON.stringify(attributes)}`,
      [{ 'http.route': '/users/[user]', ...attributes }],
      title,
      undefined,
      `sveltekit.${name}`,
    ),
  ),
]);

const rpc = (path = '/rpc') =>
  request('a', { attributes: { 'http.request.method': 'POST', 'url.path': path } });

const message = (
  name: string,
  attributes: Span['attributes'],
  hit: Row['hits'][number],
  more: Partial<Span> = {},
  row: Partial<Row> = {},
): Row => ({
  name,
  spans: [{ id: 'message', parent: 'a', attributes: attributes ?? {}, ...more }, rpc()],
  hits: [hit],
  ...row,
});
const TOOL = { 'mcp.method.name': 'tools/call', 'gen_ai.tool.name': 'find_order' };
const PROMPT = { 'mcp.method.name': 'prompts/get', 'gen_ai.prompt.name': 'review' };
const CALL = { 'rpc.system': 'jsonrpc', 'rpc.method': 'getOrder' };
const HIT = {
  name: 'matomo.hit',
  attributes: { 'matomo.e_c': 'Orders', 'matomo.e_a': 'found', 'matomo.uid': 'alice' },
};

// Operations of GraphQL, JSON-RPC and MCP. Names: test/requests/operations.test.ts.
trackInTurns([
  message('GraphQL', { 'graphql.operation.name': 'FindOrder' }, 'POST /rpc FindOrder 200'),
  message('JSON-RPC', CALL, 'POST /rpc getOrder 200'),
  message('another RPC', { ...CALL, 'rpc.system': 'dubbo' }, 'POST /rpc 200'),
  message('a call of JSON-RPC by the handler', CALL, 'POST /rpc 200', { kind: 'CLIENT' }),
  message('MCP', TOOL, 'MCP tools/call find_order 200'),
  message('a prompt of MCP', PROMPT, 'MCP prompts/get review 200'),
  message(
    'the former name of a tool',
    { 'mcp.method.name': 'tools/call', 'mcp.tool.name': 'own' },
    'MCP tools/call own 200',
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
    options: { dimensions: { 1: 'gen_ai.tool.name' } },
    hits: [{ hit: 'MCP tools/call find_order 200', params: { dimension1: 'find_order' } }],
    ways: ['exporter', 'gateway'],
  },
  message('a call of MCP by the handler', TOOL, 'POST /rpc 200', { kind: 'CLIENT' }),
  {
    name: 'of two queries of GraphQL, the first one',
    spans: [
      ...['First', 'Last'].map((name, i) => ({
        ...{ id: name, parent: 'a', durationMillis: 5 + i },
        attributes: { 'graphql.operation.name': name },
      })),
      rpc(),
    ],
    hits: ['POST /rpc First 200'],
  },
  {
    name: 'a message of MCP in the trace of its client, with a link to the request, and a step of it',
    spans: [
      { id: 'step', trace: 'other', parent: 'message', events: [HIT] },
      {
        id: 'message',
        trace: 'other',
        parent: 'client',
        isParentRemote: true,
        kind: 'SERVER',
        attributes: TOOL,
        links: ['a'],
      },
      rpc(),
    ],
    hits: ['MCP tools/call find_order 200', 'event Orders found'],
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
      rpc('/any'),
      request('own', { attributes: { 'http.request.method': 'POST', 'url.path': '/own' } }),
    ],
    hits: ['POST /any 200'],
    ignored: { mcp: 1 },
    unused: 1,
    ways: ['exporter', 'gateway'],
  },
  message(
    'a step of GraphQL that failed, without a status',
    {},
    { hit: 'POST /rpc 200', params: { cvar: /"NoOrder"/ } },
    {
      name: 'graphql.validate',
      events: [{ name: 'exception', attributes: { 'exception.type': 'NoOrder' } }],
    },
    { ways: ['exporter', 'processor'] },
  ),
]);
