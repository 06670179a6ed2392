import type { Attributes } from '../common/otel-types.js';
import type { TrackedRequest } from '../hit/http-request.js';
import { decodeLatin1 } from '../hit/text.js';
import type { ReadRequest } from './request.js';

/**
 * A request as callbacks see it. `header` and `attributes` work until the callback has returned. An object literal with spreads and a
 * getter would have slow properties and a hidden class of its own for each request.
 */
export class RequestOfCallbacks implements TrackedRequest {
  readonly method: string;
  readonly path: string;
  declare readonly query?: string;
  declare readonly route?: string;
  declare readonly host?: string;
  readonly protocol: 'http' | 'https';
  readonly statusCode: number;
  readonly aborted: boolean;
  declare readonly userAgent?: string;
  declare readonly address?: string;
  declare readonly traceId?: string;
  readonly header: (name: string) => string | undefined;
  readonly durationMillis: number;
  readonly startTime: number;
  readonly #request: ReadRequest;

  constructor(request: ReadRequest) {
    const { http } = request;
    const { query, route, host, userAgent, address } = http;
    this.#request = request;
    this.method = http.method;
    this.path = http.path;
    if (query !== undefined) this.query = query;
    if (route !== undefined) this.route = route;
    if (host !== undefined) this.host = decodeLatin1(host);
    this.protocol = http.scheme;
    this.statusCode = http.statusCode;
    this.aborted = http.aborted;
    if (userAgent !== undefined) this.userAgent = userAgent;
    if (address !== undefined) this.address = address;
    if (request.traceId !== '') this.traceId = request.traceId;
    this.header = (name) => request.headerAsSent(name.toLowerCase());
    this.durationMillis = http.durationMillis;
    this.startTime = http.startMillis;
  }

  get attributes(): Attributes {
    const { attributes, service } = this.#request;
    return { ...service.attributes, ...attributes };
  }
}
