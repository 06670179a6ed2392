import type { Operation, OperationEvidence, OperationKind } from '../../hit/http-request.js';
import type { FinishedSpan } from '../finished-span.js';
import { isEventStream } from '../response.js';

/** An operation whose name may still be one that a client invented. */
export type FoundOperation = Pick<Operation, 'name' | 'count'>;

/** Where an operation is found besides spans. */
export interface OperationTarget {
  readonly method: string;
  /** Neither redacted nor decoded. */
  readonly path: string;
  readonly query: string | undefined;
  readonly route: string | undefined;
  /** Of the response; empty if that has none, `undefined` if it is not known. */
  readonly contentType?: string | undefined;
}

/** What is known of a response besides, and whether MCP is an operation, or the endpoint is one as any other. */
export interface OperationResponse {
  readonly statusCode: number;
  /** Whether the response is an event stream. */
  readonly isEventStream: boolean;
  readonly readsMcp: boolean;
}

/** What a framework has parsed of the body of a request. */
export interface ParsedBody {
  /** The first one of a batch. */
  readonly message: unknown;
  readonly count: number;
}

/** One kind of operation. Each function returns `undefined` if there is none of its kind, and reads nothing but names. */
export interface OperationAdapter {
  readonly kind: OperationKind;
  /** The attributes of spans that are read, so that the gateway keeps them. */
  readonly attributes: readonly string[];
  readonly readSpan?: (span: FinishedSpan) => Pick<Operation, 'name' | 'mcp'> | undefined;
  /** Reads one message of a body that a framework has parsed. */
  readonly readMessage?: (message: Readonly<Record<string, unknown>>) => string | undefined;
  readonly readTarget?: (target: OperationTarget) => FoundOperation | undefined;
}

const JSON_TYPE = /^\s*application\/(?:[\w.-]+\+)?json(?:-rpc)?\s*(?:;|$)/i;

/**
 * What a response shows of a name that only the client has sent: nothing if it is a page or a file, to which any path may lead. Servers
 * of GraphQL always send a type, others may send none.
 */
export function evidenceOf(
  { contentType }: Pick<OperationTarget, 'contentType'>,
  kind: OperationKind,
): OperationEvidence {
  const isAnswer =
    contentType === undefined ||
    (contentType === '' && kind !== 'graphql') ||
    JSON_TYPE.test(contentType) ||
    isEventStream(contentType);
  return isAnswer ? 'response' : 'none';
}

const MULTI_STATUS = 207;

/** Whether a status says that an operation has succeeded. A batch in which some have failed, perhaps the one with the name, has 207. */
export function isSuccess(statusCode: number): boolean {
  return statusCode >= 200 && statusCode < 300 && statusCode !== MULTI_STATUS;
}

const MAX_NAME_LENGTH = 128;
const NAME = /^[\w./:-]+$/;

/** A name that fits into a title; `undefined` for anything else. */
export function toName(value: unknown): string | undefined {
  if (typeof value !== 'string' || value.length > MAX_NAME_LENGTH) return undefined;
  return NAME.test(value) ? value : undefined;
}

/** What a span names. */
export function named(value: unknown): { readonly name: string } | undefined {
  const name = toName(value);
  return name === undefined ? undefined : { name };
}
