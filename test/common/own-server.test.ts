import { createServer, request as sendRequest } from 'node:http';
import { expect, onTestFinished, test } from 'vitest';
import { collectBody, isOwnHost, listenUntracked, urlOf } from '../../src/common/own-server.js';

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
])('a body is read: %s', async (_name, chunks, hasLength) => {
  const body = await collected(chunks, { maxBytes: 1_000_000 }, hasLength);
  expect(body).toEqual(Buffer.concat(chunks));
});

test('reading a body stops at the maximum, and when there is no memory', async () => {
  expect(await collected(large, { maxBytes: 79_000 })).toBe('too large');
  expect(await collected(large, { maxBytes: 79_001 })).toEqual(Buffer.concat(large));
  expect(await collected(large, { maxBytes: 79_001, reserve: () => false })).toBe('no memory');
});

test.each([
  ['192.0.2.7:8080', true],
  ['[::1]', true],
  ['LocalHost:8080', true],
  ['shop.localhost', true],
  ['Own.Example:8080', true],
  ['other.example', false],
  ['own.example.other.example', false],
  ['127.0.0.1.other.example', false],
  ['localhost.other.example', false],
  ['[other.example]', false],
  ['notlocalhost', false],
  ['other.example/.localhost', false],
  ['other.example#.localhost', false],
  ['user@localhost', false],
  ['', false],
])('Host: %s is the own host: %s', (host, isOwn) => {
  expect(isOwnHost(host, 'own.example')).toBe(isOwn);
});

test('a server that has an address or no name has no other name', () => {
  for (const ownName of ['127.0.0.1', '::1', '']) {
    expect(isOwnHost('other.example', ownName)).toBe(false);
    expect(isOwnHost('', ownName)).toBe(false);
  }
});
