import type { Hit } from '../hit/hit-text.js';
import { type BulkResult, interpretAnswer, type Reason } from './answer.js';
import { halve, toBody, toBulks } from './bulk.js';
import { addTo, type DeliveryCounts, type Results } from './counts.js';
import type { DeliveryLog } from './delivery-log.js';
import { FailingClients } from './failing-clients.js';
import type { Exchange } from './http.js';
import type { Claim } from './store.js';
import { Token, type TokenOptions } from './token.js';

/** A single hit is rejected after this many failures, each directly after another request had succeeded. */
const MAX_FAILURES = 5;
/** The maximum number of suspects that are sent after a successful request. The next bulk then shows whether the server still works. */
const MAX_SUSPECTS = 10;
/** After this many failures in a row the server may be the cause. The number is that of a binary search for one hit, plus four. */
const mostInRow = (maxBulkHits: number) => Math.ceil(Math.log2(maxBulkHits)) + 5;
/** The number of hits of other clients that are tried before the server counts as the cause. */
const MAX_PROBES = 3;
/** With `resendUnconfirmed`, the maximum number of times that an unconfirmed hit is sent again. */
const MAX_RESENDS = 3;
/** A claim begins no request after this time. Its process counts as dead a minute plus the request timeout after the claim. */
const CLAIM_MILLIS = 45_000;

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
/** The maximum age of hits without a token. Matomo rejects hits older than 24 hours, and ten minutes are reserved for sending. */
const OLDEST_WITHOUT_TOKEN_MILLIS = 24 * HOUR - 10 * MINUTE;
/** The maximum age of hits in a spool, which must not keep personal data for longer. */
const OLDEST_IN_SPOOL_MILLIS = 7 * 24 * HOUR;

/** Waits between attempts. The last one repeats. A part of each wait is random, so that processes do not retry at the same time. */
interface BackOff {
  readonly millis: readonly number[];
  readonly jitter: number;
}

const BACK_OFF: BackOff = {
  millis: [1, 2, 4, 8, 16, 32, 60].map((wait) => wait * SECOND),
  jitter: 0.5,
};
/** Waits if hits may be the cause. They are short, so that other hits are not delayed for long. */
const SEARCH: BackOff = { millis: [1, 2, 4, 8, 10].map((wait) => wait * SECOND), jitter: 0.5 };
/** Waits if the token is rejected. Matomo knows a new token after five minutes, and locks an address out after 20 rejections in an hour. */
const TOKEN: BackOff = { millis: [5.5, 20, 40, 60].map((wait) => wait * MINUTE), jitter: 0 };

export interface SenderOptions extends TokenOptions {
  readonly maxExportBatchSize: number;
  readonly resendUnconfirmed: boolean;
  /** Called after each bulk of which Matomo tracked hits. */
  readonly onTracked?: (() => void) | undefined;
}

interface SenderParts {
  readonly options: SenderOptions;
  readonly counts: Pick<DeliveryCounts, 'resent'>;
  readonly log: Pick<DeliveryLog, 'beginOutage' | 'endOutage' | 'warn' | 'rejectHit'>;
  readonly random: () => number;
  /** @default the monotonic clock */
  readonly now?: () => number;
  /** @default the wall clock */
  readonly wallMillis?: () => number;
}

/** The hits of a claim while they are sent. */
export interface Attempt {
  readonly claim: Claim;
  /** Time on the monotonic clock after which no request begins. */
  readonly endMillis: number;
  /** The bulks to send next. */
  readonly bulks: Hit[][];
  /** Hits that have failed alone, and all hits of a failing client. Each of these is sent directly after a successful request. */
  readonly suspects: Hit[][];
  /** Suspects that have failed since the last success. */
  readonly tried: Hit[][];
  /** The bulk that is being sent. */
  inFlight: readonly Hit[];
  readonly results: Results;
  /** Hits without a result. */
  readonly back: Hit[];
  /** Whether the hits in `back` go behind all others. Otherwise they keep their position. */
  isBehind: boolean;
}

/**
 * Decides which hits are sent, interprets the results, and decides when sending waits. Does no I/O. The rules for hits that fail:
 *
 * 1. A bulk that may have failed because of one of its hits is halved immediately, and so is each half that fails, down to one hit.
 * 2. A hit that has failed alone is a suspect. After each successful request, it is sent again, alone. A failure then counts. After the fifth such
 *    failure, the hit is rejected. At the end of its claim, a suspect goes behind all others and keeps its count.
 * 3. All hits of a failing client (`FailingClients`) in a claim are one suspect, which is not halved.
 * 4. If more requests fail in a row than one hit explains (12 with the default batch size), hits of random clients are tried. If these fail, too, or
 *    all hits of a claim, the server is the cause: the claim goes behind all others, and sending waits. Then each attempt begins with a hit of a
 *    random client, until one succeeds.
 * 5. If the server has not processed the hits, they keep their position, and sending waits. If that is unknown, they are lost as unconfirmed, or
 *    sent again with `resendUnconfirmed`.
 * 6. A bulk whose hits are all invalid goes behind all others. If others are tracked before it fails again, its hits are invalid. If the next bulk is
 *    all invalid, too, the token is rejected: all hits wait for long, or for another token.
 */
export class Sender {
  /** The time until which only a flush sends. */
  waitUntilMillis = Number.NEGATIVE_INFINITY;
  /** Whether the process is ending. If so, the request in flight is aborted, which says nothing about Matomo. */
  isClosing = false;
  readonly #parts: SenderParts;
  readonly #now: () => number;
  readonly #wallMillis: () => number;
  readonly #clients: FailingClients;
  readonly #token: Token;
  /** Whether an answer had counters. */
  #isMatomo = false;
  /** Whether the latest request has shown that the server works. */
  #works = false;
  /** Whether an attempt has failed, and no request has succeeded since then. */
  #isDown = false;
  /** The number of waits since the last success. */
  #waits = 0;

  constructor(parts: SenderParts) {
    this.#parts = parts;
    this.#now = parts.now ?? (() => performance.now());
    this.#wallMillis = parts.wallMillis ?? (() => Date.now());
    this.#clients = new FailingClients(this.#now);
    this.#token = new Token(parts.options, this.#wallMillis);
  }

  /** Whether an attempt may begin. If Matomo has rejected the token, only another token ends the wait. A flush does not. */
  mayBegin(isFlush: boolean): boolean {
    const token = this.#token;
    if (token.isRejected && token.reread()) this.waitUntilMillis = Number.NEGATIVE_INFINITY;
    return (isFlush && !token.isRejected) || this.#now() >= this.waitUntilMillis;
  }

  /** Begins an attempt for the hits of a claim that have not expired. `sinceMillis` is a time on the monotonic clock before the claim was made. */
  begin(claim: Claim, sinceMillis: number = this.#now(), isOfSpool = false): Attempt {
    const { maxExportBatchSize } = this.#parts.options;
    const oldestSeconds = this.#oldestSeconds(isOfSpool);
    const fresh = claim.hits.filter(({ startSeconds }) => startSeconds > oldestSeconds);
    const { ofClients, others } = this.#clients.split(fresh);
    const untried = others.filter(({ failures }) => failures === undefined);
    const suspects = others.filter(({ failures }) => failures !== undefined);
    const attempt: Attempt = {
      claim,
      endMillis: sinceMillis + CLAIM_MILLIS,
      bulks: toBulks(untried, maxExportBatchSize),
      suspects: [
        ...suspects.map((hit) => [hit]),
        ...ofClients.flatMap((hits) => toBulks(hits, maxExportBatchSize)),
      ],
      tried: [],
      inFlight: [],
      results: { expired: claim.hits.length - fresh.length },
      back: [],
      isBehind: true,
    };
    if (!this.#isDown || this.#isolateAny(attempt)) return attempt;
    const { length } = attempt.suspects;
    if (length > 1) attempt.suspects.unshift(...attempt.suspects.splice(this.#pick(length), 1));
    return attempt;
  }

  /** Hits that started before this time have expired. */
  #oldestSeconds(isOfSpool: boolean): number {
    const withToken = isOfSpool ? OLDEST_IN_SPOOL_MILLIS : Infinity;
    const most = this.#token.value === undefined ? OLDEST_WITHOUT_TOKEN_MILLIS : withToken;
    return (this.#wallMillis() - most) / 1000;
  }

  /**
   * Makes a hit of a random client the next bulk. Its visitor is random, too, because all clients behind an undeclared proxy have one address.
   * Returns `false` if all hits are suspects.
   */
  #isolateAny({ bulks }: Attempt): boolean {
    const ofClient = this.#pickBy(bulks.flat(), ({ client }) => client);
    const [hit] = this.#pickBy(
      this.#pickBy(ofClient, ({ visitor }) => visitor),
      (each) => each,
    );
    if (!hit) return false;
    const index = bulks.findIndex((bulk) => bulk.includes(hit));
    const others = bulks[index]?.filter((each) => each !== hit) ?? [];
    bulks.splice(index, 1, ...(others.length > 0 ? [others] : []));
    bulks.unshift([hit]);
    return true;
  }

  /** The hits with one key. The key is chosen at random. */
  #pickBy(hits: readonly Hit[], keyOf: (hit: Hit) => unknown): readonly Hit[] {
    const keys = [...new Set(hits.map(keyOf))];
    const key = keys[this.#pick(keys.length)];
    return hits.filter((hit) => keyOf(hit) === key);
  }

  #pick(count: number): number {
    return Math.min(Math.floor(this.#parts.random() * count), count - 1);
  }

  toBody(hits: readonly Hit[]): Buffer {
    return toBody(hits, this.#token.value);
  }

  read(exchange: Exchange, { length: sent }: readonly Hit[]): BulkResult {
    const token = this.#token.value;
    const hasToken = token !== undefined;
    return interpretAnswer(exchange, { sent, hasToken, token, isMatomo: this.#isMatomo });
  }

  /** Yields each bulk to send, and receives its result. In the end, each hit has a result or is in `back`. */
  *send(attempt: Attempt): Generator<readonly Hit[], void, BulkResult> {
    const { bulks, suspects, tried } = attempt;
    const inRow = mostInRow(this.#parts.options.maxExportBatchSize);
    let failures = 0;
    let tries = 0;
    let probes = 0;
    let hasSucceeded = false;
    let cause: Reason | undefined;
    while (this.#now() < attempt.endMillis) {
      if (failures >= (this.#isDown ? 1 : inRow)) {
        if (this.#isDown || probes === MAX_PROBES || !this.#isolateAny(attempt)) break;
        probes += 1;
      }
      const isSuspectNext = this.#works ? tries < MAX_SUSPECTS : bulks.length === 0 && !cause;
      const suspect = isSuspectNext ? suspects.shift() : undefined;
      const bulk = suspect ?? bulks.shift();
      if (!bulk) break;
      attempt.inFlight = bulk;
      const result = yield bulk;
      attempt.inFlight = [];
      if (!this.#settle(bulk, result, attempt, suspect !== undefined)) return giveRestBack(attempt);
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
      probes = 0;
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
    this.#wait(cause, wasDown, SEARCH);
  }

  /** Applies a result. Returns whether sending continues. */
  #settle(bulk: Hit[], result: BulkResult, attempt: Attempt, isSuspect: boolean): boolean {
    const { log } = this.#parts;
    const { results } = attempt;
    switch (result.kind) {
      case 'processed': {
        const { tracked, invalid, unconfirmed, warning } = result;
        if (warning) log.warn(warning);
        this.#isMatomo ||= tracked + invalid > 0;
        if (tracked > 0) this.#clients.addStored(bulk);
        this.#succeed(tracked > 0);
        addTo(results, { tracked, invalid, unconfirmed });
        return true;
      }
      case 'accepted':
        if (result.warning) log.warn(result.warning, ' Sending continues.');
        this.#clients.addStored(bulk);
        this.#succeed(true);
        addTo(results, { accepted: bulk.length });
        return true;
      case 'failed':
        this.#fail(bulk, result, attempt, isSuspect);
        return true;
      case 'too_large':
        this.#works = false;
        if (bulk.length === 1) addTo(results, { too_large: 1 });
        else (isSuspect ? attempt.suspects : attempt.bulks).unshift(...halve(bulk));
        return true;
      case 'all_invalid':
        this.#isMatomo = true;
        return this.#doubt(bulk, result, attempt);
      case 'unconfirmed':
        this.leaveUnconfirmed(bulk, attempt);
        this.#isDown = true;
        this.#wait(result, true, BACK_OFF);
        return false;
      case 'later':
        attempt.back.push(...bulk);
        attempt.isBehind = false;
        this.#wait(result, true, BACK_OFF, retryAfterMillis(result.retryAfter));
        return false;
    }
  }

  /** Handles a failure whose cause may be one of the hits. */
  #fail(bulk: Hit[], result: Failed, attempt: Attempt, isSuspect: boolean): void {
    const { counts, log } = this.#parts;
    counts.resent += Math.min(bulk.length, result.mayBeStored ?? 0);
    if (bulk.length > 1 && !isSuspect) {
      attempt.bulks.unshift(...halve(bulk));
      return;
    }
    const counted = this.#works ? 1 : 0;
    const failed = bulk.map((hit) => change(hit, { failures: (hit.failures ?? 0) + counted }));
    const rejected = failed.filter(({ failures = 0 }) => failures >= MAX_FAILURES);
    const others = failed.filter(({ failures = 0 }) => failures < MAX_FAILURES);
    for (const hit of rejected) log.rejectHit(hit, result);
    this.#clients.addRejected(rejected);
    addTo(attempt.results, { rejected: rejected.length });
    if (others.length > 0) attempt.tried.push(others);
  }

  /** Handles a bulk with nothing but invalid hits, or with an invalid token. Returns whether sending continues. */
  #doubt(bulk: Hit[], result: Reason, attempt: Attempt): boolean {
    const token = this.#token;
    const { back, results } = attempt;
    this.#works = false;
    const wasRejected = token.isRejected;
    const { invalid, others } = token.judge(bulk);
    addTo(results, { invalid: invalid.length });
    const invalidSeconds = this.#wallMillis() / 1000;
    back.push(...others.map((hit) => change(hit, { invalidSeconds })));
    if (!token.isRejected) return true;
    if (!wasRejected) this.#waits = 0;
    this.#wait(result, true, TOKEN);
    return false;
  }

  /** Handles hits that Matomo may have stored. */
  leaveUnconfirmed(bulk: readonly Hit[], attempt: Attempt): void {
    const { options, counts } = this.#parts;
    const mostResends = options.resendUnconfirmed ? MAX_RESENDS : 0;
    const again = bulk.filter(({ resends = 0 }) => resends < mostResends);
    counts.resent += again.length;
    addTo(attempt.results, { unconfirmed: bulk.length - again.length });
    attempt.isBehind = again.length > 0;
    attempt.back.push(...again.map((hit) => change(hit, { resends: (hit.resends ?? 0) + 1 })));
  }

  #succeed(isTracked: boolean): void {
    const { log, options } = this.#parts;
    log.endOutage();
    this.waitUntilMillis = Number.NEGATIVE_INFINITY;
    this.#works = isTracked;
    this.#isDown = false;
    this.#waits = 0;
    if (!isTracked) return;
    this.#token.accept();
    options.onTracked?.();
  }

  #wait(cause: Reason, isLogged: boolean, { millis, jitter }: BackOff, leastMillis = 0): void {
    this.#works = false;
    if (this.isClosing) return;
    const { log, random } = this.#parts;
    const longest = millis[Math.min(this.#waits, millis.length - 1)] as number;
    this.#waits += 1;
    const waitMillis = (1 - jitter + jitter * random()) * longest;
    this.waitUntilMillis = this.#now() + Math.max(leastMillis, waitMillis);
    log.beginOutage(cause, isLogged);
  }
}

/** Moves all hits that wait to be sent, or to be tried again, into `back`. */
export function giveRestBack({ bulks, suspects, tried, back }: Attempt): void {
  const rest = [bulks, suspects, tried].flatMap((lists) => lists.splice(0).flat());
  for (const hit of rest) back.push(hit); // a call cannot have so many arguments
}

/** Copies a hit as a plain object. The getter `client` is read, because the copy does not have it. */
function change(hit: Hit, changes: Partial<Hit>): Hit {
  return { ...hit, client: hit.client, ...changes };
}

/** Reads the seconds in `Retry-After`. Returns 0 without the header, or if it is a date, because the clocks of the machines may differ. */
function retryAfterMillis(header = ''): number {
  return /^\s*\d+\s*$/.test(header) ? Math.min(Number(header) * 1000, HOUR) : 0;
}

type Failed = Extract<BulkResult, { kind: 'failed' }>;
