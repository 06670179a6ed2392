import { expect, test } from 'vitest';
import { readRequest } from '../../src/requests/read-request.js';
import { RequestRecord } from '../../src/requests/request-record.js';
import { finishedSpan, httpRequest, parametersOf, READING } from '../support/builders.js';

const titleOf = (attributes: Record<string, string | string[]>) => {
  const span = finishedSpan({ attributes: { 'http.request.method': 'GET', ...attributes } });
  const record = new RequestRecord(span, undefined, { remove: () => undefined });
  const request = readRequest(record, span, READING);
  return parametersOf({ ...httpRequest(), ...request }).parameters.action_name;
};
const ANSWER = { 'http.response.header.content-type': ['text/x-script; charset=utf-8'] };

test.each([
  [{ 'url.path': '/posts/hello.data', 'url.query': '_routes=root' }, 'GET /posts/hello'],
  [{ 'url.path': '/posts/7.data', 'url.query': 'a=1&_routes=' }, 'GET /posts/:id'],
  [{ 'url.path': '/posts/hello.data', ...ANSWER }, 'GET /posts/hello'],
  [{ 'url.path': '/a.data', 'http.request.header.accept': ['text/x-script'] }, 'GET /a'],
  [{ 'url.path': '/_root.data', ...ANSWER }, 'GET /'],
  [{ 'url.path': '/posts/hello.data' }, 'GET /posts/hello.data'],
  [{ 'url.path': '/posts/hello', ...ANSWER }, 'GET /posts/hello'],
  [{ 'url.path': '/p/x.data', 'http.route': '/p/:name', ...ANSWER }, 'GET /p/:name'],
])('%o has the title %s', (attributes, title) => {
  expect(titleOf({ ...attributes })).toBe(title);
});
