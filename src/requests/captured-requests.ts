import { AsyncLocalStorage } from 'node:async_hooks';
import { channel } from 'node:diagnostics_channel';
import type { Server } from 'node:http';
import {
  type ChannelListener,
  channelListener,
  isObject,
  isRequestMessage,
  isStreamMessage,
  type RequestMessage,
  type StreamMessage,
} from '../common/channel-listener.js';
import { activeSpan } from '../common/otel-global.js';
import type { Span } from '../common/otel-types.js';
import type { FurtherHit } from '../hit/further-hit.js';
import { Connections, closeRequest, isOpen, wrapEmit } from './connections.js';
import { Http2Request, Http2Response, Http2Sessions, isRequestStream } from './http2.js';
import { ownRequest, REQUEST, requestOf } from './node-request.js';
import { readExecution } from './operations/index.js';
import { type Additions, type HitReports, Request, type RequestStorage } from './request.js';

/** A processor or exporter that accepts hits besides page views. */
export interface HitTaker {
  /** Takes a hit of the current request. A request may have a span, a request object of Node.js, both or neither. */
  takeHit(hit: FurtherHit, announced: Request | undefined, span: Span | undefined): void;
  readonly reports: HitReports;
}

/** A processor, of any copy of this package. */
export interface RequestProcessor extends HitTaker {
  /** The annotations from code of the request that a span belongs to, as long as its hit can change. */
  findAnnotations(span: Span, announced: Request | undefined): Additions | undefined;
  /** The connection is done with a request whose span has not ended. Never throws. */
  abandon(announced: Request): void;
  /** A request has begun, in whose async context this is called. */
  begin(announced: Request, message: RequestMessage): void;
  /** A stream of HTTP/2 has begun. `undefined`: it is no request, or cannot be captured. */
  beginStream(announced: Request | undefined): void;
}

/**
 * Shared by all copies of this package in a process (both builds, several installations): `annotate` of one copy must find the request
 * that another copy captured. Its shape and that of `Request` change only together with the key.
 */
interface SharedRequests {
  readonly storage: RequestStorage;
  /** A new list for each change, so that it can be changed while it is read. Reading a set allocates more. */
  processors: readonly RequestProcessor[];
  /** Active exporters. If there is no processor, they get further hits as span events. */
  readonly exporters: Set<HitTaker>;
  /** By the names of their channels. */
  readonly listeners: ReadonlyMap<string, ChannelListener>;
  /** Requests whose responses are not closed. */
  readonly listOpen: () => Request[];
}

const KEY = Symbol.for('opentelemetry-matomo.requests.1');
const REQUEST_CHANNEL = 'http.server.request.start';
const FINISH_CHANNEL = 'http.server.response.finish';
const STREAM_CHANNEL = 'http2.server.stream.created';

/** Never replaced once it exists. Reading a property of `globalThis` costs more than finding the request. */
let known: SharedRequests | undefined;

function sharedRequests(): SharedRequests | undefined {
  known ??= (globalThis as Record<symbol, SharedRequests | undefined>)[KEY];
  return known;
}

function createSharedRequests(): SharedRequests {
  const storage: RequestStorage = new AsyncLocalStorage();
  const connections = new Connections(storage, (announced) => {
    if (announced.response || announced.next) abandon(announced);
  });
  const sessions = new Http2Sessions(storage);
  // Not read from the shared object: Jest warns of that when a connection outlives a file of tests.
  let processors: readonly RequestProcessor[] = [];
  return {
    storage,
    get processors() {
      return processors;
    },
    set processors(list) {
      processors = list;
    },
    exporters: new Set(),
    listOpen: () => [...connections.listOpen(), ...sessions.listOpen()].filter(isOpen),
    listeners: new Map([
      [REQUEST_CHANNEL, channelListener(isRequestMessage, onRequest)],
      [FINISH_CHANNEL, channelListener(isObject, onFinish)],
      [STREAM_CHANNEL, channelListener(isStreamMessage, onStream)],
      ...announcementListeners(storage),
    ]),
  };

  function abandon(announced: Request): void {
    for (const processor of processors) processor.abandon(announced);
  }

  function onRequest(message: RequestMessage): void {
    const { request, response, server } = message;
    const announced = Request.announced(request, response, request.url ?? '/', server);
    (request as { [REQUEST]?: Request })[REQUEST] = announced;
    storage.enterWith(announced);
    if (connections.add(message, announced)) detachErrors(storage, server);
    // No test shows what connections report at their end on Bun, so the end of the response counts, too.
    if (IS_BUN) response.once('close', () => closeRequest(announced));
    for (const processor of processors) processor.begin(announced, message);
  }

  /** Another request may have ended the response. Node.js calls this before the application's listeners of `finish` and `close`. */
  function onFinish(message: object): void {
    const { request } = message as Partial<RequestMessage>;
    const announced = request && ownRequest(request);
    if (!announced) return;
    if (storage.getStore() !== announced) storage.enterWith(announced);
    // If the connection has failed, what was not sent is known when it is closed.
    if (!request.socket.destroyed) closeRequest(announced);
  }

  function onStream(message: StreamMessage): void {
    if (ownRequest(message.stream)) return;
    const announced = captureStream(message);
    for (const processor of processors) processor.beginStream(announced);
  }

  function captureStream(message: StreamMessage): Request | undefined {
    if (!areStreamsCaptured() || !isRequestStream(message)) return undefined;
    const { stream, headers } = message;
    const request = new Http2Request(sessions.peerOf(stream), headers);
    const { server } = stream.session as { server?: object };
    const path = headers[':path'] ?? '/';
    const announced = Request.announced(request, new Http2Response(stream), path, server);
    Object.defineProperty(stream, REQUEST, { value: announced });
    sessions.watch(stream, announced, () => {
      closeRequest(announced);
      abandon(announced);
      // Nothing else will end the request, as HTTP/2 has no instrumentation. If a processor has used it, its hits read it.
      if (!announced.isTraced && !announced.index) announced.release();
    });
    return announced;
  }
}

const IS_BUN = process.versions.bun !== undefined;

/** Bun announces streams, but calls their listeners in no async context. */
export function areStreamsCaptured(): boolean {
  return !IS_BUN;
}

/**
 * What a client sends that is no request belongs to no request. Node.js 20 and 22 parse it in the async context of the previous one,
 * which may be another person's: proxies share connections. A listener would turn off Node's own answer.
 */
function detachErrors(storage: RequestStorage, server: Server): void {
  if (detached.has(server)) return;
  detached.add(server);
  if (typeof server.emit !== 'function') return; // not Node's
  wrapEmit(server, (emit, self, event) =>
    event[0] === 'clientError'
      ? storage.run(undefined, Reflect.apply, emit, self, event)
      : Reflect.apply(emit, self, event),
  );
}

const detached = new WeakSet<Server>();

function shareRequests(): SharedRequests {
  const shared = sharedRequests() ?? createSharedRequests();
  (globalThis as Record<symbol, SharedRequests | undefined>)[KEY] = shared;
  return shared;
}

/** Captures every request to Node's `http`, `https` and `http2` servers until the returned function is called. */
export function captureRequests(processor: RequestProcessor): () => void {
  const shared = shareRequests();
  if (shared.processors.length === 0) {
    for (const [name, listener] of shared.listeners) channel(name).subscribe(listener);
  }
  shared.processors = [...shared.processors, processor];
  return function release() {
    if (!shared.processors.includes(processor)) return;
    shared.processors = shared.processors.filter((each) => each !== processor);
    if (shared.processors.length > 0) return;
    for (const [name, listener] of shared.listeners) channel(name).unsubscribe(listener);
  };
}

/** Registers an active exporter until the returned function is called. */
export function announceExporter(exporter: HitTaker): () => void {
  const { exporters } = shareRequests();
  exporters.add(exporter);
  return () => exporters.delete(exporter);
}

/** The requests whose responses are not closed. */
export function openRequests(): Request[] {
  return sharedRequests()?.listOpen() ?? [];
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

/** What a call of a public function is about. Both are `undefined` outside of a request. */
export interface CallTarget {
  readonly announced: Request | undefined;
  /** Wins over `announced` if it belongs to another request. */
  readonly span: Span | undefined;
}

/** What a call is about that is made now. */
export function currentTarget(): CallTarget {
  const announced = currentRequest();
  try {
    return { announced, span: activeSpan() };
  } catch {
    return { announced, span: undefined }; // the context manager of the application failed
  }
}

/** All annotations from code of the request of a call: one for each processor that finds it by its span, else those of the announced one. */
export function annotationsOf({ announced, span }: CallTarget): Additions[] {
  const found: Additions[] = [];
  for (const processor of (span && sharedRequests()?.processors) ?? []) {
    const annotations = processor.findAnnotations(span as Span, announced);
    if (annotations && !found.includes(annotations)) found.push(annotations);
  }
  return found.length === 0 && announced ? [announced.ensureAdditions()] : found;
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

/** Adds what a message of a framework says of the current request. */
type Announcement = (announced: Request, message: object) => void;

/** What frameworks publish of each request, by the names of their channels. */
const ANNOUNCEMENTS: Readonly<Record<string, Announcement>> = {
  // AdonisJS 7: each request that it has handled.
  'tracing:adonisjs.http.request:asyncEnd'(announced, message) {
    const { ctx } = message as {
      ctx?: { request?: { request?: unknown }; route?: { pattern?: unknown } };
    };
    addRoute(announced, ctx?.request?.request, ctx?.route?.pattern);
  },
  // Fastify 5: each request that it has routed.
  'tracing:fastify.request.handler:start'(announced, message) {
    const { request, route } = message as { request?: { raw?: object }; route?: { url?: unknown } };
    addRoute(announced, request?.raw, route?.url);
  },
  // h3 2: each handler that it runs, if its tracing plugin is registered.
  'tracing:h3.request:start'(announced, message) {
    const { event } = message as {
      event?: {
        context?: { matchedRoute?: { route?: unknown } };
        runtime?: { node?: { req?: unknown } };
      };
    };
    addRoute(announced, event?.runtime?.node?.req, event?.context?.matchedRoute?.route);
  },
  // graphql 17: the execution of each operation.
  'tracing:graphql:execute:start': addExecution,
  'tracing:graphql:execute:end': addExecution,
  'tracing:graphql:execute:asyncEnd': addExecution,
  'tracing:graphql:execute:error': addExecution,
};

/** Listeners for what frameworks announce, with the names of their channels. */
function announcementListeners(storage: RequestStorage): [string, ChannelListener][] {
  return Object.entries(ANNOUNCEMENTS).map(([name, add]) => [
    name,
    channelListener(isObject, (message) => {
      const announced = storage.getStore();
      if (announced?.incoming) add(announced, message);
    }),
  ]);
}

/** A route template counts if it is announced for Node's request of the current async context. */
function addRoute(announced: Request, request: unknown, route: unknown): void {
  const isIts =
    request === announced.incoming || (isObject(request) && requestOf(request) === announced);
  if (isIts && typeof route === 'string') announced.route = route;
}

/** Stores the name of an operation and, at its end, the class of its first error. */
function addExecution(announced: Request, message: object): void {
  const { name, errorType } = readExecution(message);
  if (name !== undefined) announced.ensureAdditions().operation ??= { kind: 'graphql', name };
  if (errorType !== undefined) announced.failOperation(errorType);
}
