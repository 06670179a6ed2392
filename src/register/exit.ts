import type { MatomoSpanProcessor } from '../span-processor.js';

const SIGNALS = ['SIGTERM', 'SIGINT'] as const;

/**
 * Sends what waits before the process ends: when nothing is left to do, and at SIGTERM and SIGINT. A signal that
 * nobody else listens to ends the process as it would without us, only later by the shutdown deadline at most.
 */
export function flushAtExit(processor: MatomoSpanProcessor): void {
  process.once('beforeExit', () => void processor.shutdown());
  for (const signal of SIGNALS) {
    const onSignal = (): void => {
      if (process.listenerCount(signal) > 1) {
        void processor.forceFlush();
        return;
      }
      void processor.shutdown().then(() => {
        process.removeListener(signal, onSignal);
        process.kill(process.pid, signal);
      });
    };
    process.on(signal, onSignal);
  }
}
