import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { realpathSync } from 'node:fs';
import { join } from 'node:path';
import { isMainThread } from 'node:worker_threads';
import { createDiagnostics, type Diagnostics } from './common/diagnostics.js';
import { coded } from './common/messages.js';
import { readEnvironment } from './options/resolve-options.js';
import { attach, ownProcessors } from './register/attach.js';
import { publishRequestsOnBun } from './register/bun-channels.js';
import { enableExitFlush, installExitHandlers } from './register/exit.js';
import { INSTALL_COMMAND, loadTracingParts, requireHttp, startTracing } from './register/start.js';
import { hasProvider, watchProviders } from './register/watch-providers.js';
import { MatomoSpanProcessor, PROCESSOR_BRAND } from './span-processor.js';

// Preloads run again in every worker thread; one processor a process is enough.
if (isMainThread && !isOwnCommand()) register();

/** `doctor` and `inspect` may have the environment of an application, `NODE_OPTIONS` included, and are none. */
function isOwnCommand(): boolean {
  try {
    return realpathSync(process.argv[1] ?? '') === join(__dirname, '../esm/cli/main.js');
  } catch {
    return false;
  }
}

/** Joins the tracing that the application has or will have; where it has none, starts the least that is needed. */
function register(): void {
  if (process.env.OTEL_SDK_DISABLED?.trim().toLowerCase() === 'true') return;
  const diagnostics = createDiagnostics();
  try {
    publishRequestsOnBun();
    const processor = createProcessor();
    // Options in code may still make a processor of the application work; at its exit that is flushed too.
    if (!processor && readEnvironment('enabled', process.env) === false) return;
    const record = readEnvironment('record', process.env) ?? 'requests';
    const atWork = new Set(processor ? [processor] : []);
    if (processor) {
      enableExitFlush(processor);
      installExitHandlers(atWork);
    }
    watchProviders((provider) => {
      try {
        const ours = processor
          ? attach(processor, provider, record, diagnostics)
          : ownProcessors(provider);
        if (atWork.size === 0 && ours.length > 0) installExitHandlers(atWork);
        for (const own of ours) {
          atWork.add(own);
          enableExitFlush(own);
        }
        if (atWork.size > 1) void processor?.shutdown(); // the application has its own
      } catch (error) {
        diagnostics.warn(
          coded(
            'not-attached',
            `could not attach to the tracer provider, nothing is tracked: ${error}`,
          ),
        );
      }
    });
    startAtFirstConnection(processor, diagnostics);
  } catch (error) {
    diagnostics.error(coded('not-started', `could not start, nothing is tracked: ${error}`));
  }
}

/** With the environment alone; `undefined` if that does not allow tracking. */
function createProcessor(): MatomoSpanProcessor | undefined {
  // PM2 kills 1.6 s after SIGINT.
  const processor = new MatomoSpanProcessor(
    process.env.MATOMO_SHUTDOWN_TIMEOUT?.trim() ? {} : { shutdownTimeoutMillis: 1500 },
  );
  const isAtWork = (processor as unknown as Record<symbol, boolean>)[PROCESSOR_BRAND];
  return isAtWork ? processor : undefined;
}

/**
 * An application may set its tracing up at any time before it serves. At its first connection it is certain that it
 * has none; the request on it comes later than this, so that none is missed. The parts are loaded before, when the
 * application has started, because loading takes longer than a request should wait. Where it has tracing, that may still
 * wait for `http` to be required: ES modules only import it.
 */
function startAtFirstConnection(
  processor: MatomoSpanProcessor | undefined,
  diagnostics: Diagnostics,
): void {
  const CHANNEL = 'net.server.socket';
  let parts: ReturnType<typeof loadTracingParts>;
  let loaded = false;

  function load(): void {
    if (loaded || !processor || hasProvider()) return;
    loaded = true;
    parts = loadTracingParts(__filename);
    if (parts) return;
    const found =
      'nothing is tracked: the application has no OpenTelemetry tracing, and what is needed to start it is not installed';
    // The command comes last, to be copied.
    diagnostics.error(`${coded('nothing-installed', found)}. Run: ${INSTALL_COMMAND}`);
  }

  function onConnection(): void {
    unsubscribe(CHANNEL, onConnection);
    try {
      if (hasProvider()) {
        requireHttp();
        return;
      }
      load();
      if (parts && processor) startTracing(parts, processor);
    } catch (error) {
      diagnostics.error(
        coded('not-started', `could not start tracing, nothing is tracked: ${error}`),
      );
    }
  }

  subscribe(CHANNEL, onConnection);
  setImmediate(load).unref?.();
}
