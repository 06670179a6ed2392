import { channel } from 'node:diagnostics_channel';
import type { Server } from 'node:http';
import { channelListener, isObject, UNTRACKED_SERVER } from '../common/channel-listener.js';
import type { Diagnostics } from '../common/diagnostics.js';
import { coded } from '../common/messages.js';
import { DetachedScope } from '../common/timers.js';
import type { RecordOption } from '../options/option-table.js';
import type { MatomoSpanProcessor } from '../span-processor.js';

/** Finished responses instead of started requests, because some responses last for hours. */
const CHANNEL = 'http.server.response.finish';
const CHECK_MILLIS = 60_000;
/** After this many requests, none of them tracked or ignored is no coincidence. */
const REQUESTS_TO_JUDGE = 20;

/**
 * Logs once if requests arrive but none is tracked or ignored, whatever the reason. Each minute it also calls
 * `checkProvider`.
 */
export function watchTracking(
  processor: Pick<MatomoSpanProcessor, 'stats'>,
  record: RecordOption,
  checkProvider: () => void,
  diagnostics: Pick<Diagnostics, 'error'>,
): { stop(): void } {
  let requests = 0;
  const onResponse = channelListener(isObject, (message) => {
    const { server } = message as { server?: Server };
    if (isObject(server) && !(UNTRACKED_SERVER in server)) requests += 1;
  });

  function check(): void {
    checkProvider();
    if (requests < REQUESTS_TO_JUDGE) return;
    channel(CHANNEL).unsubscribe(onResponse);
    if (isDeciding(processor)) return;
    diagnostics.error(coded('nothing-tracked', nothingTracked(requests, record)));
    requests = 0;
  }

  channel(CHANNEL).subscribe(onResponse);
  const scope = new DetachedScope('opentelemetry-matomo');
  const timer = scope.runInAsyncScope(() => setInterval(check, CHECK_MILLIS).unref());
  return {
    stop() {
      clearInterval(timer);
      channel(CHANNEL).unsubscribe(onResponse);
    },
  };
}

/** Whether any request has become a hit or was ignored for a reason. */
function isDeciding(processor: Pick<MatomoSpanProcessor, 'stats'>): boolean {
  const { hits, ignored } = processor.stats();
  return hits > 0 || Object.values(ignored).some((count) => count > 0);
}

function nothingTracked(requests: number, record: RecordOption): string {
  const advice =
    record === 'sampled'
      ? 'Unset MATOMO_RECORD=sampled, or let the sampler of the application record more requests.'
      : 'Unless tracing ignores them on purpose, run `npx opentelemetry-matomo doctor`, or add `new MatomoSpanProcessor()` to the span processors of your tracing setup.';
  return `${requests} requests were served, and none was tracked or ignored. Matomo receives nothing. ${advice}`;
}
