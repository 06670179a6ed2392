import { codeOf } from '../common/describe-error.js';
import type { MessageCode } from '../common/messages.js';
import { countOf } from './bulk.js';
import type { Answer, Exchange } from './http.js';

/** A reason for the log, and the code that explains it. */
export interface Reason {
  readonly code: MessageCode;
  readonly reason: string;
}

/** The outcome of an exchange for the hits that were sent. */
export type BulkResult =
  /** Matomo has processed them. `unconfirmed`: neither tracked nor invalid. `warning`: for the operator. */
  | {
      readonly kind: 'processed';
      readonly tracked: number;
      readonly invalid: number;
      readonly unconfirmed: number;
      readonly warning?: Reason;
    }
  /** A server that does not report results has accepted the hits. */
  | { readonly kind: 'accepted'; readonly warning: Reason | undefined }
  /** The hits may be stored or not. Sending them again could duplicate them. */
  | ({ readonly kind: 'unconfirmed' } & Reason)
  /** Matomo has not processed the hits, because of one of them or of the server. At most `mayBeStored` of them are stored. */
  | ({ readonly kind: 'failed'; readonly mayBeStored?: number } & Reason)
  /** Matomo has not processed the hits, for a reason that is not in them. */
  | ({ readonly kind: 'later'; readonly retryAfter?: string | undefined } & Reason)
  /** No hit is valid, or the token is not. */
  | ({ readonly kind: 'all_invalid' } & Reason)
  | { readonly kind: 'too_large' };

/** Facts that an exchange alone does not show. */
interface Known {
  /** Number of hits that were sent. */
  readonly sent: number;
  /** Whether invalid hits may show that Matomo rejects the token. */
  readonly hasToken: boolean;
  /** The token, which no message may show. */
  readonly token: string | undefined;
  /** Whether that server has sent counters before: then a text without them is one of Matomo, of PHP, or of its database. */
  readonly isMatomo: boolean;
}

/** Classifies an exchange: only status, content type and counters of the answer together show what was stored. */
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

/** The outcome that a status alone shows. */
type Meaning = Pick<Extract<BulkResult, Reason>, 'kind' | 'code'>;

const BUSY: Meaning = { kind: 'later', code: 'unavailable' };
const REFUSED: Meaning = { kind: 'failed', code: 'request-rejected' };
/** nginx also answers 502 if PHP dies after the commit, and a proxy's own status above 504 proves no more. */
const UNCLEAR: Meaning = { kind: 'failed', code: 'unavailable' };

/** With 408, 429 and 503, a server is overloaded. Any other status may be the answer of a firewall to a single hit. */
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
  // PHP may fail after Matomo has answered; and if it prints before Matomo fails, the status is 200 already.
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
  // Without transactions in Matomo, those before the hit that failed are stored.
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
  // At most the hits that were sent, whatever the answer says, so that every hit is counted once.
  const tracked = Math.min(counters.tracked, known.sent);
  const invalid = Math.min(counters.invalid, known.sent - tracked);
  if (tracked + invalid === 0) {
    const reason = `Matomo neither tracked nor rejected ${hits}. Either its database timed out on a lock, and some hits may be stored, or tracking is turned off (record_statistics)`;
    return { kind: 'failed', code: 'hits-not-counted', reason, mayBeStored: known.sent };
  }
  // Matomo names invalid hits only if it accepts the token, of a super user.
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

/** An answer with status 2xx that has no counters. */
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
  if (!known.isMatomo && !isPage) return { kind: 'later', code: 'not-matomo', reason };
  const [, state] = SQL_STATE.exec(body) ?? [];
  if (state !== undefined) {
    const failed = `Matomo's database failed (${plain(state, known)}) with ${hits}`;
    return { kind: 'failed', code: 'rolled-back', reason: failed, mayBeStored: known.sent - 1 };
  }
  const mayBeStored = known.isMatomo ? known.sent : 0;
  if (isPage) return { kind: 'failed', code: 'not-matomo', reason, mayBeStored };
  // Matomo leaves out its counters if PHP has printed something, and stores the hits all the same.
  const uncounted = `${reason}, so hits count as unconfirmed, and are not sent again`;
  const warning: Reason = { code: 'not-matomo', reason: uncounted };
  return { kind: 'processed', tracked: 0, invalid: 0, unconfirmed: known.sent, warning };
}

function isImage({ body, contentType }: Answer): boolean {
  return /^\s*image\//i.test(contentType) || body.startsWith('GIF8');
}

/** If Matomo's database fails during a bulk, Matomo answers 200, and nothing of the bulk is stored. */
const SQL_STATE = /(?:^|\n)[\ufeff\s]{0,8}Error:.{0,100}?(SQLSTATE.{0,7})/;
const IS_PAGE = /<(?:!doctype|html)\b/i;

/** The target of a redirect, without credentials, path parameters and query, which may repeat what was sent. */
function target(location: string | undefined, known: Known): string {
  if (!location) return 'nowhere';
  const address = location.replace(/^([a-z][a-z\d+.-]*:)?([\\/]*)[^\\/]*@/i, '$1$2');
  return plain(address.replace(/[?#;].*/, ''), known);
}

/** Foreign text in a form that is safe to log. A server may repeat what was sent. */
function plain(text: string, { token }: Known): string {
  const printable = text.replace(/[^\x20-\x7e]/g, '');
  return (token === undefined ? printable : printable.replaceAll(token, '…')).slice(0, 200);
}

interface Counters {
  /** With `false`, Matomo has rolled the bulk back. */
  readonly isSuccess: boolean;
  readonly tracked: number;
  readonly invalid: number;
  readonly namesInvalid: boolean;
}

/** Matches counters as Matomo writes them, in linear time. */
const COUNTERS =
  /\{\s*"status"\s*:\s*"(success|error)"\s*,\s*"tracked"\s*:\s*(\d{1,15})\s*,\s*"invalid"\s*:\s*(\d{1,15})\s*(?:,\s*"invalid_indices"\s*:\s*\[([\d\s,]*)\]\s*)?[,}]/g;

/**
 * The counters in the answer to a bulk, whatever PHP, a proxy or a hoster wrote before and after them. If a text has counters of its own,
 * those are Matomo's that add up to the hits that were sent.
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
