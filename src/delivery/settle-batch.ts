import type { Diagnostics } from '../diagnostics.js';
import { backOffMillis, holdMillis, retryAfterMillis } from './back-off.js';
import { type Batch, countOf, halve } from './batch.js';
import type { DeliveryCounters } from './counters.js';
import { readAnswer, type Verdict } from './read-answer.js';
import type { Exchange } from './transport.js';

/** What is left to do after an exchange. */
export interface Outcome {
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
const DONE: Outcome = { again: [], waitMillis: 0 };

/** Counts what an exchange decided about a batch, and says what to do with the rest. Remembers how Matomo has been doing. */
export function createSettleBatch(
  counters: DeliveryCounters,
  { hasToken, resendUnconfirmed }: SettleBatchOptions,
  diagnostics: Diagnostics,
  random: () => number,
): (batch: Batch, exchange: Exchange, nowMillis: number) => Outcome {
  /** Failures since anything was processed. */
  let failures = 0;
  /** Bulks that Matomo has processed: tells one bad hit from a database that is away. */
  let processed = 0;

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
    return { again: [batch], waitMillis: waitMillis ?? backOffMillis(failures, random) };
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
      return { again: halve(again), waitMillis: backOffMillis(failures, random) };
    }
    if (again.processedBefore === processed) return retry(again, reason);
    counters.lost.rejected += 1;
    diagnostics.warnOnce('rejected', `${reason}, alone and again: it was dropped`);
    return DONE;
  }

  function refuseCrashes(sent: number): Outcome {
    counters.lost.rejected += sent;
    diagnostics.warn(
      'Matomo cannot take crashes, they are not sent any more: it has no CrashAnalytics plugin. Set errors to "type"',
    );
    return { ...DONE, refusesCrashes: true };
  }

  return function settleBatch(batch, exchange, nowMillis) {
    const sent = batch.hits.length;
    const verdict: Verdict = readAnswer(exchange, {
      sent,
      hasToken,
      hasTracked: counters.tracked > 0,
    });
    switch (verdict.kind) {
      case 'processed':
        resume();
        counters.tracked += verdict.tracked;
        counters.invalid += verdict.invalid;
        counters.lost.unconfirmed += verdict.unconfirmed;
        if (verdict.note !== undefined) diagnostics.error(verdict.note);
        return DONE;
      case 'accepted':
        resume();
        counters.accepted += sent;
        return DONE;
      case 'unconfirmed':
        if (resendUnconfirmed) return retry(batch, `${verdict.reason}; the hits are sent again`);
        counters.lost.unconfirmed += sent;
        stop(`${verdict.reason}; ${countOf(sent)} may be stored or not and are not sent again`);
        return { again: [], waitMillis: backOffMillis(failures, random) };
      case 'rolled_back':
        return batch.kind === 'crash' ? refuseCrashes(sent) : rolledBack(batch, verdict.reason);
      case 'unavailable':
        return retry(batch, verdict.reason, retryAfterMillis(verdict.retryAfter, nowMillis));
      case 'refused':
        stop(verdict.reason);
        return { again: [batch], waitMillis: holdMillis(failures, random) };
      case 'too_large':
        if (sent > 1) return { again: halve(batch), waitMillis: 0 };
        counters.lost.too_large += 1;
        diagnostics.warnOnce('too_large', 'a hit was dropped: it alone is too large for Matomo');
        return DONE;
    }
  };
}
