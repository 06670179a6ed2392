import type { AsyncResource } from 'node:async_hooks';
import { describeError } from '../common/describe-error.js';
import { coded } from '../common/messages.js';
import { SerialQueue } from '../common/serial-queue.js';
import { BatchSender } from './batch-sender.js';
import type { LastFlushParts } from './exit/last-flush.js';
import { SendSchedule } from './send-schedule.js';

/** Hits that are finalized in one turn of the event loop, so that no turn takes long. */
const HITS_PER_TURN = 25;

/** Sends hits when they are due, one attempt after the other. */
export class SendLoop {
  readonly batches: BatchSender;
  readonly #parts: LastFlushParts;
  readonly #scope: AsyncResource;
  readonly #schedule: SendSchedule;
  readonly #attempts: SerialQueue;
  #isStopped = false;
  #hasFilled = false;
  /** Whether all was due before a batch was built: a batch makes all due. */
  #wasDue: boolean | undefined;
  #nextTurn: NodeJS.Immediate | undefined;

  /** Timers and requests get the async context of `scope`. */
  constructor(parts: LastFlushParts, scope: AsyncResource) {
    this.#parts = parts;
    this.#scope = scope;
    this.batches = new BatchSender(parts);
    this.#schedule = new SendSchedule(parts, scope, () => this.#onTimer());
    this.#attempts = new SerialQueue({
      scope,
      onIdle: () => {
        parts.losses.check();
        this.update();
      },
      onError: (error) =>
        parts.diagnostics.warnOnce(
          'send',
          coded(
            'internal-error',
            `Sending failed (${describeError(error)}). Hits may stay pending. Please report this.`,
          ),
        ),
    });
  }

  start(): void {
    const { source, batches } = this.#parts;
    this.#scope.runInAsyncScope(() =>
      source.start({
        onInterval: () => this.#onInterval(),
        takeOver: (hits) => batches.add(hits),
      }),
    );
  }

  /** Call this after a hit was queued. */
  update(): void {
    if (!this.#isStopped) this.#schedule.update(this.#attempts.isIdle);
  }

  /** Sends pending hits without waiting for the back-off, which was reset. */
  sendNow(): void {
    this.#schedule.clear();
    this.update();
  }

  /** Sends hits as soon as they are final from now on. */
  hurry(): void {
    this.#schedule.hurry();
  }

  /** Makes one attempt to send everything. First stores what belongs into the spool, even while an attempt runs. */
  async sendAll(): Promise<void> {
    const { source, sender } = this.#parts;
    if (source.isDurable) {
      await this.#scope.runInAsyncScope(() => source.store());
      await this.#giveBack();
    }
    await this.#attempts.run(async () => {
      if (!this.#isStopped && performance.now() < sender.refusedUntilMillis) return;
      await this.batches.sendQueued(source.inMemory, true);
      if (source.isDurable) await this.batches.sendSpooled(0);
    });
  }

  /** From now on, only `sendAll` sends. */
  stop(): void {
    this.#isStopped = true;
    clearImmediate(this.#nextTurn);
    this.#schedule.clear();
    this.#parts.source.stop();
  }

  /** Resolves when the batch in flight is counted. */
  get ended(): Promise<void> {
    return this.#attempts.ended;
  }

  #giveBack(): Promise<void> {
    return this.#scope.runInAsyncScope(() => this.batches.giveBack());
  }

  #onInterval(): void {
    void this.#giveBack();
    this.#parts.losses.check();
    this.update();
    if (!this.#attempts.isIdle) return;
    this.batches.expireSpooled(); // even while nothing can be sent
    if (performance.now() < this.#parts.sender.waitUntilMillis) return;
    void this.#attempts.run(() => this.batches.sendSpooled(this.#schedule.delayMillis));
  }

  /** Makes full batches even while none can be sent: encoded hits no longer keep their requests in memory. */
  #onTimer(): void {
    const { source, sender } = this.#parts;
    const now = performance.now();
    if (this.#isBuilding(now)) {
      if (this.#isStopped) return;
      this.#nextTurn ??= setImmediate(() => {
        this.#nextTurn = undefined;
        this.#onTimer();
      });
      return;
    }
    const isDue = this.#wasDue ?? this.#schedule.isDue(now);
    this.#wasDue = undefined;
    const isFilled = this.batches.fillWhole(now);
    const maySend = this.#attempts.isIdle && now >= sender.waitUntilMillis;
    if (maySend)
      void this.#attempts.run(() => this.batches.sendQueued(isDue ? source.inMemory : 0, false));
    if (!maySend || !isFilled) this.update();
  }

  /**
   * Finalizes hits in portions and makes a batch of them, in turns before the one that sends it. Not if two batches are full: then
   * all is made at once, so that a busy server does not fall behind.
   */
  #isBuilding(nowMillis: number): boolean {
    const { source, options } = this.#parts;
    const { maxExportBatchSize: max } = options;
    const isLarge = source.queued > HITS_PER_TURN;
    const mayWait = !this.#hasFilled && isLarge && !source.hasQueued(2 * max, nowMillis);
    this.#hasFilled = false;
    if (!mayWait) return false;
    if (!source.prepareQueued(max, HITS_PER_TURN, nowMillis)) return true;
    if (!source.hasQueued(max, nowMillis)) return false;
    this.#wasDue = this.#schedule.isDue(nowMillis);
    this.batches.fillWhole(nowMillis);
    this.#hasFilled = true;
    return true;
  }
}
