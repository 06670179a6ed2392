import { request as httpRequest } from 'node:http';
import { connect, type Socket } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { eventually, runNode } from '../support/child-process.js';
import { matomo, REGISTER, TRACED } from '../support/registered-app.js';
import { startTracedService, type TracedService } from '../support/traced-service.js';

/** Status that Matomo has of each path, once so many requests have ended. */
async function statuses(service: TracedService, count: number): Promise<Record<string, string>> {
  await service.requests(count);
  const hits = await service.hits();
  expect(hits).toHaveLength(count);
  return Object.fromEntries(
    hits.map(({ stored }) => [stored?.title ?? '', stored?.custom_var_v1 ?? '']),
  );
}

/** A connection of a client that knows no manners. */
function rawClient(service: TracedService, ...lines: string[]): Socket {
  const socket = connect(service.port, '127.0.0.1').on('error', () => undefined);
  for (const line of lines) socket.write(line);
  return socket;
}

const get = (path: string) => `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`;

test('what was answered to its end is what it was: HEAD, 304, 204, redirects, streams, errors', async () => {
  const service = await startTracedService(async (request, response) => {
    const { pathname } = new URL(request.url ?? '', 'http://x');
    const status = Number(pathname.replace('/status-', ''));
    if (status) response.writeHead(status, { location: '/' }).end();
    else {
      for (const part of ['a', 'b', 'c']) {
        response.write(part);
        await wait(20);
      }
      response.end();
    }
  });
  for (const status of ['304', '204', '302', '404', '503']) {
    await service.fetch(`/status-${status}`);
  }
  await service.fetch('/stream');
  await service.fetch('/status-200', { method: 'HEAD' });
  expect(await statuses(service, 7)).toEqual({
    'GET /status-304': '304',
    'GET /status-204': '204',
    'GET /status-302': '302',
    'GET Not Found': '404',
    'GET /status-503': '503',
    'GET /stream': '200',
    'HEAD /status-200': '200',
  });
  const stream = service.inspector.hits().find(({ params }) => params.url?.endsWith('/stream'));
  expect(Number(stream?.params.gt_ms)).toBeGreaterThanOrEqual(50); // until its last byte
});

test('Expect: 100-continue is one request with the status of its answer', async () => {
  const service = await startTracedService((request, response) => {
    request.resume().on('end', () => response.writeHead(201).end());
  });
  await new Promise<void>((resolve, reject) => {
    const headers = { expect: '100-continue', 'content-length': 4 };
    const request = httpRequest({
      host: '127.0.0.1',
      port: service.port,
      method: 'POST',
      path: '/e',
      headers,
      agent: false,
    });
    request
      .on('continue', () => request.end('body'))
      .on('error', reject)
      .flushHeaders();
    request.on('response', (response) => response.resume().on('end', resolve));
  });
  expect(await statuses(service, 1)).toEqual({ 'POST /e': '201' });
});

test('what Node answers by itself, as malformed, makes no hit', async () => {
  const service = await startTracedService((_request, response) => void response.end('ok'));
  const malformed = rawClient(service, 'GET /\0 HTTP/1.1\r\n\r\n').resume();
  await new Promise((resolve) => malformed.once('close', resolve));
  await service.fetch('/good');
  expect(await statuses(service, 1)).toEqual({ 'GET /good': '200' });
});

test('a handler that throws before a status is 500, and the process ends as it would', async () => {
  const app = `
    const server = require('node:http').createServer((request, response) => {
      if (request.url === '/throws') throw new TypeError('no such luck');
      response.end();
    }).listen(0, '127.0.0.1', () => {
      const { address: host, port } = server.address();
      process.on('uncaughtException', (error) => {
        console.log('caught', error.message);
        server.close();
        server.closeAllConnections();
      });
      require('node:http').get({ host, port, path: '/throws', agent: false }).on('error', () => undefined);
    });`;
  const { inspector, env } = await matomo();
  const child = await runNode([...TRACED, ...REGISTER, '-e', app], { env });
  expect(child).toMatchObject({ code: 0, stdout: 'caught no such luck\n', stderr: '' });
  expect(inspector.hits().map(({ stored }) => stored)).toMatchObject([
    {
      title: 'GET /throws',
      custom_var_v1: '500',
      custom_var_k3: 'error_type',
      custom_var_v3: 'TypeError',
    },
  ]);
});

test('a connection that is kept alive for long gives every request its own start and duration', async () => {
  const service = await startTracedService((request, response) => {
    setTimeout(() => response.end(), request.url === '/slow' ? 60 : 0);
  });
  const socket = rawClient(service);
  let answers = 0;
  socket.on('data', (data) => {
    answers += String(data).split('HTTP/1.1 200').length - 1;
  });
  /** As the client sees it, with what lies between the requests left out. */
  const longest: number[] = [];
  for (const [i, path] of ['/fast-0', '/slow', '/fast-2'].entries()) {
    const start = performance.now();
    socket.write(get(path));
    await eventually(() => answers === i + 1);
    longest.push(performance.now() - start);
    await wait(20);
  }
  socket.destroy();
  await service.requests(3);
  const hits = await service.hits();
  const times = ['/fast-0', '/slow', '/fast-2'].map((path) =>
    Number(hits.find(({ params }) => params.url?.endsWith(path))?.params.gt_ms),
  );
  for (const [i, most] of longest.entries()) expect(times[i]).toBeLessThanOrEqual(most + 1);
  expect(times[1]).toBeGreaterThanOrEqual(59);
});
