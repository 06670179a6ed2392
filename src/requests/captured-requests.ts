import { AsyncLocalStorage } from 'node:async_hooks';
import { channel } from 'node:diagnostics_channel';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import {
  type ChannelListener,
  channelListener,
  type RequestMessage,
  requestListener,
  type StreamMessage,
  streamListener,
} from '../common/channel-listener.js';
import { activeSpan } from '../common/otel-global.js';
import type { Span } from '../common/otel-types.js';
import type { FurtherHit } from '../hit/further-hit.js';
import {
  annotationsFor,
  CAPTURED,
  type Capturable,
  type CapturedRequest,
  type CodeAnnotations,
  createCaptured,
  ownCaptured,
  type RequestStorage,
  releaseRequest,
} from './captured-request.js';
import { Connections, endSpanless, hasOtherResponse, isOpen } from './connections.js';
import { emitWith, wrapEmit } from './emit-in-context.js';
import { frameworkListeners } from './framework-listeners.js';
import { Http2Request, Http2Response } from './http2-exchange.js';
import { Http2Sessions, isRequestStream } from './http2-sessions.js';

/** A processor or exporter that accepts hits besides page views. */
export interface HitTaker {
  /** Takes a hit of the current request. A request may have a span, a request object of Node.js, both or neither. */
  takeHit(hit: FurtherHit, captured: CapturedRequest | undefined, span: Span | undefined): void;
  /** Counts a call that makes no hit, and logs why. */
  refuseHit(key: string, message: string): void;
  /** Logs that a part of a hit was left out. */
  reportHit(key: string, message: string): void;
}

/** A processor, of any copy of this package. */
export interface RequestProcessor extends HitTaker {
  /** The annotations from code of the request that a span belongs to, as long as its hit can change. */
  findAnnotations(span: Span, captured: CapturedRequest | undefined): CodeAnnotations | undefined;
  /** The connection is done with a request whose span has not ended. Never throws. */
  abandon(captured: CapturedRequest): void;
  /** A request has begun, in whose async context this is called. */
  begin(captured: CapturedRequest, message: RequestMessage): void;
  /** A stream of HTTP/2 has begun. `undefined`: it is no request, or cannot be captured. */
  beginStream(captured: CapturedRequest | undefined): void;
}

/**
 * Shared by all copies of this package in a process (both builds, several installations): `annotate` of one copy must find the request
 * that another copy captured. Its shape changes only together with the key.
 */
interface SharedRequests {
  readonly storage: RequestStorage;
  /** A new list for each change, so that it can be changed while it is read. Reading a set allocates more. */
  processors: readonly RequestProcessor[];
  /** Active exporters. If there is no processor, they get further hits as span events. */
  readonly exporters: Set<HitTaker>;
  /** By the names of their channels. */
  readonly listeners: ReadonlyMap<string, ChannelListener>;
  /** Requests whose responses have begun and are not closed. */
  readonly listOpen: () => CapturedRequest[];
}

const KEY = Symbol.for('opentelemetry-matomo.requests.1');
const REQUEST_CHANNEL = 'http.server.request.start';
const FINISH_CHANNEL = 'http.server.response.finish';
const STREAM_CHANNEL = 'http2.server.stream.created';

function sharedRequests(): SharedRequests | undefined {
  return (globalThis as Record<symbol, SharedRequests | undefined>)[KEY];
}

function createSharedRequests(): SharedRequests {
  const storage: RequestStorage = new AsyncLocalStorage();
  const connections = new Connections(storage, (captured) => {
    if (captured.response) abandon(captured);
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
    listOpen: () => [...connections.listOpen(), ...sessions.listOpen()].filter(hasBegun),
    listeners: new Map([
      [REQUEST_CHANNEL, requestListener(onRequest)],
      [FINISH_CHANNEL, channelListener(onFinish)],
      [STREAM_CHANNEL, streamListener(onStream)],
      ...frameworkListeners(storage),
    ]),
  };

  function abandon(captured: CapturedRequest): void {
    for (const processor of processors) processor.abandon(captured);
  }

  function onRequest(message: RequestMessage): void {
    const { request, response, server } = message;
    const captured = createCaptured(request, response, request.url ?? '/', server);
    (request as Capturable)[CAPTURED] = captured;
    storage.enterWith(captured);
    if (hasOtherResponse(request.socket, response)) capturePipelined(storage, message, captured);
    else {
      captured.bytesBefore = request.socket.bytesWritten;
      if (hasBody(request)) emitWith(storage, request, captured);
    }
    if (connections.watch(request.socket, captured)) detachErrors(storage, server);
    if (IS_BUN) watchOnBun(response, captured);
    for (const processor of processors) processor.begin(captured, message);
  }

  /** Another request may have ended the response. Node.js calls this before the application's listeners of `finish` and `close`. */
  function onFinish(message: object): void {
    const { request } = message as Partial<RequestMessage>;
    const captured = request && ownCaptured(request);
    if (!captured) return;
    if (storage.getStore() !== captured) storage.enterWith(captured);
    // If the connection has failed, what was not sent is known when it is closed.
    if (!request.socket.destroyed) endSpanless(captured);
  }

  function onStream(message: StreamMessage): void {
    if (ownCaptured(message.stream)) return;
    const captured = captureStream(message);
    for (const processor of processors) processor.beginStream(captured);
  }

  function captureStream(message: StreamMessage): CapturedRequest | undefined {
    if (!areStreamsCaptured() || !isRequestStream(message)) return undefined;
    const { stream, headers } = message;
    const request = new Http2Request(sessions.peerOf(stream), headers);
    const response = new Http2Response(stream);
    const { server } = stream.session as { server?: object };
    const captured = createCaptured(request, response, headers[':path'] ?? '/', server);
    Object.defineProperty(stream, CAPTURED, { value: captured });
    sessions.watch({ stream, captured, response }, () => {
      endSpanless(captured);
      abandon(captured);
      // Nothing else may read the request, as HTTP/2 has no instrumentation.
      if (captured.readers === 0) releaseRequest(captured);
    });
    return captured;
  }
}

const IS_BUN = process.versions.bun !== undefined;

/** Bun announces streams, but calls their listeners in no async context. */
export function areStreamsCaptured(): boolean {
  return !IS_BUN;
}

/** Node.js 24 and later emit what comes after the headers in no async context. */
function hasBody({ headers }: IncomingMessage): boolean {
  return headers['content-length'] !== undefined || headers['transfer-encoding'] !== undefined;
}

/** A pipelined response gets the connection when the one before it is written. */
function capturePipelined(
  storage: RequestStorage,
  { request, response }: RequestMessage,
  captured: CapturedRequest,
): void {
  emitWith(storage, request, captured);
  emitWith(storage, response, captured);
  response.once('socket', ({ bytesWritten }) => {
    captured.bytesBefore = bytesWritten;
  });
}

/** No test shows what connections report at their end on Bun, so the end of the response counts, too. */
function watchOnBun(response: ServerResponse, captured: CapturedRequest): void {
  response.once('close', () => endSpanless(captured));
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

function hasBegun({ response }: CapturedRequest): boolean {
  return isOpen(response) && response?.headersSent === true;
}

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

/** The requests whose responses have begun and are not closed. */
export function openRequests(): CapturedRequest[] {
  return sharedRequests()?.listOpen() ?? [];
}

/** Captures a request that was announced before anything subscribed. */
export function captureRequest(message: unknown): void {
  const listeners = sharedRequests()?.listeners;
  listeners?.get(REQUEST_CHANNEL)?.(message);
  listeners?.get(STREAM_CHANNEL)?.(message);
}

/** The request of the current async context. */
export function currentRequest(): CapturedRequest | undefined {
  known ??= sharedRequests();
  return known?.storage.getStore();
}

/** Never replaced once it exists. Reading a property of `globalThis` costs more than finding the request. */
let known: SharedRequests | undefined;

/** What a call of a public function is about. Both are `undefined` outside of a request. */
export interface CallTarget {
  readonly captured: CapturedRequest | undefined;
  /** Wins over `captured` if it belongs to another request. */
  readonly span: Span | undefined;
}

/** What a call is about that is made now. */
export function currentTarget(): CallTarget {
  const captured = currentRequest();
  try {
    return { captured, span: activeSpan() };
  } catch {
    return { captured, span: undefined }; // the context manager of the application failed
  }
}

/** All annotations from code of the request of a call: one for each processor that finds it by its span, else those of the captured one. */
export function annotationsOf({ captured, span }: CallTarget): CodeAnnotations[] {
  const found: CodeAnnotations[] = [];
  for (const processor of (span && sharedRequests()?.processors) ?? []) {
    const annotations = processor.findAnnotations(span as Span, captured);
    if (annotations && !found.includes(annotations)) found.push(annotations);
  }
  return found.length === 0 && captured ? [annotationsFor(captured)] : found;
}

/** Whether the hits of a captured request were built, so that its annotations are not read any more. */
export function isClosed({ records }: CapturedRequest): boolean {
  let each = records;
  while (each?.closed) each = each.next;
  return records !== undefined && each === undefined;
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
