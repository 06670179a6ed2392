import type { HttpRequest } from '../http-request.js';

const MAX_OPERATION_LENGTH = 100;

/** An operation name for a title; `undefined` if it is not a valid name in GraphQL. */
export function toOperationName(value: unknown): string | undefined {
  if (typeof value !== 'string' || !/^\w+$/.test(value)) return undefined;
  return value.slice(0, MAX_OPERATION_LENGTH);
}

/** The GraphQL operation of a request, from the strongest source that has one. */
export function operationOf({ annotations }: Pick<HttpRequest, 'annotations'>): string | undefined {
  if (annotations.length === 0) return undefined;
  return annotations.findLast(({ operation }) => operation !== undefined)?.operation;
}

/** Whether `query` in the URL of a request is a GraphQL document and not a site search. */
export function isGraphqlRequest(request: HttpRequest): boolean {
  return /\/graphql\/?$/i.test(request.path) || operationOf(request) !== undefined;
}
