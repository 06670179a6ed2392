import {
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import { expect, onTestFinished, test } from 'vitest';
import { MatomoSpanExporter } from '../src/index.js';
import { startInspector } from '../src/inspector/index.js';
import { finishedSpan } from './support/builders.js';

/** Value of each metric by its attributes, as a meter provider exports them. */
async function collected(meterProvider: MeterProvider, exporter: InMemoryMetricExporter) {
  exporter.reset();
  await meterProvider.forceFlush();
  const metrics = exporter
    .getMetrics()
    .flatMap(({ scopeMetrics }) => scopeMetrics.flatMap((scope) => scope.metrics));
  return new Map(
    metrics.flatMap(({ descriptor, dataPoints }) =>
      dataPoints.map(({ attributes, value }) => {
        const { 'otel.component.name': _, 'otel.component.type': __, ...own } = attributes;
        return [[descriptor.name, ...Object.values(own)].join(' '), value] as const;
      }),
    ),
  );
}

test('a meter provider gets what stats() says, by OpenTelemetry’s names where there are some', async () => {
  const exporter = new InMemoryMetricExporter(1); // cumulative
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 1_000_000 });
  const meterProvider = new MeterProvider({ readers: [reader] });
  const inspector = await startInspector();
  onTestFinished(async () => {
    await meterProvider.shutdown();
    await inspector.close();
  });
  const matomo = new MatomoSpanExporter({
    url: inspector.url,
    siteId: 1,
    meterProvider,
    maxQueueSize: 3,
    ignorePaths: ['/health'],
  });
  for (const path of ['/a', '/b', '/c', '/d', '/health']) {
    const attributes = {
      'http.request.method': 'GET',
      'url.path': path,
      'http.response.status_code': 200,
    };
    matomo.export([finishedSpan({ attributes })], () => undefined);
  }
  expect(Object.fromEntries(await collected(meterProvider, exporter))).toMatchObject({
    'otel.sdk.processor.span.queue.size': 3,
    'otel.sdk.processor.span.queue.capacity': 3,
    'otel.sdk.processor.span.processed queue_full': 1,
    'matomo.requests.ignored path': 1,
  });
  await matomo.forceFlush();
  const after = await collected(meterProvider, exporter);
  expect(Object.fromEntries(after)).toMatchObject({
    'otel.sdk.processor.span.queue.size': 0,
    'otel.sdk.processor.span.processed': 3,
    'otel.sdk.processor.span.processed queue_full': 1,
    'matomo.hits tracked': 3,
    'matomo.hits.resent': 0,
    'matomo.hits lost queue_full': 1,
    'matomo.requests.ignored path': 1,
    'matomo.request.duration 200': { count: 1 },
  });
  await matomo.shutdown();
});
