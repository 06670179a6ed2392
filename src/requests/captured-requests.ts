import { AsyncLocalStorage } from 'node:async_hooks';
import { channel } from 'node:diagnostics_channel';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Span } from '@opentelemetry/api';
import { UNTRACKED_SERVER } from '../common/untracked-server.js';
import { Annotations } from '../hit/http-request.js';
import { splitTarget, type Target } from './finished-span.js';
import { fastifyAnnouncement } from './routes/fastify.js';
import type { RouteAnnouncement } from './routes/route-adapter.js';

/** What `track`, `measure` and `ignore` added to one request. */
export class Notes extends Annotations {
  /** Timings that have begun and not ended. */
  running = 0;
}

/** Something with notes, which are created when they are needed: most requests have none. */
export interface Notable {
  notes: Notes | undefined;
}

/** The notes of a request; creates them if there are none. */
export function notesFor(request: Notable): Notes {
  request.notes ??= new Notes();
  return request.notes;
}

/** A request as Node announced it, before any span of it. */
export interface CapturedRequest extends Notable {
  /** Both are released when every processor has read them: the asynchronous context outlives them, and they are large. */
  request: IncomingMessage | undefined;
  response: ServerResponse | undefined;
  /** How many processors have not read them yet. */
  readers: number;
  /** Read at once: Express rewrites `request.url` while it routes. */
  readonly target: Target;
  /** The one span that this request belongs to, once it has started. */
  span: Span | undefined;
  /** The route template that a framework announced. */
  route: string | undefined;
  /** Came to a server of this package: it makes no hit and is not counted. */
  readonly untracked: boolean;
}

/** Finds the notes of the request that a span belongs to. */
export type FindNotes = (span: Span) => Notes | undefined;

/**
 * One per process, also if both builds or two versions of this package are loaded: `track` of one copy must find the request
 * that another copy captured. So its shape changes only together with the key.
 */
interface SharedRequests {
  readonly storage: AsyncLocalStorage<CapturedRequest>;
  /** For spans whose asynchronous context was lost. */
  readonly finders: Set<FindNotes>;
  /** How many processors need captured requests. */
  users: number;
  readonly onRequest: Listener;
  readonly onFastifyRoute: Listener;
}

const KEY = Symbol.for('opentelemetry-matomo.requests.1');
const REQUEST_CHANNEL = 'http.server.request.start';

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
    onFastifyRoute: createRouteListener(storage, fastifyAnnouncement),
  };
}

type Listener = (message: unknown) => void;

/** Notes the route that a framework announces for the request in whose asynchronous context it does. */
function createRouteListener(
  storage: AsyncLocalStorage<CapturedRequest>,
  announcement: RouteAnnouncement,
): Listener {
  return function onRoute(message) {
    const captured = storage.getStore();
    if (!captured) return;
    const announced = announcement.read(message);
    if (announced && announced.request === captured.request) captured.route = announced.route;
  };
}

/** What the state holds of other versions too: with another key it may have a listener for each `RouteAnnouncement`. */
function subscriptionsOf(shared: SharedRequests): readonly (readonly [string, Listener])[] {
  return [
    [REQUEST_CHANNEL, shared.onRequest],
    [fastifyAnnouncement.channel, shared.onFastifyRoute],
  ];
}

/** Captures every request that Node's `http` and `https` servers receive, until the returned function is called. */
export function captureRequests(find: FindNotes): () => void {
  const shared = sharedRequests() ?? createSharedRequests();
  (globalThis as Record<symbol, SharedRequests | undefined>)[KEY] = shared;
  if (shared.users++ === 0) {
    for (const [name, listener] of subscriptionsOf(shared)) channel(name).subscribe(listener);
  }
  shared.finders.add(find);
  return function release() {
    if (!shared.finders.delete(find)) return;
    if (--shared.users > 0) return;
    for (const [name, listener] of subscriptionsOf(shared)) channel(name).unsubscribe(listener);
  };
}

/** Each processor that uses a request calls this when it has read it. */
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
