import type { MatomoSpanProcessor } from '../span-processor.js';

const SIGNALS = ['SIGTERM', 'SIGINT'] as const;

/**
 * Sends what waits before the process ends: when nothing is left to do, and at SIGTERM and SIGINT. A signal that
 * nobody else listens to ends the process as it would without us, only later by the shutdown deadline at most.
 */
export function flushAtExit(processors: ReadonlySet<MatomoSpanProcessor>): void {
  const shutdown = () => Promise.all(Array.from(processors, (processor) => processor.shutdown()));
  process.once('beforeExit', () => void shutdown());
  for (const signal of SIGNALS) {
    const onSignal = (): void => {
      if (process.listenerCount(signal) > 1) {
        for (const processor of processors) void processor.forceFlush();
        return;
      }
      void shutdown().then(() => {
        process.removeListener(signal, onSignal);
        process.kill(process.pid, signal);
      });
    };
    process.on(signal, onSignal);
  }
}
