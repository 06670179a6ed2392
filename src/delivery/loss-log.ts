import type { Diagnostics } from '../common/diagnostics.js';
import type { LastingState } from '../common/line-limiter.js';
import { coded } from '../common/messages.js';
import { countOf } from './queue/batch.js';
import type { DeliveryCounters } from './queue/counters.js';
import { type EncodedHit, isOrder } from './queue/encode-hits.js';

const MINUTE_MILLIS = 60_000;
const HOUR_MILLIS = 3_600_000;

/** Goals that one line of the log names. */
const MAX_GOALS = 10;

/** Results that are logged here. `rejected`, `spool` and `shutdown` are logged where their cause is known. */
type LoggedResult = 'queue_full' | 'unconfirmed' | 'too_large' | 'expired' | 'invalid';

interface LossLine {
  readonly intervalMillis: number;
  readonly delayMillis?: number;
  /** `known`: what is known about hits that Matomo rejected. */
  readonly text: (hits: string, known: () => string) => string;
}

const MAKE_ROOM = 'Raise maxQueueSize, or set spool.';

const LINES: Readonly<Record<LoggedResult, LossLine>> = {
  queue_full: {
    intervalMillis: MINUTE_MILLIS,
    delayMillis: 1_000, // the first line shows how many hits a second are lost
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
    text: (hits, known) =>
      coded(
        'hits-invalid',
        `Matomo rejected ${hits}, counted as invalid.${known()} Check siteId, and that the goals exist; an order that Matomo already has is rejected too.`,
      ),
  },
};

/** Logs lost and invalid hits by reason: at most one line per minute, and per hour if Matomo rejected them. */
export class LossLog {
  readonly #lines: Diagnostics['lines'];
  readonly #counters: DeliveryCounters;
  #rejected = new Summary();
  /** Of bulks whose response does not say which hits are invalid. */
  #possible = new Summary();
  readonly #logged = new Map<LoggedResult, number>();
  readonly #full: LastingState;
  #lostWhileFull = 0;
  #isClosed = false;

  constructor(diagnostics: Pick<Diagnostics, 'lines'>, counters: DeliveryCounters) {
    this.#lines = diagnostics.lines;
    this.#full = diagnostics.lines.lasting({
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
  }

  /** Call this after hits were counted. */
  check(): void {
    const { lost } = this.#counters;
    for (const reason of ['queue_full', 'unconfirmed', 'too_large', 'expired'] as const)
      this.#log(reason, lost[reason]);
    this.checkInvalid();
  }

  /** Logs what was counted. The end of a full queue is no longer logged. */
  close(): void {
    this.check();
    this.#isClosed = true;
    this.#full.forget();
  }

  /** Matomo rejected `invalid` of the hits of a bulk: those at `indices`, if the response has them. */
  addInvalid(sent: readonly EncodedHit[], invalid: number, indices?: readonly number[]): void {
    if (invalid === 0) return;
    if (invalid === sent.length) this.#rejected.add(sent);
    else if (indices) this.#rejected.add([...new Set(indices)].map((i) => sent[i]));
    else this.#possible.add(sent);
  }

  /** At the end of a process, where the cause of a loss is logged with all that is lost. */
  checkInvalid(): void {
    this.#log('invalid', this.#counters.invalid);
  }

  #log(result: LoggedResult, total: number): void {
    const hits = total - (this.#logged.get(result) ?? 0);
    if (hits <= 0) return;
    this.#logged.set(result, total);
    const { text, ...pace } = LINES[result];
    this.#lines.add(result, hits, (sum) => text(countOf(sum), () => this.#describeInvalid()), pace);
    if (result !== 'queue_full' || this.#isClosed) return;
    this.#lostWhileFull += hits;
    this.#full.begin(result, () => undefined); // the line with the loss says it
  }

  /** What is known about the invalid hits since the last call, as sentences; empty if there was no goal and no order. */
  #describeInvalid(): string {
    const text = this.#rejected.describe('Rejected') + this.#possible.describe('Possibly rejected');
    this.#rejected = new Summary();
    this.#possible = new Summary();
    return text;
  }
}

/** Goals and orders among hits that Matomo rejected. Order IDs are not read: they may identify customers. */
class Summary {
  readonly #goals = new Set<string>();
  #orders = 0;

  add(hits: readonly (EncodedHit | undefined)[]): void {
    for (const hit of hits) {
      if (!hit) continue;
      const goal = goalOf(hit);
      if (isOrder(hit)) this.#orders += 1;
      else if (goal !== undefined && this.#goals.size <= MAX_GOALS) this.#goals.add(goal);
    }
  }

  /** ` Rejected: goals 7, 9; 2 orders.`, or an empty text. */
  describe(what: string): string {
    const goals = [...this.#goals].slice(0, MAX_GOALS).join(', ');
    const more = this.#goals.size > MAX_GOALS ? ' and others' : '';
    const parts = [
      goals && `${this.#goals.size === 1 ? 'goal' : 'goals'} ${goals}${more}`,
      this.#orders && `${this.#orders} ${this.#orders === 1 ? 'order' : 'orders'}`,
    ].filter(Boolean);
    return parts.length === 0 ? '' : ` ${what}: ${parts.join('; ')}.`;
  }
}

/** `idgoal=0` is an order or a cart. */
function goalOf({ buffer, start, end }: EncodedHit): string | undefined {
  return /[?&]idgoal=([1-9]\d{0,9})/.exec(buffer.toString('latin1', start, end))?.[1];
}
