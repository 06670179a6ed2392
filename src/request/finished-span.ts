import type { Attributes, AttributeValue, HrTime, SpanContext } from '../common/otel-types.js';
import type { HttpRequest } from '../hit/http-request.js';
import type { SpanResource } from './matomo-attributes.js';

/** The properties of a finished span that are read. `ReadableSpan` of OpenTelemetry SDK 1.30, 2.x and 3.x has all of them. */
export interface FinishedSpan {
  /** `false` until the span has ended. */
  readonly ended?: boolean;
  /** The name. SDKs do not check it, so in JavaScript it may have any type. */
  readonly name: string;
  /** `SpanKind` of OpenTelemetry: 1 is SERVER. */
  readonly kind: number;
  /** The start in seconds and nanoseconds since the epoch. */
  readonly startTime: HrTime;
  /** The duration in seconds and nanoseconds. */
  readonly duration: HrTime;
  readonly attributes: Attributes;
  readonly resource?: SpanResource | undefined;
  readonly status: { readonly code: number };
  readonly events?: readonly {
    readonly name: string;
    readonly attributes?: Attributes;
    readonly time?: HrTime;
  }[];
  /** The parent in SDK 2 and 3. */
  readonly parentSpanContext?: { readonly spanId: string; readonly isRemote?: boolean | undefined };
  readonly links?:
    | readonly { readonly context: Pick<SpanContext, 'traceId' | 'spanId'> }[]
    | undefined;
  /** ID of the parent in SDK 1. */
  readonly parentSpanId?: string | undefined;
  spanContext(): SpanContext;
}

export function parentSpanIdOf(span: FinishedSpan): string | undefined {
  return span.parentSpanContext?.spanId ?? span.parentSpanId;
}

export function toMillis(time: HrTime): number {
  return time[0] * 1e3 + time[1] / 1e6;
}

export function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value.length > 0 ? value : undefined;
}

/** The request method from the stable or the old attribute; `undefined` if the span is not of an HTTP request. */
export function methodOf(attributes: Attributes): string | undefined {
  const system = attributes['rpc.system.name'] ?? attributes['rpc.system'];
  // If the gRPC instrumentation is off, .NET sets only `grpc.method`.
  if ((system ?? attributes['grpc.method']) !== undefined) return undefined;
  const method = textOf(attributes['http.request.method']) ?? textOf(attributes['http.method']);
  if (method === undefined) return micrometerIn(attributes)?.method;
  if (method !== '_OTHER') return method;
  return textOf(attributes['http.request.method_original']) ?? method;
}

/** A request with the attribute names of Micrometer, which Spring Boot uses. The path is in `http.url`. */
export interface MicrometerRequest {
  readonly method: string;
  /** The route. Without one, `uri` is `NOT_FOUND`, `REDIRECTION`, `UNKNOWN`, or `root` for the path `/`. */
  readonly route: string | undefined;
  /** The status; 0 if the client disconnected before there was one. */
  readonly status: AttributeValue | undefined;
  readonly errorType: string | undefined;
}

const MICROMETER_METHOD = /^[A-Z-]{3,20}$/;

/** Reads attributes of Micrometer; `undefined` if there are none, or if the standard names are set, too. */
export function micrometerIn(attributes: Attributes): MicrometerRequest | undefined {
  const { method } = attributes;
  if (typeof method !== 'string') return undefined;
  const { uri, status, exception } = attributes;
  if (typeof uri !== 'string') return undefined;
  if (!MICROMETER_METHOD.test(method) || method === 'UNKNOWN') return undefined;
  if ((attributes['http.request.method'] ?? attributes['http.method']) !== undefined)
    return undefined;
  return {
    method,
    route: uri.startsWith('/') ? uri : undefined,
    status: status === 'UNKNOWN' ? 0 : status,
    errorType: exception === 'none' ? undefined : textOf(exception),
  };
}

/** Attributes of SERVER spans that are not of an HTTP request, or of a request that another span describes. */
const NO_HTTP = [
  'rpc.system.name',
  'rpc.system',
  'grpc.method',
  'messaging.system',
  'faas.trigger',
  'mcp.method.name',
  'graphql.operation.type',
  'graphql.operation.name',
];

/** Whether a SERVER span without a method may be of an HTTP request whose attributes have unknown names. */
export function mayBeUnreadRequest({ kind, attributes }: FinishedSpan): boolean {
  if (kind !== SERVER_SPAN || methodOf(attributes) !== undefined) return false;
  return NO_HTTP.every((name) => attributes[name] === undefined);
}

const SLASH = 47;

export type Target = Pick<HttpRequest, 'path' | 'query'>;

/**
 * Splits a request target in any form: `/x?y`, `http://h/x`, `*`. A target that begins with `/` is a path, even `//x/y`: only references in a
 * page may begin with a host like that (RFC 9112, 3.2.1).
 */
export function splitTarget(target: string): Target {
  const isPath = target.charCodeAt(0) === SLASH;
  return splitAtQuery(isPath ? target : target.replace(/^[a-z][a-z\d+.-]*:\/\/[^/?#]*/i, ''));
}

function splitAtQuery(target: string): Target {
  const question = target.indexOf('?');
  const path = question < 0 ? target : target.slice(0, question);
  return {
    path: path.startsWith('/') || path === '*' ? path : `/${path}`, // `OPTIONS *`: the whole server
    query: question < 0 ? undefined : target.slice(question + 1),
  };
}

/** Path and query from the attributes of a span: stable names, then old names, then a full URL. */
export function targetOf(attributes: Attributes): Target | undefined {
  const urlPath = textOf(attributes['url.path']);
  if (urlPath !== undefined) {
    // Laravel includes the query in `url.path`. Without this split, no option would redact that query.
    const { path, query: ownQuery } = splitAtQuery(urlPath);
    const query =
      textOf(attributes['url.query']) ??
      splitTarget(fullTargetOf(attributes) ?? '').query ??
      ownQuery;
    return { path, query: query?.replace(/^\?/, '') };
  }
  const target = fullTargetOf(attributes);
  return target === undefined ? undefined : splitTarget(target);
}

/** The attribute that contains both path and query. */
function fullTargetOf(attributes: Attributes): string | undefined {
  return (
    textOf(attributes['http.target']) ??
    textOf(attributes['url.full']) ??
    textOf(attributes['http.url']) ??
    textOf(attributes['http.path']) // the attribute of Zipkin
  );
}

/**
 * The address of the peer. Never `client.address`: instrumentations set
 * it to the first entry of X-Forwarded-For, which clients can forge.
 */
export function peerAddressOf(attributes: Attributes): string | undefined {
  return (
    textOf(attributes['network.peer.address']) ??
    textOf(attributes['net.sock.peer.addr']) ??
    textOf(attributes['net.peer.ip']) ??
    textOf(attributes['peer.address']) // the attribute of Envoy, with or without a port
  );
}

// `SpanStatusCode` and `SpanKind` of OpenTelemetry's API. The API is not imported at run time. Kinds in OTLP are one higher.

export const UNSET_STATUS = 0;
export const ERROR_STATUS = 2;

export const SERVER_SPAN = 1;
export const CLIENT_SPAN = 2;
export const CONSUMER_SPAN = 4;
