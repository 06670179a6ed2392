import { AsyncLocalStorage } from 'node:async_hooks';
import { channel } from 'node:diagnostics_channel';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Span } from '@opentelemetry/api';
import { Annotations } from '../hit/http-request.js';
import { splitTarget, type Target } from './finished-span.js';

/** What `track`, `measure` and `ignore` said of one request. */
export class Notes extends Annotations {
  /** Timings that have begun and not ended. */
  running = 0;
}

/** What may have been noted of a request: most have no notes, and then nothing is made for them. */
export interface Notable {
  notes: Notes | undefined;
}

/** The notes of a request, to write to. */
export function notesFor(request: Notable): Notes {
  request.notes ??= new Notes();
  return request.notes;
}

/** A request as Node announced it, before any span of it. */
export interface CapturedRequest extends Notable {
  /** Both until every processor has read them: the asynchronous context lives on, and would hold large objects. */
  request: IncomingMessage | undefined;
  response: ServerResponse | undefined;
  /** Processors that have not read them yet. */
  readers: number;
  /** Read at once: Express rewrites `request.url` while it routes. */
  readonly target: Target;
  /** The one span that this request belongs to, once it has started. */
  span: Span | undefined;
  /** Route template that the framework announced. */
  route: string | undefined;
  /** Came to a server that is branded so: it makes no hit and is not counted. */
  readonly untracked: boolean;
}

/** Brands a server of our own whose requests are nobody's visits, such as the stand-in for Matomo. */
export const UNTRACKED_SERVER: symbol = Symbol.for('opentelemetry-matomo.untracked');

/** Finds the notes of the request that a span belongs to. */
export type FindNotes = (span: Span) => Notes | undefined;

/**
 * One per process, also where both builds or two versions of this package are loaded: `track` of one copy
 * has to find the request that another copy captured. So its shape changes only together with the key.
 */
interface SharedRequests {
  readonly storage: AsyncLocalStorage<CapturedRequest>;
  /** Answers for spans whose asynchronous context was lost. */
  readonly finders: Set<FindNotes>;
  /** Processors that want requests captured. */
  users: number;
  readonly onRequest: (message: unknown) => void;
  readonly onFastifyRoute: (message: unknown) => void;
}

const KEY = Symbol.for('opentelemetry-matomo.requests.1');
const REQUEST_CHANNEL = 'http.server.request.start';

/** Fastify 5 says there, for every request that it has routed, which route that was. */
const FASTIFY_CHANNEL = 'tracing:fastify.request.handler:start';

function sharedRequests(): SharedRequests | undefined {
  return (globalThis as Record<symbol, SharedRequests | undefined>)[KEY];
}

function createSharedRequests(): SharedRequests {
  const storage = new AsyncLocalStorage<CapturedRequest>();
  return {
    storage,
    finders: new Set(),
    users: 0,
    onRequest(message) {
      const { request, response, server } = message as {
        request: IncomingMessage;
        response: ServerResponse;
        server: object;
      };
      storage.enterWith({
        request,
        response,
        readers: 0,
        target: splitTarget(request.url ?? '/'),
        notes: undefined,
        span: undefined,
        route: undefined,
        untracked: UNTRACKED_SERVER in server,
      });
    },
    onFastifyRoute(message) {
      const { request, route } = message as {
        request?: { raw?: object };
        route?: { url?: unknown };
      };
      const captured = storage.getStore();
      if (!captured || captured.request !== request?.raw) return;
      if (typeof route?.url === 'string') captured.route = route.url;
    },
  };
}

/** Captures every request that Node's `http` and `https` servers get from now on, until what it returns is called. */
export function captureRequests(find: FindNotes): () => void {
  const shared = sharedRequests() ?? createSharedRequests();
  (globalThis as Record<symbol, SharedRequests | undefined>)[KEY] = shared;
  if (shared.users++ === 0) {
    channel(REQUEST_CHANNEL).subscribe(shared.onRequest);
    channel(FASTIFY_CHANNEL).subscribe(shared.onFastifyRoute);
  }
  shared.finders.add(find);
  return function release() {
    if (!shared.finders.delete(find)) return;
    if (--shared.users > 0) return;
    channel(REQUEST_CHANNEL).unsubscribe(shared.onRequest);
    channel(FASTIFY_CHANNEL).unsubscribe(shared.onFastifyRoute);
  };
}

/** Captures a request that was announced before anybody captured. */
export function captureRequest(message: unknown): void {
  sharedRequests()?.onRequest(message);
}

/** To be called by each processor that has taken a request for one of its spans, when it has read it. */
export function releaseRequest(captured: CapturedRequest): void {
  captured.readers -= 1;
  if (captured.readers > 0) return;
  captured.request = undefined;
  captured.response = undefined;
  captured.span = undefined;
}

/** The request whose asynchronous context this is. */
export function currentRequest(): CapturedRequest | undefined {
  return sharedRequests()?.storage.getStore();
}

/** Every set of notes that a span's request has: one for each processor that follows it. */
export function notesOf(span: Span): Notes[] {
  const found: Notes[] = [];
  for (const find of sharedRequests()?.finders ?? []) {
    const notes = find(span);
    if (notes && !found.includes(notes)) found.push(notes);
  }
  return found;
}
