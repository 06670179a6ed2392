import type { IncomingHttpHeaders } from 'node:http';
import type { Attributes } from '../common/otel-types.js';
import type { FurtherHit } from '../hit/further-hit.js';
import type { Annotations, ChatbotResponse, HttpRequest } from '../hit/http-request.js';
import { type FinishedSpan, SERVER_SPAN } from './finished-span.js';
import { type RequestReading, rereadHeaders } from './read-request.js';
import {
  createUserIdReader,
  type ForwardedUserId,
  type UserIdMethod,
  type UserIdOptions,
  type UserIdReader,
  userIdAttributeOf,
} from './read-user-id.js';
import type { EndedRecord } from './request-record.js';
import { type HoldOptions, longestHold } from './request-waits.js';
import { responseHeadOf } from './response-header.js';

/** An ended request as data that can be sent from one thread to another. */
export interface ForwardedRequest {
  readonly request: HttpRequest;
  readonly isIgnored: boolean;
  /** Attributes of the server span. */
  readonly attributes: Attributes;
  /** Of Node's request, if there is one. */
  readonly headers: IncomingHttpHeaders | undefined;
  readonly rawHeaders: readonly string[] | undefined;
  /** Of the connection. */
  readonly peerAddress: string | undefined;
  /** The attribute from which the user ID of annotations comes, which is as the attribute has it. */
  readonly userIdAttribute: string | undefined;
  readonly furtherHits: readonly FurtherHit[] | undefined;
  /** If an AI chatbot asked. */
  readonly chatbotResponse?: ChatbotResponse | undefined;
  /** Status line and headers of the response, without cookies. */
  readonly responseHead?: string | undefined;
  /** If it is made of a header, which then is not in `headers`. */
  readonly userId?: ForwardedUserId | undefined;
  /** Whether the request itself was forwarded before. Then only its further hits count. */
  readonly isKnown: boolean;
}

/** A hit with the visitor that it names: outside of any request, or of one of which nothing is known. */
interface ForwardedHit {
  readonly hit: FurtherHit;
  readonly isOfRequest: boolean;
}

export type ForwardedItem = ForwardedRequest | ForwardedHit;

/** What a thread dropped, to be counted where hits are sent. */
export interface DroppedCounts {
  /** Lost, with the requests that contain them. */
  readonly pageViews: number;
  readonly furtherHits: number;
  /** Calls that made no hit. */
  readonly tooMany: number;
  readonly invalid: number;
  readonly unusedSpans: number;
}

export interface ForwardedCounts {
  readonly dropped: DroppedCounts;
}

/** What a forwarded request has besides its record. */
export type RequestSources = Pick<
  ForwardedRequest,
  | 'attributes'
  | 'headers'
  | 'rawHeaders'
  | 'peerAddress'
  | 'userIdAttribute'
  | 'chatbotResponse'
  | 'responseHead'
  | 'userId'
>;

/**
 * What a worker thread must know of the options to read requests. The main thread has them, perhaps in code. It applies all others, and
 * checks these again: a worker thread can read requests before it knows them.
 */
export interface ThreadOptions {
  readonly userIdAttribute: string | undefined;
  /** How user IDs are made of a header or claim. */
  readonly userIds: UserIdMethod | undefined;
  readonly errors: boolean;
  /** Whether requests to MCP servers are recognized. */
  readonly readsMcp: boolean;
  /** User agents whose responses are measured. */
  readonly aiChatbotUserAgents: readonly string[];
  /** How long a hit waits for work of its request that has not ended. */
  readonly longestHoldMillis: number;
}

export function toThreadOptions(
  options: UserIdOptions &
    HoldOptions & {
      readonly errors: 'off' | 'type' | 'crash';
      readonly mcp: 'calls' | 'all' | 'off';
      readonly aiChatbots: string;
      readonly aiChatbotUserAgents: readonly string[];
    },
): ThreadOptions {
  const { userId, errors, mcp, aiChatbots, aiChatbotUserAgents } = options;
  return {
    userIdAttribute: userIdAttributeOf(userId),
    userIds: createUserIdReader(options, { warnOnce: () => undefined })?.method,
    errors: errors !== 'off',
    readsMcp: mcp !== 'off',
    aiChatbotUserAgents: aiChatbots === 'separate' ? aiChatbotUserAgents : [],
    longestHoldMillis: longestHold(options),
  };
}

/**
 * Reads the sources of a request as long as Node's request and the span are available. If there is a reader of user IDs, the header
 * from which it makes them stays in this thread.
 */
export function sourcesOf(
  record: EndedRecord,
  span: FinishedSpan,
  userIdAttribute: string | undefined,
  userIds: UserIdReader | undefined,
  chatbotResponse?: ChatbotResponse,
): RequestSources {
  const { attributes } = span;
  const { request, response } = record.captured ?? {};
  const { headers, rawHeaders } = request ?? {};
  const sources = {
    attributes,
    headers,
    rawHeaders,
    peerAddress: request?.socket?.remoteAddress,
    userIdAttribute,
    chatbotResponse,
    responseHead: responseHeadOf(response),
  };
  if (!userIds) return sources;
  return {
    ...sources,
    attributes: userIds.withoutKey(attributes),
    headers: headers && userIds.withoutKey(headers),
    rawHeaders: rawHeaders && userIds.withoutRawKey(rawHeaders),
    userId: { method: userIds.method, pseudonym: userIds.read(record, span) },
  };
}

/** Closes a record and returns what is known about its request until then. */
export function toForwarded(
  record: EndedRecord,
  sources: RequestSources,
  isKnown = false,
): ForwardedRequest {
  record.close();
  const { ignored: isIgnored, furtherHits } = record;
  const request = { ...record.request, client: undefined };
  record.furtherHits = undefined;
  record.shorten();
  return { ...sources, request, isIgnored, furtherHits, isKnown };
}

/** The request as if this thread had handled it, with its own options. */
export function fromForwarded(
  forwarded: ForwardedRequest,
  reading: RequestReading,
): { record: EndedRecord; span: FinishedSpan } {
  const { isIgnored, attributes, headers, rawHeaders, peerAddress, furtherHits, isKnown } =
    forwarded;
  const { chatbotResponse, responseHead, userId } = forwarded;
  const sent = headers && { headers, rawHeaders };
  const read = rereadHeaders(forwarded.request, sent, attributes, peerAddress, reading);
  const isLeftOut = read.operation?.kind === 'mcp' && !reading.readsMcp;
  const request = isLeftOut ? { ...read, operation: undefined } : read;
  for (const annotations of request.annotations) {
    annotations.userId = userIdOf(annotations, forwarded.userIdAttribute, reading);
  }
  const record: EndedRecord = {
    request,
    currentRequest: request,
    furtherHits,
    chatbotResponse,
    responseHead,
    userId,
    ignored: isIgnored,
    running: false,
    captured: sent && { request: sent },
    site: undefined,
    isPermitted: undefined,
    isInSample: undefined,
    closed: isKnown,
    close() {
      record.closed = true;
    },
    shorten() {},
  };
  const span: FinishedSpan = {
    name: request.spanName,
    kind: SERVER_SPAN,
    startTime: [0, 0],
    duration: [0, 0],
    attributes,
    status: { code: 0 },
    spanContext: () => ({ traceId: '', spanId: '', traceFlags: 0 }),
  };
  return { record, span };
}

function userIdOf(
  { userId }: Annotations,
  attribute: string | undefined,
  { userIdAttribute, toUserId }: RequestReading,
): string | undefined {
  if (userId === undefined || attribute === undefined) return undefined;
  return attribute === userIdAttribute ? toUserId(attribute, userId) : undefined;
}

/**
 * Replaces each value that cannot be sent to another thread, such as a function. A parameter becomes `null`, so that the main
 * thread reports it, and drops and counts its hit, by the rules for any other invalid value.
 */
export function toCloneable(forwarded: ForwardedItem): ForwardedItem {
  if ('hit' in forwarded) return { ...forwarded, hit: toCloneableHit(forwarded.hit) };
  const { request, attributes, headers, furtherHits } = forwarded;
  return {
    ...forwarded,
    headers: headers && replaceUncloneable(headers, undefined),
    request: { ...request, annotations: request.annotations.map(toCloneableAnnotations) },
    attributes: replaceUncloneable(attributes, undefined),
    furtherHits: furtherHits?.map(toCloneableHit),
  };
}

function toCloneableHit({ parameters, epochMillis }: FurtherHit): FurtherHit {
  const { cvar } = parameters;
  const variables = isRecord(cvar) ? { cvar: replaceUncloneable(cvar, null) } : {};
  return { parameters: replaceUncloneable({ ...parameters, ...variables }, null), epochMillis };
}

function toCloneableAnnotations(annotations: Annotations): Annotations {
  const { parameters, cvar } = annotations;
  return {
    ...annotations,
    parameters: parameters && replaceUncloneable(parameters, null),
    cvar: cvar && replaceUncloneable(cvar, null),
  };
}

function replaceUncloneable<T extends Readonly<Record<string, unknown>>>(
  values: T,
  replacement: null | undefined,
): T {
  const entries = Object.entries(values).map(([name, value]) => [
    name,
    isCloneable(value) ? value : replacement,
  ]);
  return Object.fromEntries(entries);
}

function isCloneable(value: unknown): boolean {
  try {
    structuredClone(value);
    return true;
  } catch {
    return false;
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
