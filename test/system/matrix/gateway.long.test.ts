import { expect, test } from 'vitest';
import { startGateway } from '../../support/gateway.js';
import { sampled } from '../../support/long.js';
import { matrix, packBeforeTests, preparePlace, WITHOUT_ROUTE } from '../../support/matrix.js';
import { AUTO } from '../../support/registered-app.js';

const npmPackage = packBeforeTests();
const cells = new Map(matrix.planCells({ core: true }).map((cell) => [cell.sdk, cell]));

const PROTOCOLS = ['http/protobuf', 'http/json'];

/** The instrumentation of SDK 1.30 does not know Express 5. That of SDK 3 writes queries anew. */
const LIMITS = {
  '1.30': { titles: WITHOUT_ROUTE },
  3.1: { url: '/users/ann?tab=a+b' },
} as Readonly<Record<string, { titles?: Record<string, string>; url?: string }>>;

test.for(
  [...cells].flatMap(([sdk, cell], i) =>
    sampled([PROTOCOLS[i % 2] as string], PROTOCOLS).map((protocol) => ({
      ...{ sdk: sdk as string, protocol, cell },
    })),
  ),
)(
  'what an application exports with SDK $sdk by $protocol makes one hit per request, without language',
  async ({ sdk, protocol, cell }) => {
    const place = await preparePlace({ ...cell, build: [] }, npmPackage());
    const { gateway, inspector } = await startGateway();
    await matrix.runApp({
      ...place,
      args: [...AUTO, 'frameworks/express.cjs'],
      env: {
        CLOSE_AT_SIGTERM: '1',
        OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${gateway.url}/v1/traces`,
        OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: protocol,
        OTEL_EXPORTER_OTLP_TRACES_COMPRESSION: 'gzip',
      },
    });
    await gateway.close();
    expect(gateway.stats().spans.rejected).toBe(0);
    const { titles, url } = LIMITS[sdk] ?? {};
    const requests = matrix.REQUESTS.map((each, i) => (i === 0 && url ? { ...each, url } : each));
    const known = (line: string) => line.split(' | ').slice(0, 4);
    expect(matrix.readHits(inspector.hits()).map(known)).toEqual(
      matrix.expectedHits(requests, titles).map(known),
    );
  },
);
