import { createRequire } from 'node:module';
import { metrics as metricsApi } from '@opentelemetry/api';
import { expect, onTestFinished, test } from 'vitest';
import * as own from '../../src/index.js';
import { MatomoSpanExporter } from '../../src/index.js';
import { serverSpan } from '../support/builders.js';
import { eventually } from '../support/child-process.js';
import { sendSpans, startGateway } from '../support/gateway.js';
import { startMeterProvider } from '../support/meter-provider.js';
import { exportRequest, requestSpan as receivedSpan } from '../support/otlp-spans.js';
import { SPOOL_PLACES } from '../support/redis-server.js';
import { startExporter } from '../support/senders.js';

const requestSpan = () => serverSpan('/', {}, { startTime: [Math.floor(Date.now() / 1000), 0] });

test('refused exports are counted', async () => {
  const { meterProvider, valuesOf } = startMeterProvider();
  const { gateway } = await startGateway({
    ...{ meterProvider, maxQueueSize: 1, graceMillis: 0 },
    ...{ url: 'http://127.0.0.1:9', shutdownTimeoutMillis: 100 },
  });
  await sendSpans(gateway, exportRequest([receivedSpan('/a')]));
  await eventually(() => gateway.stats().pending === 1);
  expect((await sendSpans(gateway, exportRequest([receivedSpan('/b')]))).status).toBe(503);
  expect(await valuesOf('matomo.exports.refused')).toEqual([1]);
});

test.each(SPOOL_PLACES)(
  'the hits in %s, and their age in an outage, are known',
  async (_place, open) => {
    const { meterProvider, read } = startMeterProvider();
    const spool = await open();
    const { exporter: matomo, inspector } = await startExporter({ meterProvider, spool });
    inspector.play({ status: 503 });
    matomo.export([requestSpan(), requestSpan()], () => undefined);
    const metricsWith = (isSo: (value: (name: string) => number) => boolean) =>
      eventually(async () => {
        const metrics = await read();
        return isSo((name) => metrics[name] as number) && metrics;
      });
    const age = 'matomo.queue.oldest_age';
    const failing = await metricsWith((value) => value('matomo.spool.hits') === 2);
    await metricsWith(
      (value) => value(age) > (failing[age] as number) && value('matomo.queue.size') === 0,
    );
    inspector.play();
    await eventually(() => {
      void matomo.forceFlush();
      return matomo.stats().tracked === 2;
    });
    await metricsWith((value) => value('matomo.spool.hits') + value(age) === 0);
  },
);

test('the global meter provider is used as soon as there is one', async () => {
  const matomo = new MatomoSpanExporter({
    url: 'http://127.0.0.1:9',
    siteId: 1,
    meterProvider: 'global',
  });
  onTestFinished(() => matomo.shutdown());
  const { meterProvider, read } = startMeterProvider();
  metricsApi.setGlobalMeterProvider(meterProvider);
  onTestFinished(() => metricsApi.disable());
  const metrics = await eventually(async () => {
    const found = await read();
    return 'matomo.hits tracked' in found && found;
  });
  expect(metrics).toMatchObject({ 'matomo.hits tracked': 0 });
});

test('each component of a process has a name of its own, across copies of the package', async () => {
  const { meterProvider, collect } = startMeterProvider();
  const copy: typeof own = createRequire(import.meta.url)('opentelemetry-matomo');
  const options = { url: 'http://127.0.0.1:9', siteId: 1, meterProvider };
  const made = [own, own, copy].map(({ MatomoSpanExporter: Exporter }) => new Exporter(options));
  onTestFinished(async () => {
    for (const component of made) await component.shutdown();
  });
  const queues = (await collect()).filter(([key]) => key.startsWith('matomo.queue.size '));
  expect(new Set(queues.map(([key]) => key)).size).toBe(3);
});
