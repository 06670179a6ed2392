import { createHiddenValue, type HiddenValue, shared } from '../common/foreign-objects.js';
import { serverSpanOf, spanOf } from '../common/otel-global.js';
import type { Context, Span } from '../common/otel-types.js';
import type { Request } from './request.js';

/**
 * On spans, from their start: the announced request that they belong to, which leads to those of all processors and copies of this
 * package. So nothing but its spans and its async context keeps a request in memory that may never end.
 */
const KEY = Symbol.for('opentelemetry-matomo.owners.1');
let owners: HiddenValue<Request> | undefined;

/** A span, recorded or not. */
export type OwnedSpan = Pick<Span, 'spanContext'>;

export function ownerOf(span: OwnedSpan | undefined): Request | undefined {
  owners ??= shared(KEY, createHiddenValue<Request>);
  return span && owners.get(span);
}

export function setOwner(span: OwnedSpan, announced: Request): void {
  owners ??= shared(KEY, createHiddenValue<Request>);
  try {
    owners.set(span, announced);
  } catch {
    // It is frozen, so it has no owner, as if it were not recorded.
  }
}

/**
 * The span that is active in a context. No processor is called for one that is not recorded: it gets the owner of the SERVER span that the
 * HTTP instrumentation stores beside it.
 */
export function ownedSpanOf(context: Context | undefined): Span | undefined {
  const span = spanOf(context);
  if (!span || ownerOf(span)) return span;
  const server = serverSpanOf(context);
  const owner = ownerOf(server);
  if (!server || !owner) return span;
  const { traceId, isRemote } = span.spanContext();
  if (!isRemote && traceId === server.spanContext().traceId) setOwner(span, owner);
  return span;
}
