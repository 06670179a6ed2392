import { startOffer } from '../common/start-hook.js';
import { type CallTarget, type HitTaker, hitTakers } from './captured-requests.js';
import { HIT_EVENT, toEventAttributes } from './hit-event.js';

/** Passes a hit to every processor. If there are only exporters, adds it to the span if that is recorded. Never throws. */
export function giveHit(
  parameters: Readonly<Record<string, unknown>>,
  { captured, span }: CallTarget,
): void {
  if (addEvent(parameters, span)) return;
  forEachTaker((taker) => {
    const hit = { parameters, epochMillis: Date.now() };
    taker.takeHit(hit, captured, span);
  });
}

/** Lets everything that makes hits count and log a call that makes none. Never throws. */
export function refuseHit(key: string, message: string): void {
  forEachTaker((taker) => taker.refuseHit(key, message));
}

/** Lets everything that makes hits log that part of a hit was dropped. Never throws. */
export function reportHit(key: string, message: string): void {
  forEachTaker((taker) => taker.reportHit(key, message));
}

function addEvent(
  parameters: Readonly<Record<string, unknown>>,
  span: CallTarget['span'],
): boolean {
  try {
    if (!hitTakers().readEvents) return false;
    if (!span?.isRecording()) return false;
    span.addEvent(HIT_EVENT, toEventAttributes(parameters));
    return true;
  } catch {
    return false; // the tracer is not of an OpenTelemetry SDK
  }
}

/** Starts `register` if nothing makes hits yet: a queue worker or a cron job never serves. */
function forEachTaker(give: (taker: HitTaker) => void): void {
  const [taker] = hitTakers().takers;
  if (!taker) startOffer()?.serve();
  for (const taker of hitTakers().takers) {
    try {
      give(taker);
    } catch {
      // If one processor fails, of any copy, the others still get the hit.
    }
  }
}
