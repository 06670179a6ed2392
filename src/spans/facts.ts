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
import { isGraphqlSpan, isMcpSpan, operationOfSpan } from '../request/operations.js';
import type { RequestReading } from '../request/read-request.js';
import type { Request } from '../request/request.js';
import { routeBelow } from '../request/route-of.js';

/** The maximum number of routes that spans add to a request, of which `routeOf` chooses one. */
const MAX_ROUTES = 10;

/**
 * Adds the data of a span to its request if the request is open. The span is the SERVER span or one below. Returns whether the span has data for
 * Matomo other than a route. Called for every span of the application.
 */
export function addFacts(
  request: Request | undefined,
  span: FinishedSpan,
  reading: RequestReading,
): boolean {
  const { attributes, events, status } = span;
  const isOwn = request?.span === span;
  const hasEvents = events !== undefined && events.length > 0;
  let hasFacts = status.code === ERROR_STATUS || (hasEvents && hasHitEvent(span));
  for (const name in attributes) {
    const isUser = name === reading.userIdAttribute;
    if (!isUser && !(name[0] === PREFIX[0] && name.startsWith(PREFIX))) continue;
    if (attributes[name] === undefined) continue;
    hasFacts = true;
    if (request) annotate(annotationsOf(request, isOwn), name, span, reading);
  }
  const operation = operationOfSpan(span);
  const isOfOperation = operation !== undefined || (hasEvents && isGraphqlSpan(span));
  hasFacts ||= isOfOperation;
  const route = isOwn ? undefined : routeBelow(span);
  if (!request) return hasFacts;
  // A SERVER span can have the type of an error without an error status.
  if (hasFacts || route !== undefined || span.kind === SERVER_SPAN) {
    const type = errorTypeOf(span);
    if (type !== undefined) {
      const annotations = annotationsOf(request, isOwn);
      annotations.errorType = type;
      if (isGraphqlSpan(span) || isMcpSpan(span)) annotations.operationError = type;
    }
  }
  if (isOfOperation || route !== undefined) {
    const facts = request.ensureSpanFacts();
    // The span of an MCP call contains the other spans, and ends after them.
    if (operation?.kind === 'mcp' || isOwn) facts.operation = operation ?? facts.operation;
    else facts.operation ??= operation;
    if (!isOwn) facts.hasFailed ||= isOfOperation && hasError(span);
    const isNew = route !== undefined && !facts.routes.includes(route);
    if (isNew && facts.routes.length < MAX_ROUTES) facts.routes = [...facts.routes, route];
  }
  return hasFacts;
}

function annotationsOf(request: Request, isOwn: boolean): Annotations {
  const facts = request.ensureSpanFacts();
  return isOwn ? facts.own : facts.below;
}

/** Copies an attribute that begins with `matomo.` or names the user. */
function annotate(
  annotations: Annotations,
  name: string,
  { attributes, duration }: FinishedSpan,
  reading: RequestReading,
): void {
  const value = attributes[name];
  if (value === undefined) return;
  if (name === reading.userIdAttribute && !hasNonFiniteNumber(value))
    annotations.userId = reading.toUserId(name, String(value));
  if (name !== PERF_KEY_ATTRIBUTE) annotateWith(annotations, name, value);
  else if (isPerfKey(value)) addTiming(annotations, value, toMillis(duration));
  else reading.reportPerfKey(value);
}

function hasError(span: FinishedSpan): boolean {
  const { status, events, attributes } = span;
  if (status.code === ERROR_STATUS || events?.some(({ name }) => name === 'exception')) return true;
  return attributes['error.type'] !== undefined && isMcpSpan(span);
}

/** The class of the last exception of a span, else its `error.type` unless that is a status such as `500`. */
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
