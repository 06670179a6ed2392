import type { SpanContext } from '../../common/otel-types.js';
import { CLIENT_SPAN, type FinishedSpan, SERVER_SPAN } from '../finished-span.js';
import { describeMcp, type McpOperation, toVersion } from './mcp.js';

/** The attributes of spans that are read. */
export const MCP_ATTRIBUTES: readonly string[] = [
  'mcp.method.name',
  'gen_ai.tool.name',
  'gen_ai.prompt.name',
  'mcp.session.id',
  'mcp.protocol.version',
  // Of Sentry.
  'mcp.tool.name',
  'mcp.prompt.name',
  'mcp.client.name',
];

/** Spans of FastMCP for Python have an ID of their own for each request from this revision on. */
const FIRST_WITHOUT_SESSIONS = '2026-07-28';

/** The message that a span is about. */
export function readMcpSpan(span: FinishedSpan): McpOperation | undefined {
  const method = methodOf(span);
  if (method === undefined) return undefined;
  const { attributes } = span;
  const target =
    method === 'prompts/get'
      ? (attributes['gen_ai.prompt.name'] ?? attributes['mcp.prompt.name'])
      : (attributes['gen_ai.tool.name'] ?? attributes['mcp.tool.name']);
  const protocolVersion = toVersion(attributes['mcp.protocol.version']);
  const hasSessions = protocolVersion === undefined || protocolVersion < FIRST_WITHOUT_SESSIONS;
  return describeMcp({
    method,
    target,
    session: hasSessions ? attributes['mcp.session.id'] : undefined,
    clientName: attributes['mcp.client.name'],
    protocolVersion,
  });
}

type Attributed = Pick<FinishedSpan, 'kind' | 'attributes'>;

/** Whether a span is of a message to this server. */
export function isMcpSpan(span: Attributed): boolean {
  return methodOf(span) !== undefined;
}

function methodOf({ kind, attributes }: Attributed): string | undefined {
  if (kind === CLIENT_SPAN) return undefined; // of a call that the handler made itself
  const system = attributes['rpc.system.name'] ?? attributes['rpc.system'];
  const method =
    attributes['mcp.method.name'] ?? (system === 'mcp' ? attributes['rpc.method'] : undefined);
  return typeof method === 'string' ? method : undefined;
}

/**
 * The SERVER span of the HTTP request that brought the message of a span: a link, if the parent of the span is the call of the client,
 * as the message itself says.
 */
export function linkedRequestOf(
  span: Pick<FinishedSpan, 'kind' | 'attributes' | 'links' | 'parentSpanContext' | 'parentSpanId'>,
): Pick<SpanContext, 'traceId' | 'spanId'> | undefined {
  const { links, parentSpanContext, kind } = span;
  const [link] = links ?? [];
  if (link === undefined || !isMcpSpan(span)) return undefined;
  const isLocal =
    parentSpanContext?.isRemote === false ||
    (parentSpanContext?.isRemote === undefined && kind !== SERVER_SPAN);
  const { parentSpanId = parentSpanContext?.spanId } = span;
  return parentSpanId !== undefined && isLocal ? undefined : link.context;
}
