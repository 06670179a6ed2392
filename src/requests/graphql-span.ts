import type { Annotations } from '../hit/http-request.js';
import { toOperationName } from '../hit/page/graphql-operation.js';
import type { FinishedSpan } from './finished-span.js';

/** Every attribute that is read here, so that the gateway keeps them. */
export const GRAPHQL_ATTRIBUTES: readonly string[] = [
  'graphql.operation.name',
  'graphql.operation.type',
];

/** Whether a span of `@opentelemetry/instrumentation-graphql` names an operation, or has an error of one. */
export function isGraphqlAnnotated(span: FinishedSpan, errors: boolean): boolean {
  if (span.attributes['graphql.operation.name'] !== undefined) return true;
  return errors && span.events !== undefined && span.events.length > 0 && isGraphqlSpan(span);
}

/** Reads the name of the first operation, and the class of an error, for which the response may have status 200. */
export function annotateGraphql(
  annotations: Annotations,
  span: FinishedSpan,
  errorType: string | undefined,
): void {
  annotations.operation ??= toOperationName(span.attributes['graphql.operation.name']);
  if (errorType !== undefined && isGraphqlSpan(span)) annotations.operationError = errorType;
}

/** Only spans of operations have these attributes; spans of parsing, validation and resolvers are recognized by name. */
function isGraphqlSpan({ name, attributes }: FinishedSpan): boolean {
  return (
    name.startsWith('graphql.') ||
    (attributes['graphql.operation.type'] ?? attributes['graphql.operation.name']) !== undefined
  );
}
