import type { Diagnostics } from '../../common/diagnostics.js';
import { coded } from '../../common/messages.js';
import type { Exchange } from '../http/transport.js';
import type { LossLog } from '../loss-log.js';
import { type Batch, countOf, sentHits } from '../queue/batch.js';
import { isOrder } from '../queue/encode-hits.js';
import { backOffMillis, holdMillis, retryAfterMillis } from './back-off.js';
import { FailingHits, RejectedHits } from './find-bad-hits.js';
import { adviceFor, Outage, type PendingWork } from './outage.js';
import { type BulkResult, type Reason, readAnswer } from './read-answer.js';
import {
  applyPolicy,
  type Outcome,
  type PolicyName,
  policyNameOf,
  policyOf,
  type ResultPolicy,
} from './result-policy.js';

interface InterpretResponseOptions {
  readonly hasToken: boolean;
  /** Prefers duplicates to losses. */
  readonly resendUnconfirmed: boolean;
}

/** Matomo locks an address out after 20 rejections per hour, and many processes may have the same address. */
const MAX_REFUSALS = 3;
/** With this many failures, the wait has its maximum. */
const MANY_FAILURES = 100;

export interface InterpretResponse {
  /** The result of an exchange. */
  read(batch: Batch, exchange: Exchange): BulkResult;
  /** Decides what a result means for a batch and what to send next. */
  interpret(batch: Batch, exchange: Exchange, result: BulkResult, nowMillis: number): Outcome;
  /** The same in the last flush of a process, which logs what it loses itself. */
  interpretAtExit(batch: Batch, result: BulkResult): Outcome;
  /** Why Matomo does not process hits; `undefined` if it does. */
  readonly stoppedBy: string | undefined;
  /** Nothing more is sent. */
  close(): void;
}

/** Applies the policy for each result, and keeps track of what earlier results say about Matomo, the token and the hits. */
export function createInterpretResponse(
  { hasToken, resendUnconfirmed }: InterpretResponseOptions,
  diagnostics: Pick<Diagnostics, 'warn' | 'warnOnce' | 'lines'>,
  random: () => number,
  workOf: () => PendingWork,
  losses: Pick<LossLog, 'addInvalid'>,
): InterpretResponse {
  const outage = new Outage(diagnostics, workOf);
  const failingHits = new FailingHits();
  const rejectedHits = new RejectedHits();
  /** Matomo has tracked at least one hit. */
  let hasTracked = false;
  /** Bulks in a row in which no hit was valid, with a token. */
  let rejections = 0;

  function waitMillis({ next }: ResultPolicy, result: BulkResult, nowMillis: number): number {
    switch (next) {
      case 'now':
        return 0;
      case 'back_off': {
        const retryAfter = result.kind === 'unavailable' ? result.retryAfter : undefined;
        const least = retryAfterMillis(retryAfter, nowMillis) ?? 0;
        return Math.max(least, backOffMillis(outage.failures, random));
      }
      case 'hold':
        return holdMillis(outage.failures, random);
      case 'token':
        return holdMillis(MANY_FAILURES, random);
    }
  }

  function search(batch: Batch, result: BulkResult & Reason): Outcome {
    const wait = result.kind === 'nothing_kept' ? holdMillis : backOffMillis;
    const outcome = failingHits.search(batch, result.kind, outage.failures, (n) => wait(n, random));
    if (outcome.kind === 'decided') {
      diagnostics.lines.add('rejected', 1, (hits) => {
        const text = `Failed twice when sent alone, although Matomo processed other hits in between (${result.reason}): ${countOf(hits)}, lost and counted as rejected. ${adviceFor(result.code)}`;
        return coded('rejected', text);
      });
    }
    return outcome;
  }

  /**
   * If the token has worked before, single hits may be invalid: the batch is halved down to them. After some rejections in a row,
   * only rare attempts are made, and hits that were rejected before the latest success are invalid.
   */
  function countRejection(batch: Batch): PolicyName {
    rejections += 1;
    const isOften = rejections >= MAX_REFUSALS;
    const sent = sentHits(batch);
    const areInvalid = rejectedHits.areInvalid(sent);
    if (!areInvalid) rejectedHits.add(sent);
    if (areInvalid) return isOften ? 'known_invalid_again' : 'known_invalid';
    return isOften ? 'token_rejected' : 'all_invalid';
  }

  function interpret(batch: Batch, result: BulkResult, nowMillis: number): Outcome {
    recordTracked(batch, result);
    if (result.kind === 'processed' || (result.kind === 'accepted' && !result.warning)) resume();
    let name = policyNameOf(result, batch, resendUnconfirmed);
    if (name === 'all_invalid') name = countRejection(batch);
    else if (name === 'token_rejected') rejectedHits.add(sentHits(batch));
    const policy = policyOf(name);
    const reason = reasonOf(result);
    if (policy.next !== 'now' && reason) outage.begin(explain(name, reason), 'resend' in policy);
    if (policy.next === 'token') rejectedHits.countHold();
    const outcome = applyPolicy(
      policy,
      markSplit(batch, name),
      result,
      waitMillis(policy, result, nowMillis),
      () => search(batch, result as BulkResult & Reason),
    );
    logResult(name, batch, result);
    if (outcome.counts.invalid > 0 && result.kind !== 'processed')
      losses.addInvalid(sentHits(batch), outcome.counts.invalid);
    return outcome;
  }

  function recordTracked(batch: Batch, result: BulkResult): void {
    if (result.kind !== 'processed') return;
    hasTracked ||= result.tracked > 0;
    if (result.tracked > 0) rejectedHits.countTracked();
    losses.addInvalid(sentHits(batch), result.invalid, result.invalidIndices);
  }

  function resume(): void {
    outage.end();
    rejections = 0;
    failingHits.countProcessed();
  }

  function logResult(name: PolicyName, batch: Batch, result: BulkResult): void {
    if (result.kind === 'refused' && result.isTokenRefused && sentHits(batch).every(isOrder))
      diagnostics.warnOnce('orders-rejected', coded('orders-rejected', ORDER_REFUSED));
    if (name === 'crashes_rolled_back') diagnostics.warn(coded('crashes-rejected', NO_CRASHES));
    if (name !== 'processed' && name !== 'accepted') return;
    const { warning } = result as Extract<BulkResult, { kind: 'processed' | 'accepted' }>;
    if (!warning) return;
    const text =
      name === 'processed'
        ? warning.reason
        : `${warning.reason}. Sending continues. ${adviceFor(warning.code)}`;
    diagnostics.warnOnce(warning.code, coded(warning.code, text));
  }

  return {
    read: (batch, exchange) =>
      readAnswer(exchange, { sent: sentHits(batch).length, hasToken, hasTracked }),
    interpret: (batch, exchange, result, nowMillis) =>
      interpret(batch, result, clockOf(exchange) ?? nowMillis),
    interpretAtExit(batch, result) {
      recordTracked(batch, result);
      const policy = policyOf(policyNameOf(result, batch, resendUnconfirmed), true);
      return applyPolicy(policy, batch, result, 0);
    },
    get stoppedBy() {
      return outage.cause?.reason;
    },
    close: () => outage.close(),
  };
}

/** Why a result is not what it should be; `undefined` if it is. */
export function reasonOf(result: BulkResult): Reason | undefined {
  if ('reason' in result) return result;
  return result.kind === 'accepted' ? result.warning : undefined;
}

function explain(name: PolicyName, cause: Reason): Reason {
  if (name !== 'unconfirmed_resent') return cause;
  return { ...cause, reason: `${cause.reason} and may have stored the hits` };
}

/** What the halves of a batch remember of its bulk. */
function markSplit(batch: Batch, name: PolicyName): Batch {
  if (name === 'all_invalid') return { ...batch, isRejected: true };
  if (name !== 'too_large') return batch;
  return { ...batch, joinedBelow: Math.min(batch.joinedBelow, sentHits(batch).length) };
}

const NO_CRASHES =
  'Matomo has no CrashAnalytics plugin. Crashes are no longer sent, and count as lost.rejected. Set errors to "type".';
const ORDER_REFUSED =
  'Matomo rejected an order, and has tracked no hit of this process yet. Either Matomo already has the order, or tokenAuth is invalid. The order counts as invalid. If other hits are rejected too, check tokenAuth and siteId.';

/** The server's time: a date in `Retry-After` refers to its clock. */
function clockOf(exchange: Exchange): number | undefined {
  const millis = exchange.kind === 'answer' ? Date.parse(exchange.date ?? '') : Number.NaN;
  return Number.isNaN(millis) ? undefined : millis;
}
