import { createDiagnostics, type Diagnostics } from './common/diagnostics.js';
import { coded } from './common/messages.js';
import type { MatomoOptions } from './options.js';
import { createHitPipeline, noStats } from './pipeline/hit-pipeline.js';
import type { MatomoStats } from './pipeline/stats.js';
import { assembleRequests } from './requests/assemble-requests.js';
import { announceExporter } from './requests/captured-requests.js';
import type { FinishedSpan } from './requests/finished-span.js';

/** `ExportResult` of OpenTelemetry: 0 is success. */
export interface ExportResult {
  readonly code: 0;
}

/**
 * Makes hits of batches of finished spans, for set-ups that take an exporter only. Prefer
 * {@link MatomoSpanProcessor}: an exporter sees what sampling left over and no request of Node's, so Accept-Language,
 * Referer and aborted requests only as far as span attributes tell, and it puts a request together only from spans
 * that come in one batch.
 */
export class MatomoSpanExporter {
  readonly #diagnostics: Diagnostics = createDiagnostics();
  readonly #made: ReturnType<typeof createHitPipeline>;
  readonly #withdraw: (() => void) | undefined;

  /** @throws TypeError naming the option and the value, where one is wrong. */
  constructor(options: MatomoOptions = {}) {
    this.#made = createHitPipeline(options, this.#diagnostics, 'matomo_span_exporter');
    const pipeline = this.#made?.pipeline;
    if (!pipeline) return;
    this.#withdraw = announceExporter({
      takeHit: (hit) => pipeline.addFurtherHit(hit),
      refuseHit: (key, message) => pipeline.refuseHit(key, message),
      reportHit: (key, message) => pipeline.reportHit(key, message),
    });
  }

  /** Queues hits for the requests in these spans. Always succeeds; what becomes of the hits is in {@link stats}. */
  export(spans: readonly FinishedSpan[], resultCallback: (result: ExportResult) => void): void {
    try {
      if (this.#made) {
        const { pipeline, reading } = this.#made;
        const assembled = assembleRequests(spans, reading, (hit) => pipeline.addFurtherHit(hit));
        for (const { record, span } of assembled) pipeline.addRequest(record, span);
      }
    } catch (error) {
      this.#diagnostics.warnOnce(
        'export',
        coded(
          'internal-error',
          `The export failed: ${error}. Requests may be missing. Please report this.`,
        ),
      );
    }
    resultCallback({ code: 0 });
  }

  /** One attempt to send what is queued at the call; at most `exportTimeoutMillis`. Never rejects. */
  forceFlush(): Promise<void> {
    return this.#made?.pipeline.flush() ?? Promise.resolve();
  }

  /** Sends what is queued and stops; at most `shutdownTimeoutMillis`. Never rejects. */
  shutdown(): Promise<void> {
    this.#withdraw?.();
    return this.#made?.pipeline.shutdown() ?? Promise.resolve();
  }

  /** What became of every request so far. */
  stats(): MatomoStats {
    return this.#made?.pipeline.stats() ?? noStats();
  }
}
