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
import type { Hit } from '../hit/hit.js';
import { createSentUrls } from '../hit/page/sent-urls.js';
import type { PageView } from '../hit/page-view.js';
import type { ReportProblem } from '../hit/parameters/annotations.js';
import { toSiteId } from '../hit/parameters/parameter-values.js';
import { isInSample } from '../hit/visitor/visitor-id.js';
import { MAX_FURTHER_HITS, serviceDefaultsOf } from '../requests/matomo-attributes.js';
import { operationNames } from '../requests/operations/proven-names.js';
import { hasStatus } from '../requests/read-request.js';
import type { EndedRequest, HitReports, Request } from '../requests/request.js';
import type { DecisionParts, Decisions } from './ignore-reasons.js';
import { siteOfService } from './option-callbacks.js';
import { PendingHits } from './pending-hits.js';
import type { HitCounts } from './stats.js';

/** The part of a pipeline that its further hits need. */
export interface FurtherHitsParts extends DecisionParts {
  readonly delivery: Delivery;
  readonly decisions: Decisions;
  readonly counts: HitCounts;
  readonly report: ReportProblem;
  /** Counts a hit that could not be built, as lost, too. */
  readonly loseHit: (error: unknown) => void;
  /** A request that is still open, as it is now. */
  readonly readOpen: (request: Request) => EndedRequest | undefined;
}

/** How long a hit waits for the end of its request if it is to be in a spool soon. */
const SPOOL_WAIT_MILLIS = 200;

/** The further hits of one request. */
class HitsOfRequest {
  /** All of them, sent or not. */
  count = 0;
  /** Wait for the end of the request, since the call of the first one. */
  waiting: CheckedHit[] = [];
  sinceMillis = 0;
  /** Whether the status of the response decides about the user ID, once known. */
  awaitsStatus: boolean | undefined = undefined;

  static of(request: Request): HitsOfRequest {
    request.ofFurtherHits ??= new HitsOfRequest();
    return request.ofFurtherHits as HitsOfRequest;
  }
}

/**
 * Hits besides page views. In an open request they wait for its end, and are queued after its page view. If the request runs for long,
 * and after its end, they are queued at once.
 */
export class FurtherHits implements HitReports {
  readonly #parts: FurtherHitsParts;
  #toCallParameters: ReturnType<typeof createToCallParameters> | undefined;

  readonly #checks: CheckOptions;
  /** Open requests with hits that wait for their end. */
  readonly #open: PendingHits<Request>;

  constructor(parts: FurtherHitsParts) {
    this.#parts = parts;
    const { options } = parts;
    const { scheduledDelayMillis: mostMillis, spool } = options;
    const waitMillis = spool === undefined ? mostMillis : Math.min(mostMillis, SPOOL_WAIT_MILLIS);
    this.#open = new PendingHits(waitMillis, (request, isLast) => this.#endWait(request, isLast));
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

  /** Adds the hits in spans of a request that has ended. */
  addOfSpans(request: EndedRequest): void {
    for (const hit of request.spanAdditions?.hits ?? []) this.add(hit, request);
  }

  /** Queues the hits of a request after its page view. `page` is what was read for that. */
  addAfterEnd(request: EndedRequest, page: PageView | undefined): void {
    if (!request.ofFurtherHits) return;
    this.#open.delete(request);
    for (const hit of HitsOfRequest.of(request).waiting.splice(0))
      this.#put(() => this.#build(hit, request, page, true));
  }

  /** Queues hits whose requests are still open. */
  endAll(): void {
    this.#open.endAll();
  }

  #addToRequest(hit: CheckedHit, request: Request): void {
    if (!this.#countOf(request)) return;
    const isOpen = request.http === undefined;
    if (request.closed || (isOpen && this.#isDue(request, request.elapsedMillis))) {
      this.#put(() => this.#build(hit, request));
      return;
    }
    const hits = HitsOfRequest.of(request);
    if (hits.waiting.length === 0) hits.sinceMillis = performance.now();
    hits.waiting.push(hit);
    if (isOpen) this.#open.add(request);
  }

  /** Counts one more hit of a request, or drops it. */
  #countOf(request: Request): boolean {
    const hits = HitsOfRequest.of(request);
    hits.count += 1;
    if (hits.count <= MAX_FURTHER_HITS) return true;
    this.reportHit('further too_many', TOO_MANY_HITS);
    this.#drop('too_many');
    return false;
  }

  /** Queues the hits that wait for the end of a request, unless they have to wait longer. */
  #endWait(request: Request, isLast: boolean): void {
    const hits = HitsOfRequest.of(request);
    if (request.http) return; // it waits for spans
    if (!isLast && !this.#isDue(request, performance.now() - hits.sinceMillis)) {
      this.#open.add(request);
      return;
    }
    for (const hit of hits.waiting.splice(0)) this.#put(() => this.#build(hit, request));
    request.releaseIfOver();
  }

  #addWithoutRequest(hit: CheckedHit): void {
    if (this.#isTrackable(hit)) this.#put(() => this.#buildWithoutRequest(hit));
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

  /** Counts and queues a hit, if there is one. */
  #put(build: () => Hit | undefined): void {
    const { counts, delivery, loseHit } = this.#parts;
    try {
      const hit = build();
      if (!hit) return;
      counts.hits += 1;
      counts.furtherHits += 1;
      delivery.put(hit);
    } catch (error) {
      loseHit(error);
      counts.furtherHits += 1;
    }
  }

  /**
   * Whether hits are sent before their request ends, which has run or made them wait for so long. With a spool, they are to be in it within
   * half a second, unless the status of the response decides who their user is.
   */
  #isDue(request: Request, millis: number): boolean {
    const { scheduledDelayMillis, spool } = this.#parts.options;
    if (millis >= scheduledDelayMillis) return true;
    if (spool === undefined || millis < SPOOL_WAIT_MILLIS) return false;
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

  /** `page`: what was read of the request for its page view, which the hit follows with `isNext`. */
  #build(hit: CheckedHit, request: Request, page?: PageView, isNext = false): Hit | undefined {
    const { decisions, options } = this.#parts;
    const ended = request.http ? (request as EndedRequest) : this.#parts.readOpen(request);
    // The span that was active may turn out to be of no HTTP request. Of one that Node.js announced, nothing is known any more.
    if (!ended) {
      if (request.announced.startedMillis > 0 && !decisions.allowsUnknown()) return undefined;
      return this.#isTrackable(hit) ? this.#buildWithoutRequest(hit) : undefined;
    }
    if (ended.site === undefined) decisions.decideOpen(ended);
    const { site = 0 } = ended;
    if (site === 0 || !decisions.decideSample(ended)) return undefined;
    const uid = parameterOf(hit, 'uid');
    if (uid !== undefined && !isInSample(uid, options.sampleRate)) return undefined;
    const builder = this.#parts.builder();
    const now = Date.now();
    const read = page ?? builder.read(ended.currentHttp, site, now);
    const built = this.#count(builder.buildFurtherHit(hit, read, now));
    return built && !isNext ? sortBehindPages(built) : built;
  }

  #buildWithoutRequest(hit: CheckedHit): Hit | undefined {
    const site = this.#siteOf(hit);
    if (site === undefined) return undefined;
    return this.#count(this.#parts.builder().buildHitWithoutRequest(hit, site, Date.now()));
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
