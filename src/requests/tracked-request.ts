import type { TrackedRequest } from '../hit/http-request.js';
import type { FinishedSpan } from './finished-span.js';
import { readHeaderAsSent } from './read-headers.js';
import type { EndedRecord } from './request-record.js';

/** A request as callbacks see it. `header` works until Node's request is released. */
export function toTrackedRequest(record: EndedRecord, span: FinishedSpan): TrackedRequest {
  const { request } = record;
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
    header: (name) =>
      readHeaderAsSent(record.captured?.request, span.attributes, name.toLowerCase()),
    durationMillis: request.durationMillis,
    startTime: request.startMillis,
    attributes: span.attributes,
  };
}
