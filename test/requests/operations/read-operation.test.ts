import { expect, test } from 'vitest';
import { operationOfSpan, readOperation } from '../../../src/request/operations/index.js';
import { finishedSpan, openRequest } from '../../support/builders.js';

const NOTHING = openRequest();
const ANSWERED = { statusCode: 200 };
const POSTED = { ...ANSWERED, method: 'POST', path: '/api', query: undefined, route: undefined };

/** The operation of `POST /api` with a body that a framework has parsed. */
function posted(body: unknown, more: object = {}) {
  return readOperation(openRequest({ incoming: { body }, ...more }), POSTED, true);
}

/** The operation of a GET, without a body. */
function asked(path: string, query?: string, route?: string, contentType?: string) {
  const target = { ...ANSWERED, method: 'GET', path, query, route, contentType };
  const found = readOperation(NOTHING, target, true);
  return found && [found.kind, found.name, found.count];
}

test.each([
  [
    { jsonrpc: '2.0', method: 'eth_getBalance', params: ['secret'] },
    ['json-rpc', 'eth_getBalance', 1],
  ],
  [
    [
      { jsonrpc: '2.0', method: 'a.b' },
      { jsonrpc: '2.0', method: 'c' },
    ],
    ['json-rpc', 'a.b', 2],
  ],
  [{ query: '{ a }', operationName: 'Greeting' }, ['graphql', 'Greeting', 1]],
  [{ extensions: {}, operationName: 'Persisted' }, ['graphql', 'Persisted', 1]],
])('the body %j', (body, expected) => {
  const found = posted(body);
  expect(found && [found.kind, found.name, found.count]).toEqual(expected);
});

test.each([
  [undefined],
  ['{"jsonrpc":"2.0","method":"a"}'],
  [{ jsonrpc: '1.0', method: 'a' }],
  [{ jsonrpc: '2.0', method: 7 }],
  [{ jsonrpc: '2.0', method: 'delete from users' }],
  [{ jsonrpc: '2.0', method: 'a'.repeat(129) }],
  [{ operationName: 'Greeting' }],
])('the body %j has no operation', (body) => {
  expect(posted(body)).toBeUndefined();
});

test('a getter that throws, and a body of a request that is no POST, are no operation', () => {
  const request = {
    get body() {
      throw new Error('no');
    },
  };
  expect(posted(undefined, { incoming: request })).toBeUndefined();
  expect(posted(new Proxy([], request as never))).toBeUndefined();
  const body = { jsonrpc: '2.0', method: 'a' };
  expect(
    readOperation(openRequest({ incoming: { body } }), { ...POSTED, method: 'GET' }, true),
  ).toBeUndefined();
});

test('of a batch, only the first message is read', () => {
  const unread = new Proxy({}, { get: () => expect.unreachable() });
  const batch = [{ jsonrpc: '2.0', method: 'first' }, unread, unread];
  expect(posted(batch)).toMatchObject({ name: 'first', count: 3 });
});

test.each([
  [{ 'x-amz-target': 'Kinesis_20131202.ListStreams' }, 'ListStreams'],
  [{ soapaction: '"urn:shop#GetOrder"' }, 'GetOrder'],
  [{ soapaction: `${'x:'.repeat(128)}GetOrder` }, undefined],
])('a POST with the header %j', (headers, name) => {
  const request = openRequest({ incoming: { headers } });
  const read = (more: object) => readOperation(request, { ...POSTED, ...more }, true);
  const found = name && { kind: 'action', name, count: 1, hasFailed: false };
  expect(read({ contentType: 'text/xml' })).toEqual(found && { ...found, isEvident: true });
  expect(read({ contentType: 'text/html' })).toEqual(found && { ...found, isEvident: false });
  expect(read({ method: 'GET' })).toBeUndefined();
});

test.each([
  ['/graphql', 'query={a}&operationName=Greeting', undefined, ['graphql', 'Greeting', 1]],
  ['/about', 'query={a}&operationName=Greeting', undefined, undefined],
  ['/graphql', 'query={a}&operationName=a%20b', undefined, undefined],
  ['/trpc/user.byId', undefined, undefined, ['trpc', 'user.byId', 1]],
  ['/api/trpc/user.byId,a,b', 'batch=1', '/api/trpc/[trpc]', ['trpc', 'user.byId', 3]],
  ['/user.byId,a', 'batch=1&input=', undefined, ['trpc', 'user.byId', 2]],
  ['/user.byId,a', 'batch=1', '/:page', undefined],
  ['/orders/42', 'batch=1', undefined, undefined],
  ['/trpc/a%20b', undefined, undefined, undefined],
])('GET %s?%s with the route %s', (path, query, route, expected) => {
  expect(asked(path, query, route)).toEqual(expected);
});

const GRAPHQL = 'query={a}&operationName=Greeting';
const JSON_TYPE = 'application/json; charset=utf-8';
const GRAPHQL_TYPE = 'application/graphql-response+json';

test.each([
  ['/data', GRAPHQL, GRAPHQL_TYPE, ['graphql', 'Greeting', 1]],
  ['/data', GRAPHQL, JSON_TYPE, undefined],
  ['/user.byId,a', 'batch=1', '', ['trpc', 'user.byId', 2]],
])('GET %s?%s with a response of the type "%s"', (path, query, contentType, expected) => {
  expect(asked(path, query, undefined, contentType)).toEqual(expected);
});

test.each([
  [undefined, true],
  [' Application/JSON;charset=utf-8', true],
  ['application/json-rpc', true],
  ['text/event-stream', true],
  ['', true],
  ['text/html; charset=utf-8', false],
])(
  'whether a response of the type "%s" is evidence of a name that a client has sent: %s',
  (contentType, evidence) => {
    const target = { ...POSTED, path: '/trpc/user.byId', contentType };
    expect(readOperation(NOTHING, target, true)?.isEvident).toBe(evidence);
    const spanOperation = { kind: 'graphql', name: 'Traced' } as const;
    expect(readOperation(openRequest({ spanOperation }), target, true)?.isEvident).toBe(true);
  },
);

test('a response of GraphQL has a type', () => {
  const incoming = { body: { query: '', operationName: 'Me' } };
  const evidence = (contentType: string) =>
    readOperation(openRequest({ incoming }), { ...POSTED, contentType }, true)?.isEvident;
  expect([evidence(JSON_TYPE), evidence('')]).toEqual([true, false]);
});

test('spans win over channels, and both over the body, which knows the length of a batch', () => {
  const body = [{ query: '', operationName: 'Sent' }, {}];
  const operation = { kind: 'graphql', name: 'Announced' } as const;
  expect(posted(body, { operation })).toMatchObject({ name: 'Announced', count: 2 });
  const spanOperation = { kind: 'graphql', name: 'Traced' } as const;
  expect(
    readOperation(openRequest({ spanOperation, operation, incoming: { body } }), POSTED, true),
  ).toMatchObject({
    name: 'Traced',
  });
});

test.each([
  [{ 'graphql.operation.name': 'Greeting' }, 0, { kind: 'graphql', name: 'Greeting' }],
  [{ 'rpc.system.name': 'jsonrpc', 'rpc.method': 'add' }, 0, { kind: 'json-rpc', name: 'add' }],
  [{ 'rpc.system': 'jsonrpc', 'rpc.method': 'add' }, 1, { kind: 'json-rpc', name: 'add' }],
  [{ 'rpc.system': 'jsonrpc', 'rpc.method': 'add' }, 2, undefined],
])('a span with %j of kind %i', (attributes, kind, expected) => {
  expect(operationOfSpan(finishedSpan({ attributes, kind }))).toEqual(expected);
});

/** As tokens may be. */
const SECRET = 'sk-proj-abcdefghijklmnopqrstuvwxyz0123456789';

test('a secret as the name of an operation is redacted', () => {
  const call = (params: object) => ({ jsonrpc: '2.0', id: 1, method: 'tools/call', params });
  const read = (body: object) =>
    readOperation(openRequest({ incoming: { body } }), { ...POSTED, path: '/mcp' }, true);
  const named = (attributes: Record<string, string>) =>
    operationOfSpan(finishedSpan({ kind: 0, attributes }))?.name;
  const _meta = { 'io.modelcontextprotocol/clientInfo': { name: SECRET } };
  const names = [
    posted({ jsonrpc: '2.0', method: SECRET })?.name,
    posted({ query: '{ a }', operationName: SECRET })?.name,
    read(call({ name: SECRET }))?.name,
    read(call({ _meta }))?.mcp?.clientName,
    named({ 'graphql.operation.name': SECRET }),
    named({ 'rpc.system': 'jsonrpc', 'rpc.method': SECRET }),
    named({ 'mcp.method.name': 'tools/call', 'gen_ai.tool.name': SECRET }),
    asked(`/trpc/${SECRET}`)?.[1] ?? 'redacted', // titles replace the segment
  ];
  expect(names).toEqual(names.map(() => 'redacted'));
});
