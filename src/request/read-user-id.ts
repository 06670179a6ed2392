import type { Diagnostics } from '../common/diagnostics.js';
import { coded } from '../common/messages.js';
import type { HttpRequest } from '../hit/http-request.js';
import { createToPseudonym, identify, userIdSourceOf } from '../hit/visitor/pseudonym.js';
import { stableVisitorKey } from '../hit/visitor/visitor-id.js';
import type { Request } from './request.js';

export interface UserIdOptions {
  readonly userId?: unknown;
  readonly visitorKey?: string | undefined;
  readonly tokenAuth?: string | undefined;
}

/**
 * The attribute that the option `userId` names; `undefined` for
 * a header, whose value is a key and only sent as a pseudonym.
 */
export function userIdAttributeOf(userId: unknown): string | undefined {
  return typeof userId === 'string' && !userIdSourceOf(userId) ? userId : undefined;
}

/**
 * Creates a function that reads user IDs from a header or a claim of the bearer token: the pseudonym of the sender, `undefined` if there is none,
 * or if the application has never accepted the credential. Returns no function if the option `userId` names no such source, or without a key.
 */
export function createReadUserId(
  options: UserIdOptions,
  diagnostics: Pick<Diagnostics, 'warnOnce'>,
): ((http: HttpRequest, request: Request) => string | undefined) | undefined {
  const source = userIdSourceOf(options.userId);
  const key = stableVisitorKey(options);
  if (source === undefined || key === undefined) return undefined;
  const toPseudonym = createToPseudonym(key);
  /** Digests of headers that the application has accepted, the least recently used first. */
  const letIn = new Set<string>();

  return function readUserId(http, request) {
    const header = request.headerAsSent(source.header);
    const identity = identify(source, header);
    if (identity.kind === 'known') {
      const pseudonym = toPseudonym(identity.value);
      const credential = identity.value === header ? pseudonym : toPseudonym(header as string);
      if (!letIn.delete(credential) && !isLetIn(http)) return undefined;
      letIn.add(credential);
      if (letIn.size > MAX_CREDENTIALS) letIn.delete(letIn.values().next().value as string);
      return pseudonym;
    }
    if (identity.kind === 'none' || !isLetIn(http)) return undefined;
    const text =
      identity.kind === 'token'
        ? `The header ${source.header} is a JSON Web Token, which changes often. Such requests have no user ID. Set userId to jwt.sub, jwt.client_id or jwt.azp.`
        : 'A bearer token cannot be read as a JSON Web Token. Such requests have no user ID. If your tokens are static keys, set userId to http.request.header.authorization.';
    diagnostics.warnOnce(`user id ${identity.kind}`, coded('user-id-token', text));
    return undefined;
  };
}

/** The maximum number of credentials that are remembered. */
const MAX_CREDENTIALS = 10_000;

/** Whether the response shows that the application has accepted a credential. Otherwise clients could invent users. */
function isLetIn({ method, sentStatus = 0 }: HttpRequest): boolean {
  // Applications answer CORS preflights before they authenticate. Over HTTP/2, middleware accepts methods in lower case.
  if (method.toUpperCase() === 'OPTIONS') return false;
  return (sentStatus >= 200 && sentStatus < 300) || sentStatus === 304;
}
