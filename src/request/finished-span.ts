import type { Attributes, AttributeValue, HrTime, SpanContext } from '../common/otel-types.js';
import type { HttpRequest } from '../hit/http-request.js';
import type { SpanResource } from './matomo-attributes.js';

/**
 * The parts of a finished span that are read, described structurally: `ReadableSpan` of OpenTelemetry SDK 1.30, 2.x and 3.x
 * has all of them.
 */
export interface FinishedSpan {
  /** `false` while it has not ended. */
  readonly ended?: boolean;
  /** The name, which can be anything in JavaScript, because SDKs do not check it. */
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

/** A value if it is a non-empty string. */
export function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value.length > 0 ? value : undefined;
}

/** The request method by the stable or the old attribute; `undefined` if it is not an HTTP request. */
export function methodOf(attributes: Attributes): string | undefined {
  const system = attributes['rpc.system.name'] ?? attributes['rpc.system'];
  // If its gRPC instrumentation is off, .NET sets only the last attribute.
  if ((system ?? attributes['grpc.method']) !== undefined) return undefined;
  const method = textOf(attributes['http.request.method']) ?? textOf(attributes['http.method']);
  if (method === undefined) return micrometerIn(attributes)?.method;
  if (method !== '_OTHER') return method;
  return textOf(attributes['http.request.method_original']) ?? method;
}

/** A request as Micrometer, which Spring Boot uses, describes it by names of its own. The path is in `http.url`. */
export interface MicrometerRequest {
  readonly method: string;
  /** The route. Without one, `uri` is `NOT_FOUND`, `REDIRECTION`, `UNKNOWN`, or `root` for the path `/`. */
  readonly route: string | undefined;
  /** The status; 0 if the client left before there was one. */
  readonly status: AttributeValue | undefined;
  readonly errorType: string | undefined;
}

const MICROMETER_METHOD = /^[A-Z-]{3,20}$/;

/** `undefined` if the attributes are not of Micrometer, or have standard names, too. */
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

/** Attributes of SERVER spans that are known to be of no HTTP request, or of one that another span describes. */
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

/** Whether a SERVER span without a method may nevertheless be of an HTTP request, by a name that is not read. */
export function mayBeUnreadRequest({ kind, attributes }: FinishedSpan): boolean {
  if (kind !== SERVER_SPAN || methodOf(attributes) !== undefined) return false;
  return NO_HTTP.every((name) => attributes[name] === undefined);
}

const SLASH = 47;

export type Target = Pick<HttpRequest, 'path' | 'query'>;

/**
 * Path and query of a request target in any form: `/x?y`, `http://h/x`, `*`. One that begins with `/` is a path, also `//x/y`: only
 * references in a page may name a host so (RFC 9112, 3.2.1).
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
    // Laravel includes the query in the path, where no option would redact it.
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

/** The attributes that contain path and query. */
function fullTargetOf(attributes: Attributes): string | undefined {
  return (
    textOf(attributes['http.target']) ??
    textOf(attributes['url.full']) ??
    textOf(attributes['http.url']) ??
    textOf(attributes['http.path']) // the attribute of Zipkin
  );
}

/** The address of the peer, never `client.address`, which is the first entry of X-Forwarded-For, which anybody can set. */
export function peerAddressOf(attributes: Attributes): string | undefined {
  return (
    textOf(attributes['network.peer.address']) ??
    textOf(attributes['net.sock.peer.addr']) ??
    textOf(attributes['net.peer.ip']) ??
    textOf(attributes['peer.address']) // the attribute of Envoy, with or without a port
  );
}

// `SpanStatusCode` and `SpanKind` of OpenTelemetry's API, which is not imported at run time. Kinds of OTLP are one higher.

export const UNSET_STATUS = 0;
export const ERROR_STATUS = 2;

export const SERVER_SPAN = 1;
export const CLIENT_SPAN = 2;
export const CONSUMER_SPAN = 4;
