import type { RequestListener } from 'node:http';
import { expect, test } from 'vitest';
import { CHATGPT } from '../support/chatbots.js';
import { rawRequest, sendRaw } from '../support/raw-request.js';
import { startTracedService } from '../support/traced-service.js';

// The contract of capture has what a chatbot gets of each framework; this is what connections add to the size of a response.

const MUCH = Buffer.alloc(5_000_000, 'x');

const serve: RequestListener = (request, response) => {
  if (request.url === '/much') return void response.end(MUCH);
  if (request.url === '/parts') response.write('1');
  response.end('2');
};

const AGENT = `User-Agent: ${CHATGPT}`;
const pipelined = (target: string) =>
  `GET ${target} HTTP/1.1\r\nHost: a.example\r\n${AGENT}\r\n\r\n`;

test('sizes of pipelined responses are exact, or not known', async () => {
  const service = await startTracedService(serve);
  const first = ['/a', '/much', '/parts'].map(pipelined).join('');
  await sendRaw(service, first + rawRequest('/b', [AGENT]));
  await service.requests(4);
  await service.hits();
  const sizes = service.inspector.hits().map(({ params }) => params.bw_bytes);
  // Of a response that has waited for its turn, what the connection has written is of others, too.
  expect(sizes).toEqual(['1', String(MUCH.length), undefined, '1']);
});

test('100 Continue is no part of a size', async () => {
  const service = await startTracedService(serve);
  await sendRaw(service, rawRequest('/parts', [AGENT]));
  await sendRaw(
    service,
    rawRequest('/parts', [AGENT, 'Expect: 100-continue', 'Content-Length: 0']),
  );
  await service.requests(2);
  await service.hits();
  const [size, continued] = service.inspector.hits().map(({ params }) => params.bw_bytes);
  expect(Number(size)).toBeGreaterThan(2); // the framing of two parts
  expect(continued).toBe(size);
});
