import type { Diagnostics } from '../common/diagnostics.js';
import { coded } from '../common/messages.js';
import { adviceFor } from './advice-for.js';
import { backOffMillis, holdMillis, retryAfterMillis } from './back-off.js';
import { type Batch, countOf, isOrder, restOf, sentHits } from './batch.js';
import { createDeliveryCounters, type DeliveryCounters, lostHits } from './counters.js';
import { Narrowing } from './narrowing.js';
import { decided, held, type Outcome, split } from './outcome.js';
import { type BulkResult, type Reason, readAnswer } from './read-answer.js';
import type { Exchange } from './transport.js';

export interface InterpretResponseOptions {
  readonly hasToken: boolean;
  /** Prefers duplicates to losses. */
  readonly resendUnconfirmed: boolean;
}

/** A result with a reason for the log. */
type ExplainedResult = Extract<BulkResult, { reason: string }>;

const MAX_REFUSALS = 10;
/** The limit for orders before Matomo has tracked anything: it may already have them, or reject the token. */
const MAX_REFUSALS_OF_ORDERS = 3;
/** With this many failures, the wait has its maximum. */
const MANY_FAILURES = 100;

/** Returns a function that decides what an exchange means for a batch and what to send next. Keeps track of Matomo's state. */
export function createInterpretResponse(
  { hasToken, resendUnconfirmed }: InterpretResponseOptions,
  diagnostics: Diagnostics,
  random: () => number,
): (batch: Batch, exchange: Exchange, nowMillis: number) => Outcome {
  /** Failures since a bulk was last processed. */
  let failures = 0;
  /** Kind of the result that stopped delivery, if that was logged. */
  let stoppedBy: BulkResult['kind'] | undefined;
  const narrowing = new Narrowing();
  /** Matomo has tracked at least one hit. */
  let hasTracked = false;
  /** Bulks in a row in which no hit was valid, with a token. */
  let refusals = 0;

  /** Logs why delivery stops, unless the last message was about the same kind of result. */
  function stop(kind: BulkResult['kind'], { code, reason }: Reason, effect = SENT_AGAIN): void {
    failures += 1;
    if (kind === stoppedBy) return;
    stoppedBy = kind;
    diagnostics.warn(coded(code, `${reason}. ${effect}. ${adviceFor(code)}`));
  }

  function resume(): void {
    if (failures > 0) diagnostics.warn(coded('takes-hits-again', RESUMED));
    failures = 0;
    stoppedBy = undefined;
    refusals = 0;
    narrowing.countProcessed();
  }

  function retry(batch: Batch, result: ExplainedResult, leastMillis = 0): Outcome {
    stop(result.kind, result);
    return held([batch], Math.max(leastMillis, backOffMillis(failures, random)));
  }

  function failed(batch: Batch, result: ExplainedResult, wait: typeof backOffMillis): Outcome {
    stop(result.kind, result);
    const outcome = narrowing.narrow(batch, result.kind, failures, (n) => wait(n, random));
    if (outcome.kind === 'decided') {
      const text = `A hit failed twice when it was sent alone, and Matomo processed another hit in between (${result.reason}). The failed hit is lost and counted as rejected. ${adviceFor(result.code)}`;
      diagnostics.warnOnce('rejected', coded('rejected', text));
    }
    return outcome;
  }

  function accepted(
    batch: Batch,
    sent: number,
    { note, isDoubtful = false }: Extract<BulkResult, { kind: 'accepted' }>,
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
   * If the token has worked before, single hits may be invalid: halve the batch down to them. But 20 rejections per hour lock the
   * address out, so after some in a row only rare attempts are made.
   */
  function allInvalid(batch: Batch, result: ExplainedResult): Outcome {
    refusals += 1;
    if (refusals > (hasTracked ? MAX_REFUSALS : MAX_REFUSALS_OF_ORDERS)) {
      stop(result.kind, result);
      return holdForToken(batch);
    }
    return split(batch) ?? decided(batch, countsOf({ invalid: 1 }));
  }

  /** The first hits of a process may be orders that the previous process has sent. */
  function ordersInvalid(batch: Batch, result: ExplainedResult): Outcome {
    diagnostics.warnOnce('order-refused', coded('order-refused', ORDER_REFUSED));
    return allInvalid(batch, result);
  }

  function holdForToken(batch: Batch): Outcome {
    const waiting = { ...batch, part: undefined, mergesNewer: true };
    return { ...held([waiting], holdMillis(MANY_FAILURES, random)), refusesToken: true };
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

  function interpret(batch: Batch, result: BulkResult, nowMillis: number): Outcome {
    const sent = sentHits(batch).length;
    switch (result.kind) {
      case 'processed':
        resume();
        hasTracked ||= result.tracked > 0;
        if (result.note !== undefined)
          diagnostics.warnOnce(result.note.code, coded(result.note.code, result.note.reason));
        return decided(batch, countsOf(result));
      case 'all_invalid':
        return allInvalid(batch, result);
      case 'accepted':
        return accepted(batch, sent, result);
      case 'unconfirmed': {
        if (resendUnconfirmed) {
          return retry(batch, {
            ...result,
            reason: `${result.reason} and may have stored the hits`,
          });
        }
        const effect = `Matomo may have stored ${countOf(sent)}: not sent again, counted as lost.unconfirmed. ${OTHERS_PENDING}`;
        stop(result.kind, result, effect);
        const counts = lostHits('unconfirmed', sent);
        return held(restOf(batch), backOffMillis(failures, random), counts);
      }
      case 'rolled_back':
        if (batch.kind === 'crash') return refuseCrashes(batch, sent);
        return failed(batch, result, backOffMillis);
      case 'nothing_kept':
        return failed(batch, result, holdMillis);
      case 'unavailable':
        return retry(batch, result, retryAfterMillis(result.retryAfter, nowMillis));
      case 'refused':
        if (result.isTokenRefused && sentHits(batch).every(isOrder))
          return ordersInvalid(batch, result);
        stop(result.kind, result);
        return result.isTokenRefused
          ? holdForToken(batch)
          : held([batch], holdMillis(failures, random));
      case 'too_large': {
        const parts = split(batch);
        if (parts) return parts;
        diagnostics.warnOnce(
          'too_large',
          coded(
            'too-large',
            'Matomo answered with status 413 (1 hit). The hit is lost and counted as too_large. Raise the limit of the proxy or web server for the size of a request.',
          ),
        );
        return decided(batch, lostHits('too_large', 1));
      }
    }
  }

  return function interpretResponse(batch, exchange, nowMillis) {
    const sent = sentHits(batch).length;
    const result = readAnswer(exchange, { sent, hasToken, hasTracked });
    const outcome = interpret(batch, result, clockOf(exchange) ?? nowMillis);
    return mayBeStored(result) ? { ...outcome, mayBeStored: true } : outcome;
  };
}

const SENT_AGAIN = 'Hits stay pending and are sent again';
const OTHERS_PENDING = 'Other hits stay pending';
const RESUMED = 'Matomo processes hits again. Pending hits are being sent.';
const ORDER_REFUSED =
  'Matomo rejected an order, and has tracked no hit of this process yet. Either Matomo already has the order, or tokenAuth is invalid. The order counts as invalid. If other hits are rejected too, check tokenAuth and siteId.';

/** The server's time: a date in `Retry-After` refers to its clock. */
function clockOf(exchange: Exchange): number | undefined {
  const millis = exchange.kind === 'answer' ? Date.parse(exchange.date ?? '') : Number.NaN;
  return Number.isNaN(millis) ? undefined : millis;
}

/** Whether hits with this result may be stored, so that sending them again can duplicate them. */
function mayBeStored(result: BulkResult): boolean {
  if (result.kind === 'unavailable') return result.mayBeStored === true;
  return result.kind === 'unconfirmed' || result.kind === 'nothing_kept';
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
