import type { Diagnostics } from '../common/diagnostics.js';
import { shared } from '../common/foreign-objects.js';
import { coded } from '../common/messages.js';
import { otelGlobal } from '../common/otel-global.js';
import type { Attributes, MeterProvider } from '../common/otel-types.js';
import { AsyncScope } from '../common/timers.js';
import type { Delivery } from '../delivery/delivery.js';
import { VERSION } from '../version.js';
import type { MatomoStats } from './stats.js';

/** Interval at which the global meter provider is looked up until there is one. */
const LOOKUP_MILLIS = 1_000;

/** The key of the number of components of each type in this process, in any copy of the package. */
const KEY = Symbol.for('opentelemetry-matomo.components.1');

/** Names a new component of a type, as OpenTelemetry's semantic conventions require. */
function nameComponent(type: string): Attributes {
  const counts = shared<Record<string, number>>(KEY, () => ({}));
  const index = counts[type] ?? 0;
  counts[type] = index + 1;
  return { 'otel.component.type': type, 'otel.component.name': `${type}/${index}` };
}

/** The source of the metrics. Reading it never does I/O. */
export interface Observed {
  readonly stats: MatomoStats;
  readonly delivery: Pick<Delivery, 'oldestAgeSeconds' | 'spool'>;
}

/** A number, or numbers with attributes. `undefined` is not observed. */
type Figure = number | undefined | readonly (readonly [count: number, attributes: Attributes])[];

interface Instrument {
  readonly unit: string;
  readonly description: string;
  readonly read: (observed: Observed) => Figure;
}

export type Instruments = Readonly<Record<string, Instrument>>;

const of = (unit: string, description: string, read: Instrument['read']) => {
  return { unit, description, read };
};

/**
 * Instruments by kind and name. Every outcome and reason is observed from the start, with 0. Otherwise a series would begin with its first loss,
 * and an alert on an increase would miss that loss.
 */
const INSTRUMENTS: Readonly<Record<string, Instruments>> = {
  ObservableUpDownCounter: {
    'matomo.queue.size': of('{hit}', 'Pending hits', ({ stats }) => stats.pending),
  },
  ObservableGauge: {
    'matomo.queue.oldest_age': of(
      's',
      'Age of the oldest pending hit, else 0',
      ({ delivery }) => delivery.oldestAgeSeconds,
    ),
    'matomo.spool.hits': of('{hit}', 'Hits in the spool', ({ delivery }) => delivery.spool?.hits),
  },
  ObservableCounter: {
    'matomo.hits': of(
      '{hit}',
      'Hits by what became of them',
      ({ stats: { tracked, accepted, ...stats } }) => [
        ...byValue({ tracked, accepted, invalid: stats.invalid }, 'matomo.hit.outcome'),
        ...byValue(stats.lost, 'error.type', { 'matomo.hit.outcome': 'lost' }),
      ],
    ),
    'matomo.hits.additional': of(
      '{hit}',
      'Besides page views',
      ({ stats }) => stats.additionalHits,
    ),
    'matomo.hits.ai_chatbots': of('{hit}', 'Of AI chatbots', ({ stats }) => stats.aiChatbots),
    'matomo.hits.resent': of('{hit}', 'May be duplicated', ({ stats }) => stats.resent),
    'matomo.spool.stored': of('{hit}', 'Went into the spool', ({ stats }) => stats.stored),
    'matomo.spool.claimed': of('{hit}', 'Came out of the spool', ({ stats }) => stats.claimed),
    'matomo.hits.dropped': of('{call}', 'Calls that made no hit', ({ stats }) =>
      byValue(stats.dropped, 'error.type'),
    ),
    'matomo.spans.unused': of('{span}', 'Had no effect', ({ stats }) => stats.spans.unused),
    'matomo.requests.ignored': of('{request}', 'Requests that make no hit', ({ stats }) =>
      byValue(stats.ignored, 'matomo.ignore.reason'),
    ),
  },
};

function byValue(
  counts: Readonly<Record<string, number>>,
  attribute: string,
  more: Attributes = {},
): [count: number, attributes: Attributes][] {
  return Object.entries(counts).map(([value, count]) => [count, { ...more, [attribute]: value }]);
}

/**
 * Registers the instruments with a meter provider, which reads them whenever it collects. With `global`, waits until a provider is registered.
 * Returns a function that stops the wait. `counters` are additional instruments of one component.
 */
export function reportMetrics(
  provider: MeterProvider | 'global',
  type: string,
  observe: () => Observed,
  counters: Instruments,
  diagnostics: Pick<Diagnostics, 'error'>,
): () => void {
  const component = nameComponent(type);
  function register(meterProvider: MeterProvider): void {
    const meter = meterProvider.getMeter('opentelemetry-matomo', VERSION);
    for (const [kind, instruments] of Object.entries({ ...INSTRUMENTS, counters })) {
      const method = `create${kind === 'counters' ? 'ObservableCounter' : kind}`;
      for (const [name, { unit, description, read }] of Object.entries(instruments))
        meter[method as 'createObservableGauge'](name, { unit, description }).addCallback(
          (result) => {
            const figure = read(observe());
            if (typeof figure === 'number') result.observe(figure, component);
            else
              for (const [count, more] of figure ?? [])
                result.observe(count, { ...more, ...component });
          },
        );
    }
  }

  if (provider !== 'global') {
    register(provider);
    return () => undefined;
  }
  let looks = 0;
  function look(): void {
    looks += 1;
    const meterProvider = otelGlobal()?.metrics;
    if (meterProvider) {
      clearInterval(timer);
      register(meterProvider);
    } else if (looks === 2 && !otelGlobal()) diagnostics.error(coded('api-missing', NO_METRICS));
  }
  const scope = new AsyncScope('MatomoMetrics');
  const timer = scope.runInAsyncScope(() => setInterval(look, LOOKUP_MILLIS).unref());
  look();
  return () => clearInterval(timer);
}

const NO_METRICS =
  'meterProvider is global, and nothing is registered with @opentelemetry/api, so there are no metrics yet. Set up metrics (npm install @opentelemetry/api @opentelemetry/sdk-metrics), or unset meterProvider and MATOMO_METRICS.';
