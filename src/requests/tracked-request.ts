import type { Attributes } from '../common/otel-types.js';
import type { TrackedRequest } from '../hit/http-request.js';
import type { EndedRequest } from './request.js';

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
  readonly #ended: EndedRequest;

  constructor(ended: EndedRequest) {
    const { request } = ended;
    const { query, route, host, userAgent, address } = request;
    this.#ended = ended;
    this.method = request.method;
    this.path = request.path;
    if (query !== undefined) this.query = query;
    if (route !== undefined) this.route = route;
    if (host !== undefined) this.host = host;
    this.protocol = request.scheme;
    this.statusCode = request.statusCode;
    this.aborted = request.aborted;
    if (userAgent !== undefined) this.userAgent = userAgent;
    if (address !== undefined) this.address = address;
    if (ended.traceId !== '') this.traceId = ended.traceId;
    this.header = (name) => ended.headerAsSent(name.toLowerCase());
    this.durationMillis = request.durationMillis;
    this.startTime = request.startMillis;
  }

  get attributes(): Attributes {
    const { attributes, service } = this.#ended;
    return { ...service.attributes, ...attributes };
  }
}
