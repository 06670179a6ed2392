import type { Hit, PendingHit } from '../hit/hit.js';
import type { HttpRequest } from '../hit/http-request.js';
import { type EndedRecord, isPageFinal } from '../requests/request-record.js';

/** What becomes a hit, apart from its place in the queue. */
export interface HitContent {
  isFinal(nowMillis: number): boolean;
  finalize(epochMillis: number): readonly Hit[];
}

/** What a pending page view asks its pipeline. */
export interface PageViewPipeline {
  /** How long a hit waits for work of its request that has not ended. */
  readonly longestHoldMillis: number;
  finalize(ended: EndedRecord, site: number, epochMillis: number): readonly Hit[];
}

/** The page view of an ended request, as long as spans of it may still end. */
export class PendingPageView implements PendingHit, HitContent {
  readonly endedMillis: number = performance.now();
  readonly bytes: number;
  readonly #pipeline: PageViewPipeline;
  readonly #ended: EndedRecord;
  readonly #site: number;
  #content: HitContent | undefined;

  constructor(pipeline: PageViewPipeline, ended: EndedRecord, site: number) {
    this.#pipeline = pipeline;
    this.#ended = ended;
    this.#site = site;
    this.bytes = bytesOf(ended.request);
  }

  /** Gives this place in the queue to a further hit, and takes the page view to an earlier one. */
  exchange(content: HitContent): HitContent {
    this.#content = content;
    return {
      isFinal: (nowMillis) => this.isPageFinal(nowMillis),
      finalize: (epochMillis) => this.#finalizePage(epochMillis),
    };
  }

  isFinal(nowMillis: number): boolean {
    return this.#content ? this.#content.isFinal(nowMillis) : this.isPageFinal(nowMillis);
  }

  finalize(epochMillis: number): readonly Hit[] {
    return this.#content ? this.#content.finalize(epochMillis) : this.#finalizePage(epochMillis);
  }

  /** Whether the page view itself may leave. */
  isPageFinal(nowMillis: number): boolean {
    return isPageFinal(this.#ended, nowMillis - this.endedMillis, this.#pipeline.longestHoldMillis);
  }

  #finalizePage(epochMillis: number): readonly Hit[] {
    return this.#pipeline.finalize(this.#ended, this.#site, epochMillis);
  }
}

/** A further hit in the queue. */
export class PendingFurtherHit implements PendingHit {
  readonly endedMillis: number = performance.now();
  readonly bytes: number;
  content: HitContent;
  hasLeft = false;

  constructor(content: HitContent, bytes: number) {
    this.content = content;
    this.bytes = bytes;
  }

  isFinal(nowMillis: number): boolean {
    return this.content.isFinal(nowMillis);
  }

  finalize(epochMillis: number): readonly Hit[] {
    this.hasLeft = true;
    return this.content.finalize(epochMillis);
  }
}

/** Roughly what the objects around a waiting request take. */
export const REQUEST_BYTES = 1000;

/** Roughly what a waiting hit takes: those, and its texts. */
function bytesOf({
  path,
  query,
  userAgent,
  referrer,
  acceptLanguage,
  clientHints,
}: HttpRequest): number {
  return (
    REQUEST_BYTES +
    path.length +
    (query?.length ?? 0) +
    (userAgent?.length ?? 0) +
    (referrer?.length ?? 0) +
    (acceptLanguage?.length ?? 0) +
    (clientHints?.length ?? 0)
  );
}
