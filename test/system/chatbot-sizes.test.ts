import { once } from 'node:events';
import type { RequestListener } from 'node:http';
import { createServer as createTlsServer, request as requestByTls } from 'node:https';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { CHATGPT } from '../support/chatbots.js';
import { tlsFile } from '../support/fault-proxy.js';
import { listen } from '../support/listen.js';
import { rawRequest, sendRaw } from '../support/raw-request.js';
import { countAllRequests } from '../support/senders.js';
import { startTracedService } from '../support/traced-service.js';

// The contract of capture has what a chatbot gets of each framework; this is what connections add to the size of a response.

const MUCH = Buffer.alloc(5_000_000, 'x');
const GZIPPED = gzipSync(MUCH);
const SIZES: Readonly<Record<string, number | undefined>> = {
  '/a': 1,
  '/bc': 2,
  '/written': 5,
  '/much': MUCH.length,
  '/gzipped': GZIPPED.length,
  '/parts': undefined, // if it has waited for its turn, what the connection has written is of others, too
};

const serve: RequestListener = (request, response) => {
  switch (request.url) {
    case '/written':
      response.writeHead(200, { 'content-length': '5' });
      response.end('12345');
      return;
    case '/much':
      response.end(MUCH);
      return;
    case '/parts':
      response.write('1');
      response.end('2');
      return;
    case '/gzipped':
      response.setHeader('content-encoding', 'gzip');
      response.end(GZIPPED);
      return;
    default:
      response.end(request.url?.slice(1));
  }
};

/** Serves each request when the response before it has been written. */
function inTurn(): RequestListener {
  let isWritten: Promise<unknown> = Promise.resolve();
  return (request, response) => {
    void isWritten.then(() => serve(request, response));
    isWritten = once(response, 'finish');
  };
}

/** Serves the first request last. */
function inReverse(): RequestListener {
  let serveFirst: (() => void) | undefined;
  return (request, response) => {
    if (request.url === '/a') serveFirst = () => serve(request, response);
    else serve(request, response);
    if (request.url === '/written') setImmediate(() => serveFirst?.());
  };
}

/** Informational responses come before each. */
const inform: RequestListener = (request, response) => {
  response.writeEarlyHints({ link: '</style.css>; rel=preload; as=style' });
  response.writeProcessing();
  response.writeContinue();
  setTimeout(() => serve(request, response), request.url === '/a' ? 50 : 100);
};

/** Requests on one connection, the last of which ends it. */
const bytesOf = (targets: readonly string[]) =>
  targets.map((target, i) => {
    const end = i === targets.length - 1 ? ['Connection: close'] : [];
    const lines = ['Host: shop.example', `User-Agent: ${CHATGPT}`, ...end];
    return `GET ${target} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`;
  });

test.each([
  ['pipelined', serve, ['/a', '/much', '/bc']],
  ['pipelined, of which one is compressed', serve, ['/gzipped', '/parts', '/written']],
  ['pipelined, each of which begins when it is its turn', inTurn(), ['/a', '/bc']],
  ['pipelined, of which the first is the last to be ready', inReverse(), ['/a', '/bc', '/written']],
  ['pipelined, with informational responses', inform, ['/a', '/written']],
] as const)('sizes are exact of responses that are %s', async (_how, listener, targets) => {
  const service = await startTracedService(listener);
  await sendRaw(service, bytesOf(targets).join(''));
  await service.requests(targets.length);
  await service.hits();
  const sizes = service.inspector.aiRequests().map(({ bytes }) => bytes);
  expect(sizes).toEqual(targets.map((target) => SIZES[target]));
});

test('100 Continue is no part of a size', async () => {
  const service = await startTracedService(serve);
  const agent = `User-Agent: ${CHATGPT}`;
  await sendRaw(service, rawRequest('/parts', [agent]));
  await sendRaw(
    service,
    rawRequest('/parts', [agent, 'Expect: 100-continue', 'Content-Length: 0']),
  );
  await service.requests(2);
  await service.hits();
  const [size, continued] = service.inspector.aiRequests().map(({ bytes }) => bytes);
  expect(size).toBeGreaterThan(2); // the framing of two parts
  expect(continued).toBe(size);
});

test('sizes are exact under TLS', async () => {
  const service = await startTracedService(serve);
  countAllRequests();
  const [key, cert] = ['key', 'pem'].map((end) => tlsFile(`server.${end}`));
  const { port } = new URL(await listen(createTlsServer({ key, cert } as object, serve)));
  for (const path of ['/a', '/much']) {
    const options = { port, host: '127.0.0.1', path, headers: { 'user-agent': CHATGPT } };
    const sent = requestByTls({ ...options, rejectUnauthorized: false, agent: false }).end();
    const [response] = await once(sent, 'response');
    await once(response.resume(), 'end');
  }
  await service.requests(2);
  await service.hits();
  expect(service.inspector.aiRequests().map(({ bytes, url }) => [bytes, url])).toEqual([
    [1, `https://127.0.0.1:${port}/a`],
    [MUCH.length, `https://127.0.0.1:${port}/much`],
  ]);
});
