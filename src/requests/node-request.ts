import type { Attributes } from '../common/otel-types.js';
import type { CapturedRequest } from './captured-requests.js';
import type { FinishedSpan } from './finished-span.js';

const MILLIS_PER_SECOND = 1000;
const NANOS_PER_MILLI = 1e6;

export type NodeRequest = NonNullable<CapturedRequest['request']>;

/** A request without a span, as Node.js describes it: now, or when its response was closed. Read it before the request is released. */
export class NodeSource {
  readonly #captured: CapturedRequest;
  #attributes: Attributes | undefined;

  constructor(captured: CapturedRequest) {
    this.#captured = captured;
  }

  get name(): string {
    return this.method;
  }

  get method(): string {
    return this.#captured.request?.method ?? 'GET';
  }

  /** Also if the response has not begun: the status that it would have. */
  get statusCode(): number {
    return this.#captured.response?.statusCode ?? 200;
  }

  get scheme(): 'http' | 'https' {
    const { socket } = this.#captured.request ?? {};
    const isEncrypted = socket && 'encrypted' in socket && socket.encrypted === true;
    return isEncrypted ? 'https' : 'http';
  }

  get durationMillis(): number {
    return performance.now() - this.#captured.startedMillis;
  }

  /** Those that an instrumentation would set, with stable names. Made if an option asks for attributes, which few do. */
  get attributes(): Attributes {
    this.#attributes ??= this.#readAttributes();
    return this.#attributes;
  }

  #readAttributes(): Attributes {
    const { request, target } = this.#captured;
    const { headers = {}, httpVersion = '1.1', socket } = request ?? {};
    const attributes: Attributes = {
      'http.request.method': this.method,
      'http.response.status_code': this.statusCode,
      'url.path': target.path,
      'url.scheme': this.scheme,
      'network.protocol.version': httpVersion,
      ...serverOf(headers.host),
    };
    if (target.query !== undefined) attributes['url.query'] = target.query;
    const { remoteAddress, remotePort } = socket ?? {};
    if (remoteAddress !== undefined) attributes['network.peer.address'] = remoteAddress;
    if (remotePort !== undefined) attributes['network.peer.port'] = remotePort;
    if (headers['user-agent'] !== undefined)
      attributes['user_agent.original'] = headers['user-agent'];
    return attributes;
  }
}

/** The SERVER span of a request that its instrumentation does not end, because Node.js does not close the response. */
export function describeUnended(
  span: FinishedSpan,
  { startedMillis }: CapturedRequest,
  statusCode: number,
): FinishedSpan {
  const { name, kind, startTime, attributes, status, events } = span;
  return {
    name,
    kind,
    startTime,
    duration: toHrTime(performance.now() - startedMillis),
    attributes: { ...attributes, 'http.response.status_code': statusCode },
    status,
    ...(events && { events }),
    spanContext: () => span.spanContext(),
  };
}

function toHrTime(millis: number): [number, number] {
  const seconds = Math.floor(millis / MILLIS_PER_SECOND);
  return [seconds, Math.round((millis - seconds * MILLIS_PER_SECOND) * NANOS_PER_MILLI)];
}

/** Host and port from the Host header. */
function serverOf(host: string | undefined): Attributes {
  if (host === undefined || host === '') return {};
  const colon = host.lastIndexOf(':');
  const port = host.slice(colon + 1);
  const hasPort = colon > 0 && /^\d{1,5}$/.test(port);
  return hasPort
    ? { 'server.address': host.slice(0, colon), 'server.port': Number(port) }
    : { 'server.address': host };
}
