import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import type { Attributes } from '../../src/common/otel-types.js';
import { operationOfSpan, readOperation } from '../../src/request/operations.js';
import { finishedSpan, openRequest } from '../support/builders.js';

/** What is known of a request, by default `POST /api` with status 200. */
interface Sent extends Partial<Parameters<typeof readOperation>[1]> {
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly attributes?: Attributes;
  readonly below?: Attributes;
  readonly hasFailed?: boolean;
}

function read({ body, headers = {}, attributes, below, hasFailed, ...more }: Sent) {
  const { method = 'POST', path = '/api', query, titleRoute, statusCode = 200 } = more;
  const request = openRequest({
    incoming: attributes ? { body } : { body, headers },
    attributes,
    spanOperation: below && operationOfSpan(finishedSpan({ kind: 0, attributes: below })),
  });
  if (hasFailed) request.ensureSpanFacts().hasFailed = true;
  return readOperation(request, { method, path, query, titleRoute, statusCode }, true);
}

const rpc = (method: unknown, params?: object) => ({ jsonrpc: '2.0', id: 1, method, params });
const query = (operationName: unknown) => ({ query: '{ a }', operationName });
const tool = (name: unknown, more?: object) => rpc('tools/call', { name, arguments: {}, ...more });
const post = (body: unknown, more: Sent = {}): Sent => ({ body, ...more });
const get = (path: string, search?: string): Sent => ({
  method: 'GET',
  path,
  ...(search !== undefined && { query: search }),
});
const SOAP = (soapaction: string): Sent => ({ headers: { soapaction } });
const CALL_SPAN = { 'rpc.system.name': 'jsonrpc', 'rpc.method': 'traced' };

test.each<[Sent, string?]>([
  [post(rpc('eth_getBalance', { secret: 1 })), 'json-rpc eth_getBalance 1'],
  [post([rpc('a.b'), rpc('c')]), 'json-rpc a.b 2'],
  [post(query('Greeting')), 'graphql Greeting 1'],
  [post(query('Sent'), { below: { 'graphql.operation.name': 'Traced' } }), 'graphql Traced 1'],
  [post(rpc('sent'), { below: CALL_SPAN }), 'json-rpc traced 1'],
  [post('{"jsonrpc":"2.0","method":"a"}')],
  [post(rpc('delete from users'))],
  [post(rpc('a'.repeat(129)))],
  [{ ...post(rpc('a')), method: 'GET' }],
  [{ headers: { 'x-amz-target': 'Kinesis_20131202.ListStreams' } }, 'action ListStreams 1'],
  [SOAP('"urn:shop#GetOrder"'), 'action GetOrder 1'],
  [SOAP(`${'x:'.repeat(5000)}GetOrder`), 'action GetOrder 1'],
  [get('/graphql', 'query={a}&operationName=Asked'), 'graphql Asked 1'],
  [get('/about', 'query={a}&operationName=Asked')],
  [get('/trpc/user.byId'), 'trpc user.byId 1'],
  [get('/api/trpc/user.byId,a,b', 'batch=1'), 'trpc user.byId 3'],
  [get('/user.byId,a', 'batch=1&input='), 'trpc user.byId 2'],
  [get('/orders/42', 'batch=1')],
])('%j', (sent, expected) => {
  const found = read(sent);
  expect(found && `${found.kind} ${found.name} ${found.count}`).toBe(expected);
});

test('a getter of the body that throws is no operation, and of a batch only the first message is read', () => {
  const throwing = {
    get body() {
      throw new Error('no');
    },
  };
  const target = { path: '/api', query: undefined, method: 'POST', statusCode: 200 };
  expect(readOperation(openRequest({ incoming: throwing }), target, true)).toBeUndefined();
  const unread = new Proxy({}, { get: () => expect.unreachable() });
  expect(read(post([rpc('first'), unread]))).toMatchObject({ name: 'first', count: 2 });
});

test('a name is shown if the status is below 400, or if one with that name was', () => {
  const named = (name: string, more: Sent = {}) => read(post(query(name), more))?.name;
  expect(named('Me', { statusCode: 500 })).toBeUndefined();
  expect(named('Me', { hasFailed: true })).toBeUndefined();
  expect(read(post(rpc('Me'), { statusCode: 399 }))?.name).toBe('Me');
  expect(named('Me', { statusCode: 500 })).toBeUndefined(); // that was another kind
  expect(named('Me', { statusCode: 302 })).toBe('Me');
  expect(named('Me', { statusCode: 500 })).toBe('Me');
  expect(named('Me', { hasFailed: true })).toBe('Me');
});

test('a refused request has a known name only if it has a route', () => {
  const named = (more: Sent) => read(post(query('Known'), more))?.name;
  named({});
  for (const statusCode of [400, 401, 403, 404, 405, 410])
    expect(named({ path: '/.env', statusCode })).toBeUndefined();
  expect(named({ statusCode: 404, titleRoute: '/api' })).toBe('Known');
});

const SECRET = 'sk-proj-abcdefghijklmnopqrstuvwxyz0123456789';

test('a secret as the name of an operation is redacted', () => {
  const below = (attributes: Attributes) => read({ below: attributes })?.name;
  const found = [
    read(post(rpc(SECRET)))?.name,
    read(mcp(tool(SECRET)))?.name,
    read(fromClient(SECRET, 'a'))?.mcp?.clientName,
    read(get(`/trpc/${SECRET}`))?.name,
    below({ 'rpc.system': 'jsonrpc', 'rpc.method': SECRET }),
    below({ 'mcp.method.name': 'tools/call', 'gen_ai.tool.name': SECRET }),
  ];
  expect(found).toEqual(found.map(() => 'redacted'));
});

function mcp(body: unknown, more: Sent = {}): Sent {
  return { path: '/mcp', body, ...more };
}

const CLIENT_INFO = 'io.modelcontextprotocol/clientInfo';

function fromClient(client: string, name: string): Sent {
  return mcp(tool(name, { _meta: { [CLIENT_INFO]: { name: client, version: '1' } } }));
}

const NAMING = { 'mcp-method': 'tools/call', 'mcp-name': 'find_order' };
const SESSION = { 'mcp-session-id': 's' };
const STREAM = { accept: 'application/json, text/event-stream' };
const TOOL_SPAN = { 'mcp.method.name': 'tools/call', 'gen_ai.tool.name': 'traced' };
const PROTOCOL = 'no call';

function readMcp(sent: Sent): string | undefined {
  const { mcp: found, name } = read(sent) ?? {};
  if (found === undefined) return undefined;
  return found.isProtocol ? PROTOCOL : `${found.method} ${name}`;
}

test.each<[Sent, string?]>([
  [mcp(tool('find_order')), 'tools/call find_order'],
  [mcp(rpc('resources/read', { name: 'secret', uri: 'a:b' })), 'resources/read undefined'],
  [mcp(rpc('initialize')), 'initialize undefined'],
  [mcp(rpc('own/method')), 'undefined own/method'],
  [mcp(tool('find order')), 'tools/call undefined'],
  [mcp(rpc('tools/list')), PROTOCOL],
  [mcp(rpc('notifications/own')), PROTOCOL],
  [mcp({ jsonrpc: '2.0', id: 1, result: {} }), PROTOCOL],
  [mcp(rpc('delete all')), 'undefined undefined'], // unreadable
  [mcp({ a: 1 })],
  [mcp(undefined, { headers: SESSION }), 'undefined undefined'],
  [mcp(rpc('ping'), { headers: NAMING }), 'tools/call find_order'],
  [
    mcp(undefined, { headers: { ...NAMING, 'mcp-name': '=?base64?ZsO8cg==?=' } }),
    'tools/call undefined',
  ],
  [mcp(undefined, { below: TOOL_SPAN, headers: NAMING }), 'tools/call traced'],
  [post(undefined, { below: TOOL_SPAN }), 'tools/call traced'],
  [{ path: '/a/mcp/', headers: NAMING }, 'tools/call find_order'],
  [{ path: '/mcp', method: 'GET', headers: STREAM }, PROTOCOL],
  [{ path: '/mcp', method: 'GET', headers: { accept: 'text/html' } }],
])('MCP: %j', (sent, expected) => {
  expect(readMcp(sent)).toBe(expected);
});

test.each(['/', '/mcpx', '/a.mcp', '/mcp/settings', '/mcp.js'])(
  'headers and messages of MCP mean nothing at %s, with and without a session',
  (path) => {
    for (const headers of [NAMING, SESSION, { ...NAMING, ...SESSION }, { 'mcp-method': 'ping' }]) {
      expect(read({ path, headers })).toBeUndefined();
      expect(read({ path, headers, body: tool('x') })).toMatchObject({ kind: 'json-rpc' });
      for (const method of ['GET', 'DELETE'])
        expect(read({ path, method, headers: { ...headers, ...STREAM } })).toBeUndefined();
    }
  },
);

const opening = (path: string): Sent => ({
  path,
  body: rpc('initialize'),
  attributes: { 'http.response.header.mcp-session-id': 'abc' },
});

test('a path is an endpoint if one of its last responses had a session: the last 20 are known', () => {
  const call = (path: string) => readMcp({ path, body: tool('x') });
  const stream = (path: string) => readMcp({ path, method: 'GET', headers: SESSION });
  expect(call('/ai')).toBeUndefined();
  expect(readMcp(opening('/ai'))).toBe('initialize undefined');
  const seen = [call('/ai'), stream('/ai'), call('/other')];
  expect(seen).toEqual(['tools/call x', PROTOCOL, undefined]);
  for (let i = 0; i < 19; i++) read(opening(`/ai/${i}`));
  for (const path of ['/ai', '/ai/19']) read(opening(path));
  const kept = ['/ai', '/ai/0', '/ai/1'].map(call);
  expect(kept).toEqual(['tools/call x', undefined, 'tools/call x']);
});

test('the session is that of the header, of the response to initialize, or of a span before revision 2026-07-28', () => {
  const digestOf = (session: string) => createHash('sha256').update(session).digest('base64');
  const session = (sent: Sent) => read(sent)?.mcp?.session;
  const span = (version: string) => ({
    below: { ...TOOL_SPAN, 'mcp.session.id': 'b', 'mcp.protocol.version': version },
  });
  expect(session(mcp(tool('a'), { headers: SESSION }))).toBe(digestOf('s'));
  expect(session(opening('/mcp'))).toBe(digestOf('abc'));
  expect(session(mcp(undefined, { below: TOOL_SPAN, headers: SESSION }))).toBe(digestOf('s'));
  expect(session(span('2025-11-25'))).toBe(digestOf('b'));
  expect(session(span('2026-07-28'))).toBeUndefined();
  const long = { 'mcp-session-id': 'a'.repeat(2049) };
  expect(session(mcp(tool('a'), { headers: long }))).toBeUndefined();
});

test('the client is named where the message has it', () => {
  const client = (sent: Sent) => read(sent)?.mcp?.clientName;
  expect(client(mcp(rpc('initialize', { clientInfo: { name: 'desk' } })))).toBe('desk');
  expect(client(fromClient('Visual Studio Code', 'a'))).toBe('Visual Studio Code');
  expect(client({ ...fromClient('desk', 'a'), headers: NAMING })).toBe('desk');
  expect(client({ ...fromClient('desk', 'a'), below: TOOL_SPAN })).toBe('desk');
  expect(client({ below: { ...TOOL_SPAN, 'mcp.client.name': 'traced' } })).toBe('traced');
  expect(client({ ...fromClient('invented', 'a'), statusCode: 500 })).toBeUndefined();
  expect(client(fromClient('a\u202Eb', 'a'))).toBeUndefined();
});

// The last one: it fills the tables.

test('of 600 names of a kind, and of 600 clients, 500 are shown', () => {
  const numbers = Array.from({ length: 600 }, (_, i) => i);
  const names = numbers.map((i) => read({ headers: { soapaction: `action_${i}` } })?.name);
  expect(new Set(names).size).toBeLessThanOrEqual(501);
  expect(names.at(-1)).toBe('(other)');
  expect(read({ headers: { soapaction: 'action_599' }, statusCode: 500 })?.name).toBeUndefined();
  const calls = numbers.map((i) => read(fromClient(`client ${i}`, `tool_${i}`)));
  expect(new Set(calls.map((call) => call?.name)).size).toBeLessThanOrEqual(501);
  expect(calls.at(-1)?.mcp?.clientName).toBe('(other)');
});
