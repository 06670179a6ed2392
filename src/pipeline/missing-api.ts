// Not by name: bundles often have a banner that imports `createRequire`.
import * as modules from 'node:module';
import { dirname, resolve } from 'node:path';
import { coded } from '../common/messages.js';
import { otelGlobal } from '../common/otel-global.js';
import { startOffer } from '../common/start-hook.js';

const API = '@opentelemetry/api';

/**
 * The message for `watchTracking`, if there are no spans: after the first request, if OpenTelemetry's API is not installed (in a bundle, it
 * cannot be found until something is registered); of a processor, after many requests whatever the reason. `register` and `start` need no
 * spans.
 */
export function findMissingSpans(
  taker: 'MatomoSpanProcessor' | 'MatomoSpanExporter',
  after: number,
): string | undefined {
  if (startOffer()) return undefined;
  if (!isApiInstalled()) {
    const effect = `${taker} gets no spans, so it tracks no requests`;
    const advice = `To set up tracing, run npm install ${API} @opentelemetry/sdk-node @opentelemetry/instrumentation-http. Without tracing, call start() instead`;
    return missingApi(effect, advice);
  }
  // An exporter gets spans later.
  if (after === 1 || taker === 'MatomoSpanExporter') return undefined;
  return coded(
    'nothing-tracked',
    `${after} requests were served, and MatomoSpanProcessor got no spans of them. Matomo receives nothing. Unless tracing ignores them on purpose, load the HTTP instrumentation before the server, in ES modules with OpenTelemetry's loader hook, and wrap a sampler with recordServerSpans; or load opentelemetry-matomo/register, which needs no spans.`,
  );
}

/** Whether anything is registered with OpenTelemetry's API, or the application could load it. */
export function isApiInstalled(): boolean {
  if (otelGlobal()) return true;
  const [, file] = process.argv;
  const folders = [file === undefined ? [] : dirname(file), process.cwd()].flat();
  return folders.some((folder) => {
    try {
      modules.createRequire(resolve(folder, 'index.js')).resolve(API);
      return true;
    } catch {
      return false;
    }
  });
}

/** The message for what needs OpenTelemetry's API. */
export function missingApi(effect: string, advice: string): string {
  return coded('api-missing', `${API} is not installed. ${effect}. ${advice}.`);
}
