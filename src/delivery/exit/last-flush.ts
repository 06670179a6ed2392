import { describeError } from '../../common/describe-error.js';
import { coded } from '../../common/messages.js';
import type { DeliveryParts } from '../delivery-options.js';
import { countOf } from '../queue/batch.js';
import type { LossReason } from '../queue/counters.js';
import type { Sender } from '../sender.js';
import { EXIT_WAITS } from './exit-waits.js';

/** Why hits are left if there was no time to send them. */
const TIMED_OUT = 'the shutdown timeout ran out';

export interface LastFlushParts extends DeliveryParts {
  readonly sender: Sender;
}

/**
 * For the end of a process, when the event loop no longer runs: stores or sends what is left while the process is blocked for at most
 * `millis`, and logs what is lost. `refusal` is the reason if nothing may be stored or sent. Never throws.
 */
export function flushLast(parts: LastFlushParts, millis: number, refusal?: string): void {
  const { memory, spool, sender, diagnostics, options, losses } = parts;
  const { counters } = memory;
  const before = { ...counters.lost };
  const { tracked } = counters;
  // If Matomo was unavailable, it may be back, but nothing waits for long.
  const limitMillis = sender.isUnavailable ? EXIT_WAITS.unavailableMillis : millis;
  const startMillis = performance.now();
  const deadlineMillis = startMillis + Math.min(millis, limitMillis);
  let reason = refusal;
  try {
    sender.finishInFlight(refusal === undefined ? deadlineMillis - startMillis : 0);
    if (refusal === undefined) {
      if (spool) sender.queue.add(spool.storeSync(), false);
      reason = send(parts, deadlineMillis);
      // There was no time to find out again why Matomo did not process hits before.
      if (reason === TIMED_OUT && sender.stoppedBy) reason += `; before, ${sender.stoppedBy}`;
    }
  } catch (error) {
    reason = describeError(error);
  }
  sender.drop();
  losses.check(['invalid']);
  diagnostics.lines.flush();
  if (counters.tracked > tracked) options.onTracked?.();
  const hasTimedOut = startMillis + millis - performance.now() < 1;
  logLosses(parts, before, reason, refusal === undefined, hasTimedOut);
}

/** Logs which hits are lost, and which were sent without a response. */
function logLosses(
  { memory, diagnostics }: LastFlushParts,
  before: Readonly<Record<LossReason, number>>,
  reason: string | undefined,
  mayFlush: boolean,
  hasTimedOut: boolean,
): void {
  const counts = Object.entries(memory.counters.lost)
    .map(([name, count]) => [name, count - before[name as LossReason]] as const)
    .filter(([, count]) => count > 0);
  if (counts.length === 0) return;
  const sumOf = (list: typeof counts) => list.reduce((sum, [, count]) => sum + count, 0);
  const lost = counts.filter(([name]) => name !== 'unconfirmed');
  const unconfirmed = sumOf(counts) - sumOf(lost);
  const why = reason === undefined ? '' : ` (${reason})`;
  const sentences = [`The process ended before Matomo confirmed ${countOf(sumOf(counts))}${why}`];
  if (lost.length > 0) {
    const names = lost.map(([name, count]) => `${name}: ${count}`).join(', ');
    sentences.push(`Lost: ${countOf(sumOf(lost))} (${names})`);
  }
  if (unconfirmed > 0)
    sentences.push(`Sent, not confirmed: ${countOf(unconfirmed)} (unconfirmed: ${unconfirmed})`);
  if (!mayFlush) sentences.push('Set exitFlush, or call shutdown() before the process ends');
  else sentences.push(adviceForLoss(hasTimedOut));
  const code = lost.length > 0 ? 'lost-at-shutdown' : 'unconfirmed';
  diagnostics.warnOnce('exit', coded(code, `${sentences.join('. ')}.`));
}

/** What to do if hits were lost at the end. If `shutdownTimeoutMillis` has not run out, a longer one changes nothing. */
export function adviceForLoss(hasTimedOut: boolean): string {
  const first = hasTimedOut ? 'Raise shutdownTimeoutMillis, or set' : 'Set';
  return `${first} spool to keep hits across restarts`;
}

/** Sends everything in memory bulk by bulk without returning to the event loop. Returns why hits are left; `undefined` if none are. */
function send(
  { memory, options, sender, transport }: LastFlushParts,
  deadlineMillis: number,
): string | undefined {
  const { sendSync } = transport;
  if (memory.count === 0) return undefined;
  if (!sendSync) return 'nothing can be sent at exit';
  for (;;) {
    const batch = sender.nextAtExit();
    if (!batch) return sender.leftBecause;
    const leftMillis = deadlineMillis - performance.now();
    if (leftMillis < 1) return TIMED_OUT;
    const timeoutMillis = Math.min(leftMillis, options.exportTimeoutMillis);
    const exchange = sendSync(sender.bodyOf(batch), timeoutMillis);
    const stoppedBy = sender.decideAtExit(batch, exchange);
    if (stoppedBy) return stoppedBy.reason;
  }
}
