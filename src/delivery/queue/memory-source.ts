import type { Hit, PendingHit } from '../../hit/hit.js';
import type { TakeOptions } from '../spool/spool-store.js';
import type { EncodedHit } from './batch.js';
import { addCounters, createDeliveryCounters, type DeliveryCounters } from './counters.js';
import { encodeHits } from './encode-hits.js';
import { HitQueue } from './hit-queue.js';
import type { HitReceiver, HitSource } from './hit-source.js';

/** Memory of a hit that was handed out, besides its bytes. */
const OBJECT_BYTES = 100;

/** Hits in memory. */
export class MemorySource implements HitSource {
  readonly counters: DeliveryCounters = createDeliveryCounters();
  readonly #queue = new HitQueue();
  #handedOut = 0;
  #handedOutBytes = 0;

  get pending(): number {
    return this.inMemory;
  }

  get inMemory(): number {
    return this.#queue.count + this.#handedOut;
  }

  get bytes(): number {
    return this.#queue.bytes + this.#handedOutBytes;
  }

  get spooled(): number {
    return 0;
  }

  get spoolHits(): number | undefined {
    return undefined;
  }

  get takenOver(): number {
    return 0;
  }

  get isDurable(): boolean {
    return false;
  }

  start(_receiver: HitReceiver): void {}

  stop(): void {}

  async close(): Promise<void> {}

  push(hit: PendingHit): void {
    this.#queue.push(hit);
  }

  get queued(): number {
    return this.#queue.size;
  }

  get oldestMillis(): number {
    return this.#queue.oldestMillis;
  }

  finalMillis(count: number): number {
    return this.#queue.finalMillis(count);
  }

  get sendsQueued(): boolean {
    return true;
  }

  hasQueued(count: number, nowMillis: number): boolean {
    return this.sendsQueued && this.#queue.hasFinal(count, nowMillis);
  }

  prepareQueued(max: number, count: number, nowMillis: number): boolean {
    return !this.sendsQueued || this.#queue.prepare(max, count, nowMillis);
  }

  takeQueued(max: number, nowMillis: number, all: boolean): readonly EncodedHit[] {
    return this.sendsQueued ? this.handOut(this.removeQueued(max, nowMillis, all)) : [];
  }

  acknowledgeQueued(hits: readonly EncodedHit[], counts: DeliveryCounters): void {
    this.forget(hits);
    addCounters(this.counters, counts);
  }

  async store(): Promise<void> {}

  storeSync(): readonly EncodedHit[] {
    return [];
  }

  async findRoom(): Promise<number> {
    return 0;
  }

  async takeBack(_hits: readonly EncodedHit[]): Promise<void> {}

  drop(): void {
    const queued = this.removeQueued(Number.POSITIVE_INFINITY, performance.now(), true).length;
    this.counters.lost.shutdown += queued + this.#handedOut;
    this.#handedOut = 0;
    this.#handedOutBytes = 0;
  }

  get term(): number {
    return 0;
  }

  get oldestSpooledSeconds(): number {
    return Number.POSITIVE_INFINITY;
  }

  async findTerm(_isUrgent: boolean): Promise<number> {
    return 0;
  }

  async takeSpooled(_options: TakeOptions): Promise<readonly EncodedHit[]> {
    return [];
  }

  async mayStillSend(_term: number): Promise<boolean> {
    return false;
  }

  noteToken(_tokenAuth: string | undefined, _isTracked: boolean): void {}

  acknowledgeSpooled(_hits: readonly EncodedHit[], _counts: DeliveryCounters): void {}

  /** Removes hits from the queue, to hand them out or to store them. */
  protected removeQueued(max: number, nowMillis: number, all: boolean): Hit[] {
    return this.#queue.take(max, nowMillis, all);
  }

  /** Encodes hits and counts them as handed out. */
  protected handOut(hits: readonly Hit[]): readonly EncodedHit[] {
    const encoded = encodeHits(hits);
    this.#count(encoded, 1);
    return encoded;
  }

  /** Hits that were handed out have a result, or were stored. */
  protected forget(hits: readonly EncodedHit[]): void {
    this.#count(hits, -1);
  }

  #count(hits: readonly EncodedHit[], sign: 1 | -1): void {
    this.#handedOut += sign * hits.length;
    for (const { start, end } of hits) {
      this.#handedOutBytes += sign * (end - start + OBJECT_BYTES);
    }
  }
}
