import { vi } from 'vitest';
import type { Diagnostics } from '../../../src/common/diagnostics.js';
import { LogLines } from '../../../src/common/log-lines.js';
import { splitCode } from '../../../src/common/messages.js';
import type { Attributes } from '../../../src/common/otel-types.js';
import type { AdditionalHit } from '../../../src/hit/additional-hit.js';
import { addTiming } from '../../../src/hit/http-request.js';
import type { MatomoOptions } from '../../../src/options.js';
import type { FinishedSpan } from '../../../src/request/finished-span.js';
import { createRequestFunctions } from '../../../src/request/functions.js';
import { hitsOfEvents } from '../../../src/request/matomo-attributes.js';
import { Request } from '../../../src/request/request.js';
import { addFacts } from '../../../src/spans/facts.js';
import { createPipeline, type Pipeline } from '../../../src/tracker/pipeline.js';

export { IGNORE_REASONS } from '../../../src/tracker/reasons.js';
export type { MatomoOptions };

type Values = Readonly<Record<string, string | number | boolean | readonly string[]>>;

/** What a span below a request says about it. */
interface Below {
  readonly name?: string;
  readonly attributes?: Values;
  readonly durationMillis?: number;
  /** Class of an exception. */
  readonly exception?: string;
}

/** A call of the application for a request: a function of the package and its arguments. `timing` is a `measure` of so many milliseconds. */
type Call = readonly [
  name: 'annotate' | 'ignore' | 'timing' | 'trackEvent' | 'trackGoal' | 'trackOrder' | 'trackHit',
  ...args: readonly unknown[],
];

/** What is known of a request. What is left out is as in the base hit. */
export interface Facts {
  readonly method?: string;
  readonly path?: string;
  readonly query?: string;
  /** What the framework reports. */
  readonly route?: string;
  /** Scheme of the listener. */
  readonly scheme?: 'http' | 'https';
  readonly status?: number;
  /** The status with which the response began. @default `status` */
  readonly sentStatus?: number;
  readonly aborted?: boolean;
  /** Of the request, by lower-case names. `undefined` removes one of the base request. */
  readonly headers?: Readonly<Record<string, string | undefined>>;
  readonly responseHeaders?: Readonly<Record<string, string>>;
  /** Of the response as it was sent. */
  readonly bodyBytes?: number | undefined;
  /** Address of the peer of the connection. */
  readonly peer?: string | undefined;
  readonly startMillis?: number;
  readonly durationMillis?: number;
  readonly nowMillis?: number;
  readonly spanName?: string;
  /** Attributes of the SERVER span besides those of the request. */
  readonly attributes?: Values;
  /** Class of an exception of the SERVER span. */
  readonly exception?: string;
  /** Attributes of the resource. */
  readonly service?: Values;
  /** In the order in which they end. */
  readonly below?: readonly Below[];
  /** Parameters of hits in events of the SERVER span. */
  readonly events?: readonly Values[];
  readonly calls?: readonly Call[];
  /** After the end of the request. */
  readonly callsAfter?: readonly Call[];
  /** When the application makes its calls. @default `nowMillis` */
  readonly callMillis?: number;
  /** There is no request: the calls are of a job. */
  readonly isOutside?: boolean;
  /** The response is still open when the hits of its calls are made. */
  readonly isOpen?: boolean;
}

interface BuiltHit {
  readonly kind: 'action' | 'chatbot';
  readonly site: number;
  /** Who must have the hits in order: the user ID or the visitor ID. */
  readonly visitor: string;
  /** Whose hits are refused together: never sent. */
  readonly client: string;
  readonly parameters: Readonly<Record<string, string>>;
  /** As it is sent. */
  readonly text: string;
}

export interface Built {
  readonly hits: readonly BuiltHit[];
  /** Why the request has no page view. */
  readonly ignored: string | undefined;
  /** Why additional hits were dropped, with counts. */
  readonly dropped: Readonly<Record<string, number>>;
  /** What `stats()` counts as made: all hits, and the part that is additional or of AI chatbots. */
  readonly counts: {
    readonly hits: number;
    readonly additional: number;
    readonly chatbots: number;
  };
  /** Codes of what was logged, each once, sorted. */
  readonly problems: readonly string[];
}

/** A Friday noon in UTC. */
export const NOON = Date.UTC(2026, 10, 20, 12);

const HEADERS = {
  host: 'shop.example.org',
  'user-agent': 'curl/8.5.0',
  'accept-language': 'sv-SE',
};

/** Headers that an instrumentation captures unless the options say otherwise. */
const CAPTURED = ['dnt', 'sec-gpc', 'cookie', 'x-consent'];

/** The hits of one request. */
export function build(facts: Facts = {}, options: MatomoOptions = {}): Built {
  const builder = openBuilder(options);
  const built = builder.build(facts);
  builder.close();
  return built;
}

/** Makes the hits of one request after another with the same options, which has learned from those before. */
export function openBuilder(options: MatomoOptions = {}): {
  build(facts: Facts): Built;
  close(): void;
} {
  let codes = new Set<string>();
  const diagnostics = diagnosticsTo((message) => codes.add(splitCode(message).code ?? message));
  const given = {
    url: 'https://matomo.test/matomo.php',
    siteId: 1,
    visitorKey: 'a-key-of-the-contract-tests',
    capturedHeaders: CAPTURED,
    ...options,
  };
  const pipeline = createPipeline(given, diagnostics, { component: 'contract' });
  if (!pipeline) throw new Error('the options do not track anything');
  const { reading } = pipeline;
  const queue = takeFrom(pipeline);

  return {
    build(facts) {
      codes = new Set();
      const before = pipeline.stats();
      const { nowMillis = NOON + 1000, callMillis = nowMillis, isOpen, isOutside } = facts;
      vi.setSystemTime(nowMillis);
      const span = spanOf(facts);
      const request = Request.ofSpan(span);
      withFunctions(pipeline, isOutside ? undefined : request, callMillis, (call) => {
        facts.calls?.forEach(call);
        if (isOpen || isOutside) return;
        for (const below of facts.below ?? []) addFacts(request, childOf(below), reading);
        addFacts(request, span, reading);
        for (const hit of hitsOfEvents(span)) pipeline.addHit(hit, request);
        pipeline.end(request);
        facts.callsAfter?.forEach(call);
      });
      void pipeline.flush();
      vi.useRealTimers();
      const hits = queue.splice(0);
      const after = pipeline.stats();
      return {
        hits: hits.map(({ kind, site, client, visitor, query }) => ({
          kind: kind as BuiltHit['kind'],
          site,
          client,
          visitor,
          parameters: parametersOf(query),
          text: query,
        })),
        ignored: Object.keys(difference(before.ignored, after.ignored))[0],
        dropped: difference(before.dropped, after.dropped),
        counts: {
          hits: after.hits - before.hits,
          additional: after.additionalHits - before.additionalHits,
          chatbots: after.aiChatbots - before.aiChatbots,
        },
        problems: [...codes].sort(),
      };
    },
    close: () => void pipeline.shutdown(0),
  };
}

type Hit = Parameters<Pipeline['delivery']['put']>[0];

/** The hits that a pipeline gives to its delivery, which does not get them. */
function takeFrom({ delivery }: Pipeline): Hit[] {
  const queue: Hit[] = [];
  Object.assign(delivery, {
    put: (hit: Hit) => queue.push(hit) > 0,
    flush: async () => undefined,
  });
  return queue;
}

/** Calls what `run` passes as the application does, for one request at a time. */
function withFunctions(
  pipeline: Pipeline,
  request: Request | undefined,
  atMillis: number,
  run: (call: (call: Call) => void) => void,
): void {
  const calls = {
    addHit: (hit: AdditionalHit) => pipeline.addHit({ ...hit, epochMillis: atMillis }, request),
    refuseHit: (key: string, message: string) => pipeline.refuseHit(key, message),
    reportHit: (key: string, message: string) => pipeline.reportHit(key, message),
  };
  const functions = createRequestFunctions(calls, () => request);
  run(([name, ...args]) => {
    if (name === 'timing')
      addTiming((request as Request).ensureAdditions(), ...(args as ['pf_dm1', number]));
    else (functions[name] as (...args: readonly unknown[]) => void)(...args);
  });
}

function spanOf(facts: Facts): FinishedSpan {
  const { method = 'GET', path = '/users/42', query, route = '/users/:id', status = 200 } = facts;
  const { scheme, bodyBytes, peer = '192.0.2.10', attributes, service, events = [] } = facts;
  const all = {
    'http.request.method': method,
    'url.path': path,
    'url.query': query,
    'url.scheme': scheme,
    'http.route': route === '' ? undefined : route,
    'http.response.status_code': status,
    'http.response.body.size': bodyBytes,
    'network.peer.address': peer === '' ? undefined : peer,
    ...headersOf('request', { ...HEADERS, ...facts.headers }),
    ...headersOf('response', facts.responseHeaders),
    ...attributes,
  };
  return {
    ...childOf({ name: facts.spanName ?? method, attributes: withoutMissing(all) }),
    kind: 1,
    startTime: toTime(facts.startMillis ?? NOON),
    duration: toTime(facts.durationMillis ?? 12.4),
    ...(service && { resource: { attributes: service as Attributes } }),
    events: [
      ...exceptionOf(facts.exception),
      ...events.map((parameters) => ({
        name: 'matomo.hit',
        attributes: Object.fromEntries(
          Object.entries(parameters).map(([name, value]) => [`matomo.${name}`, value]),
        ) as Attributes,
        time: toTime(NOON),
      })),
    ],
  };
}

function childOf({ name = '', attributes = {}, durationMillis = 1, exception }: Below) {
  return {
    name,
    kind: 0,
    startTime: toTime(NOON),
    duration: toTime(durationMillis),
    attributes: attributes as Attributes,
    status: { code: exception === undefined ? 0 : 2 },
    events: exceptionOf(exception),
    spanContext: () => ({ traceId: '1'.repeat(32), spanId: '2'.repeat(16), traceFlags: 1 }),
  };
}

function exceptionOf(type: string | undefined) {
  return type === undefined
    ? []
    : [{ name: 'exception', attributes: { 'exception.type': type } as Attributes }];
}

function headersOf(
  direction: 'request' | 'response',
  headers: Readonly<Record<string, string | undefined>> = {},
): Record<string, readonly string[] | undefined> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [
      `http.${direction}.header.${name}`,
      value === undefined ? undefined : [value],
    ]),
  );
}

function withoutMissing(values: Readonly<Record<string, unknown>>): Values {
  return Object.fromEntries(
    Object.entries(values).filter(([, value]) => value !== undefined),
  ) as Values;
}

function toTime(millis: number): [number, number] {
  const seconds = Math.floor(millis / 1000);
  return [seconds, Math.round((millis - seconds * 1000) * 1e6)];
}

function parametersOf(text: string): Record<string, string> {
  const parameters: Record<string, string> = {};
  for (const [name, value] of new URLSearchParams(text)) {
    if (name in parameters) throw new Error(`"${name}" is in the text of a hit twice`);
    parameters[name] = value;
  }
  return parameters;
}

/** What was counted since. */
function difference(
  before: Readonly<Record<string, number>>,
  after: Readonly<Record<string, number>>,
): Record<string, number> {
  const changed = Object.entries(after).map(([name, count]) => [name, count - (before[name] ?? 0)]);
  return Object.fromEntries(changed.filter(([, count]) => count !== 0));
}

function diagnosticsTo(say: (message: string) => void): Diagnostics {
  return {
    warn: say,
    error: say,
    print: say,
    lines: new LogLines(say),
    warnOnce: (_key, message) => say(typeof message === 'string' ? message : message()),
  };
}
