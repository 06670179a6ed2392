import type { Diagnostics } from '../common/diagnostics.js';
import { GenerationCache } from '../common/generation-cache.js';
import { coded } from '../common/messages.js';
import type { Attributes } from '../common/otel-types.js';
import {
  createToPseudonym,
  identify,
  type UserIdSource,
  userIdSourceOf,
} from '../hit/visitor/pseudonym.js';
import { stableVisitorKey } from '../hit/visitor/visitor-id.js';
import type { FinishedSpan } from './finished-span.js';
import { readHeaderAsSent, requestHeaderOf } from './read-headers.js';
import type { EndedRecord } from './request-record.js';

export interface UserIdOptions {
  readonly userId?: unknown;
  readonly dimensions?: Readonly<Record<string, unknown>> | undefined;
  readonly visitorKey?: string | undefined;
  readonly tokenAuth?: string | undefined;
}

/** How user IDs are made. Threads with the same method make the same ones. */
export interface UserIdMethod {
  /** The option `userId`. */
  readonly userId: string;
  /** Differs if the keys differ, and does not show them. */
  readonly check: string;
  /** Whether the header is read for something else, too, so that it is no key. */
  readonly sharesHeader: boolean;
}

/** The user ID that another thread has made of a request. */
export interface ForwardedUserId {
  readonly method: UserIdMethod;
  /** `undefined`: the request names nobody. */
  readonly pseudonym: string | undefined;
}

/** Who sends a request, according to its header. */
interface Caller {
  readonly pseudonym: string;
  /** A digest of the whole header. */
  readonly credential: string;
}

/** Makes user IDs of a header or of a claim of the bearer token. */
export interface UserIdReader {
  readonly method: UserIdMethod;
  /** The pseudonym of who sent the request; `undefined` if it names nobody, or its credential was never let in. */
  read(record: EndedRecord, span: FinishedSpan): string | undefined;
  /** Whether the status of the response will decide if the request has a user ID. */
  awaitsStatus(record: EndedRecord, span: FinishedSpan): boolean;
  /** What of headers or attributes may be passed to another thread: everything but the key from which the user ID is made. */
  withoutKey<T extends Attributes | NodeJS.Dict<string | string[]>>(values: T): T;
  /** The same for names and values in turns. */
  withoutRawKey(values: readonly string[]): readonly string[];
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
  return createReader(source, key, options, diagnostics);
}

function createReader(
  source: UserIdSource,
  key: string | Buffer,
  options: UserIdOptions,
  diagnostics: Pick<Diagnostics, 'warnOnce'>,
): UserIdReader {
  const toPseudonym = createToPseudonym(key);
  const userId = options.userId as string;
  const isDimension = Object.values(options.dimensions ?? {}).includes(userId);
  const sharesHeader = isDimension || READ_ELSEWHERE.test(source.header);
  const method = { userId, check: toPseudonym(''), sharesHeader };
  /** Digests of headers that the application has let in. */
  const letIn = new GenerationCache<string, true>(MAX_CREDENTIALS);

  function findCaller(
    { request, captured }: EndedRecord,
    { attributes }: FinishedSpan,
  ): Caller | undefined {
    const header = readHeaderAsSent(captured?.request, attributes, source.header);
    const identity = identify(source, header);
    if (identity.kind === 'known') {
      const pseudonym = toPseudonym(identity.value);
      const isWhole = identity.value === header;
      return { pseudonym, credential: isWhole ? pseudonym : toPseudonym(header as string) };
    }
    if (identity.kind !== 'none' && isLetIn(request.sentStatus))
      report(identity.kind, source, diagnostics);
    return undefined;
  }

  return {
    method,
    read(record, span) {
      const { userId: forwarded, request } = record;
      if (forwarded && isSame(forwarded.method, method)) return forwarded.pseudonym;
      const caller = findCaller(record, span);
      if (caller === undefined) return undefined;
      const { pseudonym, credential } = caller;
      if (letIn.get(credential)) return pseudonym;
      if (!isLetIn(request.sentStatus)) return undefined;
      letIn.set(credential, true);
      return pseudonym;
    },
    awaitsStatus(record, span) {
      if (record.request.sentStatus !== undefined) return false;
      const caller = findCaller(record, span);
      return caller !== undefined && !letIn.get(caller.credential);
    },
    withoutKey(values) {
      if (sharesHeader) return values;
      const entries = Object.entries(values);
      const kept = entries.filter(([each]) => !isHeader(each, source.header));
      return kept.length === entries.length ? values : (Object.fromEntries(kept) as typeof values);
    },
    withoutRawKey(values) {
      if (sharesHeader) return values;
      return values.filter((_each, i) => !isHeader(values[i - (i % 2)] as string, source.header));
    },
  };
}

/** Credentials that are remembered. The cache keeps at least half of them. */
const MAX_CREDENTIALS = 20_000;

/** Headers that are no keys: the address, the client and what it wants. */
const READ_ELSEWHERE =
  /^(?:x-forwarded-.*|forwarded|x-real-ip|cf-connecting-ip|true-client-ip|host|user-agent|referer|cookie|dnt|sec-.*|accept.*|range)$/;

function isSame(one: UserIdMethod, other: UserIdMethod): boolean {
  return one.userId === other.userId && one.check === other.check;
}

/** Whether the response shows that the application has accepted a credential. Otherwise clients could invent users. */
function isLetIn(status: number | undefined): boolean {
  return status !== undefined && ((status >= 200 && status < 300) || status === 304);
}

/** Whether this is the name of a header, or of the attribute that has it. */
function isHeader(name: string, header: string): boolean {
  const plain = (text: string) => text.toLowerCase().replaceAll('_', '-');
  return plain(requestHeaderOf(name) ?? name) === plain(header);
}

function report(
  kind: 'token' | 'unreadable',
  { header }: UserIdSource,
  diagnostics: Pick<Diagnostics, 'warnOnce'>,
): void {
  const text =
    kind === 'token'
      ? `The header ${header} is a JSON Web Token, which changes often. Such requests have no user ID. Set userId to jwt.sub, jwt.client_id or jwt.azp.`
      : 'A bearer token cannot be read as a JSON Web Token. Such requests have no user ID. If your tokens are static keys, set userId to http.request.header.authorization.';
  diagnostics.warnOnce(`user id ${kind}`, coded('user-id-token', text));
}
