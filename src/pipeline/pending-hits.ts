import { performance } from 'node:perf_hooks';
import { CHILD_SPAN_WAIT_MILLIS, type Hit, type PendingHit } from '../hit/hit.js';
import type { PageView } from '../hit/page-view.js';
import type { EndedRequest } from '../requests/request.js';
import type { HitPipeline } from './hit-pipeline.js';

/** The page view of an ended request, as long as spans of it may still end. */
export class PendingPageView implements PendingHit {
  readonly endedMillis: number;
  readonly finalMillis: number;
  readonly bytes: number;
  readonly request: EndedRequest;
  /** Once the hit is built: further hits of the request have the same. */
  built: PageView | undefined = undefined;
  readonly #pipeline: Pick<HitPipeline, 'finalize'>;

  constructor(pipeline: Pick<HitPipeline, 'finalize'>, request: EndedRequest) {
    this.#pipeline = pipeline;
    this.request = request;
    const { span, startedMillis, http } = request;
    const { path, query, userAgent, referrer, acceptLanguage, clientHints } = http;
    // Without a span, the clock was read for the duration.
    const isRead = span === undefined && startedMillis > 0;
    this.endedMillis = isRead ? startedMillis + http.durationMillis : performance.now();
    // Without a trace, no span adds anything.
    this.finalMillis = this.endedMillis + (request.traceId === '' ? 0 : CHILD_SPAN_WAIT_MILLIS);
    this.bytes =
      REQUEST_BYTES +
      path.length +
      (query?.length ?? 0) +
      (userAgent?.length ?? 0) +
      (referrer?.length ?? 0) +
      (acceptLanguage?.length ?? 0) +
      (clientHints?.length ?? 0);
  }

  isFinal(nowMillis: number): boolean {
    return nowMillis >= this.finalMillis;
  }

  finalize(epochMillis: number): readonly Hit[] {
    return this.#pipeline.finalize(this, epochMillis);
  }
}

/** Roughly what the objects around a waiting request take, besides texts. It may have to stay in memory for a further hit. */
export const REQUEST_BYTES = 1000;
