import type { Diagnostics } from '../common/diagnostics.js';
import { coded } from '../common/messages.js';
import type { IgnoreReason } from './stats.js';

/** Reasons that do not show that pages reach this process. */
const NOISE: ReadonlySet<string> = new Set(['static', 'prefetch', 'polling', 'mcp']);
/** So many in a row are no coincidence. */
const REQUESTS_TO_JUDGE = 20;

/**
 * Logs once if the first 20 requests were all ignored for reasons that usually concern only some of them. Returns a function to call
 * with the reason for which a request was ignored, or with `undefined` if it makes a hit.
 */
export function watchFirstRequests(
  diagnostics: Pick<Diagnostics, 'warnOnce'>,
): (reason: IgnoreReason | undefined) => void {
  let counts: Map<string, number> | undefined = new Map();
  let requests = 0;

  return function countFirstRequest(reason) {
    if (counts === undefined) return;
    if (reason === undefined || !NOISE.has(reason)) {
      counts = undefined;
      return;
    }
    counts.set(reason, (counts.get(reason) ?? 0) + 1);
    requests += 1;
    if (requests < REQUESTS_TO_JUDGE) return;
    diagnostics.warnOnce('all-ignored', coded('all-ignored', describe(counts)));
    counts = undefined;
  };
}

function describe(counts: ReadonlyMap<string, number>): string {
  const list = Array.from(counts, ([reason, count]) => `${reason}: ${count}`).join(', ');
  return `The first ${REQUESTS_TO_JUDGE} requests were all ignored (${list}). Matomo has received nothing yet. If this process serves pages, check that their requests reach it; to track such requests, set staticFiles or prefetches to track.`;
}
