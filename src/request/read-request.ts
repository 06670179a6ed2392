import { type Diagnostics, show } from '../common/diagnostics.js';
import { coded } from '../common/messages.js';
import type { Attributes, AttributeValue } from '../common/otel-types.js';
import { HttpRequest, isGraphqlPath, type Writable } from '../hit/http-request.js';
import { isPageData } from '../hit/page/page-path.js';
import { createRedactPath } from '../hit/page/redact.js';
import { createToSentAttribute, type SentAttributeOptions } from '../hit/parameters/attributes.js';
import { PERF_KEYS } from '../hit/parameters/parameter-values.js';
import { createToOrigin, type OriginOptions } from '../hit/visitor/trusted-proxies.js';
import { connectionOf } from './connection.js';
import {
  type FinishedSpan,
  methodOf,
  peerAddressOf,
  targetOf,
  textOf,
  toMillis,
} from './finished-span.js';
import { isHttp2, nodeScheme } from './node-request.js';
import { mcpPaths, readOperation } from './operations.js';
import {
  clientHintsOf,
  clientOf,
  decoded,
  firstText,
  isOfPrefetch,
  readFirstRaw,
  readOptOut,
  userAgentIn,
} from './read-headers.js';
import { userIdAttributeOf } from './read-user-id.js';
import { NO_ATTRIBUTES, type Request } from './request.js';
import {
  CLIENT_CLOSED_REQUEST,
  contentTypeOf,
  impliedStatus,
  isEndless,
  sentStatusOf,
  statusAttribute,
  unfinishedStatus,
} from './response-status.js';
import { routeOf } from './route-of.js';

/** A message lists no more names of attributes than this. */
const MAX_SHOWN_NAMES = 20;

const NO_ANNOTATIONS: readonly never[] = [];

export type RequestReading = Readonly<ReturnType<typeof createRequestReading>>;

/**
 * Reads a request from its span, or from Node.js if there is no span; `undefined` if the span is not of an HTTP request (gRPC, a function call).
 * Node's own request takes precedence over attributes of captured headers, and these take precedence over other attributes.
 */
export function readRequest(request: Request, reading: RequestReading): HttpRequest | undefined {
  const { span, incoming, response } = request;
  const attributes = span?.attributes ?? NO_ATTRIBUTES;
  const method = (span && methodOf(attributes)) ?? (incoming && request.method);
  if (method === undefined) return undefined;
  // Without a span, the clock is read first, before other work adds to the duration. The duration of a span that has not ended is negative.
  const spanMillis = span ? toMillis(span.duration) : -1;
  const durationMillis = spanMillis < 0 ? request.elapsedMillis : spanMillis;
  const headers = request.readHeaders();
  const sentAgent = incoming && readFirstRaw(incoming, 'user-agent');
  const userAgent =
    sentAgent ?? headers['user-agent'] ?? (incoming ? undefined : userAgentIn(attributes));
  const sender = connectionOf(incoming?.socket);
  const client = clientOf(headers, sender, userAgent);
  const ofSpan = incoming ? undefined : targetOf(attributes);
  const { path, query } = ofSpan ?? request;
  const contentType = contentTypeOf(request);
  const hasNoEnd = contentType ? isEndless(request, contentType) : false;
  const reported = span && statusAttribute(attributes);
  let sentStatus = sentStatusOf(request);
  // A span that has not ended does not have the final status of the response.
  const last = reported ?? (spanMillis < 0 ? response?.statusCode : undefined);
  // The span may have read `statusCode` of the response after the application changed it. Over HTTP/2, that property is not known here.
  const isRead = last === response?.statusCode || isHttp2(incoming);
  const status = last !== undefined && isRead ? (sentStatus ?? last) : last;
  const isUnfinished = status !== undefined && !request.isSent && !hasNoEnd;
  const incomplete = isUnfinished ? unfinishedStatus(request) : undefined;
  // In Node.js, a span without a status belongs to a handler that threw, before or after the headers were sent.
  const statusCode =
    incomplete ?? status ?? sentStatus ?? (span && !response ? impliedStatus(span) : 500);
  if (incomplete === undefined) sentStatus ??= reported;
  const origin = reading.toOrigin({
    peerAddress: (span && peerAddressOf(attributes)) ?? incoming?.socket?.remoteAddress,
    host:
      (incoming && readFirstRaw(incoming, 'host')) ?? firstText(headers.host) ?? hostOf(attributes),
    scheme: span ? schemeOf(attributes) : nodeScheme(incoming),
    headers: request,
  });
  const http = new HttpRequest() as Writable<HttpRequest>;
  http.method = incoming ? request.method : method;
  http.path = path;
  http.query = query;
  const known = incoming || ofSpan ? path : undefined;
  const found = routeOf(request, known, statusCode, reading.redactPath);
  http.route = found.route;
  http.titleRoute = found.titleRoute;
  http.service = request.service.name;
  http.statusCode = statusCode;
  http.contentType = contentType;
  if (mayHaveOperation(request, http)) {
    http.operation = readOperation(request, http, reading.readsMcp);
    http.isGraphql = http.operation?.kind === 'graphql' || isGraphqlPath(path);
  }
  http.host = origin.host;
  http.scheme = origin.scheme;
  http.address = origin.address;
  http.sentStatus = sentStatus;
  http.aborted = (response ? incomplete : reported) === CLIENT_CLOSED_REQUEST;
  http.isEndless = hasNoEnd;
  http.userAgent = client?.userAgent;
  http.acceptLanguage = client ? client.acceptLanguage : decoded(headers['accept-language']);
  http.client = client;
  http.sender = sender;
  http.referrer = firstText(headers.referer); // not remembered as it came, because it may contain secrets
  if (headers['sec-ch-ua'] !== undefined) http.clientHints = clientHintsOf(headers);
  http.optedOut = readOptOut(headers, incoming, reading);
  http.isPrefetch = isOfPrefetch(headers);
  http.isPageData =
    path[path.length - '.json'.length] === '.' &&
    isPageData(path, query, request.header('accept'), contentType);
  http.spanName = (span && textOf(span.name)) ?? method;
  http.startMillis = span ? request.startMillis : request.announcedMillis;
  http.durationMillis = durationMillis;
  http.annotations = NO_ANNOTATIONS; // until the tracker decides
  return http;
}

const OPERATION_PATH = /\/trpc\/|,|\/graphql\/?$|\/mcp\/?$/i;

/** Rejects most requests quickly: nearly none without a body has an operation. */
function mayHaveOperation(
  { spanFacts, additions }: Request,
  { method, path }: Pick<HttpRequest, 'method' | 'path'>,
): boolean {
  if (method === 'POST' || (spanFacts?.operation ?? additions?.operation)) return true;
  return OPERATION_PATH.test(path) || (mcpPaths.size > 0 && mcpPaths.has(path));
}

function hostOf(attributes: Attributes): string | undefined {
  const host = textOf(attributes['http.host']);
  if (host !== undefined) return host;
  const address = textOf(attributes['server.address']) ?? textOf(attributes['net.host.name']);
  if (address !== undefined) {
    const port = attributes['server.port'] ?? attributes['net.host.port'];
    const bracketed = address.includes(':') && !address.startsWith('[') ? `[${address}]` : address;
    return port === undefined || port === 80 || port === 443 ? bracketed : `${bracketed}:${port}`;
  }
  return fullUrl(attributes)?.host;
}

function schemeOf(attributes: Attributes): string | undefined {
  return (
    textOf(attributes['url.scheme']) ??
    textOf(attributes['http.scheme']) ??
    fullUrl(attributes)?.protocol.slice(0, -1)
  );
}

/** The beginning of the full URL, without its path. */
function fullUrl(attributes: Attributes): URL | undefined {
  const url = textOf(attributes['url.full']) ?? textOf(attributes['http.url']);
  const origin = ORIGIN.exec(url ?? '')?.[0];
  return origin !== undefined && URL.canParse(origin) ? new URL(origin) : undefined;
}

/** Limited to the maximum length of a host and a port: the URL parser takes quadratic time for Unicode letters in a host. */
const ORIGIN = /^[a-z][a-z\d+.-]{0,30}:\/\/[^/?#\\]{1,259}(?=[/?#\\]|$)/i;

export function createRequestReading(
  options: OriginOptions &
    SentAttributeOptions & {
      readonly userId?: unknown;
      readonly capturedHeaders?: readonly string[];
      readonly mcp?: 'calls' | 'off';
      readonly doNotTrack?: boolean;
    },
  diagnostics: Pick<Diagnostics, 'warnOnce'>,
) {
  return {
    toOrigin: createToOrigin(options),
    /** Redacts secrets in a path, even with `query: 'keep'`, and what patterns match. */
    redactPath: createRedactPath(options.redactPathPatterns),
    /** Lower-case names of headers that the instrumentation captures whenever a request has them. */
    capturedHeaders: new Set(options.capturedHeaders),
    /** Whether clients can opt out. */
    readsOptOut: options.doNotTrack === true,
    /** Whether requests to MCP servers are recognized. */
    readsMcp: options.mcp !== 'off',
    /** The attribute that contains the user. */
    userIdAttribute: userIdAttributeOf(options.userId),
    /** Redacts the value of that attribute. */
    toUserId: createToSentAttribute(options),
    reportPerfKey: (value: AttributeValue): void =>
      diagnostics.warnOnce('perf_key', () =>
        coded(
          'parameter-invalid',
          `A span has matomo.perf_key ${show(value)}, which is invalid. It is ignored. Use one of ${PERF_KEYS.join(', ')}.`,
        ),
      ),
    /** Reports a SERVER span without a method, once for each service. */
    reportUnreadRequest({ attributes, resource }: FinishedSpan): void {
      const service = show(resource?.attributes?.['service.name'] ?? 'unknown');
      diagnostics.warnOnce(`server-span ${service}`, () => {
        const names = Object.keys(attributes);
        const shown =
          names.length > 0 ? names.slice(0, MAX_SHOWN_NAMES).map(show).join(', ') : 'none';
        return coded(
          'spans-without-method',
          `Service ${service} has SERVER spans without an HTTP method, which make no hits. Attributes of the first one: ${shown}. If they are of HTTP requests, set http.request.method, url.path and http.response.status_code on them, or use an instrumentation that does.`,
        );
      });
    },
  };
}
