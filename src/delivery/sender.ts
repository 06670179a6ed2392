import type { Hit } from '../hit/hit.js';
import { type BulkResult, mayBeTokenRejection } from './answer/interpret-answer.js';
import { reasonOf, type Verdict, Verdicts } from './answer/verdicts.js';
import type { BatchSource } from './batch-source.js';
import type { DeliveryOptions, DeliveryParts } from './delivery-options.js';
import type { Exchange } from './http/transport.js';
import { type Batch, type Failure, type Reason, toBody } from './queue/batch.js';
import type { SendMode } from './queue/failing-hits.js';

/** Failures in a row after which it is logged that nothing can be sent. */
const LOGGED_FAILURES = 3;

/** Connecting takes less. */
const LONG_MILLIS = 1_000;

/** What sends hits while the process lives, and at its end. */
export interface SendingParts extends DeliveryParts {
  readonly source: BatchSource;
  readonly sender: Sender;
}

/** What a response at the end of a process means for what is sent after it. */
interface DecisionAtExit {
  /** Why nothing more can be sent; `undefined` if something may be sent. */
  readonly stoppedBy?: string | undefined;
  /** Why hits of the bulk may be left in the end. */
  readonly failedBy?: string | undefined;
}

/**
 * Sends batches one after the other until an attempt fails, and decides by the response what becomes of the hits and when the next attempt
 * is.
 *
 *     batch ──send──> exchange ──classify──> result ──decide──> verdict ──apply──> counters, queue, wait
 *
 * An exchange has an answer of Matomo, or none. A verdict is the policy for its result, and a wait: see `answer/interpret-answer.ts`.
 */
export class Sender {
  /** Back-off: no attempt before this time, except for a flush. */
  waitUntilMillis = 0;
  /** When Matomo last tracked or accepted hits, or the start, on the monotonic clock. */
  lastSuccessMillis: number = performance.now();
  /** Whether the last attempt failed so that the next one has to wait. */
  hasToWait = false;
  readonly #parts: Omit<SendingParts, 'sender'>;
  readonly #verdicts: Verdicts;
  #failedBulksInARow = 0;
  /** At its end, the process has cut the last request short, which says nothing about Matomo. */
  #isCutShort = false;
  readonly #token: CurrentToken;

  constructor(parts: Omit<SendingParts, 'sender'>) {
    this.#parts = parts;
    this.#token = new CurrentToken(parts.options);
    this.#verdicts = new Verdicts(parts);
  }

  /** Whether a flush may send. After the token was rejected, only a shutdown does before the wait ends: many rejections lock the address out. */
  get mayFlush(): boolean {
    const { isTokenRejected } = this.#parts.source.failing;
    return !isTokenRejected || performance.now() >= this.waitUntilMillis;
  }

  /** Whether an attempt may begin. While the token is rejected, only another one in its file ends the wait earlier. */
  mayBegin(): boolean {
    const { isTokenRejected } = this.#parts.source.failing;
    if (isTokenRejected && this.#token.rereadSometimes()) this.waitUntilMillis = 0;
    return performance.now() >= this.waitUntilMillis;
  }

  /** Sends batch after batch until nothing is due, or nothing can be sent now. */
  async send(mode: SendMode): Promise<void> {
    const { source } = this.#parts;
    source.begin(mode);
    do {
      const withStored = await source.prepare();
      const batch = source.isOver ? undefined : source.choose(withStored);
      if (!batch) return;
      if (batch.mayBeStored) source.queue.resent += batch.hits.length;
      batch.mayBeStored = false;
      let result = await this.#exchange(batch);
      if (mayBeTokenRejection(result) && this.#token.reread()) result = await this.#exchange(batch);
      const verdict = this.#verdicts.decide(batch, result);
      if (!this.#isCutShort) this.#verdicts.record(batch, verdict);
      this.#apply(batch, verdict);
    } while (performance.now() >= this.waitUntilMillis);
  }

  /** The body of the request for a batch, with the token. */
  bodyOf({ hits }: Batch): Buffer {
    return toBody(hits, this.#token.value);
  }

  /** In the last flush of a process: applies the result of an exchange to a batch from memory. */
  decideAtExit(batch: Batch, exchange: Exchange): DecisionAtExit {
    const result = this.#verdicts.classify(batch, exchange, this.#token.value);
    if (mayBeTokenRejection(result) && this.#token.reread()) return {}; // the batch is sent again
    const verdict = this.#verdicts.decide(batch, result);
    this.#apply(batch, verdict);
    const isStopped = verdict.waitMillis > 0 || this.#parts.source.failing.isServerFailing;
    const reason = reasonOf(result)?.reason;
    return {
      stoppedBy: isStopped ? reason : undefined,
      failedBy: verdict.policy.hits === 'failed' ? reason : undefined,
    };
  }

  /** Sends a batch once. Never rejects. */
  async #exchange(batch: Batch): Promise<BulkResult> {
    const { hold, transport, options, source } = this.#parts;
    const token = this.#token.value;
    const sending = transport.send(toBody(batch.hits, token), options.exportTimeoutMillis);
    const exchange = await hold.during(sending);
    const isUnconnected =
      exchange.kind === 'not_sent' && (exchange.waitedMillis ?? 0) >= LONG_MILLIS;
    this.#isCutShort = source.isOver && !isUnconnected;
    return this.#verdicts.classify(batch, exchange, token);
  }

  #apply(batch: Batch, verdict: Verdict): void {
    const { options, source } = this.#parts;
    const { failing } = source;
    const { policy, result, isSuccess } = verdict;
    const { hits } = batch;
    const now = performance.now();
    let { waitMillis } = verdict;
    batch.mayBeStored = 'mayBeStored' in policy && policy.mayBeStored === true;
    if (policy.hits !== 'failed') this.#failedBulksInARow = 0;
    failing.sendsAside &&= isSuccess;
    switch (policy.hits) {
      case 'counted':
        if (isSuccess) source.succeed(batch);
        else failing.remove(batch);
        source.count(batch, policy.counts, invalidOf(result, hits));
        break;
      case 'kept':
        if (policy.wait === 'token') failing.tokenRejected(batch, failureOf(result));
        else failing.postponed();
        if (policy.sendsOne) failing.serverFails();
        break;
      case 'halved':
        if (hits.length > 1) failing.split(batch);
        else {
          failing.remove(batch);
          source.count(batch, { [policy.alone]: 1 });
        }
        break;
      case 'failed': {
        const failure = failureOf(result);
        failing.failed(batch, now, failure);
        waitMillis = this.#afterFailure(failure.reason, now);
      }
    }
    this.waitUntilMillis = now + waitMillis;
    this.hasToWait = waitMillis > 0;
    if (policy.hits === 'counted') {
      const { tracked = 0, accepted = 0 } = policy.counts;
      if (tracked + accepted > 0 && !this.hasToWait) this.lastSuccessMillis = performance.now();
      if (tracked > 0) options.onTracked?.();
    }
  }

  /** Logs why after many failures in a row, if nothing can be sent now. Returns how long nothing is sent. */
  #afterFailure(reason: Reason, nowMillis: number): number {
    const { source, outage } = this.#parts;
    const { failing } = source;
    this.#failedBulksInARow += 1;
    const isWaiting = failing.isServerFailing || failing.dueMillis(true) > nowMillis;
    if (isWaiting && (this.#failedBulksInARow >= LOGGED_FAILURES || outage.cause !== undefined))
      outage.begin(reason, true);
    return failing.isServerFailing ? failing.serverWaitMillis : 0;
  }
}

/** The hits that Matomo names as invalid. */
function invalidOf(result: BulkResult, hits: readonly Hit[]): readonly Hit[] | undefined {
  if (result.kind !== 'processed' || !result.invalidIndices) return undefined;
  const indices = new Set(result.invalidIndices);
  return indices.size === result.invalid
    ? hits.filter((_, index) => indices.has(index))
    : undefined;
}

function failureOf(result: BulkResult): Failure {
  return { reason: reasonOf(result) as Reason, areInvalid: result.kind === 'all_invalid' };
}

/** The shortest interval for reading a rejected token again. The longest is that of looks, five seconds. */
const REREAD_MILLIS = 2_500;

/** The token that is sent. While Matomo rejects it, it is read again if it came from a file. */
class CurrentToken {
  value: string | undefined;
  readonly #read: DeliveryOptions['rereadToken'];
  #readMillis = Number.NEGATIVE_INFINITY;

  constructor({ tokenAuth, rereadToken }: DeliveryOptions) {
    this.value = tokenAuth;
    this.#read = rereadToken;
  }

  /** Reads the token again. Returns whether it is another one; a missing or empty file keeps the old one. */
  reread(): boolean {
    this.#readMillis = performance.now();
    const token = this.#read?.() ?? this.value;
    const isNew = token !== this.value;
    this.value = token;
    return isNew;
  }

  /** The same, but does nothing if it was read not long ago. */
  rereadSometimes(): boolean {
    return performance.now() - this.#readMillis >= REREAD_MILLIS && this.reread();
  }
}
