import type { Operation, OperationEvidence } from '../../hit/http-request.js';
import { toTitlePath } from '../../hit/page/page-path.js';
import { CLIENT_SPAN, type FinishedSpan } from '../finished-span.js';
import { frameworkRequestOf } from '../http2-exchange.js';
import type { Request } from '../request.js';
import { graphqlAdapter, isGraphqlSpan } from './graphql.js';
import { McpEndpoints, mcpAdapter } from './mcp.js';
import {
  evidenceOf,
  type FoundOperation,
  named,
  type OperationAdapter,
  type OperationResponse,
  type OperationTarget,
  type ParsedBody,
  toName,
} from './operation-adapter.js';

/** JSON-RPC 2.0 over HTTP. */
const jsonRpcAdapter: OperationAdapter = {
  kind: 'json-rpc',
  attributes: ['rpc.method', 'rpc.system.name', 'rpc.system'],
  readSpan: (span) => (isJsonRpcSpan(span) ? named(span.attributes['rpc.method']) : undefined),
  readMessage: ({ jsonrpc, method }) => (jsonrpc === '2.0' ? toName(method) : undefined),
};

/** A client's span belongs to a call that the handler made itself. */
function isJsonRpcSpan({ kind, attributes }: FinishedSpan): boolean {
  const system = attributes['rpc.system.name'] ?? attributes['rpc.system'];
  return system === 'jsonrpc' && kind !== CLIENT_SPAN;
}

const BATCH = /(?:^|&)batch=1(?:&|$)/;

/**
 * tRPC, whose procedures are the last segment of the path: `/trpc/user.byId`, or several in a batch. Without a `trpc` segment,
 * only the parameter of a batch shows it, together with the type of the response.
 */
const trpcAdapter: OperationAdapter = {
  kind: 'trpc',
  attributes: [],
  readTarget(target) {
    const { path, query, route } = target;
    const isBatch = query !== undefined && route === undefined && BATCH.test(query);
    if (!isBatch && !path.includes('/trpc/')) return undefined; // nearly all requests
    const slash = path.lastIndexOf('/');
    const isBelowTrpc = path.endsWith('/trpc', slash);
    if (!isBelowTrpc && !(isBatch && evidenceOf(target, 'trpc') !== 'none')) return undefined;
    const procedures = path.slice(slash + 1);
    const comma = procedures.indexOf(',');
    const first = toName(comma < 0 ? procedures : procedures.slice(0, comma));
    // A segment that titles replace, such as an ID, is no procedure.
    if (first === undefined || toTitlePath(first) !== first) return undefined;
    return { name: first, count: comma < 0 ? 1 : countCommas(procedures) + 1 };
  },
};

function countCommas(text: string): number {
  let count = 0;
  for (let i = text.indexOf(','); i >= 0; i = text.indexOf(',', i + 1)) count += 1;
  return count;
}

/** MCP comes first: its messages are JSON-RPC. */
const ADAPTERS: readonly OperationAdapter[] = [
  mcpAdapter,
  graphqlAdapter,
  jsonRpcAdapter,
  trpcAdapter,
];

const TARGET_ADAPTERS = /* @__PURE__ */ ADAPTERS.filter(
  ({ readTarget }) => readTarget !== undefined,
);

/** The attributes of spans that are read, so that the gateway keeps them. */
export const OPERATION_ATTRIBUTES: readonly string[] = /* @__PURE__ */ ADAPTERS.flatMap(
  ({ attributes }) => attributes,
);

/** An operation that a span or a channel has named. */
export type NamedOperation = Pick<Operation, 'kind' | 'name' | 'mcp'>;

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
  for (const { kind, readSpan } of ADAPTERS) {
    const found = readSpan?.(span);
    if (found !== undefined) return { kind, ...found };
  }
  return undefined;
}

/** The operation of a request whose next span has ended: a span of MCP contains the others, and ends after them. */
export function nextOperation(
  known: NamedOperation | undefined,
  span: FinishedSpan,
): NamedOperation | undefined {
  const found = operationOfSpan(span);
  return found?.kind === 'mcp' ? found : (known ?? found);
}

/**
 * The operation of an ended request: from spans and channels, else from the body that a framework has parsed and left on Node's
 * request, else from the target. Its name may still be one that a client invented, until `OperationNames` has admitted it.
 */
export function readOperation(
  request: Request,
  target: OperationTarget,
  response: OperationResponse,
  endpoints: McpEndpoints = mcpEndpoints,
): Operation | undefined {
  const { announced, spanOperation, hasFailedSpan } = request;
  const span = isMcp(spanOperation) ? spanOperation : undefined;
  const hasFailed = hasFailedSpan || announced.hasFailedOperation;
  const body =
    target.method === 'POST' ? readBody(frameworkRequestOf(request.incoming)) : undefined;
  if (response.readsMcp) {
    const call = endpoints.read(target, { request, span, body, response });
    if (call) return { kind: 'mcp', ...call, hasFailed };
  }
  const named = (span ? undefined : spanOperation) ?? announced.operation;
  const found = (body && readMessage(body)) ?? readTarget(target);
  if (named === undefined)
    return found && { ...found, hasFailed, evidence: evidenceOf(target, found.kind) };
  const count = found?.kind === named.kind ? found.count : 1;
  return { ...named, count, hasFailed, evidence: SERVER };
}

const SERVER: OperationEvidence = 'server';

/** Those of this process. */
const mcpEndpoints = /* @__PURE__ */ new McpEndpoints();

/** The same if a span ends after the request: Node's request may have been released. */
export function updateOperation(
  known: Operation | undefined,
  { spanOperation, hasFailedSpan }: Request,
  readsMcp: boolean,
): Operation | undefined {
  const named = isMcp(spanOperation) && !readsMcp ? undefined : spanOperation;
  const isSame = known === undefined || (known.kind === named?.kind && known.name === named.name);
  const operation =
    named && isSame ? { count: 1, hasFailed: false, ...named, ...known, evidence: SERVER } : known;
  return operation && hasFailedSpan ? { ...operation, hasFailed: true } : operation;
}

function isMcp(operation: NamedOperation | undefined): boolean {
  return operation?.kind === 'mcp';
}

type KindOfOperation = FoundOperation & Pick<Operation, 'kind'>;

/** Of a batch, only the first message is read. */
function readBody(request: object | undefined): ParsedBody | undefined {
  try {
    const { body } = (request ?? {}) as { readonly body?: unknown };
    if (typeof body !== 'object' || body === null) return undefined;
    return Array.isArray(body)
      ? { message: body[0], count: body.length }
      : { message: body, count: 1 };
  } catch {
    return undefined; // a getter of the application: the title has no name
  }
}

function readMessage({ message, count }: ParsedBody): KindOfOperation | undefined {
  if (typeof message !== 'object' || message === null) return undefined;
  try {
    for (const { kind, readMessage: read } of ADAPTERS) {
      const name = read?.(message as Readonly<Record<string, unknown>>);
      if (name !== undefined) return { kind, name, count };
    }
  } catch {
    // A getter of the application.
  }
  return undefined;
}

function readTarget(target: OperationTarget): KindOfOperation | undefined {
  for (const { kind, readTarget: read } of TARGET_ADAPTERS) {
    const found = read?.(target);
    if (found) return { kind, ...found };
  }
  return undefined;
}
