import { createServer, request as sendRequest } from 'node:http';
import { expect, onTestFinished, test } from 'vitest';
import { collectBody } from '../../src/common/collect-body.js';
import { listenUntracked, urlOf } from '../../src/common/untracked-server.js';

/** What a server reads of a body that is sent in chunks, with or without its length in advance. */
async function collected(
  chunks: readonly Buffer[],
  limits: Parameters<typeof collectBody>[1],
  hasLength = false,
): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const server = createServer((request, response) => {
      collectBody(request, limits).then((body) => {
        resolve(body);
        request.resume();
        response.end();
      }, reject);
    });
    onTestFinished(() => {
      server.closeAllConnections();
      server.close();
    });
    const send = async () => {
      await listenUntracked(server, '127.0.0.1', 0);
      const length = Buffer.concat(chunks).length;
      const headers = hasLength ? { 'Content-Length': length } : {};
      const client = sendRequest(urlOf(server), { method: 'POST', headers });
      client.on('error', () => undefined);
      for (const chunk of chunks) client.write(chunk);
      client.end();
    };
    send().catch(reject);
  });
}

const small = Array.from({ length: 300 }, (_, i) => Buffer.from(`chunk ${i};`));
const large = [Buffer.alloc(70_000, 'a'), Buffer.from('b'), Buffer.alloc(9000, 'c')];

test.each([
  ['small chunks', small, false],
  ['small chunks and a length', small, true],
  ['large and small chunks', [...large, ...small], false],
  ['no chunks', [], false],
])('it reads %s', async (_name, chunks, hasLength) => {
  const body = await collected(chunks, { maxBytes: 1_000_000 }, hasLength);
  expect(body).toEqual(Buffer.concat(chunks));
});

test('it stops at the maximum, and when there is no memory', async () => {
  expect(await collected(large, { maxBytes: 79_000 })).toBe('too large');
  expect(await collected(large, { maxBytes: 79_001 })).toEqual(Buffer.concat(large));
  expect(await collected(large, { maxBytes: 79_001, reserve: () => false })).toBe('no memory');
});
