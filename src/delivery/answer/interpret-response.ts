import type { Diagnostics } from '../../common/diagnostics.js';
import { LastingState } from '../../common/lasting-state.js';
import { coded } from '../../common/messages.js';
import type { Exchange } from '../http/transport.js';
import { type Batch, countOf, isOrder, restOf, sentHits } from '../queue/batch.js';
import { createDeliveryCounters, type DeliveryCounters, lostHits } from '../queue/counters.js';
import { adviceFor } from './advice-for.js';
import { backOffMillis, holdMillis, retryAfterMillis } from './back-off.js';
import type { InvalidHits } from './invalid-hits.js';
import { Narrowing } from './narrowing.js';
import { decided, held, type Outcome, split } from './outcome.js';
import { type BulkResult, type Reason, readAnswer } from './read-answer.js';
import { RejectedHits } from './rejected-hits.js';

export interface InterpretResponseOptions {
  readonly hasToken: boolean;
  /** Prefers duplicates to losses. */
  readonly resendUnconfirmed: boolean;
}

/** A result with a reason for the log. */
type ExplainedResult = Extract<BulkResult, { reason: string }>;

/** Matomo locks an address out after 20 rejections per hour, and many processes may have the same address. */
const MAX_REFUSALS = 3;
/** An attempt that is due for longer than this is made by another process. */
const LONGEST_ATTEMPT_MILLIS = 120_000;
/** With this many failures, the wait has its maximum. */
const MANY_FAILURES = 100;

/** What is left to send, for the log. */
export interface PendingWork {
  /** Hits without a result. */
  readonly pending: number;
  /** When the next attempt is, on the monotonic clock. */
  readonly waitUntilMillis: number;
}

export interface InterpretResponse {
  /** Decides what a result means for a batch and what to send next. */
  interpret(batch: Batch, exchange: Exchange, result: BulkResult, nowMillis: number): Outcome;
  /** The result of an exchange. */
  read(batch: Batch, exchange: Exchange): BulkResult;
  /** Why Matomo does not process hits; `undefined` if it does. */
  readonly stoppedBy: string | undefined;
  /** Nothing more is sent: an outage is no longer repeated in the log. */
  close(): void;
}

/** Keeps track of Matomo's state. */
export function createInterpretResponse(
  { hasToken, resendUnconfirmed }: InterpretResponseOptions,
  diagnostics: Pick<Diagnostics, 'warn' | 'warnOnce' | 'lines'>,
  random: () => number,
  workOf: () => PendingWork,
  invalidHits: Pick<InvalidHits, 'add'>,
): InterpretResponse {
  /** Failures since a bulk was last processed. */
  let failures = 0;
  /** Why the latest bulk was not processed. */
  let stoppedBy: Reason | undefined;
  const outage = new LastingState(diagnostics, {
    key: 'outage',
    ended: () => coded('available-again', RESUMED),
    repeated: (since) => stoppedBy && describeOutage(since, stoppedBy, workOf()),
  });
  const narrowing = new Narrowing();
  const rejectedHits = new RejectedHits();
  /** Matomo has tracked at least one hit. */
  let hasTracked = false;
  /** Bulks in a row in which no hit was valid, with a token. */
  let refusals = 0;

  /** Logs why delivery stops, unless that is the cause in the latest message. */
  function stop(reason: Reason, effect = sentAgain): void {
    failures += 1;
    stoppedBy = reason;
    outage.begin(causeOf(reason), () => {
      const { code, reason: text } = reason;
      return coded(code, `${text}. ${effect(workOf())}. ${adviceFor(code)}`);
    });
  }

  function resume(): void {
    outage.end();
    failures = 0;
    stoppedBy = undefined;
    refusals = 0;
    narrowing.countProcessed();
  }

  function retry(batch: Batch, result: ExplainedResult, leastMillis = 0): Outcome {
    stop(result);
    return held([batch], Math.max(leastMillis, backOffMillis(failures, random)));
  }

  function failed(batch: Batch, result: ExplainedResult, wait: typeof backOffMillis): Outcome {
    stop(result);
    const outcome = narrowing.narrow(batch, result.kind, failures, (n) => wait(n, random));
    if (outcome.kind === 'decided') {
      diagnostics.lines.add('rejected', 1, (hits) => {
        const text = `Failed twice when sent alone, although Matomo processed other hits in between (${result.reason}): ${countOf(hits)}, lost and counted as rejected. ${adviceFor(result.code)}`;
        return coded('rejected', text);
      });
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
      stop(note, othersPending);
      return held(restOf(batch), backOffMillis(failures, random), counts);
    } else {
      const text = `${note.reason}. Sending continues. ${adviceFor(note.code)}`;
      diagnostics.warnOnce(note.code, coded(note.code, text));
    }
    return decided(batch, counts);
  }

  /**
   * If the token has worked before, single hits may be invalid: halve the batch down to them. After some rejections in a row, only
   * rare attempts are made, and hits that were rejected before the latest success are invalid.
   */
  function allInvalid(batch: Batch, result: ExplainedResult): Outcome {
    refusals += 1;
    const sent = sentHits(batch);
    const areInvalid = rejectedHits.areInvalid(sent);
    const counts = countsOf({ invalid: sent.length });
    if (areInvalid) invalidHits.add(sent, sent.length);
    if (refusals >= MAX_REFUSALS) {
      stop(result);
      return areInvalid ? holdForToken(restOf(batch), counts) : holdRejected(batch);
    }
    if (areInvalid) return decided(batch, counts);
    rejectedHits.add(sent);
    const parts = split({ ...batch, isRejected: true });
    if (parts) return parts;
    invalidHits.add(sent, 1);
    return decided(batch, counts);
  }

  /** The first hits of a process may be orders that the previous process has sent. */
  function ordersInvalid(batch: Batch, result: ExplainedResult): Outcome {
    diagnostics.warnOnce('orders-rejected', coded('orders-rejected', ORDER_REFUSED));
    return allInvalid(batch, result);
  }

  function holdRejected(batch: Batch): Outcome {
    rejectedHits.add(sentHits(batch));
    return holdForToken([{ ...batch, part: undefined, mergesNewer: true }]);
  }

  function holdForToken(again: readonly Batch[], counts?: DeliveryCounters): Outcome {
    rejectedHits.countHold();
    return { ...held(again, holdMillis(MANY_FAILURES, random), counts), refusesToken: true };
  }

  function refuseCrashes(batch: Batch, sent: number): Outcome {
    diagnostics.warn(
      coded(
        'crashes-rejected',
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
        if (result.tracked > 0) rejectedHits.countTracked();
        invalidHits.add(sentHits(batch), result.invalid, result.invalidIndices);
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
        stop(result, othersPending);
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
        stop(result);
        return result.isTokenRefused
          ? holdRejected(batch)
          : held([batch], holdMillis(failures, random));
      case 'too_large': {
        const joinedBelow = Math.min(batch.joinedBelow, sent);
        return split({ ...batch, joinedBelow }) ?? decided(batch, lostHits('too_large', 1));
      }
    }
  }

  return {
    read: (batch, exchange) =>
      readAnswer(exchange, { sent: sentHits(batch).length, hasToken, hasTracked }),
    interpret(batch, exchange, result, nowMillis) {
      const outcome = interpret(batch, result, clockOf(exchange) ?? nowMillis);
      return mayBeStored(result) ? { ...outcome, mayBeStored: true } : outcome;
    },
    get stoppedBy() {
      return stoppedBy?.reason;
    },
    close: () => outage.forget(),
  };
}

const sentAgain = ({ pending }: PendingWork) => `Pending and sent again: ${countOf(pending)}`;
const othersPending = () => 'Other hits stay pending';

/** What tells causes apart: not how many hits were sent or how long it took. */
function causeOf({ code, reason }: Reason): string {
  return `${code} ${reason.replace(/\d+ (?:hits?|ms)\b/g, '')}`;
}

/** `undefined` if no attempt is to come: nothing is pending, or another process sends. */
function describeOutage(
  since: string,
  { code, reason }: Reason,
  { pending, waitUntilMillis }: PendingWork,
): string | undefined {
  const leftMillis = waitUntilMillis - performance.now();
  if (pending === 0 || leftMillis < -LONGEST_ATTEMPT_MILLIS) return undefined;
  const next = `${Math.max(0, Math.ceil(leftMillis / 1000))} s`;
  const text = `Matomo has processed no hits since ${since}: ${reason}. Pending: ${countOf(pending)}. Next attempt: in ${next}. ${adviceFor(code)}`;
  return coded(code, text);
}

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
