import type { AsyncResource } from 'node:async_hooks';
import { coded } from '../common/messages.js';
import { SerialQueue } from '../common/serial-queue.js';
import { BatchSender } from './batch-sender.js';
import type { LastFlushParts } from './last-flush.js';
import { SendSchedule } from './send-schedule.js';

/** Sends what is due, one attempt after the other. */
export class SendLoop {
  readonly batches: BatchSender;
  readonly #parts: LastFlushParts;
  readonly #scope: AsyncResource;
  readonly #schedule: SendSchedule;
  readonly #attempts: SerialQueue;
  #isStopped = false;

  /** Timers and requests begin in the scope. */
  constructor(parts: LastFlushParts, scope: AsyncResource) {
    this.#parts = parts;
    this.#scope = scope;
    this.batches = new BatchSender(parts);
    this.#schedule = new SendSchedule(parts, scope, () => this.#onTimer());
    this.#attempts = new SerialQueue({
      scope,
      onIdle: () => this.update(),
      onError: (error) =>
        parts.diagnostics.warnOnce(
          'send',
          coded(
            'internal-error',
            `Sending failed: ${error}. Hits may stay pending. Please report this.`,
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

  /** To be called when there is another hit. */
  update(): void {
    if (!this.#isStopped) this.#schedule.update(this.#attempts.isIdle);
  }

  /** From now on hits are sent as soon as they are final. */
  hurry(): void {
    this.#schedule.hurry();
  }

  /** One attempt for all; what is to be stored is so first, whatever is under way. */
  async sendAll(): Promise<void> {
    const { source, sender } = this.#parts;
    await this.#scope.runInAsyncScope(() => source.store());
    await this.#giveBack();
    await this.#attempts.run(async () => {
      if (!this.#isStopped && performance.now() < sender.refusedUntilMillis) return;
      await this.batches.sendQueued(source.inMemory, true);
      await this.batches.sendSpooled(0);
    });
  }

  /** Nothing is sent any more but by `sendAll`. */
  stop(): void {
    this.#isStopped = true;
    this.#schedule.clear();
    this.#parts.source.stop();
  }

  /** Resolves when what is in flight has been counted. */
  get ended(): Promise<void> {
    return this.#attempts.ended;
  }

  #giveBack(): Promise<void> {
    return this.#scope.runInAsyncScope(() => this.batches.giveBack());
  }

  #onInterval(): void {
    void this.#giveBack();
    this.update();
    if (!this.#attempts.isIdle || performance.now() < this.#parts.sender.waitUntilMillis) return;
    void this.#attempts.run(() => this.batches.sendSpooled(this.#schedule.delayMillis));
  }

  /** Whole batches are made also while none can be sent: as bytes, hits release their requests. */
  #onTimer(): void {
    const { source, sender } = this.#parts;
    const now = performance.now();
    const isDue = this.#schedule.isDue(now);
    const isFilled = this.batches.fillWhole(now);
    const maySend = this.#attempts.isIdle && now >= sender.waitUntilMillis;
    if (maySend)
      void this.#attempts.run(() => this.batches.sendQueued(isDue ? source.inMemory : 0, false));
    if (!maySend || !isFilled) this.update();
  }
}
