import Module, { createRequire } from 'node:module';
import { join } from 'node:path';

/** Loads from the folder of the package that is measured: the package itself, and what is installed there. */
export const load = createRequire(join(process.env.BENCH_PACKAGE, 'package.json'));

/** Tracks what Node.js receives, without spans. */
export function trackWithoutTracing(options) {
  hideInstrumentation();
  const { start } = load('opentelemetry-matomo');
  return start({ siteId: 1, tokenAuth: 'bench', maxQueueSize: 400_000, ...options });
}

/** Versions up to ae61b62 start tracing themselves if they find this. */
export function hideInstrumentation() {
  const { _resolveFilename: resolve } = Module;
  Module._resolveFilename = function resolveOthers(request, ...others) {
    if (request === '@opentelemetry/instrumentation-http') throw new Error(`${request} is hidden`);
    return resolve.call(this, request, ...others);
  };
}
