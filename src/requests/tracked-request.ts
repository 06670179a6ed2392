import type { TrackedRequest } from '../hit/http-request.js';
import type { EndedRequest } from './request.js';

/** A request as callbacks see it. `header` and `attributes` work until the callback has returned. */
export function toTrackedRequest(ended: EndedRequest): TrackedRequest {
  const { request } = ended;
  const { query, route, host, userAgent, address } = request;
  return {
    method: request.method,
    path: request.path,
    ...(query !== undefined && { query }),
    ...(route !== undefined && { route }),
    ...(host !== undefined && { host }),
    protocol: request.scheme,
    statusCode: request.statusCode,
    aborted: request.aborted,
    ...(userAgent !== undefined && { userAgent }),
    ...(address !== undefined && { address }),
    header: (name) => ended.headerAsSent(name.toLowerCase()),
    durationMillis: request.durationMillis,
    startTime: request.startMillis,
    get attributes() {
      return ended.attributes;
    },
  };
}
