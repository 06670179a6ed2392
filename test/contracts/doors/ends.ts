import { startServer } from '../../support/child-process.js';
import { startMatomo } from '../../support/matomo.js';
import { sorted } from '../../support/sorted.js';
import { toTrackedHit } from './capture.js';

export type TrackerOfEnd = 'register' | 'start' | 'processor' | 'processor with exitFlush';

/** Sends requests to a process, one after the other, the last of which ends it; `how` is a name in `ends-app.cjs`. */
export async function endProcess(tracker: TrackerOfEnd, how: string, paths: readonly string[]) {
  const inspector = await startMatomo();
  const env = {
    TRACKER: tracker,
    HOW: how,
    MATOMO_URL: inspector.url,
    MATOMO_SITE_ID: '1',
    MATOMO_SCHEDULE_DELAY: '60000', // nothing is sent before the end
    MATOMO_SHUTDOWN_TIMEOUT: '60000', // on a busy machine, a thread that sends takes seconds to connect
    MATOMO_STATS_INTERVAL: '3600000',
  };
  const preload = tracker === 'register' ? ['--require', 'opentelemetry-matomo/register'] : [];
  const app = await startServer([...preload, 'test/contracts/doors/ends-app.cjs'], { env });
  for (const path of paths) {
    const answer = fetch(new URL(path, app.url)).catch(() => undefined);
    if (path === '/waiting') continue;
    const response = await answer;
    if (path !== '/open') await response?.text();
  }
  const exit = await app.exit();
  const codes = [...app.stderr().matchAll(/\[([a-z-]+)\]\n/g)].map(([, code]) => code);
  const lines = [...app.stderr().matchAll(/(\{.*\}) \[stats\]\n/g)].map(([, json]) => json);
  const last = lines.at(-1);
  return {
    hits: sorted(inspector.hits().map((hit) => toTrackedHit(hit).hit)),
    exit,
    stats: last === undefined ? undefined : JSON.parse(last),
    codes: sorted(new Set(codes.filter((code) => code !== 'stats'))),
  };
}
