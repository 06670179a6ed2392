import type { MeterProvider, ObservableResult } from '@opentelemetry/api';
import type { Exchange, Transport } from './delivery/transport.js';
import type { MatomoStats } from './stats.js';
import { VERSION } from './version.js';

const SCOPE = 'opentelemetry-matomo';

/** Which processor it is, in the words of OpenTelemetry's semantic conventions for SDKs. */
const COMPONENT = {
  'otel.component.type': 'matomo_span_processor',
  'otel.component.name': 'matomo_span_processor/0',
};

/**
 * Has a meter provider read the statistics whenever it collects, which costs a request nothing. Names are those of the
 * semantic conventions for SDK metrics where they mean the same.
 *
 * @see https://opentelemetry.io/docs/specs/semconv/otel/sdk-metrics/
 */
export function observeStats(
  meterProvider: MeterProvider,
  stats: () => MatomoStats,
  capacity: number,
): void {
  const meter = meterProvider.getMeter(SCOPE, VERSION);
  meter
    .createObservableCounter('otel.sdk.processor.span.processed', {
      unit: '{span}',
      description: 'Server spans whose hits have been decided on, by why they failed',
    })
    .addCallback((result) => observeProcessed(result, stats()));
  meter
    .createObservableUpDownCounter('otel.sdk.processor.span.queue.size', {
      unit: '{span}',
      description: 'Hits that wait or are in flight',
    })
    .addCallback((result) => result.observe(stats().pending, COMPONENT));
  meter
    .createObservableUpDownCounter('otel.sdk.processor.span.queue.capacity', {
      unit: '{span}',
      description: 'Hits that may wait',
    })
    .addCallback((result) => result.observe(capacity, COMPONENT));
  meter
    .createObservableCounter('matomo.hits', {
      unit: '{hit}',
      description: 'Hits by what became of them: tracked, accepted, invalid or lost',
    })
    .addCallback((result) => observeHits(result, stats()));
  meter
    .createObservableCounter('matomo.requests.ignored', {
      unit: '{request}',
      description: 'Requests that make no hit, by reason',
    })
    .addCallback((result) => {
      for (const [reason, count] of Object.entries(stats().ignored)) {
        if (count > 0) result.observe(count, { 'matomo.ignore.reason': reason });
      }
    });
}

function observeProcessed(result: ObservableResult, stats: MatomoStats): void {
  const { tracked, accepted, invalid, lost } = stats;
  result.observe(tracked + accepted, COMPONENT);
  for (const [type, count] of Object.entries({ ...lost, invalid })) {
    if (count > 0) result.observe(count, { ...COMPONENT, 'error.type': type });
  }
}

function observeHits(result: ObservableResult, stats: MatomoStats): void {
  const { tracked, accepted, invalid, lost } = stats;
  for (const [outcome, count] of Object.entries({ tracked, accepted, invalid })) {
    result.observe(count, { 'matomo.hit.outcome': outcome });
  }
  for (const [reason, count] of Object.entries(lost)) {
    if (count > 0) result.observe(count, { 'matomo.hit.outcome': 'lost', 'error.type': reason });
  }
}

/** The same transport, with the time of each bulk request recorded. */
export function measureTransport(transport: Transport, meterProvider: MeterProvider): Transport {
  const durations = meterProvider
    .getMeter(SCOPE, VERSION)
    .createHistogram('matomo.request.duration', {
      unit: 's',
      description: 'Time that a bulk request to Matomo takes',
    });
  return {
    ...transport,
    async send(body, timeoutMillis) {
      const start = performance.now();
      const exchange = await transport.send(body, timeoutMillis);
      durations.record((performance.now() - start) / 1000, outcomeOf(exchange));
      return exchange;
    },
  };
}

function outcomeOf(exchange: Exchange): Record<string, string | number> {
  return exchange.kind === 'answer'
    ? { 'http.response.status_code': exchange.status }
    : { 'error.type': exchange.kind };
}
