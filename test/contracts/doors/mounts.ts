import { startServer } from '../../support/child-process.js';
import { startMatomo } from '../../support/matomo.js';
import { toTrackedHit } from './capture.js';

/** Requests each path of an application of Express with many routers, one after the other. Returns the hit of each path. */
export async function requestAll(paths: readonly string[]): Promise<Record<string, string>> {
  const inspector = await startMatomo();
  const env = {
    MATOMO_URL: inspector.url,
    MATOMO_SITE_ID: '1',
    MATOMO_REDACT_PATH_PATTERNS: String.raw`/(?<=\/patients\/)[^/]+/,/max(?=\/visits)(?<=guests\/max)/`,
    NODE_ENV: 'test',
  };
  const preload = ['--require', 'opentelemetry-matomo/register'];
  const app = await startServer([...preload, 'test/contracts/doors/capture/mounts.cjs'], { env });
  for (const path of paths) await (await fetch(new URL(path, app.url))).text();
  await app.stop();
  const hits = inspector.hits().map(toTrackedHit);
  return Object.fromEntries(paths.map((path, i) => [path, hits[i]?.hit ?? 'none']));
}
