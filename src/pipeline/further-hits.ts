import { describeError } from '../common/describe-error.js';
import type { Diagnostics } from '../common/diagnostics.js';
import { coded } from '../common/messages.js';
import type { Delivery } from '../delivery/delivery.js';
import {
  type CheckedHit,
  checkFurtherHit,
  type DropReason,
  type FurtherHit,
  MAX_FURTHER_HITS,
  parameterOf,
  TOO_MANY_HITS,
} from '../hit/further-hit.js';
import type { Hit } from '../hit/hit.js';
import { toSiteId } from '../hit/parameters/site-id.js';
import type { ResolvedOptions } from '../options/resolved-options.js';
import type { FinishedSpan } from '../requests/finished-span.js';
import { createGoneSpan, type HitOwner } from '../requests/hit-owner.js';
import type { EndedRecord } from '../requests/request-record.js';
import type { FindPrivacyReason } from './find-privacy-reason.js';
import type { HitBuilders } from './hit-builders.js';
import type { OptionCallbacks } from './option-callbacks.js';
import {
  type HitContent,
  PendingFurtherHit,
  type PendingPageView,
  REQUEST_BYTES,
} from './pending-hits.js';
import type { HitCounts } from './stats.js';

/** The part of a pipeline that its further hits need. */
export interface FurtherHitsParts {
  readonly options: ResolvedOptions;
  readonly delivery: Delivery;
  readonly diagnostics: Diagnostics;
  readonly callbacks: OptionCallbacks;
  readonly findPrivacyReason: FindPrivacyReason;
  readonly counts: HitCounts;
  /** How long a hit waits for work of its request that has not ended. */
  readonly longestHoldMillis: number;
  readonly builders: HitBuilders;
}

/** The further hits of one request. */
interface HitsOfRequest {
  count: number;
  pending: PendingFurtherHit[];
  page: PendingPageView | undefined;
}

/**
 * Hits besides page views. Each has its place in the queue from the call on. When its request ends, the page view changes
 * places with them, so that Matomo gets it first.
 */
export class FurtherHits {
  readonly #parts: FurtherHitsParts;
  readonly #ofRequests = new WeakMap<object, HitsOfRequest>();

  constructor(parts: FurtherHitsParts) {
    this.#parts = parts;
  }

  /** `unknown`: it belongs to a request, of which nothing is known any more. */
  add(given: FurtherHit, owner: HitOwner | 'unknown' | undefined): void {
    const { options } = this.#parts;
    const { tokenAuth, maxCustomVariables } = options;
    const hit = checkFurtherHit(
      given,
      { hasToken: tokenAuth !== undefined, maxCustomVariables },
      (key, message) => this.report(key, message),
    );
    if (!hit) this.#drop('invalid');
    else if (owner === 'unknown') this.#addUnknown(hit);
    else if (owner) this.#addToRequest(hit, owner);
    else this.#addWithoutRequest(hit);
  }

  /** A call that makes no hit at all. */
  refuse(key: string, message: string): void {
    this.report(key, () => message);
    this.#drop('invalid');
  }

  report(key: string, message: () => string): void {
    this.#parts.diagnostics.warnOnce(key, () => coded('parameter-invalid', message()));
  }

  /** Adds what the spans of a request asked for, and has its page view leave before its further hits. */
  addAfterEnd(ended: EndedRecord, page: PendingPageView | undefined): void {
    const hits = this.#ofRequests.get(ended);
    if (hits && page) {
      hits.page = page;
      const pending = hits.pending.filter(({ hasLeft }) => !hasLeft);
      let content: HitContent | undefined;
      for (const place of pending) {
        const own = place.content;
        if (content) place.content = content;
        content = own;
      }
      hits.pending = [];
      const [first] = pending;
      if (first && content) first.content = page.exchange(content);
    }
    if (ended.furtherHits) {
      const owner = { record: ended, read: () => undefined };
      for (const hit of ended.furtherHits) this.add(hit, owner);
      const added = this.#ofRequests.get(ended);
      if (added) added.page = page;
    }
  }

  /** Finds out what its further hits need as long as Node's request and the span are there. */
  resolve(ended: EndedRecord, span: FinishedSpan): void {
    if (ended.site === undefined && (this.#ofRequests.has(ended) || ended.furtherHits)) {
      this.#resolve(ended, span);
    }
  }

  #addToRequest(hit: CheckedHit, owner: HitOwner): void {
    const { record } = owner;
    let hits = this.#ofRequests.get(record);
    if (!hits) {
      hits = { count: 0, pending: [], page: undefined };
      this.#ofRequests.set(record, hits);
    }
    if (hits.count >= MAX_FURTHER_HITS) {
      this.report('further too_many', () => TOO_MANY_HITS);
      this.#drop('too_many');
      return;
    }
    hits.count += 1;
    const pending: PendingFurtherHit = new PendingFurtherHit(
      {
        isFinal: (nowMillis) => this.#isFinal(owner, pending.endedMillis, hits, nowMillis),
        finalize: (epochMillis) => this.#finalize(() => this.#build(hit, owner, epochMillis)),
      },
      bytesOf(hit),
    );
    if (this.#push(pending) && !record.request) hits.pending.push(pending);
  }

  /** Its caller may have opted out. */
  #addUnknown(hit: CheckedHit): void {
    const { doNotTrack, consent } = this.#parts.options;
    if (!doNotTrack && !consent) this.#addWithoutRequest(hit);
    else this.#parts.diagnostics.warnOnce('unknown request', coded('request-unknown', NO_REQUEST));
  }

  #addWithoutRequest(hit: CheckedHit): void {
    if (!this.#isTrackable(hit)) return;
    const content = {
      isFinal: () => true,
      finalize: (epochMillis: number) =>
        this.#finalize(() => this.#buildWithoutRequest(hit, epochMillis)),
    };
    this.#push(new PendingFurtherHit(content, bytesOf(hit)));
  }

  /** Whether a hit of no request says enough; counts it if it does not. */
  #isTrackable(hit: CheckedHit): boolean {
    const visitor = this.#visitorOf(hit);
    if (visitor === undefined) {
      const { hidesUserId } = this.#parts.options;
      this.report('further no_visitor', () => (hidesUserId ? NO_VISITOR_ID : NO_VISITOR));
      this.#drop('no_visitor');
    } else if (this.#siteOf(hit) === undefined) {
      this.refuse('further site', NO_SITE);
    } else return this.#parts.builders.isNameInSample(visitor);
    return false;
  }

  #visitorOf(hit: CheckedHit): string | undefined {
    const userId = this.#parts.options.hidesUserId ? undefined : parameterOf(hit, 'uid');
    return userId ?? parameterOf(hit, 'cid');
  }

  #siteOf(hit: CheckedHit): number | undefined {
    return toSiteId(parameterOf(hit, 'idsite') ?? this.#parts.options.siteId);
  }

  #push(pending: PendingFurtherHit): boolean {
    const { counts, delivery } = this.#parts;
    counts.hits += 1;
    counts.furtherHits += 1;
    return delivery.push(pending);
  }

  /** It leaves with its page view, or alone if its request runs for long. */
  #isFinal(
    { record }: HitOwner,
    calledMillis: number,
    { page }: HitsOfRequest,
    nowMillis: number,
  ): boolean {
    if (record.closed) return true;
    if (record.request) return page?.isPageFinal(nowMillis) ?? false;
    return nowMillis - calledMillis >= this.#parts.longestHoldMillis;
  }

  #build(hit: CheckedHit, owner: HitOwner, epochMillis: number): Hit | undefined {
    const { record } = owner;
    const read = record.request ? undefined : owner.read();
    const ended = read?.record ?? (record as EndedRecord);
    // The span that was active may turn out to be of no HTTP request.
    if (!ended.request) {
      return this.#isTrackable(hit) ? this.#buildWithoutRequest(hit, epochMillis) : undefined;
    }
    if (ended.site === undefined) this.#resolve(ended, read?.span ?? createGoneSpan(ended));
    const { site = 0, currentRequest: request } = ended;
    if (site === 0 || !request) return undefined;
    const { builders } = this.#parts;
    const uid = parameterOf(hit, 'uid');
    ended.isInSample ??= builders.isInSample(request, site);
    const isTaken = ended.isInSample && (uid === undefined || builders.isNameInSample(uid));
    if (!isTaken) return undefined;
    return this.#count(builders.furtherHits.buildHit(hit, request, site, epochMillis));
  }

  #buildWithoutRequest(hit: CheckedHit, epochMillis: number): Hit | undefined {
    const site = this.#siteOf(hit);
    if (site === undefined) return undefined;
    return this.#count(this.#parts.builders.furtherHits.buildLooseHit(hit, site, epochMillis));
  }

  /** Counts a hit that `beforeSend` dropped. */
  #count(hit: Hit | undefined): Hit | undefined {
    if (!hit) this.#drop('predicate');
    return hit;
  }

  #finalize(build: () => Hit | undefined): readonly Hit[] {
    const { counts, delivery, diagnostics } = this.#parts;
    try {
      const hit = build();
      if (hit) return [hit];
      counts.hits -= 1;
      counts.furtherHits -= 1;
    } catch (error) {
      delivery.counters.lost.rejected += 1;
      const text = `A further hit could not be built (${describeError(error)}). It is lost and counted as rejected. Please report this.`;
      diagnostics.warnOnce('further hit', coded('internal-error', text));
    }
    return [];
  }

  /** A page view may be left out for its path; a caller who is not to be tracked is left out whatever else is true. */
  #resolve(ended: EndedRecord, span: FinishedSpan): void {
    const { callbacks, findPrivacyReason } = this.#parts;
    ended.site = 0;
    ended.isPermitted ??=
      findPrivacyReason(ended, span) === undefined && callbacks.isIgnored(ended, span) !== 'failed';
    if (!ended.isPermitted) return;
    const site = callbacks.siteOf(ended, span);
    if (site === undefined) return;
    ended.site = site;
    ended.request.given = callbacks.parametersOf(ended, span, site);
  }

  #drop(reason: DropReason): void {
    this.#parts.counts.dropped[reason] += 1;
  }
}

/** Roughly what a further hit takes, whose request may have to stay in memory for it. */
function bytesOf({ given }: CheckedHit): number {
  return REQUEST_BYTES + given.text.length;
}

const NO_VISITOR =
  'A hit outside of a request has neither uid nor cid. It was dropped. Set uid or cid in the call.';
const NO_VISITOR_ID =
  'A hit outside of a request has no cid, and with the option privacy no uid is sent. It was dropped. Set cid in the call.';
const NO_REQUEST =
  'An event, goal or order belongs to a span whose request is not known (any more), so that its caller may have opted out. Such hits are not sent. Track them before their request ends.';
const NO_SITE =
  'A hit outside of a request has no idsite, and siteId is a function. It was dropped. Set idsite in the call.';
