import { describeError } from '../../common/describe-error.js';
import type { Diagnostics } from '../../common/diagnostics.js';
import { coded } from '../../common/messages.js';
import type { BatchSenderParts } from '../batch-sender.js';
import type { Transport } from '../http/transport.js';
import type { LossLog } from '../loss-log.js';
import { type Batch, countOf, restOf, sentHits } from '../queue/batch.js';
import { type LossReason, lostHits } from '../queue/counters.js';
import { createIsFresh } from '../queue/freshness.js';
import { flushAtExit, TIMED_OUT } from './exit-flush.js';

/** Longest wait if Matomo was unavailable before: it may be back, but a process in a crash loop must not be delayed. */
const UNAVAILABLE_MILLIS = 300;

export interface LastFlushParts extends BatchSenderParts {
  readonly transport: Transport;
  readonly diagnostics: Diagnostics;
  readonly losses: LossLog;
}

export interface LastFlushState {
  /** The batch from memory that is being sent. */
  readonly inFlight: Batch | undefined;
  /** The last attempt failed. */
  readonly isUnavailable: boolean;
  /** How long the process may be blocked. */
  readonly millis: number;
  /** The reason if nothing may be stored or sent. */
  readonly refusal: string | undefined;
}

/**
 * For the end of a process, when the event loop no longer runs: stores or sends what is left while the process is blocked, and logs
 * what is lost. Never throws.
 */
export function flushLast(parts: LastFlushParts, state: LastFlushState): void {
  const { source, batches, sender, diagnostics, options } = parts;
  const { counters } = source;
  const before = { ...counters.lost };
  const { tracked } = counters;
  const deadlineMillis = performance.now() + state.millis;
  let reason = state.refusal;
  try {
    decideInFlight(parts, state.inFlight);
    if (reason === undefined) {
      batches.add(source.storeSync());
      reason = withCause(send(parts, state), sender.stoppedBy);
    }
  } catch (error) {
    reason = describeError(error);
  }
  batches.clear();
  source.drop();
  parts.losses.checkInvalid();
  diagnostics.lines.flush();
  if (counters.tracked > tracked) options.onTracked?.();
  const loss = describeLoss(before, counters.lost, reason);
  if (loss === undefined) return;
  const advice =
    state.refusal === undefined
      ? adviceForLoss(deadlineMillis - performance.now() < 1)
      : 'Set exitFlush, or call shutdown() before the process ends.';
  diagnostics.warnOnce('exit', coded('lost-at-shutdown', `${loss}. ${advice}`));
}

/** Adds why Matomo did not process hits before, if there was no time to find out again. */
function withCause(reason: string | undefined, cause: string | undefined): string | undefined {
  return reason === TIMED_OUT && cause !== undefined ? `${reason}; before, ${cause}` : reason;
}

/** What to do if hits were lost at the end. If `shutdownTimeoutMillis` has not run out, a longer one changes nothing. */
export function adviceForLoss(hasTimedOut: boolean): string {
  const first = hasTimedOut ? 'Raise shutdownTimeoutMillis, or set' : 'Set';
  return `${first} spool to keep hits across restarts.`;
}

/** Counts the bulk in flight, whose response can no longer be read. If nothing of it was written, it is sent again. */
function decideInFlight(
  { options, transport, source, batches }: LastFlushParts,
  batch: Batch | undefined,
): void {
  if (!batch || options.resendUnconfirmed || transport.isSending?.() === false) return;
  const sent = sentHits(batch);
  source.acknowledgeQueued(sent, lostHits('unconfirmed', sent.length));
  batches.replaceFirst(batch, restOf(batch));
}

/** Returns why hits are left. */
function send(
  { source, batches, options, sender, transport }: LastFlushParts,
  { isUnavailable, millis }: LastFlushState,
): string | undefined {
  const { sendSync } = transport;
  if (source.inMemory === 0) return undefined;
  if (!sendSync) return 'nothing can be sent at exit through the option dispatcher';
  const longestMillis = isUnavailable ? Math.min(millis, UNAVAILABLE_MILLIS) : millis;
  return flushAtExit(source, batches, {
    hasToken: options.tokenAuth !== undefined,
    isFresh: createIsFresh(options, source.isDurable),
    maxExportBatchSize: options.maxExportBatchSize,
    exportTimeoutMillis: options.exportTimeoutMillis,
    deadlineMillis: performance.now() + longestMillis,
    rereadToken: () => sender.rereadToken(),
    invalidHits: sender.invalidHits,
    send: (batch, timeoutMillis) => sendSync(sender.bodyOf(batch), timeoutMillis),
  });
}

/** Text for the log; `undefined` if nothing was lost. */
function describeLoss(
  before: Readonly<Record<LossReason, number>>,
  after: Readonly<Record<LossReason, number>>,
  reason: string | undefined,
): string | undefined {
  const names = (Object.keys(after) as LossReason[]).filter((name) => after[name] > before[name]);
  if (names.length === 0) return undefined;
  const sum = names.reduce((total, name) => total + after[name] - before[name], 0);
  const counts = names.map((name) => `${name}: ${after[name] - before[name]}`).join(', ');
  const why = reason === undefined ? '' : ` (${reason})`;
  return `The process ended before Matomo confirmed ${countOf(sum)}${why}. They count as lost (${counts})`;
}
