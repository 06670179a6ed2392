import { isRecord } from '../../common/is-record.js';
import type { SpanContext } from '../../common/otel-types.js';
import type { McpRequest } from '../../hit/http-request.js';
import { CLIENT_SPAN, type FinishedSpan, SERVER_SPAN } from '../finished-span.js';
import type { Request } from '../request.js';
import { toName } from './operation-target.js';

/** Calls that the protocol defines. A method that it does not define is a call, too. */
const CALLS: ReadonlySet<unknown> = new Set([
  'initialize',
  'prompts/get',
  'resources/read',
  'server/discover',
  'tools/call',
]);

/** Other methods that the protocol defines. */
const PROTOCOL: ReadonlySet<unknown> = new Set([
  'completion/complete',
  'logging/setLevel',
  'notifications/cancelled',
  'notifications/initialized',
  'notifications/progress',
  'notifications/roots/list_changed',
  'ping',
  'prompts/list',
  'resources/list',
  'resources/subscribe',
  'resources/templates/list',
  'resources/unsubscribe',
  'subscriptions/listen',
  'tools/list',
]);

/** Calls whose target is a name. That of `resources/read` is a URI, which is never read. */
const NAMED: ReadonlySet<unknown> = new Set(['prompts/get', 'tools/call']);

/** Spans of FastMCP for Python have an ID of their own for each request from this revision on. */
const FIRST_WITHOUT_SESSIONS = '2026-07-28';

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

/** The message that a span is about. */
export function readMcpSpan(span: FinishedSpan): McpReport | undefined {
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

function methodOf({ kind, attributes }: Attributed): string | undefined {
  if (kind === CLIENT_SPAN) return undefined; // of a call that the handler made itself
  const system = attributes['rpc.system.name'] ?? attributes['rpc.system'];
  const method =
    attributes['mcp.method.name'] ?? (system === 'mcp' ? attributes['rpc.method'] : undefined);
  return typeof method === 'string' ? method : undefined;
}

/** Whether a span is of a message to this server. */
export function isMcpSpan(span: Attributed): boolean {
  return methodOf(span) !== undefined;
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

/** What one source says of a message: a span, headers, the body of the request, or what `trackMcp` has seen of it. */
export interface McpReport {
  /** Of the tool or prompt, never a URI; else the method if the protocol does not define it. */
  readonly name: string | undefined;
  readonly mcp: McpRequest;
  /** The message gets no response: it is a notification, or itself a response to a request of the server. */
  readonly isUnanswered?: boolean | undefined;
  /** Whether the server has answered without an error. Only `trackMcp` sees that. */
  readonly hasSucceeded?: boolean | undefined;
}

const UNANSWERED: McpReport = {
  name: undefined,
  mcp: { method: undefined, isProtocol: true },
  isUnanswered: true,
};

/** Adds to what is known of a request by its messages: what is known already is not replaced. Its path is then known as one of MCP. */
export function reportMcp(report: McpReport, request: Request): void {
  request.mcp = request.mcp ? mergeMcp([request.mcp, report]) : report;
}

/** The first source that knows a message has it. Its sender and its answer are of the first one that knows something of them. */
export function mergeMcp(reports: readonly McpReport[]): McpReport {
  const message = reports.find(({ name, mcp }) => (name ?? mcp.method) || mcp.isProtocol);
  const first = <Key extends keyof McpRequest>(key: Key) =>
    reports.find(({ mcp }) => mcp[key] !== undefined)?.mcp[key];
  return {
    name: message?.name,
    mcp: {
      method: message?.mcp.method,
      isProtocol: message?.mcp.isProtocol ?? false,
      session: first('session'),
      clientName: first('clientName'),
      protocolVersion: first('protocolVersion'),
      listedNames: first('listedNames'),
    },
    hasSucceeded: reports.some(({ hasSucceeded }) => hasSucceeded),
  };
}

/** Checks what a source says. */
export function describeMcp({
  method,
  target,
  session,
  clientName,
  protocolVersion,
}: {
  readonly method?: unknown;
  readonly target?: unknown;
  readonly session?: unknown;
  readonly clientName?: unknown;
  readonly protocolVersion?: unknown;
}): McpReport {
  const isCall = CALLS.has(method);
  const isDefined = isCall || PROTOCOL.has(method);
  const invented = isDefined ? undefined : toName(method);
  return {
    name: NAMED.has(method) ? toName(target) : invented,
    mcp: {
      method: isDefined ? (method as string) : undefined,
      isProtocol: isDefined ? !isCall : /^notifications\/|\/list$/.test(invented ?? ''),
      session: toSession(session),
      clientName: toClientName(clientName),
      protocolVersion: toVersion(protocolVersion),
    },
  };
}

/** Visible ASCII, as the protocol says. */
export function toSession(value: unknown): string | undefined {
  const isSession = typeof value === 'string' && value.length <= MAX_SESSION_LENGTH;
  return isSession && /^[!-~]+$/.test(value) ? value : undefined;
}

/** Some are tokens. */
const MAX_SESSION_LENGTH = 2048;

/** A line of text, such as `Visual Studio Code`. */
function toClientName(value: unknown): string | undefined {
  if (typeof value !== 'string' || value.length > MAX_CLIENT_LENGTH) return undefined;
  return /^\P{C}+$/u.test(value) ? value : undefined;
}

const MAX_CLIENT_LENGTH = 64;

/** Revisions of the protocol are dates. */
function toVersion(value: unknown): string | undefined {
  if (typeof value !== 'string' || value.length !== 'YYYY-MM-DD'.length) return undefined;
  return /^\d{4}-\d{2}-\d{2}$/.test(value) ? value : undefined;
}

const CLIENT_INFO = 'io.modelcontextprotocol/clientInfo';
const PROTOCOL_VERSION = 'io.modelcontextprotocol/protocolVersion';

/** What a message says. Arguments, URIs and contents are not read. `undefined` if it is not one of JSON-RPC. */
export function readMcpMessage(message: unknown): McpReport | undefined {
  try {
    return isRecord(message) && message.jsonrpc === '2.0' ? readMessage(message) : undefined;
  } catch {
    return undefined; // a getter of the application
  }
}

function readMessage(message: Readonly<Record<string, unknown>>): McpReport {
  const { method, id } = message;
  if (method === undefined && ('result' in message || 'error' in message)) return UNANSWERED;
  // Without an ID it is a notification, which no server runs as a call: its names may be invented.
  if (method !== undefined && id === undefined && !PROTOCOL.has(method)) return UNANSWERED;
  const params = isRecord(message.params) ? message.params : {};
  const meta = isRecord(params._meta) ? params._meta : {};
  const isBeginning = method === 'initialize';
  const client = isBeginning ? params.clientInfo : meta[CLIENT_INFO];
  return describeMcp({
    method,
    target: NAMED.has(method) ? params.name : undefined,
    clientName: isRecord(client) ? client.name : undefined,
    protocolVersion: isBeginning ? params.protocolVersion : meta[PROTOCOL_VERSION],
  });
}
