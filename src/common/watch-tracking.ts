import { channel } from 'node:diagnostics_channel';
import type { Server } from 'node:http';
import { channelListener, FINISH_CHANNEL, isObject, UNTRACKED_SERVER } from './channel-listener.js';
import type { Diagnostics } from './diagnostics.js';
import { AsyncScope } from './timers.js';

/** How long after a response its request has ended everywhere: SERVER spans may end a second after it. */
const WAIT_MILLIS = 2_000;

interface Counts {
  readonly hits: number;
  readonly ignored: Readonly<Record<string, number>>;
}

/**
 * Logs once why no request is tracked or ignored. Looks after the first request, and after so many that this is no coincidence. Returns a
 * function that ends the watch.
 *
 * @param findProblem returns the message, or `undefined` if there is no problem; `after` is 1 or `judgeAfter`, the number of requests
 * @param judgeAfter the number of requests that is no coincidence
 */
export function watchTracking(
  stats: () => Counts,
  findProblem: (after: number) => string | undefined,
  diagnostics: Pick<Diagnostics, 'error'>,
  judgeAfter = 20,
): () => void {
  const scope = new AsyncScope('opentelemetry-matomo');
  let requests = 0;
  let timer: NodeJS.Timeout | undefined;
  // Finished responses instead of started requests, because some responses last for hours.
  const onResponse = channelListener(isObject, (message) => {
    const { server } = message as { server?: Server };
    if (!isObject(server) || UNTRACKED_SERVER in server) return;
    requests += 1;
    if (requests !== 1 && requests !== judgeAfter) return;
    clearTimeout(timer);
    timer = scope.runInAsyncScope(() => setTimeout(check, WAIT_MILLIS).unref());
  });

  function stop(): void {
    clearTimeout(timer);
    channel(FINISH_CHANNEL).unsubscribe(onResponse);
  }

  function check(): void {
    const { hits, ignored } = stats();
    const isDeciding = hits > 0 || Object.values(ignored).some((count) => count > 0);
    const isLast = requests >= judgeAfter;
    const problem = isDeciding ? undefined : findProblem(isLast ? judgeAfter : 1);
    if (problem !== undefined) diagnostics.error(problem);
    if (isDeciding || isLast || problem !== undefined) stop();
  }

  channel(FINISH_CHANNEL).subscribe(onResponse);
  return stop;
}
