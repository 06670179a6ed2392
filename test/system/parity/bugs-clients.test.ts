// Bugs 1 to 4 of README.md: what is sent of a client's headers and address.
import type { RequestListener } from 'node:http';
import { expect, test } from 'vitest';
import type { InspectedHit } from '../../../src/inspector/index.js';
import { hitsOfBody, startTappedService } from '../../support/matomo-tap.js';
import { rawRequest, sendRaw } from '../../support/raw-request.js';
import { sorted } from '../../support/sorted.js';
import { startTracedService } from '../../support/traced-service.js';
import { startVariants } from '../../support/variants.js';

const ok: RequestListener = (_request, response) => void response.end();
const ofTitle = (hits: readonly InspectedHit[], title: string) =>
  hits.find(({ stored }) => stored?.title === title)?.params;

test('bug 1: headers reach Matomo as the text that they are, not as a program shows bytes', async () => {
  const service = await startTappedService(ok);
  const userAgent = 'Mozilla/5.0 (X11; Linux x86_64) "räksmörgås" \\x41/日本 100%&=+?#';
  const referrer = "https://réf.example/'x'?a=1&b=ü+%20c";
  const utf8 = (text: string) => Buffer.from(text).toString('latin1');
  const headers = [`User-Agent: ${utf8(userAgent)}`, `Referer: ${utf8(referrer)}`];
  await sendRaw(service, rawRequest('/', headers));
  await service.requests(1);
  const [hit] = await service.hits();
  expect(hit?.verdict).toBe('tracked');
  expect(hit?.params).toMatchObject({ ua: userAgent, urlref: referrer });
  // The same in the bytes on the wire, so that no reader of ours can hide it.
  const [request] = service.tap.requests();
  expect(hitsOfBody(request?.body ?? '')).toMatchObject([{ ua: userAgent, urlref: referrer }]);
});

test('bug 2: the language is sent, however its header is written', async () => {
  const service = await startTracedService(ok);
  for (const name of ['Accept-Language', 'accept-language', 'ACCEPT-LANGUAGE']) {
    await sendRaw(service, rawRequest(`/${name}`, [`${name}: de-CH,de;q=0.8`]));
  }
  await service.requests(3);
  const languages = (await service.hits()).map(({ params }) => params.lang);
  expect(languages).toEqual(Array(3).fill('de-CH,de;q=0.8'));
});

test('bug 3: cip is the client’s address and never the server’s; what is no address is not sent', async () => {
  const service = await startVariants(ok, {
    direct: { tokenAuth: 'writer' },
    proxied: { tokenAuth: 'writer', trustProxy: true },
  });
  const claims = [
    ['/server', 'X-Forwarded-Server: 198.51.100.1'],
    ['/name', 'X-Forwarded-For: testserver'],
    ['/unknown', 'X-Forwarded-For: 203.0.113.7, unknown'],
    ['/port', 'X-Forwarded-For: 203.0.113.7:8000'],
    ['/v6', 'X-Forwarded-For: "[2001:db8::1]:8000"'],
    ['/mapped', 'X-Forwarded-For: ::ffff:203.0.113.7'],
    ['/zero', 'X-Forwarded-For: 0300.1.1.1'],
  ] as const;
  for (const [path, claim] of claims) {
    await sendRaw({ port: service.port, localAddress: '127.0.0.2' }, rawRequest(path, [claim]));
  }
  const away = { port: service.port, localAddress: '127.0.0.3' };
  await sendRaw(away, rawRequest('/other'));
  const direct = await service.of.direct.hitsOf(8);
  expect(sorted(direct.map(({ params }) => params.cip))).toEqual([
    ...Array(7).fill('127.0.0.2'),
    '127.0.0.3',
  ]);
  expect(new Set(direct.map(({ params }) => params.cid)).size).toBe(2);
  const proxied = await service.of.proxied.hitsOf(8);
  expect(proxied.map(({ verdict }) => verdict)).toEqual(Array(8).fill('tracked'));
  const addresses = proxied.map(({ params, stored }) => [stored?.title, params.cip]);
  expect(Object.fromEntries(addresses)).toEqual({
    'GET /server': '127.0.0.2',
    'GET /name': '127.0.0.2',
    'GET /unknown': '127.0.0.2',
    'GET /port': '203.0.113.7',
    'GET /v6': '2001:db8::1',
    'GET /mapped': '203.0.113.7',
    'GET /zero': '127.0.0.2',
    'GET /other': '127.0.0.3',
  });
});

test('bug 4: X-Forwarded-For is read from the right as far as proxies are trusted, over all of its lines', async () => {
  const tokenAuth = 'writer';
  const service = await startVariants(ok, {
    none: { tokenAuth },
    oneHop: { tokenAuth, trustProxy: 1 },
    twoHops: { tokenAuth, trustProxy: 2 },
    manyHops: { tokenAuth, trustProxy: 9 },
    list: { tokenAuth, trustProxy: ['127.0.0.2', '10.0.0.0/8', 'fc00::/7'] },
    strangers: { tokenAuth, trustProxy: ['192.0.2.0/24', '203.0.113.9'] },
    all: { tokenAuth, trustProxy: true },
  });
  const requests: Record<string, string[]> = {
    '/spaced': ['X-Forwarded-For: 6.6.6.6, 203.0.113.9, 10.0.0.1'],
    '/dense': ['X-Forwarded-For: 6.6.6.6,203.0.113.9,10.0.0.1'],
    '/lines': ['X-Forwarded-For: 6.6.6.6', 'X-FORWARDED-FOR: 203.0.113.9,10.0.0.1'],
    '/real-ip': ['X-Forwarded-For: 6.6.6.6,203.0.113.9,10.0.0.1', 'X-Real-IP: 7.7.7.7'],
  };
  const from = { port: service.port, localAddress: '127.0.0.2' };
  for (const [path, lines] of Object.entries(requests))
    await sendRaw(from, rawRequest(path, lines));
  const expected = {
    none: '127.0.0.2',
    oneHop: '10.0.0.1',
    twoHops: '203.0.113.9',
    manyHops: '6.6.6.6',
    list: '203.0.113.9',
    strangers: '127.0.0.2',
    all: '6.6.6.6',
  };
  for (const name of Object.keys(expected) as (keyof typeof expected)[]) {
    const hits = await service.of[name].hitsOf(4);
    for (const path of Object.keys(requests)) {
      expect(ofTitle(hits, `GET ${path}`)?.cip, `${name} ${path}`).toBe(expected[name]);
    }
  }
});
