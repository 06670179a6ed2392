import type { Hit } from '../hit/hit.js';
import {
  type BulkResult,
  interpretAnswer,
  invalidOf,
  isOrder,
  mayBeTokenRejection,
  type Reason,
} from './answer/interpret-answer.js';
import { halve, toBody, toBulks } from './bulk.js';
import { addTo, type DeliveryCounts, type Results } from './delivery-counts.js';
import {
  type DeliveryLimits,
  retryAfterMillis,
  type Waits,
  waitMillis,
} from './delivery-limits.js';
import type { DeliveryLog } from './delivery-log.js';
import type { Transport } from './http/transport.js';
import { giveRestBack, type OpenClaim, type Requests } from './open-claim.js';
import { type Claim, INVALID, type Store } from './store.js';

/** Without a token, Matomo rejects hits older than 24 hours. Ten minutes are reserved for sending. */
const OLDEST_WITHOUT_TOKEN_MILLIS = 24 * 3_600_000 - 600_000;
/** Bulks of orders in a row that are halved although the token may be the cause. */
const MAX_ORDER_REJECTIONS = 2;
/** Failures in a row of hits that failed alone, after which it is logged that nothing can be sent. */
const LOGGED_FAILURES = 3;

export interface SenderOptions {
  readonly tokenAuth: string | undefined;
  /** Returns the token as its file has it now, if it came from one; `undefined` if the file is missing or empty. */
  readonly rereadToken?: (() => string | undefined) | undefined;
  readonly maxExportBatchSize: number;
  readonly exportTimeoutMillis: number;
  readonly resendUnconfirmed: boolean;
  /** Called after each bulk of which Matomo tracked hits. */
  readonly onTracked?: (() => void) | undefined;
}

interface SenderParts {
  readonly options: SenderOptions;
  readonly transport: Transport;
  readonly limits: DeliveryLimits;
  readonly counts: DeliveryCounts;
  readonly log: DeliveryLog;
  readonly random: () => number;
  /** Hits without a result, for the log. */
  readonly countPending: () => number;
  /** Keeps the process alive until a response is read, within limits. */
  readonly hold: <T>(sending: Promise<T>) => Promise<T>;
}

/** What becomes of hits that were sent. `back`: what was learned is not about them. `behind`: they failed so often. */
type Outcome =
  | { readonly kind: 'counted'; readonly results: Results }
  | { readonly kind: 'back' }
  | { readonly kind: 'behind'; readonly failures: number }
  | { readonly kind: 'halved' };

/** While many bulks follow each other, nothing keeps the process alive between two of them so often. */
const MAY_END_MILLIS = 1_000;

const BACK: Outcome = { kind: 'back' };
const HALVED: Outcome = { kind: 'halved' };

/** What has happened since the last success. */
const newStreak = () => ({
  /** Attempts after which nothing could be sent. */
  attempts: 0,
  /** Requests that failed, but for those of suspects. */
  failures: 0,
  /** Requests of suspects that failed. */
  suspectFailures: 0,
  /** Bulks of which no hit was valid, with a token. */
  rejections: 0,
  /** How often sending has stopped because of them. */
  tokenWaits: 0,
});

/** How hits are claimed: those that are due; everything, each suspect once; or the same for the last time. */
export type SendMode = 'due' | 'flush' | 'last';

/**
 * Sends bulks one after the other, and decides by the result of each what becomes of its hits and when the next one is sent. The rule for
 * hits that fail:
 *
 * 1. If the server has not looked at a bulk, it goes back, and nothing else is sent for a while. If that is not known, its hits are lost, or
 *    the bulk goes back with `resendUnconfirmed`. After a loss, one hit is sent at a time until one succeeds.
 * 2. A bulk that is too large is halved at once.
 * 3. A bulk that makes the server fail goes behind all that have not failed. If it fails again, it is halved at once, and so is each half.
 * 4. A single hit that fails is a suspect: it goes behind everything, and is sent again after another request has succeeded. After
 *    `hitFailures` failures it is rejected. If nothing else succeeds, it is sent more and more rarely, which does not count.
 * 5. After `serverFailures` in a row, the server is the cause: one hit is sent at a time, more and more rarely, until one succeeds. Those that
 *    fail are suspects, too, so that each attempt has another one.
 * 6. If all hits of a bulk are invalid, it is a suspect, too: it is sent again after another one was tracked, and then counts as invalid. Two
 *    such bulks with no tracked one in between: the token is rejected.
 */
export class Sender {
  /** Nothing is sent before, except by a flush. On the monotonic clock. */
  waitUntilMillis = Number.NEGATIVE_INFINITY;
  /** When Matomo last tracked or accepted hits, or the start. */
  lastSuccessMillis: number = performance.now();
  current: OpenClaim | undefined;
  /** At the end of a process, the request in flight is cut short, which says nothing about Matomo. */
  isClosing = false;
  readonly #parts: SenderParts;
  #token: string | undefined;
  /** Matomo has tracked at least one hit. */
  #hasTracked = false;
  #streak = newStreak();
  #suspectsDueMillis = Number.NEGATIVE_INFINITY;
  /** How many suspects may be sent because another request has succeeded. */
  #suspectTries = 0;
  /** How often the bulk that is the next one was sent again although it may be stored. */
  #resends = 0;

  constructor(parts: SenderParts) {
    this.#parts = parts;
    this.#token = parts.options.tokenAuth;
  }

  /** Nothing is sent because Matomo has rejected the token. */
  get #isTokenRejected(): boolean {
    return this.#streak.tokenWaits > 0;
  }

  /** Whether an attempt may begin. After the token was rejected, a flush does not end the wait: many rejections lock the address out. */
  mayBegin(mode: SendMode): boolean {
    if (this.#isTokenRejected && this.#rereadToken()) this.waitUntilMillis = 0;
    const mayIgnoreWait = mode === 'last' || (mode === 'flush' && !this.#isTokenRejected);
    return mayIgnoreWait || performance.now() >= this.waitUntilMillis;
  }

  /** Returns whether the token is another one than before. A missing or empty file keeps the old one. */
  #rereadToken(): boolean {
    const before = this.#token;
    this.#token = this.#parts.options.rereadToken?.() ?? before;
    return this.#token !== before;
  }

  /** When a suspect is due, on the monotonic clock, if there is one. */
  get suspectsDueMillis(): number {
    return this.#suspectTries > 0 ? Number.NEGATIVE_INFINITY : this.#suspectsDueMillis;
  }

  /** Sends until nothing can be sent now, there is nothing, or `mayBegin` says that no other bulk is begun. */
  async send(store: Store, mode: SendMode, mayBegin: () => boolean): Promise<void> {
    let flushTries = mode === 'due' ? 0 : store.suspects;
    let mayEndMillis = performance.now() + MAY_END_MILLIS;
    do {
      if (performance.now() >= mayEndMillis) {
        await new Promise((resolve) => void setTimeout(resolve).unref()); // here, the process may end
        mayEndMillis = performance.now() + MAY_END_MILLIS;
      }
      if (this.isClosing || !mayBegin()) return;
      const most = this.#isServerFailing ? 1 : this.#parts.options.maxExportBatchSize;
      const areSuspectsDue =
        mode === 'due' ? performance.now() >= this.suspectsDueMillis : flushTries > 0;
      const maxFailures = this.#suspectTries > 0 ? Number.POSITIVE_INFINITY : INVALID - 1;
      const claim = await store.claim(most, areSuspectsDue ? maxFailures : 1);
      if (!claim) {
        if (!areSuspectsDue) return;
        // Those that are left wait for another success, or are of other processes.
        this.#suspectTries = 0;
        this.#delaySuspects();
        return;
      }
      if (claim.failures > 1) flushTries -= 1;
      await this.#sendClaim(store, claim, mode);
    } while (performance.now() >= this.waitUntilMillis);
  }

  async #sendClaim(store: Store, claim: Claim, mode: SendMode): Promise<void> {
    const { hold, transport, options, log } = this.#parts;
    const open = this.open(claim);
    const requests = this.requestsOf(open, mode, store);
    this.current = open;
    try {
      let next = requests.next();
      while (!next.done) {
        const sending = transport.send(next.value, options.exportTimeoutMillis);
        next = requests.next(await hold(sending));
      }
    } finally {
      const { results, back } = open;
      giveRestBack(open);
      // If the process exits meanwhile, the results are known.
      if (await claim.done(results, back)) log.add(results);
      this.current = undefined;
    }
  }

  /** Hits of a claim that are too old have their result. */
  open(claim: Claim): OpenClaim {
    const fresh = claim.hits.filter((hit) => this.#isFresh(hit));
    const results = { expired: claim.hits.length - fresh.length };
    const bulks = toBulks(fresh, this.#parts.limits.maxBodyBytes);
    return { claim, bulks, isInFlight: false, results, back: [] };
  }

  /** Whether a hit is young enough for Matomo. Reads the clock for each hit: it may be set back. */
  #isFresh({ startSeconds }: Hit): boolean {
    const oldestMillis = Date.now() - OLDEST_WITHOUT_TOKEN_MILLIS;
    return this.#token !== undefined || startSeconds * 1000 > oldestMillis;
  }

  /** Decides by what comes back for each request what becomes of its hits. At its end, what is left in `open.bulks` has no result. */
  *requestsOf(open: OpenClaim, mode: SendMode, store: Pick<Store, 'suspects'>): Requests {
    const { claim, bulks, results, back } = open;
    for (let hits = bulks[0]; hits; hits = bulks[0]) {
      let result = yield* this.#requestFor(hits, open);
      if (mayBeTokenRejection(result) && this.#rereadToken())
        result = yield* this.#requestFor(hits, open);
      const outcome = this.#decide(hits, claim, result, mode, store);
      if (outcome.kind === 'back') return;
      this.#resends = 0; // the next one is another bulk
      bulks.shift();
      if (outcome.kind === 'counted') addTo(results, outcome.results);
      else if (outcome.kind === 'behind') back.push({ hits, failures: outcome.failures });
      else bulks.unshift(...halve(hits));
      if (bulks.length > 0) void claim.touch();
    }
  }

  *#requestFor(hits: readonly Hit[], open: OpenClaim): Requests<BulkResult> {
    const token = this.#token;
    open.isInFlight = true;
    const exchange = yield toBody(hits, token);
    open.isInFlight = false;
    const [hasToken, hasTracked] = [token !== undefined, this.#hasTracked];
    return interpretAnswer(exchange, { sent: hits.length, hasToken, hasTracked, token });
  }

  get #isServerFailing(): boolean {
    const { limits, options } = this.#parts;
    // A search for one bad hit must not look like it.
    const searched = Math.ceil(Math.log2(options.maxExportBatchSize)) + 2;
    return this.#streak.failures >= Math.max(limits.serverFailures, searched);
  }

  #decide(
    hits: readonly Hit[],
    claim: Claim,
    result: BulkResult,
    mode: SendMode,
    store: Pick<Store, 'suspects'>,
  ): Outcome {
    const { options, limits, log } = this.#parts;
    switch (result.kind) {
      case 'processed': {
        const { tracked, invalid, unconfirmed, warning } = result;
        if (warning) log.warn(warning);
        log.nameInvalid(invalidOf(result, hits));
        this.#succeed(store, tracked > 0);
        return counted({ tracked, invalid, unconfirmed });
      }
      case 'accepted':
        if (result.isDoubtful && result.warning) {
          this.#wait(limits.backOff, result.warning, false);
        } else {
          if (result.warning) log.warn(result.warning, ' Sending continues.');
          this.#succeed(store, true);
        }
        return counted({ accepted: hits.length });
      case 'unconfirmed': {
        const isResent = options.resendUnconfirmed && this.#resends < limits.resends;
        if (!this.isClosing) this.#wait(limits.backOff, result, isResent);
        if (!isResent) {
          this.#streak.failures = Number.POSITIVE_INFINITY; // until Matomo answers, an attempt costs one hit
          return counted({ unconfirmed: hits.length });
        }
        this.#resends += 1;
        this.#parts.counts.resent += hits.length;
        return BACK;
      }
      case 'unavailable':
        if (!this.isClosing) this.#wait(limits.backOff, result, true, result.retryAfter);
        return BACK;
      case 'misconfigured':
        // Each may be stored: one hit is tried at a time.
        if (result.code === 'not-matomo') this.#streak.failures = Number.POSITIVE_INFINITY;
        this.#wait(limits.hold, result, true);
        return BACK;
      case 'too_large':
        return hits.length > 1 ? HALVED : counted({ too_large: 1 });
      case 'all_invalid':
      case 'token_rejected':
        return this.#rejectAll(hits, claim, result);
      case 'rolled_back':
      case 'failed':
      case 'not_counted': {
        const outcome = this.#fail(hits, claim, result, mode);
        const mayBeStored = result.kind === 'not_counted' || 'mayBeStored' in result;
        if (mayBeStored && outcome.kind !== 'counted') this.#parts.counts.resent += hits.length;
        return outcome;
      }
    }
  }

  /** The server may have failed because of one of the hits. */
  #fail(hits: readonly Hit[], claim: Claim, reason: Reason, mode: SendMode): Outcome {
    const { limits, log } = this.#parts;
    const isSingle = hits.length === 1;
    const { failures } = claim;
    // At the end of a process, nothing is searched.
    if (mode === 'last') return { kind: 'behind', failures: failures + 1 };
    if (failures > 1) {
      const hasProof = this.#suspectTries > 0;
      this.#suspectTries = Math.max(0, this.#suspectTries - 1);
      this.#streak.suspectFailures += 1;
      this.#delaySuspects();
      if (this.#streak.suspectFailures >= LOGGED_FAILURES) this.#beginOutage(reason, true);
      if (!isSingle) return HALVED;
      if (!hasProof || failures >= INVALID) return { kind: 'behind', failures };
      if (failures + 1 < limits.hitFailures) return { kind: 'behind', failures: failures + 1 };
      for (const hit of hits) log.rejectHit(hit, reason);
      return counted({ rejected: 1 });
    }
    this.#streak.failures += 1;
    if (this.#isServerFailing) this.#wait(limits.serverFails, reason, true);
    if (isSingle) {
      // It is due again after a while, or after a success.
      this.#streak.suspectFailures = Math.max(1, this.#streak.suspectFailures);
      this.#delaySuspects();
      return { kind: 'behind', failures: 2 };
    }
    if (this.#isServerFailing) return BACK;
    return failures === 0 ? { kind: 'behind', failures: 1 } : HALVED;
  }

  #delaySuspects(): void {
    const { limits, random } = this.#parts;
    const millis = waitMillis(limits.serverFails, this.#streak.suspectFailures, random());
    this.#suspectsDueMillis = performance.now() + millis;
  }

  /** No hit was valid. */
  #rejectAll(
    hits: readonly Hit[],
    claim: Claim,
    result: Extract<BulkResult, { kind: 'all_invalid' | 'token_rejected' }>,
  ): Outcome {
    const { limits, log } = this.#parts;
    if (claim.failures >= INVALID && this.#suspectTries > 0) {
      this.#suspectTries -= 1;
      log.nameInvalid(hits);
      return counted({ invalid: hits.length });
    }
    this.#streak.rejections += 1;
    if (this.#streak.rejections <= MAX_ORDER_REJECTIONS && hits.every(isOrder)) {
      if (hits.length > 1) return HALVED;
      if (result.kind === 'token_rejected') log.rejectOrder();
      return counted({ invalid: 1 });
    }
    if (result.kind === 'all_invalid' && this.#streak.rejections === 1)
      return { kind: 'behind', failures: INVALID };
    this.#streak.tokenWaits += 1;
    const millis =
      limits.tokenMillis[this.#streak.tokenWaits - 1] ?? limits.tokenMillis.at(-1) ?? 0;
    this.waitUntilMillis = performance.now() + millis;
    this.#beginOutage(result, true);
    return BACK;
  }

  /** Matomo has processed a bulk. `isTracked`: at least one hit of it. */
  #succeed(store: Pick<Store, 'suspects'>, isTracked: boolean): void {
    const { log, options } = this.#parts;
    log.endOutage();
    this.waitUntilMillis = Number.NEGATIVE_INFINITY;
    this.#streak = newStreak();
    this.#suspectTries = store.suspects;
    if (!isTracked) return;
    this.#hasTracked = true;
    this.lastSuccessMillis = performance.now();
    options.onTracked?.();
  }

  #wait(waits: Waits, reason: Reason, isResent: boolean, retryAfter?: string): void {
    const { limits, random } = this.#parts;
    this.#streak.attempts += 1;
    const least = retryAfterMillis(retryAfter, limits.maxRetryAfterMillis);
    const millis = Math.max(least, waitMillis(waits, this.#streak.attempts, random()));
    this.waitUntilMillis = performance.now() + millis;
    this.#beginOutage(reason, isResent);
  }

  #beginOutage(reason: Reason, isResent: boolean): void {
    const { log, countPending } = this.#parts;
    log.beginOutage(reason, isResent ? countPending() : 0);
  }
}

function counted(results: Results): Outcome {
  return { kind: 'counted', results };
}
