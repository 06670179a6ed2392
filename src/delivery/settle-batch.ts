import type { Diagnostics } from '../diagnostics.js';
import { backOffMillis, holdMillis, retryAfterMillis } from './back-off.js';
import { type Batch, countOf, halve } from './batch.js';
import { createDeliveryCounters, type DeliveryCounters, type LossReason } from './counters.js';
import { readAnswer, type Verdict } from './read-answer.js';
import type { Exchange } from './transport.js';

/** What an exchange decided about a batch, and what is left to do. */
export interface Outcome {
  /** The hits that are decided: those of the batch that are not sent again. */
  readonly counts: DeliveryCounters;
  /** To be sent before anything else: the batch again, its halves, or nothing. */
  readonly again: readonly Batch[];
  /** Until then nothing is sent; 0: go on. */
  readonly waitMillis: number;
  /** Matomo cannot take crashes: none is to be sent any more. */
  readonly refusesCrashes?: true;
}

export interface SettleBatchOptions {
  readonly hasToken: boolean;
  /** Doubles rather than losses. */
  readonly resendUnconfirmed: boolean;
}

const TRIES_BEFORE_HALVING = 3;

/** Reads what an exchange decided about a batch, and says what to do with the rest. Remembers how Matomo has been doing. */
export function createSettleBatch(
  { hasToken, resendUnconfirmed }: SettleBatchOptions,
  diagnostics: Diagnostics,
  random: () => number,
): (batch: Batch, exchange: Exchange, nowMillis: number) => Outcome {
  /** Failures since anything was processed. */
  let failures = 0;
  /** Bulks that Matomo has processed: tells one bad hit from a database that is away. */
  let processed = 0;
  /** Matomo has tracked something of ours. */
  let hasTracked = false;

  function stop(reason: string): void {
    failures += 1;
    if (failures === 1) {
      diagnostics.warn(`${reason}. New hits are kept and sent when that has passed`);
    }
  }

  function resume(): void {
    if (failures > 0) diagnostics.warn('Matomo takes hits again');
    failures = 0;
    processed += 1;
  }

  function retry(batch: Batch, reason: string, waitMillis?: number): Outcome {
    stop(reason);
    return open([batch], waitMillis ?? backOffMillis(failures, random));
  }

  /** One hit that the database refuses rolls back its whole bulk, and so does a database that is away. */
  function rolledBack(batch: Batch, reason: string): Outcome {
    const again: Batch = {
      ...batch,
      failures: batch.failures + 1,
      processedBefore: batch.processedBefore ?? processed,
    };
    if (again.failures < TRIES_BEFORE_HALVING) return retry(again, reason);
    if (again.hits.length > 1) {
      stop(reason);
      return open(halve(again), backOffMillis(failures, random));
    }
    if (again.processedBefore === processed) return retry(again, reason);
    diagnostics.warnOnce('rejected', `${reason}, alone and again: it was dropped`);
    return lost('rejected', 1);
  }

  function refuseCrashes(sent: number): Outcome {
    diagnostics.warn(
      'Matomo cannot take crashes, they are not sent any more: it has no CrashAnalytics plugin. Set errors to "type"',
    );
    return { ...lost('rejected', sent), refusesCrashes: true };
  }

  return function settleBatch(batch, exchange, nowMillis) {
    const sent = batch.hits.length;
    const verdict: Verdict = readAnswer(exchange, {
      sent,
      hasToken,
      hasTracked,
    });
    switch (verdict.kind) {
      case 'processed':
        resume();
        hasTracked ||= verdict.tracked > 0;
        if (verdict.note !== undefined) diagnostics.error(verdict.note);
        return decided({
          tracked: verdict.tracked,
          invalid: verdict.invalid,
          unconfirmed: verdict.unconfirmed,
        });
      case 'accepted':
        resume();
        return decided({ accepted: sent });
      case 'unconfirmed':
        if (resendUnconfirmed) return retry(batch, `${verdict.reason}; the hits are sent again`);
        stop(`${verdict.reason}; ${countOf(sent)} may be stored or not and are not sent again`);
        return { ...lost('unconfirmed', sent), waitMillis: backOffMillis(failures, random) };
      case 'rolled_back':
        return batch.kind === 'crash' ? refuseCrashes(sent) : rolledBack(batch, verdict.reason);
      case 'unavailable':
        return retry(batch, verdict.reason, retryAfterMillis(verdict.retryAfter, nowMillis));
      case 'refused':
        stop(verdict.reason);
        return open([batch], holdMillis(failures, random));
      case 'too_large':
        if (sent > 1) return open(halve(batch), 0);
        diagnostics.warnOnce('too_large', 'a hit was dropped: it alone is too large for Matomo');
        return lost('too_large', 1);
    }
  };
}

/** Nothing is decided. */
function open(again: readonly Batch[], waitMillis: number): Outcome {
  return { counts: createDeliveryCounters(), again, waitMillis };
}

function decided({
  tracked = 0,
  accepted = 0,
  invalid = 0,
  unconfirmed = 0,
}: {
  tracked?: number;
  accepted?: number;
  invalid?: number;
  unconfirmed?: number;
}): Outcome {
  const { lost: none } = createDeliveryCounters();
  const counts = { tracked, accepted, invalid, lost: { ...none, unconfirmed } };
  return { counts, again: [], waitMillis: 0 };
}

function lost(reason: LossReason, hits: number): Outcome {
  const counts = createDeliveryCounters();
  counts.lost[reason] = hits;
  return { counts, again: [], waitMillis: 0 };
}
