import type { Operation } from '../../hit/http-request.js';
import type { FinishedSpan } from '../finished-span.js';
import { graphqlAdapter, isGraphqlSpan } from './graphql.js';
import { jsonRpcAdapter } from './json-rpc.js';
import type { FoundOperation, OperationAdapter, OperationTarget } from './operation-adapter.js';
import { trpcAdapter } from './trpc.js';

const ADAPTERS: readonly OperationAdapter[] = [graphqlAdapter, jsonRpcAdapter, trpcAdapter];

/** The attributes of spans that are read, so that the gateway keeps them. */
export const OPERATION_ATTRIBUTES: readonly string[] = ADAPTERS.flatMap(
  ({ attributes }) => attributes,
);

/** An operation that a span or a channel has named. */
export type NamedOperation = Pick<Operation, 'kind'> & { readonly name: string };

/** What spans and channels say about the operation of a request. */
export interface OperationSources {
  /** From the first span that names it. */
  readonly spanOperation: NamedOperation | undefined;
  /** Whether a span of the operation has an error. */
  readonly hasFailedSpan: boolean;
  readonly captured:
    | {
        /** From a channel of the framework. */
        readonly operation: NamedOperation | undefined;
        readonly hasFailedOperation: boolean;
        readonly request: object | undefined;
      }
    | undefined;
}

/** Whether a span names an operation, or is of one that has failed. Called for every span of the application. */
export function isOperationSpan(span: FinishedSpan): boolean {
  const { attributes, events } = span;
  if ((attributes['graphql.operation.name'] ?? attributes['rpc.method']) !== undefined)
    return operationOfSpan(span) !== undefined;
  return events !== undefined && events.length > 0 && isGraphqlSpan(span);
}

/** The operation that a span names. */
export function operationOfSpan(span: FinishedSpan): NamedOperation | undefined {
  for (const { kind, readSpan } of ADAPTERS) {
    const name = readSpan?.(span);
    if (name !== undefined) return { kind, name };
  }
  return undefined;
}

/**
 * The operation of an ended request: from spans and channels, else from the body that a framework has parsed and left on Node's
 * request, else from the target. Its name may still be one that a caller invented, until `OperationNames` has admitted it.
 */
export function readOperation(
  { spanOperation, hasFailedSpan, captured }: OperationSources,
  target: OperationTarget,
): Operation | undefined {
  const named = spanOperation ?? captured?.operation;
  const found = readBody(captured?.request, target.method) ?? readTarget(target);
  if (named === undefined && found === undefined) return undefined;
  const hasFailed = hasFailedSpan || captured?.hasFailedOperation === true;
  if (named === undefined) return found && { ...found, hasFailed };
  return { ...named, count: found?.kind === named.kind ? found.count : 1, hasFailed };
}

/** The same if a span ends after the request: Node's request may have been released. */
export function updateOperation(
  known: Operation | undefined,
  { spanOperation, hasFailedSpan }: OperationSources,
): Operation | undefined {
  const operation = known ?? (spanOperation && { ...spanOperation, count: 1, hasFailed: false });
  return operation && hasFailedSpan ? { ...operation, hasFailed: true } : operation;
}

type KindOfOperation = FoundOperation & Pick<Operation, 'kind'>;

/** Of a batch, only the first message is read. */
function readBody(request: object | undefined, method: string): KindOfOperation | undefined {
  if (request === undefined || method !== 'POST') return undefined;
  try {
    const { body } = request as { readonly body?: unknown };
    if (typeof body !== 'object' || body === null) return undefined;
    const isBatch = Array.isArray(body);
    const message: unknown = isBatch ? body[0] : body;
    if (typeof message !== 'object' || message === null) return undefined;
    for (const { kind, readMessage } of ADAPTERS) {
      const name = readMessage?.(message as Readonly<Record<string, unknown>>);
      if (name !== undefined) return { kind, name, count: isBatch ? body.length : 1 };
    }
  } catch {
    // A getter of the application: the title has no name.
  }
  return undefined;
}

function readTarget(target: OperationTarget): KindOfOperation | undefined {
  for (const { kind, readTarget: read } of ADAPTERS) {
    const found = read?.(target);
    if (found) return { kind, ...found };
  }
  return undefined;
}
