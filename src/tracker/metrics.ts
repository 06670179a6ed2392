import { errorName } from '../common/describe-error.js';
import type { Diagnostics } from '../common/diagnostics.js';
import { shared } from '../common/foreign-objects.js';
import { coded } from '../common/messages.js';
import { otelGlobal } from '../common/otel-global.js';
import type { Attributes, Histogram, MeterProvider } from '../common/otel-types.js';
import { AsyncScope } from '../common/timers.js';
import type { Delivery } from '../delivery/delivery.js';
import type { Exchange, Transport } from '../delivery/http.js';
import { VERSION } from '../version.js';
import { isApiInstalled } from './nothing-tracked.js';
import type { HitCounts, MatomoStats } from './stats.js';

const SCOPE = 'opentelemetry-matomo';

/** Interval for looking up the global meter provider, until there is one. */
const LOOKUP_MILLIS = 1_000;

/** The boundaries of `http.client.request.duration` in OpenTelemetry's semantic conventions. */
const DURATION_BOUNDARIES = [
  0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10,
];

/** How many components of each type this process has had, whichever copy of the package made them. */
const KEY = Symbol.for('opentelemetry-matomo.components.1');

/** Names one more component of a type, as OpenTelemetry's semantic conventions want it. */
function nameComponent(type: string): Attributes {
  const counts = shared<Record<string, number>>(KEY, () => ({}));
  const index = counts[type] ?? 0;
  counts[type] = index + 1;
  return { 'otel.component.type': type, 'otel.component.name': `${type}/${index}` };
}

/** What the metrics describe. Nothing here does I/O. */
export interface Observed {
  readonly stats: MatomoStats;
  readonly spans: HitCounts['spans'];
  /** The limit of hits in memory. */
  readonly capacity: number;
  readonly delivery: Pick<Delivery, 'oldestAgeSeconds' | 'spool' | 'lastSuccessAgeSeconds'>;
}

/** Reports to a meter provider, which reads the figures whenever it collects. A request costs nothing. */
export class Metrics {
  readonly #provider: MeterProvider | 'global';
  readonly #component: Attributes;
  #durations: Histogram | undefined;
  readonly #diagnostics: Pick<Diagnostics, 'error' | 'warnOnce'>;
  #timer: NodeJS.Timeout | undefined;

  constructor(
    provider: MeterProvider | 'global',
    type: string,
    diagnostics: Pick<Diagnostics, 'error' | 'warnOnce'>,
  ) {
    this.#provider = provider;
    this.#diagnostics = diagnostics;
    this.#component = nameComponent(type);
  }

  /** The same transport, with the time of each bulk request recorded. */
  measure(transport: Transport): Transport {
    return {
      ...transport,
      send: async (body, timeoutMillis) => {
        const start = performance.now();
        const exchange = await transport.send(body, timeoutMillis);
        this.#record((performance.now() - start) / 1000, exchange);
        return exchange;
      },
    };
  }

  #record(seconds: number, exchange: Exchange): void {
    const outcome =
      exchange.kind === 'answer'
        ? { 'http.response.status_code': exchange.status }
        : { 'error.type': exchange.kind };
    try {
      this.#durations?.record(seconds, { ...outcome, ...this.#component });
    } catch (error) {
      const text = `The histogram of meterProvider threw ${errorName(error)}. The time of a bulk request is not recorded. Check the views of the meter provider.`;
      this.#diagnostics.warnOnce('meter', coded('callback-failed', text));
    }
  }

  /** Registers all instruments, and those of a component; with `global`, as soon as there is a meter provider. */
  start(observe: () => Observed, ofComponent: Instruments = {}): void {
    const instruments = { ...INSTRUMENTS, ...ofComponent };
    if (this.#provider !== 'global') {
      this.#register(this.#provider, observe, instruments);
      return;
    }
    let times = 0;
    const lookUp = () => {
      const meterProvider = otelGlobal()?.metrics;
      if (meterProvider) {
        this.stop();
        this.#register(meterProvider, observe, instruments);
      } else if (times === 1 && !isApiInstalled()) {
        this.#diagnostics.error(coded('api-missing', NO_METRICS));
      }
      times += 1;
    };
    new AsyncScope('MatomoMetrics').runInAsyncScope(() => {
      this.#timer = setInterval(lookUp, LOOKUP_MILLIS).unref();
    });
    lookUp();
  }

  /** Stops looking for a meter provider. */
  stop(): void {
    clearInterval(this.#timer);
  }

  #register(meterProvider: MeterProvider, observe: () => Observed, instruments: Instruments): void {
    const meter = meterProvider.getMeter(SCOPE, VERSION);
    this.#durations = meter.createHistogram('matomo.request.duration', {
      unit: 's',
      description: 'Time that a bulk request to Matomo takes',
      advice: { explicitBucketBoundaries: DURATION_BOUNDARIES },
    });
    for (const [name, instrument] of Object.entries(instruments)) {
      const { kind = 'ObservableCounter', unit = '{hit}', description, read } = instrument;
      meter[`create${kind}`](name, { unit, description }).addCallback((result) =>
        read(observe(), (count, attributes) => {
          if (count !== undefined) result.observe(count, { ...attributes, ...this.#component });
        }),
      );
    }
  }
}

/** Nothing is observed of what does not exist. */
type Observe = (count: number | undefined, attributes?: Attributes) => void;

/** What counts is `read`. */
interface Instrument {
  /** @default ObservableCounter */
  readonly kind?: 'ObservableUpDownCounter' | 'ObservableGauge';
  /** @default hits */
  readonly unit?: string;
  readonly description: string;
  readonly read: (observed: Observed, observe: Observe) => void;
}

/** By name. */
export type Instruments = Readonly<Record<string, Instrument>>;

/**
 * By name, which is that of the semantic conventions for SDK metrics if they mean the same. Every outcome and reason is observed from the
 * start, with 0: an alert on an increase does not see a series that begins with its first loss.
 *
 * @see https://opentelemetry.io/docs/specs/semconv/otel/sdk-metrics/
 */
const INSTRUMENTS: Instruments = {
  'otel.sdk.processor.span.processed': {
    unit: '{span}',
    description: 'Server spans whose page view was queued, or not, by why not',
    read({ spans: { processed, failed } }, observe) {
      observe(processed);
      observeEach(failed, 'error.type', observe);
    },
  },
  'matomo.queue.size': {
    kind: 'ObservableUpDownCounter',
    description: 'Pending hits in memory',
    read: ({ stats }, observe) => observe(stats.pending),
  },
  'matomo.queue.capacity': {
    kind: 'ObservableUpDownCounter',
    description: 'Hits that memory may contain',
    read: ({ capacity }, observe) => observe(capacity),
  },
  'matomo.queue.oldest_age': {
    kind: 'ObservableGauge',
    unit: 's',
    description: 'Age of the oldest pending hit, 0 if there is none',
    read: ({ delivery }, observe) => observe(delivery.oldestAgeSeconds),
  },
  'matomo.delivery.last_success_age': {
    kind: 'ObservableGauge',
    unit: 's',
    description: 'Time since a bulk last succeeded, or since the start',
    read: ({ delivery }, observe) => observe(delivery.lastSuccessAgeSeconds),
  },
  'matomo.spool.hits': {
    kind: 'ObservableGauge',
    description: 'Hits in the spool, of all processes, as far as this one knows',
    read: ({ delivery }, observe) => observe(delivery.spool?.hits),
  },
  'matomo.hits': {
    description: 'Hits by what became of them: tracked, accepted, invalid or lost',
    read({ stats: { tracked, accepted, invalid, lost } }, observe) {
      observeEach({ tracked, accepted, invalid }, 'matomo.hit.outcome', observe);
      const observeLost: Observe = (count, reason) =>
        observe(count, { 'matomo.hit.outcome': 'lost', ...reason });
      observeEach(lost, 'error.type', observeLost);
    },
  },
  'matomo.hits.additional': {
    description: 'Events, goals, orders and others besides page views, a part of all hits',
    read: ({ stats }, observe) => observe(stats.additionalHits),
  },
  'matomo.hits.dropped': {
    unit: '{call}',
    description: 'Calls for a hit besides the page view that made none, by reason',
    read: ({ stats }, observe) => observeEach(stats.dropped, 'error.type', observe),
  },
  'matomo.spans.unused': {
    unit: '{span}',
    description: 'Spans that had no effect: too late for their request, or of none',
    read: ({ stats }, observe) => observe(stats.spans.unused),
  },
  'matomo.hits.ai_chatbots': {
    description: 'Hits of requests by AI chatbots, a part of all hits',
    read: ({ stats }, observe) => observe(stats.aiChatbots),
  },
  'matomo.hits.resent': {
    description: 'Hits sent again although the first attempt may have stored them',
    read: ({ stats }, observe) => observe(stats.resent),
  },
  'matomo.spool.stored': {
    description: 'Hits that went into the spool',
    read: ({ stats }, observe) => observe(stats.stored),
  },
  'matomo.spool.claimed': {
    description: 'Hits that came out of the spool, of this and of other processes',
    read: ({ stats }, observe) => observe(stats.claimed),
  },
  'matomo.requests.ignored': {
    unit: '{request}',
    description: 'Requests that make no hit, by reason',
    read: ({ stats }, observe) => observeEach(stats.ignored, 'matomo.ignore.reason', observe),
  },
};

function observeEach(
  counts: Readonly<Record<string, number>>,
  attribute: string,
  observe: Observe,
): void {
  for (const [value, count] of Object.entries(counts)) observe(count, { [attribute]: value });
}

const NO_METRICS =
  '@opentelemetry/api is not installed. meterProvider is global, so there are no metrics. Set up metrics (npm install @opentelemetry/api @opentelemetry/sdk-metrics), or unset meterProvider and MATOMO_METRICS.';
