import type { Attributes } from '../common/otel-types.js';
import type { CapturedRequest } from './captured-requests.js';
import { type FinishedSpan, SERVER_SPAN, toMillis } from './finished-span.js';

const MILLIS_PER_SECOND = 1000;
const NANOS_PER_MILLI = 1e6;
const FIRST_SERVER_ERROR = 500;
const ERROR = 2; // SpanStatusCode.ERROR

export type NodeRequest = NonNullable<CapturedRequest['request']>;

/** What is only known of a request when it starts. */
export interface NodeRequestStart {
  readonly epochMillis: number;
  /** Monotonic, to measure the duration. */
  readonly millis: number;
  readonly peerAddress: string | undefined;
  readonly peerPort: number | undefined;
  readonly isEncrypted: boolean;
}

export function startOf({ socket }: NodeRequest): NodeRequestStart {
  return {
    epochMillis: Date.now(),
    millis: performance.now(),
    peerAddress: socket.remoteAddress, // unknown once the connection is closed
    peerPort: socket.remotePort,
    isEncrypted: 'encrypted' in socket && socket.encrypted === true,
  };
}

/** The span that an instrumentation would have made for a request, with stable attribute names. */
export function describeAsSpan(
  { target }: CapturedRequest,
  request: NodeRequest,
  statusCode: number,
  start: NodeRequestStart,
): FinishedSpan {
  const { method = 'GET', headers, httpVersion } = request;
  const attributes: Attributes = {
    'http.request.method': method,
    'http.response.status_code': statusCode,
    'url.path': target.path,
    'url.scheme': start.isEncrypted ? 'https' : 'http',
    'network.protocol.version': httpVersion,
    ...serverOf(headers.host),
  };
  if (target.query !== undefined) attributes['url.query'] = target.query;
  if (start.peerAddress !== undefined) attributes['network.peer.address'] = start.peerAddress;
  if (start.peerPort !== undefined) attributes['network.peer.port'] = start.peerPort;
  if (headers['user-agent'] !== undefined)
    attributes['user_agent.original'] = headers['user-agent'];
  return {
    name: method,
    kind: SERVER_SPAN,
    startTime: toHrTime(start.epochMillis),
    duration: toHrTime(performance.now() - start.millis),
    attributes,
    status: { code: statusCode >= FIRST_SERVER_ERROR ? ERROR : 0 },
    spanContext: () => NO_CONTEXT,
  };
}

/** A SERVER span that its instrumentation does not end, because Node.js does not close the response. */
export function describeUnended(span: FinishedSpan, statusCode: number): FinishedSpan {
  const { name, kind, startTime, attributes, status, events } = span;
  return {
    name,
    kind,
    startTime,
    duration: toHrTime(Math.max(0, Date.now() - toMillis(startTime))),
    attributes: { ...attributes, 'http.response.status_code': statusCode },
    status,
    ...(events && { events }),
    spanContext: () => span.spanContext(),
  };
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
