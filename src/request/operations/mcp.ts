import { hash } from 'node:crypto';
import { GenerationCache } from '../../common/generation-cache.js';
import { isRecord } from '../../common/is-record.js';
import type { SpanContext } from '../../common/otel-types.js';
import type { McpRequest, Operation } from '../../hit/http-request.js';
import { CLIENT_SPAN, type FinishedSpan, SERVER_SPAN } from '../finished-span.js';
import type { Request } from '../request.js';
import { isEventStream, readResponseHeader } from '../response.js';
import {
  isAnswer,
  isSuccess,
  type OperationTarget,
  toMatching,
  toName,
  withoutSecret,
} from './operation-target.js';

/** The operation of an ended request, and the number of messages in it. */
type FoundMcp = McpOperation & Pick<Operation, 'count' | 'isEvident'>;

/** What is sent of a message. */
export type McpOperation = Pick<Operation, 'name'> & { readonly mcp: McpRequest };

/** What a framework has parsed of the body of a request. */
export interface ParsedBody {
  /** The first one of a batch. */
  readonly message: unknown;
  readonly count: number;
}

/** Paths at which this process has served MCP, so that they need not end in `/mcp`, and are known if a stream is opened. */
const MAX_PATHS = 1000;
/** Sessions whose client is known: it names itself when the session begins. */
const MAX_SESSIONS = 10_000;

/**
 * Recognizes the requests to MCP servers of one process. `operation-names.ts` decides whether the name of an operation may be in a title,
 * `title.ts` makes the title.
 */
export class McpEndpoints {
  readonly #paths = new GenerationCache<string, true>(MAX_PATHS);
  readonly #clients = new GenerationCache<string, string>(MAX_SESSIONS);

  /** `undefined` if a request is not one of MCP. */
  read(
    target: OperationTarget,
    request: Request,
    body: ParsedBody | undefined,
  ): FoundMcp | undefined {
    const isKnown = this.#paths.get(target.path) === true;
    if (target.method === 'POST') return this.#readPost(target, request, body, isKnown);
    if (!isKnown || !isOfStream(target, request)) return undefined;
    const { mcp } = describeMcp({ ...readSender(request), isUnanswered: true });
    return { name: undefined, count: 1, isEvident: false, mcp: this.#withClient(mcp) };
  }

  #readPost(
    target: OperationTarget,
    request: Request,
    body: ParsedBody | undefined,
    isKnown: boolean,
  ): FoundMcp | undefined {
    const span = request.spanFacts?.operation;
    const sources: Sources = {
      report: request.additions?.mcp,
      span: span?.mcp && { name: span.name, mcp: span.mcp },
      message: readMcpMessage(body?.message),
    };
    const isEndpoint = isKnown || /\/mcp\/?$/.test(target.path);
    if (!isOfMcp(sources, request, isEndpoint)) return undefined;
    const { name, mcp } = merge(sources, request);
    const isSeen = (sources.report ?? sources.span) !== undefined;
    const isEvident = isSeen || isAnswer(target, 'mcp');
    const isServed = isEvident && isSuccess(target.statusCode);
    const isShown = isServed || !isEndpoint || isSeen;
    if (!isKnown && isShown) this.#paths.set(target.path, true);
    const { method, session, clientName } = mcp;
    if (isServed && method === 'initialize' && session !== undefined && clientName !== undefined)
      this.#clients.set(session, clientName);
    return { name, count: body?.count ?? 1, isEvident, mcp: this.#withClient(mcp) };
  }

  /** The same with the client that has named itself when its session began. */
  #withClient(mcp: McpRequest): McpRequest {
    const { session, clientName } = mcp;
    if (session === undefined || clientName !== undefined) return mcp;
    return { ...mcp, clientName: this.#clients.get(session) };
  }
}

/** Whether a request ends a session, or opens a stream of one. */
function isOfStream({ method, contentType }: OperationTarget, request: Request): boolean {
  if (method === 'DELETE') return request.header('mcp-session-id') !== undefined;
  if (method !== 'GET') return false;
  return (
    isEventStream(contentType) || request.header('accept')?.includes('text/event-stream') === true
  );
}

/** What says something of the message of a request, besides its headers. */
interface Sources {
  /** Of `trackMcp`. */
  readonly report: McpReport | undefined;
  readonly span: McpOperation | undefined;
  /** In its body. */
  readonly message: McpReport | undefined;
}

/** Whether a request is one of MCP. The response to `initialize` shows it of an endpoint with any path. */
function isOfMcp(
  { report, span, message }: Sources,
  request: Request,
  isEndpoint: boolean,
): boolean {
  if (report ?? span) return true;
  const hasSession = () => answeredSession(request) !== undefined;
  if (!isEndpoint) return message?.method === 'initialize' && hasSession();
  const hasHeader = HEADERS.some((name) => request.header(name) !== undefined);
  return message !== undefined || hasHeader || hasSession();
}

/** Each shows that a request to an endpoint is one of MCP. */
const HEADERS = ['mcp-session-id', 'mcp-protocol-version', 'mcp-method'];

function answeredSession(request: Request): string | undefined {
  return readResponseHeader(request, 'mcp-session-id');
}

/**
 * The first source says what the message is: `trackMcp`, a span, headers, the body. Who has sent it is in the headers, else in the first
 * source that knows it.
 */
function merge({ report, span, message }: Sources, request: Request): McpOperation {
  const method = message?.isUnanswered ? undefined : request.header('mcp-method');
  const headers = describeMcp({
    ...readSender(request),
    method,
    target: request.header('mcp-name'),
  });
  const reported = report && describeMcp(report);
  const posted = message && describeMcp(message);
  const first = reported ?? span ?? (method === undefined ? posted : headers) ?? headers;
  function ofSender<Key extends keyof McpRequest>(key: Key): McpRequest[Key] | undefined {
    const senders = [headers, reported, span, posted];
    return senders.find((each) => each?.mcp[key] !== undefined)?.mcp[key];
  }
  const { name, mcp } = first;
  const opened = mcp.method === 'initialize' ? toSession(answeredSession(request)) : undefined;
  return {
    name,
    mcp: {
      ...mcp,
      session: ofSender('session') ?? opened,
      clientName: ofSender('clientName'),
      protocolVersion: ofSender('protocolVersion'),
    },
  };
}

/** Who sends any request of a session, according to its headers. */
function readSender(request: Request): McpReport {
  return {
    session: request.header('mcp-session-id'),
    protocolVersion: request.header('mcp-protocol-version'),
  };
}

/** What one source says of a message. Nothing of it is checked: `describeMcp` does that. */
export interface McpReport {
  /** The JSON-RPC method of the first message, such as `tools/call`. */
  method?: unknown;
  /** Whether the first message gets no response: it is a notification, or itself a response to a request of the server. */
  isUnanswered?: boolean | undefined;
  /** The name of the tool or prompt in that message. Never a URI. */
  target?: unknown;
  clientName?: unknown;
  protocolVersion?: unknown;
  session?: unknown;
  /** Names of tools or prompts that the server has listed in its response. */
  listedNames?: readonly string[] | undefined;
}

/** Adds to what is known of a request by its messages: what is known already is not replaced. Its path is then known as one of MCP. */
export function reportMcp(report: McpReport, request: Request): void {
  if (request.isEnded) return;
  const additions = request.ensureAdditions();
  const known = Object.entries(additions.mcp ?? {}).filter(([, value]) => value !== undefined);
  additions.mcp = { ...report, ...Object.fromEntries(known) };
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
  if (method === undefined) return { isUnanswered: 'result' in message || 'error' in message };
  // Without an ID it is a notification, which no server runs as a call: its names may be invented.
  if (id === undefined && !PROTOCOL.has(method)) return { isUnanswered: true };
  const params = isRecord(message.params) ? message.params : {};
  const meta = isRecord(params._meta) ? params._meta : {};
  const isBeginning = method === 'initialize';
  const client = isBeginning ? params.clientInfo : meta[CLIENT_INFO];
  return {
    method,
    target: NAMED.has(method) ? params.name : undefined,
    clientName: isRecord(client) ? client.name : undefined,
    protocolVersion: isBeginning ? params.protocolVersion : meta[PROTOCOL_VERSION],
  };
}

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

/** Checks what a source says of a message. */
export function describeMcp(report: McpReport): McpOperation {
  const { method, target, listedNames } = report;
  const isCall = CALLS.has(method);
  const isDefined = isCall || PROTOCOL.has(method);
  const invented = isDefined ? undefined : toName(method);
  return {
    name: NAMED.has(method) ? toName(target) : invented,
    mcp: {
      method: isDefined ? (method as string) : undefined,
      isProtocol:
        report.isUnanswered === true ||
        (isDefined ? !isCall : /^notifications\/|\/list$/.test(invented ?? '')),
      session: toSession(report.session),
      clientName: toClientName(report.clientName),
      protocolVersion: toVersion(report.protocolVersion),
      listedNames: listedNames?.filter((name) => toName(name) !== undefined),
    },
  };
}

/** Some are tokens. */
const MAX_SESSION_LENGTH = 2048;
const MAX_CLIENT_LENGTH = 64;

/** The digest of a session ID, which is visible ASCII by the protocol. */
function toSession(value: unknown): string | undefined {
  const session = toMatching(value, /^[!-~]+$/, MAX_SESSION_LENGTH);
  return session === undefined ? undefined : hash('sha256', session, 'base64');
}

/** A line of text, such as `Visual Studio Code`. */
function toClientName(value: unknown): string | undefined {
  return withoutSecret(toMatching(value, /^\P{C}+$/u, MAX_CLIENT_LENGTH));
}

/** Revisions of the protocol are dates. */
function toVersion(value: unknown): string | undefined {
  return toMatching(value, /^\d{4}-\d{2}-\d{2}$/, 'YYYY-MM-DD'.length);
}

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
 * The SERVER span of the HTTP request that brought the message of a finished span: a link, if the parent of the span is the call of the
 * client, as the message itself says. While a request runs, its async context says that.
 */
export function linkedRequestOf(
  span: Pick<FinishedSpan, 'kind' | 'attributes' | 'links' | 'parentSpanContext' | 'parentSpanId'>,
): Pick<SpanContext, 'traceId' | 'spanId'> | undefined {
  const link = span.links?.[0]; // by index, because nearly no span has one
  if (link === undefined || !isMcpSpan(span)) return undefined;
  const { parentSpanContext, kind } = span;
  const isLocal =
    parentSpanContext?.isRemote === false ||
    (parentSpanContext?.isRemote === undefined && kind !== SERVER_SPAN);
  const { parentSpanId = parentSpanContext?.spanId } = span;
  return parentSpanId !== undefined && isLocal ? undefined : link.context;
}
