import { jwt } from '../../support/jwt.js';
import { words } from '../../support/words.js';
import type { Facts, MatomoOptions } from '../doors/build.js';
import { golden } from './golden.js';

const at = (path: string, status = 200, more = {}) => ({
  name: `path ${path.slice(0, 70)}, ${status}`,
  facts: { path, route: '', status, ...more },
});
const MCP = { 'mcp.method.name': 'tools/call', 'gen_ai.tool.name': 'find_order' };
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

/** A request with this title. */
const titled = (
  name: string,
  facts: Facts,
  action_name: string,
  options: MatomoOptions = {},
  before: readonly Facts[] = [],
) => ({ name, facts, options, before, page: { action_name } });
const SCRIPT = 'text/x-script';

golden([
  ...(
    [
      ['/users/3f2504e0-4f89-11d3-9a0c-0305e82c3301', '/users/:uuid'],
      ['/users/7/orders/42/', '/users/:id/orders/:id/'],
      ['/a/0123abcd/deadbeef/01ARZ3NDEKTSV4RRFFQ69G5FAV', '/a/:id/deadbeef/:id'],
      ['/4%32/caf%C3%A9/a%2Fb/x', '/:id/café/a%2Fb/x'],
      ['/posts/jxn8odzg4qvcyb3fdi46jimz/edit', '/posts/:id/edit'],
      ['/posts/internationalization/part2', '/posts/internationalization/part2'],
      // Versions of an API.
      ['/api/1/items/v2/2.0/a1', '/api/1/items/v2/2.0/a1'],
      ['/jira/rest/API/3/issues/12', '/jira/rest/API/3/issues/:id'],
      ['/api/1/', '/api/:id/'],
      ['/api/1/2/items', '/api/1/:id/items'],
      // Data of pages.
      ['/posts/7.data', '/posts/7.data'],
      ['/posts/7/__data.json', '/posts/:id'],
      ['/posts/7/q-data.json', '/posts/:id/'],
      ['/_next/data/build/posts/7.json', '/posts/:id'],
      ['/page-data/posts/7/page-data.json', '/posts/:id/'],
    ] as const
  ).map(([path, title]) => ({ ...at(path), page: { action_name: `GET ${title}` } })),
  { ...at('/posts/7.data', 200, { query: '_routes=a' }), page: { action_name: 'GET /posts/:id' } },
  {
    ...at('/posts/7.data', 200, { responseHeaders: { 'content-type': SCRIPT } }),
    page: { action_name: 'GET /posts/:id' },
  },
  {
    ...at('/posts/7/_.data', 200, { headers: { accept: SCRIPT } }),
    page: { action_name: 'GET /posts/:id/' },
  },
  {
    ...at('/a/ada@example.org/kX3vQ9bT2mN7pL5wZ8rY'),
    options: { query: 'keep' }, // secrets stay in URLs, and not in titles
    page: { action_name: 'GET /a/:email/:token' },
  },
  { ...at('/users/42/x'), options: { titlePaths: 'raw' } },
]);

golden([
  ...(
    [
      [400, 'Bad Request'],
      [401, 'Unauthorized'],
      [403, 'Forbidden'],
      [404, 'Not Found'],
      [405, 'Method Not Allowed'],
    ] as const
  ).map(([status, title]) => ({ ...at('/x', status), page: { action_name: `GET ${title}` } })),
  ...[402, 500].map((status) => at('/x', status)),
  { name: 'a 404 of a route', facts: { status: 404 } },
]);

const ORDER = { path: '/orders/7', route: '/orders/:order' };
const others = (count: number) =>
  Array.from({ length: count }, (_, i) => ({ path: `/x${i}`, route: '' }));
/** A request of `/orders/8` that a middleware refuses, after these requests. */
const refused = (
  what: string,
  before: readonly Facts[],
  place: string,
  { status = 401, ...more }: Facts = {},
) => {
  const facts = { path: '/orders/8', route: '', status, ...more };
  return titled(`${status} of ${what}`, facts, `${more.method ?? 'GET'} ${place}`, {}, before);
};

// What was refused because of who asks, or what, has the place of the last such request that succeeded.
golden([
  refused('an endpoint with a route', [ORDER], '/orders/:order'),
  refused('the same, whose body is invalid', [ORDER], '/orders/:order', { status: 400 }),
  refused('a wildcard', [ORDER], '/orders/:order', { route: '/*' }),
  refused(
    'a route that has changed',
    [ORDER, { ...ORDER, route: '/:any_order/:order' }],
    '/:any_order/:order',
  ),
  refused('an endpoint that has failed', [{ ...ORDER, status: 500 }], 'Unauthorized'),
  refused('another method', [ORDER], 'Unauthorized', { method: 'PUT' }),
  refused('another service', [{ ...ORDER, service: { 'service.name': 'a' } }], 'Unauthorized'),
  refused('another site', [{ ...ORDER, service: { 'matomo.idsite': 2 } }], 'Unauthorized'),
  refused('the oldest of 501 endpoints', [ORDER, ...others(500)], 'Unauthorized'),
  {
    name: 'the route of a wildcard, in a dimension',
    facts: { path: '/acme/orders/8', route: '/{tenant}/{proxy+}' },
    options: { dimensions: { 1: 'http.route' }, urlPaths: 'template' },
    page: {
      url: 'https://shop.example.org/%7Btenant%7D/orders/:id',
      action_name: 'GET /{tenant}/orders/:id',
      dimension1: '/{tenant}/{proxy+}',
    },
  },
]);

golden([
  titled(
    'a template of the title',
    { path: '/users/42', status: 201, spanName: 'users.show' },
    '201 shop.example.org/users/42 [users.show] /users/:id GET!',
    { actionName: '{status} {host}{path} [{span}] {route} {method}!' },
  ),
  titled('secrets of a span', { spanName: 'GET /token/9fK2mQ7x' }, 'GET /token/redacted', {
    actionName: '{span}',
  }),
  {
    facts: { headers: { host: 'u:p@shop.example.org:8080/x?y#z' } },
    options: { actionName: '{host}' },
    page: { url: 'https://localhost/users/42', action_name: 'shop.example.org:8080' },
  },
  titled('a function', {}, 'GET /users/:id 200', {
    actionName: ({ method, route, statusCode }) => `${method} ${route} ${statusCode}`,
  }),
  { options: { actionName: () => undefined } },
  // Keys of routeDetails, and routes: the one that names the title A applies.
  ...(
    [
      ['/users/:id', ['GET /users/:id', '/users/:id', '/users/42']],
      ['/users/:id(\\d+)', ['/users/:id(\\d+)']],
      ['users/:id', ['/users/:id', '/users/42']],
    ] as const
  ).map(([route, [key, ...weaker]]) => {
    const others = weaker.map((each) => [each, { action_name: 'another' }]);
    const routeDetails = { ...Object.fromEntries(others), [key]: { action_name: 'A' } };
    return titled(`routeDetails of ${route}: ${key}`, { route }, 'A', { routeDetails });
  }),
  { options: { routeDetails: { 'POST /users/:id': { action_name: 'A' } } } },
  titled(
    'GraphQL by a child span at the root',
    { ...posted('/', graphql('CreateOrder2')), route: '' },
    'GraphQL CreateOrder2',
  ),
  {
    name: 'GraphQL in a query',
    facts: { path: '/graphql', route: '', query: 'query=x&operationName=Shops', ...JSON_ANSWER },
    options: { dimensions: { 1: 'graphql.operation.name', 2: 'rpc.method' } },
    page: {
      url: 'https://shop.example.org/graphql?operationName=Shops',
      action_name: 'GET /graphql Shops',
      dimension1: 'Shops',
    },
  },
  {
    name: 'an operation that fails has no name unless it is known',
    facts: { ...posted('/graphql', graphql('Invented')), status: 500 },
  },
  titled('GraphQL in MCP', posted('/mcp', MCP, graphql('Inner')), 'MCP tools/call find_order'),
  {
    facts: { path: '/trpc/user.byId', route: '', ...JSON_ANSWER },
    options: { dimensions: { 1: 'rpc.method' } },
    page: { dimension1: 'user.byId' },
  },
  titled(
    'a batch of more than 100 calls of tRPC',
    { path: `/trpc/${Array(101).fill('p')}`, route: '', query: 'batch=1', ...JSON_ANSWER },
    'GET /trpc/p (100+)',
  ),
  titled(
    'a parameter with a comma',
    { path: '/patients/ada,x', route: '/patients/:name', query: 'batch=1', ...JSON_ANSWER },
    'GET /patients/:name',
  ),
  ...[
    ['&é'.repeat(300), '&é'.repeat(146)], // by bytes after escaping
    [' a\u0000\nb\ud800 ', 'a b�'],
  ].map(([given = '', sent = '']) =>
    titled(sent, { calls: [['annotate', { action_name: given }]] }, sent),
  ),
]);

const MD5 = 'd41d8cd98f00b204e9800998ecf8427e';

// Names of operations that no program has: secrets and IDs.
golden(
  words(`
    ${jwt({ sub: 'bob' })} user_${MD5} get/123e4567-e89b-12d3-a456-426614174000 01ARZ3NDEKTSV4RRFFQ69G5FAV
    kX3vQ9bT2mN/7pL5wZ8rYaB/3cD4 1234567890123456
  `).map((name) => titled(name, posted('/rpc', rpc(name)), 'POST /rpc redacted')),
);

golden(
  words(`
    textDocument/semanticTokens/full/delta tools/call v1.users.list GetCustomerByIdAndRegion2 sk-render deadbeef
    AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken create-pull-request-with-3-reviewers
  `).map((name) => titled(name, posted('/rpc', rpc(name)), `POST /rpc ${name}`)),
);
