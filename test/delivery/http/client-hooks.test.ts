import { createServer, type IncomingHttpHeaders } from 'node:http';
import { expect, test, vi } from 'vitest';
import { openPoster } from '../../contracts/doors/post.js';
import { listen } from '../../support/listen.js';

const { seen } = vi.hoisted(() => {
  /** Events of requests that others have listened to. */
  const seen: string[] = [];
  const change = (request: import('node:http').ClientRequest) => {
    request.setHeader('sentry-trace', 'x');
    request.setHeader('user-agent', 'other');
    request.prependListener('response', () => seen.push('response'));
    request.on('error', () => seen.push('error')).on('close', () => seen.push('close'));
    return request;
  };
  // As tracing does it on Node.js 22.12 and later, and something else that is loaded before this package.
  const { subscribe } = process.getBuiltinModule('node:diagnostics_channel');
  subscribe('http.client.request.created', (message) => {
    change((message as { request: import('node:http').ClientRequest }).request);
  });
  const http = process.getBuiltinModule('node:http');
  const { request, ClientRequest } = http;
  http.ClientRequest = class extends ClientRequest {
    constructor(...args: ConstructorParameters<typeof ClientRequest>) {
      super(...args);
      change(this);
    }
  };
  // As global-agent does it, whatever agent is given.
  http.request = ((options: import('node:http').RequestOptions) =>
    request({ ...options, agent: http.globalAgent })) as typeof request;
  return { seen };
});

test('what others add to every request of the process is not sent, and their listeners get nothing', async () => {
  const headers: IncomingHttpHeaders[] = [];
  const server = createServer((request, response) => {
    headers.push(request.headers);
    request.resume().on('end', () => response.end('{}'));
  });
  const poster = openPoster(await listen(server));
  for (let i = 0; i < 2; i++) expect((await poster.post('{}')).kind).toBe('answer');
  expect((await openPoster('http://127.0.0.1:1/').post('{}')).kind).toBe('not sent');
  expect(headers.map((each) => [each['sentry-trace'], each['user-agent']])).toEqual([
    [undefined, 'test/1'],
    [undefined, 'test/1'],
  ]);
  expect(seen).toEqual([]);
});
