import { AsyncScope } from '../common/timers.js';
import type { Delivery } from '../delivery/delivery.js';
import type { AdditionalHit, CheckedHit, DropReason } from '../hit/additional-hit.js';
import type { HitBuilder } from '../hit/hit-builder.js';
import type { Hit, HitText } from '../hit/hit-text.js';
import type { ReportProblem } from '../hit/parameters/annotations.js';
import { toSiteId } from '../hit/parameters/parameter-values.js';
import { isInSample } from '../hit/visitor/visitor-id.js';
import type { ResolvedOptions } from '../options/option-table.js';
import { MAX_ADDITIONAL_HITS, serviceDefaultsOf } from '../request/matomo-attributes.js';
import { AddedHits, type Request } from '../request/request.js';
import { siteOfService } from './callbacks.js';
import type { HitCounts } from './stats.js';

/** The longest wait of a hit for the end of its request if it must be in a spool soon. */
const SPOOL_WAIT_MILLIS = 200;

interface AdditionalHitsParts {
  readonly options: ResolvedOptions;
  readonly delivery: Delivery;
  readonly counts: HitCounts;
  readonly report: ReportProblem;
  readonly builder: () => HitBuilder;
  readonly allowsUnknown: () => boolean;
  /** Counts a hit that could not be built, as lost. */
  readonly lose: (error: unknown) => void;
  /** The current state of an open request for its hits; `undefined` if it is not of HTTP. */
  readonly shareOpen: (request: Request) => Request['shared'];
}

/**
 * Hits besides page views. In an open request they wait for its end, and follow its page view. If the request runs for long, and after its
 * end, they are built at once.
 */
export class AdditionalHits {
  readonly #parts: AdditionalHitsParts;
  readonly #waitMillis: number;
  /** Requests with hits that wait, or did so a short time ago. A map would keep removed ones in memory for long. */
  #open: Request[] = [];
  readonly #scope = new AsyncScope('MatomoAdditionalHits');
  #timer: NodeJS.Timeout | undefined;

  constructor(parts: AdditionalHitsParts) {
    this.#parts = parts;
    const { scheduledDelayMillis: mostMillis, spool } = parts.options;
    this.#waitMillis = spool === undefined ? mostMillis : Math.min(mostMillis, SPOOL_WAIT_MILLIS);
  }

  /** Adds a hit. With `unknown`, it belongs to a request of which nothing is known any more. */
  add(unchecked: AdditionalHit, request: Request | 'unknown' | undefined): void {
    const hit = this.#parts.builder().check(unchecked);
    if (!hit) this.#drop('invalid');
    else if (request === undefined) this.#addWithoutRequest(hit);
    else if (request !== 'unknown' && isKnown(request)) this.#addToRequest(hit, request);
    else if (this.#parts.allowsUnknown()) this.#addWithoutRequest(hit);
  }

  refuse(key: string, message: string): void {
    this.#parts.report(key, () => message);
    this.#drop('invalid');
  }

  /** Builds the hits that wait for the end of a request, whose page view was just built. */
  end(hits: AddedHits, shared: Request['shared']): void {
    for (const hit of hits.waiting.splice(0)) this.#build(hit, shared, true);
  }

  /** Drops the hits of a request that turned out not to be of HTTP, but the call of a function, for instance. */
  endWithoutHttp({ waiting }: AddedHits): void {
    for (const hit of waiting.splice(0)) this.#addWithoutRequest(hit);
  }

  /** Counts the hits that wait for the end of a request that cannot be read. */
  lose({ waiting }: AddedHits, error: unknown): void {
    for (const _hit of waiting.splice(0)) {
      this.#parts.lose(error);
      this.#parts.counts.additionalHits += 1;
    }
  }

  /** Builds the hits that wait for the end of open requests. */
  endWaiting(): void {
    for (const request of this.#takeOpen()) this.#buildOpen(request);
  }

  #addToRequest(hit: CheckedHit, request: Request): void {
    request.hits ??= new AddedHits();
    const { hits, shared } = request;
    hits.count += 1;
    if (hits.count > MAX_ADDITIONAL_HITS) {
      this.#parts.report('additional too_many', () => TOO_MANY_HITS);
      this.#drop('too_many');
    } else if (shared !== undefined) this.#build(hit, shared);
    else {
      hits.waiting.push(hit);
      if (request.isEnded) return; // the key of visitor IDs is not known yet
      if (request.elapsedMillis >= this.#waitMillis) this.#buildOpen(request);
      else if (hits.waiting.length === 1) {
        hits.sinceMillis = performance.now();
        this.#watch(request);
      }
    }
  }

  /** Looks for hits that have waited, twice per wait. */
  #watch(request: Request): void {
    this.#open.push(request);
    this.#timer ??= this.#scope.runInAsyncScope(() =>
      setTimeout(() => this.#look(), Math.max(1, this.#waitMillis / 2)).unref(),
    );
  }

  #look(): void {
    this.#timer = undefined;
    const lastMillis = performance.now() - this.#waitMillis;
    for (const request of this.#takeOpen()) {
      const isEnding = request.closedMillis > 0; // the request waits for spans
      const isDue = (request.hits?.sinceMillis ?? 0) <= lastMillis;
      if (isDue && !isEnding) this.#buildOpen(request);
      else this.#watch(request);
    }
  }

  #takeOpen(): Request[] {
    const open = this.#open.filter(({ hits }) => hits?.waiting.length);
    this.#open = [];
    return open;
  }

  #buildOpen(request: Request): void {
    const { hits } = request;
    if (!hits) return;
    try {
      const shared = this.#parts.shareOpen(request);
      if (shared === undefined) this.endWithoutHttp(hits);
      else for (const hit of hits.waiting.splice(0)) this.#build(hit, shared);
    } catch (error) {
      this.lose(hits, error);
    }
  }

  /** @param isNext whether it is put right after its page view */
  #build(hit: CheckedHit, shared: Request['shared'], isNext = false): void {
    const { builder, options } = this.#parts;
    if (!isShared(shared)) return; // the visitor opted out, or is not in the sample
    const uid = hit.own.get('uid');
    if (uid !== undefined && !isInSample(uid, options.sampleRate)) return;
    this.#put(() => {
      const built = builder().buildAdditionalHit(hit, shared, Date.now());
      return built && !isNext ? sortBehindPages(built) : built;
    });
  }

  #addWithoutRequest(hit: CheckedHit): void {
    const { privacy, sampleRate, siteId } = this.#parts.options;
    const hidesOtherUserIds = privacy === 'strict';
    const userId = hidesOtherUserIds ? undefined : hit.own.get('uid');
    const visitor = userId ?? hit.own.get('cid');
    const site =
      toSiteId(hit.own.get('idsite')) ?? siteOfService(siteId, serviceDefaultsOf(undefined));
    if (visitor === undefined) {
      const text = hidesOtherUserIds ? NO_VISITOR_ID : NO_VISITOR;
      this.#parts.report('additional no_visitor', () => text);
      this.#drop('no_visitor');
    } else if (site === undefined) this.refuse('additional site', NO_SITE);
    else if (isInSample(visitor, sampleRate))
      this.#put(() => this.#parts.builder().buildHitWithoutRequest(hit, site, Date.now()));
  }

  /** Counts and queues a hit, unless `beforeSend` drops it. */
  #put(build: () => Hit | undefined): void {
    const { counts, delivery, lose } = this.#parts;
    try {
      const hit = build();
      if (!hit) {
        this.#drop('predicate');
        return;
      }
      counts.hits += 1;
      counts.additionalHits += 1;
      delivery.put(hit);
    } catch (error) {
      lose(error);
      counts.additionalHits += 1;
    }
  }

  #drop(reason: DropReason): void {
    this.#parts.counts.dropped[reason] += 1;
  }
}

/** Whether a request is open, or its end has left what its hits need. */
function isKnown({ isEnded, hits, shared }: Request): boolean {
  return !isEnded || hits !== undefined || shared !== undefined;
}

function isShared(shared: Request['shared']): shared is HitText {
  return typeof shared === 'object';
}

/** Places a hit that is not queued right after its page view behind the page views of the same second. */
function sortBehindPages(hit: Hit): Hit {
  return Object.assign(hit, { startSeconds: hit.startSeconds + 0.5 });
}

const TOO_MANY_HITS = `A request has more than ${MAX_ADDITIONAL_HITS} additional hits. The others were dropped. Track one hit with the total instead.`;
const NO_VISITOR =
  'A hit outside of a request has neither uid nor cid. It was dropped. Set uid or cid in the call.';
const NO_VISITOR_ID =
  'A hit outside of a request has no cid, and with the option privacy no uid is sent. It was dropped. Set cid in the call.';
const NO_SITE =
  'A hit outside of a request has no idsite, and siteId names no site for it. It was dropped. Set idsite in the call.';
