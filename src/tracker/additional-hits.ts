import type { Diagnostics } from '../common/diagnostics.js';
import { AsyncScope } from '../common/timers.js';
import type { CheckedHit } from '../hit/additional-hit.js';
import type { Hit } from '../hit/hit-text.js';
import { toSiteId } from '../hit/parameters/parameter-values.js';
import { isInSample } from '../hit/visitor/visitor-id.js';
import {
  MAX_ADDITIONAL_HITS,
  type ServiceDefaults,
  serviceDefaultsOf,
} from '../request/matomo-attributes.js';
import { AddedHits, type Request } from '../request/request.js';
import type { Tracker } from '../request/tracker.js';
import { siteOfService } from './callbacks.js';
import type { Pipeline } from './pipeline.js';
import { createAllowsUnknown } from './reasons.js';

/** How long an additional hit waits for the end of its request if there is a spool, which should receive hits soon. */
const SPOOL_WAIT_MILLIS = 200;

/**
 * Additional hits. A hit of an open request waits for the end of the request, and follows the page view. If the request runs for long or has
 * ended, the hit is built immediately.
 */
export class AdditionalHits {
  readonly #pipeline: Pipeline;
  readonly #allowsUnknown: () => boolean;
  readonly #waitMillis: number;
  /** Open requests with hits that wait. */
  readonly #open = new Set<Request>();
  readonly #scope = new AsyncScope('MatomoAdditionalHits');

  constructor(pipeline: Pipeline, diagnostics: Pick<Diagnostics, 'warnOnce'>) {
    const { scheduledDelayMillis: mostMillis, spool } = pipeline.options;
    this.#pipeline = pipeline;
    this.#allowsUnknown = createAllowsUnknown(pipeline.options, diagnostics);
    this.#waitMillis = spool === undefined ? mostMillis : Math.min(mostMillis, SPOOL_WAIT_MILLIS);
  }

  /** Adds a hit. The request is `unknown` if it was released. */
  readonly add: Tracker['addHit'] = (unchecked, request, resource) => {
    const hit = this.#pipeline.builder.check(unchecked);
    if (!hit) this.#pipeline.counts.dropped.invalid += 1;
    else if (request === undefined) this.#addWithoutRequest(hit, serviceDefaultsOf(resource));
    else if (request !== 'unknown' && isKnown(request)) this.#addToRequest(hit, request);
    else if (this.#allowsUnknown()) this.#addWithoutRequest(hit, serviceDefaultsOf(resource));
  };

  /** Builds the waiting hits of a request that ends, after its page view. */
  end(request: Request): void {
    for (const hit of this.#takeWaiting(request)) this.#build(hit, request.shared, true);
  }

  /** Builds the waiting hits of a request that is not of HTTP, such as a function call. */
  endWithoutHttp(request: Request): void {
    for (const hit of this.#takeWaiting(request)) this.#addWithoutRequest(hit, request.service);
  }

  /** Counts the waiting hits of an unreadable request as lost. */
  lose(request: Request, error: unknown): void {
    for (const _hit of this.#takeWaiting(request)) {
      this.#pipeline.lose(error);
      this.#pipeline.counts.additionalHits += 1;
    }
  }

  /** Builds the waiting hits of all open requests. */
  endWaiting(): void {
    for (const request of [...this.#open]) this.#buildOpen(request);
  }

  #takeWaiting(request: Request): CheckedHit[] {
    this.#open.delete(request);
    clearTimeout(request.hits?.timer);
    return request.hits?.waiting.splice(0) ?? [];
  }

  #addToRequest(hit: CheckedHit, request: Request): void {
    request.hits ??= new AddedHits();
    const { hits, shared } = request;
    hits.count += 1;
    if (hits.count > MAX_ADDITIONAL_HITS) {
      this.#pipeline.report('additional too_many', () => TOO_MANY_HITS);
      this.#pipeline.counts.dropped.too_many += 1;
    } else if (shared !== undefined) this.#build(hit, shared);
    else {
      hits.waiting.push(hit);
      if (request.isEnded) return; // it waits for the key of visitor IDs
      const elapsedMillis = performance.now() - request.startedMillis;
      if (request.incoming && elapsedMillis >= this.#waitMillis) this.#buildOpen(request);
      else if (hits.waiting.length === 1) {
        this.#open.add(request);
        const build = () => {
          if (request.closedMillis === 0) this.#buildOpen(request); // a closed request waits for spans
        };
        hits.timer = this.#scope.runInAsyncScope(() => setTimeout(build, this.#waitMillis).unref());
      }
    }
  }

  #buildOpen(request: Request): void {
    try {
      const shared = this.#pipeline.shareOpen(request);
      if (shared === undefined) this.endWithoutHttp(request);
      else for (const hit of this.#takeWaiting(request)) this.#build(hit, shared);
    } catch (error) {
      this.lose(request, error);
    }
  }

  /** @param isNext whether the hit is queued directly after its page view */
  #build(hit: CheckedHit, shared: Request['shared'], isNext = false): void {
    const { builder, options } = this.#pipeline;
    if (shared === undefined || shared === 'none') return; // the visitor opted out, or is not in the sample
    const uid = hit.own.get('uid');
    if (uid !== undefined && !isInSample(uid, options.sampleRate)) return;
    this.#put(() => {
      const parts = typeof shared === 'function' ? shared() : shared;
      const built = builder.buildAdditionalHit(hit, parts, Date.now());
      // Half a second sorts the hit behind the page views of the same second in a bulk.
      if (built && !isNext) built.startSeconds += 0.5;
      return built;
    });
  }

  #addWithoutRequest(hit: CheckedHit, service: ServiceDefaults): void {
    const { privacy, sampleRate, siteId } = this.#pipeline.options;
    const userId = privacy === 'strict' ? undefined : hit.own.get('uid');
    const visitor = userId ?? hit.own.get('cid');
    const site = toSiteId(hit.own.get('idsite')) ?? siteOfService(siteId, service);
    if (visitor === undefined) {
      this.#pipeline.report('additional no_visitor', () => NO_VISITOR);
      this.#pipeline.counts.dropped.no_visitor += 1;
    } else if (site === undefined) this.#pipeline.refuseHit('additional site', NO_SITE);
    else if (isInSample(visitor, sampleRate))
      this.#put(() => this.#pipeline.builder.buildHitWithoutRequest(hit, site, Date.now()));
  }

  /** Counts and queues a hit unless `beforeSend` drops it. */
  #put(build: () => Hit | undefined): void {
    const { counts, delivery } = this.#pipeline;
    try {
      const hit = build();
      if (!hit) {
        counts.dropped.predicate += 1;
        return;
      }
      counts.hits += 1;
      counts.additionalHits += 1;
      delivery.put(hit);
    } catch (error) {
      this.#pipeline.lose(error);
      counts.additionalHits += 1;
    }
  }
}

/** Whether a request is open, or its end has left the data that additional hits need. */
function isKnown({ isEnded, hits, shared }: Request): boolean {
  return !isEnded || hits !== undefined || shared !== undefined;
}

const TOO_MANY_HITS = `A request has more than ${MAX_ADDITIONAL_HITS} additional hits. The others were dropped. Track one hit with the total instead.`;
const NO_VISITOR =
  'A hit outside of a request has neither uid nor cid, or uid alone with the option privacy. It was dropped. Set uid or cid in the call.';
const NO_SITE =
  'A hit outside of a request has no idsite, and siteId names no site for it. It was dropped. Set idsite in the call.';
