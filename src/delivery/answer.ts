import { codeOf } from '../common/describe-error.js';
import type { MessageCode } from '../common/messages.js';
import { countOf } from './bulk.js';
import type { Answer, Exchange } from './http.js';

/** A reason for log messages, and the code of its explanation. */
export interface Reason {
  readonly code: MessageCode;
  readonly reason: string;
}

/** The outcome of an exchange for the hits that were sent. */
export type BulkResult =
  /** Matomo has processed the hits. `unconfirmed` hits are neither tracked nor invalid. `warning` is for the operator. */
  | {
      readonly kind: 'processed';
      readonly tracked: number;
      readonly invalid: number;
      readonly unconfirmed: number;
      readonly warning?: Reason;
    }
  /** A server that does not report results has accepted the hits. */
  | { readonly kind: 'accepted'; readonly warning: Reason | undefined }
  /** Matomo may have stored the hits. Sending them again could duplicate them. */
  | ({ readonly kind: 'unconfirmed' } & Reason)
  /** Matomo has not processed the hits. One of them or the server may be the cause. At most `mayBeStored` of them are stored. */
  | ({ readonly kind: 'failed'; readonly mayBeStored?: number } & Reason)
  /** Matomo has not processed the hits. None of them is the cause. */
  | ({ readonly kind: 'later'; readonly retryAfter?: string | undefined } & Reason)
  /** Either all hits are invalid, or the token is. */
  | ({ readonly kind: 'all_invalid' } & Reason)
  | { readonly kind: 'too_large' };

/** Facts that the exchange does not show. */
interface Known {
  /** Number of hits that were sent. */
  readonly sent: number;
  /** Whether invalid hits may show that Matomo rejects the token. */
  readonly hasToken: boolean;
  /** The token, which must not appear in messages. */
  readonly token: string | undefined;
  /** Whether this server has sent counters before. If so, an answer without counters comes from Matomo, PHP or the database. */
  readonly isMatomo: boolean;
}

/** Classifies an exchange. Only status, content type and counters of an answer together show what Matomo has stored. */
export function interpretAnswer(exchange: Exchange, known: Known): BulkResult {
  switch (exchange.kind) {
    case 'not_sent': {
      const reason = `Matomo cannot be reached (${codeOf(exchange.error)})`;
      return { kind: 'later', code: 'unreachable', reason };
    }
    case 'no_answer': {
      const reason = `Matomo did not answer (${codeOf(exchange.error)})`;
      return { kind: 'unconfirmed', code: 'no-answer', reason };
    }
    case 'printed':
      return { kind: 'accepted', warning: undefined };
    case 'answer':
      return readStatus(exchange, known);
  }
}

/** The outcome that the status of an answer shows. */
type Meaning = Pick<Extract<BulkResult, Reason>, 'kind' | 'code'>;

const BUSY: Meaning = { kind: 'later', code: 'unavailable' };
const REFUSED: Meaning = { kind: 'failed', code: 'request-rejected' };
/** nginx also answers 502 if PHP dies after the commit. A status above 504 is a proxy's own, and proves no more. */
const UNCLEAR: Meaning = { kind: 'failed', code: 'unavailable' };

/** With 408, 429 and 503, the server is overloaded. Any other status may be the response of a firewall to a single hit. */
const MEANINGS: Readonly<Record<number, Meaning>> = {
  408: BUSY,
  429: BUSY,
  500: { kind: 'failed', code: 'rolled-back' },
  501: { kind: 'failed', code: 'unavailable' },
  503: BUSY,
  504: { kind: 'unconfirmed', code: 'no-answer' },
};

function readStatus(answer: Answer, known: Known): BulkResult {
  const { status, retryAfter } = answer;
  const counters = isImage(answer) ? undefined : readCounters(answer.body, known.sent);
  // PHP may fail after Matomo has answered. If PHP prints something before Matomo fails, the status is already 200.
  if (counters && (status < 300 || (status === 500 && counters.isSuccess)))
    return readCounted(counters, known);
  if (status < 300) return readWithoutCounters(answer, known);
  if (status === 413) return { kind: 'too_large' };
  const reason = `Matomo answered with status ${status} (${countOf(known.sent)})`;
  if (status < 400) {
    const to = `${reason} and redirects to ${target(answer.location, known)}, which is not followed`;
    return { kind: 'failed', code: 'redirected', reason: to, mayBeStored: 0 };
  }
  const meaning = MEANINGS[status] ?? (status < 500 ? REFUSED : UNCLEAR);
  // If Matomo uses no transactions, the hits before the one that failed are stored.
  const ofOthers = meaning === UNCLEAR ? known.sent : status === 500 ? known.sent - 1 : 0;
  const mayBeStored = counters?.tracked ?? ofOthers;
  return { ...meaning, mayBeStored, retryAfter, reason };
}

function readCounted(counters: Counters, known: Known): BulkResult {
  const hits = countOf(known.sent);
  if (!counters.isSuccess) {
    const reason = `Matomo failed to process ${hits}`;
    return { kind: 'failed', code: 'rolled-back', reason, mayBeStored: counters.tracked };
  }
  // The numbers are limited to the hits that were sent, so that every hit is counted once whatever the answer says.
  const tracked = Math.min(counters.tracked, known.sent);
  const invalid = Math.min(counters.invalid, known.sent - tracked);
  if (tracked + invalid === 0) {
    const reason = `Matomo neither tracked nor rejected ${hits}. Either its database timed out on a lock, and some hits may be stored, or tracking is turned off (record_statistics)`;
    return { kind: 'failed', code: 'hits-not-counted', reason, mayBeStored: known.sent };
  }
  // Matomo lists invalid hits only if it accepts the token, and the user is a super user.
  if (tracked === 0 && known.hasToken && !counters.namesInvalid) {
    const reason = `Matomo rejected all of ${hits} sent with a token`;
    return { kind: 'all_invalid', code: 'token-rejected', reason };
  }
  const unconfirmed = known.sent - tracked - invalid;
  const result: BulkResult = { kind: 'processed', tracked, invalid, unconfirmed };
  if (tracked > 0) return result;
  const reason = `Matomo rejected all of ${hits}, counted as invalid`;
  return { ...result, warning: { code: 'site-unknown', reason } };
}

/** Interprets an answer with status 2xx that has no counters. */
function readWithoutCounters(answer: Answer, known: Known): BulkResult {
  const { status, body } = answer;
  const hits = countOf(known.sent);
  if (isImage(answer) || body.trim() === '') {
    const what = isImage(answer) ? 'an image' : 'an empty body';
    const reason = `Matomo confirms no hit: it answers with ${what} instead of counters (status ${status}). Hits count as accepted`;
    return { kind: 'accepted', warning: { code: 'nothing-confirmed', reason } };
  }
  const type = plain(answer.contentType, known) || 'no content type';
  const reason = `The server answered with status ${status} (${hits}), but not as Matomo's tracker does (${type})`;
  const isPage = IS_PAGE.test(body);
  if (status !== 200 && !isPage) {
    const accepted = `${reason}; the hits count as accepted`;
    return { kind: 'accepted', warning: { code: 'not-matomo', reason: accepted } };
  }
  const [, state] = SQL_STATE.exec(body) ?? [];
  if (state !== undefined) {
    const failed = `Matomo's database failed (${plain(state, known)}) with ${hits}`;
    return { kind: 'failed', code: 'rolled-back', reason: failed, mayBeStored: known.sent - 1 };
  }
  if (isPage) return { kind: 'failed', code: 'not-matomo', reason, mayBeStored: known.sent };
  if (!known.isMatomo) return { kind: 'later', code: 'not-matomo', reason };
  // If PHP has printed something, Matomo omits its counters, but has stored the hits.
  const uncounted = `${reason}, so hits count as unconfirmed, and are not sent again`;
  const warning: Reason = { code: 'not-matomo', reason: uncounted };
  return { kind: 'processed', tracked: 0, invalid: 0, unconfirmed: known.sent, warning };
}

function isImage({ body, contentType }: Answer): boolean {
  return /^\s*image\//i.test(contentType) || body.startsWith('GIF8');
}

/** Matches a database error. If Matomo's database fails during a bulk, Matomo answers 200, and nothing of the bulk is stored. */
const SQL_STATE = /(?:^|\n)[\ufeff\s]{0,8}Error:.{0,100}?(SQLSTATE.{0,7})/;
const IS_PAGE = /<(?:!doctype|html)\b/i;

/** The target of a redirect without credentials, path parameters and query, which may repeat sent data. */
function target(location: string | undefined, known: Known): string {
  if (!location) return 'nowhere';
  const address = location.replace(/^([a-z][a-z\d+.-]*:)?([\\/]*)[^\\/]*@/i, '$1$2');
  return plain(address.replace(/[?#;].*/, ''), known);
}

/** Makes text of a server safe to log. A server may repeat sent data. */
function plain(text: string, { token }: Known): string {
  const printable = text.replace(/[^\x20-\x7e]/g, '');
  return (token === undefined ? printable : printable.replaceAll(token, '…')).slice(0, 200);
}

interface Counters {
  /** If `false`, Matomo has rolled the bulk back. */
  readonly isSuccess: boolean;
  readonly tracked: number;
  readonly invalid: number;
  readonly namesInvalid: boolean;
}

/** Matches counters as Matomo writes them, in linear time. */
const COUNTERS =
  /\{\s*"status"\s*:\s*"(success|error)"\s*,\s*"tracked"\s*:\s*(\d{1,15})\s*,\s*"invalid"\s*:\s*(\d{1,15})\s*(?:,\s*"invalid_indices"\s*:\s*\[([\d\s,]*)\]\s*)?[,}]/g;

/**
 * Finds the counters in the answer to a bulk, even if PHP, a proxy or a hoster has written text around them. If there are several sets of
 * counters, Matomo's are those that add up to the number of sent hits.
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
    namesInvalid: /\d/.test(indices),
  };
}
