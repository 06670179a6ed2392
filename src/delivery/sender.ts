import { coded } from '../common/messages.js';
import { runAtOnce, runInSlices, type Steps } from '../common/slices.js';
import { withTimeout } from '../common/timers.js';
import type { Hit } from '../hit/hit.js';
import { failingMillis } from './answer/back-off.js';
import { InterpretResponse, reasonOf, type Verdict } from './answer/interpret-response.js';
import { adviceFor } from './answer/outage.js';
import { type BulkResult, isRejected } from './answer/read-answer.js';
import { countAs } from './answer/result-policy.js';
import { CurrentToken } from './current-token.js';
import type { DeliveryParts } from './delivery-options.js';
import type { LoopHold } from './exit/loop-hold.js';
import type { Exchange } from './http/transport.js';
import { type Batch, countOf, type Failure, type Reason } from './queue/batch.js';
import { BatchQueue, type HitsOfBatch, UNAVAILABLE_AFTER } from './queue/batch-queue.js';
import {
  createDeliveryCounters,
  type DeliveryCounters,
  lostHits,
  sumOfCounters,
} from './queue/counters.js';
import { toBody } from './queue/to-body.js';
import type { Journal, JournalHit } from './spool/journal.js';
import type { Spool } from './spool/spool.js';

/** Hits that are finalized in one turn of the event loop, so that no turn takes long. */
const HITS_PER_TURN = 25;

/** How long to wait for a spool before hits from memory are sent instead: a disk may hang. */
const PATIENCE_MILLIS = 2_000;

/** Failures in a row after which it is logged that nothing can be sent. */
const LOGGED_FAILURES = 3;

interface SenderParts extends DeliveryParts {
  readonly random: () => number;
  readonly hold: LoopHold;
  /** Called if a rejected token was replaced in its file. */
  readonly onNewToken: () => void;
}

interface SendOptions {
  /** How many hits from memory are sent even if they do not fill a batch. */
  readonly due: number;
  /** Also hits that are not final yet. */
  readonly all: boolean;
  /** Hits from the spool are sent if they fill a batch, or the oldest is older. */
  readonly delayMillis: number;
}

/**
 * Makes batches of hits from memory and from the spool, and sends them one after the other until an attempt fails:
 *
 *     memory ──take──> batches ──────┐
 *       │ ▲ store, give back         ├──> one attempt ──> acknowledged, or left for later attempts
 *       ▼ │                          │
 *     spool ─────────────────────────┘
 */
export class Sender {
  /** Back-off: no attempt before this time, except for a flush. */
  waitUntilMillis = 0;
  /** After the token was rejected, not even a flush sends before this time, only a shutdown: many rejections lock the address out. */
  refusedUntilMillis = 0;
  /** Spooled hits are sent until then, so that there is time for the last response. The others stay in the spool. */
  storedUntilMillis: number = Number.POSITIVE_INFINITY;
  /** Nothing more is sent. */
  hasEnded = false;
  /** Only hits that are queued when a call begins are sent, so that a busy server can shut down. */
  isClosing = false;
  /** Hits sent again after a response that does not prove that nothing was stored. */
  resent = 0;
  /** When Matomo last tracked or accepted hits, or the start, on the monotonic clock. */
  lastSuccessMillis: number = performance.now();
  /** `false` after Matomo rejected crashes. */
  takesCrashes = true;
  /** Whether the last attempt failed. */
  isUnavailable = false;
  /** In the last flush of a process: why hits were tried and not sent again. */
  leftBecause: string | undefined;
  /** The batch that is being sent. */
  inFlight: Batch | undefined;
  readonly queue: BatchQueue;
  readonly #parts: SenderParts;
  readonly #response: InterpretResponse;
  /** Bulks in a row that failed. */
  #failures = 0;
  /** The journal from which the stored hits in the queue were taken. */
  #journal: Journal | undefined;
  /** Resolves when the call of `fill` that runs has ended. */
  #filled: Promise<void> | undefined;
  #isLoading = false;
  #isStoring = false;
  /** Hits to count as resent if they are sent again. */
  readonly #mayBeStored = new WeakSet<Hit>();
  /** Whether `#mayBeStored` may have hits. */
  #hasDoubts = false;
  readonly #token: CurrentToken;

  constructor(parts: SenderParts) {
    const { options, diagnostics, random } = parts;
    this.#parts = parts;
    this.#token = new CurrentToken(options);
    this.queue = new BatchQueue(options.maxExportBatchSize, (n) => failingMillis(n, random));
    this.#response = new InterpretResponse(options, diagnostics, random, () => ({
      pending: this.pending,
      waitUntilMillis: Math.max(this.waitUntilMillis, this.queue.dueMillis(true)),
    }));
  }

  /** Hits without a result. */
  get pending(): number {
    const { memory, spool } = this.#parts;
    return memory.count + (spool?.pending ?? 0);
  }

  /** Whether hits are sent from memory. If not, they are stored first. */
  get sendsFromMemory(): boolean {
    return this.#parts.spool?.isWritable !== true;
  }

  /** Why Matomo does not process hits; `undefined` if it does. */
  get stoppedBy(): string | undefined {
    return this.#response.outage.cause?.reason;
  }

  /** Start of the oldest request whose hit was taken, in epoch seconds; `Infinity` if none is known. */
  get oldestSeconds(): number {
    const { spool } = this.#parts;
    return Math.min(this.queue.oldestSeconds, spool?.oldestSeconds ?? Number.POSITIVE_INFINITY);
  }

  /** Makes full batches of the hits that are in memory now, in turns of the event loop; `isFast`: in as few as possible. */
  fill(isFast = false): Promise<void> {
    this.#filled ??= runInSlices(this.#takeFull(isFast)).finally(() => {
      this.#filled = undefined;
    });
    return this.#filled;
  }

  /** Sends batch after batch until nothing is due, or nothing can be sent now. */
  async send({ due, all, delayMillis }: SendOptions): Promise<void> {
    let left = due;
    let isForced = all;
    while (!this.hasEnded) {
      let withStored = await this.#loadStored(delayMillis);
      if (this.hasEnded) return;
      if (this.queue.needsMore(withStored) && (left > 0 || !this.isClosing)) {
        await this.fill(all);
        if (left > 0 && this.#takesMore(withStored))
          await runInSlices(this.#take(performance.now(), all, all));
        // The process may have stood still in these turns, and another one has taken its journal over.
        withStored &&= await this.#loadStored(delayMillis);
      }
      if (this.hasEnded) return;
      this.expire();
      const batch = this.queue.next({ nowMillis: performance.now(), withStored, isForced });
      if (!batch) return;
      this.inFlight = batch;
      const verdict = await this.#attempt(batch);
      this.inFlight = undefined;
      isForced &&= verdict.isSuccess;
      const decided = this.#apply(batch, verdict);
      // `due` counts requests, and crashes come beside them.
      if (!batch.isStored && batch.kind !== 'crash') left -= decided;
      if (performance.now() < this.waitUntilMillis) return;
    }
  }

  /** In the last flush of a process: the next batch from memory. */
  nextAtExit(): Batch | undefined {
    const nowMillis = performance.now();
    this.queue.isLast = true;
    if (this.#takesMore(false)) runAtOnce(this.#take(nowMillis, true, true));
    this.expire();
    return this.queue.next({ nowMillis, withStored: false, isForced: true });
  }

  /** Drops hits that are too old and not in flight. */
  expire(): void {
    const { isFresh } = this.#parts;
    this.#lose(
      'expired',
      this.queue.dropHits((hit) => !isFresh(hit), this.inFlight),
    );
  }

  /**
   * Moves batches that are not in flight from memory to the spool, one by one. A batch that the spool could not store is queued
   * in memory again.
   */
  async storeBatches(): Promise<void> {
    const { spool } = this.#parts;
    if (!spool || this.#isStoring) return;
    this.#isStoring = true;
    try {
      while (this.queue.size > 0) {
        const room = await spool.findRoom();
        const hits = this.queue.takeBatch(this.inFlight, room);
        if (hits.length === 0) return;
        await spool.storeEncoded(hits);
      }
    } finally {
      this.#isStoring = false;
    }
  }

  /** Counts all hits in memory as lost. */
  drop(): void {
    this.queue.clear();
    this.#parts.memory.drop();
  }

  /** The body of the request for a batch, with the token. */
  bodyOf({ hits }: Batch): Buffer {
    return toBody(hits, this.#token.value);
  }

  /**
   * In the last flush of a process: applies the result of an exchange to a batch from memory. Returns why nothing more can be sent;
   * `undefined` if something may be sent.
   */
  decideAtExit(batch: Batch, exchange: Exchange): Reason | undefined {
    const result = this.#response.read(batch, exchange, this.#token.value);
    if (isRejected(result) && this.#token.reread()) return undefined; // the batch is sent again
    const verdict = this.#response.interpretAtExit(batch, result);
    this.#apply(batch, verdict);
    const reason = reasonOf(result);
    if (verdict.policy.hits === 'failed') this.leftBecause = reason?.reason;
    const isStopped = verdict.waitMillis > 0 || this.queue.isUnavailable;
    return isStopped ? reason : undefined;
  }

  /**
   * At exit: waits for the response to the bulk in flight, if that is possible. Without a response, the hits stay in memory only if
   * nothing of the bulk was written.
   */
  finishInFlight(millis: number): void {
    const { options, transport } = this.#parts;
    const batch = this.inFlight;
    if (!batch) return;
    const exchange = transport.waitSync?.(millis);
    if (exchange) {
      this.decideAtExit(batch, exchange);
      return;
    }
    if (batch.isStored || options.resendUnconfirmed || transport.isSending?.() === false) return;
    this.queue.remove(batch);
    this.#acknowledge(batch, lostHits('unconfirmed', batch.hits.length));
  }

  /** Aborts the request in flight. */
  close(): Promise<void> {
    return this.#parts.transport.close();
  }

  /** No response is interpreted any more: ends all timers. */
  stop(): void {
    this.#token.stop();
    this.#response.outage.close();
  }

  /** Whether hits from memory are sent next. */
  #takesMore(withStored: boolean): boolean {
    return this.sendsFromMemory && this.queue.needsMore(withStored);
  }

  *#takeFull(isHurried: boolean): Steps {
    const { memory, options } = this.#parts;
    const { maxExportBatchSize: max } = options;
    let isFast = isHurried;
    for (let left = memory.queued; left >= max; left -= max) {
      const nowMillis = performance.now();
      if (!this.sendsFromMemory || !memory.hasFinal(max, nowMillis)) return;
      isFast ||= memory.hasFinal(2 * max, nowMillis); // a busy server must not fall behind
      yield* this.#take(nowMillis, false, isFast);
    }
  }

  /** Takes hits from memory, at most a batch: final ones, or `all`. Unless `isFast`, the event loop has a turn after each portion. */
  *#take(nowMillis: number, all: boolean, isFast: boolean): Steps {
    const { memory, options } = this.#parts;
    for (let left = options.maxExportBatchSize; left > 0; left -= HITS_PER_TURN) {
      const count = Math.min(left, HITS_PER_TURN);
      const hits = memory.take(count, nowMillis, all);
      this.queue.add(hits, false);
      if (hits.length < count) return;
      yield !isFast && count === HITS_PER_TURN;
    }
  }

  /** Takes hits from the spool if the queue needs more. Returns whether hits of the spool may be sent. */
  async #loadStored(delayMillis: number): Promise<boolean> {
    const { spool } = this.#parts;
    if (!spool || this.#isLoading || performance.now() >= this.storedUntilMillis) return false;
    this.#isLoading = true;
    const loaded = this.#load(spool, delayMillis).finally(() => {
      this.#isLoading = false;
    });
    const isLoaded = await withTimeout(PATIENCE_MILLIS, loaded, true);
    return isLoaded === true && performance.now() < this.storedUntilMillis;
  }

  async #load(spool: Spool, delayMillis: number): Promise<boolean> {
    const { maxExportBatchSize: max, maxQueueSize } = this.#parts.options;
    await spool.ready;
    const { openJournal } = spool;
    if (!openJournal) return false;
    if (this.#journal !== openJournal) this.queue.forgetStored();
    this.#journal = openJournal;
    const { total, setAside } = this.queue;
    // If all hits have failed alone, only others that are processed can show that they are the cause.
    const hasRoom = total < maxQueueSize || total === setAside;
    if (hasRoom && this.queue.needsMore(true)) {
      this.queue.add(await spool.take(openJournal, max, delayMillis), true);
      if (!this.takesCrashes) this.#dropCrashes();
    }
    return spool.mayStillSend(openJournal);
  }

  /** Makes one attempt. Never rejects. */
  async #attempt(batch: Batch): Promise<Verdict> {
    const { hits } = batch;
    if (this.#hasDoubts) this.#countResent(hits);
    let result = await this.#exchange(batch);
    if (isRejected(result) && this.#token.reread()) result = await this.#exchange(batch);
    return this.#response.interpret(batch, result);
  }

  async #exchange(batch: Batch): Promise<BulkResult> {
    const { hold, transport, options } = this.#parts;
    const token = this.#token.value;
    const sending = transport.send(toBody(batch.hits, token), options.exportTimeoutMillis);
    return this.#response.read(batch, await hold.during(sending), token);
  }

  /** Nothing is sent earlier unless the token changes. */
  #awaitNewToken(): void {
    this.refusedUntilMillis = this.waitUntilMillis;
    this.#token.watch(() => {
      this.waitUntilMillis = 0;
      this.refusedUntilMillis = 0;
      this.#parts.onNewToken();
    });
  }

  #countResent(hits: readonly Hit[]): void {
    for (const hit of hits) if (this.#mayBeStored.delete(hit)) this.resent += 1;
  }

  /** Applies a verdict. Returns how many hits were counted. */
  #apply(batch: Batch, { policy, result, isSuccess, waitMillis }: Verdict): number {
    const now = performance.now();
    const { hits } = batch;
    this.waitUntilMillis = now + waitMillis;
    let counts = createDeliveryCounters();
    if (policy.hits !== 'failed') this.#failures = 0;
    switch (policy.hits) {
      case 'counted':
        counts = countAs(policy.as, hits.length, result);
        if (isSuccess) this.#reject(this.queue.succeeded(batch));
        else this.queue.remove(batch);
        break;
      case 'kept':
        if (policy.wait === 'token') this.queue.refused(batch, failureOf(result));
        else this.queue.postponed();
        break;
      case 'halved':
        if (hits.length > 1) this.queue.split(batch);
        else {
          counts = countAs(policy.alone, 1, result);
          this.queue.remove(batch);
        }
        break;
      case 'failed': {
        const failure = failureOf(result);
        this.queue.failed(batch, now, failure);
        this.#afterFailure(failure.reason, now);
      }
    }
    const decided = sumOfCounters(counts);
    if (decided > 0) this.#acknowledge(batch, counts);
    this.#remember(batch, counts, policy);
    return decided;
  }

  /** Waits after many failures in a row, and logs why if nothing can be sent now. */
  #afterFailure(reason: Reason, nowMillis: number): void {
    const { queue } = this;
    const { outage } = this.#response;
    this.#failures += 1;
    if (queue.isUnavailable) {
      const n = queue.failures - UNAVAILABLE_AFTER + 1;
      this.waitUntilMillis = nowMillis + failingMillis(n, this.#parts.random);
    }
    const isWaiting = queue.isUnavailable || queue.dueMillis(true) > nowMillis;
    if (isWaiting && (this.#failures >= LOGGED_FAILURES || outage.cause !== undefined))
      outage.begin(reason, true);
  }

  /** Keeps in mind what a verdict means for the next attempts. */
  #remember(batch: Batch, counts: DeliveryCounters, policy: Verdict['policy']): void {
    const { options } = this.#parts;
    const { tracked, accepted } = counts;
    const isTokenRefused = policy.hits === 'kept' && policy.wait === 'token';
    this.isUnavailable = performance.now() < this.waitUntilMillis;
    if (tracked + accepted > 0 && !this.isUnavailable) this.lastSuccessMillis = performance.now();
    if (tracked > 0) options.onTracked?.();
    if ('mayBeStored' in policy && policy.mayBeStored) {
      this.#hasDoubts = true;
      for (const hit of batch.hits) this.#mayBeStored.add(hit);
    }
    this.#token.stop();
    if (isTokenRefused) this.#awaitNewToken();
    if (policy.hits === 'counted' && policy.refusesCrashes) {
      this.takesCrashes = false;
      this.#dropCrashes();
    }
  }

  /** Counts a hit that failed alone several times, although others succeeded. */
  #reject(batch: Batch | undefined): void {
    if (!batch?.failure) return;
    const { areInvalid, reason } = batch.failure;
    this.#acknowledge(batch, countAs(areInvalid ? 'invalid' : 'rejected', 1));
    if (areInvalid) return;
    this.#parts.diagnostics.lines.add('rejected', 1, (hits) => {
      const text = `Failed three times when sent alone, although Matomo processed other hits directly before and after (${reason.reason}): ${countOf(hits)}, lost and counted as rejected. ${adviceFor(reason.code)}`;
      return coded('rejected', text);
    });
  }

  #acknowledge({ isStored, hits }: HitsOfBatch, counts: DeliveryCounters): void {
    const { memory, spool } = this.#parts;
    if (isStored) spool?.acknowledge(hits as JournalHit[], counts);
    else memory.acknowledge(hits, counts);
  }

  /** Drops crashes, which Matomo cannot store. */
  #dropCrashes(): void {
    this.#lose(
      'rejected',
      this.queue.dropHits(({ kind }) => kind === 'crash', this.inFlight),
    );
  }

  #lose(reason: 'expired' | 'rejected', dropped: readonly HitsOfBatch[]): void {
    for (const batch of dropped) this.#acknowledge(batch, lostHits(reason, batch.hits.length));
  }
}

function failureOf(result: BulkResult): Failure {
  return { reason: reasonOf(result) as Reason, areInvalid: result.kind === 'all_invalid' };
}
