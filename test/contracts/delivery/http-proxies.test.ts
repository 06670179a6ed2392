import { createServer } from 'node:http';
import { expect, test } from 'vitest';
import { matomoOnWire } from '../../support/fault-proxy.js';
import { startHttpProxy } from '../../support/http-proxy.js';
import { listen } from '../../support/listen.js';
import { openPoster } from '../doors/post.js';

const BULK = '{"requests":["?idsite=1"]}';
const answered = { kind: 'answer', status: 200 };

const serveMatomo = () =>
  listen(
    createServer((request, response) => {
      request.resume().on('end', () => response.end('{}'));
    }),
  );

test.each<[string, (proxy: string) => Record<string, string>]>([
  ['http_proxy', (proxy) => ({ http_proxy: proxy, HTTP_PROXY: 'http://127.0.0.1:1' })],
  ['HTTP_PROXY', (proxy) => ({ http_proxy: '', HTTP_PROXY: proxy })],
])('%s gets requests for http', async (_name, toProxies) => {
  const proxy = await startHttpProxy(await serveMatomo());
  const credentials = proxy.url.replace('//', '//us%40er:pass%3Aword@');
  const poster = openPoster('http://matomo.example/matomo.php', {
    proxies: toProxies(credentials),
  });
  expect(await poster.post(BULK)).toMatchObject({ ...answered, body: '{}' });
  expect(proxy.requests()).toMatchObject([
    {
      method: 'POST',
      target: 'http://matomo.example/matomo.php',
      headers: {
        host: 'matomo.example',
        'proxy-authorization': `Basic ${btoa('us@er:pass:word')}`,
      },
    },
  ]);
});

test.each([
  ['http', 'https_proxy', 'https://matomo.example/matomo.php', 'matomo.example:443'],
  ['https', 'HTTPS_PROXY', 'https://matomo.example:8443/matomo.php', 'matomo.example:8443'],
  ['http', 'http_proxy', 'https://matomo.example/matomo.php', 'matomo.example:443'],
] as const)('an %s proxy of %s makes a tunnel', async (scheme, variable, url, target) => {
  const { wire } = await matomoOnWire({}, { certificate: 'server' });
  const proxy = await startHttpProxy(wire.url, scheme);
  const proxies = { [variable]: proxy.url, NODE_TLS_REJECT_UNAUTHORIZED: '0' };
  expect(await openPoster(url, { proxies }).post(BULK)).toMatchObject(answered);
  expect(proxy.requests()).toMatchObject([{ method: 'CONNECT', target }]);
});

test.each([
  ['http://matomo.example/', 407],
  ['https://matomo.example/', 403],
])('a proxy that refuses a request to %s with %i: it was not sent', async (url, status) => {
  const proxy = await startHttpProxy('http://127.0.0.1:1');
  proxy.refuse(status);
  const proxies = { http_proxy: proxy.url };
  expect(await openPoster(url, { proxies }).post(BULK)).toMatchObject({
    kind: 'not sent',
    message: expect.stringContaining(`the proxy answered ${status}`),
  });
});

test.each([
  ['proxy:3128', 'http_proxy'],
  ['http://user:pass@', 'http_proxy'],
  ['http://user:pass@127.0.0.1:1', 'http://127.0.0.1:1'],
])('%s, which is no URL or not there: nothing is sent', async (http_proxy, named) => {
  const poster = openPoster('http://matomo.example/', { proxies: { http_proxy } });
  expect(await poster.post(BULK)).toMatchObject({
    kind: 'not sent',
    message: expect.stringMatching(RegExp(`^(?!.*pass).*${named}`)),
  });
});

test.each(['http://127.0.0.1', 'http://localhost'])('%s is never asked of one', async (origin) => {
  const { port } = new URL(await serveMatomo());
  const proxies = { http_proxy: 'http://127.0.0.1:1' };
  expect(await openPoster(`${origin}:${port}/`, { proxies }).post(BULK)).toMatchObject(answered);
});

test.each([
  ['', true],
  ['*', false],
  ['.INVALID', false],
  ['*.invalid', false],
  ['omo.invalid', true],
  ['other.invalid matomo.invalid', false],
  ['localhost,*', false],
  ['matomo.invalid:80', false],
  ['matomo.invalid:8080', true],
])('no_proxy=%j: the proxy is used: %s', async (no_proxy, isUsed) => {
  const proxy = await startHttpProxy(await serveMatomo());
  const proxies = { http_proxy: proxy.url, no_proxy, NO_PROXY: no_proxy && 'other.invalid' };
  const { kind } = await openPoster('http://matomo.invalid/', { proxies }).post(BULK);
  expect(kind).toBe(isUsed ? 'answer' : 'not sent');
  expect(proxy.requests()).toHaveLength(isUsed ? 1 : 0);
});

test.each([
  ['http://10.1.2.3/', '10.0.0.0/8', false],
  ['http://10.1.2.3/', 'fd00::/8,10.1.2.4/31', true],
  ['http://10.1.2.3/', '10.1.2.3:8080 10.0.0.0/99 10.0.0.0/8/8 ::/0 /8', true],
  ['http://[fd00::1]/', 'FD00::/8', false],
  ['http://[fd00::1]:8080/', '[fd00::1]:80', true],
  ['http://[fd00::1]:8080/', '[fd00::1]:8080', false],
])('a proxy for %s with NO_PROXY=%j: %s', async (url, noProxy, isUsed) => {
  const proxy = await startHttpProxy(await serveMatomo());
  const poster = openPoster(url, { proxies: { http_proxy: proxy.url, NO_PROXY: noProxy } });
  await poster.post(BULK, isUsed ? undefined : 100); // nothing is there
  expect(proxy.requests()).toHaveLength(isUsed ? 1 : 0);
});
