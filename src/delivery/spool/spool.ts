import { setImmediate as nextTurn } from 'node:timers/promises';
import { atExit } from '../../common/at-exit.js';
import { SerialQueue } from '../../common/serial-queue.js';
import { withTimeout } from '../../common/timers.js';
import type { Hit } from '../../hit/hit.js';
import { EXIT_WAITS } from '../exit/exit-waits.js';
import { addCounters, type DeliveryCounters, lostHits } from '../queue/counters.js';
import type { MemoryQueue } from '../queue/memory-queue.js';
import { Backlog } from './backlog.js';
import {
  type HitLine,
  type IsFresh,
  type Journal,
  type JournalEvents,
  type JournalHit,
  JournalLost,
  type JournalOpener,
  type JournalTimes,
  type Segment,
} from './journal.js';
import { JournalWriter } from './journal-writer.js';
import type { SpoolReports } from './spool-reports.js';

/** Interval for removing hits that are too old, even while nothing can be sent. */
const EXPIRY_MILLIS = 1_000;
/** Interval for storing and reading hits, which must be stored within half a second. */
const INTERVAL_MILLIS = 150;
/** Interval for storing full portions: a queued hit keeps its request in memory. */
const PORTION_MILLIS = 50;
/** Hits that are encoded without a pause, so that requests are handled in between. */
const PORTION = 100;
/** Journals that are taken over per second. */
const MAX_TAKEN_OVER = 64;

interface SpoolOptions {
  readonly maxBytes: number;
  readonly times: JournalTimes;
}

/** What delivery connects a spool to. */
interface SpoolParts {
  readonly memory: MemoryQueue;
  readonly isFresh: IsFresh;
  /** Hits that may be in memory besides those of `memory`. */
  readonly maxQueueSize: number;
  /** There may be hits to send or to store. */
  onInterval(): void;
  /** Passes on hits that could not be stored. */
  giveBack(hits: readonly Hit[]): void;
}

/**
 * Makes hits durable: moves queued hits from memory to this process' journal, and reads them from there, oldest first, with those of
 * dead processes. No method rejects.
 *
 *     memory ──> writer ──> journal ──> ahead ──take──> taken ──acknowledge──> decided ──> deleted
 */
export class Spool {
  /** Nothing may be stored before. Resolves soon in any case. */
  readonly ready: Promise<void>;
  /** Hits taken over from processes that have ended. */
  takenOver = 0;
  /** The part of `pending` that is stored. */
  spooled = 0;
  readonly #options: SpoolOptions;
  readonly #reports: SpoolReports;
  #opener: JournalOpener | undefined;
  #parts!: SpoolParts;
  #journal: Journal | undefined;
  #isOpening = true;
  #isClosed = false;
  /** Hits that were read from the journal, or kept when they were written. */
  #ahead: JournalHit[] = [];
  /** When hits that can be taken were first seen. */
  #waitsSinceMillis = Number.POSITIVE_INFINITY;
  /** Segments that could not be read since the last beat. They must not delay newer ones. */
  readonly #unreadable = new Set<Segment>();
  readonly #taken = new Set<JournalHit>();
  /** Taken hits of a journal that is gone. They are lost, unless the bulk in flight has a result for them. */
  readonly #abandoned = new Set<JournalHit>();
  /** Hits with results that are not stored yet. */
  readonly #decided = new Map<Segment, JournalHit[]>();
  readonly #writer: JournalWriter;
  readonly #steps: SerialQueue;
  #timer: NodeJS.Timeout | undefined;
  #beatTimer: NodeJS.Timeout | undefined;
  readonly #backlog = new Backlog();
  #forgetExit: () => void = () => undefined;
  #closed: Promise<void> | undefined;

  /** `loaded` must not reject, and resolves with `undefined` if there is no store. */
  constructor(
    loaded: Promise<JournalOpener | undefined>,
    reports: SpoolReports,
    options: SpoolOptions,
  ) {
    this.#options = options;
    this.#reports = reports;
    this.#writer = new JournalWriter({
      room: () => options.maxBytes - (this.#journal?.spoolBytes ?? 0),
      store: (lines) => this.#store(lines),
      onFull: () => {
        const full = `it has reached maxSpoolBytes, ${options.maxBytes}`;
        reports.notWritten(new Error(full));
      },
      giveBack: (hits) => {
        const { memory, giveBack } = this.#parts;
        giveBack(memory.keep(hits));
      },
    });
    this.#steps = new SerialQueue({ onError: (error) => this.#fail(error, this.#journal) });
    this.ready = loaded.then(async (opener) => {
      this.#opener = opener;
      await this.#openJournal();
      this.#isOpening = false;
    });
  }

  /** Available when `ready` is resolved. */
  get visitorKey(): Buffer | undefined {
    return this.#opener?.visitorKey;
  }

  /** Hits without a result that this process made or took over. */
  get pending(): number {
    return this.#writer.pending + this.spooled;
  }

  /** Whether hits can be stored now. `false` after a failure and while the disk hangs: then hits stay in the bounded queue. */
  get isWritable(): boolean {
    if (this.#isOpening) return true;
    const isReady = this.#journal?.isOpen === true && !this.#isClosed;
    return isReady && !this.#writer.hasFailed && !this.#writer.isHanging;
  }

  /** Approximate number of bytes that more hits may take. */
  get room(): number {
    return this.#writer.room;
  }

  /** The journal that can be read now. Hits of an earlier one must not be sent. */
  get openJournal(): Journal | undefined {
    return this.#journal?.isOpen ? this.#journal : undefined;
  }

  /** Start of the oldest request whose hit was not taken, in epoch seconds; `Infinity` if there is none. */
  get oldestSeconds(): number {
    const ahead = this.#ahead[0]?.startSeconds ?? Number.POSITIVE_INFINITY;
    return Math.min(ahead, this.#nextSegment()?.startSeconds ?? Number.POSITIVE_INFINITY);
  }

  /** Starts to store queued hits. */
  start(parts: SpoolParts): void {
    this.#parts = parts;
    const { memory } = parts;
    let millis = 0;
    this.#timer = setInterval(() => {
      millis += PORTION_MILLIS;
      const isInterval = millis % INTERVAL_MILLIS === 0;
      const isDue = isInterval || memory.queued >= PORTION;
      if (isDue && this.isWritable) void this.storeQueued(false);
      if (millis % EXPIRY_MILLIS === 0) void this.#steps.run(() => this.#expire());
      if (isInterval) parts.onInterval();
    }, PORTION_MILLIS).unref();
    this.#forgetExit = atExit('release', () => this.#closeAtExit());
    void this.ready.then(() => this.#beat());
  }

  /** No hit is stored any more, except by calls. */
  stop(): void {
    clearInterval(this.#timer);
  }

  /**
   * Stores queued hits: final ones, or `all`. Encodes them in portions, and writes them together, because each write waits for the
   * disk. Resolves when all hits so far are stored or failed.
   */
  async storeQueued(all: boolean): Promise<void> {
    await this.ready;
    const { memory } = this.#parts;
    for (let left = memory.untaken; left > 0; left -= PORTION) {
      const hits = memory.remove(PORTION, performance.now(), all);
      if (hits.length === 0) break;
      this.#writer.add(hits);
      if (left > PORTION) await nextTurn();
    }
    await this.#writer.write();
  }

  /** At the end of the process: stores all hits in memory synchronously. Returns those that have to be sent. */
  storeSync(): readonly Hit[] {
    const { memory } = this.#parts;
    this.#writer.add(memory.remove(Number.POSITIVE_INFINITY, performance.now(), true));
    const rest = this.#writer.writeAtExit((lines) => {
      const isStored = this.#journal?.appendAtExit(lines) === true;
      if (isStored) this.spooled += lines.length;
      return isStored;
    });
    return memory.keep(rest);
  }

  /** How many bytes of taken hits can be stored. */
  async findRoom(): Promise<number> {
    await this.ready;
    return this.isWritable ? this.room : 0;
  }

  /** Stores taken hits, or gives them back. */
  async storeEncoded(hits: readonly Hit[]): Promise<void> {
    this.#parts.memory.forget(hits);
    this.#writer.add(hits);
    await this.#writer.write();
  }

  /**
   * The oldest hits of a journal that are not too old, at most `max`; fewer only if the oldest has waited for `delayMillis`. Each is
   * returned once; none if the journal is gone.
   */
  take(journal: Journal, max: number, delayMillis: number): Promise<readonly JournalHit[]> {
    return this.#steps.run(async () => {
      await this.#expire();
      await this.#readAhead(max);
      if (journal !== this.openJournal) return [];
      this.#dropAbandoned();
      const waiting = this.#ahead.length;
      const now = performance.now();
      if (waiting > 0) this.#waitsSinceMillis = Math.min(this.#waitsSinceMillis, now);
      if (waiting < max && now - this.#waitsSinceMillis < delayMillis) return [];
      this.#waitsSinceMillis = waiting > max ? now : Number.POSITIVE_INFINITY;
      const hits = this.#ahead.splice(0, max);
      for (const hit of hits) this.#taken.add(hit);
      return hits;
    }, []);
  }

  /** Whether hits taken of this journal may be sent; call it before each bulk. Hits of earlier ones are lost by then. */
  mayStillSend(journal: Journal): Promise<boolean> {
    return this.#steps.run(async () => {
      if (this.#taken.size + this.#abandoned.size > 0) await this.#settle();
      return journal === this.openJournal;
    }, false);
  }

  /** Counts the results of taken hits; `counts` add up to their number. */
  acknowledge(hits: readonly JournalHit[], counts: DeliveryCounters): void {
    const known = hits.filter((hit) => this.#taken.delete(hit));
    const abandoned = hits.filter((hit) => this.#abandoned.delete(hit));
    if (known.length + abandoned.length < hits.length) return; // counted as lost
    this.spooled -= hits.length;
    addCounters(this.#parts.memory.counters, counts);
    this.#noteDecided(known);
    void this.#steps.run(() => this.#save());
  }

  /** At the end of the process: stores the results that are not stored yet, and that these taken hits have one. Returns whether all are. */
  decideAtExit(hits: readonly JournalHit[]): boolean {
    if (!hits.every((hit) => this.#taken.has(hit))) return false;
    this.#noteDecided(hits);
    const areStored = [...this.#decided].map(([segment, decided]) =>
      segment.markDecidedAtExit(decided),
    );
    return areStored.every(Boolean);
  }

  /** Closes the spool, in which hits stay. Resolves even if a disk hangs. */
  close(): Promise<void> {
    this.#closed ??= withTimeout(EXIT_WAITS.spoolMillis, this.#close());
    return this.#closed;
  }

  async #close(): Promise<void> {
    this.stop();
    const notStored = await this.#writer.end();
    this.#isClosed = true;
    clearTimeout(this.#beatTimer);
    this.#lose('shutdown', notStored);
    this.#reports.close();
    await this.ready;
    await this.#steps.run(async () => {
      await this.#settle();
      await this.#journal?.close();
    });
    this.#forgetExit();
    this.#opener?.close();
  }

  /** The process ends without `close`. While another thread does something for it, nothing is released, as if it was killed. */
  #closeAtExit(): void {
    if (this.#steps.isIdle && this.#writer.isIdle) this.#journal?.closeAtExit();
  }

  async #openJournal(): Promise<void> {
    const events: JournalEvents = {
      takenOver: (hits, oldestSeconds) => {
        this.takenOver += hits;
        this.spooled += hits;
        this.#reports.takenOver(hits, oldestSeconds);
      },
      damaged: (segment, hits) => {
        this.#reports.broken(segment);
        this.#loseStored(hits);
      },
      lost: (hits) => this.#loseStored(hits, 'they were deleted'),
      foreign: (segment) => this.#reports.foreignSegment(segment),
      unreadable: (error) => this.#reports.unreadable(error),
    };
    this.#journal ??= this.#isClosed ? undefined : await this.#opener?.open(events);
  }

  async #beat(): Promise<void> {
    const { beatMillis } = this.#options.times;
    const taken = await this.#steps.run(async () => {
      await this.#openJournal();
      this.#unreadable.clear();
      if (!this.#journal?.isOpen) return 0;
      await this.#journal.keepAlive();
      await this.#save();
      return this.#journal.takeOver(MAX_TAKEN_OVER);
    }, 0);
    if (this.#isClosed) return;
    const { tracked, accepted } = this.#parts.memory.counters;
    const { pending, oldestSeconds } = this;
    const before = this.#backlog.beat({ pending, confirmed: tracked + accepted, oldestSeconds });
    if (before !== undefined) this.#reports.grows(pending, before);
    const millis = taken === MAX_TAKEN_OVER ? Math.min(beatMillis, 1_000) : beatMillis;
    this.#beatTimer = setTimeout(() => void this.#beat(), millis).unref();
  }

  #mayRead(hits: number): boolean {
    return this.#ahead.length + this.#taken.size + hits <= this.#parts.maxQueueSize;
  }

  /** Reads until so many hits are there, or memory is full: then, a segment's next ones are still read if none is there. */
  async #readAhead(count: number): Promise<void> {
    while (this.#ahead.length < count && (this.#ahead.length === 0 || this.#mayRead(1))) {
      const segment = this.#nextSegment();
      if (!segment) return;
      const hits = await segment.read().catch((error: unknown) => {
        if (error instanceof JournalLost || !this.#journal?.isOpen) throw error;
        this.#unreadable.add(segment);
        this.#reports.unreadable(error);
        return [];
      });
      this.#ahead.push(...hits);
    }
  }

  /** The segment with the oldest hits that were not read. */
  #nextSegment(): Segment | undefined {
    let oldest: Segment | undefined;
    for (const segment of this.openJournal?.segments ?? []) {
      if (segment.unread === 0 || this.#unreadable.has(segment)) continue;
      if (!oldest || segment.startSeconds < oldest.startSeconds) oldest = segment;
    }
    return oldest;
  }

  /** Appends lines to the journal, or to its successor. */
  async #store(lines: readonly HitLine[], triesAgain = true): Promise<void> {
    if (lines.length === 0) return;
    const journal = this.#journal;
    if (!journal) throw new Error('not open'); // the opener has reported why
    try {
      const keeps = !this.#nextSegment() && this.#mayRead(lines.length);
      const kept = await journal.append(lines, keeps);
      if (!this.#writer.isWriting) return; // the process ends
      if (journal !== this.#journal) throw new JournalLost('it was lost before');
      this.spooled += lines.length;
      for (const hit of kept) this.#ahead.push(hit); // too many for arguments
      this.#reports.written();
    } catch (error) {
      this.#fail(error, journal, true);
      if (!triesAgain || !(error instanceof JournalLost)) throw error;
      await this.#steps.ended;
      if (this.#writer.isWriting) await this.#store(lines, false);
    }
  }

  /** Drops hits that are too old. */
  async #expire(): Promise<void> {
    const { isFresh, memory } = this.#parts;
    for (;;) {
      await this.#readAhead(1);
      const end = this.#ahead.findIndex(isFresh);
      const expired = this.#ahead.splice(0, end < 0 ? this.#ahead.length : end);
      if (expired.length === 0) return;
      this.spooled -= expired.length;
      addCounters(memory.counters, lostHits('expired', expired.length));
      this.#noteDecided(expired);
      await this.#save();
    }
  }

  #noteDecided(hits: readonly JournalHit[]): void {
    for (const hit of hits) {
      const ofSegment = this.#decided.get(hit.segment) ?? [];
      ofSegment.push(hit);
      this.#decided.set(hit.segment, ofSegment);
    }
  }

  /** Stores that hits have a result. What fails is repeated later. */
  async #save(): Promise<void> {
    const journal = this.#journal;
    if (!journal?.isOpen || this.#decided.size === 0) return;
    let failure: unknown;
    for (const [segment, decided] of [...this.#decided]) {
      this.#decided.delete(segment);
      try {
        await segment.markDecided(decided);
      } catch (error) {
        await this.#confirm().catch(() => undefined);
        if (journal !== this.#journal) return; // it is gone
        failure = error;
        this.#noteDecided(decided);
      }
    }
    if (failure) this.#reports.notWritten(failure);
    else if (!this.#writer.hasFailed) this.#reports.written();
  }

  /** Stores results, checks that the journal is not gone, and counts what is lost if so. */
  async #settle(): Promise<void> {
    await this.#save();
    await this.#confirm();
    this.#dropAbandoned();
  }

  /** Checks that the journal is not gone. */
  async #confirm(): Promise<void> {
    const journal = this.#journal;
    await journal?.confirm().catch((error) => {
      if (!(error instanceof JournalLost)) throw error;
      this.#onLost(journal);
    });
  }

  #fail(error: unknown, journal: Journal | undefined, isWrite = false): void {
    if (error instanceof JournalLost) this.#onLost(journal);
    else if (isWrite) this.#reports.notWritten(error);
    else this.#reports.unreadable(error);
  }

  /** The journal is gone: goes on with another one. */
  #onLost(journal: Journal | undefined): void {
    if (!journal || journal !== this.#journal) return;
    this.#journal = undefined;
    for (const hit of this.#taken) this.#abandoned.add(hit);
    this.#taken.clear();
    this.#ahead = [];
    this.#decided.clear();
    this.#loseStored(this.spooled - this.#abandoned.size, GONE);
    if (!this.#isClosed) void this.#steps.run(() => this.#openJournal());
  }

  #dropAbandoned(): void {
    this.#loseStored(this.#abandoned.size, GONE);
    this.#abandoned.clear();
  }

  #loseStored(hits: number, reason?: string): void {
    if (reason !== undefined && hits > 0) this.#reports.lost(hits, reason);
    this.spooled -= hits;
    this.#lose('spool', hits);
  }

  #lose(reason: 'spool' | 'shutdown', hits: number): void {
    addCounters(this.#parts.memory.counters, lostHits(reason, hits));
  }
}

const GONE =
  'the journal of this process was deleted, or another process took it over after this one had stood still, and sends its hits';
