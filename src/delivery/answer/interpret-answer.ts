import { codeOf } from '../../common/describe-error.js';
import type { MessageCode } from '../../common/messages.js';
import type { Hit } from '../../hit/hit.js';
import { countOf } from '../bulk.js';
import type { Answer, Exchange } from '../http/transport.js';

/** A reason for the log, and the code that explains it. */
export interface Reason {
  readonly code: MessageCode;
  readonly reason: string;
}

/** The result of one exchange for the hits that were sent. */
export type BulkResult =
  /** Matomo has processed them. `unconfirmed`: neither tracked nor invalid. `warning`: for the operator. */
  | {
      readonly kind: 'processed';
      readonly tracked: number;
      readonly invalid: number;
      readonly unconfirmed: number;
      /** Places of the invalid hits in the bulk, if Matomo names them, as it does to the token of a super user. */
      readonly invalidIndices?: readonly number[];
      readonly warning?: Reason;
    }
  /** Accepted by a server that does not report results. `isDoubtful`: perhaps not even accepted. */
  | { readonly kind: 'accepted'; readonly warning?: Reason; readonly isDoubtful?: boolean }
  /** The hits may be stored or not. Sending them again could duplicate them. */
  | ({ readonly kind: 'unconfirmed' } & Reason)
  /** Rolled back by Matomo: none is stored. */
  | ({ readonly kind: 'rolled_back' } & Reason)
  /** Not processed, because of a hit or of the server. `mayBeStored`: the response does not prove that nothing was stored. */
  | ({ readonly kind: 'failed'; readonly mayBeStored?: true } & Reason)
  /** Neither tracked nor invalid: a lock timed out and some may be stored, tracking is off, or one hit makes the bulk unreadable. */
  | ({ readonly kind: 'not_counted' } & Reason)
  /** Temporarily not possible, for any hit. */
  | ({ readonly kind: 'unavailable'; readonly retryAfter?: string | undefined } & Reason)
  /** No hit was valid, with a token that has worked: each hit may be invalid, or the token no longer works. */
  | ({ readonly kind: 'all_invalid' } & Reason)
  /** No hit was valid, with a token that has not worked yet. */
  | ({ readonly kind: 'token_rejected' } & Reason)
  /** Not processed, whatever the hits are, and only an operator can change that. */
  | ({ readonly kind: 'misconfigured' } & Reason)
  | { readonly kind: 'too_large' };

/** What an exchange alone does not show about Matomo. */
interface ExchangeContext {
  /** Number of hits that were sent. */
  readonly sent: number;
  /** Whether invalid hits may show that Matomo rejects the token. */
  readonly hasToken: boolean;
  /** The token, which no message may show. */
  readonly token?: string | undefined;
  /** Matomo has tracked at least one hit since start. */
  readonly hasTracked: boolean;
}

/** Classifies an exchange: only status, content type and counters of the response together show what was stored. */
export function interpretAnswer(exchange: Exchange, known: ExchangeContext): BulkResult {
  switch (exchange.kind) {
    case 'not_sent': {
      const reason = `Matomo cannot be reached (${codeOf(exchange.error)})`;
      return { kind: 'unavailable', code: 'unreachable', reason };
    }
    case 'no_answer': {
      const { begun } = exchange;
      // Counters prove what was stored, also of an answer that has no end.
      if (begun && readCounters(begun.body, known.sent)) return readStatus(begun, known);
      const reason = `Matomo did not answer (${codeOf(exchange.error)})`;
      return { kind: 'unconfirmed', code: 'no-answer', reason };
    }
    case 'printed':
      return { kind: 'accepted' };
    case 'answer':
      return readStatus(exchange, known);
  }
}

function readStatus(answer: Answer, known: ExchangeContext): BulkResult {
  const { status } = answer;
  const counters = isImage(answer) ? undefined : readCounters(answer.body, known.sent);
  // PHP may fail after Matomo has answered; and if it prints before Matomo fails, the status is 200 already.
  const isBelieved = status < 300 || (status === 500 && counters?.isSuccess);
  if (counters && isBelieved) return readCounted(counters, known);
  const reason = `Matomo answered with status ${status} (${countOf(known.sent)})`;
  if (status >= 200 && status < 300) return readWithoutCounters(answer, known);
  if (status === 413) return { kind: 'too_large' };
  if (status === 500) return { kind: 'rolled_back', code: 'rolled-back', reason };
  if (status === 504) return { kind: 'unconfirmed', code: 'no-answer', reason };
  if (status === 408 || status === 429 || status === 501 || status === 503)
    return { kind: 'unavailable', code: 'unavailable', reason, retryAfter: answer.retryAfter };
  // nginx also answers 502 if PHP dies after the commit, and a proxy's own status above 504 proves no more.
  if (status > 500) {
    const unclear = `${reason} and may have stored them`;
    return { kind: 'failed', code: 'unavailable', reason: unclear, mayBeStored: true };
  }
  if (status >= 300 && status < 400) {
    const to = target(answer.location, known);
    const redirected = `${reason} and redirects to ${to}, which is not followed`;
    return { kind: 'misconfigured', code: 'redirected', reason: redirected };
  }
  if (status !== 401) return { kind: 'failed', code: 'request-rejected', reason };
  const scheme = /^(?:basic|digest|bearer|negotiate|ntlm)\b/i.exec(answer.authenticate ?? '')?.[0];
  const cause =
    scheme === undefined ? '' : `: a server in front of it asks for authentication (${scheme})`;
  return { kind: 'misconfigured', code: 'request-rejected', reason: `${reason}${cause}` };
}

function readCounted(counters: Counters, known: ExchangeContext): BulkResult {
  if (!counters.isSuccess) {
    const reason = `Matomo failed to process ${countOf(known.sent)}`;
    return { kind: 'rolled_back', code: 'rolled-back', reason };
  }
  // Never more than was sent, whatever the response says: every hit is counted once.
  const tracked = Math.min(counters.tracked, known.sent);
  const invalid = Math.min(counters.invalid, known.sent - tracked);
  if (tracked + invalid === 0) {
    const reason = `Matomo neither tracked nor rejected ${countOf(known.sent)}. Either its database timed out on a lock, and some hits may be stored, or tracking is turned off (record_statistics)`;
    return { kind: 'not_counted', code: 'hits-not-counted', reason };
  }
  if (tracked === 0 && known.hasToken) {
    const reason = `Matomo rejected all of ${countOf(known.sent)} sent with a token`;
    const kind = known.hasTracked ? 'all_invalid' : 'token_rejected';
    return { kind, code: 'token-rejected', reason };
  }
  const unconfirmed = known.sent - tracked - invalid;
  const { invalidIndices } = counters;
  const result: BulkResult = { kind: 'processed', tracked, invalid, unconfirmed, invalidIndices };
  if (tracked > 0 || known.hasTracked) return result;
  const reason = `Matomo rejected all of ${countOf(known.sent)}, counted as invalid`;
  return { ...result, warning: { code: 'site-unknown', reason } };
}

/** A 2xx response without counters. */
function readWithoutCounters(answer: Answer, known: ExchangeContext): BulkResult {
  const { status, body } = answer;
  const content = describeNothing(answer);
  if (content !== undefined) {
    if (known.hasTracked) return { kind: 'accepted' };
    const reason = `Matomo confirms no hit: it answers with ${content} instead of counters (status ${status}). Hits count as accepted`;
    return { kind: 'accepted', warning: { code: 'nothing-confirmed', reason } };
  }
  const hits = countOf(known.sent);
  const sqlState = sqlStateOf(body, known);
  if (sqlState !== undefined) {
    const reason = `Matomo's database failed (${sqlState}) and none of ${hits} was stored`;
    return { kind: 'failed', code: 'rolled-back', reason };
  }
  const ofMatomo = readTextOfMatomo(body, known.sent);
  if (ofMatomo) return ofMatomo;
  const type = plain(answer.contentType, known) || 'no content type';
  const reason = `The server answered with status ${status} (${hits}), but not as Matomo's tracker does (${type})`;
  if (/^\s*text\/html\b/i.test(answer.contentType)) {
    const html = `${reason} and may have stored them`;
    return { kind: 'failed', code: 'not-matomo', reason: html, mayBeStored: true };
  }
  if (!known.hasTracked) return { kind: 'misconfigured', code: 'not-matomo', reason };
  const accepted: Reason = { code: 'not-matomo', reason: `${reason}; the hits count as accepted` };
  const isDoubtful = status !== 201 && status !== 202;
  return { kind: 'accepted', warning: accepted, isDoubtful };
}

/** What a response is that says nothing: QueuedTracking answers with an image, and a relay may remove the body. */
function describeNothing(answer: Answer): string | undefined {
  if (isImage(answer)) return 'an image';
  return answer.body.trim() === '' ? 'an empty body' : undefined;
}

function isImage({ body, contentType }: Answer): boolean {
  return /^\s*image\//i.test(contentType) || body.startsWith('GIF8');
}

/** Lines of Matomo's log in the formats of its loggers and versions: `DEBUG: …`, `DEBUG Piwik\Tracker[2026-…`, `[2026-…] piwik.DEBUG: …`. */
const DEBUG_LINE =
  /(?:^|[\n>])[\ufeff \t]{0,8}(?:\[[\dT:.+ -]{1,40}\] )?(?:\w{1,40}\.)?DEBUG(?:<\/\w{1,9}>)?(?::\s|:? ?[\w\\]{0,100}\[)/;
/** What Matomo writes there first, in any format. */
const DEBUG_TEXT = 'Debug enabled - Input parameters';
/** Messages of PHP, in its formats for HTML and text, and in that of Xdebug. */
const PHP_MESSAGE =
  /(?:^|[\n>])[\ufeff \t]{0,8}(?:PHP )?(?:<b>)?(?:Warning|Notice|Deprecated|Strict Standards)(?:<\/b>)?: /;
const PHP_FAILURE =
  /(?:^|[\n>])[\ufeff \t]{0,8}(?:PHP )?(?:<b>)?(?:Fatal|Parse|(?:Recoverable|Catchable) fatal) error(?:<\/b>)?: /;
const PHP_PLACE = / on line (?:<\w>)?\d/;
/** Counters that are cut off at the end of the response, or that something has quoted. */
const CUT_COUNTERS = /\{"status":"success","tracked"[^{}]*$/;
const QUOTED_COUNTERS =
  /(?:"|&quot;)status\\?(?:"|&quot;):\\?(?:"|&quot;)success\\?(?:"|&quot;),\\?(?:"|&quot;)tracked\b/;

/**
 * A response of Matomo's that has no counters: it leaves them out if anything was printed while it processed the bulk. `undefined` if
 * something else may have answered.
 */
function readTextOfMatomo(body: string, sent: number): BulkResult | undefined {
  const unconfirmed = (code: MessageCode, what: string): BulkResult => {
    const reason = `${what}, so hits count as unconfirmed, and are not sent again`;
    return {
      kind: 'processed',
      tracked: 0,
      invalid: 0,
      unconfirmed: sent,
      warning: { code, reason },
    };
  };
  if (CUT_COUNTERS.test(body) || QUOTED_COUNTERS.test(body))
    return unconfirmed('counters-changed', "Matomo's counters are cut off or changed on their way");
  // A page of another server may have a message of PHP, too.
  const isPage = /<(?:!doctype|html)\b/i.test(body);
  const hasPhpPlace = !isPage && PHP_PLACE.test(body);
  if (hasPhpPlace && PHP_FAILURE.test(body)) {
    const reason = `PHP failed while Matomo processed ${countOf(sent)}, and may have stored them`;
    return { kind: 'failed', code: 'rolled-back', reason, mayBeStored: true };
  }
  if (body.includes(DEBUG_TEXT) || (!isPage && DEBUG_LINE.test(body)))
    return unconfirmed('tracker-debug', 'Matomo answers with debug output instead of counters');
  if (hasPhpPlace && PHP_MESSAGE.test(body))
    return unconfirmed('php-output', 'Matomo answers with messages of PHP instead of counters');
  return undefined;
}

/** Whether Matomo rejected all hits of the bulk, perhaps because of its token. */
export function mayBeTokenRejection({ kind }: BulkResult): boolean {
  return kind === 'all_invalid' || kind === 'token_rejected';
}

/** Whether a hit is an order. Matomo accepts each order once and reports it as invalid when it is sent again. */
export function isOrder({ query }: Hit): boolean {
  return /[?&]ec_id=./.test(query);
}

/** The SQL state if Matomo's database failed during a bulk: Matomo answers 200, and nothing of the bulk is stored. */
function sqlStateOf(body: string, known: ExchangeContext): string | undefined {
  const state = /(?:^|\n)[\ufeff\s]{0,8}Error:.{0,100}?(SQLSTATE.{0,7})/.exec(body)?.[1];
  return state === undefined ? undefined : plain(state, known);
}

/** The target of a redirect, without credentials, path parameters and query, which may repeat what was sent. */
function target(location: string | undefined, known: ExchangeContext): string {
  if (!location) return 'nowhere';
  const address = location.replace(/^([a-z][a-z\d+.-]*:)?([\\/]*)[^\\/]*@/i, '$1$2');
  return plain(address.replace(/[?#;].*/, ''), known);
}

/** Foreign text in a form that is safe to log. A server may repeat what was sent. */
function plain(text: string, { token }: ExchangeContext): string {
  const printable = text.replace(/[^\x20-\x7e]/g, '');
  return (token === undefined ? printable : printable.replaceAll(token, '…')).slice(0, 200);
}

interface Counters {
  /** `false`: Matomo has rolled the bulk back. */
  readonly isSuccess: boolean;
  readonly tracked: number;
  readonly invalid: number;
  readonly invalidIndices: readonly number[];
}

/** As Matomo writes them. Takes linear time. */
const COUNTERS =
  /\{\s*"status"\s*:\s*"(success|error)"\s*,\s*"tracked"\s*:\s*(\d{1,15})\s*,\s*"invalid"\s*:\s*(\d{1,15})\s*(?:,\s*"invalid_indices"\s*:\s*\[([\d\s,]*)\]\s*)?[,}]/g;

/**
 * The counters in the response to a bulk, whatever PHP, a proxy or a hoster wrote before and after them. If a text has counters of its
 * own, those are Matomo's that add up to the hits that were sent.
 */
function readCounters(body: string, sent: number): Counters | undefined {
  const all = Array.from(body.matchAll(COUNTERS), toCounters);
  return all.find(({ tracked, invalid }) => tracked + invalid === sent) ?? all.at(-1);
}

function toCounters([, status, tracked, invalid, indices = '']: RegExpMatchArray): Counters {
  return {
    isSuccess: status === 'success',
    tracked: Number(tracked),
    invalid: Number(invalid),
    invalidIndices: (indices.match(/\d+/g) ?? []).map(Number),
  };
}

/** Whether a response has text before or after its counters. */
export function hasTextAround(body: string): boolean {
  return readCounters(body, 0) !== undefined && !/^\s*\{[^{}]*\}\s*$/.test(body);
}

/** The hits that Matomo names as invalid. */
export function invalidOf(
  { invalid, invalidIndices }: Extract<BulkResult, { kind: 'processed' }>,
  hits: readonly Hit[],
): readonly Hit[] {
  const indices = new Set(invalidIndices);
  return indices.size === invalid ? hits.filter((_, index) => indices.has(index)) : [];
}
