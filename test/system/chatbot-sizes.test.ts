import type { RequestListener } from 'node:http';
import { expect, test } from 'vitest';
import { CHATGPT } from '../support/chatbots.js';
import { rawRequest, sendRaw } from '../support/raw-request.js';
import { startTracedService } from '../support/traced-service.js';

const serve: RequestListener = (request, response) => {
  if (request.url === '/parts') response.write('1');
  response.end('2');
};

const AGENT = `User-Agent: ${CHATGPT}`;
const pipelined = (target: string) => `GET ${target} HTTP/1.1\r\nHost: a.test\r\n${AGENT}\r\n\r\n`;

test('sizes of pipelined responses are exact, or not known', async () => {
  const service = await startTracedService(serve);
  await sendRaw(service, ['/a', '/parts'].map(pipelined).join('') + rawRequest('/b', [AGENT]));
  await sendRaw(service, rawRequest('/parts', [AGENT]));
  await service.requests(4);
  const sizes = (await service.hits()).map(({ params }) => params.bw_bytes);
  // Of a response that has waited for its turn, what the connection has written is of others, too. Two parts have framing.
  expect(sizes).toEqual(['1', undefined, '1', '17']);
});
