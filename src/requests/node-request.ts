import type { Attributes } from '../common/otel-types.js';
import type { CapturedRequest } from './captured-requests.js';
import { type FinishedSpan, SERVER_SPAN } from './finished-span.js';

const MILLIS_PER_SECOND = 1000;
const NANOS_PER_MILLI = 1e6;
const FIRST_SERVER_ERROR = 500;
const ERROR = 2; // SpanStatusCode.ERROR

export type NodeRequest = NonNullable<CapturedRequest['request']>;

/** When Node.js announced a request. */
export interface RequestStart {
  readonly epochMillis: number;
  /** Monotonic, to measure the duration. */
  readonly millis: number;
}

export function startNow(): RequestStart {
  return { epochMillis: Date.now(), millis: performance.now() };
}

/** The connection of a request: what is only known when the request starts. */
interface NodeConnection {
  readonly peerAddress: string | undefined;
  readonly peerPort: number | undefined;
  readonly isEncrypted: boolean;
}

export function connectionOf({ socket }: NodeRequest): NodeConnection {
  return {
    peerAddress: socket.remoteAddress, // unknown once the connection is closed
    peerPort: socket.remotePort,
    isEncrypted: 'encrypted' in socket && socket.encrypted === true,
  };
}

/** The span that an instrumentation would have made for a request, with stable attribute names. */
export function describeAsSpan(
  { target, start }: CapturedRequest,
  request: NodeRequest,
  statusCode: number,
  connection: NodeConnection,
): FinishedSpan {
  const { method = 'GET', headers, httpVersion } = request;
  const attributes: Attributes = {
    'http.request.method': method,
    'http.response.status_code': statusCode,
    'url.path': target.path,
    'url.scheme': connection.isEncrypted ? 'https' : 'http',
    'network.protocol.version': httpVersion,
    ...serverOf(headers.host),
  };
  if (target.query !== undefined) attributes['url.query'] = target.query;
  const { peerAddress, peerPort } = connection;
  if (peerAddress !== undefined) attributes['network.peer.address'] = peerAddress;
  if (peerPort !== undefined) attributes['network.peer.port'] = peerPort;
  if (headers['user-agent'] !== undefined)
    attributes['user_agent.original'] = headers['user-agent'];
  return {
    name: method,
    kind: SERVER_SPAN,
    startTime: toHrTime(start.epochMillis),
    duration: durationSince(start),
    attributes,
    status: { code: statusCode >= FIRST_SERVER_ERROR ? ERROR : 0 },
    spanContext: () => NO_CONTEXT,
  };
}

/** The SERVER span of a request that its instrumentation does not end, because Node.js does not close the response. */
export function describeUnended(
  span: FinishedSpan,
  { start }: CapturedRequest,
  statusCode: number,
): FinishedSpan {
  const { name, kind, startTime, attributes, status, events } = span;
  return {
    name,
    kind,
    startTime,
    duration: durationSince(start),
    attributes: { ...attributes, 'http.response.status_code': statusCode },
    status,
    ...(events && { events }),
    spanContext: () => span.spanContext(),
  };
}

/** As much of a running request without a span as its further hits need. */
export function describeSpanless(
  { start }: CapturedRequest,
  { method = 'GET', socket }: NodeRequest,
): FinishedSpan {
  const scheme = 'encrypted' in socket ? 'https' : 'http';
  return {
    name: method,
    kind: SERVER_SPAN,
    startTime: toHrTime(start.epochMillis),
    duration: [0, 0],
    attributes: { 'http.request.method': method, 'url.scheme': scheme },
    status: { code: 0 },
    spanContext: () => NO_CONTEXT,
  };
}

function durationSince({ millis }: RequestStart): [number, number] {
  return toHrTime(performance.now() - millis);
}

const NO_CONTEXT = { traceId: '', spanId: '', traceFlags: 0 };

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
