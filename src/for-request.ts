import { currentTarget, hitTakers } from './requests/captured-requests.js';
import { requestOf } from './requests/node-request.js';
import type { Request } from './requests/request.js';
import {
  createRequestFunctions,
  NO_REQUEST,
  type RequestFunctions,
  reportHit,
} from './requests/request-functions.js';

/** Where frameworks have Node's request: Fastify, Koa, wrappers, Hono. Hapi has it in `raw.req`. */
const WAYS = ['raw', 'req', 'request', 'env', 'incoming'] as const;
const MAX_STEPS = 2;

/**
 * The functions of this package for one request, whatever async context they are called in. Callbacks of drivers that keep
 * connections open (`redis` 3, `mysql`, pools) may run in the async context of the request that opened the connection, which may be
 * another visitor's. Call `forRequest` in the handler or in the callback. Never throws.
 *
 * The functions also work after the end of a request that is tracked, as the others do in its async context. They do not keep Node's request in
 * memory. If the object leads to no request, they do nothing (`measure` only runs its function), and one line is logged. With a
 * `MatomoSpanExporter` and no processor, further hits belong to the active span.
 *
 * @param request - Node's `IncomingMessage`, `Http2ServerRequest` or `ServerHttp2Stream`, or an object that has one at most two steps
 * away in `raw`, `req`, `request`, `env` or `incoming`: the request of Express, Fastify or Hapi, the context of Koa or Hono.
 * @returns Functions that need no `this`.
 * @example
 * const { trackEvent } = forRequest(request);
 * redis.get(key, (_error, value) => trackEvent('Cache', value === null ? 'miss' : 'hit'));
 */
export function forRequest(request: object): RequestFunctions {
  if (hitTakers().readEvents) return createRequestFunctions(currentTarget);
  const announced = findRequest(request, MAX_STEPS);
  if (!announced) reportHit('forRequest', NO_REQUEST);
  const target = announced && { announced, span: undefined };
  return createRequestFunctions(() => target);
}

function findRequest(value: unknown, steps: number): Request | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  try {
    const announced = requestOf(value);
    if (announced || steps === 0) return announced;
    for (const name of WAYS) {
      const request = findRequest((value as Record<string, unknown>)[name], steps - 1);
      if (request) return request;
    }
  } catch {
    // A getter of the object failed.
  }
  return undefined;
}
