import { get, type Hits, json, post, type Scenario, withoutRoute, withRoute } from '../scenario.js';

const none = (name: string, path: string, more: Partial<Scenario> = {}): Scenario => ({
  name,
  sends: [get(path)],
  hits: ['GET Not Found 404'],
  ...more,
});

const routed = (name: string, route: string, path: string, template: string): Scenario => ({
  name,
  route,
  does: 'ok',
  sends: [get(path)],
  hits: [`GET ${route} 200`],
  differs: withoutRoute([`GET ${template} 200`]),
});

const same = (title: string): Hits => [title];

/** JSON-RPC, GraphQL and so on: a name appears after the operation has succeeded, which it does here. */
const operation = (
  name: string,
  sent: ReturnType<typeof get>,
  title: string,
  more: Partial<Scenario> = {},
): Scenario => ({
  name,
  does: 'json',
  // A parser leaves the body on Node's request, which the `stream` event does not have.
  ...(sent.body !== undefined && {
    before: 'parses the body',
    except: ({ framework }) => framework === 'stream',
  }),
  sends: [sent],
  hits: same(title),
  ...more,
});

export const TITLES: readonly Scenario[] = [
  none('no route', '/nothing-here', { receives: [{ status: 404 }] }),
  routed('a parameter', '/orders/:order', '/orders/7', '/orders/:id'),
  {
    name: 'a mounted router',
    mount: '/api/v2',
    route: '/carts/:cart',
    does: 'ok',
    sends: [get('/api/v2/carts/7')],
    hits: ['GET /api/v2/carts/:cart 200'],
    differs: withoutRoute(['GET /api/v2/carts/:id 200']),
  },
  {
    name: 'a router that is mounted with a parameter',
    mount: '/tenants/:tenant',
    route: '/carts/:cart',
    does: 'ok',
    sends: [get('/tenants/3/carts/7')],
    hits: ['GET /tenants/:tenant/carts/:cart 200'],
    differs: withoutRoute(['GET /tenants/:id/carts/:id 200']),
  },
  {
    name: 'a mounted router whose handler throws',
    mount: '/api/v3',
    route: '/carts/:cart',
    does: 'throws',
    sends: [get('/api/v3/carts/7')],
    hits: ['GET /api/v3/carts/:cart 500'],
    differs: withoutRoute(['GET /api/v3/carts/:id 500']),
  },
  {
    name: 'a route that a middleware skips',
    route: '/skipped/:skipped',
    before: 'skips the route',
    does: 'annotates',
    sends: [get('/skipped/7')],
    hits: ['GET /skipped/:skipped 404'],
    receives: [{ status: 404 }],
    except: ({ framework }) => framework !== 'express',
  },
  {
    name: 'a route that a middleware skips, and the next one',
    route: '/skipping/:skipped',
    before: 'skips the route',
    does: 'annotates',
    next: { route: '/skipping/:order', does: 'ok' },
    sends: [get('/skipping/7')],
    hits: [{ hit: 'GET /skipping/:order 200', params: { dimension5: undefined } }],
    except: ({ framework }) => framework !== 'express',
  },
  {
    name: 'a wildcard',
    route: '/tree/*',
    does: 'ok',
    sends: [get('/tree/a/b')],
    hits: ['GET /tree/* 200'],
    differs: withoutRoute(['GET /tree/a/b 200']),
  },
  {
    name: 'a failure of a route with a parameter',
    route: '/failing/:order',
    does: 'status 404',
    sends: [get('/failing/7')],
    hits: ['GET Not Found 404'],
    differs: withRoute(['GET /failing/:order 404']),
  },
  {
    name: 'a rewritten URL',
    does: 'rewrites the URL',
    sends: [get('/before-rewriting')],
    hits: [{ hit: 'GET /before-rewriting 200', params: { url: /\/before-rewriting$/ } }],
  },
  {
    name: 'a method that the application changes',
    does: 'changes the method',
    sends: [get('/method-changed')],
    hits: [{ hit: 'GET /method-changed 200', params: { dimension1: 'GET' } }],
  },
  {
    name: 'a path that is percent-encoded',
    route: '/caf%C3%A9',
    does: 'ok',
    sends: [get('/caf%C3%A9')],
    hits: ['GET /café 200'],
    except: ({ framework }) => framework !== 'node' && framework !== 'stream',
  },
  {
    name: 'an ignored path',
    ignored: 'path',
    does: 'annotates',
    sends: [get('/health?full'), get('/health', { method: 'HEAD' })],
    hits: [],
    receives: [{ status: 200 }, { status: 200 }],
  },
  none('a static file', '/assets/app.css', { hits: [], ignored: 'static' }),
  {
    name: 'a document',
    does: 'pdf',
    sends: [get('/files/report.pdf')],
    hits: [{ hit: 'download 200', params: { download: /\/files\/report\.pdf$/ } }],
  },
  operation(
    'GraphQL',
    json('/graphql', { operationName: 'FindOrder', query: 'query FindOrder { a }' }),
    'POST /graphql FindOrder 200',
  ),
  operation(
    'GraphQL with GET',
    get('/get/graphql?operationName=ListOrders&query=x'),
    'GET /get/graphql ListOrders 200',
  ),
  operation(
    'JSON-RPC',
    json('/rpc', { jsonrpc: '2.0', id: 1, method: 'eth_getBalance' }),
    'POST /rpc eth_getBalance 200',
  ),
  operation(
    'a batch of JSON-RPC',
    json('/rpc-batch', [
      { jsonrpc: '2.0', id: 1, method: 'first' },
      { jsonrpc: '2.0', id: 2, method: 'second' },
    ]),
    'POST /rpc-batch first (2) 200',
  ),
  operation(
    'JSON-RPC that fails, and never succeeded',
    json('/rpc-failing', { jsonrpc: '2.0', id: 1, method: 'never_succeeds' }),
    'POST /rpc-failing 500',
    { does: 'status 500' },
  ),
  operation(
    'MCP',
    json('/mcp', {
      jsonrpc: '2.0',
      id: 1,
      method: 'tools/call',
      params: { name: 'find_order' },
    }),
    'MCP tools/call find_order 200',
  ),
  operation(
    'a notification of MCP',
    json('/notified/mcp', { jsonrpc: '2.0', method: 'notifications/initialized' }),
    '',
    { hits: [], ignored: 'mcp' },
  ),
  operation('tRPC', get('/trpc/user.byId?input=1'), 'GET /trpc/user.byId 200', {
    route: '/trpc/*',
  }),
  operation('SOAP', post('/soap', '<a/>', { headers: { soapaction: '"urn:GetOrder"' } }), '', {
    does: 'xml',
    before: 'reads the body',
    hits: [{ hit: 'POST /soap GetOrder 200' }, 'event Test body'],
  }),
];
