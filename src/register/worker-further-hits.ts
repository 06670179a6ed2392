import type { DetachedScope } from '../common/timers.js';
import type { FurtherHit } from '../hit/further-hit.js';
import {
  type ForwardedItem,
  type RequestSources,
  sourcesOf,
  type ThreadOptions,
  toForwarded,
} from '../requests/forwarded-request.js';
import type { HitOwner } from '../requests/hit-owner.js';
import type { UserIdReader } from '../requests/read-user-id.js';
import type { EndedRecord } from '../requests/request-record.js';
import { HitsOfRequests, isFurtherHitDue } from '../requests/request-waits.js';

export interface WorkerFurtherHitsParts {
  readonly options: () => ThreadOptions;
  readonly userIds: () => UserIdReader | undefined;
  readonly scope: DetachedScope;
  forward(item: ForwardedItem): void;
  /** Counts a hit that its request has no room for, and logs it. */
  refuseTooMany(): void;
  report(callback: string, error: unknown): void;
}

interface HitsOfRequest {
  /** Set when the request has ended. */
  sources: RequestSources | undefined;
}

/** The hits of a request that has not ended. */
interface RunningHits {
  readonly owner: HitOwner;
  readonly hits: FurtherHit[];
  /** When the first was tracked. */
  readonly calledMillis: number;
}

/**
 * Forwards the hits besides page views of a worker thread: with their request, before it if that runs for long, or after it.
 */
export class WorkerFurtherHits {
  readonly #parts: WorkerFurtherHitsParts;
  readonly #ofRequests = new HitsOfRequests<HitsOfRequest>(() => ({ sources: undefined }));
  /** The oldest first. */
  readonly #running = new Map<object, RunningHits>();
  #timer: NodeJS.Timeout | undefined;

  constructor(parts: WorkerFurtherHitsParts) {
    this.#parts = parts;
  }

  add(hit: FurtherHit, owner: HitOwner | 'unknown' | undefined): void {
    const { forward, refuseTooMany } = this.#parts;
    if (!owner || owner === 'unknown') {
      forward({ hit, isOfRequest: owner === 'unknown' });
      return;
    }
    const { record } = owner;
    const hits = this.#ofRequests.admit(record);
    if (!hits) {
      refuseTooMany();
      return;
    }
    if (!record.request) this.#addRunning(hit, owner);
    else {
      record.furtherHits = [...(record.furtherHits ?? []), hit];
      // Work that a request has started may go on after its end.
      if (record.closed && hits.sources) {
        forward(toForwarded(record as EndedRecord, hits.sources, true));
      }
    }
  }

  /** Adds to an ended request the hits that wait for it. Later ones get the same sources, so the same visitor. */
  end(record: EndedRecord, sources: RequestSources): void {
    this.#ofRequests.of(record).sources = sources;
    const running = this.#running.get(record);
    if (!running) return;
    this.#running.delete(record);
    record.furtherHits = running.hits;
  }

  /** Forwards the hits that have waited for long enough. */
  forwardUntil(nowMillis: number): void {
    for (const [record, running] of this.#running) {
      const { longestHoldMillis } = this.#parts.options();
      if (!isFurtherHitDue(nowMillis - running.calledMillis, longestHoldMillis)) break;
      this.#running.delete(record);
      try {
        this.#forwardRunning(running);
      } catch (error) {
        this.#parts.report('forwardHits', error);
      }
    }
  }

  #addRunning(hit: FurtherHit, owner: HitOwner): void {
    const running = this.#running.get(owner.record);
    if (running) {
      running.hits.push(hit);
      return;
    }
    const calledMillis = performance.now();
    this.#running.set(owner.record, { owner, hits: [hit], calledMillis });
    if (!this.#timer) this.#schedule(this.#parts.options().longestHoldMillis);
  }

  #forwardRunning({ owner, hits }: RunningHits): void {
    const { forward, options, userIds } = this.#parts;
    const read = owner.read();
    if (!read) {
      // No HTTP request: they are sent if they name their visitor.
      for (const hit of hits) forward({ hit, isOfRequest: false });
      return;
    }
    const { record, span } = read;
    record.furtherHits = hits;
    const { userIdAttribute } = options();
    forward(toForwarded(record, sourcesOf(record, span, userIdAttribute, userIds()), true));
  }

  #schedule(millis: number): void {
    this.#timer = this.#parts.scope.runInAsyncScope(() => setTimeout(() => this.#tick(), millis));
    this.#timer.unref();
  }

  #tick(): void {
    this.#timer = undefined;
    const nowMillis = performance.now();
    this.forwardUntil(nowMillis);
    const [oldest] = this.#running.values();
    if (!oldest) return;
    this.#schedule(
      Math.max(1, oldest.calledMillis + this.#parts.options().longestHoldMillis - nowMillis),
    );
  }
}
