import { expect, test } from 'vitest';
import { createHitBuilder } from '../../src/hit/hit-builder.js';
import { annotations, HIT_OPTIONS, httpRequest, parametersOf } from '../support/builders.js';

const graphql = (overrides: Parameters<typeof annotations>[0], request: object = {}) =>
  httpRequest({
    method: 'POST',
    path: '/graphql',
    route: undefined,
    annotations: [annotations(overrides)],
    ...request,
  });

test.each([
  ['{method} {route}', 'POST /graphql CreateOrder'],
  ['API {route}', 'API /graphql CreateOrder'],
])('the name of a GraphQL operation is added to %s', (actionName, title) => {
  const { parameters } = parametersOf(graphql({ operation: 'CreateOrder' }), { actionName });
  expect(parameters.action_name).toBe(title);
});

test('a title that the application gives is left alone', () => {
  const request = graphql({ operation: 'CreateOrder', parameters: { action_name: 'Order' } });
  expect(parametersOf(request).parameters.action_name).toBe('Order');
});

test('a GraphQL operation that failed has its error type, whatever the status is', () => {
  const { parameters } = parametersOf(graphql({ operationError: 'GraphQLError' }));
  expect(JSON.parse(parameters.cvar ?? '')).toMatchObject({ 3: ['error_type', 'GraphQLError'] });
  const other = parametersOf(graphql({ errorType: 'TypeError' })).parameters;
  expect(other.cvar).not.toContain('error_type');
});

test.each([
  ['/graphql', {}, 'https://shop.example.org/graphql?x=1'],
  ['/api/graphql/', {}, 'https://shop.example.org/api/graphql/?x=1'],
  ['/data', { operation: 'Orders' }, 'https://shop.example.org/data?x=1'],
  ['/search', {}, 'https://shop.example.org/search?query={a}&x=1'],
])('with site search, the query of GET %s (%j) leads to %s', (path, said, url) => {
  const request = graphql(said, { method: 'GET', path, query: 'query={a}&x=1' });
  const { parameters } = parametersOf(request, { siteSearch: true });
  expect(decodeURIComponent(parameters.url ?? '')).toBe(url);
});

test.each([
  ['/trpc/user.byId', undefined, 200, 'GET /trpc/user.byId'],
  ['/api/trpc/user.byId', '/api/trpc/:path', 200, 'GET /api/trpc/user.byId'],
  ['/api/trpc/user.byId,post.list,a', '/api/trpc/[trpc]', 207, 'GET /api/trpc/user.byId (3)'],
  ['/shops/7/trpc/user.byId', undefined, 500, 'GET /shops/:id/trpc/user.byId'],
  ['/trpc/no.such', undefined, 404, 'GET Not Found'],
  ['/trpc/no.such', '/trpc/:path', 404, 'GET /trpc/:path'],
  ['/trpc/', undefined, 200, 'GET /trpc/'],
  ['/users/a,b', undefined, 200, 'GET /users/a,b'],
])('a tRPC request to %s with the route %s and the status %i is %s', (...row) => {
  const [path, route, statusCode, title] = row;
  const { parameters } = parametersOf(httpRequest({ path, route, statusCode }));
  expect(parameters.action_name).toBe(title);
});

test('a refused request without route and operation is named by its status, after a request had a route', () => {
  const buildHits = createHitBuilder(HIT_OPTIONS, () => {});
  const build = (overrides: object) => {
    const [hit] = buildHits(httpRequest({ route: undefined, ...overrides }), 1, Date.now());
    const query = new URLSearchParams(hit?.query);
    return [query.get('action_name'), new URL(query.get('url') ?? '').pathname];
  };
  const path = '/.env';
  expect(build({ path, statusCode: 403 })).toEqual(['GET /.env', path]);
  expect(build({ route: '/users/:id' })).toEqual(['GET /users/:id', '/users/42']);
  expect(build({ path, statusCode: 401 })).toEqual(['GET Unauthorized', path]);
  expect(build({ path, statusCode: 403 })).toEqual(['GET Forbidden', path]);
  expect(build({ path, statusCode: 405 })).toEqual(['GET Method Not Allowed', path]);
  expect(build({ path, statusCode: 400 })).toEqual(['GET /.env', path]);
  const trpc = { path: '/trpc/user.byId', statusCode: 401 };
  expect(build(trpc)).toEqual(['GET /trpc/user.byId', trpc.path]);
  const operation = { path: '/graphql', annotations: [annotations({ operation: 'Me' })] };
  expect(build({ ...operation, statusCode: 401 })).toEqual(['GET /graphql Me', '/graphql']);
  expect(build({ path, route: '/:file', statusCode: 403 })).toEqual(['GET /:file', path]);
});
