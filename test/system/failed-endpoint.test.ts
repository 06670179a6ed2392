import { expect, test } from 'vitest';
import { MatomoSpanExporter } from '../../src/index.js';
import { finishedSpan } from '../support/builders.js';
import { eventually, startServer } from '../support/child-process.js';
import { sendSpans, startGateway } from '../support/gateway.js';
import { exportRequest, requestSpan } from '../support/otlp-spans.js';
import { APPS, get, matomo, REGISTER } from '../support/registered-app.js';
import { startTracedService } from '../support/traced-service.js';

const dimensions = { 4: 'matomo.failed_endpoint' } as const;

test('the processor stores which endpoint failed, and nothing for those that did not', async () => {
  const service = await startTracedService(
    (request, response) =>
      void response.writeHead(Number(request.url?.slice('/status-'.length))).end(),
    { dimensions },
  );
  for (const status of [200, 304, 399, 400, 404, 503]) {
    await service.fetch(`/status-${status}`, { method: 'POST' });
  }
  await service.requests(6);
  const hits = await service.hits();
  expect(hits.map(({ stored }) => stored?.custom_dimension_4)).toEqual([
    ...[undefined, undefined, undefined],
    '4xx POST Bad Request',
    '4xx POST Not Found',
    '5xx POST /status-503',
  ]);
});

test('the exporter stores which endpoint failed', async () => {
  const { inspector } = await matomo();
  const exporter = new MatomoSpanExporter({ url: inspector.url, siteId: 1, dimensions });
  const attributes = {
    'http.request.method': 'GET',
    'url.path': '/users/7',
    'http.route': '/users/:id',
    'http.response.status_code': 500,
  };
  exporter.export([finishedSpan({ attributes })], () => undefined);
  await exporter.shutdown();
  expect(inspector.hits()[0]?.params.dimension4).toBe('5xx GET /users/:id');
});

test('the gateway stores which endpoint failed', async () => {
  const { gateway, inspector } = await startGateway({ dimensions });
  const attributes = { 'http.route': '/users/:id', 'http.response.status_code': 418 };
  await sendSpans(gateway, exportRequest([requestSpan('/users/7', {}, attributes)]));
  await eventually(() => gateway.stats().tracked === 1);
  expect(inspector.hits()[0]?.params.dimension4).toBe('4xx GET /users/:id');
});

test('the environment names it for an application', async () => {
  const { inspector, env } = await matomo();
  const app = await startServer([...REGISTER, `${APPS}/express.cjs`], {
    env: { ...env, MATOMO_DIMENSIONS: '1=http.request.method,4=matomo.failed_endpoint' },
  });
  await get(`${app.url}/fails`);
  await get(`${app.url}/users/7`);
  await app.stop();
  expect(inspector.hits().map(({ params }) => params.dimension4)).toEqual([
    '5xx GET /fails',
    undefined,
  ]);
});
