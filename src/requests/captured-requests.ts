import { AsyncLocalStorage } from 'node:async_hooks';
import { channel } from 'node:diagnostics_channel';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Span } from '@opentelemetry/api';
import type { FurtherHit } from '../hit/further-hits.js';
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
  /** What each processor keeps of this request, as a list. It outlives the request, as the asynchronous context does. */
  followed: FollowedRequest | undefined;
  /** Came to a server that is branded so: it makes no hit and is not counted. */
  readonly untracked: boolean;
}

/** What one processor keeps of a request. Only that processor knows more of it. */
export interface FollowedRequest {
  readonly follower: object;
  next: FollowedRequest | undefined;
}

/** Brands a server of our own whose requests are nobody's visits, such as the stand-in for Matomo. */
export const UNTRACKED_SERVER: symbol = Symbol.for('opentelemetry-matomo.untracked');

/** What makes hits besides page views. */
export interface HitTaker {
  /** Takes a hit besides the page view of the current request, which may be of a span, of Node's, both or neither. */
  takeHit(hit: FurtherHit, captured: CapturedRequest | undefined, span: Span | undefined): void;
  /** Counts a call that makes no hit, and logs why. */
  refuseHit(key: string, message: string): void;
  /** Logs that a part of a hit was left out. */
  reportHit(key: string, message: string): void;
}

/** A processor, of whichever copy of this package. */
export interface RequestFollower extends HitTaker {
  /** The notes of the request that a span belongs to. */
  findNotes(span: Span): Notes | undefined;
}

/**
 * One per process, also where both builds or two versions of this package are loaded: `track` of one copy
 * has to find the request that another copy captured. So its shape changes only together with the key.
 */
interface SharedRequests {
  readonly storage: AsyncLocalStorage<CapturedRequest>;
  readonly followers: Set<RequestFollower>;
  /** Exporters at work. If there is no processor, further hits reach them as span events. */
  readonly exporters: Set<HitTaker>;
  readonly onRequest: (message: unknown) => void;
  readonly onFastifyRoute: (message: unknown) => void;
}

const KEY = Symbol.for('opentelemetry-matomo.requests.2');
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
    followers: new Set(),
    exporters: new Set(),
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
        followed: undefined,
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

function shareRequests(): SharedRequests {
  const shared = sharedRequests() ?? createSharedRequests();
  (globalThis as Record<symbol, SharedRequests | undefined>)[KEY] = shared;
  return shared;
}

/** Captures every request that Node's `http` and `https` servers get from now on, until what it returns is called. */
export function captureRequests(follower: RequestFollower): () => void {
  const shared = shareRequests();
  if (shared.followers.size === 0) {
    channel(REQUEST_CHANNEL).subscribe(shared.onRequest);
    channel(FASTIFY_CHANNEL).subscribe(shared.onFastifyRoute);
  }
  shared.followers.add(follower);
  return function release() {
    if (!shared.followers.delete(follower) || shared.followers.size > 0) return;
    channel(REQUEST_CHANNEL).unsubscribe(shared.onRequest);
    channel(FASTIFY_CHANNEL).unsubscribe(shared.onFastifyRoute);
  };
}

/** Says that an exporter is at work, until what it returns is called. */
export function announceExporter(exporter: HitTaker): () => void {
  const { exporters } = shareRequests();
  exporters.add(exporter);
  return () => exporters.delete(exporter);
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
  for (const follower of sharedRequests()?.followers ?? []) {
    const notes = follower.findNotes(span);
    if (notes && !found.includes(notes)) found.push(notes);
  }
  return found;
}

/** Who makes hits in this process: the processors, or if there are none the exporters. */
export function hitTakers(): {
  readonly takers: Iterable<HitTaker>;
  /** Whether they get hits as events of the active span, if one is recorded. */
  readonly readEvents: boolean;
} {
  const { followers, exporters } = sharedRequests() ?? {};
  const readEvents = !followers?.size && exporters !== undefined && exporters.size > 0;
  return { takers: (readEvents ? exporters : followers) ?? [], readEvents };
}
