import { expect, test } from 'vitest';
import { HEALTH_CHECKERS } from '../../src/hit/bots/bots.js';
import type { HttpRequest } from '../../src/hit/http-request.js';
import { plainRoute } from '../../src/hit/page/routes.js';
import type { ResolvedOptions } from '../../src/options/option-table.js';
import { patterns } from '../../src/options/parse-values.js';
import {
  createFindIgnoreReason,
  createFindNoPageReason,
} from '../../src/pipeline/ignore-reasons.js';
import { httpRequest } from '../support/builders.js';
import { DEFAULT_OPTIONS } from '../support/default-options.js';
import { words } from '../support/words.js';

const CHROME =
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36';

function reasonOf(request: Parameters<typeof httpRequest>[0], options: Partial<ResolvedOptions>) {
  const find = createFindIgnoreReason({
    ...DEFAULT_OPTIONS,
    ignoreUserAgents: [],
    ...options,
  });
  return find(httpRequest(request));
}

test.each([
  [{ path: '/health' }, { ignorePaths: ['/health'] }, 'path'],
  [{ path: '/healthy' }, { ignorePaths: ['/health'] }, undefined],
  [{ path: '/health', query: 'deep=1' }, { ignorePaths: ['/health'] }, 'path'],
  [{ path: '/late/' }, { ignorePaths: ['/late'] }, 'path'],
  [{ path: '/late' }, { ignorePaths: ['/late/'] }, 'path'],
  [{ path: '/l%61te', route: '/late/' }, { ignorePaths: ['/late'] }, 'path'],
  [{ path: '/users/1', route: '/users/:id' }, { ignorePaths: ['/users/:id'] }, 'path'],
  [{ path: '/users/1', route: 'users/<int:id>' }, { ignorePaths: ['/users/<int:id>'] }, 'path'],
  [{ path: '/Late' }, { ignorePaths: ['/late'] }, undefined],
  [{ path: '/' }, { ignorePaths: ['/'] }, 'path'],
  [{ path: '/a', route: '/' }, { ignorePaths: ['/'] }, undefined],
  [{ path: '/files/a', route: '/files/*' }, { ignorePaths: ['/files/*'] }, undefined],
  [{ path: '/files/*' }, { ignorePaths: ['/files/*'] }, 'path'],
  [{ path: '/b/max%40example.org' }, { ignorePatterns: [/@/] }, 'pattern'],
  [{ path: '/b/max%40example.org' }, { ignorePatterns: [/%40/] }, 'pattern'],
  [{ path: '/a/users/1' }, { ignorePatterns: [/users/] }, 'pattern'],
  [{ path: '/a' }, { ignorePatterns: [/^\/$/] }, undefined],
  [{ path: '/a', query: 'y=/users/' }, { ignorePatterns: [/users/] }, undefined],
  [{ method: 'options' }, { ignoredMethods: ['OPTIONS'] }, 'method'],
  [{ method: 'PROPFIND' }, { allowedMethods: ['GET'] }, 'method'],
  [{ method: 'PROPFIND' }, { allowedMethods: ['PROPFIND'] }, undefined],
  [{ method: 'GET' }, { allowedMethods: ['GET'], ignoredMethods: ['GET'] }, 'method'],
  [{ userAgent: 'kube-probe/1.31' }, { ignoreUserAgents: HEALTH_CHECKERS }, 'user_agent'],
  [{ userAgent: undefined }, { ignoreUserAgents: [/^$/, /undefined/] }, undefined],
] as const)('%o with %o: %s', (request, options, reason) => {
  expect(reasonOf(request, options)).toBe(reason);
});

test('flags that make a regular expression remember do no harm', () => {
  const ignorePatterns = patterns('ignorePatterns', [/a/g, /b/y]);
  for (let i = 0; i < 3; i++) {
    expect(reasonOf({ path: '/xa' }, { ignorePatterns })).toBe('pattern');
    expect(reasonOf({ path: '/xb' }, { ignorePatterns })).toBe('pattern');
  }
});

test.each([
  'kube-probe/1.27',
  'kube-probe/1.29+',
  'ELB-HealthChecker/2.0',
  'GoogleHC/1.0',
  'GoogleStackdriverMonitoring-UptimeChecks(https://cloud.google.com/monitoring)',
  'Envoy/HC',
  'Consul Health Check',
  'HAProxy',
  'Varnish/fastly (healthcheck)',
  'Amazon-Route53-Health-Check-Service (ref 47d9bc51; report http://amzn.to/1vsZADi)',
  'Amazon Route 53 Health Check Service; ref:47d9bc51; report http://amzn.to/1vsZADi',
  `${CHROME} CloudWatchSynthetics/arn:aws:synthetics:us-west-2:123456789012:canary:shop`,
  'AlwaysOn',
  'HealthCheck/1.0',
  'ReadyForRequest/1.0 (HealthCheck)',
  'Load Balancer Agent',
  'Edge Health Probe',
  'Azure Traffic Manager Endpoint Monitor',
  'Mozilla/5.0 (compatible; MSIE 9.0; Windows NT 6.1; Trident/5.0; AppInsights)',
  'Mozilla/5.0 (compatible;Cloudflare-Healthchecks/1.0;+https://www.cloudflare.com/; healthcheck-id: e645d1e65d3b18b4)',
  'Cloudflare-Healthchecks/1.0',
  'Mozilla/5.0 (compatible; Cloudflare-Traffic-Manager/1.0; +https://www.cloudflare.com/traffic-manager/; pool-id: AAAAAAAAAAAAAAAA)',
  'DigitalOcean Uptime Probe 0.22.0 (https://digitalocean.com)',
  'Prometheus/2.5',
  'Prometheus/2.40.5',
  'Blackbox Exporter/0.24.0',
  'check_http/v2.3.3 (nagios-plugins 2.3.3)',
  'Zabbix',
  'Zabbix 6.4',
  'Uptime-Kuma/1.21.2',
  'Elastic-Heartbeat/7.16.2 (linux; amd64; 3c518f4d17a1; 2021-12-18 21:10:52 +0000 UTC)',
  'Datadog/Synthetics',
  'Datadog Agent/7.52.0',
  `${CHROME} DatadogSynthetics`,
  `${CHROME} Elastic/Synthetics`,
  `${CHROME} RuxitSynthetic/1.0 v104032285451 t1437235942278817309`,
  'DynatraceSynthetic/1.179',
  'NewRelicPinger/1.0 (370512)',
  'SentryUptimeBot/1.0 (+http://docs.sentry.io/product/uptime-monitoring/)',
  'Mozilla/5.0+(compatible; UptimeRobot/2.0; http://www.uptimerobot.com/)',
  `Better Uptime Bot ${CHROME}`,
  `Better Stack Better Uptime Bot ${CHROME}`,
  'Pingdom.com_bot_version_1.4_(http://www.pingdom.com/)',
  `${CHROME} PingdomPageSpeed/1.0 (pingbot/2.0; +http://www.pingdom.com/)`,
  `${CHROME} StatusCake`,
  'Site24x7',
  'Checkly/1.0 (https://www.checklyhq.com)',
  'updown.io daemon 2.11',
  'Mozilla/5.0 (compatible; updown.io daemon 2.4)',
  'NodePing',
  'FreshpingBot/1.0 (+https://freshping.io/)',
  'HetrixTools Uptime Monitoring Bot. https://hetrix.tools/uptime-monitoring-bot.html',
  `${CHROME} Uptime/1.0 (https://uptime.com)`,
  'Mozilla/5.0 (compatible; Uptime/1.0; http://uptime.com)',
  'Mozilla/5.0 (compatible; Uptimebot/1.0; +http://www.uptime.com/uptimebot)',
])('%s asks for health', (userAgent) => {
  expect(reasonOf({ userAgent }, { ignoreUserAgents: HEALTH_CHECKERS })).toBe('user_agent');
});

test.each([
  CHROME,
  'curl/8.5.0',
  'Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)',
  'my-service/1.2',
  'healthy-app/1',
  'HealthCheck Magazine/1.0 (iPhone; iOS 18.0)',
  'my-health-check-app/3',
  'AlwaysOnVpnClient/2',
  `${CHROME} AlwaysOn`,
  'Mozilla/5.0 (compatible; CloudFlare-AlwaysOnline/1.0; +http://www.cloudflare.com/always-online) AppleWebKit/534.34',
  'Mozilla/5.0 (Linux; Android 14; Prometheus Phone) AppleWebKit/537.36 Chrome/130.0.0.0 Mobile Safari/537.36',
  'PrometheusReader/2.1 (iPad)',
  'my-monitor/1.0 (reads Prometheus/2.5)',
  'Mozilla/5.0 (compatible; MSIE 9.0; Windows NT 6.1; Trident/5.0)',
  'Amazon CloudFront',
  'Monitor/1.0',
  'Datadog Mobile/5.1 (iPhone)',
  'Zabbix Viewer for Android/2.0',
  'SAMSUNG-GT Edge Health Probe Browser',
  'The Load Balancer Agent of my company/1',
  'checkly-clone/1',
  'Uptime Fitness/1.0 (iPhone; iOS 18.0)',
  'NodePinger/1.0',
  'Traefik',
  'Varnish/fastly',
])('%s is a visitor', (userAgent) => {
  expect(reasonOf({ userAgent }, { ignoreUserAgents: HEALTH_CHECKERS })).toBeUndefined();
});

test('patterns see the first 2,048 characters of a path and a user agent', () => {
  const ignorePatterns = [/b$/];
  const ignoreUserAgents = [/b$/];
  const long = `${'a'.repeat(2046)}b`;
  expect(reasonOf({ path: `/${long}c` }, { ignorePatterns })).toBe('pattern');
  expect(reasonOf({ path: `/a${long}` }, { ignorePatterns })).toBe(undefined);
  expect(reasonOf({ userAgent: `a${long}c` }, { ignoreUserAgents })).toBe('user_agent');
  expect(reasonOf({ userAgent: `aa${long}` }, { ignoreUserAgents })).toBe(undefined);
});

const findNoPageReason = createFindNoPageReason({
  staticFiles: 'ignore',
  prefetches: 'ignore',
});
const noPageReasonOf = (request: Partial<HttpRequest>) =>
  findNoPageReason(httpRequest({ route: undefined, ...request }));

test.each(
  words(`
  /app.js /a/b.mjs /src/main.tsx /a.css /b/c.WOFF2 /a.js.map /favicon.ico /photo.jpeg /a.wasm
  /site.webmanifest /manifest.json /robots.txt /sitemap.xml /_next/static/chunks/1 /_next/image
  /_astro/a.b /_nuxt/builds/meta/1.json /@vite/client /@id/__x00__virtual:a
  /node_modules/.vite/deps/react /__manifest //robots.txt
  /_app/version.json /base/_app/version.json /_app/immutable/x /ngsw.json /page-data/app-data.json /page-data/sq/d/1.json
`),
)('%s is a static file', (path) => {
  expect(noPageReasonOf({ path })).toBe('static');
  expect(noPageReasonOf({ path, method: 'HEAD', statusCode: 404 })).toBe('static');
  expect(noPageReasonOf({ path, method: 'POST' })).toBeUndefined();
  expect(noPageReasonOf({ path, route: path })).toBeUndefined();
});

test.each(
  words(`
  / /js /api/css /users/a.json /shop/manifest.json /docs/robots.txt /report.pdf /film.mp4
  /song.mp3 /page.html /posts/_astro/a /a.js/b
`),
)('%s is none', (path) => {
  expect(noPageReasonOf({ path })).toBeUndefined();
});

test.each(
  words(`
  /2018-06-01/runtime/invocation/next /2018-06-01/runtime/invocation/8476a536-e9f4/response
  /2018-06-01/runtime/invocation/8476a536-e9f4/error /2018-06-01/runtime/init/error
  /2018-06-01/runtime/restore/next /2020-01-01/extension/register /2020-01-01/extension/event/next
  /2020-01-01/extension/init/error /2020-01-01/extension/exit/error /2020-08-15/logs /2022-07-01/telemetry
`),
)('%s is of the runtime of AWS Lambda', (path) => {
  for (const method of ['GET', 'POST', 'PUT'])
    for (const route of [undefined, path])
      expect(noPageReasonOf({ path, method, route })).toBe('polling');
});

test.each(
  words(`
  /2018-06-01 /2018-06-01/runtime /2018-06-01/runtime-errors/7 /runtime/invocation/next
  /2015-03-31/functions/f/invocations /2026-11-20/logs /2026-11-20/extension /a/2018-06-01/runtime/init/error
`),
)('%s is not', (path) => {
  expect(noPageReasonOf({ path })).toBeUndefined();
});

test.each([
  ['/avatars/:id.png', undefined],
  ['/avatars/:name', undefined],
  ['/avatars/*.png', undefined],
  ['/avatars/*', 'static'],
  ['/avatars/{*rest}', 'static'],
  ['/avatars{/*rest}', 'static'],
  ['/avatars/:path(.*)', 'static'],
  ['/avatars/[...path]', 'static'],
  ['/avatars', 'static'],
  ['/', 'static'],
  ['/ava', undefined],
])('a file that the route %s serves: %s', (route, reason) => {
  expect(noPageReasonOf({ path: '/avatars/7.png', route: plainRoute(route) })).toBe(reason);
});

test.each([
  ['EIO=4&transport=polling&t=Pabc123', undefined],
  ['EIO=4&transport=polling&t=Pabc123&sid=x', 'polling'],
  ['sid=x&transport=polling&EIO=4', 'polling'],
  ['transport=polling&sid=x', undefined],
  ['EIO=4&transport=websocket&sid=x', undefined],
])('a request with the query %s: %s', (query, reason) => {
  for (const method of ['GET', 'POST']) {
    expect(noPageReasonOf({ path: '/socket.io/', method, query })).toBe(reason);
    expect(noPageReasonOf({ path: '/poll', method, query, route: '/poll' })).toBeUndefined();
  }
});
