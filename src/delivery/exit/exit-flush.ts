import { describeError } from '../../common/describe-error.js';
import { EXIT_WAITS } from '../../common/signals-and-exit.js';
import type { LossReason } from '../queue/counters.js';
import type { SendingParts } from '../sender.js';
import type { JournalHit } from '../spool/journal.js';

/**
 * For the end of a process, when the event loop no longer runs: stores or sends what is left while the process is blocked for at most
 * `millis`, and logs what is lost. `refusal` is the reason if nothing may be stored or sent. Never throws.
 */
export function flushAtExit(parts: SendingParts, millis: number, refusal?: string): void {
  const { memory, spool, source, sender, diagnostics, losses, outage } = parts;
  const { counters } = memory;
  losses.check(); // an attempt that still runs may have lost some
  const lostBefore = { ...counters.lost };
  const mayFlush = refusal === undefined;
  // If Matomo was unavailable, it may be back, but nothing waits for long.
  const limitMillis = sender.hasToWait ? Math.min(millis, EXIT_WAITS.unavailableMillis) : millis;
  const startMillis = performance.now();
  let found = refusal;
  let isCut = false;
  try {
    const leftBecause = finishInFlight(parts, mayFlush ? limitMillis : 0);
    spool?.saveAtExit();
    if (mayFlush) {
      if (spool) source.queue.add(spool.storeSync(), false);
      ({ found, isCut } = send(parts, startMillis + limitMillis, leftBecause));
    }
    spool?.closeAtExit();
  } catch (error) {
    found ??= describeError(error);
  }
  source.drop();
  outage.close();
  losses.check(['invalid']);
  diagnostics.lines.flush();
  const hasTimedOut = startMillis + millis - performance.now() < 1;
  const lost = { ...counters.lost };
  for (const name of Object.keys(lost) as LossReason[]) lost[name] -= lostBefore[name];
  const end = { found, isCut, hasTimedOut, before: outage.cause?.reason, mayFlush };
  const text = losses.describeLoss('process', lost, end);
  if (text) diagnostics.warnOnce('exit', text);
}

/**
 * Waits for the response to the bulk in flight, if that is possible. Without a response, the hits stay in memory only if nothing of the
 * bulk was written. Returns why its hits may be left in the end.
 */
function finishInFlight(
  { options, sender, source, spool, transport }: SendingParts,
  millis: number,
): string | undefined {
  const { inFlight: batch } = source.queue;
  if (!batch) return undefined;
  const exchange = transport.waitSync?.(millis);
  if (exchange) return sender.decideAtExit(batch, exchange).failedBy;
  if (options.resendUnconfirmed || transport.isSending?.() === false) return undefined;
  if (batch.isStored && !spool?.decideAtExit(batch.hits as JournalHit[])) return undefined;
  source.failing.remove(batch);
  source.count(batch, { unconfirmed: batch.hits.length });
  return undefined;
}

/**
 * Sends everything in memory bulk by bulk without returning to the event loop. Returns why hits are left, if any are: `leftBecause`, or what
 * was found out since. `isCut`: the time is up, perhaps before the last request had a result of its own.
 */
function send(
  { options, sender, source, transport }: SendingParts,
  deadlineMillis: number,
  leftBecause: string | undefined,
): { found: string | undefined; isCut: boolean } {
  const { sendSync } = transport;
  if (!sendSync) return { found: 'nothing can be sent at exit', isCut: false };
  let found = leftBecause;
  for (;;) {
    const batch = source.nextAtExit();
    if (!batch) return { found, isCut: false };
    const leftMillis = deadlineMillis - performance.now();
    if (leftMillis < 1) return { found, isCut: true };
    const timeoutMillis = Math.min(leftMillis, options.exportTimeoutMillis);
    const exchange = sendSync(sender.bodyOf(batch), timeoutMillis);
    const { stoppedBy, failedBy } = sender.decideAtExit(batch, exchange);
    found = stoppedBy ?? failedBy ?? found;
    const isCut = exchange.kind !== 'answer' && deadlineMillis - performance.now() < 1;
    if (stoppedBy || isCut) return { found, isCut };
  }
}
