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
/** The maximum time between two runs of the timer while hits are pending. A rejected token may have been replaced. */
const LONGEST_MILLIS = 5_000;
/** If hits are pending for longer than this although Matomo processes some, that is logged. */
const DELAYED_MILLIS = 60_000;
/** The maximum time of a flush. An SDK rejects its own `forceFlush` if a processor is slow, and a platform may wait for it. */
const FLUSH_MILLIS = 5_000;
/** The share of the shutdown time that a spool may use. If the spool hangs, hits are sent from memory. */
const SPOOL_SHARE = 1 / 3;
/** The wait after an error of this package, which would probably happen again. */
const ERROR_MILLIS = 10_000;
/** Between bulks, the process may exit at this interval, because nothing keeps it alive then. */
const MAY_END_MILLIS = 1_000;

const AFTER_SHUTDOWN =
  'A hit came after shutdown(). It is lost, and so are further ones, counted as shutdown. Stop the server before you call shutdown(), or set exitFlush.';

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
  /** Opens the spool. Resolves with `undefined` if that fails. The failure is logged. Never rejects. */
  readonly openSpool?: ((delivery: Delivery) => Promise<Spool | undefined>) | undefined;
  /** Keeps the process alive while hits are being sent, within limits. */
  readonly hold?: <T>(sending: Promise<T>) => Promise<T>;
  readonly random?: () => number;
}

/** The scope of an attempt: `due` sends what is due. `flush` sends everything, even during a wait. `last` does the same at a shutdown. */
type Mode = 'due' | 'flush' | 'last';

/**
 * Sends hits to Matomo, with one bulk request in flight at a time. A request is due when a bulk is full or its first hit has waited long enough.
 * At any moment, every hit is either pending or counted.
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
  /** The spool; `undefined` until it has opened, or if there is none. */
  spool: Spool | undefined;
  /** Resolves when the spool has opened, or opening it has failed. */
  readonly opened: Promise<void>;
  isOpening: boolean;
  /** The hits that are being sent. */
  attempt: Attempt | undefined;
  /** Whether hits that `shutdown` has not sent, or that come later, are kept for the event `exit`. Otherwise they are lost. */
  keepsForExit = false;
  readonly #parts: DeliveryParts;
  readonly #hold: <T>(sending: Promise<T>) => Promise<T>;
  readonly #scope = new AsyncScope('MatomoDelivery');
  readonly #attempts: SerialQueue;
  #timer: NodeJS.Timeout | undefined;
  /** Time at which the timer runs next. */
  #lookMillis = Number.POSITIVE_INFINITY;
  #pausedUntilMillis = Number.NEGATIVE_INFINITY;
  /** Time at which the last attempt began, and the number of hits that were spooled since then. */
  #attemptMillis: number = performance.now();
  #spooled = 0;
  /** The hits that are being put into the spool. */
  #storing: (Claim & Required<Pick<Claim, 'doneNow'>>) | undefined;
  /** Whether the spool rejected the latest hits. */
  #isRefused = false;
  /** The next flush if it has not begun. Further calls share it. */
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

  /** The number of hits in memory without a result. Hits in the spool are not included. */
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

  /** Queues a hit. Returns `false` if the hit is lost. The loss is counted. */
  put(hit: Hit): boolean {
    if (this.isClosed) {
      this.counts.lost.shutdown += 1;
      const text = () => coded('lost-at-shutdown', AFTER_SHUTDOWN);
      this.#parts.diagnostics.warnOnce('after-shutdown', text);
      return false;
    }
    if (!this.keep([hit])) return false;
    // Nearly all hits come while the timer is already set for an older hit.
    if (this.memory.waiting === 1 || this.#isBulkFull) this.#schedule();
    return true;
  }

  get #isBulkFull(): boolean {
    return this.memory.waiting >= this.#parts.options.maxExportBatchSize;
  }

  /** Whether this many hits and bytes can be queued without a loss. */
  hasRoom(hits: number, bytes: number): boolean {
    return this.memory.count === 0 || this.memory.hasRoom(hits, bytes);
  }

  /** Queues hits in memory, including hits that a spool gives back. Returns `false` if there is no room. Such hits are counted as lost. */
  keep(hits: readonly Hit[]): boolean {
    if (this.memory.put(hits)) return true;
    this.counts.lost.queue_full += hits.length;
    this.log.add({ queue_full: hits.length });
    return false;
  }

  /** Pauses sending: no bulk begins for this time. */
  pause(millis: number): void {
    this.#pausedUntilMillis = performance.now() + millis;
  }

  /**
   * Makes one attempt to send all queued hits. Calls during a flush share the next flush. Resolves after `exportTimeoutMillis` or 5 s at the latest,
   * while a longer attempt continues. In the background, only the attempt keeps the process alive, and not this wait for it. Never rejects.
   */
  flush(isBackground = false): Promise<void> {
    const limitMillis = Math.min(this.#parts.options.exportTimeoutMillis, FLUSH_MILLIS);
    if (this.#closed !== undefined) return withTimeout(limitMillis, this.#closed, isBackground);
    this.#nextFlush ??= this.#hold(this.#send('flush'));
    return withTimeout(limitMillis, this.#nextFlush, isBackground);
  }

  /** Makes a last attempt, and counts the remaining hits as lost at the deadline. Never rejects. */
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

  /** Stores hits in the spool for the last time. A spool that hangs receives no more hits. */
  async #sendLast(spoolMillis: number): Promise<void> {
    const hurried = this.opened.then(() => this.spool?.hurry?.(spoolMillis));
    await withTimeout(spoolMillis, hurried);
    await this.#send('last');
  }

  /** Ends sending without waiting, and removes all hits from memory. */
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
    // The spool stores, returns or counts the hits that are being put into it.
    this.#storing?.doneNow({}, this.spool?.putNow ? [] : this.#storing.hits);
    this.#storing = undefined;
    const claim = this.memory.claim(Number.POSITIVE_INFINITY);
    claim?.doneNow({}, []);
    return claim?.hits ?? [];
  }

  /** Sends everything in an attempt after the current ones. */
  #send(mode: Mode): Promise<void> {
    this.#clearTimer(); // other hits may be due now
    return this.#attempts.run(async () => {
      if (mode === 'flush') this.#nextFlush = undefined;
      if (mode === 'last' || this.sender.mayBegin(true)) await this.#attempt(mode);
    });
  }

  /** Sends hits from the spool, and from memory those that the spool rejects. */
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

  /** Sends until no hits are left, or sending has to wait. */
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
      // A wait that began during this attempt ends the attempt, even if a flush or shutdown ignores earlier waits.
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

  /** Time on the monotonic clock at which hits are due to be sent. */
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

  /** Sets the timer for its next run. The timer does not keep the process alive. Without a spool, there is none if no hit is pending. */
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
