import { SerialQueue } from '../../../common/serial-queue.js';
import { addCounters, type DeliveryCounters } from '../../counters.js';
import type { Acknowledgment, AcknowledgmentFile } from './acknowledgment.js';
import type { SegmentHit } from './segment-hit.js';

/** What has been decided of the hits of a segment, as far as it has been read, and what of that is written down. */
export class SegmentDecisions {
  readonly counts: DeliveryCounters;
  readonly #file: AcknowledgmentFile;
  /** In the order of the file; the first is not acknowledged. */
  readonly #hits: SegmentHit[] = [];
  /** How many of them are acknowledged; mostly none, and there may be thousands. */
  #acknowledgedBeyond = 0;
  readonly #beyond: Set<number>;
  #offset: number;
  #open = 0;
  readonly #writes = new SerialQueue();
  /** One that has not begun, and will write down what is decided by then. */
  #nextSave: Promise<void> | undefined;
  #isUnsaved = false;
  #isStale = false;

  constructor({ offset, beyond, counts }: Acknowledgment, file: AcknowledgmentFile) {
    this.counts = counts;
    this.#file = file;
    this.#offset = offset;
    this.#beyond = new Set(beyond);
  }

  /** Hits that have been read and not acknowledged. */
  get open(): number {
    return this.#open;
  }

  /** What has been decided is not written down yet, or could not be. */
  get isUnsaved(): boolean {
    return this.#isUnsaved;
  }

  /** Whether the hit of the line that begins there was decided before. */
  wasAcknowledged(start: number): boolean {
    return this.#beyond.has(start);
  }

  /** A hit has been read that is to be decided. They come in the order of the file. */
  add(hit: SegmentHit): void {
    this.#hits.push(hit);
    this.#open += 1;
  }

  /** The hits of this segment among those that were decided, with what was counted for them. */
  acknowledge(hits: readonly SegmentHit[], counts: DeliveryCounters): void {
    for (const hit of hits) {
      if (hit.isAcknowledged) continue;
      hit.isAcknowledged = true;
      this.#open -= 1;
      this.#acknowledgedBeyond += 1;
    }
    const firstOpen = this.#hits.findIndex(({ isAcknowledged }) => !isAcknowledged);
    const acknowledged = this.#hits.splice(0, firstOpen < 0 ? this.#hits.length : firstOpen);
    this.#acknowledgedBeyond -= acknowledged.length;
    this.#offset = acknowledged.at(-1)?.lineEnd ?? this.#offset;
    addCounters(this.counts, counts);
  }

  /** Writes down what has been decided so far. Rejects where that cannot be done. */
  save(isFinished = false): Promise<void> {
    if (this.#nextSave && !isFinished) return this.#nextSave;
    const saved = this.#writes.attempt(async () => {
      this.#nextSave = undefined;
      if (this.#isStale) return;
      this.#isUnsaved = true;
      await this.#file.write(this.#acknowledgment(isFinished));
      this.#isUnsaved = false;
    });
    this.#nextSave = saved;
    return saved;
  }

  /** Has what is written down outlive a power failure. */
  sync(): Promise<void> {
    return this.#writes.run(() => this.#file.sync());
  }

  /** Somebody else sends now: nothing is written any more. */
  abandon(): void {
    this.#isStale = true;
  }

  /** After what is being written. */
  async close(): Promise<void> {
    await this.#writes.ended;
    await this.#file.close();
  }

  #acknowledgment(isFinished: boolean): Acknowledgment {
    const beyond = [...this.#beyond].filter((start) => start >= this.#offset);
    if (this.#acknowledgedBeyond > 0) {
      for (const { lineStart, isAcknowledged } of this.#hits)
        if (isAcknowledged) beyond.push(lineStart);
    }
    return { offset: this.#offset, beyond, counts: this.counts, isFinished };
  }
}
