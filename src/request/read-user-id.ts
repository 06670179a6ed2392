import type { Diagnostics } from '../common/diagnostics.js';
import { GenerationCache } from '../common/generation-cache.js';
import { coded } from '../common/messages.js';
import { createToPseudonym, identify, userIdSourceOf } from '../hit/visitor/pseudonym.js';
import { stableVisitorKey } from '../hit/visitor/visitor-id.js';
import type { ReadRequest } from './request.js';

export interface UserIdOptions {
  readonly userId?: unknown;
  readonly visitorKey?: string | undefined;
  readonly tokenAuth?: string | undefined;
}

/** Makes user IDs of a header or of a claim of the bearer token. */
export interface UserIdReader {
  /** The pseudonym of who sent the request; `undefined` if it names nobody, or its credential was never let in. */
  read(request: ReadRequest): string | undefined;
}

/** The attribute that the option `userId` names. The value of one with a header is a key, which is only sent as a pseudonym. */
export function userIdAttributeOf(userId: unknown): string | undefined {
  return typeof userId === 'string' && !userIdSourceOf(userId) ? userId : undefined;
}

/** `undefined` if the option `userId` names no such source, or if there is no key for pseudonyms, so that none are sent. */
export function createUserIdReader(
  options: UserIdOptions,
  diagnostics: Pick<Diagnostics, 'warnOnce'>,
): UserIdReader | undefined {
  const source = userIdSourceOf(options.userId);
  const key = stableVisitorKey(options);
  if (source === undefined || key === undefined) return undefined;
  const toPseudonym = createToPseudonym(key);
  /** Digests of headers that the application has let in. */
  const letIn = new GenerationCache<string, true>(MAX_CREDENTIALS);

  /** Who sends a request, according to its header, and a digest of the whole header. */
  const findCaller = (request: ReadRequest) => {
    const header = request.headerAsSent(source.header);
    const identity = identify(source, header);
    if (identity.kind === 'known') {
      const pseudonym = toPseudonym(identity.value);
      const isWhole = identity.value === header;
      return { pseudonym, credential: isWhole ? pseudonym : toPseudonym(header as string) };
    }
    if (identity.kind === 'none' || !isLetIn(request.http)) return undefined;
    const text =
      identity.kind === 'token'
        ? `The header ${source.header} is a JSON Web Token, which changes often. Such requests have no user ID. Set userId to jwt.sub, jwt.client_id or jwt.azp.`
        : 'A bearer token cannot be read as a JSON Web Token. Such requests have no user ID. If your tokens are static keys, set userId to http.request.header.authorization.';
    diagnostics.warnOnce(`user id ${identity.kind}`, coded('user-id-token', text));
    return undefined;
  };

  return {
    read(request) {
      const caller = findCaller(request);
      if (caller === undefined) return undefined;
      const { pseudonym, credential } = caller;
      if (letIn.get(credential)) return pseudonym;
      if (!isLetIn(request.http)) return undefined;
      letIn.set(credential, true);
      return pseudonym;
    },
  };
}

/** Credentials that are remembered. The cache keeps at least half of them. */
const MAX_CREDENTIALS = 20_000;

/** Whether the response shows that the application has accepted a credential. Otherwise clients could invent users. */
function isLetIn({ method, sentStatus = 0 }: ReadRequest['http']): boolean {
  if (isPreflight(method)) return false;
  return (sentStatus >= 200 && sentStatus < 300) || sentStatus === 304;
}

/** Applications answer CORS preflights before they authenticate. Over HTTP/2 the method can have lower-case letters, which middleware accepts. */
function isPreflight(method: string): boolean {
  return method.toUpperCase() === 'OPTIONS';
}
