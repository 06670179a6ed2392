import type { Diagnostics } from '../../common/diagnostics.js';
import type { LastingState } from '../../common/line-limiter.js';
import { coded, type MessageCode } from '../../common/messages.js';
import { EXIT_WAITS } from '../../common/signals-and-exit.js';
import { countOf, type Reason } from '../queue/batch.js';

/** Why Matomo does not process hits, and since how many attempts. Logs the beginning of an outage, changes of its cause, and its end. */
export class Outage {
  /** Since Matomo last processed a bulk. */
  attempts = 0;
  /** Why Matomo did not process the latest bulk; `undefined` if it did. */
  cause: Reason | undefined;
  readonly #lines: Diagnostics['lines'];
  readonly #state: LastingState;
  readonly #countPending: () => number;
  /** Until then, the process may end, on the monotonic clock. */
  #endMillis = Number.NEGATIVE_INFINITY;

  /** `countPending` returns the number of hits without a result. */
  constructor({ lines }: Pick<Diagnostics, 'lines'>, countPending: () => number) {
    this.#lines = lines;
    this.#countPending = countPending;
    this.#state = lines.lasting({
      key: 'outage',
      ended: () =>
        coded('available-again', 'Matomo processes hits again. Pending hits are being sent.'),
      repeated: (since) => this.cause && describeOutage(since, this.cause, countPending()),
    });
  }

  /**
   * The process may end soon. Its last line names the cause and the hits that are lost, so the outage has none before, unless the process
   * goes on.
   */
  expectEnd(): void {
    this.#endMillis = performance.now() + EXIT_WAITS.outageMillis;
  }

  /** An attempt failed. `isResent`: its hits are sent again. Logs why, unless that is the cause in the latest message. */
  begin(cause: Reason, isResent: boolean): void {
    this.attempts += 1;
    this.cause = cause;
    const { code, reason } = cause;
    const write = () => {
      const effect = isResent
        ? `Pending, sent again later: ${countOf(this.#countPending())}`
        : 'Other hits stay pending';
      return coded(code, `${reason}. ${effect}. ${adviceFor(code)}`);
    };
    const delayMillis = Math.max(0, this.#endMillis - performance.now());
    this.#state.begin(`${code} ${withoutNumbers(reason)}`, write, delayMillis);
  }

  /** Matomo has processed a bulk. */
  end(): void {
    this.#state.end();
    this.attempts = 0;
    this.cause = undefined;
  }

  /** Nothing more is sent: the outage is no longer repeated in the log. Hits that are still pending are in a spool, and in no other line. */
  close(): void {
    if (this.#countPending() > 0) this.#lines.flush();
    this.#state.forget();
  }
}

/** How many hits were sent and how long it took do not tell causes apart. */
function withoutNumbers(reason: string): string {
  return reason.replace(/\d+ (?:hits?|ms)\b/g, '');
}

/** `undefined` if nothing is pending. */
function describeOutage(
  since: string,
  { code, reason }: Reason,
  pending: number,
): string | undefined {
  if (pending === 0) return undefined;
  const text = `Matomo has processed no hits since ${since}: ${reason}. Pending: ${countOf(pending)}. ${adviceFor(code)}`;
  return coded(code, text);
}

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
  'text-around-counters':
    "Set display_errors = Off in Matomo's php.ini, and check what a hoster or proxy adds to pages.",
  'nothing-confirmed':
    'That is normal with its plugin QueuedTracking and with a relay. Without them, check what answers at url.',
  'site-unknown': 'Check siteId: the site may not exist.',
  'token-rejected': 'Check siteId, and that the user of tokenAuth has write access to that site.',
};

/** What to do if sending stops for the reason that a code names. */
export function adviceFor(code: MessageCode): string {
  return ADVICE[code] ?? 'Run npx opentelemetry-matomo doctor.';
}
