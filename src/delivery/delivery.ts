import { describeError } from '../common/describe-error.js';
import type { Diagnostics } from '../common/diagnostics.js';
import type { LogLines } from '../common/log-lines.js';
import { coded } from '../common/messages.js';
import { SerialQueue } from '../common/serial-queue.js';
import { AsyncScope, holdEventLoop, timerMillis, withTimeout } from '../common/timers.js';
import type { Hit } from '../hit/hit.js';
import { createDeliveryCounts, type DeliveryCounts, lossesSince } from './delivery-counts.js';
import { DELIVERY_LIMITS, type DeliveryLimits } from './delivery-limits.js';
import { DeliveryLog } from './delivery-log.js';
import type { Transport } from './http/transport.js';
import { MemoryStore } from './memory-store.js';
import { Sender, type SenderOptions, type SendMode } from './sender.js';
import type { Claim, Spool } from './store.js';

/** The longest time between looks while hits are pending: a rejected token may have been replaced. */
const LONGEST_MILLIS = 5_000;

const AFTER_SHUTDOWN =
  'A hit came after shutdown(). It is lost, and so are further ones, counted as shutdown. Stop the server before you call shutdown(), or set exitFlush.';

/** The options that delivery needs. */
export interface DeliveryOptions extends SenderOptions {
  readonly maxQueueSize: number;
  readonly scheduledDelayMillis: number;
}

export interface DeliveryParts {
  readonly options: DeliveryOptions;
  readonly transport: Transport;
  readonly diagnostics: Pick<Diagnostics, 'warnOnce'>;
  readonly lines: LogLines;
  /** Resolves with `undefined` if the spool cannot be opened, which is logged. Never rejects. */
  readonly openSpool?: ((counts: DeliveryCounts) => Promise<Spool | undefined>) | undefined;
  /** Keeps the process alive while something is being sent, within limits. */
  readonly hold?: <T>(sending: Promise<T>) => Promise<T>;
  readonly random?: () => number;
  readonly limits?: DeliveryLimits;
}

/**
 * Sends hits to Matomo: one bulk request in flight, when a bulk is full or its first hit has waited long enough. At any moment, every hit is
 * either pending or counted.
 *
 *     put ──> memory, bounded ──(with a spool: often)──> folder or Redis
 *                │                                            │
 *                └──────────────── claim <────────────────────┘
 *                                    ▼
 *                                  sender ──> counted, or given back
 */
export class Delivery {
  readonly counts: DeliveryCounts = createDeliveryCounts();
  readonly memory: MemoryStore;
  readonly sender: Sender;
  /** `undefined` until it is open, and without one. */
  spool: Spool | undefined;
  /** Resolves when the spool is open, or cannot be opened. */
  readonly opened: Promise<void>;
  isOpening: boolean;
  readonly log: DeliveryLog;
  readonly #parts: DeliveryParts;
  readonly #limits: DeliveryLimits;
  readonly #scope = new AsyncScope('MatomoDelivery');
  readonly #attempts: SerialQueue;
  /** Hits are also stored while an attempt runs: a request may take long. */
  readonly #stores: SerialQueue;
  readonly #hold: <T>(sending: Promise<T>) => Promise<T>;
  #timer: NodeJS.Timeout | undefined;
  /** When the timer looks. */
  #lookMillis = Number.POSITIVE_INFINITY;
  /** When the last attempt began, and how many hits were put into the spool since. */
  #attemptMillis: number = performance.now();
  #spooled = 0;
  #sendsFromMemory = false;
  #pausedUntilMillis = Number.NEGATIVE_INFINITY;
  /** Hits that are being moved into the spool. */
  #storing: Claim | undefined;
  /** A flush that has not begun, which further calls share. */
  #nextFlush: Promise<void> | undefined;
  #closed: Promise<void> | undefined;
  /** Hits that `shutdown` has not sent, or that come later, are kept for the event `exit`. Otherwise they are lost. */
  keepsForExit = false;

  constructor(parts: DeliveryParts) {
    const { options, diagnostics, lines, transport, random = Math.random } = parts;
    const { limits = DELIVERY_LIMITS, hold = (sending) => sending, openSpool } = parts;
    const { maxQueueSize: maxHits, maxExportBatchSize: maxBulkHits } = options;
    const { counts } = this;
    this.#parts = parts;
    this.#limits = limits;
    this.#hold = hold;
    this.memory = new MemoryStore(counts, { maxHits, maxBulkHits });
    this.log = new DeliveryLog(diagnostics, lines, {
      hasSpool: openSpool !== undefined,
      isResending: options.resendUnconfirmed,
    });
    this.sender = new Sender({
      ...{ options, transport, limits, counts, random, hold },
      log: this.log,
      countPending: () => this.pending,
    });
    const queue = {
      scope: this.#scope,
      onIdle: () => this.#schedule(),
      onError: (error: unknown) => this.#reportError(error),
    };
    this.#attempts = new SerialQueue(queue);
    this.#stores = new SerialQueue(queue);
    this.isOpening = openSpool !== undefined;
    this.opened = this.#scope.runInAsyncScope(() => this.#open());
  }

  async #open(): Promise<void> {
    this.spool = await this.#parts.openSpool?.(this.counts);
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
    const ofSpool = Date.now() / 1000 - (this.spool?.oldestSeconds ?? Number.POSITIVE_INFINITY);
    // A request may take long.
    const claimed = this.sender.current?.bulks.flat() ?? [];
    const starts = claimed.map(({ startSeconds }) => startSeconds);
    const ofClaim = Date.now() / 1000 - Math.min(...starts);
    return Math.max(0, ofMemory, ofSpool, ofClaim);
  }

  /** Seconds since Matomo last tracked or accepted hits, or since the start. */
  get lastSuccessAgeSeconds(): number {
    return (performance.now() - this.sender.lastSuccessMillis) / 1000;
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
    if (!this.memory.put(hit)) {
      this.counts.lost.queue_full += 1;
      this.log.add({ queue_full: 1 });
      return false;
    }
    // Nearly all hits come while the timer is set for an older one.
    const { scheduledDelayMillis } = this.#parts.options;
    const storeMillis = this.spool ? 2 * this.#limits.storeMillis : Infinity;
    const millis = Math.min(scheduledDelayMillis, storeMillis);
    if (this.#lookMillis > this.memory.dueMillis(millis)) this.#schedule();
    return true;
  }

  /** Whether hits of so many bytes can be put without a loss; if all in the queue have failed, at least one of them can. */
  hasRoom(hits: number, bytes: number): boolean {
    return this.memory.count === 0 || this.memory.hasRoom(hits, bytes);
  }

  /** No bulk is begun for so long. */
  pause(millis: number): void {
    this.#pausedUntilMillis = performance.now() + millis;
  }

  /**
   * Makes one attempt to send everything that is queued. While a flush runs, further calls share the one after it. Takes at most
   * `exportTimeoutMillis` and 5 s: an attempt that takes longer goes on. Never rejects.
   */
  flush(): Promise<void> {
    const { exportTimeoutMillis } = this.#parts.options;
    const limitMillis = Math.min(exportTimeoutMillis, this.#limits.flushMillis);
    if (this.#closed !== undefined) return withTimeout(limitMillis, this.#closed);
    this.#nextFlush ??= this.#hold(this.#send('flush'));
    return withTimeout(limitMillis, this.#nextFlush);
  }

  /** Makes a last attempt and counts what is left at the deadline as lost. Never rejects. */
  shutdown(deadlineMillis: number): Promise<void> {
    this.#closed ??= holdEventLoop(this.#close(deadlineMillis));
    return this.#closed;
  }

  async #close(deadlineMillis: number): Promise<void> {
    const { lost } = this.counts;
    const before = { ...lost };
    this.#clearTimer();
    this.log.isEnding = true;
    const opened = withTimeout(this.#limits.closeMillis, this.opened);
    const sent = opened.then(() => this.#send('last')).then(() => true);
    const isInTime = await withTimeout(deadlineMillis, sent);
    const { cause } = this.log;
    this.sender.isClosing = true;
    await this.#parts.transport.close();
    // A disk or Redis may hang.
    await withTimeout(this.#limits.closeMillis, this.#attempts.ended);
    if (this.memory.count > 0) await withTimeout(this.#limits.closeMillis, this.#storeAll());
    if (this.isOpening) void this.opened.then(() => this.spool?.close());
    else await this.spool?.close();
    this.keepsForExit &&= isInTime === true && cause === undefined;
    if (!this.keepsForExit) lost.shutdown += this.takeNow().length;
    const losses = lossesSince(before, lost);
    this.log.endWithLosses('shutdown', losses, !isInTime, cause?.reason);
    const left = this.spool?.hits ?? 0;
    const areLost = Object.values(losses).some((hits) => hits > 0);
    if (cause && left > 0 && !areLost) this.log.endWithHitsLeft(cause, left);
    this.#parts.lines.flush();
  }

  /** Sends everything, in an attempt after those that run. */
  #send(mode: SendMode): Promise<void> {
    this.#clearTimer(); // what is due may have changed
    return this.#attempts.run(async () => {
      if (mode === 'flush') this.#nextFlush = undefined;
      if (mode === 'last' || this.sender.mayBegin(mode)) await this.#attempt(mode);
    });
  }

  /** Sends from the spool, or from memory as long as there is no spool that can be used. */
  async #attempt(mode: SendMode): Promise<void> {
    const { memory, sender } = this;
    this.#attemptMillis = performance.now();
    await this.#storeAll();
    const mayBegin = () => mode !== 'due' || performance.now() >= this.#pausedUntilMillis;
    if (!this.spool?.isUsable) {
      const isDue = () => mode !== 'due' || performance.now() >= this.#dueMillis;
      // What is stored meanwhile would overtake hits.
      this.#sendsFromMemory = true;
      const sending = sender.send(
        memory,
        mode,
        () => !this.spool?.isUsable && isDue() && mayBegin(),
      );
      await sending.finally(() => {
        this.#sendsFromMemory = false;
      });
      if (!this.spool?.isUsable) return;
      await this.#storeAll();
    }
    this.#spooled = 0;
    await sender.send(this.spool, mode, mayBegin);
  }

  /** At the end: removes all hits from memory, also those that are being stored. */
  takeNow(): Hit[] {
    this.#storing?.endNow?.({}, [this.#storing]);
    this.#storing = undefined;
    return this.memory.take();
  }

  /** Moves hits from memory into the spool. */
  #storeAll(): Promise<void> {
    return this.spool ? this.#stores.run(() => this.#storePortions()) : Promise.resolve();
  }

  async #storePortions(): Promise<void> {
    while (this.spool?.isUsable) {
      const claim = this.memory.claim(this.#limits.maxFileHits, Number.POSITIVE_INFINITY);
      this.#storing = claim;
      if (!claim) return;
      const stored = await this.spool.store(claim.hits);
      this.#spooled += stored;
      const { hits, failures } = claim;
      await claim.done({}, [{ hits: hits.slice(stored), failures }]);
      this.#storing = undefined;
      if (stored === 0) return;
    }
  }

  /** When something is due to be sent, on the monotonic clock. */
  get #dueMillis(): number {
    const { scheduledDelayMillis, maxExportBatchSize } = this.#parts.options;
    const ofMemory = this.memory.dueMillis(scheduledDelayMillis);
    const ofSpool = this.#spooled >= maxExportBatchSize ? 0 : Infinity;
    const store = this.spool?.isUsable ? this.spool : this.memory;
    const ofSuspects = store.suspects > 0 ? this.sender.suspectsDueMillis : Infinity;
    const ofOthers = this.spool ? this.#attemptMillis + scheduledDelayMillis : Infinity;
    return Math.min(ofMemory, ofSpool, ofSuspects, ofOthers);
  }

  /** Sets the timer for the next look, which does not keep the process alive. There is none if no hit is pending. */
  #schedule(): void {
    const { spool, memory, sender } = this;
    if (this.#closed !== undefined || (!spool && memory.count === 0)) return;
    const now = performance.now();
    const waitMillis = Math.max(sender.waitUntilMillis, this.#pausedUntilMillis);
    const sendMillis = this.#attempts.isIdle ? Math.max(this.#dueMillis, waitMillis) : Infinity;
    const canStore = spool && memory.count > 0 && this.#stores.isIdle && !this.#sendsFromMemory;
    const storeMillis = canStore ? now + this.#limits.storeMillis : Infinity;
    const lookMillis = Math.min(sendMillis, storeMillis, now + LONGEST_MILLIS);
    if (lookMillis >= this.#lookMillis) return;
    this.#clearTimer();
    this.#lookMillis = lookMillis;
    const millis = timerMillis(lookMillis - now);
    this.#scope.runInAsyncScope(() => {
      this.#timer = setTimeout(() => this.#look(), millis).unref();
    });
  }

  #clearTimer(): void {
    clearTimeout(this.#timer);
    this.#lookMillis = Number.POSITIVE_INFINITY;
  }

  #look(): void {
    this.#clearTimer();
    if (!this.#attempts.isIdle) {
      if (!this.#sendsFromMemory) void this.#storeAll();
      return;
    }
    void this.#attempts.run(async () => {
      const now = performance.now();
      const isDue = now >= this.#dueMillis && now >= this.#pausedUntilMillis;
      if (isDue && this.sender.mayBegin('due')) await this.#attempt('due');
      else await this.#storeAll();
    });
  }

  #reportError(error: unknown): void {
    this.sender.waitUntilMillis = performance.now() + this.#limits.errorMillis;
    const text = `Sending failed (${describeError(error)}). Hits may stay pending. Please report this.`;
    this.#parts.diagnostics.warnOnce('send', coded('internal-error', text));
  }
}
