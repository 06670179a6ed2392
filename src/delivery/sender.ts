import type { Hit } from '../hit/hit.js';
import { type BulkResult, interpretAnswer, invalidOf, type Reason } from './answer.js';
import { halve, toBody, toBulks } from './bulk.js';
import { addTo, type DeliveryCounts, type Results } from './counts.js';
import type { DeliveryLog } from './delivery-log.js';
import type { Exchange } from './http.js';
import type { Claim } from './store.js';

/** A single hit that has failed so often, each time right after another request had succeeded, is rejected. */
const MAX_FAILURES = 5;
/** So many of them are sent after one that has succeeded: then the next bulk shows whether the server still works. */
const MAX_SUSPECTS = 10;
/** Requests that fail in a row, after which the server is the cause: those of a search for one hit, and four. */
const mostInRow = (maxBulkHits: number) => Math.ceil(Math.log2(maxBulkHits)) + 5;
/** A claim begins no request after so long. A minute and the time-out of a request later, it is that of a dead process. */
const CLAIM_MILLIS = 45_000;
/** Without a token, Matomo rejects hits older than 24 hours. Ten minutes are reserved for sending. */
const OLDEST_WITHOUT_TOKEN_MILLIS = 24 * 3_600_000 - 600_000;

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
/** Waits double from the first to the longest one. A part of each is random, so that processes do not retry together. */
const BACK_OFF = { firstMillis: SECOND, maxMillis: MINUTE, jitter: 0.5 };
/** Matomo locks an address out after 20 rejections of a token in an hour. */
const TOKEN = { firstMillis: 10 * MINUTE, maxMillis: 60 * MINUTE, jitter: 0 };
const MAX_RETRY_AFTER_MILLIS = 60 * MINUTE;

export interface SenderOptions {
  readonly tokenAuth: string | undefined;
  /** Returns the token as its file has it now, if it came from one; `undefined` if the file is missing or empty. */
  readonly rereadToken?: (() => string | undefined) | undefined;
  readonly maxExportBatchSize: number;
  readonly resendUnconfirmed: boolean;
  /** Called after each bulk of which Matomo tracked hits. */
  readonly onTracked?: (() => void) | undefined;
}

interface SenderParts {
  readonly options: SenderOptions;
  readonly counts: DeliveryCounts;
  readonly log: Pick<
    DeliveryLog,
    'beginOutage' | 'endOutage' | 'warn' | 'nameInvalid' | 'rejectHit'
  >;
  readonly random: () => number;
  /** @default the monotonic clock */
  readonly now?: () => number;
}

/** The hits of a claim while they are sent. */
export interface Attempt {
  readonly claim: Claim;
  /** What is sent next, one after the other. */
  readonly bulks: Hit[][];
  /** Hits that have failed alone. Each is sent alone, right after a request that has succeeded. */
  readonly suspects: Hit[];
  /** Those of them that have failed since the last success. */
  readonly tried: Hit[];
  /** What is being sent. */
  inFlight: readonly Hit[];
  readonly results: Results;
  /** Hits without a result. */
  readonly back: Hit[];
  /** They go behind all others. Otherwise they keep their place. */
  isBehind: boolean;
}

/**
 * Decides what is sent, what becomes of hits, and when sending waits. It does no I/O. The rule for hits that fail:
 *
 * 1. A bulk that may have failed because of one of its hits is halved at once, and so is each half that fails, down to one hit.
 * 2. A hit that has failed alone is a suspect. After each request that succeeds, it is sent again, alone. If it fails then, that counts; the
 *    fifth time, it is rejected. At the end of its claim it goes behind all others, and takes its count with it.
 * 3. If a dozen requests fail in a row, or all of a claim, the server is the cause: the claim goes behind all others, and sending waits. From
 *    then on, an attempt begins with one hit, any of its claim, until one succeeds.
 * 4. If the server has not looked at the hits, they keep their place, and sending waits. If that is not known, they are lost as unconfirmed, or
 *    with `resendUnconfirmed` sent again.
 * 5. If all hits of a bulk are invalid right after others were tracked, they are. Otherwise the token is rejected: sending waits for long.
 */
export class Sender {
  /** Nothing is sent before, except by a flush. */
  waitUntilMillis = Number.NEGATIVE_INFINITY;
  /** When Matomo last tracked or accepted hits, or the start. */
  lastSuccessMillis: number;
  /** At the end of a process, the request in flight is cut short, which says nothing about Matomo. */
  isClosing = false;
  readonly #parts: SenderParts;
  readonly #now: () => number;
  #token: string | undefined;
  #isTokenRejected = false;
  /** The latest request has succeeded, but for those of suspects. */
  #works = false;
  /** An attempt has failed, and none has succeeded since. */
  #isDown = false;
  /** How often sending has waited since the last success. */
  #waits = 0;

  constructor(parts: SenderParts) {
    this.#parts = parts;
    this.#now = parts.now ?? (() => performance.now());
    this.#token = parts.options.tokenAuth;
    this.lastSuccessMillis = this.#now();
  }

  /** Whether an attempt may begin. If Matomo has rejected the token, a flush does not end the wait. */
  mayBegin(isFlush: boolean): boolean {
    if (this.#isTokenRejected && this.#rereadToken()) this.waitUntilMillis = 0;
    return (isFlush && !this.#isTokenRejected) || this.#now() >= this.waitUntilMillis;
  }

  /** Returns whether the token is another one than before. A missing or empty file keeps the old one. */
  #rereadToken(): boolean {
    const before = this.#token;
    this.#token = this.#parts.options.rereadToken?.() ?? before;
    return this.#token !== before;
  }

  /** Begins to send the hits of a claim, but for those that are too old. */
  begin(claim: Claim): Attempt {
    const fresh = claim.hits.filter((hit) => this.#isFresh(hit));
    const suspects = fresh.filter(isSuspect);
    const others = fresh.filter((hit) => !isSuspect(hit));
    const first = this.#isDown
      ? takeAny(others.length > 0 ? others : suspects, this.#parts.random)
      : [];
    const { maxExportBatchSize } = this.#parts.options;
    const bulks = toBulks(others, maxExportBatchSize);
    if (first.length > 0) bulks.unshift(first);
    const results = { expired: claim.hits.length - fresh.length };
    return { claim, bulks, suspects, tried: [], inFlight: [], results, back: [], isBehind: true };
  }

  /** Reads the clock for each hit: it may be set back. */
  #isFresh({ startSeconds }: Hit): boolean {
    const oldestMillis = Date.now() - OLDEST_WITHOUT_TOKEN_MILLIS;
    return this.#token !== undefined || startSeconds * 1000 > oldestMillis;
  }

  toBody(hits: readonly Hit[]): Buffer {
    return toBody(hits, this.#token);
  }

  read(exchange: Exchange, { length: sent }: readonly Hit[]): BulkResult {
    const token = this.#token;
    return interpretAnswer(exchange, { sent, hasToken: token !== undefined, token });
  }

  /** Yields each bulk that is to be sent, and gets its result. In the end, each hit has a result or is in `back`. */
  *send(attempt: Attempt): Generator<readonly Hit[], void, BulkResult> {
    const { bulks, suspects, tried } = attempt;
    const inRow = mostInRow(this.#parts.options.maxExportBatchSize);
    const endMillis = this.#now() + CLAIM_MILLIS;
    let failures = 0;
    let tries = 0;
    let hasSucceeded = false;
    let cause: Reason | undefined;
    while (this.#now() < endMillis && failures < (this.#isDown ? 1 : inRow)) {
      const isSuspectNext = this.#works ? tries < MAX_SUSPECTS : bulks.length === 0 && !cause;
      const suspect = isSuspectNext ? suspects.shift() : undefined;
      const bulk = suspect ? [suspect] : bulks.shift();
      if (!bulk) break;
      attempt.inFlight = bulk;
      const result = yield bulk;
      attempt.inFlight = [];
      if (!this.#settle(bulk, result, attempt)) return;
      if (result.kind === 'failed') {
        cause = result;
        if (suspect) {
          tries += 1;
        } else {
          failures += 1;
          this.#works = false;
        }
        continue;
      }
      failures = 0;
      if (!this.#works) continue;
      hasSucceeded = true;
      tries = 0;
      suspects.push(...tried.splice(0));
    }
    if (tries > 0) this.#works = false; // a success counts once against each suspect
    giveRestBack(attempt);
    if (!cause || (failures < inRow && hasSucceeded)) return;
    const wasDown = this.#isDown;
    this.#isDown = true;
    this.#wait(cause, wasDown);
    attempt.isBehind = !wasDown || this.#waits % 10 === 0;
  }

  /** One of the hits may be the cause. */
  #fail(bulk: readonly Hit[], result: Reason & { mayBeStored?: boolean }, attempt: Attempt): void {
    const { counts, log } = this.#parts;
    const [hit] = bulk;
    if (hit && bulk.length === 1) {
      const failures = (hit.failures ?? 0) + (this.#works ? 1 : 0);
      if (failures >= MAX_FAILURES) {
        log.rejectHit(hit, result);
        addTo(attempt.results, { rejected: 1 });
        return;
      }
      attempt.tried.push(withFailures(hit, failures));
    } else {
      attempt.bulks.unshift(...halve(bulk));
    }
    if (result.mayBeStored) counts.resent += bulk.length;
  }

  /** Returns whether sending goes on. */
  #settle(bulk: Hit[], result: BulkResult, attempt: Attempt): boolean {
    const { options, counts, log } = this.#parts;
    const { length } = bulk;
    switch (result.kind) {
      case 'processed': {
        const { tracked, invalid, unconfirmed, warning } = result;
        if (warning) log.warn(warning);
        log.nameInvalid(invalidOf(result, bulk));
        this.#succeed(tracked > 0);
        addTo(attempt.results, { tracked, invalid, unconfirmed });
        return true;
      }
      case 'accepted':
        if (result.warning) log.warn(result.warning, ' Sending continues.');
        this.#succeed(true);
        addTo(attempt.results, { accepted: length });
        return true;
      case 'failed':
        this.#fail(bulk, result, attempt);
        return true;
      case 'too_large':
        this.#works = false;
        if (length === 1) addTo(attempt.results, { too_large: 1 });
        else attempt.bulks.unshift(...halve(bulk));
        return true;
      case 'all_invalid':
        this.#isTokenRejected = !this.#rereadToken();
        if (this.#works && this.#isTokenRejected) {
          this.#works = false; // the next such bulk is no coincidence
          this.#isTokenRejected = false;
          log.nameInvalid(bulk);
          addTo(attempt.results, { invalid: length });
          return true;
        }
        giveRestBack(attempt);
        attempt.back.push(...bulk);
        this.#wait(result, this.#isTokenRejected, this.#isTokenRejected ? TOKEN : BACK_OFF);
        return false;
      case 'unconfirmed':
        if (options.resendUnconfirmed) {
          counts.resent += length;
          attempt.back.push(...bulk);
        } else {
          addTo(attempt.results, { unconfirmed: length });
          attempt.isBehind = false;
        }
        giveRestBack(attempt);
        this.#isDown = true;
        this.#wait(result, true);
        return false;
      case 'later':
        attempt.back.push(...bulk);
        attempt.isBehind = false;
        giveRestBack(attempt);
        this.#wait(result, true, BACK_OFF, retryAfterMillis(result.retryAfter));
        return false;
    }
  }

  #succeed(isTracked: boolean): void {
    const { log, options } = this.#parts;
    log.endOutage();
    this.waitUntilMillis = Number.NEGATIVE_INFINITY;
    this.#works = isTracked;
    this.#isDown = false;
    this.#isTokenRejected = false;
    this.#waits = 0;
    if (!isTracked) return;
    this.lastSuccessMillis = this.#now();
    options.onTracked?.();
  }

  #wait(cause: Reason, isLogged: boolean, waits = BACK_OFF, leastMillis = 0): void {
    this.#works = false;
    if (this.isClosing) return;
    const { log, random } = this.#parts;
    this.#waits += 1;
    const longest = Math.min(waits.maxMillis, waits.firstMillis * 2 ** (this.#waits - 1));
    const millis = (1 - waits.jitter + waits.jitter * random()) * longest;
    this.waitUntilMillis = this.#now() + Math.max(leastMillis, millis);
    if (isLogged) log.beginOutage(cause);
  }
}

/** What is not sent yet has no result. */
export function giveRestBack({ bulks, suspects, tried, back }: Attempt): void {
  back.push(...bulks.splice(0).flat(), ...suspects.splice(0), ...tried.splice(0));
}

/** It has failed alone, perhaps when nothing else succeeded, which did not count. */
function isSuspect({ failures }: Hit): boolean {
  return failures !== undefined;
}

/** Removes one of these hits. */
function takeAny(hits: Hit[], random: () => number): Hit[] {
  return hits.splice(Math.min(Math.floor(random() * hits.length), hits.length - 1), 1);
}

function withFailures(hit: Hit, failures: number): Hit {
  const { site, client, visitor, startSeconds, kind, query } = hit;
  return { site, client, visitor, startSeconds, kind, query, failures };
}

/** The seconds in `Retry-After`. Without it, or with a date, which the clock of another machine would have to fit, 0. */
function retryAfterMillis(header = ''): number {
  return /^\s*\d+\s*$/.test(header) ? Math.min(Number(header) * 1000, MAX_RETRY_AFTER_MILLIS) : 0;
}
