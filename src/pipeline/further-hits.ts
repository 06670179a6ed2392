import type { Delivery } from '../delivery/delivery.js';
import {
  type CheckedHit,
  type CheckOptions,
  checkFurtherHit,
  createToCallParameters,
  type DropReason,
  type FurtherHit,
  type McpCall,
  parameterOf,
} from '../hit/further-hit.js';
import { CHILD_SPAN_WAIT_MILLIS, type Hit, type PendingHit } from '../hit/hit.js';
import { createSentUrls } from '../hit/page/sent-urls.js';
import type { ReportProblem } from '../hit/parameters/annotations.js';
import { toSiteId } from '../hit/parameters/parameter-values.js';
import { isInSample } from '../hit/visitor/visitor-id.js';
import { MAX_FURTHER_HITS, serviceDefaultsOf } from '../requests/matomo-attributes.js';
import { operationNames } from '../requests/operations/proven-names.js';
import { hasStatus } from '../requests/read-request.js';
import type { EndedRequest, HitReports, Request } from '../requests/request.js';
import type { DecisionParts, Decisions } from './ignore-reasons.js';
import { siteOfService } from './option-callbacks.js';
import { type PendingPageView, REQUEST_BYTES } from './pending-hits.js';
import type { HitCounts } from './stats.js';

/** The part of a pipeline that its further hits need. */
export interface FurtherHitsParts extends DecisionParts {
  readonly delivery: Delivery;
  readonly decisions: Decisions;
  readonly counts: HitCounts;
  readonly report: ReportProblem;
  /** Counts a hit that could not be built. */
  readonly loseHit: (error: unknown) => void;
  /** A request that is still open, as it is now. */
  readonly readOpen: (request: Request) => EndedRequest | undefined;
}

/** How long a hit waits for the end of its request if it is to be in a spool within half a second. */
const SPOOL_WAIT_MILLIS = 200;

/** A further hit, queued or waiting for the end of its request. */
class PendingFurtherHit implements PendingHit {
  /** The time of the call. */
  readonly endedMillis: number = performance.now();
  readonly finalMillis: number = this.endedMillis + CHILD_SPAN_WAIT_MILLIS;
  readonly bytes: number;
  readonly hit: CheckedHit;
  readonly request: Request | undefined;
  /** `apart`: its request runs for long, or work of the request went on after its end. */
  state: 'waiting' | 'afterPage' | 'apart' = 'waiting';
  readonly #hits: FurtherHits;

  constructor(hits: FurtherHits, hit: CheckedHit, request?: Request) {
    this.#hits = hits;
    this.hit = hit;
    this.request = request;
    this.bytes = hit.fields.reduce((bytes, { text }) => bytes + text.length, REQUEST_BYTES);
  }

  isFinal(nowMillis: number): boolean {
    return this.#hits.isFinal(this, nowMillis);
  }

  finalize(epochMillis: number): readonly Hit[] {
    return this.#hits.finalize(this, epochMillis);
  }
}

/** The further hits of one request. */
class HitsOfRequest {
  /** All of them, sent or not. */
  count = 0;
  /** Pending until the request ends. Some may have been queued before, because it runs for long or because of a flush. */
  waiting: PendingFurtherHit[] = [];
  page: PendingPageView | undefined = undefined;
  /** Whether the status of the response decides about the user ID, once known. */
  awaitsStatus: boolean | undefined = undefined;

  static of(request: Request): HitsOfRequest {
    request.ofFurtherHits ??= new HitsOfRequest();
    return request.ofFurtherHits as HitsOfRequest;
  }
}

/**
 * Hits besides page views. They are pending from the call on, and queued when their request ends, after its page view. If the request
 * runs for long, they are sent before it ends.
 */
export class FurtherHits implements HitReports {
  readonly #parts: FurtherHitsParts;
  #toCallParameters: ReturnType<typeof createToCallParameters> | undefined;

  readonly #checks: CheckOptions;

  constructor(parts: FurtherHitsParts) {
    this.#parts = parts;
    const { options } = parts;
    this.#checks = {
      hasToken: options.tokenAuth !== undefined,
      maxCustomVariables: options.maxCustomVariables,
      redactUrl: createSentUrls(options).ofApplication,
      report: parts.report,
    };
  }

  /** `unknown`: it belongs to a request, of which nothing is known any more. */
  add(unchecked: FurtherHit, request: Request | 'unknown' | undefined): void {
    if (unchecked.call) {
      this.#addCall(unchecked.call, unchecked);
      return;
    }
    const hit = checkFurtherHit(unchecked, this.#checks);
    if (!hit) this.#drop('invalid');
    else if (request === undefined) this.#addWithoutRequest(hit);
    else if (request !== 'unknown') this.#addToRequest(hit, request);
    else if (this.#parts.decisions.allowsUnknown()) this.#addWithoutRequest(hit);
  }

  /** Adds a call of an MCP server over stdio, if the option `mcp` makes hits of such calls. */
  #addCall(call: McpCall, { parameters: visitor, epochMillis }: FurtherHit): void {
    const { decisions, options } = this.#parts;
    const { operation } = call;
    operationNames.learn({ operation });
    if (options.mcp === 'off' || decisions.isProtocol(call)) return;
    const succeeded = { path: '/mcp', route: '/mcp', statusCode: 200 };
    const admitted = operationNames.admit({ operation, ...succeeded }) ?? operation;
    this.#toCallParameters ??= createToCallParameters(options);
    const parameters = this.#toCallParameters({ ...call, operation: admitted });
    this.add({ parameters: { ...parameters, ...visitor }, epochMillis }, undefined);
  }

  /** A call that makes no hit at all. */
  refuseHit(key: string, message: string): void {
    this.reportHit(key, message);
    this.#drop('invalid');
  }

  reportHit(key: string, message: string): void {
    this.#parts.report(key, () => message);
  }

  /** Queues the hits that wait for the end of their request, and those that its spans have. `page` was queued before. */
  addAfterEnd(request: EndedRequest, page: PendingPageView | undefined): void {
    const ofSpans = request.spanAdditions?.hits;
    if (!request.ofFurtherHits && !ofSpans) return;
    const hits = HitsOfRequest.of(request);
    hits.page = page;
    for (const pending of hits.waiting.splice(0)) {
      pending.state = this.#parts.delivery.memory.placeWaiting(pending) ? 'afterPage' : 'apart';
    }
    for (const hit of ofSpans ?? []) this.add(hit, request);
  }

  #addToRequest(hit: CheckedHit, request: Request): void {
    const hits = HitsOfRequest.of(request);
    if (hits.count >= MAX_FURTHER_HITS) {
      this.reportHit('further too_many', TOO_MANY_HITS);
      this.#drop('too_many');
      return;
    }
    hits.count += 1;
    const pending = new PendingFurtherHit(this, hit, request);
    if (request.http) {
      pending.state = request.closed ? 'apart' : 'afterPage';
      this.#enqueue('push', pending);
    } else if (this.#enqueue('wait', pending)) hits.waiting.push(pending);
  }

  #addWithoutRequest(hit: CheckedHit): void {
    if (this.#isTrackable(hit)) this.#enqueue('push', new PendingFurtherHit(this, hit));
  }

  /** Whether a hit of no request says enough, and its visitor is in the sample. Counts it if it does not say enough. */
  #isTrackable(hit: CheckedHit): boolean {
    const { hidesOtherUserIds, sampleRate } = this.#parts.options;
    const userId = hidesOtherUserIds ? undefined : parameterOf(hit, 'uid');
    const visitor = userId ?? parameterOf(hit, 'cid');
    if (visitor === undefined) {
      this.reportHit('further no_visitor', hidesOtherUserIds ? NO_VISITOR_ID : NO_VISITOR);
      this.#drop('no_visitor');
      return false;
    }
    if (this.#siteOf(hit) !== undefined) return isInSample(visitor, sampleRate);
    this.refuseHit('further site', NO_SITE);
    return false;
  }

  #siteOf(hit: CheckedHit): number | undefined {
    const { siteId } = this.#parts.options;
    return (
      toSiteId(parameterOf(hit, 'idsite')) ?? siteOfService(siteId, serviceDefaultsOf(undefined))
    );
  }

  /** Queues a hit, or lets it wait for the end of its request. Returns whether there was room for it. */
  #enqueue(how: 'push' | 'wait', pending: PendingFurtherHit): boolean {
    const { counts, delivery } = this.#parts;
    counts.hits += 1;
    counts.furtherHits += 1;
    return delivery[how](pending);
  }

  /**
   * A hit is sent with the page view of its request, or alone if the request runs for long. If the status of the response will decide
   * who its user is, it waits for that, too.
   */
  isFinal({ request, endedMillis }: PendingFurtherHit, nowMillis: number): boolean {
    const { scheduledDelayMillis, spool } = this.#parts.options;
    if (!request || request.closed) return true;
    if (request.http) return false; // its page view closes it
    const waitedMillis = nowMillis - endedMillis;
    if (waitedMillis >= scheduledDelayMillis) return true;
    if (spool === undefined || waitedMillis < SPOOL_WAIT_MILLIS) return false;
    const hits = HitsOfRequest.of(request);
    hits.awaitsStatus ??= this.#awaitsStatus(request);
    return !hits.awaitsStatus || hasStatus(request);
  }

  #awaitsStatus(request: Request): boolean {
    const { callbacks, readOpen } = this.#parts;
    try {
      const now = readOpen(request);
      return now !== undefined && callbacks.awaitsStatus(now);
    } catch {
      return false; // the hit cannot be built then, which is reported
    }
  }

  finalize(pending: PendingFurtherHit, epochMillis: number): readonly Hit[] {
    const { counts, loseHit } = this.#parts;
    const { request } = pending;
    let hit: Hit | undefined;
    try {
      hit = this.#build(pending, epochMillis);
      if (!hit) {
        counts.hits -= 1;
        counts.furtherHits -= 1;
      }
    } catch (error) {
      loseHit(error);
    }
    if (request) {
      const hits = HitsOfRequest.of(request);
      hits.waiting = hits.waiting.filter((each) => each !== pending);
      if (hits.waiting.length === 0) request.releaseIfOver();
    }
    return hit ? [hit] : [];
  }

  #build({ hit, request, state }: PendingFurtherHit, epochMillis: number): Hit | undefined {
    if (!request) return this.#buildWithoutRequest(hit, epochMillis);
    const { decisions, options } = this.#parts;
    const ended = request.http ? (request as EndedRequest) : this.#parts.readOpen(request);
    // The span that was active may turn out to be of no HTTP request. Of one that Node.js announced, nothing is known any more.
    if (!ended) {
      if (request.announced.startedMillis > 0 && !decisions.allowsUnknown()) return undefined;
      return this.#isTrackable(hit) ? this.#buildWithoutRequest(hit, epochMillis) : undefined;
    }
    if (ended.site === undefined) decisions.decideOpen(ended);
    const { site = 0 } = ended;
    if (site === 0 || !decisions.decideSample(ended)) return undefined;
    const uid = parameterOf(hit, 'uid');
    if (uid !== undefined && !isInSample(uid, options.sampleRate)) return undefined;
    const builder = this.#parts.builder();
    const page =
      HitsOfRequest.of(request).page?.built ?? builder.read(ended.currentHttp, site, epochMillis);
    const built = this.#count(builder.buildFurtherHit(hit, page, epochMillis));
    return built && state !== 'afterPage' ? sortBehindPages(built) : built;
  }

  #buildWithoutRequest(hit: CheckedHit, epochMillis: number): Hit | undefined {
    const site = this.#siteOf(hit);
    if (site === undefined) return undefined;
    return this.#count(this.#parts.builder().buildHitWithoutRequest(hit, site, epochMillis));
  }

  /** Counts a hit that `beforeSend` dropped. */
  #count(hit: Hit | undefined): Hit | undefined {
    if (!hit) this.#drop('predicate');
    return hit;
  }

  #drop(reason: DropReason): void {
    this.#parts.counts.dropped[reason] += 1;
  }
}

/** A hit that is not queued right after its page view. In a bulk with both, it comes after the page views of the same second. */
function sortBehindPages(hit: Hit): Hit {
  return { ...hit, startSeconds: hit.startSeconds + 0.5 };
}

const TOO_MANY_HITS = `A request has more than ${MAX_FURTHER_HITS} further hits. The others were dropped. Track one hit with the total instead.`;
const NO_VISITOR =
  'A hit outside of a request has neither uid nor cid. It was dropped. Set uid or cid in the call, of an MCP server over stdio in the second argument of trackMcp.';
const NO_VISITOR_ID =
  'A hit outside of a request has no cid, and with the option privacy no uid is sent. It was dropped. Set cid in the call.';
const NO_SITE =
  'A hit outside of a request has no idsite, and siteId names no site for it. It was dropped. Set idsite in the call.';
