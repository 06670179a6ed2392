import {
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import { onTestFinished } from 'vitest';

export function startMeterProvider() {
  const exporter = new InMemoryMetricExporter(1); // cumulative
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 1_000_000 });
  const meterProvider = new MeterProvider({ readers: [reader] });
  onTestFinished(() => meterProvider.shutdown());

  /** Value of each metric by its attributes, as the meter provider exports them. */
  async function collect() {
    exporter.reset();
    await meterProvider.forceFlush();
    const metrics = exporter
      .getMetrics()
      .flatMap(({ scopeMetrics }) => scopeMetrics.flatMap((scope) => scope.metrics));
    return metrics.flatMap(({ descriptor, dataPoints }) =>
      dataPoints.map(({ attributes, value }) => {
        const { 'otel.component.name': name, 'otel.component.type': type, ...own } = attributes;
        const component = name === undefined ? [] : [`${type}: ${name}`];
        return [[descriptor.name, ...Object.values(own), ...component].join(' '), value] as const;
      }),
    );
  }

  async function read() {
    const metrics = await collect();
    return Object.fromEntries(
      metrics.map(([name, value]) => [name.split(/ matomo_\w+: /)[0] as string, value]),
    );
  }

  async function valuesOf(prefix: string) {
    return (await collect()).filter(([name]) => name.startsWith(prefix)).map(([, value]) => value);
  }

  return { meterProvider, collect, read, valuesOf };
}
