import type { Attributes } from '../common/otel-types.js';
import type { PerfKey } from './parameters/parameter-values.js';
import type { Client, Sender } from './visitor/client.js';

/** Annotations of one request by the application, from one kind of source. */
export class Annotations {
  /** Tracking parameters by Matomo's names, not yet checked. */
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
  /** The request makes no hit. */
  ignored = false;
}

/** Whether annotations change anything about a hit, or whether there is one. */
export function hasAnnotations(annotations: Annotations | undefined): annotations is Annotations {
  if (annotations === undefined) return false;
  const { parameters, cvar, timings, userId, errorType, operationError, ignored } = annotations;
  if (ignored) return true;
  return (parameters ?? cvar ?? timings ?? userId ?? errorType ?? operationError) !== undefined;
}

/** Adds to a timing of the page view. */
export function addTiming(annotations: Annotations, key: PerfKey, millis: number): void {
  annotations.timings ??= {};
  annotations.timings[key] = (annotations.timings[key] ?? 0) + millis;
}

/** `action` is an operation that a header names, as with SOAP and AWS. */
export type OperationKind = 'action' | 'graphql' | 'json-rpc' | 'mcp' | 'trpc';

/** Names beyond the limit of names share this one. */
export const OTHER_NAME = '(other)';

/** What one endpoint does for a request, such as a GraphQL operation. */
export interface Operation {
  readonly kind: OperationKind;
  /** The name, without variables and arguments; of MCP, the tool or prompt. `undefined` if the title must not contain it. */
  readonly name: string | undefined;
  /** The message, if the server is one of MCP. */
  readonly mcp?: McpRequest | undefined;
  /** The number of operations in a batch, whose first one has the name. */
  readonly count: number;
  /** Whether it failed, which only spans and channels say: many servers respond with status 200. */
  readonly hasFailed: boolean;
}

/** Whether a path is the one at which most servers of GraphQL listen. */
export function isGraphqlPath(path: string): boolean {
  return /\/graphql\/?$/i.test(path);
}

/** A message to an MCP server, without the name of a tool or prompt. */
interface McpRequest {
  /** A method of the protocol, such as `tools/call`. Any other is the name of an operation, because clients could invent it. */
  readonly method: string | undefined;
  /** Whether it is no call, but a list, a ping, a notification, a response of the client, or a stream. */
  readonly isProtocol: boolean;
  /** The digest of the session that the server has opened for its client: the ID may be secret and long. */
  readonly session?: string | undefined;
  readonly clientName?: string | undefined;
}

/** The properties of a class without `readonly`, for the function that makes an instance. */
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
  /** The route as titles show it; `undefined` if they show the path, or why the request was refused. */
  readonly titleRoute?: string | undefined;
  readonly service?: string | undefined;
  /** The operation of an endpoint that has several. */
  readonly operation?: Operation | undefined;
  /** Whether `query` in its URL is a GraphQL document and not a site search. */
  readonly isGraphql?: boolean;
  /** The host as the client or a trusted proxy sent it, not yet checked. */
  readonly host!: string | undefined;
  /** Scheme of the tracked URL. */
  readonly scheme!: 'http' | 'https';
  /** 499 if the client disconnected before the response was complete, 500 if the server did, whatever the response began with. */
  readonly statusCode!: number;
  /** The status that the response has begun with, also if it is incomplete; `undefined` if it has not begun. */
  readonly sentStatus?: number | undefined;
  /** Content type of the response; empty if it has none, `undefined` if that is not known. */
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
  /** Client hints as they were sent, a line per header of `CLIENT_HINTS`: most clients have sent the same before. */
  readonly clientHints!: string | undefined;
  /** IP address of the client according to trusted proxies, not masked. */
  readonly address!: string | undefined;
  /** Whether the request has `DNT: 1` or `Sec-GPC: 1`; `unknown` if these headers may not have been captured. */
  readonly optedOut!: 'yes' | 'no' | 'unknown';
  /** A browser or framework loads the page before anybody asks for it. */
  readonly isPrefetch?: boolean;
  /** A framework such as React Router or SvelteKit requests the data of a page, to show it without loading it. */
  readonly isPageData?: boolean;
  /** The site of its hits; 0 if none is sent. */
  site = 0;
  /** Whether it is sent as a request by an AI chatbot. */
  isAiChatbot?: boolean;
  /** For AI chatbots, the bytes of the body as sent; `undefined` if there is none, or its size is not certain. */
  bodyBytes?: number | undefined;
  readonly spanName!: string;
  /** Epoch milliseconds, with fraction. */
  readonly startMillis!: number;
  readonly durationMillis!: number;
  /** Annotations of the application, weakest first: of child spans, of `annotate`, `measure` and `ignore`, of the server span. */
  annotations!: readonly Annotations[];
  /** Parameters from callbacks and attributes of the server span, weaker than all annotations. */
  optionParameters?: Readonly<Record<string, unknown>> | undefined;
}

/** The request that callbacks get, read-only. `header` only works during the call. */
export interface TrackedRequest {
  /** Request method as the client sent it. */
  readonly method: string;
  /** Raw path without the query. It is neither decoded nor redacted. */
  readonly path: string;
  /** Query without `?`, not redacted. Missing if the URL has none. */
  readonly query?: string;
  /** Route template such as `/users/:id`. Missing if no route matched, or the framework does not tell it. */
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
   * Returns a request header; its name is case-insensitive. If the application has deleted the header, the value that the client sent.
   * Without Node.js' request, only headers that the span captured are known.
   */
  header(name: string): string | undefined;
  /** From the first byte of the request to the end of the response, in milliseconds; until now if that is still open. */
  readonly durationMillis: number;
  /** Start of the request, in epoch milliseconds. */
  readonly startTime: number;
  /** ID of the trace of its server span, also if that is not sampled; missing if it has none. */
  readonly traceId?: string;
  /**
   * Attributes of the server span, or what Node.js knows under the same names, and those of the resource that it has not itself, such as
   * `service.name`. Without an SDK, the resource is what `OTEL_SERVICE_NAME` and `OTEL_RESOURCE_ATTRIBUTES` say.
   */
  readonly attributes: Attributes;
}

/** Names of classes and codes, as languages write them: `TypeError`, `java.io.IOException`, `ECONNREFUSED`, `Vec<T>`. */
const ERROR_TYPE = /^[\w.$:\\*/+`<>-]{1,100}$/;

/** The type of an error as OpenTelemetry has it. Free text, which may contain data of a person, becomes `_OTHER`. */
export function toErrorType(type: string): string {
  return ERROR_TYPE.test(type) ? type : '_OTHER';
}
