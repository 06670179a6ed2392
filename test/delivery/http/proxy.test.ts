import { EnvHttpProxyAgent } from 'undici';
import { expect, test } from 'vitest';
import { proxyRouteOf } from '../../../src/delivery/http/proxy.js';

const PROXY = 'http://proxy.test:3128';

/** What the dispatcher of other bulks connects to first. */
function undiciConnectsTo(url: URL, noProxy: string): string | undefined {
  let first: string | undefined;
  const agent = new EnvHttpProxyAgent({
    httpProxy: PROXY,
    noProxy,
    proxyTunnel: false,
    factory(origin) {
      first = new URL(origin).origin;
      throw new Error('seen');
    },
  });
  const request = { origin: url.origin, path: '/', method: 'POST' } as const;
  expect(() => agent.dispatch(request, {})).toThrow('seen');
  return first;
}

test.each([
  ['http://matomo.test', ''],
  ['http://matomo.test', '*'],
  ['http://matomo.test', 'matomo.test'],
  ['http://matomo.test', 'MATOMO.test'],
  ['http://matomo.test', 'test'],
  ['http://matomo.test', '.test'],
  ['http://matomo.test', '*.test'],
  ['http://matomo.test', 'omo.test'],
  ['http://matomo.test', 'other.test, matomo.test'],
  ['http://matomo.test', 'other.test matomo.test'],
  ['http://matomo.test', 'other.test,,'],
  ['http://matomo.test', 'matomo.test:80'],
  ['http://matomo.test', 'matomo.test:8080'],
  ['http://matomo.test:8080', 'matomo.test:8080'],
  ['http://matomo.test:8080', 'matomo.test'],
  ['http://matomo.test', 'other.test,*'],
  ['http://192.0.2.7', '192.0.2.7'],
  ['http://[2001:db8::1]', '[2001:db8::1]'],
])('%s with NO_PROXY=%j goes the way of other bulks', (text, NO_PROXY) => {
  const url = new URL(text);
  const route = proxyRouteOf(url, { HTTP_PROXY: PROXY, NO_PROXY });
  expect(route?.url ?? url.origin).toBe(undiciConnectsTo(url, NO_PROXY));
});

test('without a proxy there is no route', () => {
  expect(proxyRouteOf(new URL('https://matomo.test'), {})).toBeUndefined();
});

test.each([
  ['user:password', 'user:password'],
  ['user', 'user:'],
  [':password', ':password'],
  ['us%40er:p%3Ass%20word', 'us@er:p:ss word'],
  ['user:100%', 'user:100%'],
  ['us%C3%A9r:%E2%82%AC', 'usér:€'],
])('credentials %s of a proxy are sent as %s', (credentials, sent) => {
  const HTTPS_PROXY = `http://${credentials}@proxy.test:3128`;
  expect(proxyRouteOf(new URL('https://matomo.test'), { HTTPS_PROXY })).toEqual({
    url: PROXY,
    isTunnel: true,
    headers: { 'proxy-authorization': `Basic ${Buffer.from(sent).toString('base64')}` },
  });
});

test.each([
  [{ no_proxy: '', NO_PROXY: 'matomo.test' }, false],
  [{ no_proxy: '', NO_PROXY: '' }, true],
  [{ no_proxy: 'other.test', NO_PROXY: 'matomo.test' }, true],
  [{ no_proxy: 'matomo.test', NO_PROXY: '' }, false],
])('an empty variable is none, and lower case wins: %j', (env, isUsed) => {
  const route = proxyRouteOf(new URL('http://matomo.test'), { HTTP_PROXY: PROXY, ...env });
  expect(route !== undefined).toBe(isUsed);
});
