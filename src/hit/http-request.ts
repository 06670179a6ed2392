import type { Attributes } from '../common/otel-types.js';
import type { PerfKey } from './parameters/parameter-values.js';
import type { Client, Sender } from './visitor/client.js';

/** Annotations of one request by the application, from one kind of source. */
export class Annotations {
  /** Tracking parameters by Matomo's names, not yet validated. */
  parameters: Record<string, unknown> | undefined = undefined;
  /** Custom variables by name, in the order in which they were set. */
  cvar: Record<string, unknown> | undefined = undefined;
  /** Milliseconds by perf key. Timings with the same key are added up. */
  timings: { [key in PerfKey]?: number } | undefined = undefined;
  /** Value of the attribute that contains the user. */
  userId: string | undefined = undefined;
  errorType: string | undefined = undefined;
  /** Class of the last error of a GraphQL operation or an MCP call. Its response may have status 200. */
  operationError: string | undefined = undefined;
  /** Whether no hit is sent for the request. */
  ignored = false;
}

/** Whether annotations change a hit or suppress it. */
export function hasAnnotations(annotations: Annotations | undefined): annotations is Annotations {
  if (annotations === undefined) return false;
  const { parameters, cvar, timings, userId, errorType, operationError, ignored } = annotations;
  if (ignored) return true;
  return (parameters ?? cvar ?? timings ?? userId ?? errorType ?? operationError) !== undefined;
}

export function addTiming(annotations: Annotations, key: PerfKey, millis: number): void {
  annotations.timings ??= {};
  annotations.timings[key] = (annotations.timings[key] ?? 0) + millis;
}

/** `action` is an operation that a header names, as with SOAP and AWS. */
export type OperationKind = 'action' | 'graphql' | 'json-rpc' | 'mcp' | 'trpc';

/** Replaces operation names beyond the limit of distinct names. */
export const OTHER_NAME = '(other)';

/** What one endpoint does for a request, such as a GraphQL operation. */
export interface Operation {
  readonly kind: OperationKind;
  /** The name without variables and arguments. In MCP, the name of the tool or prompt. `undefined` if the title must not contain it. */
  readonly name: string | undefined;
  /** The MCP message, if the endpoint is an MCP server. */
  readonly mcp?: McpRequest | undefined;
  /** The number of operations in a batch. The name is that of the first one. */
  readonly count: number;
  /** Whether the operation failed. Only spans and channels report that: many servers respond with status 200. */
  readonly hasFailed: boolean;
}

/** Whether a path ends in `/graphql`, the usual path of GraphQL servers. */
export function isGraphqlPath(path: string): boolean {
  return /\/graphql\/?$/i.test(path);
}

/** A message to an MCP server, without the name of a tool or prompt. */
interface McpRequest {
  /** A method of the protocol, such as `tools/call`. Any other method counts as an operation's name, because clients could invent it. */
  readonly method: string | undefined;
  /** Whether the message is not a call but a list, a ping, a notification, a response of the client, or a stream. */
  readonly isProtocol: boolean;
  /** Digest of the session ID that the server assigned to the client. The ID itself may be secret and long. */
  readonly session?: string | undefined;
  readonly clientName?: string | undefined;
}

/** The properties of a class without `readonly`, for the function that creates an instance. */
export type Writable<T> = { -readonly [key in keyof T]: T[key] };

/** A finished HTTP request, combined from spans and, if there is one, Node's own request. */
export class HttpRequest {
  /** The method as the client sent it, even if the span has `_OTHER`. */
  readonly method!: string;
  /** Raw path, beginning with `/`, without the query. */
  readonly path!: string;
  /** Raw query without `?`; neither redacted nor decoded. */
  readonly query!: string | undefined;
  /** Route template such as `/users/:id`, as it was reported. */
  readonly route!: string | undefined;
  /** The route as titles show it; `undefined` if titles show the path, or why the request was refused. */
  readonly titleRoute?: string | undefined;
  readonly service?: string | undefined;
  /** The operation of an endpoint that has several. */
  readonly operation?: Operation | undefined;
  /** Whether `query` in its URL is a GraphQL document and not a site search. */
  readonly isGraphql?: boolean;
  /** The host as the client or a trusted proxy sent it, not yet validated. */
  readonly host!: string | undefined;
  /** Scheme of the tracked URL. */
  readonly scheme!: 'http' | 'https';
  /** The status. If the response is incomplete, 499 (the client disconnected) or 500 (the server did), whatever status it began with. */
  readonly statusCode!: number;
  /** The status with which the response began, even if it is incomplete; `undefined` if it has not begun. */
  readonly sentStatus?: number | undefined;
  /** Content type of the response; empty if it has none, `undefined` if it is unknown. */
  readonly contentType?: string | undefined;
  /** The client disconnected before the response was complete. */
  readonly aborted!: boolean;
  /** The response is a stream without an end, such as `text/event-stream`: its duration says nothing about the server. */
  readonly isEndless?: boolean;
  readonly userAgent!: string | undefined;
  readonly acceptLanguage!: string | undefined;
  /** User agent and language as one object, if there is a user agent. */
  readonly client?: Client | undefined;
  readonly sender?: Sender | undefined;
  readonly referrer!: string | undefined;
  /** Client hints as they were sent, a line per header of `CLIENT_HINTS`, in one string because most clients repeat the same ones. */
  readonly clientHints!: string | undefined;
  /** IP address of the client according to trusted proxies, not masked. */
  readonly address!: string | undefined;
  /** Whether the request has `DNT: 1` or `Sec-GPC: 1`; `unknown` if these headers may not have been captured. */
  readonly optedOut!: 'yes' | 'no' | 'unknown';
  /** Whether a browser or framework loads the page before the user opens it. */
  readonly isPrefetch?: boolean;
  /** Whether a framework such as React Router or SvelteKit requests only the data of a page. */
  readonly isPageData?: boolean;
  /** The site of the request's hits; 0 if no hit is sent. */
  site = 0;
  /** Whether the request is sent as one of an AI chatbot. */
  isAiChatbot?: boolean;
  /** For AI chatbots, the bytes of the body as sent; `undefined` if there is no body, or if its size is uncertain. */
  bodyBytes?: number | undefined;
  readonly spanName!: string;
  /** Epoch milliseconds, with fraction. */
  readonly startMillis!: number;
  readonly durationMillis!: number;
  /**
   * Annotations of the application, the weakest first: from child spans,
   * from `annotate`, `measure` and `ignore`, from the SERVER span.
   */
  annotations!: readonly Annotations[];
  /** Parameters from callbacks and from attributes that options name. All annotations take precedence over them. */
  optionParameters?: Readonly<Record<string, unknown>> | undefined;
}

/** The request that callbacks get, read-only. `header` and `attributes` only work during the call. */
export interface TrackedRequest {
  /** Request method as the client sent it. */
  readonly method: string;
  /** Raw path without the query. It is neither decoded nor redacted. */
  readonly path: string;
  /** Query without `?`, not redacted. Missing if the URL has none. */
  readonly query?: string;
  /** Route template such as `/users/:id`. Missing if no route matched, or the framework does not report it. */
  readonly route?: string;
  /** Host as the client sent it, or as a proxy that `trustProxy` (`MATOMO_TRUST_PROXY`) trusts reports it. */
  readonly host?: string;
  /** Scheme of the tracked URL: see `assumeHttps` (`MATOMO_ASSUME_HTTPS`). */
  readonly protocol: 'http' | 'https';
  /** Status of the response; 499 if the client disconnected before it was complete. */
  readonly statusCode: number;
  /** The client disconnected before the response was complete. */
  readonly aborted: boolean;
  /** The `User-Agent` header, or `ua` of `annotate`. Missing if the client sent none. */
  readonly userAgent?: string;
  /**
   * Address of the client according to `trustProxy` (`MATOMO_TRUST_PROXY`), or `cip` of `annotate`. `anonymizeIp` does not mask it
   * here.
   */
  readonly address?: string;
  /**
   * Returns a request header; its name is case-insensitive. If the application has deleted the header, returns the value that the client sent.
   * Without Node.js' request, only headers that the span captured are known.
   */
  header(name: string): string | undefined;
  /** From the first byte of the request to the end of the response, in milliseconds; until now if the response is still open. */
  readonly durationMillis: number;
  /** Start of the request, in epoch milliseconds. */
  readonly startTime: number;
  /** Trace ID of the server span, even if the span is not sampled; missing if there is no server span. */
  readonly traceId?: string;
  /**
   * Attributes of the server span, or what Node.js knows under the same names, and attributes of the resource that the span does not have, such
   * as `service.name`. Without an SDK, `OTEL_SERVICE_NAME` and `OTEL_RESOURCE_ATTRIBUTES` define the resource.
   */
  readonly attributes: Attributes;
}

/** Names of classes and codes, as languages write them: `TypeError`, `java.io.IOException`, `ECONNREFUSED`, `Vec<T>`. */
const ERROR_TYPE = /^[\w.$:\\*/+`<>-]{1,100}$/;

/** Returns the error type as OpenTelemetry defines it. Free text, which may contain personal data, becomes `_OTHER`. */
export function toErrorType(type: string): string {
  return ERROR_TYPE.test(type) ? type : '_OTHER';
}
