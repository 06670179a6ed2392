import { type Annotations, addTiming, toErrorType } from '../hit/http-request.js';
import { hasNonFiniteNumber, isPerfKey } from '../hit/parameters/parameter-values.js';
import {
  ERROR_STATUS,
  type FinishedSpan,
  micrometerIn,
  SERVER_SPAN,
  toMillis,
} from '../request/finished-span.js';
import {
  annotateWith,
  hasHitEvent,
  PERF_KEY_ATTRIBUTE,
  PREFIX,
} from '../request/matomo-attributes.js';
import {
  isGraphqlSpan,
  isMcpSpan,
  isOperationSpan,
  operationOfSpan,
} from '../request/operations.js';
import type { RequestReading } from '../request/read-request.js';
import type { Request } from '../request/request.js';
import { routeBelow } from '../request/routes.js';

/** One of them matches the path. */
const MAX_ROUTES = 10;

/** Whether a child span affects the hit. Called for every span of the application. */
export function isAnnotatedBelow(span: FinishedSpan, reading: RequestReading): boolean {
  return isAnnotated(span, reading) || routeBelow(span) !== undefined;
}

/** Whether a span has anything for Matomo. */
export function isAnnotated(span: FinishedSpan, { userIdAttribute }: RequestReading): boolean {
  if (span.status.code === ERROR_STATUS) return true;
  if (hasHitEvent(span)) return true;
  const { attributes } = span;
  if (userIdAttribute !== undefined && attributes[userIdAttribute] !== undefined) return true;
  for (const name in attributes) {
    if (name.charCodeAt(0) === 109 /* m */ && name.startsWith(PREFIX)) return true;
  }
  return isOperationSpan(span);
}

/** Copies what a span has for Matomo to the annotations of its request. */
function annotate(annotations: Annotations, span: FinishedSpan, reading: RequestReading): void {
  const { attributes } = span;
  for (const name in attributes) {
    const value = attributes[name];
    if (value === undefined) continue;
    if (name === reading.userIdAttribute && !hasNonFiniteNumber(value))
      annotations.userId = reading.toUserId(name, String(value));
    if (name !== PERF_KEY_ATTRIBUTE) annotateWith(annotations, name, value);
    else if (isPerfKey(value)) addTiming(annotations, value, toMillis(span.duration));
    else reading.reportPerfKey(value);
  }
  const errorType = errorTypeOf(span);
  annotations.errorType = errorType ?? annotations.errorType;
  if (errorType !== undefined && (isGraphqlSpan(span) || isMcpSpan(span)))
    annotations.operationError = errorType;
}

function hasError(span: FinishedSpan): boolean {
  const { status, events, attributes } = span;
  if (status.code === ERROR_STATUS || events?.some(({ name }) => name === 'exception')) return true;
  return attributes['error.type'] !== undefined && isMcpSpan(span);
}

/** Copies the annotations of a child span. */
export function annotateBelow(request: Request, span: FinishedSpan, reading: RequestReading): void {
  const additions = request.ensureSpanFacts();
  annotate(additions.below, span, reading);
  const operation = operationOfSpan(span);
  // A span of MCP contains the others, and ends after them.
  if (operation?.kind === 'mcp') additions.operation = operation;
  else additions.operation ??= operation;
  additions.hasFailed ||= isOperationSpan(span) && hasError(span);
  const route = routeBelow(span);
  if (route === undefined || additions.routes.includes(route)) return;
  if (additions.routes.length < MAX_ROUTES) additions.routes = [...additions.routes, route];
}

/** Copies the annotations of the server span. */
export function annotateOwn(request: Request, span: FinishedSpan, reading: RequestReading): void {
  const { events, attributes } = span;
  // It can have an error without having the status of one.
  const mayHaveFailed = events?.length || attributes['error.type'] !== undefined;
  if (!mayHaveFailed && !isAnnotated(span, reading)) return;
  const additions = request.ensureSpanFacts();
  annotate(additions.own, span, reading);
  additions.operation = operationOfSpan(span) ?? additions.operation;
}

/** Class of the last exception of a span, else its `error.type` unless that is a status such as `500`. */
function errorTypeOf(span: FinishedSpan): string | undefined {
  const exception = span.events?.findLast(({ name }) => name === 'exception');
  const { attributes } = span;
  const type =
    exception?.attributes?.['exception.type'] ??
    attributes['error.type'] ??
    (span.kind === SERVER_SPAN ? micrometerIn(attributes)?.errorType : undefined);
  if (typeof type !== 'string' || type === '' || /^\d{3}$/.test(type)) return undefined;
  return toErrorType(type);
}
