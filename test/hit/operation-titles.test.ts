import { expect, test } from 'vitest';
import type { HttpRequest } from '../../src/hit/http-request.js';
import {
  annotations,
  createBuildHits,
  HIT_OPTIONS,
  httpRequest,
  operation,
  parametersOf,
} from '../support/builders.js';

const graphql = (request: Partial<HttpRequest>) =>
  httpRequest({ method: 'POST', path: '/graphql', route: undefined, ...request });
const createOrder = { operation: operation('CreateOrder') };

test.each([
  ['{method} {route}', createOrder, 'POST /graphql CreateOrder'],
  ['API {route}', createOrder, 'API /graphql CreateOrder'],
  ['{method} {path}', createOrder, 'POST /graphql'],
  ['{method} {route}', { ...createOrder, route: '/' }, 'GraphQL CreateOrder'],
  ['{method} {route}', { ...createOrder, path: '/' }, 'GraphQL CreateOrder'],
  ['{method} {route}', { path: '/', operation: operation('a', { kind: 'json-rpc' }) }, 'POST / a'],
  [
    '{method} {route}',
    { operation: operation('CreateOrder', { count: 100 }) },
    'POST /graphql CreateOrder (100)',
  ],
  [
    '{method} {route}',
    { operation: operation('CreateOrder', { count: 101 }) },
    'POST /graphql CreateOrder (100+)',
  ],
] as const)(
  'the template %s makes of the request %j the title %s',
  (actionName, request, title) => {
    const { parameters } = parametersOf(graphql(request), { actionName });
    expect(parameters.action_name).toBe(title);
  },
);

test('a title that the application gives is left alone', () => {
  const given = [annotations({ parameters: { action_name: 'Order' } })];
  const request = graphql({ ...createOrder, annotations: given });
  expect(parametersOf(request).parameters.action_name).toBe('Order');
});

test('dimensions get the name of an operation, and the endpoint that failed is named with it', () => {
  const dimensions = { 1: 'graphql.operation.name', 2: 'rpc.method', 3: 'matomo.failed_endpoint' };
  const send = (request: Partial<HttpRequest>) => {
    const { parameters } = parametersOf(graphql(request), { dimensions });
    return [1, 2, 3].map((id) => parameters[`dimension${id}`]);
  };
  expect(send(createOrder)).toEqual(['CreateOrder', undefined, undefined]);
  const rpc = { operation: operation('add', { kind: 'json-rpc' }), path: '/rpc', statusCode: 500 };
  expect(send(rpc)).toEqual([undefined, 'add', '5xx POST /rpc add']);
  const failed = { ...createOrder, route: '/', statusCode: 400 };
  expect(send(failed)).toEqual(['CreateOrder', undefined, '4xx GraphQL CreateOrder']);
});

test('a GraphQL operation that failed has its error type, whatever the status is', () => {
  const { parameters } = parametersOf(
    graphql({ annotations: [annotations({ operationError: 'GraphQLError' })] }),
  );
  expect(JSON.parse(parameters.cvar ?? '')).toMatchObject({ 3: ['error_type', 'GraphQLError'] });
  const other = parametersOf(
    graphql({ annotations: [annotations({ errorType: 'TypeError' })] }),
  ).parameters;
  expect(other.cvar).not.toContain('error_type');
});

test.each([
  ['/graphql', {}, 'https://shop.example.org/graphql?x=1'],
  ['/api/graphql/', {}, 'https://shop.example.org/api/graphql/?x=1'],
  ['/data', { operation: operation('Orders') }, 'https://shop.example.org/data?x=1'],
  ['/search', {}, 'https://shop.example.org/search?query={a}&x=1'],
])('with site search, the query of GET %s (%j) leads to %s', (path, said, url) => {
  const request = graphql({ ...said, method: 'GET', path, query: 'query={a}&x=1' });
  const { parameters } = parametersOf(request, { siteSearch: true });
  expect(decodeURIComponent(parameters.url ?? '')).toBe(url);
});

test.each([
  ['/trpc/user.byId', undefined, 200, 1, 'GET /trpc/user.byId'],
  ['/api/trpc/user.byId', '/api/trpc/:path', 404, 1, 'GET /api/trpc/user.byId'],
  ['/api/trpc/user.byId,post.list,a', '/api/trpc/[trpc]', 207, 3, 'GET /api/trpc/user.byId (3)'],
  ['/shops/7/trpc/user.byId', undefined, 500, 1, 'GET /shops/:id/trpc/user.byId'],
  ['/user.byId,a', undefined, 200, 2, 'GET /user.byId (2)'],
] as const)('the tRPC procedure at %s with the route %s and the status %i', (...row) => {
  const [path, route, statusCode, count, title] = row;
  const procedure = operation('user.byId', { kind: 'trpc', count });
  const { parameters } = parametersOf(
    httpRequest({ path, route, statusCode, operation: procedure }),
  );
  expect(parameters.action_name).toBe(title);
});

test.each([
  ['/trpc/no.such', undefined, 404, 'GET Not Found'],
  ['/trpc/no.such', '/trpc/:path', 404, 'GET /trpc/:path'],
  ['/trpc/failing', undefined, 500, 'GET /trpc'],
  ['/failing', undefined, 500, 'GET /'],
] as const)(
  'without its name, the procedure at %s with the route %s and the status %i',
  (...row) => {
    const [path, route, statusCode, title] = row;
    const unnamed = { ...operation('', { kind: 'trpc' }), name: undefined };
    const { parameters } = parametersOf(
      httpRequest({ path, route, statusCode, operation: unnamed }),
    );
    expect(parameters.action_name).toBe(title);
  },
);

test('a procedure in a part of the path that is redacted has no name', () => {
  const procedure = operation('secret.byId', { kind: 'trpc' });
  const { parameters } = parametersOf(
    httpRequest({ path: '/trpc/secret.byId', route: undefined, operation: procedure }),
    { redactPathPatterns: [/secret/g], dimensions: { 1: 'rpc.method' } },
  );
  expect(JSON.stringify(parameters)).not.toContain('secret');
});

test('a refused request without route and operation is named by its status', () => {
  const buildHits = createBuildHits(HIT_OPTIONS);
  const build = (overrides: object) => {
    const [hit] = buildHits(httpRequest({ route: undefined, ...overrides }), 1, Date.now());
    const query = new URLSearchParams(hit?.query);
    return [query.get('action_name'), new URL(query.get('url') ?? '').pathname];
  };
  const path = '/.env';
  expect(build({ path, statusCode: 403 })).toEqual(['GET Forbidden', path]);
  const procedure = operation('user.byId', { kind: 'trpc' });
  const trpc = { path: '/trpc/user.byId', statusCode: 401, operation: procedure };
  expect(build(trpc)).toEqual(['GET /trpc/user.byId', trpc.path]);
  const me = { path: '/graphql', operation: operation('Me') };
  expect(build({ ...me, statusCode: 401 })).toEqual(['GET /graphql Me', '/graphql']);
  expect(build({ path, route: '/:file', statusCode: 403 })).toEqual(['GET /:file', path]);
});
