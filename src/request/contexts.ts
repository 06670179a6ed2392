import { AsyncLocalStorage } from 'node:async_hooks';
import { isObject } from '../common/channel-listener.js';
import { activeContext, rpcMetadataOf, spanOf } from '../common/otel-global.js';
import type { Context } from '../common/otel-types.js';
import { type FinishedSpan, SERVER_SPAN } from './finished-span.js';
import { type Request, UNTRACKED } from './request.js';
import { isOpen } from './response-status.js';

// Determines the request of the current async context, and the request to which an object of Node.js or a span belongs. A request may never
// end, so nothing but these objects and its async context keeps it in memory.

const storage = new AsyncLocalStorage<Request | undefined>();

/** The request of the current async context, ended or not. */
export function currentRequest(): Request | undefined {
  return storage.getStore();
}

/** Makes a request, or no request, the current one of this async context. */
export function enterRequest(request: Request | undefined): void {
  if (storage.getStore() !== request) storage.enterWith(request);
}

/** Runs a function in the async context of a request. */
export function runIn<Result, Args extends unknown[]>(
  request: Request | undefined,
  fn: (...args: Args) => Result,
  ...args: Args
): Result {
  return storage.run(request, fn, ...args);
}

/**
 * A class whose constructor returns an existing object, to which a subclass adds private fields. Nothing else sees the fields, and they are
 * freed with the object. Unlike with a `WeakMap`, reading a field is not a lookup.
 */
class Existing {
  constructor(object: object) {
    // biome-ignore lint/correctness/noConstructorReturn: see above
    return object;
  }
}

/** Stores the request of one of Node's requests or streams, or of a span, in private fields of that object. */
class Known extends Existing {
  #owner: Request | undefined = undefined;
  #hasEnded = false;

  /** The request of one of Node's requests or streams, or of a span from its start. */
  static ownerOf(object: unknown): Request | undefined {
    return isObject(object) && #owner in object ? object.#owner : undefined;
  }

  static setOwner(object: object, request: Request): void {
    try {
      const known = #owner in object ? object : new Known(object);
      known.#owner = request;
    } catch {
      // Some runtimes add no private field to a frozen span. Such a span has no request, as if it were not recorded.
    }
  }

  /** Marks a span as ended. Returns false if it was already marked. */
  static markEnded(span: object): boolean {
    try {
      const known = #owner in span ? span : new Known(span);
      if (known.#hasEnded) return false;
      known.#hasEnded = true;
    } catch {
      // A frozen span cannot be marked, so it counts each time.
    }
    return true;
  }
}

export const { ownerOf, setOwner, markEnded } = Known;

/** Whether an SDK passes a span to its processors. */
export function isRecorded(span: object | undefined): span is FinishedSpan {
  return (span as Partial<FinishedSpan> | undefined)?.attributes !== undefined;
}

/**
 * The request of a span that starts below a parent: the request of the parent, or of the SERVER span that the HTTP instrumentation stores beside
 * it; else the request of the async context, but not if that request has a SERVER span: then the span is of a job that runs in a foreign context.
 * A SERVER span below a parent of another process belongs to the request of the async context.
 */
export function requestOfSpan(
  parentContext: Context | undefined,
  kind?: number,
): Request | undefined {
  const parent = spanOf(parentContext);
  const owner = ownerOf(parent) ?? ownerOf(rpcMetadataOf(parentContext)?.span);
  const request = owner ?? currentRequest();
  if (request === undefined || request === UNTRACKED) return request;
  const mayBeOther = kind === SERVER_SPAN && !isRecorded(parent);
  // The async context of an ended request may belong to another server whose requests are not announced.
  if (mayBeOther && !isOpen(request)) return undefined;
  return owner || mayBeOther || request.spanState === 'none' ? request : undefined;
}

/**
 * The request of a call: the request of the active span, or of the SERVER span that the HTTP instrumentation stores beside it; else the request
 * of the async context, but not if that request has a SERVER span and the active span is of a job.
 */
export function requestOfCall(): Request | undefined {
  const context = activeContext();
  const span = spanOf(context);
  const current = currentRequest();
  const isOfJob = isRecorded(span) && current !== undefined && current.spanState !== 'none';
  const owner = span && (ownerOf(span) ?? ownerOf(rpcMetadataOf(context)?.span));
  const request = owner ?? (isOfJob ? undefined : current);
  return request === UNTRACKED ? undefined : request;
}

/**
 * The request of one of Node's requests or streams. Requests of the
 * HTTP/2 compatibility API have a stream that leads to the request.
 */
export function requestOf(incoming: object): Request | undefined {
  // Some frameworks pass on an object whose prototype is the request.
  for (let each: unknown = incoming; isObject(each); each = Object.getPrototypeOf(each)) {
    const request = ownerOf(each);
    if (request) return request;
  }
  const { stream } = incoming as { readonly stream?: unknown };
  return isObject(stream) ? ownerOf(stream) : undefined;
}

/** Properties that lead to Node's request in Fastify, Koa, wrappers and Hono. In Hapi, `raw.req` leads to it. */
const WAYS = ['raw', 'req', 'request', 'env', 'incoming'] as const;
const MAX_STEPS = 2;

/** Finds the request of an object that leads to one of Node's requests or streams. */
export function findRequestOf(value: unknown, steps = MAX_STEPS): Request | undefined {
  if (!isObject(value)) return undefined;
  try {
    const request = requestOf(value);
    if (request || steps === 0) return request;
    for (const name of WAYS) {
      const found = findRequestOf((value as Record<string, unknown>)[name], steps - 1);
      if (found) return found;
    }
  } catch {
    // A getter of the application's object has thrown.
  }
  return undefined;
}
