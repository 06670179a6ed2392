import type { Diagnostics } from '../common/diagnostics.js';
import type { LogLines } from '../common/log-lines.js';
import { coded, type MessageCode } from '../common/messages.js';
import type { Hit } from '../hit/hit.js';
import type { Reason } from './answer/interpret-answer.js';
import { nameOf } from './answer/name-of.js';
import { countOf } from './bulk.js';
import type { LossReason, Results } from './delivery-counts.js';

const HOUR_MILLIS = 3_600_000;
/** Different names of invalid hits in a line. */
const MAX_NAMES = 5;
const OUTAGE = 'outage';

const ADVICE: Readonly<Partial<Record<MessageCode, string>>> = {
  unreachable: 'Fix what the parentheses name, or correct url.',
  'no-answer': 'Check Matomo and the proxy in front of it, or raise exportTimeoutMillis.',
  unavailable: 'Check the web server and PHP of Matomo.',
  'rolled-back': "Check Matomo's database, and read PHP's error log.",
  'hits-not-counted':
    "Check Matomo's database for lock timeouts, and its setting record_statistics.",
  redirected: 'Set url to an address that answers without a redirect.',
  'request-rejected':
    'Check url and headers, and let proxies and firewalls pass POST to matomo.php.',
  'not-matomo': 'Set url to the folder that has matomo.php, and check the proxy in front of it.',
  'tracker-debug':
    "Set debug and debug_on_demand to 0 in the section [Tracker] of Matomo's config.ini.php.",
  'php-output': "Set display_errors = Off in Matomo's php.ini, and read PHP's error log.",
  'counters-changed': 'Check the proxy in front of Matomo.',
  'nothing-confirmed':
    'That is normal with its plugin QueuedTracking and with a relay. Without them, check what answers at url.',
  'site-unknown': 'Check siteId: the site may not exist.',
  'token-rejected': 'Check siteId, and that the user of tokenAuth has write access to that site.',
};

/** What to do about an answer of Matomo. */
export function adviceFor(code: MessageCode): string {
  return ADVICE[code] ?? 'Run npx opentelemetry-matomo doctor.';
}

const CHECK_SPOOL =
  'Check why the spool does not store hits: space, permissions, maxSpoolBytes, or Redis';
const ASK_DOCTOR = 'An earlier line, or npx opentelemetry-matomo doctor, names the cause';
const PREFER_DUPLICATES = 'set resendUnconfirmed if you prefer duplicates to losses';

/** Lines about what becomes of hits, and why Matomo does not process them. */
export class DeliveryLog {
  /** Why Matomo does not process hits now. */
  cause: Reason | undefined;
  /** The process ends: what is lost then is logged with the cause, in one line. */
  isEnding = false;
  readonly #diagnostics: Pick<Diagnostics, 'warnOnce'>;
  readonly #lines: LogLines;
  readonly #hasSpool: boolean;
  readonly #isResending: boolean;
  /** Names of invalid hits for the next line, and how many hits have each. */
  readonly #invalid = new Map<string, number>();

  /** `isResending`: `resendUnconfirmed` is set. */
  constructor(
    diagnostics: Pick<Diagnostics, 'warnOnce'>,
    lines: LogLines,
    { hasSpool, isResending }: { readonly hasSpool: boolean; readonly isResending: boolean },
  ) {
    this.#diagnostics = diagnostics;
    this.#lines = lines;
    this.#hasSpool = hasSpool;
    this.#isResending = isResending;
  }

  /** Matomo does not process hits. `pending`: as far as they are sent again. */
  beginOutage(cause: Reason, pending: number): void {
    this.cause = cause;
    if (this.isEnding) return;
    const { code, reason } = cause;
    const effect =
      pending > 0 ? `Pending, sent again later: ${countOf(pending)}` : 'Other hits stay pending';
    this.#lines.begin(OUTAGE, code, () => `${reason}. ${effect}. ${adviceFor(code)}`);
  }

  /** Hits stay in the spool at the end, for this reason. */
  endWithHitsLeft(cause: Reason, hits: number): void {
    this.isEnding = false;
    this.beginOutage(cause, hits);
  }

  /** It does again. */
  endOutage(): void {
    this.cause = undefined;
    const text = () => 'Matomo processes hits again. Pending hits are being sent.';
    this.#lines.end(OUTAGE, 'available-again', text);
  }

  /** What an answer says besides its counters, once per code. */
  warn({ code, reason }: Reason, effect = ''): void {
    this.#diagnostics.warnOnce(code, coded(code, `${reason}.${effect} ${adviceFor(code)}`));
  }

  /** Results that an operator should know. */
  add(results: Results): void {
    const { invalid = 0, ...lost } = results;
    const {
      unconfirmed = 0,
      too_large = 0,
      expired = 0,
      queue_full = 0,
    } = this.isEnding ? {} : lost;
    const add = (code: MessageCode, hits: number, toText: (hits: string) => string) =>
      hits > 0 && this.#lines.add(code, hits, (sum) => toText(countOf(sum)));
    const reason = this.cause?.reason;
    add('unconfirmed', unconfirmed, (hits) => {
      const why = reason === undefined ? '' : ` (${reason})`;
      const checkWhy = this.#isResending ? 'Check why' : `Check why, or ${PREFER_DUPLICATES}`;
      const advice = reason === undefined ? ASK_DOCTOR : checkWhy;
      return `Matomo may have stored ${hits} without confirming it${why}: not sent again, counted as lost.unconfirmed. ${advice}.`;
    });
    add(
      'too-large',
      too_large,
      (hits) =>
        `Matomo answered with status 413 to ${hits} sent alone: lost and counted as too_large. Raise the limit of the proxy or web server for the size of a request.`,
    );
    add(
      'expired',
      expired,
      (hits) =>
        `Too old to be sent, lost and counted as expired: ${hits}. The limit is maxSpoolAgeMillis or, without tokenAuth, a day. Check why they were not sent earlier.`,
    );
    add('queue-full', queue_full, (hits) => {
      const advice = this.#hasSpool ? CHECK_SPOOL : 'Raise maxQueueSize, or set spool';
      return `The queue is full. Lost and counted as queue_full: ${hits}. New hits are lost until there is room. ${advice}.`;
    });
    if (invalid > 0) {
      const toText = (sum: number) =>
        `Matomo rejected ${countOf(sum)}, counted as invalid${this.#takeNames(sum)}. Check siteId, and that the goals exist; an order that Matomo already has is rejected too.`;
      this.#lines.add('hits-invalid', invalid, toText, HOUR_MILLIS);
    }
  }

  /** Matomo has rejected these hits. They are named in the next line about invalid ones. */
  nameInvalid(hits: readonly Hit[]): void {
    for (const hit of hits) {
      const name = nameOf(hit);
      const count = this.#invalid.get(name);
      if (count !== undefined || this.#invalid.size < MAX_NAMES)
        this.#invalid.set(name, (count ?? 0) + 1);
    }
  }

  #takeNames(sum: number): string {
    const named = [...this.#invalid];
    this.#invalid.clear();
    if (named.length === 0) return '';
    const names = named.map(([name, count]) => (count === 1 ? name : `${name} (${count})`));
    const more = sum - named.reduce((total, [, count]) => total + count, 0);
    return `: ${names.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
  }

  /** A hit has failed again and again while others were tracked. */
  rejectHit(hit: Hit, { reason }: Reason): void {
    const name = nameOf(hit);
    this.#lines.add(
      'rejected',
      1,
      (hits) =>
        `Matomo fails with ${name} and processes others (${reason}). Lost and counted as rejected: ${countOf(hits)}. Read PHP's error log, and check the web server and firewall in front of Matomo.`,
    );
  }

  /** Matomo may have the order already, or the token is invalid. */
  rejectOrder(): void {
    const text =
      'Matomo rejected an order, and has tracked no hit of this process yet. Either Matomo already has the order, or tokenAuth is invalid. The order counts as invalid. If other hits are rejected too, check tokenAuth and siteId.';
    this.#diagnostics.warnOnce('orders-rejected', coded('orders-rejected', text));
  }

  /** What was lost at the end of a `shutdown` or of the process, by reason, and what was sent without a response. */
  endWithLosses(
    what: 'shutdown' | 'process',
    { unconfirmed = 0, ...others }: Readonly<Partial<Record<LossReason, number>>>,
    hasTimedOut: boolean,
    reason: string | undefined,
  ): void {
    const counts = Object.entries(others).filter(([, count]) => count > 0);
    const hits = counts.reduce((sum, [, count]) => sum + count, 0);
    if (hits + unconfirmed === 0) return;
    const why = [...(hasTimedOut ? ['the shutdown timeout ran out'] : []), reason ?? []].flat();
    const sentences = [
      `The ${what} ended before Matomo confirmed ${countOf(hits + unconfirmed)}${why.length > 0 ? ` (${why.join('; ')})` : ''}`,
    ];
    if (hits > 0) {
      const names = counts.map(([name, count]) => `${name}: ${count}`).join(', ');
      sentences.push(`Lost: ${countOf(hits)} (${names})`);
    }
    if (unconfirmed > 0)
      sentences.push(`Sent, not confirmed: ${countOf(unconfirmed)} (unconfirmed: ${unconfirmed})`);
    sentences.push(this.#adviceAtEnd(hits > 0, hasTimedOut));
    const code = hits > 0 ? 'lost-at-shutdown' : 'unconfirmed';
    this.#diagnostics.warnOnce(`${what}-losses`, coded(code, `${sentences.join('. ')}.`));
  }

  #adviceAtEnd(areLost: boolean, hasTimedOut: boolean): string {
    if (this.#hasSpool && areLost) return CHECK_SPOOL;
    if (this.#isResending && !areLost)
      return hasTimedOut ? 'Raise shutdownTimeoutMillis' : ASK_DOCTOR;
    const raise = hasTimedOut ? 'Raise shutdownTimeoutMillis, or ' : '';
    const advice = areLost ? 'set spool to keep hits across restarts' : PREFER_DUPLICATES;
    return raise === '' ? `S${advice.slice(1)}` : `${raise}${advice}`;
  }
}
