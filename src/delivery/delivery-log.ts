import { type Diagnostics, show } from '../common/diagnostics.js';
import type { LogLines } from '../common/log-lines.js';
import { coded, type MessageCode } from '../common/messages.js';
import type { Hit } from '../hit/hit-text.js';
import type { Reason } from './answer.js';
import { countOf } from './bulk.js';
import type { LossReason, Results } from './counts.js';

const HOUR_MILLIS = 3_600_000;
const OUTAGE = 'outage';

const ADVICE: Readonly<Partial<Record<MessageCode, string>>> = {
  unreachable: 'Fix what the parentheses name, or correct url.',
  'no-answer': 'Check Matomo and the proxy in front of it, or raise exportTimeoutMillis.',
  unavailable: 'Check the web server and PHP of Matomo.',
  'rolled-back': `Check Matomo's database, and search PHP's error log for "Data too long for column" and other errors.`,
  'hits-not-counted':
    "Check Matomo's database for lock timeouts, and its setting record_statistics.",
  redirected: 'Set url to an address that answers without a redirect.',
  'request-rejected':
    'Check url and headers, and exempt POST to matomo.php from the rules of firewalls such as mod_security, and of proxies.',
  'not-matomo':
    "Set url to the folder that has matomo.php, set display_errors = Off in Matomo's php.ini and debug = 0 in the section [Tracker] of its config.ini.php, and check the proxy in front of it.",
  'nothing-confirmed':
    'That is normal with its plugin QueuedTracking and with a relay. Without them, check what answers at url.',
  'hits-delayed': 'Give Matomo more processors, or send it fewer requests.',
  'site-unknown': 'Check siteId: the site may not exist.',
  'token-rejected':
    'Check siteId, and set tokenAuth to a token of a user who has write access to that site and is no super user: before 5.4, Matomo rejects theirs if they are for secure requests only. It may be revoked or expired, and Matomo knows a new one after five minutes.',
};

/** Advice for an answer of Matomo. */
export function adviceFor(code: MessageCode): string {
  return ADVICE[code] ?? 'Run npx opentelemetry-matomo doctor.';
}

/** Advice for losses. */
const AT_LOSS = {
  unconfirmed: 'Check why, or set resendUnconfirmed if you prefer duplicates to losses',
  too_large: 'Raise the limit of the proxy or web server for the size of a request',
  expired: 'Check why they were not sent earlier',
  queue_full: 'Raise maxQueueSize, or set spool. If it is set, check why it does not store hits',
} as const;

/** Logs lines about hits, and about reasons for which Matomo does not process hits. */
export class DeliveryLog {
  /** The reason for which Matomo currently does not process hits. */
  cause: Reason | undefined;
  /** Whether the process is ending. If so, one line logs all losses and their cause. */
  isEnding = false;
  readonly #diagnostics: Pick<Diagnostics, 'warnOnce'>;
  readonly #lines: LogLines;

  constructor(diagnostics: Pick<Diagnostics, 'warnOnce'>, lines: LogLines) {
    this.#diagnostics = diagnostics;
    this.#lines = lines;
  }

  /** Remembers why Matomo does not process hits. Logs it if `isLogged`. */
  beginOutage(cause: Reason, isLogged: boolean): void {
    this.cause = cause;
    if (this.isEnding || !isLogged) return;
    const { code, reason } = cause;
    this.#lines.begin(OUTAGE, code, () => `${reason}. Other hits stay pending. ${adviceFor(code)}`);
  }

  /** Logs that Matomo processes hits again. */
  endOutage(): void {
    this.cause = undefined;
    const text = () => 'Matomo processes hits again. Pending hits are being sent.';
    this.#lines.end(OUTAGE, 'available-again', text);
  }

  /** Logs a warning about an answer, once per code. */
  warn({ code, reason }: Reason, effect = ''): void {
    this.#diagnostics.warnOnce(code, coded(code, `${reason}.${effect} ${adviceFor(code)}`));
  }

  /** Logs results that the operator should know. */
  add({ invalid = 0, ...lost }: Results): void {
    for (const name of this.isEnding ? [] : (Object.keys(AT_LOSS) as (keyof typeof AT_LOSS)[])) {
      const why = name === 'unconfirmed' && this.cause ? ` (${this.cause.reason})` : '';
      const toText = (sum: number) =>
        `Lost and counted as ${name}: ${countOf(sum)}${why}. ${AT_LOSS[name]}.`;
      const code = name.replace('_', '-') as MessageCode;
      if ((lost[name] ?? 0) > 0) this.#lines.add(code, lost[name] ?? 0, toText);
    }
    if (invalid === 0) return;
    const toText = (sum: number) =>
      `Matomo rejected ${countOf(sum)}, counted as invalid. Check siteId, and that the goals exist; an order that Matomo already has is rejected too.`;
    this.#lines.add('hits-invalid', invalid, toText, HOUR_MILLIS);
  }

  /** Logs that a hit has failed repeatedly while others were tracked. */
  rejectHit(hit: Hit, { code, reason }: Reason): void {
    const toText = (hits: number) =>
      `Matomo fails with a ${describe(hit)} and processes others (${reason}). Lost and counted as rejected: ${countOf(hits)}. ${adviceFor(code)}`;
    this.#lines.add('rejected', 1, toText);
  }

  /** Logs that hits have been pending for long although Matomo processes some. */
  reportDelay(hits: number): void {
    const text = `Of ${countOf(hits)} that are pending, the oldest has waited for more than a minute: Matomo fails with some, or more come than it processes. They stay pending. ${adviceFor('hits-delayed')}`;
    this.#lines.add('hits-delayed', 1, () => text, HOUR_MILLIS);
  }

  /** Logs losses by reason at the end of a `shutdown` or of the process. Rejected hits have a line of their own. */
  endWithLosses(
    what: 'shutdown' | 'process',
    losses: Readonly<Partial<Record<LossReason, number>>>,
    reason: string | undefined,
  ): void {
    const counts = Object.entries({ ...losses, rejected: 0 }).filter(([, count]) => count > 0);
    const hits = counts.reduce((sum, [, count]) => sum + count, 0);
    if (hits === 0) return;
    const why = reason === undefined ? '' : ` (${reason})`;
    const names = counts.map(([name, count]) => `${name}: ${count}`).join(', ');
    const outage = this.cause?.reason === reason ? this.cause : undefined;
    const advice = outage ? adviceFor(outage.code) : 'Raise shutdownTimeoutMillis.';
    const text = `The ${what} ended before Matomo confirmed ${countOf(hits)}${why}. Counted as lost: ${names}. ${advice} Set spool to keep hits across restarts.`;
    const code = hits > (losses.unconfirmed ?? 0) ? 'lost-at-shutdown' : 'unconfirmed';
    this.#diagnostics.warnOnce(`${what}-losses`, coded(code, text));
  }
}

/** Logs lines about a spool. */
export class SpoolLog {
  readonly #spool: string;
  readonly #lines: LogLines;

  /** `place` appears in messages, so it must not contain credentials. */
  constructor(place: string, lines: LogLines) {
    this.#spool = `the spool ${place}`;
    this.#lines = lines;
  }

  /** Logs that the spool cannot be used. */
  begin(reason: string, code: MessageCode = 'spool-not-written'): void {
    const advice =
      code === 'spool-owner'
        ? 'Set spool to a folder that the user of this process owns and that others cannot write to.'
        : 'Check space, permissions, Redis, and maxSpoolBytes.';
    const text = `Cannot use ${this.#spool} (${reason}). Hits stay in memory until it can be used. ${advice}`;
    this.#lines.begin('spool', code, () => text);
  }

  end(): void {
    const text = `Hits are stored in ${this.#spool} again. Those that are still in memory are stored next.`;
    this.#lines.end('spool', 'spool-written-again', () => text);
  }

  beginKeyUnshared(reason: string): void {
    const text = `The visitor key cannot be stored in ${this.#spool} (${reason}). Until it can, this process counts visitors separately from others. Check space, permissions, or Redis.`;
    this.#lines.begin('visitor-key', 'spool-visitor-key', () => text);
  }

  /** Logs that a file is skipped. */
  addSkipped(name: string, why: string): void {
    const text = `${name} in ${this.#spool} is not read (${why}). Delete it, or change its owner to the user of this process.`;
    this.#lines.add('spool-owner', 1, () => text);
  }

  addDamaged(lines: number): void {
    const toText = (sum: number) =>
      `Lines of ${this.#spool} were incomplete or damaged, counted as lost.spool: ${sum}. Others are used. If this repeats, check the disk, and what else writes there.`;
    if (lines > 0) this.#lines.add('spool-damaged', lines, toText);
  }

  /** Logs that hits have disappeared, or may do so. */
  addLost(what: string): void {
    const text = `${what} of ${this.#spool}. Hits that waited there may be lost, and are not counted, because their number is unknown. Check what deletes them, and that Redis has persistence and maxmemory-policy noeviction.`;
    this.#lines.add('spool-lost', 1, () => text);
  }

  /** Logs that a process has died while sending these hits. */
  addUnconfirmed(hits: number): void {
    const toText = (sum: number) =>
      `A process ended while it was sending ${countOf(sum)} of ${this.#spool}, which Matomo may have stored: not sent again, counted as lost.unconfirmed. Check why it ended, or set resendUnconfirmed if you prefer duplicates to losses.`;
    if (hits > 0) this.#lines.add('unconfirmed', hits, toText);
  }
}

/** Describes a hit with values that help to find it in other logs. They are redacted, because they come from the query that is sent. */
function describe(hit: Hit): string {
  const parameters = new URLSearchParams(hit.query);
  const title = show(parameters.get('action_name') ?? '');
  const userAgent = show(parameters.get('ua') ?? '');
  const time = new Date(hit.startSeconds * 1000).toISOString();
  return `hit of ${time} with title ${title} and user agent ${userAgent}`;
}
