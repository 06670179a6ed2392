import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import type { Attributes } from '../../../src/common/otel-types.js';
import type { Operation } from '../../../src/hit/http-request.js';
import { readOperation } from '../../../src/request/operations/index.js';
import type { McpReport } from '../../../src/request/operations/mcp.js';
import { McpEndpoints } from '../../../src/request/operations/mcp.js';
import { openRequest } from '../../support/builders.js';

interface Given {
  readonly method?: string;
  readonly path?: string;
  readonly body?: unknown;
  readonly request?: object;
  readonly headers?: Readonly<Record<string, string>>;
  readonly report?: McpReport;
  readonly span?: Pick<Operation, 'name' | 'mcp'>;
  readonly statusCode?: number;
  readonly contentType?: string;
  readonly attributes?: Attributes;
}

function digestOf(session: string): string {
  return createHash('sha256').update(session).digest('base64');
}

const EVENT_STREAM = 'text/event-stream';

/** What endpoints read of a request, by default `POST /mcp`, as methods, names and what more was found. */
function reader(endpoints = new McpEndpoints()) {
  return function read(given: Given) {
    const { method = 'POST', path = '/mcp', body, headers = {}, statusCode = 200 } = given;
    const { contentType } = given;
    const request = given.request ?? { body, headers };
    const { span, report, attributes } = given;
    const what = { method, path, query: undefined, route: undefined };
    const target = { ...what, contentType, statusCode };
    const spanOperation = span && ({ kind: 'mcp', ...span } as const);
    const asked = openRequest({ incoming: request, mcp: report, attributes, spanOperation });
    const found = readOperation(asked, target, true, endpoints);
    return found?.mcp && { ...found, mcp: found.mcp };
  };
}

const message = (method: unknown, params?: object) => ({ jsonrpc: '2.0', id: 1, method, params });
/** It has no ID, so no server answers it. */
const notification = (method: string, params?: object) => ({ jsonrpc: '2.0', method, params });
const call = (name: unknown) => message('tools/call', { name, arguments: { secret: 1 } });
const outcome = (found: ReturnType<ReturnType<typeof reader>>) =>
  found && [found.mcp.method, found.name, found.mcp.isProtocol];

test.each([
  [call('find_order'), ['tools/call', 'find_order', false]],
  [message('prompts/get', { name: 'review' }), ['prompts/get', 'review', false]],
  [message('resources/read', { name: 'secret' }), ['resources/read', undefined, false]],
  [message('initialize'), ['initialize', undefined, false]],
  [message('tools/list'), ['tools/list', undefined, true]],
  [message('notifications/own'), [undefined, 'notifications/own', true]],
  [message('own/list'), [undefined, 'own/list', true]],
  [message('own/method'), [undefined, 'own/method', false]],
  [notification('own/method'), [undefined, undefined, true]],
  [notification('notifications/cancelled'), ['notifications/cancelled', undefined, true]],
  [message('tools/call'), ['tools/call', undefined, false]],
  [call('find order'), ['tools/call', undefined, false]],
  [{ jsonrpc: '2.0', id: 1, result: { secret: 1 } }, [undefined, undefined, true]],
  [{ jsonrpc: '2.0', id: 1, error: {} }, [undefined, undefined, true]],
  [undefined, undefined],
])('the body %j', (body, expected) => {
  expect(outcome(reader()({ body }))).toEqual(expected);
});

test('getters that throw are no message, and arguments, URIs and results are not read', () => {
  const fail = () => {
    throw new Error('no');
  };
  const failing = (name: string, target: object) =>
    Object.defineProperty({ ...target }, name, { get: fail });
  const read = (given: Given) => outcome(reader()(given));
  expect(read({ request: failing('body', {}) })).toBeUndefined();
  expect(read({ body: failing('method', { jsonrpc: '2.0' }) })).toBeUndefined();
  expect(read({ body: message('tools/call', failing('name', {})) })).toBeUndefined();
  const body = message('tools/call', failing('arguments', { name: 'x' }));
  expect(read({ body })).toEqual(['tools/call', 'x', false]);
  for (const name of ['uri', 'name'])
    expect(read({ body: message('resources/read', failing(name, {})) })).toBeDefined();
  expect(read({ body: failing('result', { jsonrpc: '2.0', id: 1 }) })?.[2]).toBe(true);
});

test.each<[Given, unknown]>([
  [{}, ['tools/call', 'find_order', false]],
  [{ body: message('ping') }, ['tools/call', 'find_order', false]],
  [{ body: notification('tools/call') }, [undefined, undefined, true]],
  [{ headers: { 'mcp-name': '=?base64?ZsO8cg==?=' } }, ['tools/call', undefined, false]], // not ASCII
  [{ headers: { 'mcp-method': 'resources/read' } }, ['resources/read', undefined, false]],
])('headers name the call, and win over the body: %j', ({ body, headers }, expected) => {
  const all = { 'mcp-method': 'tools/call', 'mcp-name': 'find_order', ...headers };
  expect(outcome(reader()({ body, headers: all }))).toEqual(expected);
});

test('spoofed headers and bodies mean nothing at a path that is no endpoint', () => {
  const read = reader();
  const headers = { 'mcp-method': 'tools/call', 'mcp-name': 'x', 'mcp-session-id': 's' };
  for (const path of ['/', '/mcpx', '/a.mcp', '/mcp/settings'])
    expect(read({ path, headers, body: call('x') }), path).toBeUndefined();
  expect(read({ path: '/a/mcp/', headers })).toBeDefined();
});

test('a path at which MCP was served is known from then on', () => {
  const read = reader();
  expect(read({ path: '/ai', body: call('x') })).toBeUndefined();
  read({ path: '/ai', report: { method: 'tools/call', target: 'x' }, statusCode: 500 });
  expect(outcome(read({ path: '/ai', body: call('y') }))).toEqual(['tools/call', 'y', false]);
  const span = { name: 'z', mcp: { method: 'tools/call', isProtocol: false } };
  expect(outcome(read({ path: '/b', span }))).toEqual(['tools/call', 'z', false]);
  expect(read({ path: '/b', body: message('ping') })).toBeDefined();
});

test('a response to initialize with a session shows that its path is one of MCP', () => {
  const read = reader();
  const request = { body: message('initialize') }; // no headers object: attributes count
  const stream = { method: 'GET', path: '/ai', contentType: EVENT_STREAM };
  expect(read({ path: '/ai', request })).toBeUndefined();
  expect(read(stream)).toBeUndefined();
  const attributes = { 'http.response.header.mcp-session-id': ['abc'] };
  expect(read({ path: '/ai', request, attributes })?.mcp).toMatchObject({
    session: digestOf('abc'),
  });
  expect(read(stream)).toBeDefined();
});

test('streams and ends of sessions count only where MCP was served with success', () => {
  const read = reader();
  const stream = { method: 'GET', headers: { accept: 'text/event-stream' } };
  const end = { method: 'DELETE', headers: { 'mcp-session-id': 's' } };
  read({ body: call('x'), statusCode: 401 });
  expect(read(stream)).toBeUndefined();
  read({ body: call('x') });
  expect(outcome(read(stream))).toEqual([undefined, undefined, true]);
  expect(outcome(read({ method: 'GET', contentType: EVENT_STREAM }))).toBeDefined();
  expect(read({ method: 'GET', headers: { accept: 'text/html' } })).toBeUndefined();
  expect(read(end)?.mcp).toMatchObject({ isProtocol: true, session: digestOf('s') });
  expect(read({ method: 'DELETE' })).toBeUndefined();
  expect(read({ ...stream, path: '/events' })).toBeUndefined();
});

test('a server that reads the body itself is known by the headers of its clients', () => {
  const read = reader();
  expect(read({})).toBeUndefined();
  expect(outcome(read({ headers: { 'mcp-session-id': 's' } }))).toEqual([
    undefined,
    undefined,
    false,
  ]);
  const version = { 'mcp-protocol-version': '2025-11-25' };
  expect(read({ headers: version })?.mcp.protocolVersion).toBe('2025-11-25');
});

test('session, client and revision come from headers, messages and the response', () => {
  const read = reader();
  const params = { clientInfo: { name: 'desk', version: '1' }, protocolVersion: '2025-06-18' };
  const attributes = { 'http.response.header.mcp-session-id': 'abc' };
  const request = { body: message('initialize', params) }; // no headers object: attributes count
  const opened = { session: digestOf('abc'), clientName: 'desk', protocolVersion: '2025-06-18' };
  expect(read({ request, attributes })?.mcp).toMatchObject(opened);
  const nameOf = (session: string) =>
    read({ headers: { 'mcp-session-id': session }, body: call('x') })?.mcp.clientName;
  expect([nameOf('abc'), nameOf('abd')]).toEqual(['desk', undefined]);
  const long = { 'mcp-session-id': 'a'.repeat(10_000), 'mcp-protocol-version': '1; drop' };
  expect(read({ headers: long })?.mcp).toMatchObject({
    session: undefined,
    protocolVersion: undefined,
  });
});

test.each([
  ['Visual Studio Code', 'Visual Studio Code'],
  ['a\nb', undefined],
  ['a\u202Eb', undefined],
  ['a'.repeat(65), undefined],
])('a message of the client %j', (name, clientName) => {
  const _meta = { 'io.modelcontextprotocol/clientInfo': { name } };
  expect(reader()({ body: message('tools/call', { _meta }) })?.mcp.clientName).toBe(clientName);
});

test('what trackMcp reports wins', () => {
  const report = {
    method: 'tools/call',
    target: 'real',
    clientName: 'inspector',
    session: 's',
    listedNames: ['a', 'b c'],
  };
  const headers = { 'mcp-method': 'tools/call', 'mcp-name': 'said' };
  const found = reader()({ path: '/any', report, headers });
  expect(outcome(found)).toEqual(['tools/call', 'real', false]);
  expect(found?.mcp).toMatchObject({
    clientName: 'inspector',
    session: digestOf('s'),
    listedNames: ['a'],
  });
  const listed = reader()({ report: { isUnanswered: true } });
  expect(listed?.mcp.isProtocol).toBe(true);
});

test('thousands of paths do not displace one that is used', () => {
  const read = reader();
  const stream = { method: 'GET', path: '/a/mcp', contentType: EVENT_STREAM };
  for (let i = 0; i < 3000; i++) {
    read({ path: `/${i}/mcp`, body: call('x') });
    if (i % 400 === 0) read({ path: '/a/mcp', body: call('x') });
  }
  expect(read(stream)).toBeDefined();
  expect(read({ ...stream, path: '/0/mcp' })).toBeUndefined();
});

const SPAN: Pick<Operation, 'name' | 'mcp'> = {
  name: 'find_order',
  mcp: { method: 'tools/call', isProtocol: false },
};
const REPORT: McpReport = { method: 'tools/call', target: 'find_order' };
const JSON_TYPE = 'application/json';

test.each<[Given, boolean]>([
  [{ body: call('a') }, true],
  [{ body: call('a'), contentType: 'text/html' }, false],
  [{ headers: { 'mcp-method': 'tools/call', 'mcp-name': 'a' }, contentType: 'text/css' }, false],
  [{ span: SPAN, contentType: 'text/html' }, true],
  [{ report: REPORT, contentType: '' }, true],
])('whether %j has evidence of its name: %s', (given, evidence) => {
  expect(reader()(given)?.isEvident).toBe(evidence);
});

test.each<[string, Given]>([
  ['a page', { contentType: 'text/html' }],
  ['a redirect', { contentType: JSON_TYPE, statusCode: 302 }],
])(
  'a path is not one of MCP because %s was sent for a call, and no session has a client',
  (_what, given) => {
    const read = reader();
    const initialize = message('initialize', { clientInfo: { name: 'desk' } });
    const headers = { 'mcp-session-id': 's' };
    read({ body: initialize, headers, ...given });
    expect(read({ method: 'GET', contentType: EVENT_STREAM })).toBeUndefined();
    expect(read({ body: call('a'), headers })?.mcp.clientName).toBeUndefined();
  },
);
