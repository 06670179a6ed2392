import type { Attributes, HrTime, SpanContext } from '../common/otel-types.js';
import type { HttpRequest } from '../hit/http-request.js';
import type { SpanResource } from './matomo-attributes.js';

/**
 * The parts of a finished span that are read, described structurally: `ReadableSpan` of OpenTelemetry SDK 1.30, 2.x and 3.x
 * has all of them.
 */
export interface FinishedSpan {
  /** Not checked by SDKs: in JavaScript, it can be anything. */
  readonly name: string;
  /** `SpanKind` of OpenTelemetry: 1 is SERVER. */
  readonly kind: number;
  /** Seconds and nanoseconds since the epoch. */
  readonly startTime: HrTime;
  /** Seconds and nanoseconds. */
  readonly duration: HrTime;
  readonly attributes: Attributes;
  readonly resource?: SpanResource | undefined;
  readonly status: { readonly code: number };
  readonly events?: readonly {
    readonly name: string;
    readonly attributes?: Attributes;
    readonly time?: HrTime;
  }[];
  /** In SDK 2 and 3. */
  readonly parentSpanContext?: { readonly spanId: string; readonly isRemote?: boolean };
  readonly links?:
    | readonly { readonly context: Pick<SpanContext, 'traceId' | 'spanId'> }[]
    | undefined;
  /** In SDK 1. */
  readonly parentSpanId?: string | undefined;
  spanContext(): SpanContext;
}

export function parentSpanIdOf(span: FinishedSpan): string | undefined {
  return span.parentSpanContext?.spanId ?? span.parentSpanId;
}

/** By index: taking an array apart costs three times as much. */
export function toMillis(time: HrTime): number {
  return time[0] * 1e3 + time[1] / 1e6;
}

/** A value if it is a non-empty string. Read the attribute by a constant name, which V8 looks up faster. */
export function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value.length > 0 ? value : undefined;
}

/** The request method by the stable or the old attribute; `undefined` if it is not an HTTP request. */
export function methodOf(attributes: Attributes): string | undefined {
  const system = attributes['rpc.system.name'] ?? attributes['rpc.system'];
  // The last one is the only one that .NET sets if its gRPC instrumentation is off.
  if ((system ?? attributes['grpc.method']) !== undefined) return undefined;
  const method = textOf(attributes['http.request.method']) ?? textOf(attributes['http.method']);
  if (method !== '_OTHER') return method;
  return textOf(attributes['http.request.method_original']) ?? method;
}

const SLASH = 47;

type Target = Pick<HttpRequest, 'path' | 'query'>;

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
    path: path.startsWith('/') ? path : `/${path}`,
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
    textOf(attributes['http.url'])
  );
}

/** Never `client.address`: it is the first entry of X-Forwarded-For, which anybody can set. */
export function peerAddressOf(attributes: Attributes): string | undefined {
  return (
    textOf(attributes['network.peer.address']) ??
    textOf(attributes['net.sock.peer.addr']) ??
    textOf(attributes['net.peer.ip'])
  );
}

// `SpanStatusCode` and `SpanKind` of OpenTelemetry's API, which is not imported at run time. OTLP has other kinds (`OTLP_SPAN_KINDS`).

export const ERROR_STATUS = 2;

export const SERVER_SPAN = 1;
export const CLIENT_SPAN = 2;
export const CONSUMER_SPAN = 4;
