import type { CheckedHit } from '../hit/further-hit.js';
import { CHILD_SPAN_WAIT_MILLIS, type Hit, type PendingHit } from '../hit/hit.js';
import type { HttpRequest } from '../hit/http-request.js';
import type { PageView } from '../hit/page-view.js';
import type { ResolvedOptions } from '../options/option-table.js';
import type { EndedRequest, Request } from '../requests/request.js';

/** How long work of a request may hold its hits back if they are to be in a spool within half a second. */
const SPOOL_HOLD_MILLIS = 200;

/** How long a hit waits for work of its request that has not ended. */
export function longestHold({
  scheduledDelayMillis,
  spool,
  dryRun,
}: Pick<ResolvedOptions, 'scheduledDelayMillis' | 'spool' | 'dryRun'>): number {
  const hasSpool = spool !== undefined && !dryRun;
  return hasSpool ? Math.min(scheduledDelayMillis, SPOOL_HOLD_MILLIS) : scheduledDelayMillis;
}

/** What a pending page view asks its pipeline. */
export interface PageViewPipeline {
  /** How long a hit waits for work of its request that has not ended. */
  readonly longestHoldMillis: number;
  finalize(pending: PendingPageView, epochMillis: number): readonly Hit[];
}

/** The page view of an ended request, as long as spans of it may still end. */
export class PendingPageView implements PendingHit {
  readonly endedMillis: number = performance.now();
  readonly bytes: number;
  readonly ended: EndedRequest;
  /** Once the hit is built: further hits of the request have the same. */
  built: PageView | undefined = undefined;
  readonly #pipeline: PageViewPipeline;

  constructor(pipeline: PageViewPipeline, ended: EndedRequest) {
    this.#pipeline = pipeline;
    this.ended = ended;
    this.bytes = bytesOf(ended.request);
  }

  isFinal(nowMillis: number): boolean {
    const { longestHoldMillis } = this.#pipeline;
    const waitMillis = this.ended.running ? longestHoldMillis : CHILD_SPAN_WAIT_MILLIS;
    return nowMillis - this.endedMillis >= waitMillis;
  }

  finalize(epochMillis: number): readonly Hit[] {
    return this.#pipeline.finalize(this, epochMillis);
  }
}

/** What a pending further hit asks its pipeline. */
export interface FurtherHitPipeline {
  isFinal(pending: PendingFurtherHit, nowMillis: number): boolean;
  finalize(pending: PendingFurtherHit, epochMillis: number): readonly Hit[];
}

/** A further hit, queued or waiting for the end of its request. */
export class PendingFurtherHit implements PendingHit {
  /** The time of the call. */
  readonly endedMillis: number = performance.now();
  readonly bytes: number;
  readonly hit: CheckedHit;
  readonly request: Request | undefined;
  /** `apart`: its request runs for long, or work of the request went on after its end. */
  state: 'waiting' | 'afterPage' | 'apart' = 'waiting';
  readonly #pipeline: FurtherHitPipeline;

  constructor(pipeline: FurtherHitPipeline, hit: CheckedHit, request?: Request) {
    this.#pipeline = pipeline;
    this.hit = hit;
    this.request = request;
    this.bytes = hit.fields.reduce((bytes, { text }) => bytes + text.length, REQUEST_BYTES);
  }

  isFinal(nowMillis: number): boolean {
    return this.#pipeline.isFinal(this, nowMillis);
  }

  finalize(epochMillis: number): readonly Hit[] {
    return this.#pipeline.finalize(this, epochMillis);
  }
}

/** Roughly what the objects around a waiting request take. It may have to stay in memory for a further hit. */
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
