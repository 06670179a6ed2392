import type { HttpRequest, Operation, OperationKind } from '../../hit/http-request.js';
import { isSecretOperation, REDACTED } from '../../hit/page/redact.js';
import { isEventStream } from '../response.js';

/** An operation that a span or a channel has named. */
export type NamedOperation = Pick<Operation, 'kind' | 'name' | 'mcp'>;

/** An operation whose name only the client has sent, who may have invented it. */
export type SentOperation = Pick<Operation, 'kind' | 'name' | 'count'>;

/** What is known of a request and its response besides spans, headers and the body. */
export type OperationTarget = Pick<
  HttpRequest,
  'method' | 'path' | 'query' | 'route' | 'statusCode' | 'contentType'
>;

const JSON_TYPE = /^\s*application\/(?:[\w.-]+\+)?json(?:-rpc)?\s*(?:;|$)/i;
const ACTION_TYPE = /^\s*(?:application\/(?:x-amz-|soap\+xml|xml)|text\/xml)/i;

/**
 * Whether a response may be that of an operation which only the client has named, and no page or file, to which any path may lead. Servers
 * of GraphQL always send a type, others may send none.
 */
export function isAnswer(
  { contentType }: Pick<OperationTarget, 'contentType'>,
  kind: OperationKind,
): boolean {
  return (
    contentType === undefined ||
    (contentType === '' && kind !== 'graphql') ||
    JSON_TYPE.test(contentType) ||
    (kind === 'action' && ACTION_TYPE.test(contentType)) ||
    isEventStream(contentType)
  );
}

const MULTI_STATUS = 207;

/** Whether a status says that an operation has succeeded. A batch in which some have failed, perhaps the one with the name, has 207. */
export function isSuccess(statusCode: number): boolean {
  return statusCode >= 200 && statusCode < 300 && statusCode !== MULTI_STATUS;
}

const MAX_NAME_LENGTH = 128;
const NAME = /^[\w./:-]+$/;

/** A name that fits into a title, `redacted` if it is a secret; `undefined` for anything else. */
export function toName(value: unknown): string | undefined {
  return withoutSecret(toMatching(value, NAME, MAX_NAME_LENGTH));
}

/** What is sent of a name that a client may have invented. */
export function withoutSecret(name: string | undefined): string | undefined {
  return name !== undefined && isSecretOperation(name) ? REDACTED : name;
}

/** A value if it is a text of this form and not too long. */
export function toMatching(value: unknown, form: RegExp, maxLength: number): string | undefined {
  if (typeof value !== 'string' || value.length > maxLength) return undefined;
  return form.test(value) ? value : undefined;
}
