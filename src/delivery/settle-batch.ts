import type { Diagnostics } from '../diagnostics.js';
import { coded } from '../messages.js';
import { backOffMillis, holdMillis, retryAfterMillis } from './back-off.js';
import { type Batch, countOf, halve, restOf, sentHits } from './batch.js';
import {
  createDeliveryCounters,
  type DeliveryCounters,
  type LossReason,
  lostHits,
} from './counters.js';
import { type Reason, readAnswer, type Verdict } from './read-answer.js';
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
  /** The token may have been replaced where it was read from. */
  readonly refusesToken?: true;
}

export interface SettleBatchOptions {
  readonly hasToken: boolean;
  /** Doubles rather than losses. */
  readonly resendUnconfirmed: boolean;
}

/** A verdict with something to say. */
type Told = Extract<Verdict, { reason: string }>;

const TRIES_BEFORE_HALVING = 3;
const MOST_REFUSALS = 10;
/** A number of failures after which the wait is the longest there is. */
const LONGEST = 100;

/** Reads what an exchange decided about a batch, and says what to do with the rest. Remembers how Matomo has been doing. */
export function createSettleBatch(
  { hasToken, resendUnconfirmed }: SettleBatchOptions,
  diagnostics: Diagnostics,
  random: () => number,
): (batch: Batch, exchange: Exchange, nowMillis: number) => Outcome {
  /** Failures since anything was processed. */
  let failures = 0;
  /** Why delivery stands still, as far as it has been said. */
  let said: Verdict['kind'] | undefined;
  /** Bulks that Matomo has processed: tells one bad hit from a database that is away. */
  let processed = 0;
  /** Matomo has tracked something of ours. */
  let hasTracked = false;
  /** Bulks in a row of which nothing was valid, with a token. */
  let refusals = 0;

  /** Says why delivery stops, and again where it is for something of another kind. */
  function stop(kind: Verdict['kind'], { code, reason }: Reason): void {
    failures += 1;
    if (kind === said) return;
    said = kind;
    diagnostics.warn(coded(code, `${reason}. New hits are kept and sent when that has passed`));
  }

  function resume(): void {
    if (failures > 0) diagnostics.warn(coded('takes-hits-again', 'Matomo takes hits again'));
    failures = 0;
    said = undefined;
    refusals = 0;
    processed += 1;
  }

  function retry(batch: Batch, verdict: Told, waitMillis?: number): Outcome {
    stop(verdict.kind, verdict);
    return open([batch], waitMillis ?? backOffMillis(failures, random));
  }

  /**
   * One hit that the database refuses rolls back its whole bulk, and a database that is away does the same. A bulk that has
   * been processed since the first failure of that kind tells them apart.
   */
  function failed(batch: Batch, verdict: Told, wait: typeof backOffMillis): Outcome {
    stop(verdict.kind, verdict);
    const tried: Batch = {
      ...batch,
      failures: batch.failures + 1,
      failedAs: verdict.kind,
      processedBefore: batch.failedAs === verdict.kind ? batch.processedBefore : processed,
    };
    const isBad = processed > (tried.processedBefore ?? 0);
    if (isBad && sentHits(tried).length === 1) {
      const text = `${verdict.reason}, alone and again: it was dropped`;
      diagnostics.warnOnce('rejected', coded('rejected', text));
      return { ...lost('rejected', 1), again: restOf(tried) };
    }
    const again = isBad ? narrow(tried) : tryHalves(tried);
    return open(again, isBad ? 0 : wait(failures, random));
  }

  function accepted(
    batch: Batch,
    sent: number,
    { note, isDoubtful = false }: Extract<Verdict, { kind: 'accepted' }>,
  ): Outcome {
    const outcome = { ...decided({ accepted: sent }), again: restOf(batch) };
    if (note === undefined) resume();
    else if (isDoubtful) {
      stop('accepted', note);
      return { ...outcome, waitMillis: backOffMillis(failures, random) };
    } else diagnostics.warnOnce(note.code, coded(note.code, note.reason));
    return outcome;
  }

  /**
   * Where the token worked before, each hit may be bad by itself: they are halved down to it. But 20 refusals in an hour
   * lock the address out, so that after some in a row only a probe now and then is sent.
   */
  function allInvalid(batch: Batch, sent: number, verdict: Told): Outcome {
    refusals += 1;
    if (refusals > MOST_REFUSALS) {
      stop(verdict.kind, verdict);
      return holdForToken(batch);
    }
    if (sent > 1) return open(halve(batch), 0);
    return { ...decided({ invalid: 1 }), again: restOf(batch) };
  }

  function holdForToken(batch: Batch): Outcome {
    const held = { ...batch, half: undefined, takesNewer: true };
    return { ...open([held], holdMillis(LONGEST, random)), refusesToken: true };
  }

  function refuseCrashes(sent: number): Outcome {
    diagnostics.warn(
      coded(
        'no-crashes',
        'Matomo cannot take crashes, they are not sent any more: it has no CrashAnalytics plugin. Set errors to "type"',
      ),
    );
    return { ...lost('rejected', sent), refusesCrashes: true };
  }

  return function settleBatch(batch, exchange, nowMillis) {
    const sent = sentHits(batch).length;
    const verdict: Verdict = readAnswer(exchange, {
      sent,
      hasToken,
      hasTracked,
    });
    switch (verdict.kind) {
      case 'processed':
        resume();
        hasTracked ||= verdict.tracked > 0;
        if (verdict.note !== undefined)
          diagnostics.warnOnce(verdict.note.code, coded(verdict.note.code, verdict.note.reason));
        return { ...decided(verdict), again: restOf(batch) };
      case 'all_invalid':
        return allInvalid(batch, sent, verdict);
      case 'accepted':
        return accepted(batch, sent, verdict);
      case 'unconfirmed':
        if (resendUnconfirmed) {
          const reason = `${verdict.reason}; the hits are sent again`;
          return retry(batch, { ...verdict, reason });
        }
        stop(verdict.kind, {
          code: verdict.code,
          reason: `${verdict.reason}; ${countOf(sent)} may be stored or not; not sent again`,
        });
        return {
          ...lost('unconfirmed', sent),
          again: restOf(batch),
          waitMillis: backOffMillis(failures, random),
        };
      case 'rolled_back':
        if (batch.kind === 'crash') return refuseCrashes(sent);
        return failed(batch, verdict, backOffMillis);
      case 'nothing_kept':
        return failed(batch, verdict, holdMillis);
      case 'unavailable':
        return retry(batch, verdict, retryAfterMillis(verdict.retryAfter, nowMillis));
      case 'refused':
        stop(verdict.kind, verdict);
        return verdict.isTokenRefused
          ? holdForToken(batch)
          : open([batch], holdMillis(failures, random));
      case 'too_large':
        if (sent > 1) return open(halve(batch), 0);
        diagnostics.warnOnce(
          'too_large',
          coded('too-large', 'a hit was dropped: it alone is too large for Matomo'),
        );
        return { ...lost('too_large', 1), again: restOf(batch) };
    }
  };
}

/** A batch that fails where Matomo works: it has a bad hit in what was sent. */
function narrow(batch: Batch): readonly Batch[] {
  return batch.half === undefined ? [{ ...batch, half: 'first' }] : halve(batch);
}

/** A batch that fails where perhaps everything does: whole at first, then one half, then the other, then whole again. */
function tryHalves(batch: Batch): readonly Batch[] {
  if (batch.half === 'first') return [{ ...batch, half: 'second' }];
  if (batch.half === 'second') return [{ ...batch, half: undefined, failures: 0 }];
  if (batch.failures < TRIES_BEFORE_HALVING) return [batch];
  // One hit has no halves: with newer ones there are some.
  return [batch.hits.length > 1 ? { ...batch, half: 'first' } : { ...batch, takesNewer: true }];
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
  return { counts: lostHits(reason, hits), again: [], waitMillis: 0 };
}
