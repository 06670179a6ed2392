import { SerialQueue } from '../../../common/serial-queue.js';
import { addCounters, type DeliveryCounters } from '../../queue/counters.js';
import type { Acknowledgment, AcknowledgmentFile } from './acknowledgment.js';
import type { HitPlace, SegmentHit } from './segment-hit.js';

/** The results for hits of a segment that have been read, and which of them are written to disk. */
export class SegmentDecisions {
  readonly counts: DeliveryCounters;
  readonly #file: AcknowledgmentFile;
  /** In the order of the file. The first is not acknowledged. */
  #hits: HitPlace[] = [];
  /** How many of them are acknowledged: usually none, but there may be thousands. */
  #acknowledgedBeyond = 0;
  #beyond: Set<number>;
  #offset: number;
  #open = 0;
  readonly #writes = new SerialQueue();
  /** A write that has not started and will include everything acknowledged until then. */
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

  /** Whether results are not written yet, or writing them failed. */
  get isUnsaved(): boolean {
    return this.#isUnsaved;
  }

  /** Whether the hit of the line at `start` was acknowledged before. */
  wasAcknowledged(start: number): boolean {
    return this.#beyond.has(start);
  }

  /** Adds a hit that has been read, in the order of the file. */
  add({ place }: SegmentHit): void {
    this.#hits.push(place);
    this.#open += 1;
  }

  /** Forgets which hits have been read. Returns the position from which to read again. */
  rewind(): number {
    this.#beyond = new Set(this.#acknowledgedBeyondOffset());
    this.#hits = [];
    this.#acknowledgedBeyond = 0;
    this.#open = 0;
    return this.#offset;
  }

  /** Acknowledges hits of this segment; `counts` are their results. */
  acknowledge(hits: readonly SegmentHit[], counts: DeliveryCounters): void {
    for (const { place } of hits) {
      if (place.isAcknowledged) continue;
      place.isAcknowledged = true;
      this.#open -= 1;
      this.#acknowledgedBeyond += 1;
    }
    const firstOpen = this.#hits.findIndex(({ isAcknowledged }) => !isAcknowledged);
    const acknowledged = this.#hits.splice(0, firstOpen < 0 ? this.#hits.length : firstOpen);
    this.#acknowledgedBeyond -= acknowledged.length;
    this.#offset = acknowledged.at(-1)?.lineEnd ?? this.#offset;
    addCounters(this.counts, counts);
  }

  /** Writes everything acknowledged so far. Rejects if that fails. */
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

  /** Makes what was written survive a power failure. */
  sync(): Promise<void> {
    return this.#writes.run(() => this.#file.sync());
  }

  /** Another process is the lease holder now: nothing more is written. */
  abandon(): void {
    this.#isStale = true;
  }

  /** Closes the file after pending writes. */
  async close(): Promise<void> {
    await this.#writes.ended;
    await this.#file.close();
  }

  #acknowledgment(isFinished: boolean): Acknowledgment {
    const beyond = this.#acknowledgedBeyondOffset();
    return { offset: this.#offset, beyond, counts: this.counts, isFinished };
  }

  #acknowledgedBeyondOffset(): number[] {
    const beyond = [...this.#beyond].filter((start) => start >= this.#offset);
    if (this.#acknowledgedBeyond > 0) {
      for (const { lineStart, isAcknowledged } of this.#hits)
        if (isAcknowledged) beyond.push(lineStart);
    }
    return beyond;
  }
}
