import { channel } from 'node:diagnostics_channel';
import type { Server } from 'node:http';
// Not by name: bundles often have a banner that imports `createRequire`.
import * as modules from 'node:module';
import { dirname, resolve } from 'node:path';
import { channelListener, isObject, UNTRACKED_SERVER } from '../common/channel-listener.js';
import type { Diagnostics } from '../common/diagnostics.js';
import { coded } from '../common/messages.js';
import { otelGlobal } from '../common/otel-global.js';
import { startOffer } from '../common/start-hook.js';
import { DetachedScope } from '../common/timers.js';
import type { MatomoStats } from './stats.js';

const API = '@opentelemetry/api';
const FINISHED = 'http.server.response.finish';
/** After this many requests, none of them tracked or ignored is no coincidence. */
const REQUESTS_TO_JUDGE = 20;

/**
 * Logs once if requests have ended and none was tracked or ignored: after the first one, if OpenTelemetry's API is not installed, so that
 * nothing makes spans (in a bundle, it cannot be found until something is registered); of a processor also after 20, whatever the reason.
 * An exporter gets spans later. Does nothing beside `register` and `start`, which need no spans. Returns a function that stops it.
 */
export function watchForSpans(
  taker: 'MatomoSpanProcessor' | 'MatomoSpanExporter',
  stats: () => MatomoStats,
  diagnostics: Pick<Diagnostics, 'error'>,
): () => void {
  const scope = new DetachedScope('opentelemetry-matomo');
  const stop = () => channel(FINISHED).unsubscribe(onResponse);
  let requests = 0;
  const onResponse = channelListener(isObject, (message) => {
    const { server } = message as { server?: Server };
    if (!isObject(server) || UNTRACKED_SERVER in server) return;
    requests += 1;
    if (requests === REQUESTS_TO_JUDGE) stop();
    if (requests !== 1 && requests !== REQUESTS_TO_JUDGE) return;
    const isFirst = requests === 1;
    // By then, the request has ended for all that listens.
    scope.runInAsyncScope(() => setImmediate(check, isFirst));
  });

  function check(isFirst: boolean): void {
    const { hits, ignored } = stats();
    const isDeciding = hits > 0 || Object.values(ignored).some((count) => count > 0);
    if (isDeciding || startOffer()) {
      stop();
    } else if (!isFirst && taker === 'MatomoSpanProcessor') {
      diagnostics.error(coded('nothing-tracked', NO_SPANS));
    } else if (isFirst && !isApiInstalled()) {
      stop();
      const effect = `${taker} gets no spans, so it tracks no requests`;
      const advice = `To set up tracing, run npm install ${API} @opentelemetry/sdk-node @opentelemetry/instrumentation-http. Without tracing, call start() instead`;
      diagnostics.error(missingApi(effect, advice));
    }
  }

  channel(FINISHED).subscribe(onResponse);
  return stop;
}

const NO_SPANS = `${REQUESTS_TO_JUDGE} requests were served, and MatomoSpanProcessor got no spans of them. Matomo receives nothing. Unless tracing ignores them on purpose, load the HTTP instrumentation before the server, in ES modules with OpenTelemetry's loader hook, and wrap a sampler with recordServerSpans; or load opentelemetry-matomo/register, which needs no spans.`;

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
