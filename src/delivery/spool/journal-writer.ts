import { SerialQueue } from '../../common/serial-queue.js';
import { withTimeout } from '../../common/timers.js';
import type { Hit } from '../../hit/hit.js';
import { EXIT_WAITS } from '../exit/exit-waits.js';
import { LINE_BYTES, toLines } from './hit-line.js';
import { type HitLine, type Journal, type JournalHit, JournalLost } from './journal.js';
import type { SpoolReports } from './spool-reports.js';

/** After a write failed, hits stay in memory for this long before the next attempt. */
const RETRY_MILLIS = 5_000;
/** A disk that takes longer than this for a write is considered hanging. */
const HANGING_MILLIS = 2_000;

interface JournalWriterParts {
  readonly maxBytes: number;
  readonly reports: SpoolReports;
  /** The journal that gets hits now. */
  readonly journal: () => Journal | undefined;
  /** Whether so many hits should be kept in memory when they are written, to be sent next. */
  readonly keeps: (hits: number) => boolean;
  /** `count` hits were stored, of which some were kept. */
  readonly onStored: (count: number, kept: readonly JournalHit[]) => void;
  readonly onFailed: (error: unknown, journal: Journal) => void;
  /** Resolves when a journal that was lost has its successor. */
  readonly succession: () => Promise<unknown>;
  /** Passes on hits that could not be stored. */
  readonly giveBack: (hits: readonly Hit[]) => void;
}

/** Writes hits to the journal: together, because each write waits for the disk. */
export class JournalWriter {
  readonly #parts: JournalWriterParts;
  #waiting: HitLine[] = [];
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
    return this.#freeBytes - this.pending * LINE_BYTES;
  }

  /** Adds hits to the next write. */
  add(hits: readonly Hit[]): void {
    for (const [i, line] of toLines(hits).entries())
      this.#waiting.push({ hit: hits[i] as Hit, line });
  }

  /** Resolves when all hits so far are stored or given back. */
  write(): Promise<void> {
    return this.#writes.run(async () => {
      const lines = this.#waiting.splice(0);
      if (lines.length === 0) return;
      this.#begun = lines;
      const rest = await this.#storeFitting(lines, true);
      if (this.#begun.length === 0) return; // the process ends
      this.#begun = [];
      if (rest.length === 0) return;
      this.#retryAtMillis = performance.now() + RETRY_MILLIS;
      const { giveBack, reports } = this.#parts;
      if (rest !== lines) reports.notWritten(new Error(this.#full));
      giveBack(rest.map(({ hit }) => hit));
    });
  }

  /** At the event `exit`: stores all hits synchronously. Returns those that could not be stored. */
  writeAtExit(): readonly Hit[] {
    const { journal, onStored } = this.#parts;
    const lines = this.#takeAll();
    const fitting = this.#fittingOf(lines);
    const isStored = !this.isHanging && journal()?.appendAtExit(fitting) === true;
    if (isStored) onStored(fitting.length, []);
    return (isStored ? lines.slice(fitting.length) : lines).map(({ hit }) => hit);
  }

  /** Waits a limited time for the write that runs. Returns how many hits are not stored: they are forgotten. */
  async end(): Promise<number> {
    await withTimeout(EXIT_WAITS.spoolWriteMillis, this.#writes.ended);
    return this.#takeAll().length;
  }

  #takeAll(): readonly HitLine[] {
    const lines = [...this.#begun, ...this.#waiting];
    this.#begun = [];
    this.#waiting = [];
    return lines;
  }

  /** Stores as many lines as there is room for. Returns the others. If the journal is gone, tries its successor once. */
  async #storeFitting(lines: readonly HitLine[], triesAgain: boolean): Promise<readonly HitLine[]> {
    const { onFailed, succession } = this.#parts;
    const fitting = this.#fittingOf(lines);
    const journal = this.#parts.journal();
    try {
      await this.#store(journal, fitting);
      return lines.slice(fitting.length);
    } catch (error) {
      if (journal) onFailed(error, journal); // else the opener has reported why
      if (!triesAgain || !(error instanceof JournalLost)) return lines;
      await succession();
      if (this.#begun.length === 0) return []; // the process ends
      return await this.#storeFitting(lines, false);
    }
  }

  async #store(journal: Journal | undefined, lines: readonly HitLine[]): Promise<void> {
    const { keeps, onStored, reports } = this.#parts;
    if (lines.length === 0) throw new Error(this.#full);
    if (!journal) throw new Error('not open');
    this.#sinceMillis = performance.now();
    try {
      const kept = await journal.append(lines, keeps(lines.length));
      if (this.#begun.length === 0) return; // the process ends
      if (journal !== this.#parts.journal()) throw new JournalLost('it was lost before');
      onStored(lines.length, kept);
      reports.written();
    } finally {
      this.#sinceMillis = Number.POSITIVE_INFINITY;
    }
  }

  get #full(): string {
    return `it has reached maxSpoolBytes, ${this.#parts.maxBytes}`;
  }

  get #freeBytes(): number {
    const { journal, maxBytes } = this.#parts;
    return maxBytes - (journal()?.spoolBytes ?? 0);
  }

  /** The first of some lines, as many as there is room for. */
  #fittingOf(lines: readonly HitLine[]): readonly HitLine[] {
    let room = this.#freeBytes;
    const end = lines.findIndex(({ line }) => {
      room -= line.length;
      return room < 0;
    });
    return end < 0 ? lines : lines.slice(0, end);
  }
}
