import { isRecord } from '../../common/is-record.js';
import { isGraphqlPath, type Operation } from '../../hit/http-request.js';
import { toTitlePath } from '../../hit/page/page-path.js';
import { CLIENT_SPAN, type FinishedSpan, textOf } from '../finished-span.js';
import { frameworkRequestOf } from '../node-request.js';
import type { Request } from '../request.js';
import { MCP_ATTRIBUTES, McpEndpoints, type ParsedBody, readMcpSpan } from './mcp.js';
import {
  isAnswer,
  type NamedOperation,
  type OperationTarget,
  type SentOperation,
  toName,
} from './operation-target.js';

/** The attributes of spans that are read, so that the gateway keeps them. */
export const OPERATION_ATTRIBUTES: readonly string[] = /* @__PURE__ */ MCP_ATTRIBUTES.concat(
  'graphql.operation.name',
  'graphql.operation.type',
  'rpc.method',
  'rpc.system.name',
  'rpc.system',
);

const BATCH = /(?:^|&)batch=1(?:&|$)/;

/**
 * tRPC, whose procedures are the last segment of the path: `/trpc/user.byId`, or several in a batch. Without a `trpc` segment,
 * only the parameter of a batch shows it, together with the type of the response.
 */
function readTrpcTarget(target: OperationTarget): SentOperation | undefined {
  const { path, query, route } = target;
  const isBatch = query !== undefined && route === undefined && BATCH.test(query);
  // Nearly no path has it. To look for the slash before it, or for the last one, takes twice as long.
  const isBelowTrpc = path.includes('trpc/') && path.endsWith('/trpc', path.lastIndexOf('/'));
  if (!isBelowTrpc && !(isBatch && isAnswer(target, 'trpc'))) return undefined;
  const names = path.slice(path.lastIndexOf('/') + 1).split(',');
  const [first = ''] = names;
  const name = toName(first);
  // A segment that titles replace, such as an ID, is no procedure.
  if (name === undefined || toTitlePath(first) !== first) return undefined;
  return { kind: 'trpc', name, count: names.length };
}

/** Whether a span names an operation, or is of one that has failed. Called for every span of the application. */
export function isOperationSpan(span: FinishedSpan): boolean {
  const { attributes, events } = span;
  const named =
    attributes['graphql.operation.name'] ??
    attributes['mcp.method.name'] ??
    attributes['rpc.method'];
  if (named !== undefined) return operationOfSpan(span) !== undefined;
  return events !== undefined && events.length > 0 && isGraphqlSpan(span);
}

/** The operation that a span names. */
export function operationOfSpan(span: FinishedSpan): NamedOperation | undefined {
  const { kind, attributes } = span;
  const mcp = readMcpSpan(span);
  if (mcp) return { kind: 'mcp', ...mcp };
  const query = toName(attributes['graphql.operation.name']);
  if (query !== undefined) return { kind: 'graphql', name: query };
  const system = attributes['rpc.system.name'] ?? attributes['rpc.system'];
  // A client's span belongs to a call that the handler made itself.
  if (system !== 'jsonrpc' || kind === CLIENT_SPAN) return undefined;
  const name = toName(attributes['rpc.method']);
  return name === undefined ? undefined : { kind: 'json-rpc', name };
}

/**
 * The operation of an ended request: from spans and channels, else from the body that a framework has parsed and left on Node's
 * request, else from the target. Its name may still be one that a client invented, until `OperationNames` has admitted it.
 */
export function readOperation(
  request: Request,
  target: OperationTarget,
  readsMcp: boolean,
  endpoints: McpEndpoints = mcpEndpoints,
): Operation | undefined {
  const { spanFacts, additions } = request;
  const hasFailed = (spanFacts?.hasFailed || additions?.hasFailed) ?? false;
  const body =
    target.method === 'POST' ? readBody(frameworkRequestOf(request.incoming)) : undefined;
  const call = readsMcp ? endpoints.read(target, request, body) : undefined;
  if (call) return { kind: 'mcp', ...call, hasFailed };
  const ofSpan = spanFacts?.operation;
  const named = (ofSpan?.kind === 'mcp' ? undefined : ofSpan) ?? additions?.operation;
  const sent =
    (body && readMessage(body)) ??
    readGraphqlTarget(target) ??
    readTrpcTarget(target) ??
    readAction(target, request);
  if (named === undefined)
    return sent && { ...sent, hasFailed, isEvident: isAnswer(target, sent.kind) };
  const count = sent?.kind === named.kind ? sent.count : 1;
  return { ...named, count, hasFailed, isEvident: true };
}

/** Those of this process. */
const mcpEndpoints = /* @__PURE__ */ new McpEndpoints();

/** Of a batch, only the first message is read. */
function readBody(incoming: object | undefined): ParsedBody | undefined {
  try {
    const { body } = (incoming ?? {}) as { readonly body?: unknown };
    return Array.isArray(body)
      ? { message: body[0], count: body.length }
      : { message: body, count: 1 };
  } catch {
    return undefined; // a getter of the application: the title has no name
  }
}

/** Reads nothing but names. */
function readMessage({ message, count }: ParsedBody): SentOperation | undefined {
  try {
    if (!isRecord(message)) return undefined;
    const { query, extensions, operationName, jsonrpc, method } = message;
    const known = (query ?? extensions) === undefined ? undefined : toName(operationName);
    if (known !== undefined) return { kind: 'graphql', name: known, count };
    const name = jsonrpc === '2.0' ? toName(method) : undefined;
    return name === undefined ? undefined : { kind: 'json-rpc', name, count };
  } catch {
    return undefined; // a getter of the application
  }
}

const NAME_PARAMETER = /(?:^|&)operationName=(\w{1,128})(?:&|$)/;
const DOCUMENT_PARAMETER = /(?:^|&)(?:query|extensions)=/;
const RESPONSE_TYPE = /^\s*application\/graphql-response\+json\s*(?:;|$)/i;

/** The operation in the query of a request. */
function readGraphqlTarget({
  method,
  path,
  query,
  contentType = '',
}: OperationTarget): SentOperation | undefined {
  if (method !== 'GET' || !query?.includes('operationName=')) return undefined;
  // Anybody can add such a query to any page.
  if (!isGraphqlPath(path) && !RESPONSE_TYPE.test(contentType)) return undefined;
  if (!DOCUMENT_PARAMETER.test(query)) return undefined;
  const name = toName(NAME_PARAMETER.exec(query)?.[1]);
  return name === undefined ? undefined : { kind: 'graphql', name, count: 1 };
}

/** The end of a name such as `Kinesis_20131202.ListStreams` or `"urn:shop#GetOrder"`. */
const ACTION = /[\w-]+(?=["']?$)/;
const MAX_ACTION_LENGTH = 256;

/** The operation in a header: of the JSON protocol of AWS, whose servers have one endpoint, or of SOAP 1.1. */
function readAction({ method }: OperationTarget, request: Request): SentOperation | undefined {
  if (method !== 'POST') return undefined;
  const action = request.header('x-amz-target') ?? request.header('soapaction');
  if (action === undefined || action.length > MAX_ACTION_LENGTH) return undefined;
  const name = toName(ACTION.exec(action)?.[0]);
  return name === undefined ? undefined : { kind: 'action', name, count: 1 };
}

/** Of `@opentelemetry/instrumentation-graphql`. Spans of parsing, validation and resolvers are recognized by name: they have no attributes. */
export function isGraphqlSpan({ name, attributes }: FinishedSpan): boolean {
  return (
    textOf(name)?.startsWith('graphql.') ||
    (attributes['graphql.operation.type'] ?? attributes['graphql.operation.name']) !== undefined
  );
}

type Failure = { readonly originalError?: { readonly name?: unknown }; readonly name?: unknown };

interface Execution {
  readonly operationName?: unknown;
  readonly error?: unknown;
  /** Unknown until the execution has ended. */
  readonly result?: { readonly errors?: readonly unknown[] };
}

/** Adds what graphql 17 publishes of an execution: the name of the operation and, at its end, the class of its first error. */
export function addExecution(request: Request, message: object): void {
  const { operationName, error, result } = message as Execution;
  const name = toName(operationName);
  if (name !== undefined) request.ensureAdditions().operation ??= { kind: 'graphql', name };
  const [failure = error] = result?.errors ?? [];
  if (failure === undefined) return;
  // An error of a resolver is the cause of the one in the result.
  const { originalError, name: ofResult } = failure as Failure;
  request.failOperation(String(originalError?.name ?? ofResult));
}
