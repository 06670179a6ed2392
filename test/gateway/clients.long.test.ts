import { expect, test } from 'vitest';
import { eventually, startServer } from '../support/child-process.js';
import { startGateway } from '../support/gateway.js';
import { APPS, AUTO, get, ONLY_TRACES } from '../support/registered-app.js';
import { sorted } from '../support/sorted.js';

test.each([
  ['http/protobuf', 'gzip'],
  ['http/json', 'none'],
])(
  "an application with OpenTelemetry's own exporter: %s, compression %s",
  async (protocol, compression) => {
    const { gateway, inspector } = await startGateway({ graceMillis: 200, bearerToken: 'sesame' });
    const app = await startServer([...AUTO, `${APPS}/express.cjs`], {
      env: {
        ...ONLY_TRACES,
        OTEL_SERVICE_NAME: 'shop',
        OTEL_TRACES_EXPORTER: 'otlp',
        OTEL_EXPORTER_OTLP_ENDPOINT: gateway.url,
        OTEL_EXPORTER_OTLP_PROTOCOL: protocol,
        OTEL_EXPORTER_OTLP_COMPRESSION: compression,
        OTEL_EXPORTER_OTLP_HEADERS: 'authorization=Bearer sesame',
        OTEL_BSP_SCHEDULE_DELAY: '50',
      },
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
