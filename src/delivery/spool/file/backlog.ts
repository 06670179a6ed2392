import { readdir } from 'node:fs/promises';
import { SerialQueue } from '../../../common/serial-queue.js';
import type { Hit } from '../../../hit/hit.js';
import { type DeliveryCounters, lostHits } from '../../queue/counters.js';
import type { EncodedHit } from '../../queue/encode-hits.js';
import { type Share, shareCounts } from '../share-counts.js';
import type { IsFresh, StoredHit, TakeOptions } from '../spool-store.js';
import { TakeDelay } from '../take-delay.js';
import type { BacklogEvents } from './backlog-events.js';
import { GoneInstances } from './gone-instances.js';
import type { LivenessMonitor } from './liveness.js';
import { OpenFiles } from './open-files.js';
import { SegmentHit } from './segment-hit.js';
import { acknowledgmentsBySegment, segmentsByInstance } from './segment-names.js';
import { MAX_AHEAD, SegmentReader } from './segment-reader.js';
import { type Segment, SegmentsReading } from './segments-reading.js';
import { deleteDecided, sweep } from './sweep.js';
import { startOf, takeOldest } from './take-oldest.js';
import { UnreadableSegments } from './unreadable-segments.js';

/** Together with its other files, a process has fewer than 16 open, however many segments there are. */
const MAX_OPEN_FILES = 12;

/** All hits of a folder, as the lease holder sees them during its term. */
export class Backlog {
  readonly #folder: string;
  readonly #ownInstance: string;
  readonly #lease: number;
  readonly #events: BacklogEvents;
  /** Segments by instance, oldest first. */
  #instances = new Map<string, Segment[]>();
  readonly #known = new Map<string, Segment>();
  readonly #files = new OpenFiles(MAX_OPEN_FILES);
  readonly #unreadable: UnreadableSegments;
  readonly #gone: GoneInstances;
  readonly #readSegments: SegmentsReading;
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
    events: BacklogEvents,
  ) {
    this.#folder = folder;
    this.#ownInstance = ownInstance;
    this.#lease = lease;
    this.#events = events;
    this.#gone = new GoneInstances(folder, ownInstance, liveness);
    this.#unreadable = new UnreadableSegments((...what) => events.unreadable(...what));
    this.#readSegments = new SegmentsReading(this.#unreadable);
  }

  /** Whether the backlog reads this segment. */
  has(segment: string): boolean {
    return this.#known.has(segment);
  }

  /** Start of the oldest request whose hit was read and not taken, in epoch seconds; `Infinity` if there is none. */
  get oldestSeconds(): number {
    let oldest = Number.POSITIVE_INFINITY;
    for (const { reader } of this.#known.values()) oldest = Math.min(oldest, startOf(reader));
    return oldest;
  }

  /** Hits of other living processes that have no result. */
  get ofOthers(): number {
    let hits = 0;
    for (const { reader, takenOver } of this.#known.values())
      if (takenOver === undefined) hits += reader.openLines; // 0 for those of this process, whose lines are not counted
    return hits;
  }

  /** Adds lines that this process has just written, so that they need not be read. */
  feed(segment: string, start: number, lines: readonly Buffer[], hits: readonly Hit[]): void {
    const fed = this.#known.get(segment)?.reader;
    if (!fed) return;
    const ahead = [...this.#known.values()].reduce((sum, { reader }) => sum + reader.ahead, 0);
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
    const isReadable = ({ reader }: Segment) => !this.#unreadable.has(reader.name);
    const isBehind = ({ reader }: Segment, open: readonly Segment[]) =>
      !reader.isBegun && open.some(isReadable);
    for (const [instance, ofInstance] of segments) {
      const isGone = await this.#gone.has(instance, files);
      const open: Segment[] = [];
      for (const [i, name] of ofInstance.entries()) {
        const isThere = files.has(name);
        const isFinal = isGone || i < ofInstance.length - 1 || !isThere;
        const known = this.#known.get(name);
        // Nothing to do: after an outage of days, that is so for thousands.
        if (known?.isFinal && isGone === (known.takenOver !== undefined) && isBehind(known, open)) {
          open.push(known);
          continue;
        }
        await this.#unreadable.unless(name, async () => {
          const segment = await this.#segment(name, acknowledgments.get(name) ?? []);
          segment.isFinal = isFinal;
          if (!isGone && instance !== this.#ownInstance) await segment.reader.countLines();
          if (isGone && segment.takenOver === undefined) await this.#takeOver(segment);
          if (!isBehind(segment, open) && (await this.#finishIfDone(segment, isThere))) return;
          const { decisions } = segment.reader;
          if (decisions.isUnsaved) await decisions.save().catch(() => undefined); // was reported before
          await decisions.sync();
        });
        const segment = this.#known.get(name);
        if (segment && (!isGone || segment.takenOver !== undefined)) open.push(segment);
      }
      if (open.length > 0) instances.set(instance, open);
    }
    this.#instances = instances;
    this.#reportTakenOver();
    await sweep(this.#folder, names, segments, (instance) => this.#gone.has(instance, files));
    this.#gone.keepOnly(segments);
  }

  /** Drops hits that are too old. In each segment, hits are nearly in order of age. Returns whether to call it again. */
  async expire(isFresh: IsFresh): Promise<boolean> {
    let hasExpired = false;
    await this.#readSegments.expire(this.#instances.values(), isFresh, (expired) => {
      hasExpired = true;
      this.acknowledge(expired, lostHits('expired', expired.length));
    });
    return hasExpired && !this.#isStale;
  }

  /** The oldest hits; none if there are few and they are recent. */
  async take(options: TakeOptions): Promise<StoredHit[]> {
    if (options.fromStart) for (const { reader } of this.#known.values()) reader.rewind();
    const readers = await this.#readSegments.ahead(this.#instances.values(), options.max);
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
    const readers = [...this.#known.values()].map(({ reader }) => reader);
    for (const { decisions } of readers) decisions.abandon();
    for (const reader of readers) await reader.close();
  }

  /** Writes what is not written, deletes segments whose hits all have results, and closes the files. */
  async close(): Promise<void> {
    for (const segment of this.#instances.get(this.#ownInstance) ?? []) {
      segment.isFinal = true;
      if (!(await this.#finishIfDone(segment, true))) break;
    }
    for (const { reader } of this.#known.values()) await reader.close();
    this.#isStale = true;
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

  /** The segment in which a hit was read, if that was in this term. */
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
  async #finishIfDone(segment: Segment, isThere: boolean): Promise<boolean> {
    const { reader } = segment;
    const { decisions } = reader;
    if (!segment.isFinal || decisions.open > 0) return false;
    if (segment.takenOver && isThere && !reader.isAtEnd) return false; // read it when its hits are due
    const hasEnded = await reader.readAhead(1, true);
    if (decisions.open > 0 || !hasEnded || !(await this.#events.stillSends())) return false;
    const isOthers = segment.takenOver === undefined && !reader.name.startsWith(this.#ownInstance);
    await deleteDecided(this.#folder, reader, isOthers);
    this.#known.delete(reader.name);
    if (segment.takenOver) {
      this.#events.countTakenOver(lostHits('spool', segment.takenOver));
      this.#events.lost(segment.takenOver, reader.name);
    }
    this.#events.finish(reader.name);
    return true;
  }
}
