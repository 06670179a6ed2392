import { setImmediate as nextTurn } from 'node:timers/promises';
import { SerialQueue } from '../../common/serial-queue.js';
import { EXIT_WAITS } from '../../common/signals-and-exit.js';
import { withTimeout } from '../../common/timers.js';
import type { Hit } from '../../hit/hit.js';
import type { MemoryQueue } from '../queue/memory-queue.js';
import { LINE_BYTES, toLines } from './hit-line.js';
import type { HitLine } from './journal.js';

/** After a write failed, hits stay in memory for this long before the next attempt. */
const RETRY_MILLIS = 5_000;
/** Hits that are encoded without a pause, so that requests are handled in between. */
export const PORTION = 100;
/** A disk that takes longer than this for a write is considered hanging. */
const HANGING_MILLIS = 2_000;

interface JournalWriterParts {
  /** Bytes that the spool has room for. */
  readonly room: () => number;
  /** Stores all lines or none. Returns whether they are stored; reports why not. */
  readonly store: (lines: readonly HitLine[]) => Promise<boolean>;
  readonly onFull: () => void;
  /** Passes on hits that could not be stored. */
  readonly giveBack: (hits: readonly Hit[]) => void;
}

/** Writes hits to the journal: together, because each write waits for the disk. */
export class JournalWriter {
  readonly #parts: JournalWriterParts;
  #waiting: HitLine[] = [];
  /** Lines of the current write. Empty from then on if the process ends meanwhile. */
  #begun: readonly HitLine[] = [];
  readonly #writes = new SerialQueue();
  #retryAtMillis = 0;
  /** Start of the current write. */
  #sinceMillis = Number.POSITIVE_INFINITY;

  constructor(parts: JournalWriterParts) {
    this.#parts = parts;
  }

  /** Hits that are not stored yet. */
  get pending(): number {
    return this.#waiting.length + this.#begun.length;
  }

  get isWriting(): boolean {
    return this.#begun.length > 0;
  }

  get isIdle(): boolean {
    return this.#writes.isIdle;
  }

  /** The last write failed not long ago. */
  get hasFailed(): boolean {
    return performance.now() < this.#retryAtMillis;
  }

  get isHanging(): boolean {
    return performance.now() - this.#sinceMillis >= HANGING_MILLIS;
  }

  /** Approximate number of bytes that more hits may take. */
  get room(): number {
    return this.#parts.room() - this.pending * LINE_BYTES;
  }

  /** Adds hits to the next write. */
  add(hits: readonly Hit[]): void {
    for (const [i, line] of toLines(hits).entries())
      this.#waiting.push({ hit: hits[i] as Hit, line });
  }

  /** Writes hits of the queue. Resolves as `write` does. */
  async writeQueued(memory: MemoryQueue): Promise<void> {
    for (let left = memory.queued; left > 0 && !this.isHanging; left -= PORTION) {
      this.add(memory.remove(PORTION));
      if (left > PORTION) await nextTurn();
    }
    await this.write();
  }

  /** Resolves when all hits so far are stored or given back. */
  write(): Promise<void> {
    return this.#writes.run(async () => {
      const lines = this.#waiting.splice(0);
      this.#sinceMillis = Number.POSITIVE_INFINITY; // also if none was running
      if (lines.length === 0) return;
      this.#begun = lines;
      this.#sinceMillis = performance.now();
      const fitting = this.#fittingOf(lines);
      const { store, onFull, giveBack } = this.#parts;
      const isStored = fitting.length === 0 || (await store(fitting));
      this.#sinceMillis = Number.POSITIVE_INFINITY;
      if (!this.isWriting) return;
      this.#begun = [];
      const rest = isStored ? lines.slice(fitting.length) : lines;
      if (rest.length === 0) return;
      this.#retryAtMillis = performance.now() + RETRY_MILLIS;
      if (isStored) onFull();
      giveBack(rest.map(({ hit }) => hit));
    });
  }

  /**
   * From now on, the write that runs counts as hanging. Gives back the hits of later ones, and with `all` also its own, which it may
   * still store.
   */
  giveUp(all: boolean): void {
    this.#sinceMillis = Number.NEGATIVE_INFINITY;
    const lines = all ? this.#takeAll() : this.#waiting.splice(0);
    this.#parts.giveBack(lines.map(({ hit }) => hit));
  }

  /** At the event `exit`: stores all hits by `append`, if the disk does not hang. Returns those that could not be stored. */
  writeAtExit(append: (lines: readonly HitLine[]) => boolean): readonly Hit[] {
    const lines = this.#takeAll();
    const fitting = this.#fittingOf(lines);
    const isStored = !this.isHanging && append(fitting);
    return lines.slice(isStored ? fitting.length : 0).map(({ hit }) => hit);
  }

  /** Waits a limited time for the write that runs. Returns how many hits are not stored: they are forgotten. */
  async end(): Promise<number> {
    if (this.pending > 0) await withTimeout(EXIT_WAITS.spoolWriteMillis, this.#writes.ended);
    return this.#takeAll().length;
  }

  #takeAll(): readonly HitLine[] {
    const lines = [...this.#begun, ...this.#waiting];
    this.#begun = [];
    this.#waiting = [];
    return lines;
  }

  /** The first of some lines, as many as there is room for. */
  #fittingOf(lines: readonly HitLine[]): readonly HitLine[] {
    let room = this.#parts.room();
    const end = lines.findIndex(({ line }) => {
      room -= line.length;
      return room < 0;
    });
    return end < 0 ? lines : lines.slice(0, end);
  }
}
