import { jwt } from '../../support/jwt.js';
import { words } from '../../support/words.js';
import { golden, variables } from './golden.js';

const at = (path: string, status = 200, more = {}) => ({
  name: `path ${path.slice(0, 70)}, ${status}`,
  facts: { path, route: '', status, ...more },
});
const MCP = { 'mcp.method.name': 'tools/call', 'gen_ai.tool.name': 'find_order' };
const TOOL = 'MCP tools/call find_order';
const graphql = (name: string) => ({ 'graphql.operation.name': name });
const rpc = (name: string) => ({ 'rpc.system.name': 'jsonrpc', 'rpc.method': name });
/** A request with spans below that have these attributes. */
const posted = (path: string, ...below: readonly Readonly<Record<string, string>>[]) => ({
  method: 'POST',
  path,
  route: path,
  below: below.map((attributes) => ({ attributes })),
});
const JSON_ANSWER = { responseHeaders: { 'content-type': 'application/json' } };

golden([
  { ...at('/users/42'), page: { action_name: 'GET /users/:id' } },
  {
    ...at('/users/3f2504e0-4f89-11d3-9a0c-0305e82c3301'),
    page: { action_name: 'GET /users/:uuid' },
  },
  {
    ...at('/users/ada@example.org'),
    options: { query: 'keep' },
    page: { action_name: 'GET /users/:email' },
  },
  {
    ...at('/a/kX3vQ9bT2mN7pL5wZ8rY'),
    options: { query: 'keep' },
    page: { action_name: 'GET /a/:token' },
  },
  {
    ...at('/a/0123abcd/deadbeef/01ARZ3NDEKTSV4RRFFQ69G5FAV'),
    page: { action_name: 'GET /a/:id/deadbeef/:id' },
  },
  { ...at('/api/1/items/v2/2.0/a1') },
  {
    ...at('/4%32/caf%C3%A9/a%2Fb/%00/%FF'),
    page: { action_name: 'GET /:id/caf%C3%A9/a%2Fb/%00/%FF' },
  },
  { ...at('/a%E2%80%AEb') },
  { ...at('/users/42/x'), options: { titlePaths: 'raw' } },
  {
    ...at(`/${'a1/'.repeat(700)}42`),
    page: {
      url: `https://shop.example.org${'/a1'.repeat(333)}/`,
      action_name: `GET ${'/a1'.repeat(340)}`,
    },
  },
  { ...at('/x', 400), page: { action_name: 'GET Bad Request' } },
  { ...at('/x', 401), page: { action_name: 'GET Unauthorized' } },
  { ...at('/x', 403), page: { action_name: 'GET Forbidden' } },
  { ...at('/x', 404), page: { action_name: 'GET Not Found' } },
  { ...at('/x', 402) },
  { ...at('/x', 405), page: { action_name: 'GET Method Not Allowed' } },
  { ...at('/x', 410), before: [{ path: '/x', route: '' }], page: { action_name: 'GET Gone' } },
  { ...at('/x', 500) },
  { ...at('/x', 399) },
  {
    ...at('/x/7', 403),
    before: [{ path: '/x/8', route: '' }],
    name: 'a 403 of an endpoint that has succeeded',
    page: { action_name: 'GET /x/:id' },
  },
  {
    ...at('/x', 404),
    before: [{ path: '/x', route: '' }],
    name: 'a 404 of an endpoint that has succeeded',
    page: { action_name: 'GET Not Found' },
  },
  {
    ...at('/x', 401),
    before: [{ path: '/x', route: '', status: 500 }],
    name: 'a 401 of an endpoint that has failed',
    page: { action_name: 'GET Unauthorized' },
  },
  {
    ...at('/x', 401),
    before: [{ path: '/x', route: '', method: 'POST' }],
    name: 'a 401 of another method',
    page: { action_name: 'GET Unauthorized' },
  },
  { name: 'a 404 of a route', facts: { status: 404 } },
  { ...at('/posts/7.data', 200, { query: '_routes=a' }), page: { action_name: 'GET /posts/:id' } },
  { ...at('/posts/7.data') },
  {
    ...at('/posts/7.data', 200, { responseHeaders: { 'content-type': 'text/x-script' } }),
    page: { action_name: 'GET /posts/:id' },
  },
  {
    ...at('/_root.data', 200, { headers: { accept: 'text/x-script' } }),
    page: { action_name: 'GET /' },
  },
  { ...at('/posts/7/__data.json'), page: { action_name: 'GET /posts/:id' } },
  { ...at('/posts/7/_payload.json'), page: { action_name: 'GET /posts/:id' } },
  { ...at('/posts/7/q-data.json'), page: { action_name: 'GET /posts/:id/' } },
  { ...at('/_next/data/build/posts/7.json'), page: { action_name: 'GET /posts/:id' } },
  { ...at('/_next/data/build/index.json'), page: { action_name: 'GET /' } },
  { ...at('/page-data/posts/7/page-data.json'), page: { action_name: 'GET /posts/:id/' } },
  { ...at('/page-data/index/page-data.json'), page: { action_name: 'GET /' } },
  { ...at('/data.json') },
  { name: 'a method that a client invented succeeds', facts: { method: 'FOO' } },
  {
    name: 'a method that a client invented fails',
    facts: { method: 'FOO', status: 404 },
    page: { action_name: '_OTHER /users/:id', cvar: variables(404, '_OTHER') },
  },
  { name: 'a known method fails', facts: { method: 'DELETE', status: 500 } },
  {
    name: 'a template of the title',
    facts: { path: '/users/42', status: 201, spanName: 'users.show' },
    options: { actionName: '{status} {host}{path} [{span}] {route} {method}!' },
    page: { action_name: '201 shop.example.org/users/42 [users.show] /users/:id GET!' },
  },
  {
    name: 'a span name that is the method',
    facts: { method: 'FOO', status: 404, spanName: 'FOO' },
    options: { actionName: '{span}' },
    page: { action_name: '_OTHER', cvar: variables(404, '_OTHER') },
  },
  {
    name: 'a span name with secrets',
    facts: { spanName: 'GET /token/9fK2mQ7x' },
    options: { actionName: '{span}' },
    page: { action_name: 'GET /token/redacted' },
  },
  {
    name: 'the host of a title',
    facts: { headers: { host: 'u:p@shop.example.org:8080/x?y#z' } },
    options: { actionName: '{host}' },
    page: { url: 'https://localhost/users/42', action_name: 'shop.example.org:8080' },
  },
  {
    name: 'a title without a host',
    facts: { headers: { host: undefined } },
    options: { actionName: 'x{host}' },
    page: { url: 'https://localhost/users/42', action_name: 'x' },
  },
  {
    name: 'a function makes the title',
    options: {
      actionName: (request) =>
        `${request.method} ${request.path} ${request.route} ${request.statusCode}`,
    },
    page: { action_name: 'GET /users/42 /users/:id 200' },
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
    name: 'routeDetails by route',
    options: {
      routeDetails: {
        '/users/:id': { action_name: 'A user', dimension1: 'x', cvar: { plan: 'pro' } },
      },
    },
    page: { action_name: 'A user', cvar: variables(200, 'GET', { plan: 'pro' }), dimension1: 'x' },
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
    page: { action_name: 'B' },
  },
  {
    name: 'routeDetails by path without a route',
    facts: { path: '/about', route: '' },
    options: { routeDetails: { '/about': { action_name: 'About' } } },
    page: { action_name: 'About' },
  },
  {
    name: 'routeDetails by path of a request with a route',
    options: { routeDetails: { 'GET /users/42': { action_name: 'C' } } },
    page: { action_name: 'C' },
  },
  {
    name: 'routeDetails in the syntax of the framework',
    facts: { route: '/users/:id(\\d+)' },
    options: { routeDetails: { '/users/:id(\\d+)': { action_name: 'A' } } },
    page: { action_name: 'A' },
  },
  {
    name: 'routeDetails of another method',
    options: { routeDetails: { 'POST /users/:id': { action_name: 'A' } } },
  },
  {
    name: 'routeDetails of a route without a slash',
    facts: { route: 'users/:id' },
    options: { routeDetails: { '/users/:id': { action_name: 'A' } } },
    page: { action_name: 'A' },
  },
  {
    name: 'GraphQL by a child span at the root',
    facts: { ...posted('/', graphql('CreateOrder2')), route: '' },
    page: { action_name: 'GraphQL CreateOrder2' },
  },
  {
    name: 'GraphQL in a query',
    facts: { path: '/graphql', route: '', query: 'query=x&operationName=Shops', ...JSON_ANSWER },
    page: {
      url: 'https://shop.example.org/graphql?operationName=Shops',
      action_name: 'GET /graphql Shops',
    },
  },
  {
    name: 'an operation that fails has no name unless it is known',
    facts: { ...posted('/graphql', graphql('Invented')), status: 500 },
  },
  {
    name: 'a span of GraphQL that ends after that of MCP',
    facts: posted('/mcp', MCP, graphql('Inner')),
    page: { action_name: TOOL },
  },
  {
    name: 'AWS',
    facts: {
      ...posted('/'),
      route: '',
      headers: { 'x-amz-target': 'Kinesis_20131202.ListStreams' },
      responseHeaders: { 'content-type': 'application/x-amz-json-1.1' },
    },
    page: { action_name: 'POST / ListStreams' },
  },
  {
    name: 'SOAP',
    facts: {
      ...posted('/orders'),
      headers: { soapaction: '"urn:shop#GetOrder"' },
      responseHeaders: { 'content-type': 'text/xml' },
    },
    page: { action_name: 'POST /orders GetOrder' },
  },
  {
    name: 'the longest action',
    facts: {
      ...posted('/orders'),
      headers: { soapaction: 'GetOrder'.padStart(256, 'x:') },
      responseHeaders: { 'content-type': 'text/xml' },
    },
    page: { action_name: 'POST /orders GetOrder' },
  },
  {
    name: 'tRPC',
    facts: { path: '/trpc/user.byId', route: '', ...JSON_ANSWER },
    options: { dimensions: { 1: 'rpc.method' } },
    page: { dimension1: 'user.byId' },
  },
  ...(
    [
      [3, '3'],
      [100, '100'],
      [101, '100+'],
    ] as const
  ).map(([size, count]) => ({
    name: `a batch of ${size} calls of tRPC`,
    facts: {
      path: `/trpc/${Array(size).fill('p').join(',')}`,
      route: '',
      query: 'batch=1',
      ...JSON_ANSWER,
    },
    page: { action_name: `GET /trpc/p (${count})` },
  })),
  { name: 'an empty route', facts: { path: '/', route: '/' } },
  {
    name: 'a title is cut by bytes after escaping',
    facts: { calls: [['annotate', { action_name: '&é'.repeat(300) }]] },
    page: { action_name: '&é'.repeat(146) },
  },
  {
    name: 'a title without control characters',
    facts: { calls: [['annotate', { action_name: ' a\u0000\nb\ud800 ' }]] },
    page: { action_name: 'a b�' },
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
  ].map(([path = '', title]) => ({ ...at(path), page: { action_name: `GET ${title}` } })),
);

const MD5 = 'd41d8cd98f00b204e9800998ecf8427e';

// Names of operations that no program has: secrets and IDs.
golden(
  [
    jwt({ sub: 'bob' }),
    'tools.sk-proj-abcdefghijklmnopqrstuvwxyz0123456789',
    `ghp_${'a1'.repeat(18)}.call`,
    MD5,
    `user_${MD5}`,
    MD5 + MD5,
    'get/123e4567-e89b-12d3-a456-426614174000',
    '01ARZ3NDEKTSV4RRFFQ69G5FAV',
    'kX3vQ9bT2mN/7pL5wZ8rYaB/3cD4',
    'kX3vQ9bT2mN7pL5wZ8rY.call',
    '1234567890123456',
  ].map((name) => ({
    name,
    facts: posted('/rpc', rpc(name)),
    page: { action_name: 'POST /rpc redacted' },
  })),
);

golden(
  words(`
    textDocument/semanticTokens/full/delta tools/call v1.users.list GetCustomerByIdAndRegion2 sk-render deadbeef
    DynamoDB_20120810.GetItem AmazonEC2ContainerServiceV20141113.DescribeTaskDefinition
    AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken AWSCognitoIdentityProviderService.InitiateAuth
    google.pubsub.v1.Publisher/ListTopicSubscriptions create-pull-request-with-3-reviewers
  `).map((name) => ({
    name,
    facts: posted('/rpc', rpc(name)),
    page: { action_name: `POST /rpc ${name}` },
  })),
);
