import type { Attributes } from '@opentelemetry/api';
import type { PerfKey } from './parameter-names.js';

/** What an application said about one request, from one kind of source. */
export class Annotations {
  /** Tracking parameters by their Matomo name, as given: not yet checked. */
  parameters: Record<string, unknown> | undefined = undefined;
  /** Custom variables by name, in the order in which they came. */
  cvar: Record<string, unknown> | undefined = undefined;
  /** Milliseconds by perf key; several timings of one key have been added up. */
  timings: { [key in PerfKey]?: number } | undefined = undefined;
  /** Value of the attribute that says who the user is. */
  userId: string | undefined = undefined;
  /** Class of the last error. */
  errorType: string | undefined = undefined;
  /** Name of the first GraphQL operation. */
  operation: string | undefined = undefined;
  /** Class of the last error of a GraphQL operation, which is answered with 200. */
  operationError: string | undefined = undefined;
  /** The request makes no hit. */
  ignored = false;
}

/** Whether annotations change anything about a hit that is made. */
export function hasAnnotations(annotations: Annotations | undefined): annotations is Annotations {
  if (annotations === undefined) return false;
  const { parameters, cvar, timings, userId, errorType, operation, operationError } = annotations;
  return (
    (parameters ?? cvar ?? timings ?? userId ?? errorType ?? operation ?? operationError) !==
    undefined
  );
}

/** The response to an AI chatbot, as far as it is known. */
export interface ChatbotResponse {
  readonly contentType: string | undefined;
  /** Bytes of the body as sent; `undefined` if there is none or the number is not certain. */
  readonly bodyBytes: number | undefined;
}

/** A finished HTTP request, put together from spans and, where there was one, Node's own request. */
export interface HttpRequest {
  /** As the client sent it, also where the span says `_OTHER`. */
  readonly method: string;
  /** Raw path, beginning with `/`, without the query. */
  readonly path: string;
  /** Raw query without `?`; neither redacted nor decoded. */
  readonly query: string | undefined;
  /** Route template such as `/users/:id`. */
  readonly route: string | undefined;
  /** As the client named it, or a trusted proxy: not yet checked. */
  readonly host: string | undefined;
  /** Of the tracked URL. */
  readonly scheme: 'http' | 'https';
  /** 499 if the client went away, 500 if the server destroyed the response or crashed before it had a status. */
  readonly statusCode: number;
  /** The client went away before the response was complete. */
  readonly aborted: boolean;
  readonly userAgent: string | undefined;
  readonly acceptLanguage: string | undefined;
  readonly referrer: string | undefined;
  /** Client hints as Matomo's `uadata`: JSON. */
  readonly clientHints: string | undefined;
  /** IP address of the caller as far as proxies are trusted, not masked. */
  readonly address: string | undefined;
  /** `DNT: 1` or `Sec-GPC: 1`. */
  readonly optedOut: boolean;
  /** An AI agent that drives a browser has signed it. */
  readonly isAiAgent?: boolean;
  /** Set if it is sent as a request by an AI chatbot. */
  chatbotResponse?: ChatbotResponse | undefined;
  /** Name of the server span. */
  readonly spanName: string;
  /** Epoch milliseconds, with fraction. */
  readonly startMillis: number;
  readonly durationMillis: number;
  /** What the application said, weakest first: spans below, `track` and its kin, the server span itself. Only what says something. */
  annotations: readonly Annotations[];
  /** What option functions and the span's attributes gave for this request: parameters, weaker than all annotations. */
  given?: Readonly<Record<string, unknown>> | undefined;
}

/** What option functions get: one request, read-only, with `header` usable only during the call. */
export interface TrackedRequest {
  /** Request method as the client sent it. */
  readonly method: string;
  /** Raw path without the query. */
  readonly path: string;
  /** Query without `?`, not redacted. */
  readonly query?: string;
  /** Route template such as `/users/:id`. */
  readonly route?: string;
  /** Host as the client sent it. */
  readonly host?: string;
  /** Scheme of the tracked URL. */
  readonly protocol: 'http' | 'https';
  /** 499 for an aborted request. */
  readonly statusCode?: number;
  /** The client went away before the response was complete. */
  readonly aborted: boolean;
  readonly userAgent?: string;
  /** Address of the client, before masking. */
  readonly address?: string;
  /** A request header by its name in any case. */
  header(name: string): string | undefined;
  readonly durationMillis: number;
  /** Epoch milliseconds. */
  readonly startTime: number;
  /** Attributes of the server span. */
  readonly attributes: Attributes;
}
