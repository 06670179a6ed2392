import type { Attributes, MeterProvider, ObservableResult } from '@opentelemetry/api';
import type { Exchange, Transport } from '../delivery/transport.js';
import { VERSION } from '../version.js';
import type { MatomoStats } from './stats.js';

const SCOPE = 'opentelemetry-matomo';

/** What makes hits, as `otel.component.type`. */
export type ComponentType = 'matomo_span_processor' | 'matomo_span_exporter' | 'matomo_gateway';

/** How many components of each type this process has had, whichever build or version of the package made them. */
const KEY = Symbol.for('opentelemetry-matomo.components.1');

/** Names one more component of a type, as OpenTelemetry's semantic conventions want it. */
function nameComponent(type: ComponentType): Attributes {
  const shared = globalThis as Record<symbol, Partial<Record<ComponentType, number>> | undefined>;
  shared[KEY] ??= {};
  const counts = shared[KEY];
  const index = counts[type] ?? 0;
  counts[type] = index + 1;
  return { 'otel.component.type': type, 'otel.component.name': `${type}/${index}` };
}

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
  type: ComponentType,
): void {
  const component = nameComponent(type);
  const meter = meterProvider.getMeter(SCOPE, VERSION);
  meter
    .createObservableCounter('otel.sdk.processor.span.processed', {
      unit: '{span}',
      description: 'Server spans whose hits have been decided on, by why they failed',
    })
    .addCallback((result) => observeProcessed(result, stats(), component));
  meter
    .createObservableUpDownCounter('otel.sdk.processor.span.queue.size', {
      unit: '{span}',
      description: 'Hits that wait or are in flight',
    })
    .addCallback((result) => result.observe(stats().pending, component));
  meter
    .createObservableUpDownCounter('otel.sdk.processor.span.queue.capacity', {
      unit: '{span}',
      description: 'Hits that may wait',
    })
    .addCallback((result) => result.observe(capacity, component));
  meter
    .createObservableCounter('matomo.hits', {
      unit: '{hit}',
      description: 'Hits by what became of them: tracked, accepted, invalid or lost',
    })
    .addCallback((result) => observeHits(result, stats(), component));
  meter
    .createObservableCounter('matomo.hits.further', {
      unit: '{hit}',
      description: 'Events, goals, orders and others besides page views, a part of all hits',
    })
    .addCallback((result) => result.observe(stats().furtherHits, component));
  meter
    .createObservableCounter('matomo.hits.dropped', {
      unit: '{call}',
      description: 'Calls for a hit besides the page view that made none, by reason',
    })
    .addCallback((result) => {
      for (const [reason, count] of Object.entries(stats().dropped)) {
        if (count > 0) result.observe(count, { 'error.type': reason, ...component });
      }
    });
  meter
    .createObservableCounter('matomo.spans.unused', {
      unit: '{span}',
      description: 'Spans that had no effect: too late for their request, or of none',
    })
    .addCallback((result) => result.observe(stats().spans.unused, component));
  meter
    .createObservableCounter('matomo.hits.ai_chatbots', {
      unit: '{hit}',
      description: 'Hits of requests by AI chatbots, a part of all hits',
    })
    .addCallback((result) => result.observe(stats().aiChatbots, component));
  meter
    .createObservableCounter('matomo.hits.resent', {
      unit: '{hit}',
      description: 'Hits sent again although the first attempt may have stored them',
    })
    .addCallback((result) => result.observe(stats().resent, component));
  meter
    .createObservableCounter('matomo.requests.ignored', {
      unit: '{request}',
      description: 'Requests that make no hit, by reason',
    })
    .addCallback((result) => {
      for (const [reason, count] of Object.entries(stats().ignored)) {
        if (count > 0) result.observe(count, { 'matomo.ignore.reason': reason, ...component });
      }
    });
}

function observeProcessed(
  result: ObservableResult,
  { tracked, accepted, invalid, lost }: MatomoStats,
  component: Attributes,
): void {
  result.observe(tracked + accepted, component);
  for (const [type, count] of Object.entries({ ...lost, invalid })) {
    if (count > 0) result.observe(count, { ...component, 'error.type': type });
  }
}

function observeHits(
  result: ObservableResult,
  { tracked, accepted, invalid, lost }: MatomoStats,
  component: Attributes,
): void {
  for (const [outcome, count] of Object.entries({ tracked, accepted, invalid })) {
    result.observe(count, { 'matomo.hit.outcome': outcome, ...component });
  }
  for (const [reason, count] of Object.entries(lost)) {
    const attributes = { 'matomo.hit.outcome': 'lost', 'error.type': reason, ...component };
    if (count > 0) result.observe(count, attributes);
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
