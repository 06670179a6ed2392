import { once } from 'node:events';
import type { RequestListener } from 'node:http';
import { createRequire } from 'node:module';
import { connect } from 'node:net';
import { createGzip, gzipSync } from 'node:zlib';
import { expect, onTestFinished, test } from 'vitest';
import { ignore } from '../../src/index.js';
import type { AiRequest } from '../../src/inspector/index.js';
import type { MatomoOptions } from '../../src/options.js';
import { CHATGPT, FIREFOX, GPTBOT } from '../support/chatbots.js';
import { tlsFile } from '../support/fault-proxy.js';
import { listen } from '../support/listen.js';
import { startMeterProvider } from '../support/meter-provider.js';
import { rawRequest, sendRaw } from '../support/raw-request.js';
import { sorted } from '../support/sorted.js';
import { startTracedService, type TracedService } from '../support/traced-service.js';

const require = createRequire(import.meta.url);
const FIVE_MB = Buffer.alloc(5_000_000, 'x');
const HEADERS = { 'user-agent': CHATGPT };

/** What the AI chatbot reports of Matomo get, in the order of the requests. */
async function rowsOf(service: TracedService, requests: number): Promise<readonly AiRequest[]> {
  await service.requests(requests);
  await service.hits();
  return service.inspector.aiRequests();
}

/** Asks as ChatGPT does, with the headers that its requests have besides. */
const ask = (service: TracedService, path: string, headers: Record<string, string> = {}) =>
  service.fetch(path, { headers: { ...HEADERS, ...headers } });

/** Sends all requests before it reads an answer. */
const askPipelined = ({ port }: TracedService, ...targets: string[]) => {
  const lines = ['Host: shop.example', `User-Agent: ${CHATGPT}`];
  const requests = targets.map((target, i) => {
    const isLast = i === targets.length - 1;
    return `GET ${target} HTTP/1.1\r\n${[...lines, ...(isLast ? ['Connection: close'] : [])].join('\r\n')}\r\n\r\n`;
  });
  return sendRaw({ port }, requests.join(''));
};

test('requests by AI chatbots are reported as such, and those by people and crawlers are visits', async () => {
  const service = await startTracedService((_request, response) => response.end('hello'));
  await ask(service, '/guide?utm_source=x&page=2');
  await service.fetch('/guide', { headers: { 'user-agent': FIREFOX } });
  await service.fetch('/guide', { headers: { 'user-agent': GPTBOT } });
  await service.fetch('/guide', { headers: HEADERS, method: 'POST' });
  await service.requests(4);
  const verdicts = (await service.hits()).map(({ verdict }) => verdict);
  expect(sorted(verdicts)).toEqual(['ai_chatbot', 'tracked', 'tracked', 'tracked']);
  expect(service.processor.stats()).toMatchObject({ hits: 4, aiChatbots: 1 });
  const [row] = service.inspector.aiRequests();
  expect(row).toEqual({
    site: 1,
    time: expect.any(Number),
    name: 'ChatGPT-User',
    kind: 'page',
    url: `https://127.0.0.1:${service.port}/guide?page=2`.replace('https:', 'http:'),
    statusCode: 200,
    bytes: 5,
    millis: expect.any(Number),
    source: 'opentelemetry-matomo',
  });
});

test('with pageViews: false only AI chatbots are sent, without a token', async () => {
  const service = await startTracedService((_request, response) => response.end('hello'), {
    pageViews: false,
    ignorePaths: ['/health'],
    doNotTrack: true,
    ignore: ({ path }) => path === '/mine',
  });
  await ask(service, '/guide');
  await ask(service, '/health');
  await ask(service, '/mine');
  await ask(service, '/guide', { dnt: '1' });
  await service.fetch('/guide', { headers: { 'user-agent': FIREFOX } });
  await service.fetch('/guide', { headers: { 'user-agent': FIREFOX, dnt: '1' } });
  await service.fetch('/health', { headers: { 'user-agent': FIREFOX } });
  await service.fetch('/guide', { headers: HEADERS, method: 'POST' });
  await ask(service, '/app.js');
  await ask(service, '/guide', { cookie: 'a=b; matomo_has_js=1' });
  expect(await rowsOf(service, 10)).toMatchObject([{ source: 'opentelemetry-matomo' }]);
  const stats = service.processor.stats();
  expect(stats).toMatchObject({ hits: 1, aiChatbots: 1, tracked: 1, pending: 0 });
  const { path, predicate, do_not_track, page_views, ai_chatbot } = stats.ignored;
  expect({ path, predicate, do_not_track, page_views, ai_chatbot }).toEqual({
    path: 2,
    predicate: 1,
    do_not_track: 2,
    page_views: 2,
    ai_chatbot: 2,
  });
  expect(sorted(Object.keys(service.inspector.hits()[0]?.params ?? {}))).toEqual(
    'apiv bw_bytes cdt http_status idsite pf_srv rec recMode source ua url'.split(' '),
  );
});

test('aiChatbots: off leaves everything as it was', async () => {
  const options = { aiChatbots: 'off' } as const;
  const service = await startTracedService((_request, response) => response.end('hi'), options);
  const [hit] = await service.visit('/', { headers: HEADERS });
  expect(hit).toMatchObject({ verdict: 'tracked', params: { bots: '1' } });
  expect(Object.keys(hit?.params ?? {})).not.toContain('recMode');
  expect(service.processor.stats()).toMatchObject({ hits: 1, aiChatbots: 0 });
});

test('a chatbot of its own is found by aiChatbotUserAgents', async () => {
  const service = await startTracedService((_request, response) => response.end('hi'), {
    aiChatbotUserAgents: ['Amzn-User'],
  });
  await ask(service, '/');
  await service.fetch('/', { headers: { 'user-agent': 'x amzn-user/1' } });
  await service.requests(2);
  const sent = (await service.hits()).map(({ params }) => [params.ua, params.recMode]);
  expect(new Map(sent as [string, string][])).toEqual(
    new Map<string, string | undefined>([
      [CHATGPT, undefined],
      ['x amzn-user/1', '1'],
    ]),
  );
});

test.each<[string, MatomoOptions]>([
  ['ignore', {}],
  ['beforeSend', { beforeSend: () => null }],
])('a request that %s leaves out is no request by an AI chatbot either', async (how, options) => {
  const service = await startTracedService((_request, response) => {
    if (how === 'ignore') ignore();
    response.end();
  }, options);
  expect(await service.visit('/', { headers: HEADERS })).toEqual([]);
  expect(service.processor.stats()).toMatchObject({ hits: 0, aiChatbots: 0 });
});

const gzipped = gzipSync(FIVE_MB);

/** Pages and documents as servers send them. */
const serveFiles: RequestListener = (request, response) => {
  const [path] = (request.url ?? '/').split('?', 1);
  switch (path) {
    case '/guide.pdf':
      response.setHeader('Content-Type', 'application/pdf');
      if (request.headers.range !== undefined) response.statusCode = 206;
      response.end(FIVE_MB);
      return;
    case '/written':
      response.writeHead(200, { 'content-type': 'application/pdf', 'content-length': '5' });
      response.end('12345');
      return;
    case '/streamed':
      response.writeHead(200, ['Content-Type', 'application/epub+zip']);
      for (let i = 0; i < 10; i++) response.write('0123456789');
      response.end();
      return;
    case '/gzipped':
      response.setHeader('content-encoding', 'gzip');
      response.end(gzipped);
      return;
    case '/gzip-streamed': {
      response.writeHead(200, { 'content-type': 'text/csv', 'content-encoding': 'gzip' });
      const gzip = createGzip();
      gzip.pipe(response);
      gzip.end(FIVE_MB);
      return;
    }
    case '/unchanged.pdf':
      response.writeHead(304, { 'content-length': '5000000' }).end();
      return;
    case '/nothing':
      response.writeHead(204).end();
      return;
    case '/moved':
      response.writeHead(301, { location: '/' }).end('moved');
      return;
    case '/missing.pdf':
      response.statusCode = 404;
      response.setHeader('content-type', 'text/html').end('Not Found');
      return;
    case '/fails':
      response.statusCode = 500;
      response.end('failed');
      return;
    default:
      response.end(`page ${path}`);
  }
};

test.each<[path: string, kind: AiRequest['kind'], bytes: number | undefined, status: number]>([
  ['/', 'page', 6, 200],
  ['/guide.pdf', 'document', 5_000_000, 200],
  ['/written', 'document', 5, 200],
  ['/gzipped', 'page', gzipped.length, 200],
  ['/unchanged.pdf', 'document', undefined, 304],
  ['/nothing', 'page', undefined, 204],
  ['/missing.pdf', 'document', 9, 404],
  ['/fails', 'page', 6, 500],
])('GET %s is a %s of %s bytes with status %i', async (path, kind, bytes, statusCode) => {
  const service = await startTracedService(serveFiles);
  await ask(service, `${path}?a=1`);
  const [row] = await rowsOf(service, 1);
  expect(row).toMatchObject({ kind, statusCode });
  expect([row?.bytes, row?.url?.endsWith('?a=1')]).toEqual([bytes, kind === 'page']);
});

test('a streamed body counts with its framing, and a compressed one as it is sent', async () => {
  const service = await startTracedService(serveFiles);
  await ask(service, '/streamed');
  await ask(service, '/gzip-streamed');
  const [streamed, compressed] = await rowsOf(service, 2);
  // 100 bytes in ten chunks, which Node may send as they are written or put together.
  expect(streamed).toMatchObject({ kind: 'document' });
  expect(streamed?.bytes).toBeGreaterThan(100);
  expect(streamed?.bytes).toBeLessThanOrEqual(100 + 10 * 5 + 5);
  expect(compressed?.bytes).toBeGreaterThan(gzipped.length - 20);
  expect(compressed?.bytes).toBeLessThan(gzipped.length + 200);
});

test('HEAD has a size of its own, which is not sent', async () => {
  const service = await startTracedService(serveFiles);
  await service.fetch('/guide.pdf', { headers: HEADERS, method: 'HEAD' });
  const [row] = await rowsOf(service, 1);
  expect(row).toMatchObject({ kind: 'document', statusCode: 200 });
  expect(row).not.toHaveProperty('bytes');
});

test('sizes are exact on one connection, whether requests wait for answers or not', async () => {
  const service = await startTracedService(serveFiles);
  await askInTurn(service, ['/a', '/guide.pdf', '/bc']);
  const rows = await rowsOf(service, 3);
  expect(rows.map(({ bytes }) => bytes)).toEqual([7, 5_000_000, 8]);
});

test('sizes of pipelined requests are exact, also if an answer had to wait', async () => {
  let serveFirst: (() => void) | undefined;
  const waits = await startTracedService((request, response) => {
    if (request.url === '/a') serveFirst = () => serveFiles(request, response);
    else serveFiles(request, response);
    // The first is the last to be ready.
    if (request.url === '/written') setImmediate(() => serveFirst?.());
  });
  await askPipelined(waits, '/a', '/bc', '/written');
  const rows = await rowsOf(waits, 3);
  expect(rows.map(({ bytes }) => bytes)).toEqual([7, 8, 5]);
});

/** Serves each request when the response before it has been written. */
function inTurn(serve: RequestListener): RequestListener {
  let isWritten: Promise<unknown> = Promise.resolve();
  return (request, response) => {
    void isWritten.then(() => serve(request, response));
    isWritten = once(response, 'finish');
  };
}

test('an answer that begins when it is its turn on a pipelined connection has its size', async () => {
  const service = await startTracedService(inTurn(serveFiles));
  await askPipelined(service, '/a', '/bc');
  expect((await rowsOf(service, 2)).map(({ bytes }) => bytes)).toEqual([7, 8]);
});

test('informational responses are not part of a size, also on a pipelined connection', async () => {
  const service = await startTracedService((request, response) => {
    response.writeEarlyHints({ link: '</style.css>; rel=preload; as=style' });
    response.writeProcessing();
    response.writeContinue();
    if (request.url === '/a') setTimeout(() => response.end('12345'), 50);
    else if (request.url === '/b') {
      response.writeHead(200, { 'content-length': '3' });
      response.writeProcessing();
      response.end(Buffer.from('123'));
    } else setTimeout(() => response.end('1234567'), 100);
  });
  const answer = await askPipelined(service, '/a', '/c');
  expect(answer.match(/HTTP\/1\.1 10[023]/g)).toHaveLength(6);
  await askInTurn(service, ['/b']);
  const expecting = [`User-Agent: ${CHATGPT}`, 'Expect: 100-continue', 'Content-Length: 0'];
  await sendRaw({ port: service.port }, rawRequest('/b', expecting));
  const rows = await rowsOf(service, 4);
  expect(rows.map(({ bytes }) => bytes)).toEqual([5, 7, 3, 3]);
});

/** One request after the other on one connection. */
async function askInTurn({ port }: TracedService, targets: string[]): Promise<void> {
  const { Agent, request } = require('node:http') as typeof import('node:http');
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  onTestFinished(() => agent.destroy());
  const where = { port, host: '127.0.0.1', headers: HEADERS, agent };
  for (const path of targets) {
    await new Promise((resolve, reject) => {
      request({ ...where, path }, (response) => response.on('end', resolve).resume())
        .on('error', reject)
        .end();
    });
  }
}

test('11.9 what a chatbot does not wait for is sent as a broken page, without a size', async () => {
  const service = await startTracedService((_request, response) => {
    response.writeHead(200, { 'content-type': 'application/pdf', 'content-length': 5_000_000 });
    response.write('some');
  });
  const socket = connect(service.port, '127.0.0.1');
  socket.write(rawRequest('/guide.pdf', [`User-Agent: ${CHATGPT}`]));
  socket.once('data', () => socket.destroy());
  const [row] = await rowsOf(service, 1);
  expect(row).toMatchObject({ statusCode: 499, kind: 'document' });
  expect(row).not.toHaveProperty('bytes');
});

test('sizes are exact under TLS', async () => {
  const service = await startTracedService(serveFiles);
  const { createServer, request } = require('node:https') as typeof import('node:https');
  const [key, cert] = ['key', 'pem'].map((end) => tlsFile(`server.${end}`));
  const { port } = new URL(await listen(createServer({ key, cert } as object, serveFiles)));
  for (const path of ['/', '/guide.pdf']) {
    await new Promise((resolve, reject) => {
      const options = { port, host: '127.0.0.1', path, headers: HEADERS };
      request({ ...options, rejectUnauthorized: false, agent: false }, (response) =>
        response.on('end', resolve).resume(),
      )
        .on('error', reject)
        .end();
    });
  }
  const rows = await rowsOf(service, 2);
  expect(rows.map(({ bytes, url }) => [bytes, url])).toEqual([
    [6, `https://127.0.0.1:${port}/`],
    [5_000_000, `https://127.0.0.1:${port}/guide.pdf`],
  ]);
});

const PDF = { 'content-type': 'application/pdf' };

const FRAMEWORKS: Record<string, () => RequestListener | Promise<RequestListener>> = {
  Express() {
    const express = require('express');
    const app = express();
    app.get('/page', (_: unknown, response: { send(text: string): void }) => response.send('page'));
    app.get('/guide', (_: unknown, response: ExpressResponse) => {
      response.set(PDF).send(FIVE_MB);
    });
    app.get('/fails', () => {
      throw new Error('test');
    });
    app.use((_e: Error, _q: unknown, r: ExpressResponse, _n: unknown) => r.status(500).send('500'));
    return app;
  },
  async Fastify() {
    const app = require('fastify')();
    app.get('/page', async () => 'page');
    app.get('/guide', async (_: unknown, reply: FastifyReply) => reply.headers(PDF).send(FIVE_MB));
    app.get('/fails', async () => {
      throw new Error('test');
    });
    await app.ready();
    onTestFinished(() => app.close());
    return (request, response) => app.routing(request, response);
  },
  Hono() {
    const { Hono } = require('hono');
    const { getRequestListener } = require('@hono/node-server');
    const app = new Hono();
    app.get('/page', (context: HonoContext) => context.text('page'));
    app.get('/guide', (context: HonoContext) => context.body(FIVE_MB, 200, PDF));
    app.get('/fails', () => {
      throw new Error('test');
    });
    app.onError((_error: Error, context: HonoContext) => context.text('500', 500));
    return getRequestListener(app.fetch);
  },
};
interface ExpressResponse {
  set(headers: object): ExpressResponse;
  status(code: number): ExpressResponse;
  send(body: Buffer | string): void;
}
interface HonoContext {
  text(text: string, status?: number): unknown;
  body(body: Buffer, status: number, headers: object): unknown;
}
interface FastifyReply {
  headers(headers: object): FastifyReply;
  send(body: Buffer): unknown;
}

test.each(Object.keys(FRAMEWORKS))(
  'a page, a document, a 404 and an error of %s',
  async (framework) => {
    let listener: RequestListener | undefined;
    const service = await startTracedService((request, response) => listener?.(request, response));
    listener = await FRAMEWORKS[framework]?.();
    const paths = ['/page', '/guide', '/missing.pdf', '/fails'];
    const bodies: string[] = [];
    for (const path of paths) bodies.push((await ask(service, path)).body);
    const rows = await rowsOf(service, paths.length);
    expect(rows.map(({ kind, statusCode }) => [kind, statusCode])).toEqual([
      ['page', 200],
      ['document', 200],
      ['document', 404],
      ['page', 500],
    ]);
    expect(rows.map(({ bytes }) => bytes)).toEqual(bodies.map((body) => Buffer.byteLength(body)));
  },
);

test('11.14 a name counts if it is in what is sent of a long user agent', async () => {
  const service = await startTracedService((_request, response) => response.end('hi'));
  const long = 'x'.repeat(5000);
  await service.fetch('/1', { headers: { 'user-agent': `${CHATGPT} ${long}` } });
  await service.fetch('/2', { headers: { 'user-agent': `${long} ${CHATGPT}` } });
  await service.fetch('/3', { headers: { 'user-agent': `${'<'.repeat(500)} ${CHATGPT}` } });
  const rows = await rowsOf(service, 3);
  expect(rows.map(({ url }) => url?.slice(-2))).toEqual(['/1']);
  const verdicts = (await service.hits()).map(({ verdict }) => verdict);
  expect(sorted(verdicts)).toEqual(['ai_chatbot', 'tracked', 'tracked']);
});

test('the meter provider gets how many requests were by AI chatbots', async () => {
  const { meterProvider, read } = startMeterProvider();
  const options = { meterProvider, pageViews: false };
  const service = await startTracedService((_request, response) => response.end('hi'), options);
  await ask(service, '/1');
  await ask(service, '/app.js');
  await service.fetch('/2', { headers: { 'user-agent': FIREFOX } });
  await service.requests(3);
  expect(await read()).toMatchObject({
    'matomo.hits.ai_chatbots': 1,
    'matomo.requests.ignored ai_chatbot': 1,
    'matomo.requests.ignored page_views': 1,
  });
});
