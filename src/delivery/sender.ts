import { beginSlice } from '../common/slices.js';
import { withTimeout } from '../common/timers.js';
import { createInterpretResponse, type InterpretResponse } from './answer/interpret-response.js';
import { type BulkResult, isRejected } from './answer/read-answer.js';
import { decided, type Outcome } from './answer/result-policy.js';
import type { DeliveryParts } from './delivery-options.js';
import type { LoopHold } from './exit/loop-hold.js';
import type { Exchange } from './http/transport.js';
import { type Batch, decidedHits, sentHits } from './queue/batch.js';
import { BatchQueue } from './queue/batch-queue.js';
import { type DeliveryCounters, lostHits, sumOfCounters } from './queue/counters.js';
import { type EncodedHit, toBody } from './queue/encode-hits.js';
import type { Spool } from './spool/spool.js';
import type { IsFresh } from './spool/spool-store.js';
import { fingerprintToken } from './spool/token-watch.js';

/** How long to wait for a spool before hits from memory are sent instead: a disk may hang. */
const PATIENCE_MILLIS = 2_000;

/** Interval for reading the token again while it is rejected. */
const REREAD_MILLIS = 5_000;

interface SenderParts extends DeliveryParts {
  readonly random: () => number;
  readonly isFresh: IsFresh;
  readonly hold: LoopHold;
  /** Called if a rejected token was replaced in its file. */
  readonly onNewToken: () => void;
}

/** Batches from one place, whose hits are acknowledged there. */
interface Origin {
  readonly batches: BatchQueue;
  acknowledge(hits: readonly EncodedHit[], counts: DeliveryCounters): void;
}

/**
 * Makes batches of hits from memory and from the spool, and sends them one after the other until an attempt fails:
 *
 *     memory ──take──> batches ──────┐
 *       │ ▲ store, give back         ├──> one attempt ──> acknowledged, or left for later attempts
 *       ▼ │                          │
 *     spool, of all processes ───────┘
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
  /** The batch from memory that is being sent. */
  inFlight: Batch | undefined;
  /** Batches of hits from memory. */
  readonly batches: BatchQueue;
  readonly #parts: SenderParts;
  readonly #response: InterpretResponse;
  readonly #memory: Origin;
  readonly #spooled: Origin;
  /** The lease under which the spooled batches were taken. */
  #lease = 0;
  /** Rejected hits were removed from the spooled batches, and are still in the spool. */
  #hasSkipped = false;
  #isLoading = false;
  #isStoring = false;
  /** Hits to count as resent if they are sent again. */
  readonly #mayBeStored = new WeakSet<EncodedHit>();
  /** Whether `#mayBeStored` may have hits. */
  #hasDoubts = false;
  #token: string | undefined;
  #rereadTimer: NodeJS.Timeout | undefined;

  constructor(parts: SenderParts) {
    const { options, diagnostics, random, losses, memory, spool } = parts;
    this.#parts = parts;
    this.#token = options.tokenAuth;
    this.batches = new BatchQueue(options.maxExportBatchSize);
    this.#memory = {
      batches: this.batches,
      acknowledge: (hits, counts) => memory.acknowledge(hits, counts),
    };
    this.#spooled = {
      batches: new BatchQueue(options.maxExportBatchSize),
      acknowledge: (hits, counts) => spool?.store.acknowledge(hits, counts),
    };
    this.#response = createInterpretResponse(
      { ...options, hasToken: options.tokenAuth !== undefined },
      diagnostics,
      random,
      () => ({ pending: this.pending, waitUntilMillis: this.waitUntilMillis }),
      losses,
    );
  }

  /** Hits without a result. */
  get pending(): number {
    const { memory, spool } = this.#parts;
    return memory.count + (spool?.store.pending ?? 0);
  }

  /** Whether hits are sent from memory. If not, they are stored first. */
  get sendsFromMemory(): boolean {
    return this.#parts.spool?.store.isWritable !== true;
  }

  /** Why Matomo does not process hits; `undefined` if it does. */
  get stoppedBy(): string | undefined {
    return this.#response.stoppedBy;
  }

  /** Number of hits that failed alone and are sent again after another bulk was decided. */
  get retriedAlone(): number {
    return this.batches.retriedAlone + this.#spooled.batches.retriedAlone;
  }

  /** Start of the oldest request whose hit is encoded, in epoch seconds; `Infinity` if none is known. */
  get oldestSeconds(): number {
    const { batches } = this.#spooled;
    const store = this.#parts.spool?.store;
    if (!store) return this.batches.oldestSeconds;
    const isHolder = this.#lease !== 0 && this.#lease === store.lease;
    const taken = isHolder ? batches.oldestSeconds : Number.POSITIVE_INFINITY;
    return Math.min(this.batches.oldestSeconds, taken, store.oldestSeconds);
  }

  /** Whether `count` final hits can be taken from memory. */
  hasQueued(count: number, nowMillis: number): boolean {
    return this.sendsFromMemory && this.#parts.memory.hasFinal(count, nowMillis);
  }

  /** Makes batches while memory has enough hits. Returns `false` if it stopped early to yield to other work. */
  fillWhole(nowMillis: number): boolean {
    const { memory, options } = this.#parts;
    const { maxExportBatchSize: max } = options;
    const isOver = beginSlice();
    while (this.hasQueued(max, nowMillis)) {
      this.batches.add(memory.take(max, nowMillis, false));
      if (isOver()) return false;
    }
    return true;
  }

  /** Sends `due` hits from memory until an attempt fails: full batches, then partial ones. `all` includes hits that are not final yet. */
  async sendQueued(due: number, all: boolean): Promise<void> {
    let left = due;
    while (!this.hasEnded && (left > 0 || !this.isClosing)) {
      const now = performance.now();
      this.fillWhole(now);
      if (left > 0) this.takeQueued(now, all);
      const batch = this.nextQueued();
      this.inFlight = batch;
      const outcome = batch && (await this.#attempt(batch));
      this.inFlight = undefined;
      if (!batch || !outcome) return;
      this.#decide(this.#memory, batch, outcome);
      if (outcome.kind === 'held') return;
      left -= sumOfCounters(outcome.counts);
    }
  }

  /** Takes hits from memory, at most a batch, if the batches need more. */
  takeQueued(nowMillis: number, all: boolean): void {
    const { memory, options } = this.#parts;
    if (this.sendsFromMemory && this.batches.takesMore)
      this.batches.add(memory.take(options.maxExportBatchSize, nowMillis, all));
  }

  /** The next batch from memory. Drops hits that are too old. */
  nextQueued(): Batch | undefined {
    const expired = this.batches.expire(this.#parts.isFresh);
    this.#lose(this.#memory, 'expired', expired);
    return this.batches.first();
  }

  /** Sends full batches from the spool, and partial ones if their oldest hit is older than `delayMillis`. */
  async sendSpooled(delayMillis: number): Promise<void> {
    const { spool } = this.#parts;
    const mayGoOn = () => !this.hasEnded && performance.now() < this.storedUntilMillis;
    while (spool && mayGoOn()) {
      const batch = await this.#nextSpooled(spool, delayMillis);
      if (!batch || !mayGoOn()) return;
      const outcome = await this.#attempt(batch);
      this.#decide(this.#spooled, batch, outcome);
      const { tracked, invalid } = outcome.counts;
      if (tracked > 0 || outcome.refusesToken === true || invalid > 0)
        spool.store.recordToken(fingerprintToken(this.#token), tracked > 0);
      if (outcome.kind === 'held') return;
    }
  }

  /** Drops hits of the spool that are too old. No batch may be in flight. */
  expireSpooled(): void {
    const expired = this.#spooled.batches.expireAll(this.#parts.isFresh);
    this.#lose(this.#spooled, 'expired', expired);
  }

  /**
   * Moves batches that are not in flight from memory to the spool, one by one. A batch that the spool could not store is queued
   * in memory again.
   */
  async storeBatches(): Promise<void> {
    const { spool } = this.#parts;
    if (!spool || this.#isStoring || this.batches.size === 0) return;
    this.#isStoring = true;
    for (let room = await spool.findRoom(); this.batches.size > 0; room = await spool.findRoom()) {
      const hits = this.batches.takeBatch(this.inFlight, room);
      if (hits.length === 0) break;
      await spool.storeEncoded(hits);
    }
    this.#isStoring = false;
  }

  /** Counts all hits in memory as lost. */
  drop(): void {
    this.batches.clear();
    this.#parts.memory.drop();
  }

  /** The body of the next request for a batch, with the token. */
  bodyOf(batch: Batch): Buffer {
    return toBody(sentHits(batch), this.#token);
  }

  /**
   * In the last flush of a process: applies the result of an exchange to a batch from memory. Returns `undefined` if there is another
   * token, with which the batch is to be sent again.
   */
  decideAtExit(batch: Batch, exchange: Exchange): [BulkResult, Outcome] | undefined {
    const result = this.#response.read(batch, exchange);
    if (isRejected(result) && this.#rereadToken()) return undefined;
    const outcome = this.#response.interpretAtExit(batch, result);
    this.#decide(this.#memory, batch, outcome);
    return [result, outcome];
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
    if (options.resendUnconfirmed || transport.isSending?.() === false) return;
    const counts = lostHits('unconfirmed', sentHits(batch).length);
    this.#decide(this.#memory, batch, decided(batch, counts));
  }

  /** Aborts the request in flight. */
  close(): Promise<void> {
    return this.#parts.transport.close();
  }

  /** No response is interpreted any more: ends all timers. */
  stop(): void {
    clearInterval(this.#rereadTimer);
    this.#response.close();
  }

  /** The batch to send next; `undefined` if there is none, another process sends, or the spool has not answered. */
  async #nextSpooled(spool: Spool, delayMillis: number): Promise<Batch | undefined> {
    if (this.#isLoading) return undefined;
    this.#isLoading = true;
    const loaded = this.#loadSpooled(spool, delayMillis).finally(() => {
      this.#isLoading = false;
    });
    return withTimeout(PATIENCE_MILLIS, loaded, true);
  }

  async #loadSpooled(spool: Spool, delayMillis: number): Promise<Batch | undefined> {
    const { store } = spool;
    const { batches } = this.#spooled;
    // The last holder may have released the lease a moment ago, and this may be the last flush of all processes.
    if (delayMillis === 0) await store.mayStillSend(store.lease);
    const lease = store.lease;
    if (this.#lease !== lease) this.#forgetSpooled();
    this.#lease = lease;
    if (lease === 0) return undefined;
    if (batches.skipRejected()) this.#hasSkipped = true;
    for (;;) {
      if (batches.takesMore) await this.#takeSpooled(spool, delayMillis);
      if (!this.takesCrashes) this.#dropCrashes(this.#spooled);
      if (!batches.first() || !(await store.mayStillSend(lease))) return undefined;
      // The last step before an attempt: the store may have taken long.
      this.#lose(this.#spooled, 'expired', batches.expire(this.#parts.isFresh));
      const batch = batches.first();
      if (batch) return batch;
    }
  }

  async #takeSpooled(spool: Spool, delayMillis: number): Promise<void> {
    const max = this.#parts.options.maxExportBatchSize;
    const options = { lease: this.#lease, max, delayMillis };
    let hits = await spool.take(options);
    if (hits.length === 0 && this.#hasSkipped) {
      this.#forgetSpooled();
      hits = await spool.take({ ...options, fromStart: true });
    }
    this.#spooled.batches.add(hits);
  }

  #forgetSpooled(): void {
    this.#spooled.batches.clear();
    this.#hasSkipped = false;
  }

  /** Makes one attempt. Never rejects. */
  async #attempt(batch: Batch): Promise<Outcome> {
    const hits = sentHits(batch);
    if (this.#hasDoubts) this.#countResent(hits);
    let [exchange, result] = await this.#exchange(batch);
    if (isRejected(result) && this.#rereadToken()) [exchange, result] = await this.#exchange(batch);
    const now = performance.now();
    const outcome = this.#response.interpret(batch, exchange, result, Date.now()); // Retry-After may be a date
    this.isUnavailable = outcome.kind === 'held';
    this.waitUntilMillis = now + (outcome.kind === 'held' ? outcome.waitMillis : 0);
    const { tracked, accepted } = outcome.counts;
    if (outcome.kind === 'decided' && tracked + accepted > 0) this.lastSuccessMillis = now;
    if (tracked > 0) this.#parts.options.onTracked?.();
    if (outcome.mayBeStored) {
      this.#hasDoubts = true;
      for (const hit of hits) this.#mayBeStored.add(hit);
    }
    clearInterval(this.#rereadTimer);
    if (outcome.refusesToken) {
      this.refusedUntilMillis = this.waitUntilMillis;
      this.#keepRereading();
    }
    return outcome;
  }

  async #exchange(batch: Batch): Promise<[Exchange, BulkResult]> {
    const { hold, transport, options } = this.#parts;
    const sending = transport.send(this.bodyOf(batch), options.exportTimeoutMillis);
    const exchange = await hold.during(sending);
    return [exchange, this.#response.read(batch, exchange)];
  }

  /** Reads the token again if it came from a file. Returns whether it is another one; a missing or empty file keeps the old one. */
  #rereadToken(): boolean {
    const token = this.#parts.options.rereadToken?.() ?? this.#token;
    const isNew = token !== this.#token;
    this.#token = token;
    return isNew;
  }

  /** Nothing is sent earlier unless the token changes. */
  #keepRereading(): void {
    if (this.#parts.options.rereadToken === undefined) return;
    this.#rereadTimer = setInterval(() => {
      if (!this.#rereadToken()) return;
      clearInterval(this.#rereadTimer);
      this.waitUntilMillis = 0;
      this.refusedUntilMillis = 0;
      this.#parts.onNewToken();
    }, REREAD_MILLIS).unref();
  }

  #countResent(hits: readonly EncodedHit[]): void {
    for (const hit of hits) if (this.#mayBeStored.delete(hit)) this.resent += 1;
  }

  /** Acknowledges what was decided about the first batch, and keeps the rest of it. */
  #decide(origin: Origin, batch: Batch, { kind, counts, again, refusesCrashes }: Outcome): void {
    origin.batches.replaceFirst(batch, again, kind === 'split');
    const decided = decidedHits(batch, again);
    if (decided.length > 0) origin.acknowledge(decided, counts);
    if (!refusesCrashes) return;
    this.takesCrashes = false;
    this.#dropCrashes(this.#memory);
    this.#dropCrashes(this.#spooled);
  }

  /** Drops crashes, which Matomo cannot store. */
  #dropCrashes(origin: Origin): void {
    this.#lose(origin, 'rejected', origin.batches.dropCrashes());
  }

  #lose(origin: Origin, reason: 'expired' | 'rejected', hits: readonly EncodedHit[]): void {
    if (hits.length > 0) origin.acknowledge(hits, lostHits(reason, hits.length));
  }
}
