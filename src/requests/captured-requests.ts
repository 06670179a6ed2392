import { AsyncLocalStorage } from 'node:async_hooks';
import {
  type ChannelListener,
  channelListener,
  FINISH_CHANNEL,
  isObject,
  isRequestMessage,
  isStreamMessage,
  REQUEST_CHANNEL,
  type RequestMessage,
  STREAM_CHANNEL,
  STREAM_CLOSE_CHANNEL,
  type StreamMessage,
  subscribe,
  unsubscribe,
} from '../common/channel-listener.js';
import { findShared, shared } from '../common/foreign-objects.js';
import { activeSpan } from '../common/otel-global.js';
import type { Span } from '../common/otel-types.js';
import type { FurtherHit } from '../hit/further-hit.js';
import { type Capture, ClosedRequests, Connections } from './connections.js';
import { Http2Sessions } from './http2.js';
import { requestOf } from './node-request.js';
import { addExecution } from './operations/index.js';
import { ownerOf } from './owner.js';
import type { HitReports, Request, RequestStorage } from './request.js';
import { ownedSpanOf } from './span-owner.js';
import type { RequestTracker } from './track-requests.js';

/** A processor or exporter that accepts hits besides page views. */
export interface HitTaker {
  /** Takes a hit of the current request. A request may have a span, a request object of Node.js, both or neither. */
  takeHit(hit: FurtherHit, announced: Request | undefined, span: Span | undefined): void;
  readonly reports: HitReports;
}

/** A processor, of any copy of this package. */
export interface RequestProcessor
  extends HitTaker,
    Pick<RequestTracker, 'findRequest' | 'abandon' | 'begin' | 'beginStream' | 'isRetired'> {}

/**
 * Shared by all copies of this package in a process (both builds, several installations): `annotate` of one copy must find the request
 * that another copy captured. From the first release on, its shape and that of `Request` change only together with the key.
 */
interface SharedRequests extends Capture {
  /** A new list for each change, so that it can be changed while it is read. Reading a set allocates more. */
  processors: readonly RequestProcessor[];
  /** Active exporters. If there is no processor, they get further hits as span events. */
  readonly exporters: Set<HitTaker>;
  /** By the names of their channels. */
  readonly listeners: ReadonlyMap<string, ChannelListener>;
}

const KEY = Symbol.for('opentelemetry-matomo.requests.1');

/** Never replaced once it exists. Reading a property of `globalThis` costs more than finding the request. */
let known: SharedRequests | undefined;

function sharedRequests(): SharedRequests | undefined {
  known ??= findShared(KEY);
  return known;
}

function createSharedRequests(): SharedRequests {
  const storage: RequestStorage = new AsyncLocalStorage();
  const closed = new ClosedRequests((announced) => {
    for (const processor of processors) processor.abandon(announced);
  });
  const capture: Capture = { storage, connections: new Set(), closed };
  const connections = new Connections(capture);
  const sessions = new Http2Sessions(capture);
  // Not read from the shared object: Jest warns of that when a connection outlives a file of tests.
  let processors: readonly RequestProcessor[] = [];
  return {
    ...capture,
    get processors() {
      return processors;
    },
    set processors(list) {
      processors = list;
    },
    exporters: new Set(),
    listeners: new Map([
      [REQUEST_CHANNEL, channelListener(isRequestMessage, onRequest)],
      [FINISH_CHANNEL, channelListener(isObject, (message) => connections.finish(message))],
      [STREAM_CHANNEL, channelListener(isStreamMessage, onStream)],
      [STREAM_CLOSE_CHANNEL, channelListener(isObject, (message) => sessions.close(message))],
      ...announcementListeners(storage),
    ]),
  };

  function onRequest(message: RequestMessage): void {
    const announced = connections.add(message);
    for (const processor of processors) processor.begin(announced, message);
  }

  function onStream(message: StreamMessage): void {
    if (ownerOf(message.stream)) return;
    const announced = sessions.add(message);
    for (const processor of processors) processor.beginStream(announced);
  }
}

/** Captures every request to Node's `http`, `https` and `http2` servers until the returned function is called. */
export function captureRequests(processor: RequestProcessor): () => void {
  const requests = shared(KEY, createSharedRequests);
  if (requests.processors.length === 0) subscribe(requests.listeners);
  requests.processors = [...requests.processors.filter((each) => !each.isRetired), processor];
  return function release() {
    requests.processors = requests.processors.filter((each) => each !== processor);
    if (requests.processors.length === 0) unsubscribe(requests.listeners);
  };
}

/** Registers an active exporter until the returned function is called. */
export function announceExporter(exporter: HitTaker): () => void {
  const { exporters } = shared(KEY, createSharedRequests);
  exporters.add(exporter);
  return () => exporters.delete(exporter);
}

/** The requests whose responses are not closed. */
export function openRequests(): Request[] {
  const { connections = [] } = sharedRequests() ?? {};
  const requests = [...connections].flatMap((each) => [...(each.deref() ?? [])]);
  return requests.filter(({ closedMillis }) => closedMillis === 0);
}

/** Ends the requests whose responses are closed, and returns those whose SERVER spans are waited for. */
export function endClosedRequests(): Request[] {
  const { closed } = sharedRequests() ?? {};
  closed?.end();
  return closed?.list() ?? [];
}

/** Captures a request that was announced before anything subscribed. */
export function captureRequest(message: unknown): void {
  const listeners = sharedRequests()?.listeners;
  listeners?.get(REQUEST_CHANNEL)?.(message);
  listeners?.get(STREAM_CHANNEL)?.(message);
}

/** The request of the current async context. */
export function currentRequest(): Request | undefined {
  return sharedRequests()?.storage.getStore();
}

/**
 * What a call of a public function is about. Both are `undefined` outside of a request. `ofCall` of request-of-span.ts has the rule which
 * request that is.
 */
export interface CallTarget {
  readonly announced: Request | undefined;
  /** The active span. */
  readonly span: Span | undefined;
}

/** What a call is about that is made now. A span of another request that was active when the response was closed says nothing. */
export function currentTarget(): CallTarget {
  const announced = currentRequest();
  const span = activeSpan(ownedSpanOf);
  const isOfAnother = span !== undefined && span.spanContext().spanId === announced?.closedBySpan;
  return { announced, span: isOfAnother ? undefined : span };
}

/**
 * The requests that a call annotates: one for each processor that finds it by its span, else the announced one, unless the span
 * has another one, or a processor tracks the announced one and knows that the span is none of it.
 */
export function requestsOf({ announced, span }: CallTarget): Request[] {
  const found: Request[] = [];
  for (const processor of (span && sharedRequests()?.processors) ?? []) {
    const request = processor.findRequest(span as Span, announced);
    if (request && !found.includes(request)) found.push(request);
  }
  const owner = ownerOf(span);
  const isOfAnother = owner
    ? owner !== announced
    : span !== undefined && announced?.finder !== undefined;
  return found.length === 0 && announced && !isOfAnother ? [announced] : found;
}

/** Everything that makes hits in this process: the processors or, if there are none, the exporters. */
export function hitTakers(): {
  readonly takers: Iterable<HitTaker>;
  /** Whether they read hits from events of the active span, if it is recorded. */
  readonly readEvents: boolean;
} {
  const { processors, exporters } = sharedRequests() ?? {};
  const readEvents = !processors?.length && exporters !== undefined && exporters.size > 0;
  return { takers: (readEvents ? exporters : processors) ?? [], readEvents };
}

/** Where the messages of frameworks have Node's request and its route, by the names of their channels. */
const ANNOUNCED_ROUTES: Readonly<Record<string, readonly [request: string, route: string]>> = {
  // AdonisJS 7: each request that it has handled.
  'tracing:adonisjs.http.request:asyncEnd': ['ctx.request.request', 'ctx.route.pattern'],
  // Fastify 5: each request that it has routed.
  'tracing:fastify.request.handler:start': ['request.raw', 'route.url'],
  // h3 2: each handler that it runs, if its tracing plugin is registered.
  'tracing:h3.request:start': ['event.runtime.node.req', 'event.context.matchedRoute.route'],
};

/** Where graphql 17 publishes the execution of each operation. */
const EXECUTIONS = ['start', 'end', 'asyncEnd', 'error'];

/** Listeners for what frameworks announce of the current request, with the names of their channels. */
function announcementListeners(storage: RequestStorage): [string, ChannelListener][] {
  function listenTo(
    name: string,
    add: (announced: Request, message: object) => void,
  ): [string, ChannelListener] {
    const listener = channelListener(isObject, (message) => {
      const announced = storage.getStore();
      if (announced?.incoming) add(announced, message);
    });
    return [name, listener];
  }
  return [
    ...Object.entries(ANNOUNCED_ROUTES).map(([name, [toRequest, toRoute]]) =>
      listenTo(name, routeReader(toRequest.split('.'), toRoute.split('.'))),
    ),
    ...EXECUTIONS.map((event) => listenTo(`tracing:graphql:execute:${event}`, addExecution)),
  ];
}

/** A route template counts if it is announced for Node's request of the current async context. */
function routeReader(toRequest: readonly string[], toRoute: readonly string[]) {
  return function addRoute(announced: Request, message: object): void {
    const incoming = valueAt(message, toRequest);
    const route = valueAt(message, toRoute);
    const isIts = isObject(incoming) && requestOf(incoming) === announced;
    if (isIts && typeof route === 'string') announced.route = route;
  };
}

function valueAt(message: object, path: readonly string[]): unknown {
  let value: unknown = message;
  for (const name of path) value = (value as Record<string, unknown> | null | undefined)?.[name];
  return value;
}
