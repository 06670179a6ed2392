import type { Diagnostics } from '../common/diagnostics.js';
import { otelGlobal } from '../common/otel-global.js';
import type {
  Attributes,
  Histogram,
  Meter,
  MeterProvider,
  ObservableResult,
} from '../common/otel-types.js';
import { DetachedScope } from '../common/timers.js';
import type { Exchange, Transport } from '../delivery/http/transport.js';
import { VERSION } from '../version.js';
import { isApiInstalled, missingApi } from './missing-api.js';
import type { MatomoStats, SpanCounts } from './stats.js';

const SCOPE = 'opentelemetry-matomo';

/** Interval for looking up the global meter provider, until there is one. */
const LOOKUP_MILLIS = 1_000;

/** The boundaries of `http.client.request.duration` in OpenTelemetry's semantic conventions. */
const DURATION_BOUNDARIES = [
  0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10,
];

/** What makes hits, as `otel.component.type`. */
export type ComponentType = 'matomo_span_processor' | 'matomo_span_exporter' | 'matomo_gateway';

/** How many components of each type this process has had, whichever copy of the package made them. */
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

/** What the metrics describe. Nothing here does I/O. */
export interface Observed {
  readonly stats: MatomoStats;
  readonly spans: SpanCounts;
  /** The limit of hits in memory. */
  readonly capacity: number;
  /** Age of the oldest pending hit, in seconds; 0 if there is none. */
  readonly oldestAgeSeconds: number;
  /** Hits of this process in the spool; `undefined` without one. */
  readonly spoolHits: number | undefined;
  /** Seconds since a bulk last succeeded, or since the start. */
  readonly lastSuccessAgeSeconds: number;
}

/** Reports to a meter provider, which reads the figures whenever it collects. A request costs nothing. */
export class Metrics {
  readonly #provider: MeterProvider | 'global';
  readonly #component: Attributes;
  #durations: Histogram | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(provider: MeterProvider | 'global', type: ComponentType) {
    this.#provider = provider;
    this.#component = nameComponent(type);
  }

  /** The same transport, with the time of each bulk request recorded. */
  measure(transport: Transport): Transport {
    return {
      ...transport,
      send: async (body, timeoutMillis) => {
        const start = performance.now();
        const exchange = await transport.send(body, timeoutMillis);
        const seconds = (performance.now() - start) / 1000;
        this.#durations?.record(seconds, { ...outcomeOf(exchange), ...this.#component });
        return exchange;
      },
    };
  }

  /** Registers all instruments; with `global`, as soon as there is a meter provider. */
  start(observe: () => Observed, diagnostics: Pick<Diagnostics, 'error'>): void {
    if (this.#provider !== 'global') {
      this.#register(this.#provider, observe);
      return;
    }
    const lookUp = () => {
      const meterProvider = otelGlobal()?.metrics;
      if (!meterProvider) return false;
      this.stop();
      this.#register(meterProvider, observe);
      return true;
    };
    let isFirst = true;
    const lookAgain = () => {
      if (!lookUp() && isFirst && !isApiInstalled())
        diagnostics.error(missingApi(NO_METRICS, METRICS_ADVICE));
      isFirst = false;
    };
    if (lookUp()) return;
    new DetachedScope('MatomoMetrics').runInAsyncScope(() => {
      this.#timer = setInterval(lookAgain, LOOKUP_MILLIS).unref();
    });
  }

  /** Stops looking for a meter provider. */
  stop(): void {
    clearInterval(this.#timer);
  }

  #register(meterProvider: MeterProvider, observe: () => Observed): void {
    const meter = meterProvider.getMeter(SCOPE, VERSION);
    this.#durations = meter.createHistogram('matomo.request.duration', {
      unit: 's',
      description: 'Time that a bulk request to Matomo takes',
      advice: { explicitBucketBoundaries: DURATION_BOUNDARIES },
    });
    createInstruments(meter, observe, this.#component);
  }
}

/**
 * Names are those of the semantic conventions for SDK metrics if they mean the same. Every outcome and reason is observed from the
 * start, with 0: an alert on an increase does not see a series that begins with its first loss.
 *
 * @see https://opentelemetry.io/docs/specs/semconv/otel/sdk-metrics/
 */
function createInstruments(meter: Meter, observe: () => Observed, component: Attributes): void {
  const each = (
    result: ObservableResult,
    attribute: string,
    counts: Readonly<Record<string, number>>,
    others: Attributes = {},
  ) => {
    for (const [value, count] of Object.entries(counts)) {
      result.observe(count, { ...others, [attribute]: value, ...component });
    }
  };
  meter
    .createObservableCounter('otel.sdk.processor.span.processed', {
      unit: '{span}',
      description: 'Server spans whose page view was queued, or not, by why not',
    })
    .addCallback((result) => {
      const { processed, failed } = observe().spans;
      result.observe(processed, component);
      each(result, 'error.type', { ...failed });
    });
  meter
    .createObservableUpDownCounter('matomo.queue.size', {
      unit: '{hit}',
      description: 'Pending hits in memory',
    })
    .addCallback((result) => {
      const { pending, spooled } = observe().stats;
      result.observe(pending - spooled, component);
    });
  meter
    .createObservableUpDownCounter('matomo.queue.capacity', {
      unit: '{hit}',
      description: 'Hits that memory may contain',
    })
    .addCallback((result) => result.observe(observe().capacity, component));
  meter
    .createObservableGauge('matomo.queue.oldest_age', {
      unit: 's',
      description: 'Age of the oldest pending hit, 0 if there is none',
    })
    .addCallback((result) => result.observe(observe().oldestAgeSeconds, component));
  meter
    .createObservableGauge('matomo.delivery.last_success_age', {
      unit: 's',
      description: 'Time since a bulk last succeeded, or since the start',
    })
    .addCallback((result) => result.observe(observe().lastSuccessAgeSeconds, component));
  meter
    .createObservableGauge('matomo.spool.hits', {
      unit: '{hit}',
      description: 'Hits in the spool that this process made or took over',
    })
    .addCallback((result) => {
      const { spoolHits } = observe();
      if (spoolHits !== undefined) result.observe(spoolHits, component);
    });
  meter
    .createObservableCounter('matomo.hits', {
      unit: '{hit}',
      description: 'Hits by what became of them: tracked, accepted, invalid or lost',
    })
    .addCallback((result) => {
      const { tracked, accepted, invalid, lost } = observe().stats;
      each(result, 'matomo.hit.outcome', { tracked, accepted, invalid });
      each(result, 'error.type', lost, { 'matomo.hit.outcome': 'lost' });
    });
  meter
    .createObservableCounter('matomo.hits.further', {
      unit: '{hit}',
      description: 'Events, goals, orders and others besides page views, a part of all hits',
    })
    .addCallback((result) => result.observe(observe().stats.furtherHits, component));
  meter
    .createObservableCounter('matomo.hits.dropped', {
      unit: '{call}',
      description: 'Calls for a hit besides the page view that made none, by reason',
    })
    .addCallback((result) => each(result, 'error.type', observe().stats.dropped));
  meter
    .createObservableCounter('matomo.spans.unused', {
      unit: '{span}',
      description: 'Spans that had no effect: too late for their request, or of none',
    })
    .addCallback((result) => result.observe(observe().stats.spans.unused, component));
  meter
    .createObservableCounter('matomo.hits.ai_chatbots', {
      unit: '{hit}',
      description: 'Hits of requests by AI chatbots, a part of all hits',
    })
    .addCallback((result) => result.observe(observe().stats.aiChatbots, component));
  meter
    .createObservableCounter('matomo.hits.resent', {
      unit: '{hit}',
      description: 'Hits sent again although the first attempt may have stored them',
    })
    .addCallback((result) => result.observe(observe().stats.resent, component));
  // A process that was wrongly considered dead takes its hits back, and a counter must not decrease.
  let takenOver = 0;
  meter
    .createObservableCounter('matomo.hits.taken_over', {
      unit: '{hit}',
      description: 'Hits taken over from processes that have ended',
    })
    .addCallback((result) => {
      takenOver = Math.max(takenOver, observe().stats.takenOver);
      result.observe(takenOver, component);
    });
  meter
    .createObservableCounter('matomo.requests.ignored', {
      unit: '{request}',
      description: 'Requests that make no hit, by reason',
    })
    .addCallback((result) => each(result, 'matomo.ignore.reason', observe().stats.ignored));
}

function outcomeOf(exchange: Exchange): Attributes {
  return exchange.kind === 'answer'
    ? { 'http.response.status_code': exchange.status }
    : { 'error.type': exchange.kind };
}

const NO_METRICS = 'meterProvider is global, so there are no metrics';
const METRICS_ADVICE =
  'Set up metrics (npm install @opentelemetry/api @opentelemetry/sdk-metrics), or unset meterProvider and MATOMO_METRICS';
