import { describeError } from '../common/describe-error.js';
import type { Diagnostics } from '../common/diagnostics.js';
import type { LogLines } from '../common/log-lines.js';
import { coded } from '../common/messages.js';
import {
  AsyncScope,
  holdEventLoop,
  SerialQueue,
  timerMillis,
  withTimeout,
} from '../common/timers.js';
import type { Hit } from '../hit/hit-text.js';
import { createDeliveryCounts, type DeliveryCounts, lossesSince } from './counts.js';
import { DeliveryLog } from './delivery-log.js';
import type { Transport } from './http.js';
import { MemoryStore } from './memory-store.js';
import { type Attempt, giveRestBack, Sender, type SenderOptions } from './sender.js';
import type { Claim, Spool, Store } from './store.js';

/** The interval at which hits in memory are stored in a spool. */
const STORE_MILLIS = 500;
/** The longest time between looks while hits are pending: a rejected token may have been replaced. */
const LONGEST_MILLIS = 5_000;
/** Hits that wait for longer although Matomo processes some are logged. */
const DELAYED_MILLIS = 60_000;
/** A flush takes no longer: an SDK rejects its own `forceFlush` if a processor is slow, and a platform may wait for it. */
const FLUSH_MILLIS = 5_000;
/** The part of the time for a shutdown that a spool may take: if it hangs, hits are sent from memory. */
const SPOOL_SHARE = 1 / 3;
/** The wait after an error of this package, which would come again. */
const ERROR_MILLIS = 10_000;
/** The interval at which nothing keeps the process alive between two of many bulks. */
const MAY_END_MILLIS = 1_000;

const AFTER_SHUTDOWN =
  'A hit came after shutdown(). It is lost, and so are further ones, counted as shutdown. Stop the server before you call shutdown(), or set exitFlush.';

/** The options that delivery needs. */
export interface DeliveryOptions extends SenderOptions {
  readonly maxQueueSize: number;
  readonly scheduledDelayMillis: number;
  readonly exportTimeoutMillis: number;
}

export interface DeliveryParts {
  readonly options: DeliveryOptions;
  readonly transport: Transport;
  readonly diagnostics: Pick<Diagnostics, 'warnOnce'>;
  readonly lines: LogLines;
  /** Opens the spool. Resolves with `undefined` if that fails, which is logged. Never rejects. */
  readonly openSpool?: ((delivery: Delivery) => Promise<Spool | undefined>) | undefined;
  /** Keeps the process alive while something is being sent, within limits. */
  readonly hold?: <T>(sending: Promise<T>) => Promise<T>;
  readonly random?: () => number;
}

/** How much is sent: with `due` what is due, with `flush` everything, also while sending waits, with `last` the same at a shutdown. */
type Mode = 'due' | 'flush' | 'last';

/**
 * Sends hits to Matomo: one bulk request in flight, when a bulk is full or its first hit has waited long enough. At any moment, every hit is
 * either pending or counted.
 *
 *     put ──> memory, bounded ──(with a spool: often)──> folder or Redis
 *                └──────────────── claim <─────────────────────┘
 *                                    ▼
 *                                  sender ──> counted, or given back
 */
export class Delivery {
  readonly counts: DeliveryCounts = createDeliveryCounts();
  readonly memory: MemoryStore;
  readonly sender: Sender;
  readonly log: DeliveryLog;
  /** The spool; `undefined` until it is open, and without one. */
  spool: Spool | undefined;
  /** Resolves when the spool is open, or cannot be opened. */
  readonly opened: Promise<void>;
  isOpening: boolean;
  /** Hits that are being sent. */
  attempt: Attempt | undefined;
  /** Hits that `shutdown` has not sent, or that come later, are kept for the event `exit`. Otherwise they are lost. */
  keepsForExit = false;
  readonly #parts: DeliveryParts;
  readonly #hold: <T>(sending: Promise<T>) => Promise<T>;
  readonly #scope = new AsyncScope('MatomoDelivery');
  readonly #attempts: SerialQueue;
  #timer: NodeJS.Timeout | undefined;
  /** Time of the next look of the timer. */
  #lookMillis = Number.POSITIVE_INFINITY;
  #pausedUntilMillis = Number.NEGATIVE_INFINITY;
  /** Time at which the last attempt began, and hits that were put into the spool since. */
  #attemptMillis: number = performance.now();
  #spooled = 0;
  /** Hits that are being put into the spool. */
  #storing: (Claim & Required<Pick<Claim, 'doneNow'>>) | undefined;
  /** Whether the spool did not take the latest hits. */
  #isRefused = false;
  /** A flush that has not begun, which further calls share. */
  #nextFlush: Promise<void> | undefined;
  #closed: Promise<void> | undefined;

  constructor(parts: DeliveryParts) {
    const { options, diagnostics, lines, random = Math.random } = parts;
    const { hold = (sending) => sending, openSpool } = parts;
    const { counts } = this;
    this.#parts = parts;
    this.#hold = hold;
    this.memory = new MemoryStore(counts, options.maxQueueSize);
    this.log = new DeliveryLog(diagnostics, lines);
    this.sender = new Sender({ options, counts, log: this.log, random });
    this.#attempts = new SerialQueue(
      this.#scope,
      () => this.#schedule(),
      (error) => this.#reportError(error),
    );
    this.isOpening = openSpool !== undefined;
    this.opened = this.#scope.runInAsyncScope(() => this.#open());
  }

  async #open(): Promise<void> {
    this.spool = await this.#parts.openSpool?.(this);
    this.isOpening = false;
    if (this.spool) this.#schedule();
  }

  /** Hits without a result that are not in the spool. */
  get pending(): number {
    return this.memory.count + (this.spool?.count ?? 0);
  }

  /** Age of the oldest pending hit in seconds; 0 if there is none. */
  get oldestAgeSeconds(): number {
    const ofMemory = (performance.now() - this.memory.oldestMillis) / 1000;
    const starts = this.attempt?.claim.hits.map(({ startSeconds }) => startSeconds) ?? [];
    const oldest = Math.min(...starts, this.spool?.oldestSeconds ?? Number.POSITIVE_INFINITY);
    return Math.max(0, ofMemory, Date.now() / 1000 - oldest);
  }

  /** Whether new hits are lost because of a shutdown. */
  get isClosed(): boolean {
    return this.#closed !== undefined && !this.keepsForExit;
  }

  /** Queues a hit. Returns `false` if it is lost, which is counted. */
  put(hit: Hit): boolean {
    if (this.isClosed) {
      this.counts.lost.shutdown += 1;
      const text = () => coded('lost-at-shutdown', AFTER_SHUTDOWN);
      this.#parts.diagnostics.warnOnce('after-shutdown', text);
      return false;
    }
    if (!this.keep([hit])) return false;
    // Nearly all hits come while the timer is set for an older one.
    if (this.memory.waiting === 1 || this.#isBulkFull) this.#schedule();
    return true;
  }

  get #isBulkFull(): boolean {
    return this.memory.waiting >= this.#parts.options.maxExportBatchSize;
  }

  /** Whether so many hits and bytes can be put without a loss. */
  hasRoom(hits: number, bytes: number): boolean {
    return this.memory.count === 0 || this.memory.hasRoom(hits, bytes);
  }

  /** Queues hits in memory, also those that a spool gives back. Returns `false` if there is no room: then they are lost, which is counted. */
  keep(hits: readonly Hit[]): boolean {
    if (this.memory.put(hits)) return true;
    this.counts.lost.queue_full += hits.length;
    this.log.add({ queue_full: hits.length });
    return false;
  }

  /** Begins no bulk for this time. */
  pause(millis: number): void {
    this.#pausedUntilMillis = performance.now() + millis;
  }

  /**
   * Makes one attempt to send everything that is queued. While a flush runs, further calls share the one after it. Takes at most
   * `exportTimeoutMillis` and 5 s, which in the background keep no process alive: an attempt that takes longer goes on. Never rejects.
   */
  flush(isBackground = false): Promise<void> {
    const limitMillis = Math.min(this.#parts.options.exportTimeoutMillis, FLUSH_MILLIS);
    if (this.#closed !== undefined) return withTimeout(limitMillis, this.#closed, isBackground);
    this.#nextFlush ??= this.#hold(this.#send('flush'));
    return withTimeout(limitMillis, this.#nextFlush, isBackground);
  }

  /** Makes a last attempt and counts what is left at the deadline as lost. Never rejects. */
  shutdown(deadlineMillis: number): Promise<void> {
    this.#closed ??= holdEventLoop(this.#close(deadlineMillis));
    return this.#closed;
  }

  async #close(deadlineMillis: number): Promise<void> {
    const { lost } = this.counts;
    const { transport, lines } = this.#parts;
    const endMillis = performance.now() + deadlineMillis;
    const before = { ...lost };
    this.#clearTimer();
    this.log.isEnding = true;
    const sent = this.#sendLast(deadlineMillis * SPOOL_SHARE).then(() => true);
    const isInTime = await withTimeout(deadlineMillis, sent);
    const { cause } = this.log;
    this.sender.isClosing = true;
    await transport.close();
    this.keepsForExit &&= isInTime === true && cause === undefined;
    if (!this.keepsForExit) {
      const hits = this.endNow();
      lost.shutdown += (this.spool?.putNow?.(hits) ?? hits).length;
    }
    if (this.isOpening) void this.opened.then(() => this.spool?.close());
    else if (this.spool) await withTimeout(endMillis - performance.now(), this.spool.close());
    const reason = isInTime ? cause?.reason : 'the shutdown timeout ran out';
    this.log.endWithLosses('shutdown', lossesSince(before, lost), reason);
    lines.flush();
  }

  /** Stores hits in the spool for the last time. A spool that hangs gets no more hits. */
  async #sendLast(spoolMillis: number): Promise<void> {
    const hurried = this.opened.then(() => this.spool?.hurry?.(spoolMillis));
    await withTimeout(spoolMillis, hurried);
    await this.#send('last');
  }

  /** Ends what is being sent, without waiting, and removes all hits from memory. */
  endNow(): readonly Hit[] {
    const { attempt } = this;
    const { transport } = this.#parts;
    // A claim without `doneNow` is left to another process.
    if (attempt?.claim.doneNow) {
      this.attempt = undefined;
      const { inFlight, results, back, claim } = attempt;
      const isUnknown = inFlight.length > 0 && (transport.mayHaveArrived?.() ?? true);
      if (isUnknown) this.sender.leaveUnconfirmed(inFlight, attempt);
      else back.push(...inFlight);
      giveRestBack(attempt);
      claim.doneNow?.(results, back);
    }
    // The spool knows what became of hits that are being put into it.
    this.#storing?.doneNow({}, this.spool?.putNow ? [] : this.#storing.hits);
    this.#storing = undefined;
    const claim = this.memory.claim(Number.POSITIVE_INFINITY);
    claim?.doneNow({}, []);
    return claim?.hits ?? [];
  }

  /** Sends everything, in an attempt after those that run. */
  #send(mode: Mode): Promise<void> {
    this.#clearTimer(); // other hits may be due now
    return this.#attempts.run(async () => {
      if (mode === 'flush') this.#nextFlush = undefined;
      if (mode === 'last' || this.sender.mayBegin(true)) await this.#attempt(mode);
    });
  }

  /** Sends hits from the spool, and from memory those that the spool does not take. */
  async #attempt(mode: Mode): Promise<void> {
    this.#attemptMillis = performance.now();
    const { waitUntilMillis } = this.sender;
    await this.#store();
    this.#spooled = 0;
    if (this.spool?.isUsable)
      await this.#drain(this.spool, mode, waitUntilMillis, () => this.spool?.isUsable === true);
    if (mode === 'last' && this.spool?.isUsable === false && this.spool.putNow) {
      this.#storing?.doneNow({}, []); // the spool gives back hits that are being put
      this.keep(this.spool.putNow([]));
    }
    const isFromMemory = () => !this.spool?.isUsable || this.#isRefused;
    await this.#drain(
      this.memory,
      mode,
      waitUntilMillis,
      () => isFromMemory() && (mode !== 'due' || performance.now() >= this.#dueMillis),
    );
  }

  /** Sends until no hits are left, or sending waits. */
  async #drain(
    store: Store,
    mode: Mode,
    waitBefore: number,
    mayGoOn: () => boolean,
  ): Promise<void> {
    const { maxExportBatchSize } = this.#parts.options;
    let mayEndMillis = performance.now() + MAY_END_MILLIS;
    while (mayGoOn() && !this.sender.isClosing) {
      let now = performance.now();
      if (mode === 'due' && now < this.#pausedUntilMillis) return;
      // A wait that has begun ends an attempt, also one that need not wait.
      if (this.sender.waitUntilMillis !== waitBefore && now < this.sender.waitUntilMillis) return;
      if (now >= mayEndMillis) {
        await new Promise((resolve) => void setTimeout(resolve).unref()); // here, the process may end
        now = performance.now();
        mayEndMillis = now + MAY_END_MILLIS;
      }
      const claim = await store.claim(maxExportBatchSize);
      if (!claim) return;
      await this.#sendClaim(claim, now, store === this.spool);
    }
  }

  async #sendClaim(claim: Claim, sinceMillis: number, isOfSpool: boolean): Promise<void> {
    const { sender, log } = this;
    const { transport, options } = this.#parts;
    const attempt = sender.begin(claim, sinceMillis, isOfSpool);
    const steps = sender.send(attempt);
    this.attempt = attempt;
    try {
      let next = steps.next();
      while (!next.done) {
        const hits = next.value;
        const body = sender.toBody(hits);
        const exchange = await this.#hold(transport.send(body, options.exportTimeoutMillis));
        next = steps.next(sender.read(exchange, hits));
      }
    } finally {
      attempt.back.push(...attempt.inFlight); // only after an error of this package
      giveRestBack(attempt);
      if (await claim.done(attempt.results, attempt.back, attempt.isBehind))
        log.add(attempt.results);
      if (this.attempt === attempt) this.attempt = undefined;
    }
  }

  /** Moves hits from memory into the spool. */
  async #store(): Promise<void> {
    while (this.spool?.isUsable && !this.#storing) {
      const claim = this.memory.claim(this.#parts.options.maxExportBatchSize);
      if (!claim) return;
      this.#storing = claim;
      const isStored = await this.spool.put(claim.hits);
      this.#storing = undefined;
      this.#isRefused = !isStored;
      void claim.done({}, isStored ? [] : claim.hits, false);
      if (!isStored) return;
      this.#spooled += claim.hits.length;
    }
  }

  /** When something is due to be sent, on the monotonic clock. */
  get #dueMillis(): number {
    const { scheduledDelayMillis, maxExportBatchSize } = this.#parts.options;
    const { memory, spool } = this;
    const isSpoolFull = this.#spooled >= maxExportBatchSize;
    const spoolMillis = isSpoolFull ? 0 : this.#attemptMillis + scheduledDelayMillis; // also hits of others
    const isMemoryFull = memory.hasReturned || this.#isBulkFull;
    const memoryMillis = isMemoryFull ? 0 : memory.oldestMillis + scheduledDelayMillis;
    return Math.min(
      spool?.isUsable ? spoolMillis : Number.POSITIVE_INFINITY,
      spool?.isUsable && !this.#isRefused ? Number.POSITIVE_INFINITY : memoryMillis,
    );
  }

  /** Sets the timer for the next look, which does not keep the process alive. There is none if no hit is pending. */
  #schedule(): void {
    const { spool, memory, sender } = this;
    if (this.#closed !== undefined || (!spool && memory.count === 0)) return;
    const now = performance.now();
    const waitMillis = Math.max(sender.waitUntilMillis, this.#pausedUntilMillis);
    const sendMillis = this.#attempts.isIdle ? Math.max(this.#dueMillis, waitMillis) : Infinity;
    const canStore = spool?.isUsable && memory.waiting > 0 && !this.#storing;
    const storeMillis = canStore && !this.#isRefused && this.#isBulkFull ? now : now + STORE_MILLIS;
    const lookMillis = Math.min(
      sendMillis,
      canStore ? storeMillis : Infinity,
      now + LONGEST_MILLIS,
    );
    if (lookMillis >= this.#lookMillis) return;
    this.#clearTimer();
    this.#lookMillis = lookMillis;
    this.#scope.runInAsyncScope(() => {
      this.#timer = setTimeout(() => this.#look(), timerMillis(lookMillis - now)).unref();
    });
  }

  #clearTimer(): void {
    clearTimeout(this.#timer);
    this.#lookMillis = Number.POSITIVE_INFINITY;
  }

  #look(): void {
    this.#clearTimer();
    const delayMillis = this.oldestAgeSeconds * 1000 - this.#parts.options.scheduledDelayMillis;
    if (delayMillis > DELAYED_MILLIS && !this.log.cause)
      this.log.reportDelay(this.pending + (this.spool?.hits ?? 0));
    void this.#store().then(() => {
      if (!this.#attempts.isIdle) return this.#schedule();
      void this.#attempts.run(async () => {
        const mayBegin =
          this.sender.mayBegin(false) && performance.now() >= this.#pausedUntilMillis;
        if (mayBegin && performance.now() >= this.#dueMillis) await this.#attempt('due');
      });
    });
  }

  #reportError(error: unknown): void {
    this.sender.waitUntilMillis = performance.now() + ERROR_MILLIS;
    const text = `Sending failed (${describeError(error)}). Hits may stay pending. Please report this.`;
    this.#parts.diagnostics.warnOnce('send', coded('internal-error', text));
  }
}
