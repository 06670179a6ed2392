import { createServer } from 'node:http';
import { expect, onTestFinished, test, vi } from 'vitest';
import { listenUntracked, urlOf } from '../../src/common/own-server.js';
import { watchTracking } from '../../src/common/watch-tracking.js';
import { collectDiagnostics } from '../support/diagnostics.js';
import { listen } from '../support/listen.js';

const JUDGE_AFTER = 3;

/** A watch that finds a problem from `from` requests on, while `ignored` requests were ignored. */
function startWatch(from: number, ignored = 0) {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const { diagnostics, logged } = collectDiagnostics();
  const stop = watchTracking(
    () => ({ hits: 0, ignored: { path: ignored } }),
    (after) => (after < from ? undefined : `${after} requests`),
    diagnostics,
    JUDGE_AFTER,
  );
  onTestFinished(() => {
    stop();
    vi.useRealTimers();
  });
  return logged;
}

async function startOwnServer(): Promise<string> {
  const server = createServer((_request, response) => void response.end());
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  await listenUntracked(server, '127.0.0.1', 0);
  return urlOf(server);
}

const startServer = () => listen((_request, response) => void response.end());

test.each<
  [
    what: string,
    start: () => Promise<string>,
    watch: [from: number, ignored?: number],
    expected: string[],
  ]
>([
  ['of the application, a problem after one', startServer, [1], ['1 requests']],
  ['of the application, a problem after several', startServer, [JUDGE_AFTER], ['3 requests']],
  ['of the application, one of which was ignored', startServer, [1, 1], []],
  ['of this package', startOwnServer, [1], []],
])('requests to a server %s', async (_what, start, watch, expected) => {
  const logged = startWatch(...watch);
  const url = await start();
  for (let i = 0; i < 2 * JUDGE_AFTER; i++) {
    await (await fetch(url)).text();
    vi.advanceTimersByTime(10_000);
  }
  expect(logged).toEqual(expected);
});
