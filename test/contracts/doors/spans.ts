import { createHash } from 'node:crypto';
import { type Context, ROOT_CONTEXT, SpanKind, trace } from '@opentelemetry/api';
import { JsonTraceSerializer, ProtobufTraceSerializer } from '@opentelemetry/otlp-transformer';
import {
  BasicTracerProvider,
  type ReadableSpan,
  type Span as SdkSpan,
} from '@opentelemetry/sdk-trace-base';
import { splitCode } from '../../../src/common/messages.js';
import { createGateway } from '../../../src/gateway/index.js';
import { MatomoSpanExporter, MatomoSpanProcessor } from '../../../src/index.js';
import type { MatomoOptions } from '../../../src/options.js';
import { startMatomo } from '../../support/matomo.js';
import { startMeterProvider } from '../../support/meter-provider.js';
import { captureOutput } from '../../support/output.js';
import { toTrackedHit } from './capture.js';

export type { MatomoOptions };

type Values = Readonly<Record<string, string | number | boolean | readonly string[]>>;

/** A span of a service without code of this package. */
export interface Span {
  /** Of the span itself, for `parent` and `links`. */
  readonly id: string;
  /** @default 'a' */
  readonly trace?: string;
  readonly parent?: string;
  /** The parent is in another process. */
  readonly isParentRemote?: boolean;
  /** @default 'INTERNAL' */
  readonly kind?: keyof typeof SpanKind;
  readonly name?: string;
  readonly attributes?: Values;
  /** After the first one of the row. @default 0 */
  readonly startMillis?: number;
  /** @default 10 */
  readonly durationMillis?: number;
  readonly status?: 'OK' | 'ERROR';
  readonly events?: readonly { readonly name: string; readonly attributes?: Values }[];
  /** In the trace `a`. */
  readonly links?: readonly string[];
}

/** How spans reach Matomo: each export of a span exporter, OTLP to a gateway in both encodings, or a span processor in the process that makes them. */
export type Way = 'exporter' | 'gateway' | 'processor';

export type TrackedSpans = Awaited<ReturnType<typeof trackSpans>>;

/** What the resource of all spans says. */
const RESOURCE = { 'service.name': 'shop' };

/** Makes hits of lists of spans, each of which is exported at once. A processor gets them in the order in which they end. */
export async function trackSpans(
  way: Way,
  exports: readonly (readonly Span[])[],
  options: MatomoOptions = {},
  resource: Values = RESOURCE,
) {
  const inspector = await startMatomo({ customVariables: true });
  const output = captureOutput();
  const { meterProvider, read } = startMeterProvider();
  const all = { url: inspector.url, siteId: 1, tokenAuth: 'a-token', meterProvider, ...options };
  const startedMillis = Date.now() - 1000;
  const made = exports.map((spans) =>
    spans.map((span) => toReadable(span, startedMillis, resource)),
  );
  const stats = await TRACKERS[way](made, all);
  return {
    hits: inspector.hits().map(toTrackedHit),
    /** Requests without a hit, hits of calls that were dropped, and lost hits, by reason. */
    ignored: nonZero(stats.ignored),
    dropped: nonZero(stats.dropped),
    lost: nonZero(stats.lost),
    /** Codes of logged lines, each once, sorted. */
    codes: [...new Set(output.map((line) => splitCode(line.trim()).code ?? line))].sort(),
    stats,
    /** What a meter provider gets: by name and attributes, such as `matomo.hits lost queue_full`. */
    metrics: (await read()) as Readonly<Record<string, unknown>>,
  };
}

type Stats = ReturnType<MatomoSpanExporter['stats']>;
type Tracker = (exports: readonly ReadableSpan[][], options: MatomoOptions) => Promise<Stats>;

const TRACKERS: Readonly<Record<Way, Tracker>> = {
  async exporter(exports, options) {
    const exporter = new MatomoSpanExporter(options);
    for (const spans of exports) exporter.export(spans as never, () => undefined);
    await exporter.shutdown();
    return exporter.stats();
  },

  async gateway(exports, options) {
    // If it closes, it waits for further spans as long as this, and half of its time-out at most.
    const graceMillis = exports.length > 1 ? 60_000 : 20;
    const gateway = await createGateway({ listen: '127.0.0.1:0', graceMillis, ...options });
    for (const spans of exports) {
      const isJson = spans.length === 1;
      const { serializeRequest } = isJson ? JsonTraceSerializer : ProtobufTraceSerializer;
      const headers = { 'content-type': `application/${isJson ? 'json' : 'x-protobuf'}` };
      const body = serializeRequest(spans) as Uint8Array<ArrayBuffer>;
      await fetch(`${gateway.url}/v1/traces`, { method: 'POST', body, headers });
    }
    await gateway.close();
    return gateway.stats();
  },

  async processor(exports, options) {
    const processor = new MatomoSpanProcessor(options);
    const provider = new BasicTracerProvider({
      spanProcessors: [processor as never],
      resource: exports.flat()[0]?.resource as never,
    });
    startAndEnd(exports.flat(), provider);
    await provider.shutdown();
    return processor.stats();
  },
};

/** Starts each span after its parent, and ends all in the order of the list. */
function startAndEnd(spans: readonly ReadableSpan[], provider: BasicTracerProvider): void {
  const tracer = provider.getTracer('app');
  const started = new Map<string, SdkSpan>();
  function start(span: ReadableSpan): SdkSpan {
    const { spanId } = span.spanContext();
    const known = started.get(spanId);
    if (known) return known;
    const { name, kind, attributes, startTime } = span;
    const context = contextOf(span);
    const created = tracer.startSpan(name, { kind, attributes, startTime }, context) as SdkSpan;
    started.set(spanId, created);
    return created;
  }
  function contextOf({ parentSpanContext }: ReadableSpan): Context {
    if (parentSpanContext === undefined) return ROOT_CONTEXT;
    const parent = spans.find((each) => each.spanContext().spanId === parentSpanContext.spanId);
    return parentSpanContext.isRemote || !parent
      ? trace.setSpanContext(ROOT_CONTEXT, parentSpanContext)
      : trace.setSpan(ROOT_CONTEXT, start(parent));
  }
  for (const span of spans) start(span);
  for (const span of spans) {
    const created = start(span);
    created.setStatus(span.status);
    for (const { name, attributes, time } of span.events) created.addEvent(name, attributes, time);
    created.end(span.endTime);
  }
}

const NO_STATUS = 0;
const STATUS_CODES = { OK: 1, ERROR: 2 };

function toReadable(span: Span, originMillis: number, resource: Values): ReadableSpan {
  const { id, parent, kind = 'INTERNAL', name = 'span', attributes = {}, status } = span;
  const { startMillis = 0, durationMillis = 10, events = [], links = [] } = span;
  const traceId = idOf(span.trace ?? 'a', 32);
  const contextOf = (of: string) => ({ traceId, spanId: idOf(of, 16), traceFlags: 1 });
  const startTime = toTime(originMillis + startMillis);
  return {
    name,
    kind: SpanKind[kind],
    spanContext: () => contextOf(id),
    ...(parent !== undefined && {
      parentSpanContext: { ...contextOf(parent), isRemote: span.isParentRemote === true },
    }),
    startTime,
    endTime: toTime(originMillis + startMillis + durationMillis),
    duration: toTime(durationMillis),
    attributes: attributes as ReadableSpan['attributes'],
    status: { code: status === undefined ? NO_STATUS : STATUS_CODES[status] },
    events: events.map((event) => ({ time: startTime, ...event })) as ReadableSpan['events'],
    links: links.map((of) => ({ context: { ...contextOf(of), traceId: idOf('a', 32) } })),
    resource: { attributes: resource } as never,
    instrumentationScope: { name: 'app' },
    ended: true,
    droppedAttributesCount: 0,
    droppedEventsCount: 0,
    droppedLinksCount: 0,
  };
}

const idOf = (name: string, length: number) =>
  createHash('sha256').update(name).digest('hex').slice(0, length);

const toTime = (millis: number): [number, number] => [
  Math.floor(millis / 1000),
  Math.round((millis % 1000) * 1e6),
];

const nonZero = (counts: Readonly<Record<string, number>>) =>
  Object.fromEntries(Object.entries(counts).filter(([, count]) => count !== 0));
