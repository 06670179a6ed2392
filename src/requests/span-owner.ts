import { serverSpanOf, spanOf } from '../common/otel-global.js';
import type { Context, Span } from '../common/otel-types.js';
import { ownerOf, setOwner } from './owner.js';

/** A span, recorded or not. */
export type OwnedSpan = Pick<Span, 'spanContext'>;

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
