import { setHidden } from '../common/foreign-objects.js';
import { serverSpanOf, spanOf } from '../common/otel-global.js';
import type { Context, Span } from '../common/otel-types.js';
import type { Request } from './request.js';

/**
 * On spans, from their start: the announced request that they belong to, which leads to those of all processors and copies of this
 * package. So nothing but its spans and its async context keeps a request in memory that may never end. A `WeakMap` costs a tenth of all
 * the CPU time of a hit.
 */
const OWNER: unique symbol = Symbol.for('opentelemetry-matomo.owner.1');

/** A span, recorded or not. */
export interface OwnedSpan extends Pick<Span, 'spanContext'> {
  [OWNER]?: Request;
}

export function ownerOf(span: OwnedSpan | undefined): Request | undefined {
  return span?.[OWNER];
}

export function setOwner(span: OwnedSpan, announced: Request): void {
  try {
    setHidden(span, OWNER, announced);
  } catch {
    // It is frozen, so it has no owner, as if it were not recorded.
  }
}

/**
 * The span that is active in a context. No processor is called for one that is not recorded: it gets the owner of the SERVER span that the
 * HTTP instrumentation stores beside it.
 */
export function ownedSpanOf(context: Context | undefined): Span | undefined {
  const span: (Span & OwnedSpan) | undefined = spanOf(context);
  if (!span || span[OWNER]) return span;
  const server: OwnedSpan | undefined = serverSpanOf(context);
  if (!server?.[OWNER]) return span;
  const { traceId, isRemote } = span.spanContext();
  if (!isRemote && traceId === server.spanContext().traceId) setOwner(span, server[OWNER]);
  return span;
}
