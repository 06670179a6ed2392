import type { Diagnostics } from '../common/diagnostics.js';
import { LastingState } from '../common/lasting-state.js';
import { coded } from '../common/messages.js';
import type { InvalidHits } from './answer/invalid-hits.js';
import { countOf } from './queue/batch.js';
import type { DeliveryCounters } from './queue/counters.js';

const MINUTE_MILLIS = 60_000;
const HOUR_MILLIS = 3_600_000;

/** Results that are logged here. `rejected`, `spool` and `shutdown` are logged where their cause is known. */
type LoggedResult = 'queue_full' | 'unconfirmed' | 'too_large' | 'expired' | 'invalid';

interface LossLine {
  readonly intervalMillis: number;
  /** `details`: what is known about hits that Matomo rejected. */
  readonly text: (hits: string, details: () => string) => string;
}

const MAKE_ROOM = 'Raise maxQueueSize, or set spool.';

const LINES: Readonly<Record<LoggedResult, LossLine>> = {
  queue_full: {
    intervalMillis: MINUTE_MILLIS,
    text: (hits) =>
      coded(
        'queue-full',
        `The queue is full. Lost and counted as queue_full: ${hits}. New hits are lost until there is room. ${MAKE_ROOM}`,
      ),
  },
  unconfirmed: {
    intervalMillis: MINUTE_MILLIS,
    text: (hits) =>
      coded(
        'unconfirmed',
        `Matomo may have stored ${hits} without confirming it: not sent again, counted as lost.unconfirmed. Check why Matomo does not answer, or set resendUnconfirmed if you prefer duplicates to losses.`,
      ),
  },
  too_large: {
    intervalMillis: MINUTE_MILLIS,
    text: (hits) =>
      coded(
        'too-large',
        `Matomo answered with status 413 to ${hits} sent alone: lost and counted as too_large. Raise the limit of the proxy or web server for the size of a request.`,
      ),
  },
  expired: {
    intervalMillis: MINUTE_MILLIS,
    text: (hits) =>
      coded(
        'expired',
        `Too old to be sent, lost and counted as expired: ${hits}. The limit is maxSpoolAgeMillis or, without tokenAuth, a day. Check why they were not sent earlier.`,
      ),
  },
  invalid: {
    intervalMillis: HOUR_MILLIS,
    text: (hits, details) =>
      coded(
        'hits-invalid',
        `Matomo rejected ${hits}, counted as invalid.${details()} Check siteId, and that the goals exist; an order that Matomo already has is rejected too.`,
      ),
  },
};

/** Logs lost and invalid hits by reason: at most one line per minute, and per hour if Matomo rejected them. */
export class LossLog {
  readonly #lines: Diagnostics['lines'];
  readonly #counters: DeliveryCounters;
  readonly #invalidHits: InvalidHits;
  readonly #logged: Record<LoggedResult, number> = {
    queue_full: 0,
    unconfirmed: 0,
    too_large: 0,
    expired: 0,
    invalid: 0,
  };
  readonly #full: LastingState;
  #lostWhileFull = 0;
  #isClosed = false;

  constructor(
    diagnostics: Pick<Diagnostics, 'lines'>,
    counters: DeliveryCounters,
    invalidHits: InvalidHits,
  ) {
    this.#lines = diagnostics.lines;
    this.#full = new LastingState(diagnostics, {
      key: 'queue full',
      quietMillis: MINUTE_MILLIS,
      ended: () => {
        const lost = countOf(this.#lostWhileFull);
        this.#lostWhileFull = 0;
        return coded(
          'queue-has-room',
          `The queue has room again: no hit was lost for a minute. Lost while it was full: ${lost}.`,
        );
      },
      repeated: (since) =>
        coded(
          'queue-full',
          `The queue has been full since ${since}. Lost since then: ${countOf(this.#lostWhileFull)}. ${MAKE_ROOM}`,
        ),
    });
    this.#counters = counters;
    this.#invalidHits = invalidHits;
  }

  /** Call this after hits were counted. */
  check(): void {
    const { lost } = this.#counters;
    this.#log('queue_full', lost.queue_full);
    this.#log('unconfirmed', lost.unconfirmed);
    this.#log('too_large', lost.too_large);
    this.#log('expired', lost.expired);
    this.checkInvalid();
  }

  /** Logs what was counted. The end of a full queue is no longer logged. */
  close(): void {
    this.check();
    this.#isClosed = true;
    this.#full.forget();
  }

  /** At the end of a process, where the cause of a loss is logged with all that is lost. */
  checkInvalid(): void {
    this.#log('invalid', this.#counters.invalid);
  }

  #log(result: LoggedResult, total: number): void {
    const hits = total - this.#logged[result];
    if (hits <= 0) return;
    this.#logged[result] = total;
    const { intervalMillis, text } = LINES[result];
    const details = () => this.#invalidHits.describe();
    this.#lines.add(result, hits, (sum) => text(countOf(sum), details), intervalMillis);
    if (result !== 'queue_full' || this.#isClosed) return;
    this.#lostWhileFull += hits;
    this.#full.begin(result, () => undefined); // the line with the loss says it
  }
}
