import type { Diagnostics } from '../common/diagnostics.js';
import { coded } from '../common/messages.js';
import { countOf } from './queue/batch.js';
import type { DeliveryCounters } from './queue/counters.js';

const HOUR_MILLIS = 3_600_000;

interface LossLine {
  /** @default a minute */
  readonly intervalMillis?: number;
  readonly delayMillis?: number;
  readonly text: (hits: string) => string;
}

/** `rejected`, `spool` and `shutdown` are logged where their cause is known. */
const LINES = {
  queue_full: {
    delayMillis: 1_000, // the first line shows how many hits a second are lost
    text: (hits) =>
      coded(
        'queue-full',
        `The queue is full. Lost and counted as queue_full: ${hits}. New hits are lost until there is room. Raise maxQueueSize, or set spool.`,
      ),
  },
  unconfirmed: {
    text: (hits) =>
      coded(
        'unconfirmed',
        `Matomo may have stored ${hits} without confirming it: not sent again, counted as lost.unconfirmed. Check why Matomo does not answer, or set resendUnconfirmed if you prefer duplicates to losses.`,
      ),
  },
  too_large: {
    text: (hits) =>
      coded(
        'too-large',
        `Matomo answered with status 413 to ${hits} sent alone: lost and counted as too_large. Raise the limit of the proxy or web server for the size of a request.`,
      ),
  },
  expired: {
    text: (hits) =>
      coded(
        'expired',
        `Too old to be sent, lost and counted as expired: ${hits}. The limit is maxSpoolAgeMillis or, without tokenAuth, a day. Check why they were not sent earlier.`,
      ),
  },
  invalid: {
    intervalMillis: HOUR_MILLIS,
    text: (hits) =>
      coded(
        'hits-invalid',
        `Matomo rejected ${hits}, counted as invalid. Check siteId, and that the goals exist; an order that Matomo already has is rejected too.`,
      ),
  },
} satisfies Readonly<Record<string, LossLine>>;

type LoggedResult = keyof typeof LINES;
const LOGGED = Object.keys(LINES) as LoggedResult[];

/** Logs lost and invalid hits by reason: at most one line per minute, and per hour if Matomo rejected them. */
export class LossLog {
  readonly #lines: Diagnostics['lines'];
  readonly #counters: DeliveryCounters;
  readonly #logged = new Map<LoggedResult, number>();

  constructor(diagnostics: Pick<Diagnostics, 'lines'>, counters: DeliveryCounters) {
    this.#lines = diagnostics.lines;
    this.#counters = counters;
  }

  /** Call this after hits were counted. At the end of a process, the cause of a loss is logged with all that is lost. */
  check(results: readonly LoggedResult[] = LOGGED): void {
    const { invalid, lost } = this.#counters;
    for (const result of results) {
      const total = result === 'invalid' ? invalid : lost[result];
      const hits = total - (this.#logged.get(result) ?? 0);
      if (hits <= 0) continue;
      this.#logged.set(result, total);
      const { text, ...pace }: LossLine = LINES[result];
      this.#lines.add(result, hits, (sum) => text(countOf(sum)), pace);
    }
  }
}
