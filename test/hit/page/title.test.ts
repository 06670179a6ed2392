import { METHODS } from 'node:http';
import { expect, test } from 'vitest';
import { createToPlace } from '../../../src/hit/page/title.js';
import { annotations, httpRequest, parametersOf } from '../../support/builders.js';

test.each([
  [
    '{method} {path} {status} {host} {span} {route}',
    'GET /users/42 200 shop.example.org GET /users/:id /users/:id',
  ],
  ['API {route}!', 'API /users/:id!'],
  ['plain', 'plain'],
])('the template %s gives %s', (actionName, title) => {
  expect(parametersOf(httpRequest(), { actionName }).parameters.action_name).toBe(title);
});

test('a method that a client invented is nowhere in a failed request; one of the application is, as all of HTTP/1', () => {
  const options = {
    actionName: '{method} {span} {route}',
    dimensions: { 1: 'http.request.method', 2: 'matomo.failed_endpoint' },
  };
  const sent = (method: string, statusCode: number, more: object = {}) => {
    const request = httpRequest({ method, spanName: method, statusCode, ...more });
    return JSON.stringify(parametersOf(request, options).parameters);
  };
  const annotated = { annotations: [annotations({ cvar: { a: 'b' } })] };
  for (const more of [{}, { route: undefined }, annotated]) {
    expect(sent('CALL-0800', 404, more)).not.toContain('CALL');
    expect(sent('CALL-0800', 404, more)).toContain('"_OTHER _OTHER ');
  }
  expect(sent('APPROVE', 201)).toContain('"APPROVE APPROVE ');
  for (const method of METHODS) expect(sent(method, 404)).toContain(`"${method} ${method} `);
});

test('the host of a title has neither credentials nor a path', () => {
  const request = httpRequest({ host: 'ann:s3cret@shop.example.org/token/s3cret?s3cret' });
  const { parameters } = parametersOf(request, { actionName: '{host}' });
  expect(parameters.action_name).toBe('shop.example.org');
});

test('the name of a span in a title has no secrets', () => {
  const titleOf = (spanName: string) =>
    parametersOf(httpRequest({ spanName }), { actionName: '{span}' }).parameters.action_name;
  expect(titleOf('GET /token/9fK2mQ7x')).toBe('GET /token/redacted');
  expect(titleOf('GET /a?token=S3cr3t')).not.toContain('S3cr3t');
  expect(titleOf('GET /token/:token1')).toBe('GET /token/:token1');
  expect(titleOf('GET /users/:email/notification-preferences')).toBe(
    'GET /users/:email/notification-preferences',
  );
  expect(titleOf('Store/Checkout v2')).toBe('Store/Checkout v2');
});

type ToPlace = ReturnType<typeof createToPlace>;
const answer = (toPlace: ToPlace, statusCode: number, path: string, overrides: object = {}) =>
  toPlace(httpRequest({ route: undefined, statusCode, ...overrides }), path);

const REASONS = [
  [400, 'Bad Request'],
  [401, 'Unauthorized'],
  [403, 'Forbidden'],
  [404, 'Not Found'],
  [405, 'Method Not Allowed'],
] as const;

test.each(REASONS)('without a route, the first request with status %i is %s', (status, reason) => {
  for (const titlePaths of ['template', 'raw'] as const) {
    expect(answer(createToPlace(titlePaths), status, '/wp-login.php')).toBe(reason);
  }
  expect(answer(createToPlace('template'), status, '/users/7', { route: '/users/:id' })).toBe(
    '/users/:id',
  );
});

test.each(REASONS)(
  'an endpoint without a route that answered before keeps its name with 400, 401 and 403, not %i',
  (status, reason) => {
    const toPlace = createToPlace('template');
    const named = status < 404 ? '/orders/:id' : reason;
    expect(answer(toPlace, 302, '/orders/7')).toBe('/orders/:id');
    expect(answer(toPlace, status, '/orders/8')).toBe(named);
    expect(answer(toPlace, status, '/orders/8', { method: 'DELETE' })).toBe(reason);
    expect(answer(toPlace, status, '/wp-admin')).toBe(reason);
    const toRawPlace = createToPlace('raw');
    answer(toRawPlace, 200, '/orders/7');
    expect(answer(toRawPlace, status, '/orders/8')).toBe(status < 404 ? '/orders/8' : reason);
  },
);

test('failures are no answers, and requests with a route do not count for paths', () => {
  const toPlace = createToPlace('template');
  answer(toPlace, 500, '/a');
  answer(toPlace, 403, '/a');
  answer(toPlace, 200, '/a', { route: '/:page' });
  expect(answer(toPlace, 400, '/a')).toBe('Bad Request');
  expect(answer(toPlace, 500, '/a')).toBe('/a');
});

test('at most 2,000 endpoints are remembered', () => {
  const toPlace = createToPlace('template');
  const names = Array.from({ length: 5000 }, (_, i) => `/page-${i}`);
  for (const name of names) answer(toPlace, 200, name);
  const known = names.filter((name) => answer(toPlace, 403, name) === name);
  expect(known).toEqual(names.slice(4000));
});

test('procedures of tRPC are no part of the endpoint', () => {
  const toPlace = createToPlace('template');
  const operation = (name?: string) => ({ kind: 'trpc' as const, name, count: 1, hasFailed: true });
  const called = (statusCode: number, name?: string) =>
    answer(toPlace, statusCode, '/trpc/user.byId', { operation: operation(name) });
  expect(called(401)).toBe('Unauthorized');
  expect(called(200, 'user.byId')).toBe('/trpc/user.byId');
  expect(called(401)).toBe('/trpc');
});
