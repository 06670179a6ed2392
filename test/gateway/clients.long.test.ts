import { request as httpRequest } from 'node:http';
import { expect, test } from 'vitest';
import type { Gateway } from '../../src/gateway/index.js';
import { eventually, type Server, startServer } from '../support/child-process.js';
import { sendSpans, startGateway } from '../support/gateway.js';
import { listen } from '../support/listen.js';
import { exportRequest, requestSpan } from '../support/otlp-spans.js';
import { APPS, get } from '../support/registered-app.js';
import { sorted } from '../support/sorted.js';

/** An Express application, traced by OpenTelemetry alone, that exports to a gateway. */
function startApp(
  { url }: { readonly url: string },
  env: Readonly<Record<string, string>> = {},
): Promise<Server> {
  const preload = '@opentelemetry/auto-instrumentations-node/register';
  return startServer(['--require', preload, `${APPS}/express.cjs`], {
    env: {
      OTEL_SERVICE_NAME: 'shop',
      OTEL_TRACES_EXPORTER: 'otlp',
      OTEL_METRICS_EXPORTER: 'none',
      OTEL_LOGS_EXPORTER: 'none',
      OTEL_EXPORTER_OTLP_ENDPOINT: url,
      OTEL_BSP_SCHEDULE_DELAY: '50',
      ...env,
    },
  });
}

test.each([
  ['http/protobuf', 'gzip'],
  ['http/json', 'none'],
])(
  "an application with OpenTelemetry's own exporter: %s, compression %s",
  async (protocol, compression) => {
    const { gateway, inspector } = await startGateway({ graceMillis: 200, bearerToken: 'sesame' });
    const app = await startApp(gateway, {
      OTEL_EXPORTER_OTLP_PROTOCOL: protocol,
      OTEL_EXPORTER_OTLP_COMPRESSION: compression,
      OTEL_EXPORTER_OTLP_HEADERS: 'authorization=Bearer sesame',
    });
    await Promise.all(['/users/1', '/users/2', '/missing'].map((path) => get(`${app.url}${path}`)));
    await eventually(() => gateway.stats().tracked === 3);
    expect(sorted(inspector.hits().map(({ stored }) => stored?.title))).toEqual([
      'GET /users/:id',
      'GET /users/:id',
      'GET Not Found',
    ]);
    expect(gateway.stats().spans.rejected).toBe(0);
    await app.stop('SIGKILL');
  },
);

test("what a full gateway has refused, OpenTelemetry's own exporter sends again", async () => {
  const { gateway, inspector } = await startGateway({ maxQueueSize: 1 });
  // Less than the five seconds that the gateway has the exporter wait.
  inspector.play({ status: 503, headers: { 'Retry-After': '1' } });
  expect((await sendSpans(gateway, exportRequest([requestSpan('/fills')]))).status).toBe(200);
  const { url, statuses } = await startFront(gateway);
  // By default the exporter gives up after ten seconds, with all its attempts.
  const app = await startApp({ url }, { OTEL_EXPORTER_OTLP_TIMEOUT: '60000' });
  await get(`${app.url}/users/1`);
  await eventually(() => statuses.length === 1);
  inspector.play();
  await eventually(() => gateway.stats().tracked === 2);
  expect([statuses[0], statuses.at(-1)]).toEqual([503, 200]);
  expect(sorted(inspector.hits().map(({ stored }) => stored?.title))).toEqual([
    'GET /fills',
    'GET /users/:id',
  ]);
  await app.stop('SIGKILL');
});

/** Passes exports on to a gateway and knows how they were answered. */
async function startFront(gateway: Gateway): Promise<{ url: string; statuses: number[] }> {
  const statuses: number[] = [];
  const url = await listen((request, response) => {
    const { method, headers, url } = request;
    const onward = httpRequest(gateway.url + url, { method, headers }, (answer) => {
      statuses.push(answer.statusCode as number);
      response.writeHead(answer.statusCode as number, answer.headers);
      answer.pipe(response);
    });
    request.pipe(onward);
  });
  return { url, statuses };
}
