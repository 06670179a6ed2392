import { golden, page, variables } from './golden.js';

const routed = (route: string, path = '/users/42') => ({
  name: `route ${route}`.slice(0, 80),
  facts: { route, path },
});
const at = (path: string, status = 200, more = {}) => ({
  name: `path ${path.slice(0, 70)}, ${status}`,
  facts: { path, route: '', status, ...more },
});
const MCP = { 'mcp.method.name': 'tools/call', 'gen_ai.tool.name': 'find_order' };
const JSON_ANSWER = { responseHeaders: { 'content-type': 'application/json' } };

golden([
  { ...at('/users/42') },
  {
    ...at('/users/3f2504e0-4f89-11d3-9a0c-0305e82c3301'),
    hits: [
      page({
        url: 'https://shop.example.org/users/3f2504e0-4f89-11d3-9a0c-0305e82c3301',
        action_name: 'GET /users/:uuid',
      }),
    ],
  },
  {
    ...at('/users/ada@example.org'),
    options: { query: 'keep' },
    hits: [
      page({
        url: 'https://shop.example.org/users/ada@example.org',
        action_name: 'GET /users/:email',
      }),
    ],
  },
  {
    ...at('/a/kX3vQ9bT2mN7pL5wZ8rY'),
    options: { query: 'keep' },
    hits: [
      page({
        url: 'https://shop.example.org/a/kX3vQ9bT2mN7pL5wZ8rY',
        action_name: 'GET /a/:token',
      }),
    ],
  },
  {
    ...at('/a/0123abcd/deadbeef/01ARZ3NDEKTSV4RRFFQ69G5FAV'),
    hits: [
      page({
        url: 'https://shop.example.org/a/0123abcd/deadbeef/01ARZ3NDEKTSV4RRFFQ69G5FAV',
        action_name: 'GET /a/:id/deadbeef/:id',
      }),
    ],
  },
  {
    ...at('/api/1/items/v2/2.0/a1'),
    hits: [
      page({
        url: 'https://shop.example.org/api/1/items/v2/2.0/a1',
        action_name: 'GET /api/1/items/v2/2.0/a1',
      }),
    ],
  },
  {
    ...at('/4%32/caf%C3%A9/a%2Fb/%00/%FF'),
    hits: [
      page({
        url: 'https://shop.example.org/4%32/caf%C3%A9/a%2Fb/%00/%FF',
        action_name: 'GET /:id/caf%C3%A9/a%2Fb/%00/%FF',
      }),
    ],
  },
  {
    ...at('/a%E2%80%AEb'),
    hits: [page({ url: 'https://shop.example.org/a%E2%80%AEb', action_name: 'GET /a%E2%80%AEb' })],
  },
  {
    ...at('/users/42/x'),
    options: { titlePaths: 'raw' },
    hits: [page({ url: 'https://shop.example.org/users/42/x', action_name: 'GET /users/42/x' })],
  },
  {
    ...at(`/${'a1/'.repeat(700)}42`),
    hits: [
      page({
        url: `https://shop.example.org${'/a1'.repeat(333)}/`,
        action_name: `GET ${'/a1'.repeat(340)}`,
      }),
    ],
  },
  {
    ...at('/x', 400),
    hits: [
      page({
        url: 'https://shop.example.org/x',
        action_name: 'GET Bad Request',
        cvar: variables(400, 'GET'),
      }),
    ],
  },
  {
    ...at('/x', 401),
    hits: [
      page({
        url: 'https://shop.example.org/x',
        action_name: 'GET Unauthorized',
        cvar: variables(401, 'GET'),
      }),
    ],
  },
  {
    ...at('/x', 403),
    hits: [
      page({
        url: 'https://shop.example.org/x',
        action_name: 'GET Forbidden',
        cvar: variables(403, 'GET'),
      }),
    ],
  },
  {
    ...at('/x', 404),
    hits: [
      page({
        url: 'https://shop.example.org/x',
        action_name: 'GET Not Found',
        cvar: variables(404, 'GET'),
      }),
    ],
  },
  {
    ...at('/x', 402),
    hits: [
      page({
        url: 'https://shop.example.org/x',
        action_name: 'GET /x',
        cvar: variables(402, 'GET'),
      }),
    ],
  },
  {
    ...at('/x', 405),
    hits: [
      page({
        url: 'https://shop.example.org/x',
        action_name: 'GET Method Not Allowed',
        cvar: variables(405, 'GET'),
      }),
    ],
  },
  {
    ...at('/x', 410),
    before: [{ path: '/x', route: '' }],
    hits: [
      page({
        url: 'https://shop.example.org/x',
        action_name: 'GET Gone',
        cvar: variables(410, 'GET'),
      }),
    ],
  },
  {
    ...at('/x', 500),
    hits: [
      page({
        url: 'https://shop.example.org/x',
        action_name: 'GET /x',
        cvar: variables(500, 'GET'),
      }),
    ],
  },
  {
    ...at('/x', 399),
    hits: [
      page({
        url: 'https://shop.example.org/x',
        action_name: 'GET /x',
        cvar: variables(399, 'GET'),
      }),
    ],
  },
  {
    ...at('/x/7', 403),
    before: [{ path: '/x/8', route: '' }],
    name: 'a 403 of an endpoint that has succeeded',
    hits: [
      page({
        url: 'https://shop.example.org/x/7',
        action_name: 'GET /x/:id',
        cvar: variables(403, 'GET'),
      }),
    ],
  },
  {
    ...at('/x', 404),
    before: [{ path: '/x', route: '' }],
    name: 'a 404 of an endpoint that has succeeded',
    hits: [
      page({
        url: 'https://shop.example.org/x',
        action_name: 'GET Not Found',
        cvar: variables(404, 'GET'),
      }),
    ],
  },
  {
    ...at('/x', 401),
    before: [{ path: '/x', route: '', status: 500 }],
    name: 'a 401 of an endpoint that has failed',
    hits: [
      page({
        url: 'https://shop.example.org/x',
        action_name: 'GET Unauthorized',
        cvar: variables(401, 'GET'),
      }),
    ],
  },
  {
    ...at('/x', 401),
    before: [{ path: '/x', route: '', method: 'POST' }],
    name: 'a 401 of another method',
    hits: [
      page({
        url: 'https://shop.example.org/x',
        action_name: 'GET Unauthorized',
        cvar: variables(401, 'GET'),
      }),
    ],
  },
  {
    name: 'a 404 of a route',
    facts: { status: 404 },
    hits: [page({ cvar: variables(404, 'GET') })],
  },
  {
    ...at('/posts/7.data', 200, { query: '_routes=a' }),
    hits: [
      page({
        url: 'https://shop.example.org/posts/7.data?_routes=a',
        action_name: 'GET /posts/:id',
      }),
    ],
  },
  {
    ...at('/posts/7.data'),
    hits: [
      page({ url: 'https://shop.example.org/posts/7.data', action_name: 'GET /posts/7.data' }),
    ],
  },
  {
    ...at('/posts/7.data', 200, { responseHeaders: { 'content-type': 'text/x-script' } }),
    hits: [page({ url: 'https://shop.example.org/posts/7.data', action_name: 'GET /posts/:id' })],
  },
  {
    ...at('/_root.data', 200, { headers: { accept: 'text/x-script' } }),
    hits: [page({ url: 'https://shop.example.org/_root.data', action_name: 'GET /' })],
  },
  {
    ...at('/posts/7/__data.json'),
    hits: [
      page({ url: 'https://shop.example.org/posts/7/__data.json', action_name: 'GET /posts/:id' }),
    ],
  },
  {
    ...at('/posts/7/_payload.json'),
    hits: [
      page({
        url: 'https://shop.example.org/posts/7/_payload.json',
        action_name: 'GET /posts/:id',
      }),
    ],
  },
  {
    ...at('/posts/7/q-data.json'),
    hits: [
      page({ url: 'https://shop.example.org/posts/7/q-data.json', action_name: 'GET /posts/:id/' }),
    ],
  },
  {
    ...at('/_next/data/build/posts/7.json'),
    hits: [
      page({
        url: 'https://shop.example.org/_next/data/build/posts/7.json',
        action_name: 'GET /posts/:id',
      }),
    ],
  },
  {
    ...at('/_next/data/build/index.json'),
    hits: [
      page({ url: 'https://shop.example.org/_next/data/build/index.json', action_name: 'GET /' }),
    ],
  },
  {
    ...at('/page-data/posts/7/page-data.json'),
    hits: [
      page({
        url: 'https://shop.example.org/page-data/posts/7/page-data.json',
        action_name: 'GET /posts/:id/',
      }),
    ],
  },
  {
    ...at('/page-data/index/page-data.json'),
    hits: [
      page({
        url: 'https://shop.example.org/page-data/index/page-data.json',
        action_name: 'GET /',
      }),
    ],
  },
  {
    ...at('/data.json'),
    hits: [page({ url: 'https://shop.example.org/data.json', action_name: 'GET /data.json' })],
  },
  {
    ...routed('/:repo(^[a-z-]+$)', '/abc'),
    hits: [page({ url: 'https://shop.example.org/abc', action_name: 'GET /:repo' })],
  },
  {
    ...routed('/:repo?', '/abc'),
    hits: [page({ url: 'https://shop.example.org/abc', action_name: 'GET /:repo' })],
  },
  {
    ...routed('{/:size}', '/big'),
    hits: [page({ url: 'https://shop.example.org/big', action_name: 'GET /:size' })],
  },
  {
    ...routed('/files/:rest(*)', '/files/a/b'),
    hits: [page({ url: 'https://shop.example.org/files/a/b', action_name: 'GET /files/*' })],
  },
  {
    ...routed('/files/*filepath', '/files/a/b'),
    hits: [page({ url: 'https://shop.example.org/files/a/b', action_name: 'GET /files/*' })],
  },
  {
    ...routed('/message\\:send', '/message:send'),
    hits: [
      page({ url: 'https://shop.example.org/message:send', action_name: 'GET /message:send' }),
    ],
  },
  { ...routed('GET example.com/users/{id}'), hits: [page({ action_name: 'GET /users/{id}' })] },
  { ...routed('/users/{id:int}'), hits: [page({ action_name: 'GET /users/{id}' })] },
  { ...routed('/users/:id(.:format)') },
  {
    ...routed('/:hour(\\d+)h', '/12h'),
    hits: [page({ url: 'https://shop.example.org/12h', action_name: 'GET /{hour}h' })],
  },
  { ...routed('/*', '/users/42') },
  {
    ...routed('/api/*', '/api/x/42'),
    hits: [page({ url: 'https://shop.example.org/api/x/42', action_name: 'GET /api/*' })],
  },
  { ...routed('/users/42') },
  {
    ...routed('/v1', '/v1/items/7'),
    hits: [page({ url: 'https://shop.example.org/v1/items/7', action_name: 'GET /v1/items/:id' })],
  },
  {
    ...routed('Host(`shop.example`)', '/products/7'),
    hits: [page({ url: 'https://shop.example.org/products/7', action_name: 'GET /products/:id' })],
  },
  {
    ...routed('{controller=Home}/{action=Index}/{id?}', '/Products/Details/7'),
    hits: [
      page({
        url: 'https://shop.example.org/Products/Details/7',
        action_name: 'GET /Products/Details/:id',
      }),
    ],
  },
  {
    ...routed('/posts/{$}', '/posts/'),
    hits: [page({ url: 'https://shop.example.org/posts/', action_name: 'GET /posts/' })],
  },
  {
    ...routed('/caf%C3%A9/:id', '/caf%C3%A9/7'),
    hits: [page({ url: 'https://shop.example.org/caf%C3%A9/7', action_name: 'GET /café/:id' })],
  },
  { ...routed('users/:id'), hits: [page({ action_name: 'GET users/:id' })] },
  {
    name: 'a method that a client invented succeeds',
    facts: { method: 'FOO' },
    hits: [page({ action_name: 'FOO /users/:id', cvar: variables(200, 'FOO') })],
  },
  {
    name: 'a method that a client invented fails',
    facts: { method: 'FOO', status: 404 },
    hits: [page({ action_name: '_OTHER /users/:id', cvar: variables(404, '_OTHER') })],
  },
  {
    name: 'a known method fails',
    facts: { method: 'DELETE', status: 500 },
    hits: [page({ action_name: 'DELETE /users/:id', cvar: variables(500, 'DELETE') })],
  },
  {
    name: 'a template of the title',
    facts: { path: '/users/42', status: 201, spanName: 'users.show' },
    options: { actionName: '{status} {host}{path} [{span}] {route} {method}!' },
    hits: [
      page({
        action_name: '201 shop.example.org/users/42 [users.show] /users/:id GET!',
        cvar: variables(201, 'GET'),
      }),
    ],
  },
  {
    name: 'a span name that is the method',
    facts: { method: 'FOO', status: 404, spanName: 'FOO' },
    options: { actionName: '{span}' },
    hits: [page({ action_name: '_OTHER', cvar: variables(404, '_OTHER') })],
  },
  {
    name: 'a span name with secrets',
    facts: { spanName: 'GET /token/9fK2mQ7x' },
    options: { actionName: '{span}' },
    hits: [page({ action_name: 'GET /token/redacted' })],
  },
  {
    name: 'the host of a title',
    facts: { headers: { host: 'u:p@shop.example.org:8080/x?y#z' } },
    options: { actionName: '{host}' },
    hits: [page({ url: 'https://localhost/users/42', action_name: 'shop.example.org:8080' })],
  },
  {
    name: 'a title without a host',
    facts: { headers: { host: undefined } },
    options: { actionName: 'x{host}' },
    hits: [page({ url: 'https://localhost/users/42', action_name: 'x' })],
  },
  {
    name: 'a function makes the title',
    options: {
      actionName: (request) =>
        `${request.method} ${request.path} ${request.route} ${request.statusCode}`,
    },
    hits: [page({ action_name: 'GET /users/42 /users/:id 200' })],
  },
  { name: 'a function that returns nothing', options: { actionName: () => undefined } },
  {
    name: 'a function that throws',
    options: {
      actionName: () => {
        throw new Error('x');
      },
    },
    problems: ['callback-failed'],
  },
  {
    name: 'a function that returns a promise',
    options: { actionName: (() => Promise.resolve('x')) as never },
    problems: ['callback-failed'],
  },
  {
    name: 'routeDetails by route',
    options: {
      routeDetails: {
        '/users/:id': { action_name: 'A user', dimension1: 'x', cvar: { plan: 'pro' } },
      },
    },
    hits: [
      page({
        action_name: 'A user',
        cvar: variables(200, 'GET', { plan: 'pro' }),
        dimension1: 'x',
      }),
    ],
  },
  {
    name: 'routeDetails by method and route win',
    options: {
      routeDetails: {
        '/users/:id': { action_name: 'A' },
        'GET /users/:id': { action_name: 'B' },
        '/users/42': { action_name: 'C' },
      },
    },
    hits: [page({ action_name: 'B' })],
  },
  {
    name: 'routeDetails by path without a route',
    facts: { path: '/about', route: '' },
    options: { routeDetails: { '/about': { action_name: 'About' } } },
    hits: [page({ url: 'https://shop.example.org/about', action_name: 'About' })],
  },
  {
    name: 'routeDetails by path of a request with a route',
    options: { routeDetails: { 'GET /users/42': { action_name: 'C' } } },
    hits: [page({ action_name: 'C' })],
  },
  {
    name: 'routeDetails in the syntax of the framework',
    facts: { route: '/users/:id(\\d+)' },
    options: { routeDetails: { '/users/:id(\\d+)': { action_name: 'A' } } },
    hits: [page({ action_name: 'A' })],
  },
  {
    name: 'routeDetails of another method',
    options: { routeDetails: { 'POST /users/:id': { action_name: 'A' } } },
  },
  {
    name: 'routeDetails of a route without a slash',
    facts: { route: 'users/:id' },
    options: { routeDetails: { '/users/:id': { action_name: 'A' } } },
    hits: [page({ action_name: 'A' })],
  },
  {
    name: 'GraphQL by a span',
    facts: {
      method: 'POST',
      path: '/graphql',
      route: '/graphql',
      attributes: { 'graphql.operation.name': 'CreateOrder' },
    },
    hits: [
      page({
        url: 'https://shop.example.org/graphql',
        action_name: 'POST /graphql CreateOrder',
        cvar: variables(200, 'POST'),
      }),
    ],
  },
  {
    name: 'GraphQL by a child span at the root',
    facts: {
      method: 'POST',
      path: '/',
      route: '',
      below: [{ attributes: { 'graphql.operation.name': 'CreateOrder2' } }],
    },
    hits: [
      page({
        url: 'https://shop.example.org/',
        action_name: 'GraphQL CreateOrder2',
        cvar: variables(200, 'POST'),
      }),
    ],
  },
  {
    name: 'GraphQL in a query',
    facts: { path: '/graphql', route: '', query: 'query=x&operationName=Shops', ...JSON_ANSWER },
    hits: [
      page({
        url: 'https://shop.example.org/graphql?operationName=Shops',
        action_name: 'GET /graphql Shops',
      }),
    ],
  },
  {
    name: 'an operation that fails has no name unless it is known',
    facts: {
      method: 'POST',
      path: '/graphql',
      route: '/graphql',
      status: 500,
      attributes: { 'graphql.operation.name': 'Invented' },
    },
    hits: [
      page({
        url: 'https://shop.example.org/graphql',
        action_name: 'POST /graphql',
        cvar: variables(500, 'POST'),
      }),
    ],
  },
  {
    name: 'JSON-RPC',
    facts: {
      method: 'POST',
      path: '/rpc',
      route: '/rpc',
      attributes: {},
      below: [{ attributes: { 'rpc.system.name': 'jsonrpc', 'rpc.method': 'eth_getBalance' } }],
    },
    hits: [
      page({
        url: 'https://shop.example.org/rpc',
        action_name: 'POST /rpc eth_getBalance',
        cvar: variables(200, 'POST'),
      }),
    ],
  },
  {
    name: 'MCP',
    facts: { method: 'POST', path: '/mcp', route: '/mcp', below: [{ attributes: MCP }] },
    options: { dimensions: { 1: 'mcp.method.name', 2: 'gen_ai.tool.name' } },
    hits: [
      page({
        url: 'https://shop.example.org/mcp',
        action_name: 'MCP tools/call find_order',
        cvar: variables(200, 'POST'),
        dimension1: 'tools/call',
        dimension2: 'find_order',
      }),
    ],
  },
  {
    name: 'a span of MCP contains that of GraphQL',
    facts: {
      method: 'POST',
      path: '/mcp',
      route: '/mcp',
      below: [{ attributes: { 'graphql.operation.name': 'Inner' } }, { attributes: MCP }],
    },
    hits: [
      page({
        url: 'https://shop.example.org/mcp',
        action_name: 'MCP tools/call find_order',
        cvar: variables(200, 'POST'),
      }),
    ],
  },
  {
    name: 'a span of GraphQL that ends after that of MCP',
    facts: {
      method: 'POST',
      path: '/mcp',
      route: '/mcp',
      below: [{ attributes: MCP }, { attributes: { 'graphql.operation.name': 'Inner' } }],
    },
    hits: [
      page({
        url: 'https://shop.example.org/mcp',
        action_name: 'MCP tools/call find_order',
        cvar: variables(200, 'POST'),
      }),
    ],
  },
  {
    name: 'the first span of GraphQL names the operation',
    facts: {
      method: 'POST',
      path: '/graphql',
      route: '/graphql',
      below: [
        { attributes: { 'graphql.operation.name': 'First' } },
        { attributes: { 'graphql.operation.name': 'Second' } },
      ],
    },
    hits: [
      page({
        url: 'https://shop.example.org/graphql',
        action_name: 'POST /graphql First',
        cvar: variables(200, 'POST'),
      }),
    ],
  },
  {
    name: 'AWS',
    facts: {
      method: 'POST',
      path: '/',
      route: '',
      headers: { 'x-amz-target': 'Kinesis_20131202.ListStreams' },
      responseHeaders: { 'content-type': 'application/x-amz-json-1.1' },
    },
    hits: [
      page({
        url: 'https://shop.example.org/',
        action_name: 'POST / ListStreams',
        cvar: variables(200, 'POST'),
      }),
    ],
  },
  {
    name: 'SOAP',
    facts: {
      method: 'POST',
      path: '/orders',
      route: '',
      headers: { soapaction: '"urn:shop#GetOrder"' },
      responseHeaders: { 'content-type': 'text/xml' },
    },
    hits: [
      page({
        url: 'https://shop.example.org/orders',
        action_name: 'POST /orders GetOrder',
        cvar: variables(200, 'POST'),
      }),
    ],
  },
  {
    name: 'tRPC',
    facts: { path: '/trpc/user.byId', route: '', ...JSON_ANSWER },
    options: { dimensions: { 1: 'rpc.method' } },
    hits: [
      page({
        url: 'https://shop.example.org/trpc/user.byId',
        action_name: 'GET /trpc/user.byId',
        dimension1: 'user.byId',
      }),
    ],
  },
  {
    name: 'a batch of tRPC',
    facts: {
      path: '/trpc/user.all,user.byName,post.all',
      route: '',
      query: 'batch=1',
      ...JSON_ANSWER,
    },
    hits: [
      page({
        url: 'https://shop.example.org/trpc/user.all,user.byName,post.all?batch=1',
        action_name: 'GET /trpc/user.all (3)',
      }),
    ],
  },
  {
    name: 'a batch of 101',
    facts: {
      path: `/trpc/${Array.from({ length: 101 }, (_, i) => `p${'abcdefghij'[i % 10]}`).join(',')}`,
      route: '',
      query: 'batch=1',
      ...JSON_ANSWER,
    },
    hits: [
      page({
        url: 'https://shop.example.org/trpc/pa,pb,pc,pd,pe,pf,pg,ph,pi,pj,pa,pb,pc,pd,pe,pf,pg,ph,pi,pj,pa,pb,pc,pd,pe,pf,pg,ph,pi,pj,pa,pb,pc,pd,pe,pf,pg,ph,pi,pj,pa,pb,pc,pd,pe,pf,pg,ph,pi,pj,pa,pb,pc,pd,pe,pf,pg,ph,pi,pj,pa,pb,pc,pd,pe,pf,pg,ph,pi,pj,pa,pb,pc,pd,pe,pf,pg,ph,pi,pj,pa,pb,pc,pd,pe,pf,pg,ph,pi,pj,pa,pb,pc,pd,pe,pf,pg,ph,pi,pj,pa?batch=1',
        action_name: 'GET /trpc/pa (100+)',
      }),
    ],
  },
  {
    name: 'a batch of 100',
    facts: {
      path: `/trpc/${Array.from({ length: 100 }, (_, i) => `p${'abcdefghij'[i % 10]}`).join(',')}`,
      route: '',
      query: 'batch=1',
      ...JSON_ANSWER,
    },
    options: { query: 'strip' },
    hits: [
      page({
        url: 'https://shop.example.org/trpc/pa,pb,pc,pd,pe,pf,pg,ph,pi,pj,pa,pb,pc,pd,pe,pf,pg,ph,pi,pj,pa,pb,pc,pd,pe,pf,pg,ph,pi,pj,pa,pb,pc,pd,pe,pf,pg,ph,pi,pj,pa,pb,pc,pd,pe,pf,pg,ph,pi,pj,pa,pb,pc,pd,pe,pf,pg,ph,pi,pj,pa,pb,pc,pd,pe,pf,pg,ph,pi,pj,pa,pb,pc,pd,pe,pf,pg,ph,pi,pj,pa,pb,pc,pd,pe,pf,pg,ph,pi,pj,pa,pb,pc,pd,pe,pf,pg,ph,pi,pj',
        action_name: 'GET /trpc/pa (100)',
      }),
    ],
  },
  {
    name: 'a JSON Web Token as a name',
    facts: {
      path: '/rpc',
      route: '/rpc',
      method: 'POST',
      below: [
        {
          attributes: {
            'rpc.system.name': 'jsonrpc',
            'rpc.method': 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl',
          },
        },
      ],
    },
    hits: [
      page({
        url: 'https://shop.example.org/rpc',
        action_name: 'POST /rpc redacted',
        cvar: variables(200, 'POST'),
      }),
    ],
  },
  {
    name: 'a name that is too long',
    facts: {
      path: '/rpc',
      route: '/rpc',
      method: 'POST',
      below: [{ attributes: { 'rpc.system.name': 'jsonrpc', 'rpc.method': 'a'.repeat(129) } }],
    },
    hits: [
      page({
        url: 'https://shop.example.org/rpc',
        action_name: 'POST /rpc',
        cvar: variables(200, 'POST'),
      }),
    ],
  },
  {
    name: 'an empty route',
    facts: { path: '/', route: '/' },
    hits: [page({ url: 'https://shop.example.org/', action_name: 'GET /' })],
  },
  {
    name: 'a title is cut by bytes after escaping',
    facts: { calls: [['annotate', { action_name: '&é'.repeat(300) }]] },
    hits: [page({ action_name: '&é'.repeat(146) })],
  },
  {
    name: 'a title without control characters',
    facts: { calls: [['annotate', { action_name: ' a\u0000\nb\ud800 ' }]] },
    hits: [page({ action_name: 'a b�' })],
  },
]);

// IDs and versions of an API.
golden(
  [
    ['/users/7/orders/42/', '/users/:id/orders/:id/'],
    ['/API/2/users/7', '/API/2/users/:id'],
    ['/jira/rest/api/3/issues/12', '/jira/rest/api/3/issues/:id'],
    ['/api/1/', '/api/:id/'],
    ['/api/123/items', '/api/:id/items'],
    ['/api/1/2/items', '/api/1/:id/items'],
    ['/api/users/1/items', '/api/users/:id/items'],
    ['/myapi/1/items', '/myapi/:id/items'],
    ['/forest/1/items', '/forest/:id/items'],
  ].map(([path = '', title]) => ({
    ...at(path),
    hits: [page({ url: `https://shop.example.org${path}`, action_name: `GET ${title}` })],
  })),
);
