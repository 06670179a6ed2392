import { expect, test } from 'vitest';
import { OperationNames } from '../../../src/request/operations/operation-names.js';
import { httpRequest, operation } from '../../support/builders.js';

const DAY_MILLIS = 86_400_000;

/** A table at a time that the test sets, and a request with an operation, whose name it returns. */
function createTable() {
  const clock = { millis: 5 };
  const names = new OperationNames(() => clock.millis);
  const call = (
    name: string,
    statusCode = 200,
    more: object = {},
    hasFailed = false,
    isEvident = true,
  ) => {
    const request = { path: '/graphql', route: undefined, statusCode, ...more };
    const found = operation(name, { hasFailed, isEvident });
    return names.admit(httpRequest({ ...request, operation: found }))?.name;
  };
  return { clock, names, call };
}

test('a name enters with an operation that succeeds, and then failures have it too', () => {
  const { call } = createTable();
  expect(call('Me', 500)).toBeUndefined();
  expect(call('Me', 200, {}, true)).toBeUndefined();
  expect(call('Me')).toBe('Me');
  expect(call('Me', 500)).toBe('Me');
  expect(call('Me', 200, {}, true)).toBe('Me');
});

test('a known name makes no title of a path at which nothing succeeded', () => {
  const { call } = createTable();
  call('Me', 200, { path: '/api/graphql' });
  expect(call('Me', 404, { path: '/.env' })).toBeUndefined();
  expect(call('Me', 404, { path: '/api/graphql' })).toBe('Me');
  expect(call('Me', 404, { path: '/other', route: '/other' })).toBe('Me');
});

test('kinds have tables of their own', () => {
  const { names, call } = createTable();
  call('Me');
  const rpc = operation('Me', { kind: 'json-rpc' });
  expect(names.admit(httpRequest({ operation: rpc, statusCode: 500 }))?.name).toBeUndefined();
});

test('of 600 names, 500 are in titles until the next day', () => {
  const { clock, call } = createTable();
  const flood = () => new Set(Array.from({ length: 600 }, (_, i) => call(`n${i}`)));
  expect(flood().size).toBe(501);
  expect(call('n499')).toBe('n499');
  expect(call('n500')).toBe('(other)');
  expect(call('n500', 500)).toBeUndefined();
  clock.millis += DAY_MILLIS - 1;
  expect(call('n500')).toBe('(other)');
  clock.millis += 1;
  expect(call('n500')).toBe('n500');
  expect(call('n0', 500)).toBeUndefined();
});

test.each([
  [false, 200],
  [true, 101],
  [true, 207],
  [true, 302],
])('with the evidence %s and the status %i, nothing has succeeded', (isEvident, status) => {
  const { call } = createTable();
  expect(call('Me', status, {}, false, isEvident)).toBeUndefined();
  expect(call('Me', 500)).toBeUndefined();
});

/** An operation of MCP, and what is left of it. */
function createMcpTable() {
  const names = new OperationNames(() => 5);
  const call = (name: string | undefined, mcp: object = {}, more: object = {}) => {
    const details = { method: 'tools/call', isProtocol: false, ...mcp };
    const found = operation(name as string, { kind: 'mcp', mcp: details, ...more });
    const request = { path: '/mcp', route: undefined, statusCode: 200, ...more };
    const admitted = names.admit(httpRequest({ ...request, operation: found }));
    return [admitted?.mcp?.method, admitted?.name, admitted?.mcp?.clientName];
  };
  return { names, call };
}

test('a tool that has not succeeded has no name, but the method of the protocol', () => {
  const { names, call } = createMcpTable();
  expect(call('x', {}, { hasFailed: true })).toEqual(['tools/call', undefined, undefined]);
  expect(call('x', {}, { statusCode: 404 })).toEqual([undefined, undefined, undefined]);
  expect(call('x')).toEqual(['tools/call', 'x', undefined]);
  expect(call('x', {}, { statusCode: 404 })).toEqual(['tools/call', 'x', undefined]);
  expect(call(undefined, { method: 'initialize' })).toEqual(['initialize', undefined, undefined]);
  const listed = { method: 'tools/list', isProtocol: true, listedNames: ['fails'] };
  const list = operation(undefined as never, { kind: 'mcp', mcp: listed });
  names.learn(httpRequest({ operation: list }));
  expect(call('fails', {}, { hasFailed: true })).toEqual(['tools/call', 'fails', undefined]);
});

test('of many tools, methods and clients, 500 are sent', () => {
  const { call } = createMcpTable();
  const rows = Array.from({ length: 600 }, (_, i) => {
    const method = i % 2 === 0 ? 'tools/call' : undefined;
    return call(`name_${i}`, { clientName: `client ${i}`, method });
  });
  expect(new Set(rows.map(([, name]) => name)).size).toBe(501);
  expect(new Set(rows.map(([, , clientName]) => clientName)).size).toBe(501);
  const failed = call('name_599', { clientName: 'client 1' }, { statusCode: 500 });
  expect(failed).toEqual(['tools/call', undefined, 'client 1']);
});
