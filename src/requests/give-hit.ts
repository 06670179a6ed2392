import { activeSpan } from '../common/otel-global.js';
import { startIfOffered } from '../common/start-hook.js';
import { currentRequest, type HitTaker, hitTakers } from './captured-requests.js';
import { HIT_EVENT, toEventAttributes } from './span-hit-events.js';

/** Gives a hit to every processor; if there are only exporters, to the active span, or to them if none is recorded. Never throws. */
export function giveHit(parameters: Readonly<Record<string, unknown>>): void {
  startUnlessTaken();
  if (addEvent(parameters)) return;
  tell((taker) => {
    const hit = { parameters, epochMillis: Date.now() };
    taker.takeHit(hit, currentRequest(), activeSpan());
  });
}

/** Has everything that makes hits count and log a call that makes none. Never throws. */
export function refuseHit(key: string, message: string): void {
  tell((taker) => taker.refuseHit(key, message));
}

/** Has everything that makes hits log that a part of one was left out. Never throws. */
export function reportHit(key: string, message: string): void {
  tell((taker) => taker.reportHit(key, message));
}

/** A queue worker or a cron job never serves: its first hit is what starts `register`. */
function startUnlessTaken(): void {
  const [taker] = hitTakers().takers;
  if (!taker) startIfOffered();
}

function addEvent(parameters: Readonly<Record<string, unknown>>): boolean {
  try {
    if (!hitTakers().readEvents) return false;
    const span = activeSpan();
    if (!span?.isRecording()) return false;
    span.addEvent(HIT_EVENT, toEventAttributes(parameters));
    return true;
  } catch {
    return false; // of a tracer that is no OpenTelemetry SDK
  }
}

function tell(say: (taker: HitTaker) => void): void {
  for (const taker of hitTakers().takers) {
    try {
      say(taker);
    } catch {
      // One processor that fails, of whichever version, must not keep the others from the hit.
    }
  }
}
