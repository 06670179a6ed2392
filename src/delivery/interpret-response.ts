import type { Diagnostics } from '../common/diagnostics.js';
import { coded } from '../common/messages.js';
import { adviceFor } from './advice-for.js';
import { backOffMillis, holdMillis, retryAfterMillis } from './back-off.js';
import { type Batch, countOf, isOrder, restOf, sentHits } from './batch.js';
import { createDeliveryCounters, type DeliveryCounters, lostHits } from './counters.js';
import { Narrowing } from './narrowing.js';
import { decided, held, type Outcome, split } from './outcome.js';
import { type Reason, readAnswer, type Verdict } from './read-answer.js';
import type { Exchange } from './transport.js';

export interface InterpretResponseOptions {
  readonly hasToken: boolean;
  /** Doubles rather than losses. */
  readonly resendUnconfirmed: boolean;
}

/** A verdict with something to say. */
type Told = Extract<Verdict, { reason: string }>;

const MOST_REFUSALS = 10;
/** The same of orders, before Matomo has tracked anything: it may have them already, or refuse the token. */
const MOST_REFUSALS_OF_ORDERS = 3;
/** A number of failures after which the wait is the longest there is. */
const LONGEST = 100;

/** Reads what an exchange decided about a batch, and says what to do with the rest. Remembers how Matomo has been doing. */
export function createInterpretResponse(
  { hasToken, resendUnconfirmed }: InterpretResponseOptions,
  diagnostics: Diagnostics,
  random: () => number,
): (batch: Batch, exchange: Exchange, nowMillis: number) => Outcome {
  /** Failures since anything was processed. */
  let failures = 0;
  /** Why delivery stands still, as far as it has been said. */
  let said: Verdict['kind'] | undefined;
  const narrowing = new Narrowing();
  /** Matomo has tracked something of ours. */
  let hasTracked = false;
  /** Bulks in a row of which nothing was valid, with a token. */
  let refusals = 0;

  /** Says why delivery stops, and again where it is for something of another kind. */
  function stop(kind: Verdict['kind'], { code, reason }: Reason, effect = SENT_AGAIN): void {
    failures += 1;
    if (kind === said) return;
    said = kind;
    diagnostics.warn(coded(code, `${reason}. ${effect}. ${adviceFor(code)}`));
  }

  function resume(): void {
    if (failures > 0) diagnostics.warn(coded('takes-hits-again', RESUMED));
    failures = 0;
    said = undefined;
    refusals = 0;
    narrowing.countProcessed();
  }

  function retry(batch: Batch, verdict: Told, leastMillis = 0): Outcome {
    stop(verdict.kind, verdict);
    return held([batch], Math.max(leastMillis, backOffMillis(failures, random)));
  }

  function failed(batch: Batch, verdict: Told, wait: typeof backOffMillis): Outcome {
    stop(verdict.kind, verdict);
    const outcome = narrowing.narrow(batch, verdict.kind, failures, (n) => wait(n, random));
    if (outcome.kind === 'decided') {
      const text = `${verdict.reason}, twice, and processed another hit in between. The hit is lost and counted as rejected. ${adviceFor(verdict.code)}`;
      diagnostics.warnOnce('rejected', coded('rejected', text));
    }
    return outcome;
  }

  function accepted(
    batch: Batch,
    sent: number,
    { note, isDoubtful = false }: Extract<Verdict, { kind: 'accepted' }>,
  ): Outcome {
    const counts = countsOf({ accepted: sent });
    if (note === undefined) resume();
    else if (isDoubtful) {
      stop('accepted', note, OTHERS_PENDING);
      return held(restOf(batch), backOffMillis(failures, random), counts);
    } else {
      const text = `${note.reason}. Sending continues. ${adviceFor(note.code)}`;
      diagnostics.warnOnce(note.code, coded(note.code, text));
    }
    return decided(batch, counts);
  }

  /**
   * Where the token worked before, each hit may be bad by itself: they are halved down to it. But 20 refusals in an hour
   * lock the address out, so that after some in a row only a probe now and then is sent.
   */
  function allInvalid(batch: Batch, verdict: Told): Outcome {
    refusals += 1;
    if (refusals > (hasTracked ? MOST_REFUSALS : MOST_REFUSALS_OF_ORDERS)) {
      stop(verdict.kind, verdict);
      return holdForToken(batch);
    }
    return split(batch) ?? decided(batch, countsOf({ invalid: 1 }));
  }

  /** The first hits of a process may be orders that the one before has sent. */
  function ordersInvalid(batch: Batch, verdict: Told): Outcome {
    diagnostics.warnOnce('order-refused', coded('order-refused', ORDER_REFUSED));
    return allInvalid(batch, verdict);
  }

  function holdForToken(batch: Batch): Outcome {
    const waiting = { ...batch, part: undefined, mergesNewer: true };
    return { ...held([waiting], holdMillis(LONGEST, random)), refusesToken: true };
  }

  function refuseCrashes(batch: Batch, sent: number): Outcome {
    diagnostics.warn(
      coded(
        'no-crashes',
        'Matomo has no CrashAnalytics plugin. Crashes are no longer sent, and count as lost.rejected. Set errors to "type".',
      ),
    );
    return { ...decided(batch, lostHits('rejected', sent)), refusesCrashes: true };
  }

  function interpret(batch: Batch, verdict: Verdict, nowMillis: number): Outcome {
    const sent = sentHits(batch).length;
    switch (verdict.kind) {
      case 'processed':
        resume();
        hasTracked ||= verdict.tracked > 0;
        if (verdict.note !== undefined)
          diagnostics.warnOnce(verdict.note.code, coded(verdict.note.code, verdict.note.reason));
        return decided(batch, countsOf(verdict));
      case 'all_invalid':
        return allInvalid(batch, verdict);
      case 'accepted':
        return accepted(batch, sent, verdict);
      case 'unconfirmed': {
        if (resendUnconfirmed) {
          return retry(batch, {
            ...verdict,
            reason: `${verdict.reason} and may have stored the hits`,
          });
        }
        const effect = `Matomo may have stored ${countOf(sent)}: not sent again, counted as lost.unconfirmed. ${OTHERS_PENDING}`;
        stop(verdict.kind, verdict, effect);
        const counts = lostHits('unconfirmed', sent);
        return held(restOf(batch), backOffMillis(failures, random), counts);
      }
      case 'rolled_back':
        if (batch.kind === 'crash') return refuseCrashes(batch, sent);
        return failed(batch, verdict, backOffMillis);
      case 'nothing_kept':
        return failed(batch, verdict, holdMillis);
      case 'unavailable':
        return retry(batch, verdict, retryAfterMillis(verdict.retryAfter, nowMillis));
      case 'refused':
        if (verdict.isTokenRefused && sentHits(batch).every(isOrder))
          return ordersInvalid(batch, verdict);
        stop(verdict.kind, verdict);
        return verdict.isTokenRefused
          ? holdForToken(batch)
          : held([batch], holdMillis(failures, random));
      case 'too_large': {
        const parts = split(batch);
        if (parts) return parts;
        diagnostics.warnOnce(
          'too_large',
          coded(
            'too-large',
            'Matomo answered 413 to a single hit. It is lost and counted as too_large. Raise the limit of the proxy or web server for the size of a request.',
          ),
        );
        return decided(batch, lostHits('too_large', 1));
      }
    }
  }

  return function interpretResponse(batch, exchange, nowMillis) {
    const sent = sentHits(batch).length;
    const verdict = readAnswer(exchange, { sent, hasToken, hasTracked });
    const outcome = interpret(batch, verdict, clockOf(exchange) ?? nowMillis);
    return mayBeStored(verdict) ? { ...outcome, mayBeStored: true } : outcome;
  };
}

const SENT_AGAIN = 'Hits stay pending and are sent again';
const OTHERS_PENDING = 'Other hits stay pending';
const RESUMED = 'Matomo processes hits again. Pending hits are being sent.';
const ORDER_REFUSED =
  'Matomo refused an order before it tracked anything: it already has the order, or does not accept tokenAuth. The order counts as invalid. If other hits are refused too, check tokenAuth and siteId.';

/** What the clock of the server showed: a date in `Retry-After` is a time of that clock. */
function clockOf(exchange: Exchange): number | undefined {
  const millis = exchange.kind === 'answer' ? Date.parse(exchange.date ?? '') : Number.NaN;
  return Number.isNaN(millis) ? undefined : millis;
}

/** Whether hits that this was said of may be stored, so that sending them again can duplicate them. */
function mayBeStored(verdict: Verdict): boolean {
  if (verdict.kind === 'unavailable') return verdict.mayBeStored === true;
  return verdict.kind === 'unconfirmed' || verdict.kind === 'nothing_kept';
}

function countsOf({
  tracked = 0,
  accepted = 0,
  invalid = 0,
  unconfirmed = 0,
}: {
  tracked?: number;
  accepted?: number;
  invalid?: number;
  unconfirmed?: number;
}): DeliveryCounters {
  const { lost: none } = createDeliveryCounters();
  return { tracked, accepted, invalid, lost: { ...none, unconfirmed } };
}
