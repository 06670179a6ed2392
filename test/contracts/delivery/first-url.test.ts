import { createServer as createTcpServer, type Socket } from 'node:net';
import { expect, test } from 'vitest';
import { startFaultProxy } from '../../support/fault-proxy.js';
import { startHttpProxy } from '../../support/http-proxy.js';
import { listen } from '../../support/listen.js';
import { logOfFirstHit } from '../doors/post.js';

// Everybody's first URL may be wrong. Each line names what to check.

const secure = async (certificate: 'expired' | 'self-signed') =>
  (await startFaultProxy({ certificate })).url;

/** The URL of a server that does this as soon as it has got bytes. */
const onBytes = (act: (socket: Socket) => unknown) =>
  listen(createTcpServer((socket) => void socket.once('data', () => act(socket))));

const answering = (status: string, headers = '', body = '') =>
  onBytes((socket) => socket.end(`HTTP/1.1 ${status}\r\n${headers}\r\n${body}`));

const NO_SUCH_PORT = 'http://127.0.0.1:1';

test.each<[string, () => string | Promise<string>, RegExp]>([
  ['a wrong name', () => 'http://matomo.invalid', /matomo\.invalid; check .*the host in url/],
  ['a wrong port', () => NO_SUCH_PORT, /nothing listens at 127\.0\.0\.1:1; check host and port/],
  [
    'no TLS',
    async () => (await answering('200 OK')).replace('http:', 'https:'),
    /does not speak TLS on that port; check port and scheme of url/,
  ],
  [
    'TLS on a plain port',
    async () => (await secure('self-signed')).replace('https:', 'http:'),
    /check port and scheme of url/,
  ],
  [
    'a server that does not speak HTTP',
    () => onBytes((socket) => socket.end('220 ESMTP\r\n')),
    /does not speak HTTP on that port; check port and scheme of url/,
  ],
  ['an expired certificate', () => secure('expired'), /has expired; renew it/],
  ['an unknown certificate', () => secure('self-signed'), /NODE_EXTRA_CA_CERTS/],
  [
    'a page',
    () => answering('200 OK', 'content-type: text/html\r\n', '<!doctype html>'),
    /Set url to the folder that has matomo\.php/,
  ],
  [
    'a redirect',
    () => answering('301 Moved', 'location: https://other.test/\r\n'),
    /redirects to https:\/\/other\.test\/.* Set url to an address that answers without a redirect/,
  ],
  ['an empty answer', () => answering('200 OK'), /an empty body .* check what answers at url/],
  ['a closed connection', () => onBytes((socket) => socket.end()), /closed; check port and scheme/],
  [
    'a reset',
    () => onBytes((socket) => socket.resetAndDestroy()),
    /ECONNRESET: .*closed; check port and scheme of url/,
  ],
])('%s', async (_what, toUrl, expected) => {
  const line = await logOfFirstHit(`${await toUrl()}/matomo.php`);
  expect(line).toMatch(expected);
});

test.each([
  ['a proxy that refuses', 403, /answered 403: .* add the host of url to NO_PROXY; sent through/],
  ['a proxy that wants a password', 407, /answered 407: add user name and password to its URL/],
])('%s', async (_what, status, expected) => {
  const proxy = await startHttpProxy(NO_SUCH_PORT);
  proxy.refuse(status);
  const line = await logOfFirstHit('https://matomo.test/matomo.php', { https_proxy: proxy.url });
  expect(line).toMatch(expected);
});

test('a proxy that is not there', async () => {
  const proxies = { http_proxy: NO_SUCH_PORT };
  const line = await logOfFirstHit('http://matomo.test/matomo.php', proxies);
  expect(line).toContain(
    `nothing listens at 127.0.0.1:1; check host and port of url; sent through`,
  );
});
