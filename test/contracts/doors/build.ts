import { vi } from 'vitest';
import { splitCode } from '../../../src/common/messages.js';
import type { Attributes } from '../../../src/common/otel-types.js';
import type { AdditionalHit } from '../../../src/hit/additional-hit.js';
import type { Hit } from '../../../src/hit/hit-text.js';
import { addTiming } from '../../../src/hit/http-request.js';
import type { MatomoOptions } from '../../../src/options.js';
import type { FinishedSpan } from '../../../src/request/finished-span.js';
import { createRequestFunctions } from '../../../src/request/functions.js';
import { hitsOfEvents } from '../../../src/request/matomo-attributes.js';
import { Request } from '../../../src/request/request.js';
import { addFacts } from '../../../src/spans/facts.js';
import { createPipeline, type Pipeline } from '../../../src/tracker/pipeline.js';
import { collectDiagnostics } from '../../support/diagnostics.js';

export { IGNORE_REASONS } from '../../../src/tracker/reasons.js';
export type { MatomoOptions };

type Values = Readonly<Record<string, string | number | boolean | readonly string[]>>;

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
  readonly scheme?: 'http' | 'https';
  readonly status?: number;
  /** Of the request, by lower-case names. `undefined` removes one of the base request. */
  readonly headers?: Readonly<Record<string, string | undefined>>;
  readonly responseHeaders?: Readonly<Record<string, string>>;
  readonly bodyBytes?: number | undefined;
  readonly peer?: string | undefined;
  readonly startMillis?: number;
  readonly durationMillis?: number;
  readonly nowMillis?: number;
  readonly spanName?: string;
  readonly attributes?: Values;
  /** Class of an exception of the SERVER span. */
  readonly exception?: string;
  readonly service?: Values;
  /** In the order in which they end. */
  readonly below?: readonly Below[];
  /** Attributes of events `matomo.hit` of the SERVER span. */
  readonly events?: readonly Values[];
  readonly calls?: readonly Call[];
  readonly callsAfter?: readonly Call[];
  /** When the application makes its calls. @default `nowMillis` */
  readonly callMillis?: number;
  /** There is no request: the calls are of a job. */
  readonly isOutside?: boolean;
  /** The response is still open when the hits of its calls are made. */
  readonly isOpen?: boolean;
}

export type Built = ReturnType<ReturnType<typeof openBuilder>['build']>;

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
export function openBuilder(options: MatomoOptions = {}) {
  const { diagnostics, logged } = collectDiagnostics();
  const given = {
    url: 'https://matomo.test/matomo.php',
    siteId: 1,
    visitorKey: 'a-key-of-the-contract-tests',
    capturedHeaders: CAPTURED,
    ...options,
  };
  const pipeline = createPipeline(given, diagnostics, { component: 'contract' });
  if (!pipeline) throw new Error('the options do not track anything');
  const queue: Hit[] = [];
  // Delivery does not get them.
  Object.assign(pipeline.delivery, {
    put: (hit: Hit) => queue.push(hit) > 0,
    flush: async () => undefined,
  });

  return {
    build(facts: Facts) {
      logged.length = 0;
      const before = pipeline.stats();
      vi.setSystemTime(facts.nowMillis ?? NOON + 1000);
      track(pipeline, facts);
      void pipeline.flush();
      vi.useRealTimers();
      const after = pipeline.stats();
      return {
        hits: queue.splice(0).map(({ kind, site, client, visitor, query }) => ({
          ...{ kind, site, client, visitor },
          parameters: parametersOf(query),
          /** As it is sent. */
          text: query,
        })),
        /** Why the request has no page view. */
        ignored: Object.keys(difference(before.ignored, after.ignored))[0],
        /** Why additional hits were dropped, with counts. */
        dropped: difference(before.dropped, after.dropped),
        /** What `stats()` counts as made: all hits, and the part that is additional or of AI chatbots. */
        counts: {
          hits: after.hits - before.hits,
          additional: after.additionalHits - before.additionalHits,
          chatbots: after.aiChatbots - before.aiChatbots,
        },
        /** Codes of what was logged, each once, sorted. */
        problems: [...new Set(logged.map((line) => splitCode(line).code ?? line))].sort(),
      };
    },
    close: () => void pipeline.shutdown(0),
  };
}

/** What a request and its application do. */
function track(pipeline: Pipeline, facts: Facts): void {
  const { nowMillis = NOON + 1000, callMillis = nowMillis, isOpen, isOutside } = facts;
  const { reading } = pipeline;
  const span = spanOf(facts);
  const request = Request.ofSpan(span);
  const call = createCall(pipeline, isOutside ? undefined : request, callMillis);
  facts.calls?.forEach(call);
  if (isOpen || isOutside) return;
  for (const below of facts.below ?? []) addFacts(request, childOf(below), reading);
  addFacts(request, span, reading);
  for (const hit of hitsOfEvents(span)) pipeline.addHit(hit, request);
  pipeline.end(request);
  facts.callsAfter?.forEach(call);
}

/** Returns what calls a function as the application of a request does. */
function createCall(pipeline: Pipeline, request: Request | undefined, epochMillis: number) {
  const calls = {
    addHit: (hit: AdditionalHit) => pipeline.addHit({ ...hit, epochMillis }, request),
    refuseHit: (key: string, message: string) => pipeline.refuseHit(key, message),
    reportHit: (key: string, message: string) => pipeline.reportHit(key, message),
  };
  const functions = createRequestFunctions(calls, () => request);
  return ([name, ...args]: Call) => {
    if (name === 'timing')
      addTiming((request as Request).ensureAdditions(), ...(args as ['pf_dm1', number]));
    else (functions[name] as (...args: readonly unknown[]) => void)(...args);
  };
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
  const present = Object.entries(all).filter(([, value]) => value !== undefined);
  return {
    ...childOf({
      name: facts.spanName ?? method,
      attributes: Object.fromEntries(present) as Values,
    }),
    kind: 1,
    startTime: toTime(facts.startMillis ?? NOON),
    duration: toTime(facts.durationMillis ?? 12.4),
    ...(service && { resource: { attributes: service as Attributes } }),
    events: [
      ...exceptionOf(facts.exception),
      ...events.map((attributes) => ({
        name: 'matomo.hit',
        attributes: attributes as Attributes,
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
  const attributes = { 'exception.type': type } as Attributes;
  return type === undefined ? [] : [{ name: 'exception', attributes }];
}

function headersOf(direction: 'request' | 'response', headers: Facts['headers'] = {}) {
  const attributes = Object.entries(headers).map(([name, value]) => [
    `http.${direction}.header.${name}`,
    value === undefined ? undefined : [value],
  ]);
  return Object.fromEntries(attributes) as Record<string, readonly string[] | undefined>;
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
