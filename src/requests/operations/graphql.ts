import { isGraphqlPath } from '../../hit/http-request.js';
import { type FinishedSpan, textOf } from '../finished-span.js';
import { type OperationTarget, type SentOperation, toName } from './operation-target.js';

const NAME_PARAMETER = /(?:^|&)operationName=(\w{1,128})(?:&|$)/;
const DOCUMENT_PARAMETER = /(?:^|&)(?:query|extensions)=/;
const RESPONSE_TYPE = /^\s*application\/graphql-response\+json\s*(?:;|$)/i;

/** The operation in the query of a request. */
export function readGraphqlTarget({
  method,
  path,
  query,
  contentType = '',
}: OperationTarget): SentOperation | undefined {
  if (method !== 'GET' || !query?.includes('operationName=')) return undefined;
  // Anybody can add such a query to any page.
  if (!isGraphqlPath(path) && !RESPONSE_TYPE.test(contentType)) return undefined;
  if (!DOCUMENT_PARAMETER.test(query)) return undefined;
  const name = NAME_PARAMETER.exec(query)?.[1];
  return name === undefined ? undefined : { kind: 'graphql', name, count: 1 };
}

/** Of `@opentelemetry/instrumentation-graphql`. Spans of parsing, validation and resolvers are recognized by name: they have no attributes. */
export function isGraphqlSpan({ name, attributes }: FinishedSpan): boolean {
  return (
    textOf(name)?.startsWith('graphql.') ||
    (attributes['graphql.operation.type'] ?? attributes['graphql.operation.name']) !== undefined
  );
}

/** Channels of graphql 17 on which it publishes the execution of each operation. */
export const GRAPHQL_CHANNELS: readonly string[] = [
  'tracing:graphql:execute:start',
  'tracing:graphql:execute:end',
  'tracing:graphql:execute:asyncEnd',
  'tracing:graphql:execute:error',
];

interface Execution {
  readonly operationName?: unknown;
  readonly error?: unknown;
  /** Unknown until the execution has ended. */
  readonly result?: { readonly errors?: readonly unknown[] };
}

/** What a message of these channels says: the name of the operation and, at its end, the class of its first error. */
export function readExecution(message: unknown): {
  readonly name: string | undefined;
  readonly errorType: string | undefined;
} {
  const { operationName, error, result } = message as Execution;
  const [failure = error] = result?.errors ?? [];
  const errorType = failure === undefined ? undefined : classOf(failure);
  return { name: toName(operationName), errorType };
}

/** An error of a resolver is the cause of the one in the result. */
function classOf(failure: unknown): string {
  const { originalError, name } = failure as { originalError?: { name?: unknown }; name?: unknown };
  return String(originalError?.name ?? name);
}
