import { describeError } from '../../common/describe-error.js';
import type { DeliveryParts } from '../delivery-options.js';
import { describeExitLoss } from '../loss-log.js';
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
  const lost = { ...counters.lost };
  for (const name of Object.keys(lost) as LossReason[]) lost[name] -= before[name];
  const text = describeExitLoss(lost, reason, refusal === undefined, hasTimedOut);
  if (text) diagnostics.warnOnce('exit', text);
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
