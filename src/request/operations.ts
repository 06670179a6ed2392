import { hash } from 'node:crypto';
import { isRecord } from '../common/is-record.js';
import type { SpanContext } from '../common/otel-types.js';
import { copyText } from '../common/recent-texts.js';
import {
  type HttpRequest,
  isGraphqlPath,
  type Operation,
  type OperationKind,
  OTHER_NAME,
} from '../hit/http-request.js';
import { isSecretOperation, REDACTED } from '../hit/page/redact.js';
import { FIRST_FAILED_STATUS, isRefusal } from '../hit/page/title.js';
import { CLIENT_SPAN, type FinishedSpan, SERVER_SPAN, textOf } from './finished-span.js';
import { frameworkRequestOf } from './node-request.js';
import type { Request } from './request.js';
import { readResponseHeader } from './response-status.js';

/** An operation with the name that a span, a channel or a message has for it. */
export type NamedOperation = Pick<Operation, 'kind' | 'name' | 'mcp'>;

/** The attributes of spans that operations are read from. The gateway keeps them. */
export const OPERATION_ATTRIBUTES: readonly string[] = [
  'graphql.operation.name',
  'graphql.operation.type',
  'rpc.method',
  'rpc.system.name',
  'rpc.system',
  'mcp.method.name',
  'mcp.session.id',
  'mcp.protocol.version',
  'gen_ai.tool.name',
  'gen_ai.prompt.name',
  // The following attributes are Sentry's.
  'mcp.tool.name',
  'mcp.prompt.name',
  'mcp.client.name',
];

const NAME = /^[\w./:-]{1,128}$/;
/** Matches the name of a client, such as `Visual Studio Code`. */
const CLIENT_NAME = /^\P{C}{1,64}$/u;

/** Returns a name that fits into a title, `redacted` if it is a secret; `undefined` for anything else. */
function toName(value: unknown, form: RegExp = NAME): string | undefined {
  if (typeof value !== 'string' || !form.test(value)) return undefined;
  return isSecretOperation(value) ? REDACTED : value;
}

function named(kind: OperationKind, value: unknown): NamedOperation | undefined {
  const name = toName(value);
  return name === undefined ? undefined : { kind, name };
}

/** Calls that MCP defines. Any other method is treated as a name, which `toKnown` checks, because clients could invent it. */
const MCP_CALLS: ReadonlySet<unknown> = new Set([
  'initialize',
  'prompts/get',
  'resources/read',
  'server/discover',
  'tools/call',
]);

/** Matches methods of MCP that are not calls. */
const MCP_PROTOCOL =
  /^(?:notifications\/|(?:ping|completion\/complete|logging\/setLevel|resources\/(?:un)?subscribe|subscriptions\/listen)$)|\/list$/;

/** Methods whose target is read. The target of `resources/read` is a URI, which is never read. */
const MCP_NAMED: ReadonlySet<unknown> = new Set(['prompts/get', 'tools/call']);

/** Longer session IDs are ignored. Some IDs are tokens. */
const MAX_SESSION_LENGTH = 2048;

/** Builds an operation from a message of MCP, without arguments, URIs and contents. */
function mcpOperation(
  method: unknown,
  target: unknown,
  session: unknown,
  client: unknown,
): NamedOperation {
  const known = toName(method);
  const isCall = MCP_CALLS.has(known);
  const isProtocol = MCP_PROTOCOL.test(known ?? '');
  const targetName = MCP_NAMED.has(known) ? toName(target) : undefined;
  const hasSession = typeof session === 'string' && session.length <= MAX_SESSION_LENGTH;
  const clientName = toName(client, CLIENT_NAME);
  return {
    kind: 'mcp',
    name: isCall || isProtocol ? targetName : known,
    mcp: {
      method: isCall ? known : undefined,
      isProtocol,
      ...(hasSession && { session: hash('sha256', session, 'base64') }),
      ...(clientName !== undefined && { clientName }),
    },
  };
}

/** Stands for the stream or the end of an MCP session, and for the response of a client. */
const NO_MCP_CALL: NamedOperation = {
  kind: 'mcp',
  name: undefined,
  mcp: { method: undefined, isProtocol: true },
};

/** From this revision on, FastMCP for Python creates a session per call. */
const FIRST_WITHOUT_SESSIONS = '2026-07-28';

/** The operation that a span names. */
export function operationOfSpan(span: FinishedSpan): NamedOperation | undefined {
  const { kind, attributes } = span;
  if (isMcpSpan(span)) {
    const tool = attributes['gen_ai.tool.name'] ?? attributes['mcp.tool.name'];
    const prompt = attributes['gen_ai.prompt.name'] ?? attributes['mcp.prompt.name'];
    const version = textOf(attributes['mcp.protocol.version']) ?? '';
    const session = version < FIRST_WITHOUT_SESSIONS ? attributes['mcp.session.id'] : undefined;
    const client = attributes['mcp.client.name'];
    return mcpOperation(attributes['mcp.method.name'], tool ?? prompt, session, client);
  }
  const query = named('graphql', attributes['graphql.operation.name']);
  // A CLIENT span belongs to a call that the handler itself made.
  if (query || kind === CLIENT_SPAN) return query;
  const system = attributes['rpc.system.name'] ?? attributes['rpc.system'];
  return system === 'jsonrpc' ? named('json-rpc', attributes['rpc.method']) : undefined;
}

/**
 * Whether a span belongs to `@opentelemetry/instrumentation-graphql`.
 * Spans other than operations are recognized only by their name.
 */
export function isGraphqlSpan({ name, attributes }: FinishedSpan): boolean {
  const operation = attributes['graphql.operation.type'] ?? attributes['graphql.operation.name'];
  return operation !== undefined || textOf(name)?.startsWith('graphql.') === true;
}

/** Whether a span is of an MCP message to this server. */
export function isMcpSpan({
  kind,
  attributes,
}: Pick<FinishedSpan, 'kind' | 'attributes'>): boolean {
  return kind !== CLIENT_SPAN && textOf(attributes['mcp.method.name']) !== undefined;
}

/**
 * The SERVER span of the request that transported the MCP message of a finished span. The span links to it if the span's parent is the client's
 * call, which the message itself names. While a request runs, its async context identifies it.
 */
export function linkedRequestOf(
  span: Pick<FinishedSpan, 'kind' | 'attributes' | 'links' | 'parentSpanContext' | 'parentSpanId'>,
): Pick<SpanContext, 'traceId' | 'spanId'> | undefined {
  const link = span.links?.[0];
  if (link === undefined || !isMcpSpan(span)) return undefined;
  const { parentSpanContext: parent, parentSpanId = parent?.spanId } = span;
  const isRemote = parent?.isRemote ?? span.kind === SERVER_SPAN;
  return parentSpanId === undefined || isRemote ? link.context : undefined;
}

type Target = Pick<HttpRequest, 'method' | 'path' | 'query' | 'titleRoute' | 'statusCode'>;

/** The request with its target and its first message. */
interface Sent {
  readonly request: Request;
  readonly target: Target;
  readonly isPost: boolean;
  /** The first message in the body that a framework has parsed. */
  readonly message: Readonly<Record<string, unknown>>;
}

const MAX_MCP_PATHS = 20;

const MCP_PATH = /\/mcp\/?$/;

/** Paths that do not end in `/mcp` but at which this process has opened MCP sessions, the least recently used first. */
export const mcpPaths: Set<string> = new Set();

/**
 * Reads a request to an MCP server. At any other path, MCP headers
 * are ignored, because clients could hide requests with them.
 */
function readMcp(
  { request, target: { path }, isPost, message }: Sent,
  seen: NamedOperation | undefined,
): NamedOperation | undefined {
  const opened = isPost ? readResponseHeader(request, 'mcp-session-id') : undefined;
  const isEndpoint = MCP_PATH.test(path);
  if (opened !== undefined && !isEndpoint) {
    mcpPaths.delete(path);
    mcpPaths.add(path);
    if (mcpPaths.size > MAX_MCP_PATHS) mcpPaths.delete(mcpPaths.values().next().value as string);
  }
  const ofSpan = isPost ? seen?.mcp : undefined;
  if (!isEndpoint && !mcpPaths.has(path) && ofSpan === undefined) return undefined;
  const session = request.header('mcp-session-id') ?? opened;
  if (!isPost) {
    const isStream = session ?? request.header('accept')?.includes('text/event-stream');
    return isStream ? NO_MCP_CALL : undefined;
  }
  const sent = readMcpMessage(request, message, session);
  return ofSpan ? { kind: 'mcp', name: seen?.name, mcp: { ...sent?.mcp, ...ofSpan } } : sent;
}

const CLIENT_INFO = 'io.modelcontextprotocol/clientInfo';

/** Reads an MCP message from headers and body. `undefined` if neither shows that it is one. */
function readMcpMessage(
  request: Request,
  message: Sent['message'],
  session: string | undefined,
): NamedOperation | undefined {
  const { jsonrpc, method, params } = message;
  const ofHeader = request.header('mcp-method');
  const isRpc = jsonrpc === '2.0';
  if (!isRpc && (ofHeader ?? session) === undefined) return undefined;
  const isAnswer = method === undefined && ('result' in message || 'error' in message);
  if (isRpc && isAnswer) return NO_MCP_CALL;
  const details = isRpc && isRecord(params) ? params : {};
  const meta = isRecord(details._meta) ? details._meta : {};
  const client = details.clientInfo ?? meta[CLIENT_INFO];
  const name = isRecord(client) ? client.name : undefined;
  return ofHeader === undefined
    ? mcpOperation(isRpc ? method : undefined, details.name, session, name)
    : mcpOperation(ofHeader, request.header('mcp-name'), session, name);
}

const BATCH = /(?:^|&)batch=1(?:&|$)/;

/** Readers in the order of precedence. The first operation that one of them finds is used. */
const READERS: readonly ((sent: Sent) => NamedOperation | undefined)[] = [
  function readGraphqlBody({ message: { query, extensions, operationName } }) {
    return (query ?? extensions) === undefined ? undefined : named('graphql', operationName);
  },
  function readGraphqlQuery({ target: { path, query = '' } }) {
    if (!isGraphqlPath(path)) return undefined;
    return named('graphql', /(?:^|&)operationName=(\w{1,128})(?:&|$)/.exec(query)?.[1]);
  },
  function readJsonRpc({ message: { jsonrpc, method } }) {
    return jsonrpc === '2.0' ? named('json-rpc', method) : undefined;
  },
  /**
   * Reads the names of procedures from the last segment of a path, if
   * it follows `trpc`, or if the query has the parameter of a batch.
   */
  function readTrpc({ target: { path, query = '', titleRoute } }) {
    const slash = path.lastIndexOf('/');
    // With a route, the last segment may be a parameter.
    const isBatch = titleRoute === undefined && path.includes(',', slash) && BATCH.test(query);
    if (!isBatch && !path.endsWith('/trpc', slash)) return undefined;
    return named('trpc', path.slice(slash + 1).split(',', 1)[0]);
  },
  /** Reads the end of a name such as `Kinesis_20131202.ListStreams` (AWS) or `"urn:shop#GetOrder"` (SOAP). */
  function readAction({ request, isPost }) {
    if (!isPost) return undefined;
    const action = request.header('x-amz-target') ?? request.header('soapaction') ?? '';
    return named('action', /[\w-]{1,128}(?=["']?$)/.exec(action.slice(-200))?.[0]);
  },
];

/** The operation of an ended request: of MCP, else from spans and channels, else from the request itself. */
export function readOperation(
  request: Request,
  target: Target,
  readsMcp: boolean,
): Operation | undefined {
  const { spanFacts, additions } = request;
  const isPost = target.method === 'POST';
  const body = isPost ? bodyOf(frameworkRequestOf(request.incoming)) : [];
  const sent: Sent = { request, target, isPost, message: isRecord(body[0]) ? body[0] : {} };
  const seen = spanFacts?.operation ?? additions?.operation;
  let found = readsMcp ? readMcp(sent, seen) : undefined;
  if (found === undefined && seen?.kind !== 'mcp') found = seen;
  for (let i = 0; found === undefined && i < READERS.length; i++) found = READERS[i]?.(sent);
  if (found === undefined) return undefined;
  const { kind, mcp } = found;
  const hasFailed = (spanFacts?.hasFailed || additions?.hasFailed) ?? false;
  const isProven = target.statusCode < FIRST_FAILED_STATUS && !hasFailed;
  // A refused request without a route may have no place, so its title shows no operation. Titles of MCP calls show no place in any case.
  const isPlace = mcp || target.titleRoute !== undefined || !isRefusal(target.statusCode);
  return {
    kind,
    name: isPlace ? toKnown(kind, found.name, isProven) : undefined,
    mcp: mcp && { ...mcp, clientName: toKnown('mcp client', mcp.clientName, isProven) },
    count: kind === 'trpc' ? target.path.split(',').length : body.length || 1,
    hasFailed,
  };
}

/** The messages that a framework has parsed and stored on Node's request. A batch has several. */
function bodyOf(incoming: object | undefined): readonly unknown[] {
  try {
    const { body } = (incoming ?? {}) as { readonly body?: unknown };
    return Array.isArray(body) ? body : [body];
  } catch {
    return []; // a getter of the application
  }
}

const MAX_NAMES = 500;
const knownNames = new Map<string, Set<string>>();

/** Shows a name only if a request with it has succeeded, so that clients cannot fill Matomo with names. */
function toKnown(kind: string, name: string | undefined, isProven: boolean): string | undefined {
  const names = knownNames.get(kind) ?? new Set();
  knownNames.set(kind, names);
  if (name === undefined || names.has(name)) return name;
  if (!isProven) return undefined;
  if (names.size >= MAX_NAMES) return OTHER_NAME;
  names.add(copyText(name)); // the name may be part of a long text, which it would keep in memory
  return name;
}

interface Execution {
  readonly operationName?: unknown;
  readonly error?: unknown;
  /** The result, once the execution has ended. */
  readonly result?: { readonly errors?: readonly unknown[] };
}

/**
 * Adds what graphql 17 publishes about an execution: the name of
 * the operation and, at its end, the class of its first error.
 */
export function addExecution(request: Request, message: object): void {
  const { operationName, error, result } = message as Execution;
  const operation = named('graphql', operationName);
  if (operation) request.ensureAdditions().operation ??= operation;
  const [failure = error] = result?.errors ?? [];
  if (failure === undefined) return;
  // The error in the result wraps the error of the resolver.
  const { originalError, name } = failure as { originalError?: { name?: unknown }; name?: unknown };
  request.failOperation(String(originalError?.name ?? name));
}
