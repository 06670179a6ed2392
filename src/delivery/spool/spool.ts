import { SerialQueue } from '../../common/serial-queue.js';
import { EXIT_WAITS } from '../../common/signals-and-exit.js';
import { withTimeout } from '../../common/timers.js';
import type { Hit } from '../../hit/hit.js';
import type { BatchQueue } from '../queue/batch-queue.js';
import { addCounters, type HitResultCounts } from '../queue/counters.js';
import type { MemoryQueue } from '../queue/memory-queue.js';
import {
  type HitLine,
  type IsFresh,
  type Journal,
  type JournalHit,
  JournalLost,
  type JournalOpener,
} from './journal.js';
import { JournalWriter, PORTION } from './journal-writer.js';
import type { SpoolReports } from './spool-reports.js';
import type { SpoolOptions } from './spool-store.js';
import { StoredHits } from './stored-hits.js';

/** Interval for storing hits, which must be stored within half a second, for reading them, and for removing those that are too old. */
const INTERVAL_MILLIS = 150;
/** Interval for storing full portions: a queued hit keeps its request in memory. */
const PORTION_MILLIS = 50;
/** Journals that are taken over per second. */
const MAX_TAKEN_OVER = 64;

/** What delivery connects a spool to. */
interface SpoolParts {
  readonly memory: MemoryQueue;
  /** Gets hits of the spool, and those that could not be stored. */
  readonly queue: BatchQueue;
  readonly isFresh: IsFresh;
  /** Hits that may be in memory besides those of `memory`. */
  readonly maxQueueSize: number;
  /** There may be hits to send or to store. */
  onInterval(): void;
}

/**
 * Makes hits durable: moves queued hits from memory to this process' journal, and reads them from there, oldest first, with those of
 * dead processes. No method rejects.
 *
 *     memory ──> writer ──> journal ──> `StoredHits` ──load──> delivery ──acknowledge──> `StoredHits`
 */
export class Spool {
  /** Nothing may be stored before. Resolves soon in any case. */
  readonly ready: Promise<void>;
  /** Hits taken over from processes that have ended. */
  takenOver = 0;
  /** The part of `pending` that is stored. */
  spooled = 0;
  readonly #options: Pick<SpoolOptions, 'maxBytes' | 'times'>;
  readonly #reports: SpoolReports;
  #opener: JournalOpener | undefined;
  #parts!: SpoolParts;
  /** The hits of the journal that is open, or cannot be used for some time. */
  #stored: StoredHits | undefined;
  /** Taken hits of a journal that is gone. They are lost, unless the bulk in flight has a result for them. */
  readonly #abandoned = new Set<JournalHit>();
  #isOpening = true;
  #isClosed = false;
  readonly writer: JournalWriter;
  readonly #steps: SerialQueue;
  #timer: NodeJS.Timeout | undefined;
  #beatTimer: NodeJS.Timeout | undefined;
  #closed: Promise<void> | undefined;

  /** `loaded` must not reject, and resolves with `undefined` if there is no store. */
  constructor(
    loaded: Promise<JournalOpener | undefined>,
    reports: SpoolReports,
    options: Pick<SpoolOptions, 'maxBytes' | 'times'>,
  ) {
    this.#options = options;
    this.#reports = reports;
    this.writer = new JournalWriter({
      room: () => options.maxBytes - (this.#stored?.journal.spoolBytes ?? 0),
      store: (lines) => this.#store(lines),
      onFull: () => {
        reports.unwritable.begin(`it has reached maxSpoolBytes, ${options.maxBytes}`);
      },
      giveBack: (hits) => {
        const { memory, queue } = this.#parts;
        queue.add(memory.keep(hits), false);
      },
    });
    this.#steps = new SerialQueue({ onError: (error) => this.#fail(error, this.#stored) });
    this.ready = loaded.then(async (opener) => {
      this.#opener = opener;
      await this.#open();
      this.#isOpening = false;
    });
  }

  /** Hits without a result that this process made or took over. */
  get pending(): number {
    return this.writer.pending + this.spooled;
  }

  /** Whether hits can be stored now. `false` after a failure and while the disk hangs: then hits stay in the bounded queue. */
  get isWritable(): boolean {
    if (this.writer.isHanging) return false;
    if (this.#isOpening) return true;
    return this.#openJournal !== undefined && !this.#isClosed && !this.writer.hasFailed;
  }

  /** Whether it is open, or could not be opened. */
  get isReady(): boolean {
    return !this.#isOpening;
  }

  /** The journal that can be read now. */
  get #openJournal(): Journal | undefined {
    const journal = this.#stored?.journal;
    return journal?.isOpen ? journal : undefined;
  }

  /** Start of the oldest request whose hit was not taken, in epoch seconds; `Infinity` if there is none. */
  get oldestSeconds(): number {
    return this.#stored?.oldestSeconds ?? Number.POSITIVE_INFINITY;
  }

  /** Starts to store queued hits. */
  start(parts: SpoolParts): void {
    this.#parts = parts;
    const { memory } = parts;
    let millis = 0;
    this.#timer = setInterval(() => {
      millis += PORTION_MILLIS;
      const isInterval = millis % INTERVAL_MILLIS === 0;
      if ((isInterval || memory.queued >= PORTION) && this.isWritable) void this.store();
      if (!isInterval) return;
      if (this.writer.isHanging) {
        this.writer.giveUp(false);
        this.#reports.hanging();
      }
      // While a disk hangs, nothing piles up.
      if (this.#steps.isIdle) void this.#steps.run(() => this.#expire());
      parts.onInterval();
    }, PORTION_MILLIS).unref();
    void this.ready.then(() => this.#beat());
  }

  /** No hit is stored any more, except by calls. */
  stop(): void {
    clearInterval(this.#timer);
  }

  /** Stores queued hits, and batches that are not in flight. Resolves when they are stored or failed. */
  async store(): Promise<void> {
    await this.ready;
    await this.writer.writeQueued(this.#parts.memory);
    // One by one: a batch that cannot be stored is queued in memory again.
    while (this.isWritable && this.#takeBatch(this.writer.room)) await this.writer.write();
    await this.writer.write(); // also what another call has taken
  }

  /** Passes a batch in memory to the writer. Returns `false` if there is none, or its hits take more than `mostBytes`. */
  #takeBatch(mostBytes: number): boolean {
    const { memory, queue } = this.#parts;
    const hits = queue.takeBatch(mostBytes);
    memory.forget(hits);
    this.writer.add(hits);
    return hits.length > 0;
  }

  /** Stores all hits in memory synchronously. Returns those that have to be sent. */
  storeSync(): readonly Hit[] {
    const { memory } = this.#parts;
    const journal = this.#stored?.journal;
    let isLeft = journal?.appendAtExit !== undefined;
    while (isLeft) isLeft = this.#takeBatch(Number.POSITIVE_INFINITY);
    this.writer.add(memory.remove(Number.POSITIVE_INFINITY));
    const rest = this.writer.writeAtExit((lines) => {
      const isStored = journal?.appendAtExit?.(lines) === true;
      if (isStored) this.spooled += lines.length;
      return isStored;
    });
    return memory.keep(rest);
  }

  /**
   * Queues the oldest hits that are not too old, as many as are `wanted` once those of a journal that is gone have left the queue; fewer only
   * if the oldest has waited for `delayMillis`. Returns whether those in the queue may be sent; call it before each bulk.
   */
  load(wanted: () => number, delayMillis: number): Promise<boolean> {
    return this.#steps.run(async () => {
      if (!this.#openJournal) return false;
      this.#dropAbandoned();
      const max = wanted();
      if (max > 0) {
        await this.#expire();
        await this.#stored?.readAhead(max);
        this.#dropAbandoned();
        if (this.#openJournal)
          this.#parts.queue.add(this.#stored?.take(max, delayMillis) ?? [], true);
      }
      if (this.#stored?.taken.size || this.#abandoned.size > 0) await this.#settle();
      return this.#openJournal !== undefined;
    }, false);
  }

  /** Counts the results of taken hits; `counts` add up to their number. */
  acknowledge(hits: readonly JournalHit[], counts: HitResultCounts): void {
    const [first] = hits; // all are of one journal
    const sets = [this.#stored?.taken, this.#abandoned];
    const taken = first && sets.find((set) => set?.has(first));
    if (!taken) return; // counted as lost
    for (const hit of hits) taken.delete(hit);
    this.spooled -= hits.length;
    addCounters(this.#parts.memory.counters, counts);
    if (taken === this.#stored?.taken) this.#stored.decide(hits);
    void this.#steps.run(() => this.#save());
  }

  /** At the end of the process: stores that these taken hits have a result, which others would send again. Returns whether that is stored. */
  decideAtExit(hits: readonly JournalHit[]): boolean {
    const stored = this.#stored;
    if (!stored || !hits.every((hit) => stored.taken.has(hit))) return false;
    stored.decide(hits);
    return this.saveAtExit();
  }

  /** At the end of the process: stores the results that are not stored yet. Returns whether all are. */
  saveAtExit(): boolean {
    return !this.writer.isHanging && this.#stored?.saveAtExit() === true;
  }

  /** Closes the spool, in which hits stay. Resolves even if a disk hangs. */
  close(): Promise<void> {
    this.#closed ??= withTimeout(EXIT_WAITS.spoolMillis, this.#close());
    return this.#closed;
  }

  async #close(): Promise<void> {
    this.stop();
    const notStored = await this.writer.end();
    this.#isClosed = true;
    clearTimeout(this.#beatTimer);
    addCounters(this.#parts.memory.counters, { shutdown: notStored });
    this.#reports.close();
    await this.ready;
    await this.#steps.run(async () => {
      await this.#settle();
      if (this.writer.isIdle) this.#parts.queue.add(this.storeSync(), false); // what has come meanwhile
      await this.#stored?.journal.close();
    });
    this.#opener?.close?.();
  }

  /** At the end of the process, the same unless another thread still does something for it: then nothing is released, as if it was killed. */
  closeAtExit(): void {
    if (this.#isClosed || !this.#steps.isIdle || !this.writer.isIdle) return;
    this.#isClosed = true;
    this.#stored?.journal.closeAtExit?.();
  }

  async #open(): Promise<void> {
    if (this.#stored || this.#isClosed) return;
    const journal = await this.#opener?.open((hits) => {
      this.takenOver += hits;
      this.spooled += hits;
      this.#reports.takenOver(hits);
    });
    if (!journal) return;
    const onLost = (hits: number) => this.#loseStored(hits);
    this.#stored = new StoredHits(journal, this.#parts.maxQueueSize, this.#reports, onLost);
  }

  async #beat(): Promise<void> {
    const { beatMillis } = this.#options.times;
    const taken = await this.#steps.run(async () => {
      await this.#open();
      this.#stored?.forgetUnreadable();
      const openJournal = this.#openJournal;
      if (!openJournal) return 0;
      await openJournal.keepAlive();
      await this.#save();
      return openJournal.takeOver(MAX_TAKEN_OVER);
    }, 0);
    if (this.#isClosed) return;
    const { tracked, accepted } = this.#parts.memory.counters;
    const { pending, oldestSeconds } = this;
    this.#reports.beat({ pending, confirmed: tracked + accepted, oldestSeconds });
    const millis = taken === MAX_TAKEN_OVER ? Math.min(beatMillis, 1_000) : beatMillis;
    this.#beatTimer = setTimeout(() => void this.#beat(), millis).unref();
  }

  /** Appends lines to the journal, or to its successor, which may be about to be opened. */
  async #store(lines: readonly HitLine[], triesAgain = true): Promise<boolean> {
    const stored = this.#stored;
    try {
      if (!stored) throw new JournalLost('none is open');
      const kept = await stored.journal.append(lines, stored.mayKeep(lines.length));
      if (!this.writer.isWriting) return false; // the process ends
      if (stored !== this.#stored) throw new JournalLost('it was lost before');
      this.spooled += lines.length;
      stored.keep(kept);
      this.#reports.unwritable.end();
      return true;
    } catch (error) {
      this.#fail(error, stored, true);
      if (!triesAgain || !(error instanceof JournalLost)) return false;
      await this.#steps.ended;
      return this.writer.isWriting && this.#store(lines, false);
    }
  }

  /** Drops hits that are too old. */
  async #expire(): Promise<void> {
    const { isFresh, memory } = this.#parts;
    for (;;) {
      const stored = this.#stored;
      await stored?.readAhead(1);
      if (!stored || stored !== this.#stored) return;
      const expired = stored.expire(isFresh);
      if (expired.length === 0) return;
      this.spooled -= expired.length;
      addCounters(memory.counters, { expired: expired.length });
      await this.#save();
    }
  }

  /** Stores that hits have a result. What fails is repeated later. */
  async #save(): Promise<void> {
    const stored = this.#stored;
    if (!stored?.journal.isOpen || stored.areSaved) return;
    const failure = await stored.save();
    if (failure !== undefined) {
      await this.#confirm().catch(() => undefined);
      if (stored === this.#stored) this.#reports.unwritable.begin(failure);
    } else if (this.isWritable) this.#reports.unwritable.end();
  }

  /** Stores results, checks that the journal is not gone, and counts what is lost if so. */
  async #settle(): Promise<void> {
    await this.#save();
    await this.#confirm();
    this.#dropAbandoned();
  }

  /** Checks that the journal is not gone. */
  async #confirm(): Promise<void> {
    const stored = this.#stored;
    await stored?.journal.confirm().catch((error) => {
      if (!(error instanceof JournalLost)) throw error;
      this.#onLost(stored);
    });
  }

  #fail(error: unknown, stored: StoredHits | undefined, isWrite = false): void {
    if (error instanceof JournalLost) this.#onLost(stored);
    else if (isWrite) this.#reports.unwritable.begin(error);
    else this.#reports.unreadable.begin(error);
  }

  /** The journal is gone: goes on with another one. */
  #onLost(stored: StoredHits | undefined): void {
    if (!stored || stored !== this.#stored) return;
    this.#stored = undefined;
    for (const hit of stored.taken) this.#abandoned.add(hit);
    this.#loseStored(this.spooled - this.#abandoned.size, GONE);
    if (!this.#isClosed) void this.#steps.run(() => this.#open());
  }

  #dropAbandoned(): void {
    if (this.#abandoned.size === 0) return;
    this.#parts.queue.forgetStored();
    this.#loseStored(this.#abandoned.size, GONE);
    this.#abandoned.clear();
  }

  #loseStored(hits: number, reason?: string): void {
    if (reason !== undefined && hits > 0) this.#reports.lost(hits, reason);
    this.spooled -= hits;
    addCounters(this.#parts.memory.counters, { spool: hits });
  }
}

const GONE =
  'the journal of this process was deleted, or another process took it over after this one had stood still, and sends its hits';
