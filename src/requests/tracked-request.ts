import type { TrackedRequest } from '../hit/http-request.js';
import { readHeaderAsSent } from './read-headers.js';
import type { EndedRequest } from './request.js';

/** A request as callbacks see it. `header` works until Node's request is released. */
export function toTrackedRequest(ended: EndedRequest): TrackedRequest {
  const { request, attributes } = ended;
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
    header: (name) => readHeaderAsSent(ended.captured?.request, attributes, name.toLowerCase()),
    durationMillis: request.durationMillis,
    startTime: request.startMillis,
    attributes,
  };
}
