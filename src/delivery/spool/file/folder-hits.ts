import { readdirSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { SerialQueue } from '../../../common/serial-queue.js';
import type { Hit } from '../../../hit/hit.js';
import { type DeliveryCounters, lostHits, type Share, shareCounts } from '../../queue/counters.js';
import type { EncodedHit } from '../../queue/encode-hits.js';
import type { IsFresh, StoredHit, TakeOptions } from '../spool-store.js';
import { oldestSecondsOf, startOf, TakeDelay, takeExpired, takeOldest } from '../take-oldest.js';
import { SegmentHit } from './acknowledgments.js';
import { acknowledgmentsBySegment, segmentsByInstance } from './file-names.js';
import { EndedInstances, type LivenessMonitor } from './liveness.js';
import { OpenFiles } from './open-files.js';
import { deleteOtherFiles, deleteSegment, deleteSegmentsSync, isDone } from './segment-deletion.js';
import {
  MAX_AHEAD,
  type Segment,
  SegmentReader,
  type SegmentReaderEvents,
} from './segment-reader.js';

/** Limit for open files of segments. A process has few others, however many segments there are. */
const MAX_OPEN_FILES = 12;

/** What the lease holder learns about hits. */
interface FolderHitsEvents extends SegmentReaderEvents {
  /** Hits of an ended process now belong to this one. If there are many, this is called repeatedly. */
  takeOver(hits: number): Promise<void>;
  /** Sum of what was taken over, and the start of the oldest request. */
  takenOver(hits: number, oldestSeconds: number): void;
  /** Whether this process still holds the lease. */
  stillSends(): Promise<boolean>;
  /** Results of hits taken over. */
  countTakenOver(counts: DeliveryCounters): void;
  /** All results so far for a segment whose process is alive, which may be this one. */
  learn(segment: string, counts: DeliveryCounters): void;
  /** A segment was deleted because all its hits have results. */
  finish(segment: string): void;
  /** Results could not be written. */
  notWritten(error: unknown): void;
  /** A segment cannot be read now. Reading is tried again. */
  unreadable(segment: string, error: unknown): void;
  /** Hits taken over that are missing in a segment. */
  lost(hits: number, segment: string): void;
}

/** All hits of a folder, as the lease holder sees them until it loses the lease. */
export class FolderHits {
  readonly #folder: string;
  readonly #ownInstance: string;
  readonly #lease: number;
  readonly #events: FolderHitsEvents;
  /** Segments by instance, oldest first. */
  #instances = new Map<string, Segment[]>();
  readonly #known = new Map<string, Segment>();
  readonly #files = new OpenFiles(MAX_OPEN_FILES);
  readonly #due: DueSegments;
  readonly #ended: EndedInstances;
  readonly #delay = new TakeDelay();
  /** Writes of acknowledgments. */
  readonly #saves = new SerialQueue();
  #isStale = false;
  /** Hits that were taken over in this `refresh`, and the start of the oldest request. */
  #takenOver = 0;
  #takenOverSinceSeconds = Number.POSITIVE_INFINITY;

  /** `lease`: number of the lease. */
  constructor(
    folder: string,
    ownInstance: string,
    lease: number,
    liveness: LivenessMonitor,
    events: FolderHitsEvents,
  ) {
    this.#folder = folder;
    this.#ownInstance = ownInstance;
    this.#lease = lease;
    this.#events = events;
    this.#ended = new EndedInstances(folder, ownInstance, liveness);
    this.#due = new DueSegments((...what) => events.unreadable(...what));
  }

  get #readers(): SegmentReader[] {
    return Array.from(this.#known.values(), ({ reader }) => reader);
  }

  /** Whether this object reads a segment. */
  has(segment: string): boolean {
    return this.#known.has(segment);
  }

  /** Start of the oldest request whose hit was read and not taken, in epoch seconds; `Infinity` if there is none. */
  get oldestSeconds(): number {
    return oldestSecondsOf(this.#readers);
  }

  /** Hits of other living processes that have no result. */
  get ofOthers(): number {
    let hits = 0;
    for (const { reader, takenOver } of this.#known.values())
      if (takenOver === undefined) hits += reader.openLines; // 0 for the hits of this process, whose lines are not counted
    return hits;
  }

  /** Adds lines that this process has just written, so that they need not be read. */
  feed(segment: string, start: number, lines: readonly Buffer[], hits: readonly Hit[]): void {
    const fed = this.#known.get(segment)?.reader;
    if (!fed) return;
    const ahead = this.#readers.reduce((sum, reader) => sum + reader.ahead, 0);
    fed.feed(start, lines, hits, MAX_AHEAD - ahead);
  }

  /** Lists the folder, takes over hits of ended processes, and deletes segments whose hits all have results. */
  async refresh(): Promise<void> {
    const names = await readdir(this.#folder);
    const files = new Set(names);
    const acknowledgments = acknowledgmentsBySegment(names);
    // Deleted segments that are still open are read to their end.
    const segments = segmentsByInstance([...new Set([...names, ...this.#known.keys()])]);
    const instances = new Map<string, Segment[]>();
    const isReadable = ({ reader }: Segment) => this.#due.isReadable(reader.name);
    const isBehind = ({ reader }: Segment, open: readonly Segment[]) =>
      !reader.isBegun && open.some(isReadable);
    for (const [instance, ofInstance] of segments) {
      const hasEnded = await this.#ended.has(instance, files);
      const open: Segment[] = [];
      for (const [i, name] of ofInstance.entries()) {
        const isThere = files.has(name);
        const isFinal = hasEnded || i < ofInstance.length - 1 || !isThere;
        const known = this.#known.get(name);
        // Nothing to do: after an outage of days, that is so for thousands.
        if (
          known?.isFinal &&
          hasEnded === (known.takenOver !== undefined) &&
          isBehind(known, open)
        ) {
          open.push(known);
          continue;
        }
        await this.#due.attempt(name, async () => {
          const segment = await this.#segment(name, acknowledgments.get(name) ?? []);
          segment.isFinal = isFinal;
          if (!hasEnded && instance !== this.#ownInstance) await segment.reader.countLines();
          if (hasEnded && segment.takenOver === undefined) await this.#takeOver(segment);
          if (!isBehind(segment, open) && (await this.#deleteIfDone(segment, isThere))) return;
          const { decisions } = segment.reader;
          if (decisions.isUnsaved) await decisions.save().catch(() => undefined); // was reported before
          await decisions.sync();
        });
        const segment = this.#known.get(name);
        if (segment && (!hasEnded || segment.takenOver !== undefined)) open.push(segment);
      }
      if (open.length > 0) instances.set(instance, open);
    }
    this.#instances = instances;
    this.#reportTakenOver();
    await deleteOtherFiles(this.#folder, names, segments, (instance) =>
      this.#ended.has(instance, files),
    );
    this.#ended.keepOnly(segments);
  }

  /** Drops hits that are too old. In each segment, hits are nearly in order of age. Returns whether to call it again. */
  async expire(isFresh: IsFresh): Promise<boolean> {
    let hasExpired = false;
    await this.#due.expire(this.#instances.values(), isFresh, (expired) => {
      hasExpired = true;
      this.acknowledge(expired, lostHits('expired', expired.length));
    });
    return hasExpired && !this.#isStale;
  }

  /** The oldest hits; none if there are few and they are recent. */
  async take(options: TakeOptions): Promise<StoredHit[]> {
    if (options.fromStart) for (const reader of this.#readers) reader.rewind();
    const readers = await this.#due.ahead(this.#instances.values(), options.max);
    const waiting = readers.reduce((sum, reader) => sum + reader.ahead, 0);
    return this.#delay.isOver(waiting, options) ? takeOldest(readers, options.max) : [];
  }

  acknowledge(hits: readonly EncodedHit[], counts: DeliveryCounters): void {
    if (this.#isStale) return;
    const ofSegments = hits.filter((hit) => hit instanceof SegmentHit);
    const shares = shareCounts(ofSegments, counts, (hit) => this.#segmentOf(hit));
    for (const [segment, share] of shares) this.#acknowledgeShare(segment, share);
  }

  /** Resolves when all acknowledgments so far are written, or failed. */
  saved(): Promise<void> {
    return this.#saves.ended;
  }

  /** Another process is the lease holder now. */
  async abandon(): Promise<void> {
    this.#isStale = true;
    const readers = this.#readers;
    for (const { decisions } of readers) decisions.abandon();
    for (const reader of readers) await reader.close();
  }

  /** Writes what is not written, deletes segments whose hits all have results, and closes the files. */
  async close(): Promise<void> {
    for (const segment of this.#instances.get(this.#ownInstance) ?? []) {
      segment.isFinal = true;
      if (!(await this.#deleteIfDone(segment, true))) break;
    }
    for (const reader of this.#readers) await reader.close();
    this.#isStale = true;
  }

  /** Whether no acknowledgment is being written. */
  get isIdle(): boolean {
    return this.#saves.isIdle;
  }

  /**
   * At the end of the process: deletes segments whose hits all have results, synchronously. `isOpen`: whether a segment of this process
   * has hits without a result.
   */
  deleteDoneSync(isOpen: (segment: string) => boolean): void {
    deleteSegmentsSync(this.#folder, readdirSync(this.#folder), (segment) =>
      segment.startsWith(this.#ownInstance)
        ? !isOpen(segment)
        : this.#known.get(segment)?.takenOver === 0,
    );
  }

  #acknowledgeShare(segment: Segment, { hits, counts }: Share<SegmentHit>): void {
    const { decisions, name } = segment.reader;
    decisions.acknowledge(hits, counts);
    const saved = decisions.save().catch((error: unknown) => this.#events.notWritten(error));
    void this.#saves.run(() => saved);
    if (segment.takenOver === undefined) {
      this.#events.learn(name, decisions.counts);
    } else {
      segment.takenOver -= hits.length;
      this.#events.countTakenOver(counts);
    }
  }

  /** The segment in which a hit was read, if that was with this lease. */
  #segmentOf({ segment }: SegmentHit): Segment | undefined {
    const known = this.#known.get(segment.name);
    return known?.reader === segment ? known : undefined;
  }

  async #segment(name: string, acknowledgments: readonly string[]): Promise<Segment> {
    const known = this.#known.get(name);
    if (known) return known;
    const reader = await SegmentReader.open(
      this.#folder,
      name,
      acknowledgments,
      this.#lease,
      this.#events,
      this.#files,
    );
    const segment = { reader, takenOver: undefined, isFinal: false };
    this.#known.set(name, segment);
    this.#events.learn(name, reader.decisions.counts);
    return segment;
  }

  async #takeOver(segment: Segment): Promise<void> {
    const unread = await segment.reader.countUnread();
    await segment.reader.close();
    if (this.#isStale) return;
    segment.takenOver = unread + segment.reader.decisions.open;
    this.#takenOver += segment.takenOver;
    const sinceSeconds = segment.reader.unreadSinceSeconds ?? startOf(segment.reader);
    this.#takenOverSinceSeconds = Math.min(this.#takenOverSinceSeconds, sinceSeconds);
    await this.#events.takeOver(segment.takenOver);
  }

  #reportTakenOver(): void {
    if (this.#takenOver > 0) this.#events.takenOver(this.#takenOver, this.#takenOverSinceSeconds);
    this.#takenOver = 0;
    this.#takenOverSinceSeconds = Number.POSITIVE_INFINITY;
  }

  /** Deletes a segment if all its hits have results. */
  async #deleteIfDone(segment: Segment, isThere: boolean): Promise<boolean> {
    const { reader } = segment;
    if (!(await isDone(segment, isThere)) || !(await this.#events.stillSends())) return false;
    const isOthers = segment.takenOver === undefined && !reader.name.startsWith(this.#ownInstance);
    await deleteSegment(this.#folder, reader, isOthers);
    this.#known.delete(reader.name);
    if (segment.takenOver) {
      this.#events.countTakenOver(lostHits('spool', segment.takenOver));
      this.#events.lost(segment.takenOver, reader.name);
    }
    this.#events.finish(reader.name);
    return true;
  }
}

/** A segment that cannot be read is skipped for this long. */
const PAUSE_MILLIS = 5_000;

/**
 * Reads segments only as far as their hits are due, because there may be thousands of segments. One that cannot be read is skipped
 * for some time, so that it does not block the others.
 */
class DueSegments {
  readonly #onUnreadable: (segment: string, error: unknown) => void;
  /** When each unreadable segment is tried again. */
  readonly #pausedUntilMillis = new Map<string, number>();

  constructor(onUnreadable: (segment: string, error: unknown) => void) {
    this.#onUnreadable = onUnreadable;
  }

  /** Whether the last attempt with a segment succeeded. */
  isReadable(segment: string): boolean {
    return !this.#pausedUntilMillis.has(segment);
  }

  /** Runs something for a segment, unless that failed recently. Never rejects. */
  async attempt(segment: string, run: () => Promise<void>): Promise<void> {
    if ((this.#pausedUntilMillis.get(segment) ?? 0) > performance.now()) return;
    try {
      await run();
      this.#pausedUntilMillis.delete(segment);
    } catch (error) {
      this.#pausedUntilMillis.set(segment, performance.now() + PAUSE_MILLIS);
      this.#onUnreadable(segment, error);
    }
  }

  /** The readers with the oldest `max` hits of each living process, and with as many of all ended processes together. */
  async ahead(instances: Iterable<readonly Segment[]>, max: number): Promise<SegmentReader[]> {
    const readers: SegmentReader[] = [];
    let ofEnded = 0;
    for (const segments of instances) {
      const isOfEnded = segments[0]?.takenOver !== undefined;
      if (isOfEnded && ofEnded >= max) continue;
      let ahead = 0;
      for (const { reader, isFinal } of segments) {
        const isAtEnd = await this.#readAhead(reader, max - ahead, isFinal);
        ahead += reader.ahead;
        readers.push(reader);
        if (ahead >= max || !isAtEnd) break;
      }
      if (isOfEnded) ofEnded += ahead;
    }
    return readers;
  }

  /** Calls `release` with hits that are too old. In each segment, hits are nearly in order of age. */
  async expire(
    instances: Iterable<readonly Segment[]>,
    isFresh: IsFresh,
    release: (expired: SegmentHit[]) => void,
  ): Promise<void> {
    let isFreshFromHere = false;
    for (const segments of instances) {
      const isOfEnded = segments[0]?.takenOver !== undefined;
      if (isOfEnded && isFreshFromHere) continue; // instances that were opened later have newer hits, nearly
      for (const { reader, isFinal } of segments) {
        const isAtEnd = await this.#readAhead(reader, 1, isFinal);
        const expired = takeExpired(reader, isFresh);
        if (expired.length > 0) release(expired);
        if (reader.ahead > 0 && isOfEnded) isFreshFromHere = true;
        if (reader.ahead > 0 || !isAtEnd) break;
      }
    }
  }

  /** Returns whether the end was reached. */
  async #readAhead(reader: SegmentReader, hits: number, isFinal: boolean): Promise<boolean> {
    let isAtEnd = true;
    await this.attempt(reader.name, async () => {
      isAtEnd = await reader.readAhead(hits, isFinal);
    });
    return isAtEnd;
  }
}
