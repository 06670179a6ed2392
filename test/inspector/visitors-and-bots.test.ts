import { expect, test } from 'vitest';
import { inspect } from './inspector-client.js';

test.each([
  ['16 hex digits', '0123456789abcdef', 'tracked'],
  ['16 other characters', 'zzzzzzzzzzzzzzzz', 'tracked'],
  ['16 bytes of 8 characters', 'éééééééé', 'tracked'],
  ['empty', '', 'tracked'],
  ['0', '0', 'tracked'],
  ['15 characters', '0123456789abcde', 'invalid'],
  ['32 hex digits', '0123456789abcdef0123456789abcdef', 'invalid'],
  ['16 characters of 32 bytes', 'é'.repeat(16), 'invalid'],
  ['a space', ' ', 'invalid'],
])('cid of %s', async (_, cid, verdict) => {
  expect(await inspect({ cid })).toMatchObject({ verdict });
});

test.each<[string, Record<string, string>, string]>([
  ['uid beside it', { cid: 'abc', uid: 'u' }, 'tracked'],
  ['an empty uid beside it', { cid: 'abc', uid: '' }, 'invalid'],
  ['a bot', { cid: 'abc', ua: 'Googlebot/2.1' }, 'dropped'],
  ['a short _id', { _id: 'abc' }, 'tracked'],
])('a bad cid and %s', async (_, parameters, verdict) => {
  expect(await inspect(parameters)).toMatchObject({ verdict });
});

test.each([
  'node',
  'Node',
  'NODE',
  'Node.js',
  'node.js',
  'OTel-OTLP-Exporter-JavaScript/0.52.0',
  'typescript/5',
  'search-indexer/1',
  'indexer',
  'web-proxy/2',
  'proxy/1',
  'billing-research',
  'research/1',
  'my-monitor/1',
  'img-fetcher/2',
  'fetcher',
  'link-checker/2',
  'my-probe/1',
  'probe',
  'kube-probe/1.27',
  'scraper/1',
  'archiver/1',
  'my-scanner/1',
  'uptime/1',
  'validator/1',
  'analyzer/1',
  'ELB-HealthChecker/2.0',
  'Prometheus/2.45.0',
  'WordPress/6.5; https://example.org',
  'HAProxy',
  'k6/0.51.0 (https://k6.io/)',
  'ApacheBench/2.3',
  'check_http/v2.3 (monitoring-plugins 2.3)',
  'sentry/24',
  'Datadog/Synthetics',
  'Feedly/1.0',
  'UptimeRobot/2.0',
  'StatusCake',
  'Site24x7',
  'Slackbot-LinkExpanding 1.0',
  'Mozilla/5.0 (compatible)',
  'Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)',
  'Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)',
  'Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.2; +https://openai.com/gptbot)',
  'Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko); compatible; ChatGPT-User/1.0; +https://openai.com/bot',
])('%s is a bot: dropped, stored with bots=1', async (ua) => {
  expect(await inspect({ ua })).toMatchObject({ verdict: 'dropped', stored: null });
  expect(await inspect({ ua, bots: '1' })).toMatchObject({ verdict: 'tracked' });
});

test.each([
  'curl/8.5.0',
  'python-requests/2.31.0',
  'python-httpx/0.27.0',
  'axios/1.7.2',
  'undici',
  'got',
  'node-fetch',
  'node-superagent/8.0.0',
  'Deno/1.44.0',
  'Bun/1.1.13',
  'Go-http-client/1.1',
  'go-resty/2.7.0',
  'okhttp/4.12.0',
  'Java/17.0.1',
  'PostmanRuntime/7.39.0',
  'my-service/1.2',
  'user-service/1.0',
  'auth-security/1',
  'opentelemetry-matomo/1.0',
  'nestjs-service/1',
  'fastify',
  'GoogleHC/1.0',
  'Envoy/HC',
  'HeadlessChrome',
  'node/20',
  'nodejs',
  'Node.js/20.11.0',
  'monitoring',
  'status-check/1',
  'webhook/1',
  'gateway/1',
  'sitemap-gen/1',
  'Zabbix',
  'Stripe/1.0',
  'Zapier',
  'health-check/1',
  'OTel OTLP Exporter Go/1.27',
  'about-service/1',
  '-',
  'unknown',
  'Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0',
])('%s is not a bot', async (ua) => {
  expect(await inspect({ ua })).toMatchObject({ verdict: 'tracked' });
});

test.each(['', undefined])('ua=%s falls back to the User-Agent of the sender', async (ua) => {
  const parameters = ua === undefined ? {} : { ua };
  expect(await inspect(parameters, { headers: { 'User-Agent': 'node' } })).toMatchObject({
    verdict: 'dropped',
  });
});

test.each(['0', '', 'true', 'abc'])('bots=%s is not 1', async (bots) => {
  expect(await inspect({ ua: 'node', bots })).toMatchObject({ verdict: 'dropped' });
});

test.each<[string, Record<string, string>, string]>([
  ['an unknown goal', { idgoal: '77' }, 'dropped'],
  ['a blank event', { e_c: ' ', e_a: ' ' }, 'dropped'],
  ['a negative timing', { pf_srv: '-5' }, 'dropped'],
  ['ca=1', { ca: '1' }, 'dropped'],
  ['a bad site', { idsite: '99' }, 'invalid'],
  ['cip without a token', { cip: '192.0.2.1' }, 'invalid'],
  ['an old cdt without a token', { cdt: '1700000000' }, 'invalid'],
])('a bot with %s is %s', async (_, parameters, verdict) => {
  expect(await inspect({ ua: 'node', ...parameters })).toMatchObject({ verdict });
});

test.each([
  '66.249.81.1',
  '74.125.1.1',
  '72.14.199.1',
  '65.52.1.1',
  '157.55.39.1',
  '207.46.13.1',
  '173.194.1.1',
  '157.60.1.1',
])('cip %s counts as a bot', async (cip) => {
  expect(await inspect({ cip }, { token: 'write' })).toMatchObject({ verdict: 'dropped' });
  expect(await inspect({ cip, bots: '1' }, { token: 'write' })).toMatchObject({
    verdict: 'tracked',
  });
});

test.each(['13.64.0.1', '20.33.1.1', '40.77.167.1', '35.190.0.1', '2001:4860:4801::1'])(
  'cip %s does not',
  async (cip) => {
    expect(await inspect({ cip }, { token: 'write' })).toMatchObject({ verdict: 'tracked' });
  },
);

test.each([
  'http://semalt.com/x',
  'http://notsemalt.com/',
  'http://example.org/semalt.com',
  'http://SEMALT.com/',
])('urlref %s is referrer spam', async (urlref) => {
  expect(await inspect({ urlref })).toMatchObject({ verdict: 'dropped' });
  expect(await inspect({ url: urlref })).toMatchObject({ verdict: 'tracked' });
});

test.each([
  ['X-Moz', 'prefetch', 'dropped'],
  ['X-Purpose', 'preview', 'dropped'],
  ['Purpose', 'prefetch', 'tracked'],
  ['DNT', '1', 'tracked'],
  ['Sec-GPC', '1', 'tracked'],
  ['X-Forwarded-For', '66.249.81.1', 'tracked'],
])('the request header %s: %s', async (name, value, verdict) => {
  expect(await inspect({}, { headers: { [name]: value } })).toMatchObject({ verdict });
});
